"""Folders of classes: FOLDER/CLASS/picture.jpg, where all pictures of a class show the same kind of thing."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path

from recto.settings import Settings
from recto_lab.training.sources.dividing import by_class, check_classes
from recto_lab.training.sources.images import Split
from recto_lab.training.sources.listing import list_folder, shown
from recto_lab.training.sources.preparation import Recipe, prepare


def prepare_classes(
    out: Path,
    folder: Path,
    *,
    held_out: float,
    seed: int,
    size: tuple[int, int],
    processes: int,
    settings: Settings | None = None,
) -> Split:
    """Prepare the pictures of classes at `size` (height, width); of each class the share `held_out` is held out.

    The classes are the subfolders in the order of their names, and what lies below a class belongs to it. Of equal
    files the first counts, also where they lie in different classes. `settings`: limits of what is decoded.

    Raises:
        BadInput: there is no such folder, it has too few classes, a class too few usable pictures (the message names
            it), or an option is out of bounds.
        InUse: another process prepares the same in `out`.
        Unavailable: the disk of `out` is full or cannot be written; the next call goes on.
    """
    recipe = Recipe(size, seed, held_out, processes, settings or Settings())
    recipe.check()
    listing = list_folder("classes", folder, recipe.settings.max_image_bytes, _class_of)
    classes = _classes(folder)
    counts = Counter(item.group for item in listing.items)
    check_classes({name: counts[name] for name in classes})
    return prepare(out, listing, partial(by_class, classes=classes, seed=seed, share=held_out), recipe)


def _class_of(place: str) -> str | None:
    name, deeper, _ = place.partition(os.sep)
    return shown(name) if deeper else None


def _classes(folder: Path) -> list[str]:
    """Names of the subfolders, also of those without pictures: somebody meant them to be classes."""
    with os.scandir(folder) as entries:
        return sorted(
            shown(entry.name)
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        )
