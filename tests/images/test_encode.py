from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from recto.images import Limits, decode, encode_jpeg

Encode = Callable[..., bytes]


def test_a_thumbnail_is_a_jpeg_of_the_size_asked_for(picture: Image.Image) -> None:
    with Image.open(io.BytesIO(encode_jpeg(np.asarray(picture), 48))) as thumbnail:
        assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("JPEG", "RGB", (48, 32))
        expected = np.asarray(picture.resize((48, 32), Image.Resampling.BOX)).astype(int)
        assert np.abs(np.asarray(thumbnail) - expected).mean() < 3


def test_a_small_picture_is_not_enlarged(picture: Image.Image) -> None:
    with Image.open(io.BytesIO(encode_jpeg(np.asarray(picture), 1000))) as copy:
        assert copy.size == (96, 64)


def test_a_better_quality_is_closer_to_the_picture(picture: Image.Image) -> None:
    assert len(encode_jpeg(np.asarray(picture), 96, quality=40)) < len(encode_jpeg(np.asarray(picture), 96))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_where_a_photo_was_taken_stays_out_of_its_thumbnail(
    file_format: str, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0)})
    data = encode(picture, file_format, exif=exif, comment=b"SecretComment")
    assert b"SecretCamera" in data
    thumbnail = encode_jpeg(decode(data, limits, 1024).pixels, 64)
    assert b"Secret" not in thumbnail
    assert b"Exif" not in thumbnail
    with Image.open(io.BytesIO(thumbnail)) as image:
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
