"""Drawn covers in large numbers, as company for a catalogue that is measured: made once, seeded, added in minutes.

    python benchmarks/drawn_covers.py describe FOLDER --covers 100000 --processes 2
    python benchmarks/drawn_covers.py add FOLDER --data DATA

`describe` draws the books of a seed as `python -m recto_lab.synthetic.draw` does, describes their covers with the
encoder of the settings, and keeps vectors, words and features in FOLDER, 19 KB a cover. It goes on where it was
interrupted.
`add` enters them into the catalogue of a data folder that no `recto up` uses: through the ledger and the index, as an
ingest worker hands over a batch. Their pictures are not kept, so that the covers have no thumbnails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from recto import features as local
from recto.encoders import Encoder, load_encoder
from recto.encoders.registry import version_of
from recto.ingest.pipeline import index_staged
from recto.ledger import Entry, EntryItem
from recto.python import spawn_context
from recto.records import Book, Side, cover_id
from recto.runtime import Engine
from recto.settings import Settings
from recto.storage.staging import DescribedCover, pack_staged, unpack_staged
from recto_lab.synthetic.book import DrawnBook, draw_book
from recto_lab.synthetic.draw import Shelf

BLOCK = 240
"""Books of one file; a multiple of `NO_BACK_EVERY`."""
HEIGHT = 480
"""Height of a drawn cover in pixels, about that of the clean covers they stand beside."""
SEED = 2026
"""A seed that neither the shipped network nor the codebook has seen."""
WORKER = "drawn-covers"


def main() -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["describe", "add"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--covers", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--data", type=Path, help="data folder of the catalogue; goes with `add`")
    arguments = parser.parse_args()
    if arguments.command == "describe":
        describe(arguments.folder, arguments.covers, arguments.processes)
    elif arguments.data is None:
        sys.exit("`add` needs --data, the data folder of the catalogue")
    else:
        add(arguments.folder, arguments.data, arguments.covers)


def describe(folder: Path, covers: int, processes: int) -> None:
    """Draw and describe what is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [block for block in _blocks(covers) if not _path(folder, block).is_file()]
    started = time.monotonic()
    # Threads of a process wait for each other by spinning: with a process a core they only take time from others.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with ProcessPoolExecutor(processes, spawn_context()) as pool:
        waiting = [pool.submit(_describe_block, folder, block, covers) for block in missing]
        for done, _ in enumerate(map(_result, as_completed(waiting)), start=1):
            print(f"block {done} of {len(missing)}, {time.monotonic() - started:.0f} s", flush=True)


def add(folder: Path, data: Path, covers: int) -> None:
    """Enter the covers into the catalogue of a data folder.

    Raises:
        SystemExit: the covers were described for another recipe than the catalogue's.
    """
    engine = Engine.open(Settings.from_environment({"RECTO_DATA_DIR": str(data)}), with_index=True)
    job = engine.ledger.create_job("ingest", str(folder))
    for block in _blocks(covers):
        path = _path(folder, block)
        recipe, described = unpack_staged(path.read_bytes()) or ("", [])
        if recipe != engine.version.recipe_id:
            sys.exit(f"{path} is of recipe {recipe}, the catalogue of {engine.version.recipe_id}")
        entries = _entries(json.loads(path.with_suffix(".json").read_text()))
        engine.ledger.acknowledge(job, entries)
        claimed = engine.ledger.claim(WORKER, len(described), 600)
        assert {cover.cover_id for cover in claimed} == {cover.cover_id for cover in described}
        name = engine.blobs.put_staged(path.read_bytes())
        engine.ledger.stage([cover.cover_id for cover in claimed], name, recipe)
        assert index_staged(engine, name) == len(described)
    engine.ledger.finish_listing(job)
    engine.close()


def _blocks(covers: int) -> range:
    return range(-(-Shelf(Path(), covers, SEED, HEIGHT).books // BLOCK))


def _path(folder: Path, block: int) -> Path:
    return folder / f"{block:05d}.npz"


def _result(future: Any) -> None:
    future.result()


def _describe_block(folder: Path, block: int, covers: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    encoder, shelf = _encoder(), Shelf(folder, covers, SEED, HEIGHT)
    rows: list[dict[str, Any]] = []
    described: list[DescribedCover] = []
    for index in range(block * BLOCK, min((block + 1) * BLOCK, shelf.books)):
        book = draw_book(index, seed=SEED, height=HEIGHT)
        sides = {Side.FRONT: book.front} | ({Side.BACK: book.back} if shelf.has_back(index) else {})
        digests = {side: _digest(index, side) for side in sides}
        rows.append(_row(book, digests))
        pixels = [np.asarray(image.convert("RGB")) for image in sides.values()]
        for side, image, embedding in zip(sides, pixels, encoder.embed(pixels), strict=True):
            features = local.describe(image, photo=False)
            words = local.words(features, photo=False)
            id_ = cover_id(book.book_id, side, digests[side])
            described.append(DescribedCover(id_, embedding, words, local.pack(features)))
    _path(folder, block).with_suffix(".json").write_text(json.dumps(rows))
    part = folder / f"{block:05d}.part"
    part.write_bytes(pack_staged(version_of(encoder).recipe_id, described))
    part.replace(_path(folder, block))


@cache
def _encoder() -> Encoder:
    settings = Settings.from_environment({})
    return load_encoder(settings.encoder, settings)


def _digest(index: int, side: Side) -> str:
    """Stands for the SHA-256 of the picture's file, which is never written."""
    return hashlib.sha256(f"drawn {SEED} {HEIGHT} {index} {side.value}".encode()).hexdigest()


def _row(book: DrawnBook, digests: dict[Side, str]) -> dict[str, Any]:
    fields = {
        name: getattr(book, name) for name in ("book_id", "title", "isbn", "publisher", "year", "language")
    }
    return fields | {
        "authors": book.authors,
        "covers": {side.value: digest for side, digest in digests.items()},
    }


def _entries(rows: list[dict[str, Any]]) -> list[Entry]:
    entries = []
    for row in rows:
        covers: dict[str, str] = row.pop("covers")
        book = Book(**row | {"authors": tuple(row["authors"])})
        items = tuple(EntryItem(Side(side), "drawn", digest) for side, digest in covers.items())
        entries.append(Entry(book, items))
    return entries


if __name__ == "__main__":
    main()
