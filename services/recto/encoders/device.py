"""Embedding on a device that may fail: less at a time where memory runs out, and the truth about the rest."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recto.errors import DeviceFault, DeviceFull, RectoError
from recto.faults import fault_of
from recto.vectors import RGB, Floats

if TYPE_CHECKING:
    from recto.encoders.encoder import Encoder

_log = logging.getLogger(__name__)


def embed(encoder: Encoder, images: Sequence[RGB]) -> Floats:
    """`encoder.embed`, in halves where memory runs out, down to one image.

    Raises:
        DeviceFull: it does not suffice for one image. All have the same size in there: the device is full.
        DeviceFault: the device failed; `encoder.is_broken` says from then on that the process must end.
        Exception: what else the encoder raises; it may come from an image.
    """
    embedded = _try(encoder, images)
    if not isinstance(embedded, RectoError):
        return embedded
    if not isinstance(embedded, DeviceFull) or len(images) < 2:
        raise embedded
    _free_memory()
    middle = len(images) // 2
    _log.warning("%d images are embedded in halves: %s", len(images), embedded)
    return np.concatenate([embed(encoder, images[:middle]), embed(encoder, images[middle:])])


def _try(encoder: Encoder, images: Sequence[RGB]) -> Floats | RectoError:
    """The embeddings, or the fault. Returned, not raised: a traceback would keep the memory that is short."""
    try:
        return encoder.embed(images)
    except RectoError:
        raise
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        if isinstance(fault, DeviceFault):
            encoder.is_broken = True
            _log.exception("The device failed")
        return fault


def _free_memory() -> None:
    """Give back what torch keeps on a GPU for later."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
