"""What is made of the image of a cover, and whose fault it is where that fails: the image's, or this process's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import numpy as np

from recto import features as local
from recto.encoders.device import embed
from recto.encoders.registry import Lane
from recto.errors import DeviceFault, Refused
from recto.faults import broken_process, fault_of, quoted
from recto.images import MAX_SIDE, Decoded, encode_jpeg
from recto.ingest.cover_facts import picture_of, read_cover
from recto.ledger import Picture
from recto.records import Cover
from recto.runtime import Engine
from recto.storage.blobs import Content
from recto.storage.staging import DescribedCover
from recto.vectors import RGB, Floats

T = TypeVar("T")
TRIES = 2
"""How often the work on one image must fail at once, each time beside a known picture that passes, to count as a failed
attempt; `RECTO_INGEST_ATTEMPTS` of those condemn it. With the default, 3, a process in which every second call fails,
whatever the image, would condemn one image in 4,000 (reasoned)."""
FAILS = "fails"
"""Reason of a refusal that another attempt may prove wrong; the others are the decoder's, which are final."""
PERHAPS_KILLED = ("crashed", "timeout")
"""Refusals that are tried once more: the kernel may have killed the decoding child, or the disk not given the file."""
THUMBNAIL_SIDE = 480
"""Longest side of a thumbnail in pixels: sharp in a catalogue grid at twice the density, about 30 KB."""

_log = logging.getLogger(__name__)


class Describer:
    """Decodes and describes covers for one version. Whatever it returns as `Refused` is proven to be of that image.

    Every method raises the fault of a part (`recto.faults`), after which nothing is known about the images.
    """

    def __init__(self, engine: Engine, lane: Lane) -> None:
        self._engine = engine
        self._lane = lane

    def read(self, cover: Cover, original: Content) -> tuple[Decoded, Picture] | Refused:
        """Pixels of an original, and the facts about it that no recipe changes."""

        def work(content: Content) -> tuple[Decoded, Picture] | Refused:
            outcome, barcodes = read_cover(self._engine, content)
            if isinstance(outcome, Refused):
                return outcome
            return outcome, picture_of(cover, outcome, barcodes)

        outcome = self._judged(lambda: work(original))
        if isinstance(outcome, Refused) and outcome.reason in PERHAPS_KILLED:
            self._check_process()
            content = self._engine.blobs.get(cover.sha256)
            outcome = self._judged(lambda: work(content))
        return outcome

    def thumbnail(self, decoded: Decoded) -> bytes | Refused:
        """A JPEG of at most `THUMBNAIL_SIDE` pixels."""
        return self._judged(lambda: encode_jpeg(decoded.pixels, THUMBNAIL_SIDE))

    def describe(self, covers: Sequence[tuple[Cover, Decoded]]) -> list[DescribedCover | Refused]:
        """Embeddings of all at once, one at a time where that fails; then the local features of each."""
        embeddings = self._embed_together([decoded.pixels for _, decoded in covers])

        def work(number: int) -> DescribedCover:
            cover, decoded = covers[number]
            return self._describe(
                cover.cover_id, decoded.pixels, None if embeddings is None else embeddings[number]
            )

        return [self._judged(lambda number=number: work(number)) for number in range(len(covers))]  # type: ignore[misc]

    def _embed_together(self, pictures: Sequence[RGB]) -> list[Floats] | None:
        try:
            return list(embed(self._lane.encoder, pictures)) if pictures else []
        except Exception as error:
            if fault_of(error) is not None:
                raise
            _log.exception(
                "%d covers could not be embedded together; they are tried one at a time", len(pictures)
            )
            return None

    def _describe(self, cover_id: str, pixels: RGB, embedding: Floats | None) -> DescribedCover:
        if embedding is None or not _is_usable(embedding):
            embedding = embed(self._lane.encoder, [pixels])[0]
        if not _is_usable(embedding):
            raise ValueError("the network gives no direction for it: its embedding is zero or not finite")
        features = local.describe(pixels, photo=False)
        words = local.words(features, photo=False)
        return DescribedCover(cover_id, embedding, words, local.pack(features))

    def _judged(self, work: Callable[[], T]) -> T | Refused:
        """The outcome of work on one image; a refusal where it fails again and again beside a picture that passes."""
        for _ in range(TRIES):
            try:
                return work()
            except Exception as error:
                if fault_of(error) is not None:
                    raise
                failure = error
                _log.warning("An image fails; a known picture is tried", exc_info=True)
            self._check_process()
        return Refused(FAILS, f"Recto cannot describe this image, while it can others ({quoted(failure)}).")

    def _check_process(self) -> None:
        """Do all of it with a picture that is known to pass.

        Raises:
            DeviceFault: it does not pass, so the fault is of this process, or of the device.
        """
        try:
            outcome = self._engine.pool.decode_many([encode_jpeg(_known_picture(), MAX_SIDE)], MAX_SIDE)[0]
            if isinstance(outcome, Refused):
                raise outcome
            encode_jpeg(outcome.pixels, THUMBNAIL_SIDE)
            self._describe("", outcome.pixels, None)
        except Exception as error:
            fault = fault_of(error) or broken_process(error)
            if isinstance(fault, DeviceFault):
                self._lane.encoder.is_broken = True
            raise fault from error


def _is_usable(embedding: Floats) -> bool:
    squares = float(np.square(embedding, dtype=np.float64).sum())
    return bool(np.finfo(np.float32).tiny < squares < np.inf)


@cache
def _known_picture() -> RGB:
    """Coloured blocks (300, 216, 3), with corners enough to describe."""
    blocks = np.random.default_rng(0).integers(0, 256, (25, 18, 3), dtype=np.uint8)
    return np.ascontiguousarray(blocks.repeat(12, axis=0).repeat(12, axis=1))
