"""Checkpoints that survive a kill at any moment: written aside, flushed to disk, then renamed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def save_atomically(content: dict[str, Any], path: Path) -> None:
    """Replace `path`; a kill leaves either the old file or the new one."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The content of a checkpoint; None when there is none."""
    if not path.exists():
        return None
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content
