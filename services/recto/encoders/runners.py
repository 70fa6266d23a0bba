"""Which device and library run a network."""

from __future__ import annotations

import os

import torch
from torch import nn

from recto.encoders.card import Card
from recto.encoders.openvino_runner import OpenVinoRunner
from recto.encoders.spec import Spec
from recto.encoders.torch_runner import Runner, TorchRunner
from recto.errors import BadSetting
from recto.settings import Settings


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
    return OpenVinoRunner(network, card.input_size, precision, threads(settings))


def threads(settings: Settings) -> int:
    """Threads of a network: as set, else the cores shared between the index process and the ingest processes."""
    return settings.torch_threads or max(1, len(os.sched_getaffinity(0)) // (settings.ingest_workers + 1))
