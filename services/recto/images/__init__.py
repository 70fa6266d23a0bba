"""Bytes to upright RGB images, or a refusal with its reason; one path for the index and for searches."""

from recto.images.decode import MAX_SIDE, Decoded, Limits, decode
from recto.images.encode import encode_jpeg
from recto.images.pool import DecodePool
from recto.images.refusals import ACCEPTED_FORMATS

__all__ = ["ACCEPTED_FORMATS", "MAX_SIDE", "DecodePool", "Decoded", "Limits", "decode", "encode_jpeg"]
