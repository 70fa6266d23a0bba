"""HEIC, AVIF and scans of several pages: files that other programs wrote, see `files/README.md`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.images import heif_writer
from tests.images.heif_writer import FILES, coded

from recto.images import Decoded, DecodePool, Limits, decode
from recto.images.boxes import boxes
from recto.settings import MIB, Settings

WHOLE = ["cover.heic", "ten_bits.heic", "two_images.heic", "cover.avif", "ten_bits.avif", "heif_enc.avif"]


@pytest.fixture(scope="module")
def cover() -> NDArray[np.int64]:
    """The pixels of the drawn cover, of which all other files are made."""
    with Image.open(FILES / "cover.png") as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


def pixels_of(data: bytes | Path, limits: Limits) -> NDArray[np.int64]:
    return decode(data if isinstance(data, bytes) else data.read_bytes(), limits, 1024).pixels.astype(
        np.int64
    )


@pytest.mark.parametrize("name", WHOLE)
def test_the_cover_comes_out_as_it_was_drawn(name: str, cover: NDArray[np.int64], limits: Limits) -> None:
    decoded = decode((FILES / name).read_bytes(), limits, 1024)
    assert decoded.format == ("AVIF" if name.endswith("avif") else "HEIF")
    assert (decoded.full_width, decoded.full_height) == (cover.shape[1], cover.shape[0])
    assert np.abs(decoded.pixels - cover).mean() < 2


@pytest.mark.parametrize("name", ["clear.heic", "clear.avif"])
def test_alpha_is_laid_on_white(name: str, cover: NDArray[np.int64], limits: Limits) -> None:
    pixels = pixels_of(FILES / name, limits)
    assert pixels[:60].min() >= 250
    assert np.abs(pixels[68:] - cover[68:]).mean() < 2


def test_grey_is_grey(cover: NDArray[np.int64], limits: Limits) -> None:
    pixels = pixels_of(FILES / "grey.heic", limits)
    assert np.abs(pixels - pixels[..., :1]).max() == 0
    assert np.abs(pixels[..., 0] - cover @ [0.299, 0.587, 0.114]).mean() < 2


@pytest.mark.parametrize("name", ["lying.avif", "lying_exif.avif"])
def test_a_turn_that_container_and_exif_both_ask_for_is_done_once(
    name: str, cover: NDArray[np.int64], limits: Limits
) -> None:
    assert np.abs(pixels_of(FILES / name, limits) - cover).mean() < 2


@pytest.mark.parametrize("name", ["cover.heic", "cover.avif"])
@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("exif", [0, 1, 6])
def test_the_container_alone_says_how_a_picture_lies(
    exif: int, turns: int, name: str, cover: NDArray[np.int64], limits: Limits
) -> None:
    data = heif_writer.single(coded(name), turns=turns, exif_orientation=exif)
    decoded = decode(data, limits, 1024)
    expected = np.rot90(cover, turns)
    assert (decoded.full_height, decoded.full_width) == expected.shape[:2]
    assert np.abs(decoded.pixels - expected).mean() < 2


def test_an_orientation_in_the_exif_of_a_heic_turns_nothing(limits: Limits) -> None:
    # The standard says so, and viewers do so; here heif-enc wrote no turn into the container.
    assert pixels_of(FILES / "lying.heic", limits).shape == (142, 200, 3)


def test_a_scan_of_several_pages_gives_the_first(cover: NDArray[np.int64], limits: Limits) -> None:
    data = (FILES / "pages.tiff").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames") == 3  # noqa: B009  only some formats have it
    assert np.array_equal(pixels_of(data, limits), cover)


def large_jpeg(progressive: bool) -> bytes:
    """A photo of 50 megapixels."""
    buffer = io.BytesIO()
    with Image.open(FILES / "cover.png") as image:
        large = image.convert("RGB").resize((6144, 8192))
    large.save(buffer, "JPEG", quality=92, progressive=progressive)
    return buffer.getvalue()


LARGE = {
    "jpeg": lambda: large_jpeg(False),
    "progressive-jpeg": lambda: large_jpeg(True),
    "heic": lambda: heif_writer.grid(coded("tile.heic"), 16, 12),
    "avif": lambda: heif_writer.grid(coded("tile.avif"), 16, 12),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_photo_of_50_megapixels_is_decoded_in_a_child_of_half_the_memory(kind: str) -> None:
    data = LARGE[kind]()
    with DecodePool(Settings(decode_seconds=120.0, decode_memory=Settings().decode_memory // 2)) as pool:
        (decoded,) = pool.decode_many([data], 1024)
    assert isinstance(decoded, Decoded), decoded
    assert (decoded.full_width, decoded.full_height) == (6144, 8192)
    assert decoded.pixels.shape == (1024, 768, 3)


@pytest.mark.parametrize("name", ["tile.heic", "tile.avif"])
def test_a_photo_too_large_for_the_memory_is_refused(name: str) -> None:
    data = heif_writer.grid(coded(name), 16, 12)
    with DecodePool(Settings(decode_seconds=120.0, decode_memory=400 * MIB)) as pool:
        (refused,) = pool.decode_many([data], 1024)
    # A thread of a decoder that finds no memory ends the child.
    assert getattr(refused, "reason", "") in ("memory", "crashed")


def test_boxes_that_do_not_fit_end_the_reading() -> None:
    assert list(boxes(b"\x00\x00\x00\x00mdat1234", 0, 12)) == [(b"mdat", 8, 12)]  # 0: to the end
    for broken in (b"\x00\x00\x00\x07mdat", b"\x00\x00\x00\x20mdat", b"\x00\x00\x00\x01mdat" + bytes(8)):
        assert list(boxes(broken, 0, len(broken))) == []
