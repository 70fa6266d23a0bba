"""Learned projections: kept with the images, or shipped with Recto, and found by the digits in a spec."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from recto.encoders import pca
from recto.encoders.spec import Spec
from recto.errors import BadInput, NotFound, WrongFormat

if TYPE_CHECKING:
    from recto.storage.blobs import Blobs

SHIPPED = Path(__file__).parent / "weights"


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
