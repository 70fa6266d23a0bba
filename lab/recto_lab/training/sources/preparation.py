"""From a listing to two files of pictures: decode, divide, keep. Every step may be killed and done again."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from recto.errors import BadInput, InUse, Unavailable
from recto.settings import Settings
from recto.storage.blobs.disk import disk_errors_of, sync_folder
from recto_lab.training.sources.decoding import Outcome, decoded
from recto_lab.training.sources.dividing import Divide, Division, Picture, check_share
from recto_lab.training.sources.images import Images, LeftOut, Split
from recto_lab.training.sources.kept import HELD_OUT, NAME, TRAINING, keep, load
from recto_lab.training.sources.listing import Listing
from recto_lab.training.sources.rows import Named, Rows, close_gaps, move_out, read_outcomes

FORMAT = 1
"""Raised when the same source would be prepared in another way."""
CHUNK = 64
"""Items whose pictures are brought onto the disk together: 9 MB of 256 x 176, and what a kill costs at most."""
TOLD = 1024
"""Items from one line of progress to the next."""
SMALLEST, LARGEST = 16, 2048
"""Sides in pixels that pictures may be kept at."""
GIB = 2**30
PICTURES, JOURNAL, LOCK = "pictures.u8", "journal.jsonl", "lock"


@dataclass(frozen=True)
class Recipe:
    """How a listing is prepared: `size` is height and width, `held_out` a share."""

    size: tuple[int, int]
    seed: int
    held_out: float
    processes: int
    settings: Settings

    def check(self) -> None:
        """Refuse what cannot be prepared.

        Raises:
            BadInput: the size or the share is out of bounds.
        """
        if not all(SMALLEST <= side <= LARGEST for side in self.size):
            height, width = self.size
            raise BadInput(
                f"Pictures can be {SMALLEST} to {LARGEST} pixels high and wide, not {height} x {width}."
            )
        check_share(self.held_out)

    @property
    def row_bytes(self) -> int:
        """Bytes of a picture on disk."""
        return self.size[0] * self.size[1] * 3


def prepare(out: Path, listing: Listing, divide: Divide, recipe: Recipe) -> Split:
    """The pictures of a listing, prepared in a folder of `out` that belongs to it and to the recipe.

    Raises:
        BadInput: the pictures are too few to be divided.
        InUse: another process prepares the same pictures there.
        Unavailable: the disk is full, or a store does not answer; the next call goes on.
    """
    folder = out / f"{listing.kind}_{_digits(listing, recipe)}"
    split = load(folder)
    if split is None:
        with disk_errors_of(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with _held(folder):
            split = load(folder) or _prepare(folder, listing, divide, recipe)
    counts = f"{len(split.training)} pictures to learn from, {len(split.held_out)} held out"
    click.echo(f"{counts}, {len(split.left_out)} left out, in {folder}")
    return split


def _digits(listing: Listing, recipe: Recipe) -> str:
    limits = (recipe.settings.max_image_bytes, recipe.settings.max_image_pixels)
    facts = (FORMAT, listing.fingerprint, *recipe.size, recipe.seed, recipe.held_out, *limits)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder; the kernel lets go of it however this one ends."""
    with disk_errors_of(folder):
        lock = (folder / LOCK).open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUse(
                f"Another process prepares pictures in {folder}; wait for it, or name another folder."
            ) from error
        yield


def _prepare(folder: Path, listing: Listing, divide: Divide, recipe: Recipe) -> Split:
    outcomes = _decode(folder, listing, recipe)
    pictures, left_out = _usable(listing, outcomes)
    try:
        division = divide(pictures)
    except BadInput as error:
        _clear(folder)  # whoever mends the source gets another folder
        example = f" Not usable: {left_out[0].name} ({left_out[0].reason})" if left_out else ""
        raise BadInput(f"{error}{example}") from None
    with disk_errors_of(folder):
        split = _divide(folder, division, left_out, recipe)
        keep(folder, split)
    _clear(folder, but=(LOCK, NAME, TRAINING, HELD_OUT))
    return split


def _decode(folder: Path, listing: Listing, recipe: Recipe) -> list[Named]:
    """What each item came to. Pictures that can be used have their rows in the folder: of equal files the first."""
    if (folder / NAME).exists() or ((folder / HELD_OUT).exists() and not (folder / JOURNAL).exists()):
        click.echo(f"{folder} is damaged, and prepared again")
        _clear(folder)
    if (folder / HELD_OUT).exists():
        return read_outcomes(folder / JOURNAL)
    with disk_errors_of(folder):
        rows = Rows(folder / PICTURES, folder / JOURNAL, recipe.size)
    with rows:
        rest = listing.items[len(rows.outcomes) :]
        click.echo(f"preparing {len(listing.items)} pictures, {len(rows.outcomes)} are done")
        _check_space(folder, len(rest) + recipe.held_out * len(listing.items), recipe)
        first = {
            sha256: item.name
            for item, (sha256, reason) in zip(listing.items, rows.outcomes, strict=False)
            if not reason
        }
        with closing(decoded(listing, rest, recipe.size, recipe.processes, recipe.settings)) as outcomes:
            named = zip(rest, outcomes, strict=True)
            while chunk := list(islice(named, CHUNK)):
                kept = [_once(outcome, item.name, first) for item, outcome in chunk]
                with disk_errors_of(folder):
                    rows.append(kept)
                if len(rows.outcomes) % TOLD == 0:
                    click.echo(f"prepared {len(rows.outcomes)} of {len(listing.items)}")
    return rows.outcomes


def _once(outcome: Outcome, name: str, first: dict[str, str]) -> Outcome:
    """The outcome, without its picture where the same file came before."""
    if outcome.pixels is None:
        return outcome
    if outcome.sha256 in first:
        return Outcome(outcome.sha256, reason=f"It is the same file as {first[outcome.sha256]}.")
    first[outcome.sha256] = name
    return outcome


def _check_space(folder: Path, pictures: float, recipe: Recipe) -> None:
    needed, free = pictures * recipe.row_bytes, shutil.disk_usage(folder).free
    if needed > free:
        raise Unavailable(
            f"The prepared pictures take up to {needed / GIB:.2f} GiB more, and {free / GIB:.2f} GiB are free on the "
            f"disk of {folder}; free some, or name another folder."
        )


def _usable(listing: Listing, outcomes: Sequence[Named]) -> tuple[list[Picture], tuple[LeftOut, ...]]:
    pictures, left_out = [], list(listing.left_out)
    for item, (sha256, reason) in zip(listing.items, outcomes, strict=True):
        if reason:
            left_out.append(LeftOut(item.name, reason))
        else:
            pictures.append(Picture(sha256, item.name, item.group))
    return pictures, tuple(left_out)


def _divide(folder: Path, division: Division, left_out: tuple[LeftOut, ...], recipe: Recipe) -> Split:
    """The one file of pictures made into two: those held out are moved, and the others close the gaps."""
    held, order = np.flatnonzero(division.held_out), _order_of_rest(division.held_out)
    if not (folder / HELD_OUT).exists():
        move_out(folder / PICTURES, held.tolist(), folder / HELD_OUT, recipe.size)
        sync_folder(folder)  # only now may their rows be written over
    if (folder / PICTURES).exists():
        close_gaps(folder / PICTURES, order.tolist(), recipe.size)
        (folder / PICTURES).replace(folder / TRAINING)
    return Split(
        Images(folder / TRAINING, *recipe.size, division.labels[order], division.training_names),
        Images(folder / HELD_OUT, *recipe.size, division.labels[held], division.held_out_names),
        left_out,
    )


def _order_of_rest(held_out: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The rows that are not held out: each in its place, those behind the new end in the places of the others."""
    count = int((~held_out).sum())
    order = np.arange(count)
    order[held_out[:count]] = count + np.flatnonzero(~held_out[count:])
    return order


def _clear(folder: Path, but: Sequence[str] = (LOCK,)) -> None:
    with disk_errors_of(folder):
        for path in folder.iterdir():
            if path.name not in but:
                path.unlink()
