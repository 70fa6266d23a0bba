"""Pictures of a listing, decoded and brought to one size, in order and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from recto.errors import Refused
from recto.images import Decoded, DecodePool
from recto.settings import Settings
from recto.vectors import RGB
from recto_lab.training.sources.listing import Item, Listing

LARGER = 2
"""A picture is decoded at this times the longer side that is kept, as covers are drawn larger than they are kept: the
shorter side of one up to three times as long as wide is still not enlarged, and JPEGs are decoded at a reduced size."""
AHEAD = 4
"""Pictures on their way for each decoding process, so that reading hides behind decoding."""


@dataclass(frozen=True)
class Outcome:
    """A picture at its size (height, width, 3) with the SHA-256 of its file, or why there is none."""

    sha256: str = ""
    pixels: RGB | None = None
    reason: str = ""


def decoded(
    listing: Listing, items: Sequence[Item], size: tuple[int, int], processes: int, settings: Settings
) -> Generator[Outcome, None, None]:
    """The outcome of each item, in order. `size`: height and width.

    Raises:
        Unavailable: the store of the pictures, or the decoder, does not answer; nothing is wrong with the picture.
    """

    def work(item: Item) -> Outcome:
        try:
            sha256, content = listing.read(item)
        except Refused as refused:
            return Outcome(reason=str(refused))
        picture = pool.decode_many([content], LARGER * max(size))[0]
        if isinstance(picture, Decoded):
            return Outcome(sha256, squeeze(picture.pixels, *size))
        return Outcome(reason=str(picture))

    waiting: deque[Future[Outcome]] = deque()
    with DecodePool(settings, processes) as pool, ThreadPoolExecutor(2 * processes, "prepare") as threads:
        for item in items:
            waiting.append(threads.submit(work, item))
            if len(waiting) >= AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def squeeze(pixels: RGB, height: int, width: int) -> RGB:
    """A picture (H, W, 3) as (height, width, 3), its proportions given up.

    A lying picture is first turned by a quarter where the target stands, and a standing one where it lies: the network
    turns such images the same way, and augmentations turn covers by themselves.
    """
    if (pixels.shape[0] - pixels.shape[1]) * (height - width) < 0:
        pixels = np.ascontiguousarray(np.rot90(pixels))
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
