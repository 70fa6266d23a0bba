"""Photos with the wrong covers that are hardest to tell from the right one, for `verification.py`.

Those are the covers that the two witnesses of a search name first. Left out are covers that are no mistake: the true
one, those that look like it (`near_duplicates.csv`), those that are in the photo too (`secondary_matches.csv`; on
photos of the Palm camera the next covers of the pile lie under the true one).
"""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import qdrant_edge as edge
from local_witness import fill, open_shard, search, sparse
from PIL import Image

from recto.features import LocalFeatures, words
from recto.vectors import RGB, Floats

FAR = 0.2
WRONG = 50
"""Wrong covers a photo meets."""
NAMED = 100
"""Length of the list of each witness."""
RANK_CONSTANT = 60
"""Of reciprocal rank fusion, as in `recto.search`."""
PILE = 3
"""Covers of the pile that a photo of the Palm camera may show beside the true one."""
Row = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A photo: its number, set, number of its true cover (-1 for none), numbers of wrong ones, the hardest first."""

    photo: int
    subset: str
    truth: int
    wrong: list[int]


def find_cases(bench: Path, covers: Sequence[LocalFeatures], photos: Sequence[LocalFeatures]) -> list[Case]:
    """Ask both witnesses for the covers most alike, given the features of everything."""
    number = {row["id"]: place for place, row in enumerate(rows(bench, "catalogue.csv"))}
    alike = excused(bench)
    cases = []
    named_by_words, likeness = by_words(covers, photos), embedded(bench)
    for photo, row in enumerate(rows(bench, "queries.csv")):
        scores = np.zeros(len(number))
        for ranking in (np.argsort(-likeness[photo], kind="stable")[:NAMED], named_by_words[photo]):
            scores[ranking] += 1 / (RANK_CONSTANT + 1 + np.arange(len(ranking)))
        right = {number[name] for name in alike[row["truth"]] | alike[row["id"]] | {row["truth"]} if name}
        order = [int(cover) for cover in np.argsort(-scores, kind="stable") if cover not in right]
        cases.append(Case(photo, row["set"], number.get(row["truth"], -1), order[:WRONG]))
    return cases


def excused(bench: Path) -> dict[str, set[str]]:
    """Ids of covers that are no mistake, by the id of the true cover or of the photo."""
    alike: dict[str, set[str]] = defaultdict(set)
    for row in rows(bench, "near_duplicates.csv"):
        alike[row["id_a"]].add(row["id_b"])
        alike[row["id_b"]].add(row["id_a"])
    for row in rows(bench, "secondary_matches.csv"):
        alike[row["query"]].add(row["also_visible_or_confusable"])
    pile = [row["id"] for row in rows(bench, "catalogue.csv") if row["source"] == "smvs_dvd"]
    for row in rows(bench, "queries.csv"):
        if row["device"] == "Palm" and row["truth"] in pile:
            place = pile.index(row["truth"])
            alike[row["id"]].update(pile[max(0, place - PILE) : place + PILE + 1])
    return alike


def embedded(bench: Path) -> Floats:
    """Likeness (photos, covers) to the best view of each photo, by the encoder of a new catalogue."""
    from recto.encoders import load_encoder  # torch is loaded only where it is needed
    from recto.images.views import views
    from recto.settings import Settings

    encoder = load_encoder(Settings().encoder, Settings())
    covers = np.concatenate(
        [encoder.embed([picture(bench / row["file"])]) for row in rows(bench, "catalogue.csv")]
    )
    photos = [
        encoder.embed(views(picture(bench / row["file"]), encoder.view_side))
        for row in rows(bench, "queries.csv")
    ]
    return np.stack([(own @ covers.T).max(axis=0) for own in photos])


def by_words(covers: Sequence[LocalFeatures], photos: Sequence[LocalFeatures]) -> list[list[int]]:
    """Covers that the visual words name for each photo, best first."""
    with tempfile.TemporaryDirectory() as folder:
        parameters = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
        shard = open_shard(Path(folder) / "shard", {"sparse_vectors": {"local": parameters}})
        fill(shard, [sparse(words(cover, photo=False)) for cover in covers], 0)
        named = [search(shard, sparse(words(photo, photo=True)), NAMED) for photo in photos]
        shard.close()
    return named


@lru_cache
def rows(bench: Path, table: str) -> tuple[Row, ...]:
    """Rows of a table of the bench."""
    with (bench / table).open() as file:
        return tuple(csv.DictReader(file))


def picture(path: Path, far: bool = False) -> RGB:
    """An image; far: shrunk to `FAR` of its size and compressed, as a book that takes a small part of a photo."""
    image = np.asarray(Image.open(path).convert("RGB"))
    if not far:
        return image
    small = cv2.resize(image, None, fx=FAR, fy=FAR, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(
        cv2.cvtColor(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB), np.uint8
    )
