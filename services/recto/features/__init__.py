"""The local witness: keypoints and descriptors of an image, and their aggregate for the shortlist."""

from recto.features.codebook import codebook_hash
from recto.features.features import CONTRAST, COVER, PHOTO, QUANTUM, LocalFeatures, describe, pack, unpack
from recto.features.words import LOCAL, PHOTO_SMALLEST, PHOTO_WORDS, SOFTNESS, words

__all__ = ["LOCAL", "LocalFeatures", "describe", "fingerprint", "pack", "unpack", "words"]


def fingerprint() -> dict[str, str]:
    """What makes local vectors and features comparable: the codebook and every parameter of their making."""
    return {
        "codebook": codebook_hash(),
        "features": f"rootsift {COVER} {PHOTO} {CONTRAST} {QUANTUM}",
        "words": f"{PHOTO_WORDS} {SOFTNESS} {PHOTO_SMALLEST}",
    }
