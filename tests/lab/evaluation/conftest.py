"""A small labelled set: eight drawn covers and easy photos of six of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recto.intake.labelled.reading import read_labelled
from recto.intake.labelled.sets import LabelledSet
from recto_lab.synthetic import EASY, draw_covers, photograph

COVERS = 8
PHOTOS = 6


@pytest.fixture(scope="session")
def drawn_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with manifest.csv and queries.csv; every third book, so that no two are of one series.

    One further photo shows a cover that is not in the catalogue.
    """
    folder = tmp_path_factory.mktemp("labelled")
    covers = [draw_covers(index, seed=11, height=420) for index in range(0, 3 * (COVERS + 1), 3)]
    manifest, queries = ["book_id,front,title"], ["id,file,truth,set"]
    for number, cover in enumerate(covers):
        name = f"book{number}"
        if number < COVERS:
            cover.save(folder / f"{name}.png")
            manifest.append(f"{name},{name}.png,Title {number}")
        if number < PHOTOS or number == COVERS:
            photo = photograph(cover, np.random.default_rng(number), options=EASY, size=800)
            photo.image.save(folder / f"photo{number}.jpg")
            queries.append(f"photo{number},photo{number}.jpg,{name if number < COVERS else ''},easy")
    (folder / "manifest.csv").write_text("\n".join(manifest))
    (folder / "queries.csv").write_text("\n".join(queries))
    return folder


@pytest.fixture(scope="session")
def drawn(drawn_set: Path) -> LabelledSet:
    """The same, read."""
    return read_labelled(drawn_set)
