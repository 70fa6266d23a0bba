"""Reading barcodes in the child process: what is read, and that nothing it does harms a search."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw
from prometheus_client import REGISTRY
from tests.search.barcodes.conftest import SEED, back, isbn_of, jpeg, label, on_table

from recto.errors import Refused
from recto.images import Barcode, DecodePool
from recto.images.barcode_reader import BarcodeReader
from recto.images.barcodes import barcodes_of
from recto.isbn import ean13, is_isbn
from recto.settings import Settings
from recto_lab.synthetic import EASY, draw_covers, photograph

ISBN = "9783161484100"


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def reader() -> Iterator[BarcodeReader]:
    opened = BarcodeReader(Settings())
    yield opened
    opened.close()


def texts(reader: BarcodeReader, image: Image.Image, *, turned: bool = True) -> list[str]:
    return [found.text for found in reader.start(jpeg(image), turned=turned).barcodes()]


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("recto_barcode_readings_total", {"outcome": outcome}) or 0.0


@pytest.mark.parametrize("degrees", [0, 13, 45, 77, 90, 180, 301])
def test_a_barcode_is_read_at_any_angle(reader: BarcodeReader, degrees: float) -> None:
    assert texts(reader, on_table(back(3, 1100), degrees)) == [isbn_of(3)]


@pytest.mark.parametrize(("side", "height"), [(900, 680), (1600, 1100), (4032, 2800)])
def test_a_barcode_is_read_in_photos_of_every_size(reader: BarcodeReader, side: int, height: int) -> None:
    read = [
        texts(reader, on_table(back(index, height), 8, (side, side * 3 // 4))) == [isbn_of(index)]
        for index in range(2)
    ]
    assert all(read)


def test_simulated_photos_of_backs_are_mostly_read_and_never_wrongly(reader: BarcodeReader) -> None:
    wrong, right = [], 0
    for index in range(12):
        photo = photograph(back(index, 1200), np.random.default_rng(index), options=EASY, size=2016)
        read = texts(reader, photo.image)
        right += read == [isbn_of(index)]
        wrong += [text for text in read if text != isbn_of(index)]
    assert wrong == []
    assert right >= 8  # the others are blurred, or their bars lie outside


def test_nothing_is_read_from_fronts(reader: BarcodeReader) -> None:
    read = []
    for index in range(60):
        front = draw_covers(index, seed=SEED, height=480, side="front")
        if index % 4 == 0:
            front = photograph(front, np.random.default_rng(index), size=1024).image
        read += texts(reader, front)
    assert read == []


def test_nothing_is_read_from_real_covers_but_what_is_printed(reader: BarcodeReader, bench: object) -> None:
    photos = sorted((bench / "full_size").iterdir())  # type: ignore[operator]
    read = [reader.start(path, turned=True).barcodes() for path in photos]
    assert all(ean13(barcode.text) == barcode.text for found in read for barcode in found)


def test_the_outline_is_where_the_bars_are_in_the_full_photo(reader: BarcodeReader) -> None:
    for degrees in (0, 30, 90):
        photo = label(ISBN, degrees).resize((3600, 2700))
        (found,) = reader.start(jpeg(photo), turned=True).barcodes()
        corners = np.array(found.outline)
        assert np.abs(corners.mean(axis=0) - (1800, 1350)).max() < 90
        along = corners[1] - corners[0]
        turn = np.degrees(np.arctan2(-along[1], along[0])) - degrees
        assert abs((turn + 90) % 180 - 90) < 8  # its bars may be read from either end
        assert 950 < np.hypot(*along) < 1300  # 95 of 117 modules of 468 pixels, three times


def test_the_outline_of_a_photo_that_lies_on_its_side_is_upright(reader: BarcodeReader) -> None:
    photo = Image.new("RGB", (1200, 900), "white")
    photo.paste(label(ISBN).crop((300, 300, 900, 600)), (20, 20))
    exif = photo.getexif()
    exif[0x0112] = 6  # turned by a quarter when it is shown
    import io

    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", exif=exif)
    (found,) = reader.start(buffer.getvalue(), turned=True).barcodes()
    x, y = np.array(found.outline).mean(axis=0)
    assert x > 450  # top left before, top right after: 900 wide, 1200 high
    assert y < 600


def test_two_barcodes_in_a_photo_are_both_read(reader: BarcodeReader) -> None:
    photo = Image.new("RGB", (1600, 900), "white")
    photo.paste(label(ISBN).crop((300, 300, 900, 600)), (50, 300))
    photo.paste(label("4006381333931").crop((300, 300, 900, 600)), (850, 300))
    assert sorted(texts(reader, photo)) == ["4006381333931", ISBN]


def test_other_pictures_are_read_too(reader: BarcodeReader) -> None:
    import io

    for mode, kind in (("RGBA", "PNG"), ("P", "PNG"), ("CMYK", "JPEG"), ("L", "WEBP"), ("RGB", "AVIF")):
        buffer = io.BytesIO()
        label(ISBN).convert(mode).save(buffer, kind)
        assert [found.text for found in reader.start(buffer.getvalue(), turned=False).barcodes()] == [ISBN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3-16-148410-X", "9783161484100"),
        ("316148410x", "9783161484100"),
        ("978-3-16-148410-0", "9783161484100"),
        ("9783161484101", ""),  # the check digit does not fit
        ("3161484101", ""),
        ("036000291452", "0036000291452"),
        ("4006381333931", "4006381333931"),
        ("raven", ""),
        ("", ""),
        ("٣١٦١٤٨٤١٠٠", ""),
    ],
)
def test_numbers_of_books_become_what_their_barcode_says(text: str, expected: str) -> None:
    assert ean13(text) == expected


def test_sheet_music_and_goods_are_no_books() -> None:
    numbers = ("9783161484100", "9791090636071", "9790230671187", "4006381333931", "")
    assert [is_isbn(number) for number in numbers] == [True, True, False, False, False]


def test_a_reading_that_takes_too_long_is_given_up_and_counted() -> None:
    before = count("failed"), count("late")
    reader = BarcodeReader(Settings(decode_seconds=1.0))
    photo = jpeg(label(ISBN))
    assert reader.start(photo, turned=True).barcodes()
    os.kill(reader.pids[0], signal.SIGSTOP)
    start = time.monotonic()
    assert reader.start(photo, turned=True).barcodes(patience=0.05) == []
    assert time.monotonic() - start < 0.9
    assert count("late") == before[1] + 1
    wait_until(lambda: not reader.pids)  # past its deadline
    assert [found.text for found in reader.start(photo, turned=True).barcodes()] == [ISBN]
    os.kill(reader.pids[0], signal.SIGSTOP)
    assert reader.start(photo, turned=True).barcodes() == []
    assert count("failed") == before[0] + 1
    reader.close()


@pytest.mark.chaos
def test_a_child_that_dies_costs_one_reading() -> None:
    reader = BarcodeReader(Settings())
    photo = jpeg(label(ISBN))
    reader.start(photo, turned=True).barcodes()
    pid = reader.pids[0]
    os.kill(pid, signal.SIGSTOP)
    reading = reader.start(photo, turned=True)
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    assert reading.barcodes() == []
    assert len(reader.start(photo, turned=True).barcodes()) == 1
    reader.close()


def test_what_is_no_picture_has_no_barcodes(reader: BarcodeReader) -> None:
    before = count("refused")
    assert reader.start(b"no picture", turned=True).barcodes() == []
    assert count("refused") == before + 1


def test_a_closed_reader_reads_nothing_and_raises_nothing() -> None:
    reader = BarcodeReader(Settings())
    reader.close()
    assert reader.start(jpeg(label(ISBN)), turned=True).barcodes() == []


def test_the_limits_of_images_hold_for_barcodes_too() -> None:
    with DecodePool(Settings(max_image_pixels=10_000)) as pool:
        outcome = pool.start_barcodes(jpeg(label(ISBN)), turned=True).result(60)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "too_many_pixels"


@pytest.mark.parametrize(
    "entry",
    [
        {"text": "9783161484101", "outline": [[0.0, 0.0]] * 4},
        {"text": "x" * 13, "outline": [[0.0, 0.0]] * 4},
        {"text": 9783161484100, "outline": [[0.0, 0.0]] * 4},
        {"text": ISBN, "outline": [[0.0, 0.0]] * 3},
        {"text": ISBN, "outline": [[0.0, 1e9]] * 4},
        {"text": ISBN, "outline": [[0.0, float("nan")]] * 4},
        {"text": ISBN, "outline": [[0.0, 10**400]] * 4},
        {"text": ISBN, "outline": 5},
        "text",
    ],
)
def test_a_child_in_the_hands_of_an_image_is_not_believed(entry: object) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        barcodes_of({"barcodes": [entry]})
    with pytest.raises(ValueError):
        barcodes_of({"barcodes": [{"text": ISBN, "outline": [[0.0, 0.0]] * 4}] * 9})


def test_a_barcode_with_an_add_on_is_its_thirteen_digits(reader: BarcodeReader) -> None:
    photo = label(ISBN)
    draw = ImageDraw.Draw(photo)
    draw.rectangle((840, 330, 990, 560), fill="white")
    for place in (0, 3, 5, 9, 12, 17, 21, 26, 30, 33):  # five more digits, roughly
        draw.rectangle((860 + 4 * place, 360, 863 + 4 * place, 520), fill="black")
    assert texts(reader, photo) == [ISBN]


def test_a_record_is_what_it_says() -> None:
    (found,) = barcodes_of(
        {"barcodes": [{"text": ISBN, "outline": [[0.0, 0.0], [9.0, 0.0], [9.0, 4.0], [0.0, 4.0]]}]}
    )
    assert found == Barcode(ISBN, ((0.0, 0.0), (9.0, 0.0), (9.0, 4.0), (0.0, 4.0)))
