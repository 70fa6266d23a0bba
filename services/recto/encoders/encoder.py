"""The encoder: a loaded network that embeds images. Imports torch; reach it through `recto.encoders.load_encoder`."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.encoders.card import Card
from recto.encoders.networks import build_network
from recto.encoders.preprocess import preprocess
from recto.encoders.weights import load_weights
from recto.errors import BadSetting
from recto.settings import Settings
from recto.vectors import RGB, Floats

BATCH = {"cpu": 8, "cuda": 64}
"""Images that pass the network together. On CPUs a larger batch gains nothing and takes more memory."""

_loaded: dict[tuple[Card, str, str], Encoder] = {}
_loading = threading.Lock()


class Encoder:
    """Embeds images; one per process and card, safe to use from several threads."""

    def __init__(self, card: Card, network: nn.Module, weights_sha256: str, device: torch.device) -> None:
        self.card = card
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._weights_sha256 = weights_sha256
        self._device = device

    def embed(self, images: Sequence[RGB]) -> Floats:
        """RGB images of any size -> (N, card.dimension) float32, rows of length 1."""
        rows = np.zeros((len(images), self.card.dimension), np.float32)
        upright = [image.shape[0] >= image.shape[1] for image in images]
        order = sorted(range(len(images)), key=upright.__getitem__)  # images of one shape can pass together
        for _, same_shape in groupby(order, key=upright.__getitem__):
            places = list(same_shape)
            size = BATCH[self._device.type]
            for batch in (places[start : start + size] for start in range(0, len(places), size)):
                rows[batch] = self._forward([preprocess(images[place], self.card) for place in batch])
        return rows

    def fingerprint(self) -> dict[str, str]:
        """What makes these embeddings comparable with each other only: the card and the weights really loaded."""
        return {**self.card.fingerprint(), "weights": self._weights_sha256}

    def _forward(self, inputs: list[Tensor]) -> Floats:
        batch = torch.stack(inputs).to(self._device, memory_format=torch.channels_last)
        # Half precision on GPUs only: on CPUs it would make vectors depend on the kind of processor.
        with torch.inference_mode(), torch.autocast(self._device.type, enabled=self._device.type == "cuda"):
            embeddings = functional.normalize(self._network(batch).float(), dim=1)
        rows: Floats = embeddings.cpu().numpy()
        return rows


def load(card: Card, settings: Settings) -> Encoder:
    """The encoder of a card, from memory when this process has it already."""
    key = (card, settings.weights_dir, settings.device)
    with _loading:
        if key not in _loaded:
            device = choose_device(settings.device)
            torch.set_num_threads(_threads(settings))
            state, sha256 = load_weights(card, settings)
            _loaded[key] = Encoder(card, build_network(card, state), sha256, device)
        return _loaded[key]


def choose_device(setting: str) -> torch.device:
    """The device of a setting: auto, cpu, cuda or cuda:N.

    Raises:
        BadSetting: it is none of these, or this computer has no such GPU.
    """
    name, _, number = setting.partition(":")
    if name not in ("auto", "cpu", "cuda") or (number and (name != "cuda" or not number.isdigit())):
        raise BadSetting(f"RECTO_DEVICE={setting!r} must be auto, cpu, cuda or cuda:N.")
    count = torch.cuda.device_count()
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    if int(number or 0) >= count:
        raise BadSetting(f"RECTO_DEVICE={setting!r}: torch sees {count} CUDA devices here. Set auto or cpu.")
    return torch.device("cuda", int(number or 0))


def _threads(settings: Settings) -> int:
    """Threads of torch: as set, else the cores shared between the index process and the ingest processes."""
    return settings.torch_threads or max(1, len(os.sched_getaffinity(0)) // (settings.ingest_workers + 1))
