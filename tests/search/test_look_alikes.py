"""Real covers that have a twin in the catalogue: another volume, a translation, a re-issue."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.features import LocalFeatures, describe
from recto.features.verify import verify
from recto.records import Side, Verdict
from recto.search.rank import Evidence, rank
from recto_lab.synthetic import EASY, photograph

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
EVERY = 6
pytestmark = pytest.mark.skipif(not BENCH.is_dir(), reason="the labelled covers are not here")


def rows_of(table: str) -> list[dict[str, str]]:
    with (BENCH / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def twins() -> list[tuple[Image.Image, Image.Image]]:
    """Covers of pairs of `near_duplicates.csv`, both ways round."""
    files = {row["id"]: BENCH / row["file"] for row in rows_of("catalogue.csv")}
    rows = rows_of("near_duplicates.csv")[::EVERY]
    pairs = [(row["id_a"], row["id_b"]) for row in rows if row["id_a"] in files and row["id_b"] in files]
    images = {id_: Image.open(files[id_]).convert("RGB") for pair in pairs for id_ in pair}
    return [(images[one], images[other]) for a, b in pairs for one, other in ((a, b), (b, a))]


def evidence(book_id: str, photo: LocalFeatures, cover: Image.Image) -> Evidence:
    match = verify(photo, describe(np.asarray(cover), photo=False))
    inliers, outline = (match.inliers, match.outline) if match else (0, None)
    return Evidence(book_id, book_id, Side.FRONT, 0, inliers, outline)


def test_a_twin_is_never_found_in_place_of_the_right_book() -> None:
    verdicts = []
    for number, (right, twin) in enumerate(twins()):
        shot = photograph(right, np.random.default_rng(number), options=EASY, size=900)
        photo = describe(np.asarray(shot.image), photo=True)
        answer = rank([evidence("right", photo, right), evidence("twin", photo, twin)], limit=2)
        assert answer.verdict is not Verdict.FOUND or answer.books[0].book_id == "right", number
        verdicts.append(answer.verdict)
    assert verdicts.count(Verdict.NOT_FOUND) <= len(verdicts) // 10
