"""Learned projections: made from a catalogue's own covers, kept with the images, found by the digits in a spec."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from recto.encoders import pca
from recto.encoders.device import embed
from recto.encoders.spec import Spec, parse_spec
from recto.errors import BadInput, NotFound, WrongFormat
from recto.images import MAX_SIDE, Decoded

if TYPE_CHECKING:
    from recto.encoders.encoder import Encoder
    from recto.images import DecodePool
    from recto.settings import Settings
    from recto.storage.blobs import Blobs
    from recto.vectors import Floats

SHIPPED = Path(__file__).parent / "weights"
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
    from recto.encoders import load_encoder

    base = parse_spec(spec)
    if base.pca_size:
        raise BadInput(f"{spec} has a projection already; name the encoder without one.")
    encoder = load_encoder(spec, settings)
    pca.check_size(size, encoder.card.dimension)
    sample = islice(covers, max(SAMPLE, pca.samples_needed(size)))
    batches = _embeddings(encoder, sample, blobs, pool)
    projection = pca.learn(batches, size, encoder.card.dimension, base.network)
    return str(base.projected(size, blobs.put_model(pca.save(projection))))


def load_projection(spec: Spec, dimension: int, blobs: Blobs) -> tuple[pca.Projection, str]:
    """The projection of a spec and the SHA-256 of its file: one that ships with Recto, else one of the store.

    Raises:
        NotFound: it is in neither.
        BadInput: it was learned for another encoder or size.
        WrongFormat: it is damaged.
    """
    data = _find(replace(spec, backend=""), blobs)
    sha256 = hashlib.sha256(data).hexdigest()
    if not sha256.startswith(spec.pca_digits):
        raise WrongFormat(f"The stored projection {spec.pca_digits} is damaged; learn it anew.")
    projection = pca.load(data)
    if projection.spec != spec.network or projection.matrix.shape != (spec.pca_size, dimension):
        size = len(projection.matrix)
        raise BadInput(f"The projection {spec.pca_digits} is one of {projection.spec} to {size} numbers.")
    return projection, sha256


def _find(spec: Spec, blobs: Blobs) -> bytes:
    shipped = SHIPPED / f"{spec}.npz"
    if shipped.exists():
        return shipped.read_bytes()
    sha256 = blobs.find_model(spec.pca_digits)
    if sha256 is None:
        raise NotFound(
            f"The projection {spec.pca_digits} of {spec} is not in the store. Learn one from this catalogue with "
            f"`recto reindex --encoder {spec.network} --pca {spec.pca_size}`."
        )
    return blobs.get_model(sha256)


def _embeddings(encoder: Encoder, covers: Iterator[str], blobs: Blobs, pool: DecodePool) -> Iterator[Floats]:
    while names := list(islice(covers, BATCH)):
        sources = [blobs.source(name) for name in names]
        outcomes = pool.decode_many(sources, MAX_SIDE)
        pictures = [outcome.pixels for outcome in outcomes if isinstance(outcome, Decoded)]
        if pictures:
            yield embed(encoder, pictures)
