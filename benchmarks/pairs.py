"""Fronts and backs together, wrong pairs, and look-alikes: how answers about more than one cover turn out.

    python benchmarks/pairs.py                       # drawn books, whose backs share layout and publisher
    python benchmarks/pairs.py --data DATA           # also twins of `near_duplicates.csv`, in that catalogue

Draws books of a seed, takes them in with `recto ingest`, and searches simulated photos inside this process: front
alone, back alone, both, and the front of one with the back of another book of its publisher. `--data` names a data
folder that holds the covers of `--bench` and that no `recto up` uses.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from recto.python import module_command
from recto.records import Side, Where
from recto.runtime import Engine
from recto.search.pipeline import run_search
from recto.settings import Settings
from recto_lab.synthetic import HARD, TYPICAL, DrawnBook, PhotoOptions, draw_book, photograph
from recto_lab.synthetic.store import NO_BACK_EVERY

DEFAULT_BENCH = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"
SEED, HEIGHT, SIZE = 314, 720, 1000


def main() -> None:
    """Run the measurement and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--books", type=int, default=180, help="drawn books of the catalogue")
    parser.add_argument("--photos", type=int, default=60, help="books that are photographed")
    parser.add_argument("--bench", type=Path, default=DEFAULT_BENCH)
    parser.add_argument("--data", type=Path, help="data folder with the covers of the bench")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="recto-pairs-") as folder:
        engine = _drawn_catalogue(Path(folder), arguments.books)
        for name, options in (("typical", TYPICAL), ("hard", HARD)):
            _report_pairs(name, engine, arguments.books, arguments.photos, options)
        engine.close()
    if arguments.data is not None:
        _report_twins(arguments.bench, _open(arguments.data))


def _drawn_catalogue(folder: Path, books: int) -> Engine:
    covers = books * 2 - -(-books // NO_BACK_EVERY)
    drawing = ("recto_lab.synthetic.draw", folder / "shelf", "--covers", covers, "--seed", SEED)
    environment = os.environ | {"RECTO_DATA_DIR": str(folder / "data")}
    taking_in = ("recto_web.cli", "ingest", folder / "shelf" / "manifest.jsonl")
    for command in (drawing, taking_in):
        subprocess.run(module_command(*map(str, command)), env=environment, check=True, stdout=sys.stderr)
    return _open(folder / "data")


def _open(data: Path) -> Engine:
    return Engine.open(Settings.from_environment({"RECTO_DATA_DIR": str(data)}), with_index=True)


def _report_pairs(name: str, engine: Engine, books: int, photos: int, options: PhotoOptions) -> None:
    drawn = {index: draw_book(index, seed=SEED, height=HEIGHT) for index in range(books)}
    shown = [index for index in drawn if index % NO_BACK_EVERY][:photos]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for index in shown:
        book, other = drawn[index], _of_the_publisher(drawn, index)
        front, back = _shoot(book.front, (index, 0), options), _shoot(book.back, (index, 1), options)
        wrong = _shoot(other.back, (index, 2), options)
        asked: dict[str, list[tuple[Side | None, bytes]]] = {
            "front alone": [(Side.FRONT, front)],
            "back alone": [(Side.BACK, back)],
            "both": [(Side.FRONT, front), (Side.BACK, back)],
            "both, sides unknown": [(None, front), (None, back)],
            "front with another's back": [(Side.FRONT, front), (Side.BACK, wrong)],
        }
        for case, photos_of in asked.items():
            counts[case][_outcome(_ask(engine, photos_of), book.book_id)] += 1
    print(f"\ndrawn books, {name} photos, {len(shown)} books of {books}")
    for case, count in counts.items():
        said = "  ".join(f"{outcome} {number}" for outcome, number in sorted(count.items()))
        print(f"  {case:28} {said}")


def _of_the_publisher(drawn: dict[int, DrawnBook], index: int) -> DrawnBook:
    """Another book of the same publisher with a back, one of any other where there is none."""
    ids = [each for each in drawn if each != index and each % NO_BACK_EVERY]
    same = [each for each in ids if drawn[each].publisher == drawn[index].publisher]
    return drawn[(same or ids)[0]]


def _outcome(result: dict[str, Any], truth: str) -> str:
    if result["contradiction"]:
        return "contradiction told"
    if result["verdict"] == "not_found":
        return "not found"
    right = "right" if result["books"][0]["book_id"] == truth else "WRONG"
    return f"{right} {result['verdict']}"


def _report_twins(bench: Path, engine: Engine) -> None:
    files = {row["id"]: bench / row["file"] for row in csv.DictReader((bench / "catalogue.csv").open())}
    pairs = list(csv.DictReader((bench / "near_duplicates.csv").open()))
    count: Counter[str] = Counter()
    for number, pair in enumerate(pairs):
        for place, id_ in enumerate((pair["id_a"], pair["id_b"])):
            if id_ not in files:
                continue
            photo = _shoot(Image.open(files[id_]), (number, place), TYPICAL)
            result = _ask(engine, [(None, photo)])
            twin = pair["id_b" if place == 0 else "id_a"]
            first = result["books"][0]["book_id"] if result["books"] else ""
            who = {id_: "right", twin: "twin"}.get(first, "other")
            count[
                result["verdict"] if result["verdict"] == "not_found" else f"{who} first, {result['verdict']}"
            ] += 1
    print(f"\ntwins of near_duplicates.csv, typical photos, {count.total()} photos")
    for outcome, photos in count.most_common():
        print(f"  {outcome:28} {photos}")
    engine.close()


def _shoot(cover: Image.Image, seed: Sequence[int], options: PhotoOptions) -> bytes:
    photo = photograph(cover, np.random.default_rng((SEED, *seed)), options=options, size=SIZE)
    file = io.BytesIO()
    photo.image.save(file, "JPEG", quality=92)
    return file.getvalue()


def _ask(engine: Engine, photos: Sequence[tuple[Side | None, bytes]]) -> dict[str, Any]:
    names = [(side, engine.blobs.put_incoming(data)) for side, data in photos]
    search_id = engine.ledger.create_search(names, Where(), 10)
    run_search(engine, search_id)
    row = engine.ledger.search(search_id)
    assert row is not None
    assert row.result is not None, row.error
    return row.result


if __name__ == "__main__":
    main()
