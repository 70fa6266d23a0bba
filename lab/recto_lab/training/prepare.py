"""The pictures of a configuration."""

from __future__ import annotations

from pathlib import Path

from recto.settings import Settings
from recto_lab.training.config import Config
from recto_lab.training.sources import (
    Split,
    prepare_catalogue,
    prepare_classes,
    prepare_folder,
    prepare_shelf,
)

STORED = (256, 176)
"""Height and width of the pictures that are kept for inputs up to this height: larger than most inputs, so that turning
and cutting them costs no sharpness."""

BLOCK = 16
"""Sides are whole multiples of it: the simulator on the device halves pictures several times."""


def prepare(config: Config, out: Path, settings: Settings, base: Path) -> Split:
    """Pictures to learn from and pictures held out, prepared in `out`; at once where that was done before. `base`: the
    folder that `data.folder` is relative to.

    Raises:
        BadInput: there are too few usable pictures.
        InUse: another process prepares the same.
        Unavailable: the disk is full, or the store does not answer.
    """
    data, processes = config.data, max(2, config.hardware.workers)
    if data.kind == "shelf":
        held_out = int(data.held_out if data.held_out >= 1 else data.held_out * data.covers)
        drawn = round(1 - data.pictures, 9)
        return prepare_shelf(
            out, covers=data.covers, held_out=held_out, seed=config.seed, drawn=drawn, processes=processes
        )
    size = stored_size(config)
    if data.kind == "catalogue":
        return prepare_catalogue(
            out, settings, held_out=data.held_out, seed=config.seed, size=size, processes=processes
        )
    folder = (base / data.folder).expanduser()
    chosen = prepare_classes if data.kind == "classes" else prepare_folder
    return chosen(
        out,
        folder,
        held_out=data.held_out,
        seed=config.seed,
        size=size,
        processes=processes,
        settings=settings,
    )


def stored_size(config: Config) -> tuple[int, int]:
    """Height and width in which pictures are kept."""
    height, width = (-(-side // BLOCK) * BLOCK for side in (config.network.height, config.network.width))
    if height == width:
        return max(STORED[0], height), max(STORED[0], height)
    return STORED if height <= STORED[0] else (height, width)
