from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from tests.images import heif_writer

from recto.errors import Refused
from recto.image_types import READABLE
from recto.images import Limits, decode

Encode = Callable[..., bytes]


def refusal(data: bytes, limits: Limits) -> Refused:
    with pytest.raises(Refused) as raised:
        decode(data, limits, 1024)
    sentence = str(raised.value)
    assert sentence.endswith(".")
    assert len(sentence) > 30
    return raised.value


def png(width: int, height: int, bits: int = 1) -> bytes:
    """A black PNG, made without ever holding its pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    compressor = zlib.compressobj(1)
    row = bytes(1 + (width * bits + 7) // 8)
    packed = b"".join([*(compressor.compress(row) for _ in range(height)), compressor.flush()])
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_an_empty_file(limits: Limits) -> None:
    assert refusal(b"", limits).reason == "empty"


@pytest.mark.parametrize(
    "data", [b"Call me Ishmael. Some years ago", b"\x00" * 100, b"<html><body>404</body></html>", b"\xff\xd8"]
)
def test_a_file_that_is_not_an_image(data: bytes, limits: Limits) -> None:
    refused = refusal(data, limits)
    assert refused.reason == "not_an_image"
    assert READABLE in str(refused)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\xef\xbb\xbf<SVG viewBox='0 0 1 1'/>", "an SVG drawing"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"\xff\x4f\xff\x51" + bytes(50), "a JPEG 2000 picture"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\xff\x0a" + bytes(50), "a JPEG XL picture"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(50), "a video"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
    ],
)
def test_a_known_format_that_is_not_accepted(data: bytes, named: str, limits: Limits) -> None:
    refused = refusal(data, limits)
    assert refused.reason == "unsupported_format"
    assert named in str(refused)
    assert "save it as a JPEG" in str(refused)


@pytest.mark.parametrize("file_format", ["BMP", "ICO", "PPM", "TGA", "PCX", "DDS", "JPEG2000"])
def test_formats_outside_the_list_are_never_decoded(
    file_format: str, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    assert refusal(encode(picture, file_format), limits).reason in ("unsupported_format", "not_an_image")


def test_a_file_of_25_megabytes(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    data = encode(picture, "JPEG")
    refused = refusal(data + bytes(25 * 1024 * 1024 - len(data)), limits)
    assert refused.reason == "too_many_bytes"
    assert "25.0 MB" in str(refused)
    assert "20.0 MB" in str(refused)


def test_a_bomb_of_30000_by_30000_pixels_is_refused_by_its_header(limits: Limits) -> None:
    bomb = png(30_000, 30_000)
    assert len(bomb) < 1_000_000
    start = time.process_time()
    refused = refusal(bomb, limits)
    assert time.process_time() - start < 0.1  # decoding it takes seconds
    assert refused.reason == "too_many_pixels"
    assert "30,000 x 30,000 pixels (900 million)" in str(refused)


def webp_vp8x(width: int, height: int) -> bytes:
    body = b"WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00" + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little") + b"VP8L\x05\x00\x00\x00\x2f\x00\x00\x00\x00\x00"
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def webp_vp8l(width: int, height: int) -> bytes:
    body = b"WEBPVP8L\x0c\x00\x00\x00\x2f" + (width - 1 | height - 1 << 14).to_bytes(4, "little") + bytes(7)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def tiff(width: int, height: int) -> bytes:
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height), (279, 9)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries)) + directory + bytes(4)


@pytest.mark.parametrize(
    "bomb",
    [
        webp_vp8x(16_383, 16_383),
        webp_vp8l(16_383, 16_383),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(3) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
        tiff(60_000, 60_000),
        heif_writer.single(heif_writer.coded("tile.heic"), announced=(30_000, 30_000)),
        heif_writer.single(heif_writer.coded("tile.avif"), announced=(30_000, 30_000)),
        heif_writer.grid(heif_writer.coded("tile.heic"), 30, 30),
    ],
    ids=["webp", "webp-lossless", "gif", "tiff", "heic", "avif", "heic-grid"],
)
def test_bombs_of_other_formats_are_refused_by_their_headers(bomb: bytes, limits: Limits) -> None:
    start = time.process_time()
    assert refusal(bomb, limits).reason == "too_many_pixels"
    assert time.process_time() - start < 0.1


def test_a_jpeg_bomb_is_refused_by_its_header(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    data = encode(picture, "JPEG")
    size = data.index(b"\xff\xc0") + 5
    bomb = data[:size] + struct.pack(">HH", 65_000, 65_000) + data[size + 4 :]
    assert refusal(bomb, limits).reason == "too_many_pixels"


def test_an_image_just_within_the_limit_is_decoded(limits: Limits) -> None:
    decoded = decode(png(10_000, 10_000), limits, 64)
    assert (decoded.full_width, decoded.full_height) == (10_000, 10_000)
    assert decoded.pixels.max() == 0


def test_the_limit_of_pixels_is_exact(picture: Image.Image, encode: Encode) -> None:
    data = encode(picture, "PNG")
    assert decode(data, Limits(len(data), 96 * 64), 1024).full_width == 96
    assert refusal(data, Limits(len(data), 96 * 64 - 1)).reason == "too_many_pixels"
    assert refusal(data, Limits(len(data) - 1, 96 * 64)).reason == "too_many_bytes"


def test_a_heic_whose_header_claims_less_than_the_picture_has(limits: Limits) -> None:
    tile = heif_writer.coded("tile.heic")
    assert refusal(heif_writer.single(tile, announced=(64, 64)), limits).reason == "damaged"
    assert refusal(heif_writer.grid(tile, 30, 30, announced=(512, 512)), limits).reason == "damaged"


def test_an_avif_is_never_larger_than_its_header_says(limits: Limits) -> None:
    tile = heif_writer.coded("tile.avif")
    assert decode(heif_writer.single(tile, announced=(64, 64)), limits, 1024).pixels.shape == (64, 64, 3)
    grid = decode(heif_writer.grid(tile, 30, 30, announced=(512, 512)), limits, 1024)
    assert (grid.full_width, grid.full_height) == (512, 512)


@pytest.mark.parametrize("name", ["tile.heic", "tile.avif"])
def test_more_tiles_than_any_photo_has(name: str, limits: Limits) -> None:
    claiming = heif_writer.grid(heif_writer.coded(name), 60, 60, announced=(512, 512))
    assert refusal(claiming, limits).reason == "damaged"


@pytest.mark.parametrize("name", ["cover.heic", "cover.avif"])
@pytest.mark.parametrize("kept", [0.1, 0.4, 0.7, 0.95])
def test_a_truncated_photo_of_a_phone(kept: float, name: str, limits: Limits) -> None:
    data = (heif_writer.FILES / name).read_bytes()
    assert refusal(data[: int(len(data) * kept)], limits).reason == "truncated"


@pytest.mark.parametrize("size", [(1, 1), (15, 500), (500, 15), (20_000, 100)])
def test_an_image_too_small_or_narrow(size: tuple[int, int], encode: Encode, limits: Limits) -> None:
    refused = refusal(encode(Image.new("L", size), "PNG"), limits)
    assert refused.reason == "too_small"
    assert "16 x 16" in str(refused)


def test_the_smallest_image_is_decoded(encode: Encode, limits: Limits) -> None:
    assert decode(encode(Image.new("L", (16, 16)), "PNG"), limits, 1024).pixels.shape == (16, 16, 3)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize("kept", [0.4, 0.7, 0.95])
def test_a_truncated_image(
    kept: float, file_format: str, picture: Image.Image, encode: Encode, limits: Limits
) -> None:
    data = encode(picture.resize((480, 320)), file_format)
    assert refusal(data[: int(len(data) * kept)], limits).reason == "truncated"


def test_a_truncated_progressive_jpeg(picture: Image.Image, encode: Encode, limits: Limits) -> None:
    data = encode(picture.resize((480, 320)), "JPEG", progressive=True)
    assert refusal(data[: len(data) // 2], limits).reason == "truncated"


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "GIF"])
def test_a_damaged_image(file_format: str, picture: Image.Image, encode: Encode, limits: Limits) -> None:
    options: dict[str, object] = {"lossless": True} if file_format == "WEBP" else {}
    options |= {"compression": "tiff_lzw"} if file_format == "TIFF" else {}
    data = bytearray(encode(picture.resize((480, 320)), file_format, **options))
    data[30 : len(data) - 30] = bytes(len(data) - 60)
    assert refusal(bytes(data), limits).reason == "damaged"
