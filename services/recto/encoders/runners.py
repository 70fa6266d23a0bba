"""What runs a network: prepared images in, unit vectors out."""

from __future__ import annotations

import os
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.encoders.card import Card
from recto.encoders.spec import Spec
from recto.errors import BadSetting
from recto.settings import Settings
from recto.vectors import Floats

BATCH = {"cpu": 8, "cuda": 64}
"""Images that pass the network together. On CPUs a larger batch gains nothing and takes more memory."""


class Runner(Protocol):
    """Runs one network; safe to call from several threads."""

    batch: int
    """Images that it takes at once."""

    def __call__(self, images: Tensor) -> Floats:
        """Prepared images (N, 3, H, W) float32 -> embeddings (N, dimension), rows of length 1."""
        ...


class TorchRunner:
    """The network in torch: the reference. In float32, or with half precision inside (`half`, GPUs only)."""

    def __init__(self, network: nn.Module, device: torch.device, *, half: bool = False) -> None:
        self.batch = BATCH[device.type]
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._half = half

    def __call__(self, images: Tensor) -> Floats:
        """Prepared images (N, 3, H, W) float32 -> embeddings (N, dimension), rows of length 1."""
        batch = images.to(self._device, memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self._device.type, enabled=self._half):
            embeddings = functional.normalize(self._network(batch).float(), dim=1)
        rows: Floats = embeddings.cpu().numpy()
        return rows


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


def runner_for(spec: Spec, card: Card, network: nn.Module, settings: Settings) -> Runner:
    """What runs the network of a card as the spec says or, where it says nothing, the settings.

    Raises:
        BadSetting: the device or the backend cannot be used here.
    """
    device = choose_device(settings.device)
    precision = spec.backend.removeprefix("openvino-") or ("f32" if settings.backend == "openvino" else "")
    if not precision:
        # Half precision on GPUs only: on CPUs it would make vectors depend on the kind of processor. A projection
        # makes small differences large, as many times as its weakest direction is weaker than its strongest.
        return TorchRunner(network, device, half=device.type == "cuda" and not spec.pca_size)
    if settings.device.startswith("cuda"):
        raise BadSetting(f"OpenVINO runs {spec} on CPUs only; set RECTO_DEVICE to auto or cpu.")
    from recto.encoders.openvino_runner import OpenVinoRunner

    return OpenVinoRunner(network, card.input_size, precision, threads(settings))


def threads(settings: Settings) -> int:
    """Threads of a network: as set, else the cores shared between the index process and the ingest processes."""
    return settings.torch_threads or max(1, len(os.sched_getaffinity(0)) // (settings.ingest_workers + 1))
