"""Which pictures are held out: a matter of the seed and of each picture's bytes, not of what lies beside it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recto.errors import BadInput

LEAST = 16
"""Identities that are needed at least: fewer give a batch too little to tell apart."""
LEAST_HELD_OUT, LEAST_TRAINING = 2, 8
"""Of these at least so many are held out, and learned from, whatever chance says."""
LEAST_CLASSES = 2
NAMED = 10
"""Classes that an error names at most."""


@dataclass(frozen=True)
class Picture:
    """A picture that could be decoded: SHA-256 of its file, name for people, class or identity."""

    sha256: str
    name: str
    group: str


@dataclass(frozen=True, eq=False)
class Division:
    """For each of N pictures: is it held out (N,), and the place of its label in the names of its side (N,)."""

    held_out: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]
    training_names: tuple[str, ...]
    held_out_names: tuple[str, ...]


Divide = Callable[[Sequence[Picture]], Division]


def check_share(held_out: float) -> None:
    """Refuse a share of held-out pictures that leaves too few on a side.

    Raises:
        BadInput: it is not above 0 and at most a half.
    """
    if not 0 < held_out <= 0.5:
        raise BadInput(f"The share that is held out must be above 0 and at most 0.5, not {held_out:g}.")


def check_count(source: str, usable: int) -> None:
    """Refuse a source with too few pictures to learn from.

    Raises:
        BadInput: it is one.
    """
    if usable < LEAST:
        raise BadInput(f"{source} has {usable} usable covers, and at least {LEAST} are needed; add some.")


def by_identity(pictures: Sequence[Picture], source: str, seed: int, share: float) -> Division:
    """Every identity wholly on one side: held out where its chance is below `share`.

    Chances depend on the seed and the picture alone (of several, the smallest SHA-256), so an added picture moves no
    other one.

    Raises:
        BadInput: there are fewer than `LEAST` identities.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, picture in enumerate(pictures):
        members[picture.group or picture.sha256].append(place)
    groups = list(members.values())
    check_count(source, len(groups))
    chances = np.array([chance(seed, min(pictures[place].sha256 for place in group)) for group in groups])
    order = np.argsort(chances, kind="stable")
    held = chances < share
    held[order[-LEAST_TRAINING:]] = False
    held[order[:LEAST_HELD_OUT]] = True
    names: dict[bool, list[str]] = {False: [], True: []}
    held_out, labels = np.zeros(len(pictures), np.bool_), np.zeros(len(pictures), np.int64)
    for group, side in zip(groups, held.tolist(), strict=True):
        held_out[group], labels[group] = side, len(names[side])
        names[side].append(pictures[group[0]].name)
    return Division(held_out, labels, tuple(names[False]), tuple(names[True]))


def by_class(pictures: Sequence[Picture], classes: Sequence[str], seed: int, share: float) -> Division:
    """Of each class its share is held out, at least one picture, and at least one is not.

    Within a class the pictures of the lowest chances are held out, so an added one moves at most one other.

    Raises:
        BadInput: a class has fewer than two pictures; the message names it.
    """
    members: dict[str, list[int]] = {name: [] for name in classes}
    for place, picture in enumerate(pictures):
        members[picture.group].append(place)
    check_classes({name: len(places) for name, places in members.items()})
    held_out, labels = np.zeros(len(pictures), np.bool_), np.zeros(len(pictures), np.int64)
    for number, places in enumerate(members.values()):
        labels[places] = number
        count = min(max(1, round(share * len(places))), len(places) - 1)
        held_out[sorted(places, key=lambda place: chance(seed, pictures[place].sha256))[:count]] = True
    return Division(held_out, labels, tuple(classes), tuple(classes))


def check_classes(counts: dict[str, int]) -> None:
    """Refuse classes of which one cannot be both learned and judged.

    Raises:
        BadInput: there are fewer than two classes, or one has fewer than two pictures.
    """
    if len(counts) < LEAST_CLASSES:
        named = f" ({', '.join(counts)})" if counts else ""
        raise BadInput(
            f"There are {len(counts)} class folders{named}, and at least {LEAST_CLASSES} are needed: each subfolder of "
            "the folder is a class."
        )
    small = [f"{name} ({count})" for name, count in counts.items() if count < 2]
    if small:
        more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
        raise BadInput(
            "Every class needs at least 2 usable pictures, one to learn from and one to hold out; these have fewer: "
            f"{', '.join(small[:NAMED])}{more}. Add pictures to them, or take the folders away."
        )


def chance(seed: int, sha256: str) -> float:
    """A number in [0, 1), uniform over pictures, that the seed and the picture decide."""
    digest = hashlib.sha256(f"{seed}:{sha256}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
