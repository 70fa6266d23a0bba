from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from recto.images import Limits, decode

Encode = Callable[..., bytes]

# Colorants of Adobe RGB (1998) as XYZ columns, adapted to D50: ICC profile of the specification.
ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
# Colorants of sRGB adapted to D50 (IEC 61966-2-1).
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
GAMMA = 2.19921875


def matrix_profile(colorants: NDArray[np.float64], gamma: float) -> bytes:
    """An ICC version 2 display profile of three colorants and one gamma (ICC.1:2001-04, 6.3.1.2)."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    white = (0.9642, 1.0, 0.8249)
    bodies = {b"wtpt": b"XYZ \0\0\0\0" + b"".join(map(fixed, white))}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants.T, strict=True):
        bodies[name] = b"XYZ \0\0\0\0" + b"".join(map(fixed, column))
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        bodies[name] = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    bodies[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 3)
    bodies[b"cprt"] = b"text\0\0\0\0none\0\0\0\0"
    offset, table, data = 132 + 12 * len(bodies), b"", b""
    for name, body in bodies.items():
        table += name + struct.pack(">II", offset + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s40s12s48s", offset + len(data), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ",
        bytes(12), b"acsp", bytes(28) + bytes(12), b"".join(map(fixed, white)), bytes(48),
    )  # fmt: skip
    return header[:128] + struct.pack(">I", len(bodies)) + table + data


def in_srgb(pixels: NDArray[np.uint8], colorants: NDArray[np.float64]) -> NDArray[np.float64]:
    """What pixels of another matrix profile are in sRGB, 0 to 255, straight from the definitions."""
    linear = (pixels / 255.0) ** GAMMA @ (np.linalg.inv(SRGB) @ colorants).T
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF"])
def test_an_embedded_profile_is_converted_to_srgb(
    file_format: str, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    options: dict[str, object] = {"icc_profile": matrix_profile(ADOBE_RGB, GAMMA)}
    options |= {"quality": 100, "subsampling": 0} if file_format == "JPEG" else {}
    options |= {"lossless": True} if file_format == "WEBP" else {}
    options |= {"quality": 100, "subsampling": "4:4:4"} if file_format == "AVIF" else {}
    expected = in_srgb(np.asarray(picture), ADOBE_RGB)
    assert np.abs(expected - np.asarray(picture)).max() > 20
    pixels = decode(encode(picture, file_format, **options), limits, 1024).pixels
    difference = np.abs(pixels - expected)
    # JPEG and AVIF round before the profile stretches dark colours.
    assert difference.mean() < 1
    assert difference.max() <= 2 or file_format in ("JPEG", "AVIF")


def test_a_profile_applies_to_the_colours_under_alpha_too(
    picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    image = picture.convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 10, 64))
    pixels = decode(encode(image, "PNG", icc_profile=matrix_profile(ADOBE_RGB, GAMMA)), limits, 1024).pixels
    assert pixels[0, 0].min() >= 254
    assert np.abs(pixels[:, 10:] - in_srgb(np.asarray(picture), ADOBE_RGB)[:, 10:]).max() <= 2


def test_an_srgb_profile_changes_nothing(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = decode(encode(picture, "PNG", icc_profile=profile), limits, 1024).pixels
    assert np.abs(pixels.astype(int) - np.asarray(picture)).max() <= 1


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", matrix_profile(ADOBE_RGB, GAMMA)[:200], bytes(4096)],
    ids=["text", "cut", "zeros"],
)
def test_a_broken_profile_is_ignored(
    profile: bytes, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    pixels = decode(encode(picture, "PNG", icc_profile=profile), limits, 1024).pixels
    assert np.array_equal(pixels, np.asarray(picture))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_other_pixels_is_ignored(
    mode: str, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    image = picture.convert(mode)
    pixels = decode(encode(image, "TIFF", icc_profile=matrix_profile(ADOBE_RGB, GAMMA)), limits, 1024).pixels
    assert np.array_equal(pixels, np.asarray(image.convert("RGB")))


def test_a_cmyk_jpeg_of_adobe_has_its_true_colours(
    picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    data = encode(picture.convert("CMYK"), "JPEG", quality=100, subsampling=0)
    assert b"Adobe" in data[:200]
    assert np.abs(decode(data, limits, 1024).pixels.astype(int) - np.asarray(picture)).max() <= 6


def test_a_cmyk_jpeg_of_others_has_its_true_colours(
    picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    inverted = Image.fromarray(255 - np.asarray(picture.convert("CMYK")), "CMYK")
    data = encode(inverted, "JPEG", quality=100, subsampling=0)
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big") + 2
    data = data[:start] + data[start + length :]
    assert b"Adobe" not in data
    assert np.abs(decode(data, limits, 1024).pixels.astype(int) - np.asarray(picture)).max() <= 6


def test_lab_pixels_become_srgb(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    lab = ImageCms.profileToProfile(
        picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    pixels = decode(encode(lab, "TIFF"), limits, 1024).pixels
    # Eight bits of Lab are coarse in the dark.
    assert np.abs(pixels.astype(int) - np.asarray(picture)).mean() < 1


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_numbers_are_refused(dtype: type, encode: Encode, limits: Limits) -> None:
    data = encode(Image.fromarray(np.zeros((32, 32), dtype)), "TIFF")
    with pytest.raises(Exception, match="an image of 32-bit numbers") as raised:
        decode(data, limits, 1024)
    assert getattr(raised.value, "reason", "") == "unsupported_format"
