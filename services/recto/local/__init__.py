"""The local witness: keypoints and descriptors of an image, and their aggregate for the shortlist."""

from recto.local.codebook import codebook_hash
from recto.local.features import (
    CONTRAST,
    COVER_POINTS,
    COVER_SIDE,
    PHOTO_POINTS,
    PHOTO_SIDE,
    QUANTUM,
    LocalFeatures,
    describe,
    pack,
    unpack,
)
from recto.local.words import LOCAL, PHOTO_SMALLEST, PHOTO_WORDS, SOFTNESS, words

__all__ = ["LOCAL", "LocalFeatures", "describe", "fingerprint", "pack", "unpack", "words"]


def fingerprint() -> dict[str, str]:
    """What makes local vectors and features comparable: the codebook and every parameter of their making."""
    numbers = (COVER_SIDE, COVER_POINTS, PHOTO_SIDE, PHOTO_POINTS, CONTRAST, QUANTUM)
    soft = (PHOTO_WORDS, SOFTNESS, PHOTO_SMALLEST)
    return {
        "codebook": codebook_hash(),
        "features": "rootsift " + " ".join(map(str, numbers)),
        "words": " ".join(map(str, soft)),
    }
