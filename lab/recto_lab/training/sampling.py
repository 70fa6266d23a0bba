"""Which pictures meet in a batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Random = np.random.Generator


def choose(rng: Random, kind: str, labels: Numbers, count: int) -> Numbers:
    """Distinct pictures of one batch, (count,): their numbers among those with `labels`. `kind` as in
    `recto_lab.training.config.Sampler`."""
    if kind == "balanced":
        return _balanced(rng, labels, count)
    if kind == "neighbours":
        return _neighbours(rng, len(labels), count)
    return np.asarray(rng.choice(len(labels), count, replace=False), np.int64)


def partners(rng: Random, labels: Numbers, chosen: Numbers) -> Numbers:
    """For each chosen picture another one with its label; itself where there is no other."""
    found = []
    for number in chosen:
        same = np.flatnonzero(labels == labels[number])
        others = same[same != number]
        found.append(int(rng.choice(others)) if len(others) else int(number))
    return np.array(found, np.int64)


def _neighbours(rng: Random, total: int, count: int) -> Numbers:
    """About half of them in runs of neighbours: volumes of a series stand together."""
    runs = rng.integers(0, max(total - 4, 1), count // 8)
    chosen = np.unique((runs[:, None] + np.arange(4)).ravel() % total)
    while len(chosen) < count:
        chosen = np.unique(np.append(chosen, rng.integers(0, total, count - len(chosen))))
    return np.asarray(rng.permutation(chosen), np.int64)


def _balanced(rng: Random, labels: Numbers, count: int) -> Numbers:
    """The classes in turn, in a new order each time; within a class at random, none twice before all were taken."""
    shuffled = rng.permutation(len(labels))
    turn = np.empty(len(labels), np.int64)  # the how-manieth of its class each picture is
    seen: dict[int, int] = {}
    for number in shuffled:
        label = int(labels[number])
        turn[number] = seen.get(label, 0)
        seen[label] = turn[number] + 1
    classes = rng.permutation(int(labels.max()) + 1)
    order = np.lexsort((classes[labels], turn))
    return np.asarray(rng.permutation(order[:count]), np.int64)
