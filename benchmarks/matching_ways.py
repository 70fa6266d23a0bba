"""Ways to match and to fit that `verification.py` compares: `recto.features.verify` with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import cv2
import numpy as np

from recto.features import verify
from recto.vectors import Floats

ANY_SIZE = 1e9


@contextmanager
def changed(parts: Mapping[str, Any]) -> Iterator[None]:
    """Constants and functions of `recto.features.verify` replaced by others of the same name."""
    if not parts:
        yield
        return
    with mock.patch.multiple(verify, **parts):
        yield


def one_way(likeness: Floats) -> verify.Pairs:
    """Matches like those of `verify.match`, without asking whether they are mutual."""
    rows = np.arange(len(likeness))
    second, nearest = np.argpartition(likeness, -2, axis=1)[:, -2:].T
    distance, other = (verify._distances(likeness[rows, columns]) for columns in (nearest, second))
    distinct = np.flatnonzero(distance < verify.RATIO**2 * other)
    order = distinct[np.argsort(distance[distinct], kind="stable")]
    return np.column_stack([order, nearest[order]])


def matched_once(**parts: Any) -> Mapping[str, Any]:
    """The matches of the fit are the last: nothing is matched again."""
    fit: Callable[..., Any] = verify.fit
    last: list[Any] = []

    def remembering(*arguments: Any) -> Any:
        last[:] = [fit(*arguments)]
        return last[0]

    return {"fit": remembering, "match_again": lambda *_: last[0][1], **parts}


WAYS: dict[str, Mapping[str, Any]] = {
    "matched once, any size": matched_once(SIZE_RATIO=ANY_SIZE),
    "matched once": matched_once(),
    "matched again, any size": {"SIZE_RATIO": ANY_SIZE},
    "size within 1.25": {"SIZE_RATIO": 1.25},
    "size within 1.5": {"SIZE_RATIO": 1.5},
    "again with ratio .85": {"RATIO_WITHIN_REACH": 0.85},
    "again with ratio 1": {"RATIO_WITHIN_REACH": 1.0},
    **{f"ratio {ratio}": {"RATIO": ratio} for ratio in (0.7, 0.75, 0.85, 0.9)},
    "not mutual": {"match": one_way},
    "not mutual, ratio .7": {"match": one_way, "RATIO": 0.7},
    "five matches tried": {"FEWEST_MATCHES": 5},
    "RANSAC": {"ESTIMATOR": cv2.RANSAC},
    "LMEDS": {"ESTIMATOR": cv2.LMEDS},
    "USAC_FAST": {"ESTIMATOR": cv2.USAC_FAST},
    "USAC_ACCURATE": {"ESTIMATOR": cv2.USAC_ACCURATE},
    "USAC_PROSAC": {"ESTIMATOR": cv2.USAC_PROSAC},
    "within 1/160": {"ERROR_SHARE": 1 / 160},
    "within 1/120": {"ERROR_SHARE": 1 / 120},
    "within 1/60": {"ERROR_SHARE": 1 / 60},
    "500 iterations": {"ITERATIONS": 500},
    "10,000 iterations": {"ITERATIONS": 10_000},
}
