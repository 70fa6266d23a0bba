"""Bytes to upright RGB images, or a refusal with its reason; one path for the index and for searches."""

from recto.images.barcodes import Barcode
from recto.images.decode import MAX_SIDE, Decoded, Limits, decode
from recto.images.encode import encode_jpeg
from recto.images.pool import DecodePool

__all__ = ["MAX_SIDE", "Barcode", "DecodePool", "Decoded", "Limits", "decode", "encode_jpeg"]
