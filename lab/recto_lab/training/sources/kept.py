"""What is kept of a finished preparation beside its two files of pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from recto.storage.blobs.disk import write
from recto_lab.training.sources.images import Images, LeftOut, Split

TRAINING, HELD_OUT, NAME = "training.u8", "held_out.u8", "prepared.json"


def keep(folder: Path, split: Split) -> None:
    """Write the description of prepared pictures, as the last thing of all: who finds it may use them."""
    content = {
        "training": _document(split.training),
        "held_out": _document(split.held_out),
        "left_out": [[one.name, one.reason] for one in split.left_out],
    }
    write(folder, folder / NAME, json.dumps(content).encode())


def load(folder: Path) -> Split | None:
    """The prepared pictures of a folder; None where they were not finished, or are not whole any more."""
    try:
        content = json.loads((folder / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    left_out = tuple(LeftOut(name, reason) for name, reason in content["left_out"])
    training, held_out = (_images(folder / name, content[Path(name).stem]) for name in (TRAINING, HELD_OUT))
    is_whole = all(_is_whole(images) for images in (training, held_out))
    return Split(training, held_out, left_out) if is_whole else None


def _document(images: Images) -> dict[str, object]:
    size = {"height": images.height, "width": images.width}
    return {**size, "labels": images.labels.tolist(), "names": images.names}


def _images(path: Path, document: dict[str, object]) -> Images:
    fields = {**document, "labels": np.array(document["labels"], np.int64)}
    return Images(path, **{**fields, "names": tuple(document["names"])})  # type: ignore[arg-type]


def _is_whole(images: Images) -> bool:
    size = len(images) * images.height * images.width * 3
    return images.path.is_file() and images.path.stat().st_size == size
