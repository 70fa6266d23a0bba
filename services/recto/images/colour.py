"""Any of Pillow's pixel modes to 8-bit sRGB: alpha on white, 16 bits scaled, ICC profiles applied."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageCms

from recto.images import refusals

_SRGB = ImageCms.createProfile("sRGB")
_PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "CMYK", "LAB")
# What ImageCms raises on profiles that are broken or belong to another kind of pixels.
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def to_plain_mode(image: Image.Image) -> Image.Image:
    """The image in one of the modes L, LA, RGB, RGBA, CMYK and LAB, which can be resized without harm.

    Raises:
        Refused: the pixels are 32-bit numbers, which have no agreed black and white.
    """
    if image.mode in ("I", "F"):
        raise refusals.unsupported_format("an image of 32-bit numbers")
    if image.mode.startswith("I;16"):
        return _scale_16_bits(image)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, whose inks are stored inverted.
        return ImageChops.invert(image)
    return image if image.mode in _PLAIN_MODES else image.convert("RGB")


def flatten(image: Image.Image) -> Image.Image:
    """Lay an LA or RGBA image on white; others come back as they are."""
    if image.mode not in ("LA", "RGBA"):
        return image
    alpha = image.getchannel("A")
    opaque = image.convert(image.mode[:-1])
    white = Image.new(opaque.mode, image.size, "white")
    white.paste(opaque, mask=alpha)
    return white


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """8-bit sRGB of an L, RGB, CMYK or LAB image; a profile that is broken or does not fit is ignored."""
    if icc_profile:
        try:
            return _transform(image, ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)))
        except _PROFILE_ERRORS:
            pass
    if image.mode == "LAB":
        return _transform(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return image.convert("RGB")


def _transform(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image,
        profile,
        _SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None, "only in-place transforms give None"
    return converted


def _scale_16_bits(image: Image.Image) -> Image.Image:
    """0..65535 to 0..255; Pillow's own conversion clips in some of its versions."""
    return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
