"""Small configurations that train within seconds."""

from __future__ import annotations

from pathlib import Path

SHELF = """
name = "tiny"
[data]
kind = "shelf"
covers = 64
pictures = 1.0
held_out = 32
[network]
height = 80
width = 64
[loss]
memory = 64
memory_from = 6
[sampler]
pairs = 16
[schedule]
steps = 24
warmup = 4
decay = 8
low_steps = 12
low_height = 64
[validation]
every = 6
[hardware]
checkpoint_every = 4
device = "cpu"
"""

CLASSES = """
name = "tiny_classes"
[data]
kind = "classes"
folder = "pictures"
held_out = 0.25
[network]
backbone = "recto_plain"
height = 32
width = 32
embedding = 16
[loss]
kind = "{loss}"
[augmentation]
kind = "{augmentation}"
[sampler]
kind = "balanced"
pairs = 12
[optimiser]
rate = 0.003
[schedule]
steps = 60
warmup = 4
decay = 8
[validation]
every = 20
[hardware]
device = "cpu"
"""


def write(folder: Path, text: str) -> Path:
    """A configuration in a folder."""
    path = folder / "tiny.toml"
    path.write_text(text)
    return path
