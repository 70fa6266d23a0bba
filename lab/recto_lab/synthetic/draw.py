"""A shelf as files with a manifest: `python -m recto_lab.synthetic.draw FOLDER --covers 20000`.

Several processes draw blocks of books. A block that is complete has its rows under `rows/`, so that an interrupted
call is simply done again; the manifest is written when all are there.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click

from recto.python import spawn_context
from recto_lab.synthetic.book import draw_book
from recto_lab.synthetic.store import NO_BACK_EVERY, store_book

BLOCK = 60
"""Books that one process draws at a time, about three seconds of work; a multiple of NO_BACK_EVERY."""


@dataclass(frozen=True)
class Shelf:
    """What to draw, and where: the first books of a seed that have `covers` covers together."""

    folder: Path
    covers: int
    seed: int
    height: int

    @property
    def books(self) -> int:
        """Number of books: every sixth has one cover, the others have two."""
        whole, rest = divmod(self.covers, 2 * NO_BACK_EVERY - 1)
        return whole * NO_BACK_EVERY + (rest // 2 + 1 if rest else 0)  # the first of six has no back

    def has_back(self, index: int) -> bool:
        """Whether the back of a book is drawn; not that of the last one where it would be one cover too many."""
        before = 2 * index - -(-index // NO_BACK_EVERY)
        return index % NO_BACK_EVERY > 0 and before + 2 <= self.covers

    def rows_of(self, block: int) -> Path:
        """The file with the rows of a complete block; another seed or height has files of its own."""
        return self.folder / "rows" / f"{self.seed}-{self.height}-{self.covers}" / f"{block:05d}.jsonl"


def draw_block(shelf: Shelf, block: int) -> int:
    """Draw one block of books into a folder of its own, unless that was done; returns the number of books."""
    indices = range(block * BLOCK, min((block + 1) * BLOCK, shelf.books))
    rows = shelf.rows_of(block)
    if rows.is_file():
        return len(indices)
    folder = shelf.folder / f"{block:05d}"
    folder.mkdir(parents=True, exist_ok=True)
    rows.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(_row(shelf, folder, index), ensure_ascii=False) + "\n" for index in indices]
    part = rows.with_suffix(".part")
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(rows)  # last: it says that all of the block is there
    return len(indices)


def _row(shelf: Shelf, folder: Path, index: int) -> dict[str, object]:
    book = draw_book(index, seed=shelf.seed, height=shelf.height)
    row = store_book(folder, book, with_back=shelf.has_back(index))
    return row | {side: f"{folder.name}/{row[side]}" for side in ("front", "back") if side in row}


def write_manifest(shelf: Shelf, blocks: int) -> Path:
    """Join the rows of all blocks, in order."""
    manifest = shelf.folder / "manifest.jsonl"
    part = manifest.with_suffix(".part")
    with part.open("wb") as joined:
        for block in range(blocks):
            with shelf.rows_of(block).open("rb") as rows:
                shutil.copyfileobj(rows, joined)
    part.replace(manifest)
    return manifest


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--covers", default=20_000, show_default=True, help="How many covers, fronts and backs together."
)
@click.option("--seed", default=7, show_default=True, help="Seed of the shelf.")
@click.option("--height", default=720, show_default=True, help="Height of a cover in pixels.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True, help="How many draw at once.")
def main(folder: Path, covers: int, seed: int, height: int, processes: int) -> None:
    """Draw a shelf of books into FOLDER, with a manifest; an interrupted call is simply done again."""
    shelf = Shelf(folder, covers, seed, height)
    blocks = -(-shelf.books // BLOCK)
    context = spawn_context()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        drawing = [pool.submit(draw_block, shelf, block) for block in range(blocks)]
        with click.progressbar(length=shelf.books, label="Drawing books") as bar:
            for done in as_completed(drawing):
                bar.update(done.result())
    click.echo(f"{covers:,} covers of {shelf.books:,} books: {write_manifest(shelf, blocks)}")


if __name__ == "__main__":
    main()
