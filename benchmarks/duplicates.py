"""Precision and recall of each kind of likeness, and what a comparison costs, on a catalogue of real covers.

    python benchmarks/duplicates.py ../shared/bench

The folder holds `catalogue.csv` (id, file) with clean covers, and `near_duplicates.csv` (id_a, id_b) with pairs that
look alike. Every cover goes through ingest, index and comparison as in a real catalogue. Then a part of them comes once
more under other books: as the same file, as a copy (encoded anew, resized, cropped), in another printing (sticker,
price, band), and what is said of each is counted.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import numpy as np
from PIL import Image

from recto.comparison.duplicates.comparing import compare_waiting
from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Alike, Book, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto_lab.synthetic.printings import copied, reprinted

MADE = {Alike.SAME_FILE: "file", Alike.SAME_PICTURE: "copy", Alike.SAME_ARTWORK: "printing"}


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--made", default=150, show_default=True, help="Covers that come once more, of each kind.")
@click.option("--seed", default=3, show_default=True, help="Seed of what is made of them.")
def main(folder: Path, made: int, seed: int) -> None:
    """Measure on the covers of FOLDER; prints a table and one line of JSON."""
    covers = {row["id"]: folder / row["file"] for row in _rows(folder / "catalogue.csv")}
    near = {tuple(sorted((row["id_a"], row["id_b"]))) for row in _rows(folder / "near_duplicates.csv")}
    with tempfile.TemporaryDirectory(prefix="recto-duplicates-") as data:
        engine = Engine.open(Settings(data_dir=Path(data), torch_threads=1), with_index=True)
        for book_id, path in covers.items():
            _add(engine, book_id, path.read_bytes())
        _work(engine)
        cost = _compare(engine)
        own = _found(engine)
        rng = np.random.default_rng(seed)
        for kind, name in MADE.items():
            for book_id in rng.permutation(sorted(covers))[:made]:
                _add(engine, f"{name}:{book_id}", _made(kind, covers[book_id], rng))
        _work(engine)
        again = _compare(engine)
        results = {
            "covers": len(covers),
            "ms_a_cover": cost,
            "ms_a_cover_that_is_alike": again,
            "listed_pairs": {
                "all": len(near),
                **Counter(str(own[pair]) for pair in near if pair in own),
            },
            "covers_of_listed_pairs": _told(near, own),
            "other_pairs": dict(Counter(str(kind) for pair, kind in own.items() if pair not in near)),
            "made": _made_ones(_found(engine)),
        }
        engine.close()
    for name, value in results.items():
        click.echo(f"{name:28} {value}")
    click.echo(json.dumps(results | {"other": sorted(map(list, set(own) - near))}))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _add(engine: Engine, book_id: str, data: bytes) -> None:
    engine.ledger.put_book(Book(book_id))
    engine.ledger.add_cover(book_id, Side.FRONT, engine.blobs.put(data))


def _work(engine: Engine) -> None:
    while (report := ingest_batch(engine, "worker")).claimed:
        if report.staged_file:
            index_staged(engine, report.staged_file)


def _compare(engine: Engine) -> float:
    """Compare what waits; milliseconds of processor time a cover."""
    start, count = time.process_time(), 0
    while step := compare_waiting(engine):
        count += step
    return round((time.process_time() - start) / max(count, 1) * 1000, 2)


def _found(engine: Engine) -> dict[tuple[str, ...], Alike]:
    found: dict[tuple[str, ...], Alike] = {}
    page = 1
    while items := engine.ledger.duplicates(page=page, page_size=1000).items:
        found |= {tuple(sorted((each.book.book_id, each.other_book.book_id))): each.kind for each in items}
        page += 1
    return found


def _told(near: set[tuple[str, ...]], own: dict[tuple[str, ...], Alike]) -> str:
    """How many covers of the listed pairs are told of with any other."""
    wanted = {each for pair in near for each in pair}
    return f"{len(wanted & {each for pair in own for each in pair})} of {len(wanted)}"


def _made(kind: Alike, path: Path, rng: np.random.Generator) -> bytes:
    if kind is Alike.SAME_FILE:
        return path.read_bytes()
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    buffer = io.BytesIO()
    (copied if kind is Alike.SAME_PICTURE else reprinted)(image, rng).save(buffer, "PNG")
    return buffer.getvalue()


def _made_ones(found: dict[tuple[str, ...], Alike]) -> dict[str, dict[str, int]]:
    """What was said of each cover that was made and the one that it was made of."""
    said: dict[str, Counter[str]] = {name: Counter() for name in MADE.values()}
    for pair, kind in found.items():
        for one, other in (pair, pair[::-1]):
            name, _, original = one.partition(":")
            if name in said and original == other:
                said[name][str(kind)] += 1
    return {name: dict(counts) for name, counts in said.items()}


if __name__ == "__main__":
    main()
