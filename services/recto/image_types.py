"""Which accepted image format a file has, told by its first bytes; light, so that the web server asks too."""

from __future__ import annotations

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
"""Accepted formats by Pillow's names, with their media types."""

READABLE = "JPEG, PNG, WebP, TIFF, GIF, HEIC and AVIF"
"""The same for people."""

SUFFIXES = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".gif",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
    )
)
"""Endings of the names of image files, by which a folder's images are told from what else lies there."""

HEAD_BYTES = 64
"""Bytes from the beginning of a file that tell its format."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
# Brands of ISO/IEC 23008-12 (HEIF) and of the AV1 Image File Format. A general brand, which says nothing of the
# coding, is followed by a list of brands that does.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_GENERAL_BRANDS = {b"mif1", b"msf1"}


def accepted_format(head: bytes) -> str:
    """Pillow's name of the accepted format whose signature stands at the beginning, "" for none."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _format_of_brands(head) if head[4:8] == b"ftyp" else ""


def _format_of_brands(head: bytes) -> str:
    major = head[8:12]
    if major in _AVIF_BRANDS:
        return "AVIF"
    if major in _HEIF_BRANDS:
        return "HEIF"
    if major not in _GENERAL_BRANDS:
        return ""
    end = min(int.from_bytes(head[:4], "big"), HEAD_BYTES, len(head))
    compatible = {head[place : place + 4] for place in range(16, end, 4)}
    return "AVIF" if compatible & _AVIF_BRANDS and not compatible & _HEIF_BRANDS else "HEIF"
