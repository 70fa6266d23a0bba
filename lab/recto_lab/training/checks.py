"""What is checked before the first step, besides the configuration itself."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from recto.encoders.runners import choose_device
from recto.errors import BadInput, RectoError
from recto.settings import Settings
from recto_lab.training.config import Config, WrongValue
from recto_lab.training.networks import build
from recto_lab.training.prepare import prepare
from recto_lab.training.sources import Split

MAY_CHANGE = ("hardware", "validation", "schedule", "projection")
"""Tables that a run may be resumed with other values of."""


def check(out: Path, config: Config, settings: Settings, base: Path) -> tuple[Split, int]:
    """Do everything that comes before the first step; the pictures and the number of parameters that would be trained.

    Raises:
        BadInput: something does not fit.
    """
    split = prepare(config, out, settings, base)
    check_counts(config, split)
    chosen_device(config.hardware.device)
    network = build(config.network, settings, base)
    return split, sum(part.numel() for part in network.parameters() if part.requires_grad)


def chosen_device(setting: str) -> torch.device:
    """The device of the configuration; WrongValue where it is not there."""
    try:
        return choose_device(setting)
    except RectoError as error:
        raise WrongValue("hardware.device", str(error)) from error


def check_counts(config: Config, split: Split) -> None:
    """Whether the pictures suffice for a batch and for validation; WrongValue where they do not."""
    count = len(split.training)
    if config.sampler.pairs > count:
        why = f"{config.sampler.pairs} pairs need as many pictures, and there are {count}."
        raise WrongValue("sampler.pairs", why)
    if len(split.held_out) < 2:
        why = f"{len(split.held_out)} pictures are held out; at least 2 are needed."
        raise WrongValue("data.held_out", why)


def keep_config(out: Path, config: Config) -> None:
    """Write the configuration into the folder of its run, and refuse another one's folder."""
    path = out / "config.json"
    wanted = config.model_dump()
    if path.exists():
        kept = json.loads(path.read_text())
        changed = [key for key in wanted if key not in MAY_CHANGE and wanted[key] != kept.get(key)]
        if changed:
            raise BadInput(
                f"{out} is of a training with other values of {', '.join(changed)}. Name another folder with --out, "
                f"or delete this one."
            )
    path.write_text(json.dumps(wanted, indent=2) + "\n")
