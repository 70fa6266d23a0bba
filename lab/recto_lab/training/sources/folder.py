"""A folder of covers: every picture another cover."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from recto.settings import Settings
from recto_lab.training.sources.dividing import by_identity, check_count
from recto_lab.training.sources.images import Split
from recto_lab.training.sources.listing import list_folder
from recto_lab.training.sources.preparation import Recipe, prepare


def prepare_folder(
    out: Path,
    folder: Path,
    *,
    held_out: float,
    seed: int,
    size: tuple[int, int],
    processes: int,
    settings: Settings | None = None,
) -> Split:
    """Prepare the pictures in a folder and its subfolders at `size` (height, width), a share `held_out` apart.

    Every picture is an identity of its own; of equal files the first counts. `settings`: limits of what is decoded.

    Raises:
        BadInput: there is no such folder, it has too few usable pictures, or an option is out of bounds.
        InUse: another process prepares the same in `out`.
        Unavailable: the disk of `out` is full or cannot be written; the next call goes on.
    """
    recipe = Recipe(size, seed, held_out, processes, settings or Settings())
    recipe.check()
    listing = list_folder("folder", folder, recipe.settings.max_image_bytes, lambda _: "")
    source = f"The folder {folder}"
    check_count(source, len(listing.items))
    return prepare(out, listing, partial(by_identity, source=source, seed=seed, share=held_out), recipe)
