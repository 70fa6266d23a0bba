from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recto.images import Limits, decode

Encode = Callable[..., bytes]

# How the stored pixels come from the upright ones, for each EXIF orientation: what a viewer does, inverted.
STORED = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95, "subsampling": "4:4:4", "speed": 8},
}


def turned(upright: Image.Image, orientation: int, file_format: str, encode: Encode) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(STORED[orientation](upright), file_format, exif=exif, **OPTIONS.get(file_format, {}))


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_gives_the_same_upright_picture(
    file_format: str, orientation: int, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    decoded = decode(turned(picture, orientation, file_format, encode), limits, 1024)
    assert (decoded.full_width, decoded.full_height) == picture.size
    tolerance = 6 if file_format in ("JPEG", "AVIF") else 0
    assert np.abs(decoded.pixels.astype(int) - np.asarray(picture)).max() <= tolerance


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_a_reduced_picture_is_upright_too(
    file_format: str, orientation: int, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    large = picture.resize((960, 640))
    decoded = decode(turned(large, orientation, file_format, encode), limits, 96)
    assert (decoded.full_width, decoded.full_height) == (960, 640)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(picture)).mean() < 3


def test_an_avif_that_lies_otherwise_by_its_xmp_alone_is_left_as_it_is(
    picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    assert decode(encode(picture, "AVIF", xmp=xmp), limits, 1024).pixels.shape == (64, 96, 3)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_impossible_orientation_is_ignored(
    orientation: int, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert decode(encode(picture, "JPEG", exif=exif), limits, 1024).pixels.shape == (64, 96, 3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_harm_the_picture(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    data = encode(picture, "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + b"\xff" * 100)
    assert decode(data, limits, 1024).pixels.shape == (64, 96, 3)


def test_huge_exif_does_not_harm_the_picture(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "x" * 60_000
    data = encode(picture, "JPEG", exif=exif)
    segment = b"\xff\xe1\xff\xff" + b"Exif\x00\x00" + b"y" * 65_527
    data = data[:2] + data[2:].replace(b"\xff\xdb", segment * 20 + b"\xff\xdb", 1)
    assert len(data) > 1_300_000
    assert decode(data, limits, 1024).pixels.shape == (96, 64, 3)
