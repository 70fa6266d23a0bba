from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from recto.images import Limits, decode

Encode = Callable[..., bytes]
Difference = Callable[[object, object], float]


@pytest.mark.parametrize(
    ("file_format", "options", "tolerance"),
    [
        ("JPEG", {"quality": 95}, 6),
        ("JPEG", {"quality": 95, "progressive": True}, 6),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 6),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
    ],
)
def test_each_format_gives_its_pixels(
    file_format: str,
    options: dict[str, object],
    tolerance: int,
    picture: Image.Image,
    encode: Encode,
    limits: Limits,
    difference: Difference,
) -> None:
    decoded = decode(encode(picture, file_format, **options), limits, 1024)
    assert decoded.format == file_format
    assert (decoded.full_width, decoded.full_height) == picture.size
    assert difference(decoded.pixels, picture) <= tolerance


def test_pixels_are_a_writable_contiguous_array(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    pixels = decode(encode(picture, "PNG"), limits, 1024).pixels
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_an_animation_gives_its_first_frame(
    file_format: str, encode: Encode, limits: Limits, difference: Difference
) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames") == 3  # noqa: B009  only some formats have it
    tolerance = 3 if file_format == "AVIF" else 0
    assert difference(decode(data, limits, 1024).pixels, frames[0]) <= tolerance


def test_a_phone_photo_with_an_attached_second_picture_is_a_jpeg(
    picture: Image.Image, encode: Encode, limits: Limits, difference: Difference
) -> None:
    data = encode(picture, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 20))], quality=95)
    decoded = decode(data, limits, 1024)
    assert decoded.format == "JPEG"
    assert difference(decoded.pixels, picture) <= 6


def test_transparent_pixels_of_a_gif_are_white(encode: Encode, limits: Limits) -> None:
    image = Image.new("P", (32, 32), 1)
    image.putpalette([0, 0, 0, 200, 30, 10])
    image.paste(0, (0, 0, 16, 32))
    pixels = decode(encode(image, "GIF", transparency=0), limits, 1024).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 31].tolist() == [200, 30, 10]


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_on_white(file_format: str, encode: Encode, limits: Limits) -> None:
    image = Image.new("RGBA", (48, 32), (0, 100, 200, 255))
    image.paste((0, 100, 200, 0), (0, 0, 16, 32))
    image.paste((0, 100, 200, 127), (16, 0, 32, 32))
    options = {"lossless": True} if file_format == "WEBP" else {}
    pixels = decode(encode(image, file_format, **options), limits, 1024).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert np.abs(pixels[0, 20].astype(int) - [128, 178, 228]).max() <= 1
    assert pixels[0, 40].tolist() == [0, 100, 200]


def test_invisible_colours_do_not_bleed_when_an_image_is_reduced(encode: Encode, limits: Limits) -> None:
    image = Image.new("RGBA", (400, 200), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (200, 0, 400, 200))
    pixels = decode(encode(image, "PNG"), limits, 100).pixels.astype(int)
    assert (pixels[..., 0] - pixels[..., 1]).max() <= 2  # no red anywhere: white, blue, and between


def test_grey_with_alpha_is_laid_on_white(encode: Encode, limits: Limits) -> None:
    image = Image.merge("LA", (Image.new("L", (32, 32), 10), Image.linear_gradient("L").resize((32, 32))))
    pixels = decode(encode(image, "PNG"), limits, 1024).pixels
    assert pixels[0, 0, 0] > 240
    assert pixels[31, 0, 0] < 20


def test_a_transparent_colour_of_an_rgb_png_is_white(encode: Encode, limits: Limits) -> None:
    image = Image.new("RGB", (32, 32), (1, 2, 3))
    image.paste((9, 90, 200), (16, 0, 32, 32))
    pixels = decode(encode(image, "PNG", transparency=(1, 2, 3)), limits, 1024).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 31].tolist() == [9, 90, 200]


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_few_colours_keep_their_values(
    mode: str, picture: Image.Image, encode: Encode, limits: Limits, difference: Difference
) -> None:
    image = picture.convert(mode)
    assert difference(decode(encode(image, "PNG"), limits, 1024).pixels, image.convert("RGB")) == 0


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(file_format: str, encode: Encode, limits: Limits) -> None:
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = decode(encode(Image.fromarray(values), file_format), limits, 1024).pixels
    assert np.abs(pixels[..., 0] - values / 257).max() <= 1
    assert (pixels[0, 0, 0], pixels[-1, -1, 0]) == (0, 255)


def test_16_bit_grey_of_big_endian_machines_is_scaled(limits: Limits) -> None:
    values = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    header = b"MM\x00*\x00\x00\x00\x08\x00\x08"
    entries = [(256, 64), (257, 64), (258, 16), (259, 1), (262, 1), (273, 110), (278, 64), (279, 8192)]
    directory = b"".join(
        tag.to_bytes(2, "big") + b"\x00\x04" + (1).to_bytes(4, "big") + value.to_bytes(4, "big")
        for tag, value in entries
    )
    data = header + directory + bytes(4) + values.astype(">u2").tobytes()
    pixels = decode(data, limits, 1024).pixels
    assert np.abs(pixels[..., 0] - values / 257).max() <= 1


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_16_bit_colour_is_scaled(extension: str, picture: Image.Image, limits: Limits) -> None:
    eight_bits = np.asarray(picture)
    written, data = cv2.imencode(extension, eight_bits[..., ::-1].astype(np.uint16) * 257)
    assert written
    pixels = decode(data.tobytes(), limits, 1024).pixels
    assert np.abs(pixels.astype(int) - eight_bits).max() <= 1


def test_an_image_reduced_is_close_to_one_reduced_by_averaging(encode: Encode, limits: Limits) -> None:
    y, x = np.mgrid[0:1200, 0:1600]
    wave = (127 + 100 * np.sin(x / 40) * np.cos(y / 60)).astype(np.uint8)
    image = Image.fromarray(np.stack([wave, 255 - wave, wave], axis=-1))
    expected = np.asarray(image.resize((400, 300), Image.Resampling.BOX)).astype(int)
    for file_format, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True})):
        decoded = decode(encode(image, file_format, **options), limits, 400)
        assert (decoded.full_width, decoded.full_height) == (1600, 1200)
        assert np.abs(decoded.pixels.astype(int) - expected).mean() < 1.5


def test_small_images_are_not_enlarged(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    assert decode(encode(picture, "JPEG"), limits, 1024).pixels.shape == (64, 96, 3)


def test_the_longest_side_is_what_was_asked_for(encode: Encode, limits: Limits) -> None:
    for size, shape in (((3000, 2000), (683, 1024, 3)), ((2000, 3000), (1024, 683, 3))):
        data = encode(Image.new("RGB", size, "teal"), "JPEG")
        assert decode(data, limits, 1024).pixels.shape == shape
