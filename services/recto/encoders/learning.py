"""Learning a projection from a catalogue's own covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from recto.encoders import pca
from recto.encoders.device import embed
from recto.encoders.encoder import Encoder, load
from recto.encoders.spec import parse_spec
from recto.errors import BadInput
from recto.images import MAX_SIDE, Decoded, DecodePool
from recto.settings import Settings
from recto.storage.blobs import Blobs
from recto.vectors import Floats

BATCH = 32
"""Covers decoded and embedded together: what an ingest worker takes at a time."""
SAMPLE = 5000
"""Covers learned from at most, unless the projection needs more."""


def learn_pca(
    spec: str, size: int, covers: Iterable[str], blobs: Blobs, pool: DecodePool, settings: Settings
) -> str:
    """Learn a projection of the encoder `spec` to `size` numbers, store it, and return the spec that uses it.

    `covers` are SHA-256s of originals: a sample of the catalogue, in any order but without repetition. At most
    `SAMPLE` of them are read, a batch at a time; those that cannot be decoded are passed over.

    Raises:
        BadInput: the spec has a projection already, the size does not fit, or there are too few covers.
    """
    base = parse_spec(spec)
    if base.pca_size:
        raise BadInput(f"{spec} has a projection already; name the encoder without one.")
    encoder = load(base, settings)
    pca.check_size(size, encoder.card.dimension)
    sample = islice(covers, max(SAMPLE, pca.samples_needed(size)))
    batches = _embeddings(encoder, sample, blobs, pool)
    projection = pca.learn(batches, size, encoder.card.dimension, base.network)
    return str(base.projected(size, blobs.put_model(pca.save(projection))))


def _embeddings(encoder: Encoder, covers: Iterator[str], blobs: Blobs, pool: DecodePool) -> Iterator[Floats]:
    while names := list(islice(covers, BATCH)):
        sources = [blobs.source(name) for name in names]
        outcomes = pool.decode_many(sources, MAX_SIDE)
        pictures = [outcome.pixels for outcome in outcomes if isinstance(outcome, Decoded)]
        if pictures:
            yield embed(encoder, pictures)
