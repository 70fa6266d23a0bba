"""A shelf drawn into a folder: how many covers, and what an interrupted call leaves."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from recto.intake.manifest import ManifestRow, read_manifest
from recto_lab.synthetic.draw import Shelf, main

ARGUMENTS = ["--covers", "13", "--height", "120", "--processes", "1"]


@pytest.mark.parametrize("covers", [1, 2, 3, 11, 12, 23, 20_000])
def test_it_draws_as_many_covers_as_asked_for(covers: int) -> None:
    shelf = Shelf(Path("shelf"), covers, seed=7, height=120)
    assert sum(1 + shelf.has_back(index) for index in range(shelf.books)) == covers


def test_it_writes_a_manifest_that_can_be_read(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, [str(tmp_path), *ARGUMENTS]).exit_code == 0
    rows = list(read_manifest(tmp_path / "manifest.jsonl"))
    assert all(isinstance(row, ManifestRow) for row in rows)
    files = [file for row in rows if isinstance(row, ManifestRow) for file in (*row.fronts, *row.backs)]
    assert len(files) == 13
    assert all(Path(str(file)).is_file() for file in files)


def test_it_draws_no_block_twice(tmp_path: Path) -> None:
    CliRunner().invoke(main, [str(tmp_path), *ARGUMENTS])
    first = (tmp_path / "manifest.jsonl").read_text().splitlines()[0]
    picture = tmp_path / json.loads(first)["front"]
    picture.write_bytes(b"left alone")
    CliRunner().invoke(main, [str(tmp_path), *ARGUMENTS])
    assert picture.read_bytes() == b"left alone"
