from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from PIL import Image
from tests.images import heif_writer

from recto.errors import Refused
from recto.images import Limits, decode

pytestmark = pytest.mark.slow

Encode = Callable[..., bytes]
REASONS = {
    "damaged", "empty", "memory", "not_an_image", "too_many_pixels", "too_small", "truncated", "unsupported_format",
}  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to eight random changes, more of them in the header, where formats keep their lengths and offsets."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(min(len(changed), 128) if dice.random() < 0.5 else len(changed))
        match dice.randrange(5):
            case 0:
                changed[place] ^= 1 << dice.randrange(8)
            case 1:
                changed[place : place + 4] = dice.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case 2:
                del changed[place : place + dice.randrange(1, 64)]
            case 3:
                changed[place:place] = dice.randbytes(dice.randrange(1, 64))
            case 4:
                changed = changed[: max(place, 1)]
        changed = changed or bytearray(1)
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # Pillow tells about damage in warnings too
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_a_mutated_image_is_decoded_or_refused(
    file_format: str, picture: Image.Image, encode: Encode
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, object] = {} if file_format == "GIF" else {"exif": exif}
    options |= {"compression": "tiff_adobe_deflate"} if file_format == "TIFF" else {}
    check_mutations_of(encode(picture, file_format, **options), file_format)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["clear.heic", "lying.heic", "clear.avif", "lying_exif.avif", "pages.tiff"])
def test_a_mutated_file_of_other_programs_is_decoded_or_refused(name: str) -> None:
    check_mutations_of((heif_writer.FILES / name).read_bytes(), name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["tile.heic", "tile.avif"])
def test_a_mutated_grid_is_decoded_or_refused(name: str) -> None:
    check_mutations_of(heif_writer.grid(heif_writer.coded(name), 2, 2), name)


def check_mutations_of(data: bytes, seed: str) -> None:
    limits = Limits(max_bytes=1_000_000, max_pixels=4_000_000)
    outcomes = []
    dice = random.Random(f"recto {seed}")
    for _ in range(300):
        try:
            decoded = decode(mutated(data, dice), limits, 256)
            assert decoded.pixels.shape[2] == 3
            outcomes.append("decoded")
        except Refused as refused:
            outcomes.append(refused.reason)
    assert set(outcomes) <= REASONS | {"decoded"}
    assert len(set(outcomes)) >= 3, "the mutations reach too little"
