"""What each part of recognition brings and costs: witnesses, views, looks at outlines and at what is left over.

    python benchmarks/looks.py --data DATA

Reads the labelled photos of `--bench` and searches them inside this process, in the catalogue of a data folder that
holds its covers (`recto ingest BENCH/manifest.csv`; more with `drawn_covers.py`) and that no `recto up` uses. Each
photo is searched once more with its book left out. Tables are made of covers of the catalogue, six on each.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil
import torch
from PIL import Image

from recto.encoders.registry import Lane
from recto.images import MAX_SIDE, Decoded
from recto.records import Side, Verdict, Where
from recto.runtime import Engine
from recto.search import query_views as looks
from recto.search.photo import beside, covers_in
from recto.search.query_views import Look
from recto.search.rank import Evidence, rank, regions
from recto.search.retrieval import Matcher, fuse
from recto.settings import Settings
from recto.timing import StageTimes
from recto.vectors import SparseWords
from recto_lab.synthetic import EASY, TYPICAL, PhotoOptions, photograph_table

DEFAULT_BENCH = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"
SHORTLIST = 100
NOTHING = SparseWords(np.zeros(0, np.uint32), np.zeros(0, np.float32))
WITNESSES: dict[str, Callable[[Look], Look]] = {
    "embedding, upright": lambda look: Look(look.embeddings[:1], look.features, NOTHING, look.to_photo),
    "embedding, 4 turns": lambda look: Look(look.embeddings[:4], look.features, NOTHING, look.to_photo),
    "embedding, 8 views": lambda look: Look(look.embeddings, look.features, NOTHING, look.to_photo),
    "words": lambda look: Look(look.embeddings[:0], look.features, look.words, look.to_photo),
    "both": lambda look: look,
}
STEPS = ("whole", "+ outlines", "+ what is left")


@dataclass
class Tally:
    """What is counted of one set of photos."""

    ranks: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    first: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    verdicts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def main() -> None:
    """Run the measurement and print it."""
    arguments = _arguments()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    settings = Settings.from_environment({"RECTO_DATA_DIR": str(arguments.data)})
    engine = Engine.open(settings, with_index=True)
    lane = engine.live()
    print("covers", sum(engine.index.count(lane.version, side) for side in Side))
    for name, photos in _labelled(arguments.bench, arguments.every).items():
        _report(name, _tally(engine, lane, photos))
    for name, options in (("easy", EASY), ("typical", TYPICAL)):
        tables = _tables(arguments.bench, arguments.tables, options)
        _report_tables(f"tables of six, {name}", engine, lane, tables)
    memory = psutil.Process().memory_info()
    print(f"\nresident less file-backed memory: {(memory.rss - memory.shared) / 2**20:.0f} MiB")
    engine.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=DEFAULT_BENCH)
    parser.add_argument("--data", type=Path, required=True, help="data folder of the catalogue")
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo only")
    parser.add_argument("--tables", type=int, default=20, help="photos of six books of each kind")
    return parser.parse_args()


def _labelled(bench: Path, every: int) -> dict[str, list[tuple[str, Decoded]]]:
    """Photos by set, each with the id of its book, "" for none."""
    sets: dict[str, list[tuple[str, Decoded]]] = defaultdict(list)
    for row in list(csv.DictReader((bench / "queries.csv").open()))[::every]:
        sets[row["set"]].append((row["truth"], _decoded(Image.open(bench / row["file"]))))
    return sets


def _decoded(image: Image.Image) -> Decoded:
    width, height = image.size
    image = image.convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    return Decoded(np.asarray(image), width, height, "JPEG")


def _tally(engine: Engine, lane: Lane, photos: Sequence[tuple[str, Decoded]]) -> Tally:
    tally = Tally()
    for truth, decoded in photos:
        times = StageTimes()
        whole = looks.whole(decoded, lane.encoder, times)
        for name, witness in WITNESSES.items() if truth else ():
            found = _matcher(engine, lane, Where(), times).nearest(witness(whole), SHORTLIST)
            books = [each.book_id for each in fuse(found)]
            tally.ranks[name].append(books.index(truth) if truth in books else SHORTLIST * 2)
        for label, where in [("", Where())] + ([("left out", Where(without=(truth,)))] if truth else []):
            for step, evidence, spent in _steps(engine, lane, decoded, where):
                answer = rank(evidence, limit=100)
                name = f"{step} {label}".strip()
                tally.first[name].append(bool(answer.books) and answer.books[0].book_id == truth)
                tally.verdicts[name].append(answer.verdict.value)
                tally.times[name].append(spent)
    return tally


def _steps(
    engine: Engine, lane: Lane, decoded: Decoded, where: Where
) -> Iterator[tuple[str, list[Evidence], float]]:
    """Evidence after each step, with milliseconds since the beginning."""
    matcher = _matcher(engine, lane, where, StageTimes())
    whole = looks.whole(decoded, lane.encoder, matcher.times)
    evidence = matcher.match(whole, engine.settings.shortlist)
    yield STEPS[0], evidence, matcher.times.report()["total"]
    evidence = evidence + covers_in(matcher, lane, decoded, evidence)
    yield STEPS[1], evidence, matcher.times.report()["total"]
    yield STEPS[2], evidence + beside(matcher, whole, evidence), matcher.times.report()["total"]


def _matcher(engine: Engine, lane: Lane, where: Where, times: StageTimes) -> Matcher:
    calibration = engine.calibrations.of(lane.version.recipe_id)
    return Matcher(engine, lane.version, list(Side), where, 0, calibration, times)


def _report(name: str, tally: Tally) -> None:
    print(f"\n{name}: {len(tally.first[STEPS[0]])} photos")
    for witness, ranks in tally.ranks.items():
        shares = "  ".join(f"{np.mean(np.array(ranks) < k):.3f}" for k in (1, 20, 50, 100))
        print(f"  {witness:20} shortlist @1 @20 @50 @100   {shares}")
    for step, verdicts in tally.verdicts.items():
        portions = {verdict.value: np.mean([each == verdict for each in verdicts]) for verdict in Verdict}
        said = "  ".join(f"{verdict} {share:.3f}" for verdict, share in portions.items())
        p50, p95 = np.percentile(tally.times[step], (50, 95))
        print(f"  {step:25} first {np.mean(tally.first[step]):.3f}  {said}   {p50:.0f} / {p95:.0f} ms")


def _tables(bench: Path, count: int, options: PhotoOptions) -> list[tuple[set[str], Decoded]]:
    rows = list(csv.DictReader((bench / "catalogue.csv").open()))
    tables = []
    for number in range(count):
        rng = np.random.default_rng((7, number))
        chosen = [rows[place] for place in rng.choice(len(rows), 6, replace=False)]
        size = (1600, 1200) if number % 2 else (1200, 1600)
        covers = [Image.open(bench / row["file"]) for row in chosen]
        photo = photograph_table(covers, rng, options=options, size=size)
        tables.append(({row["id"] for row in chosen}, _decoded(photo.image)))
    return tables


def _report_tables(name: str, engine: Engine, lane: Lane, tables: Sequence[tuple[set[str], Decoded]]) -> None:
    answered: dict[str, list[int]] = defaultdict(list)
    wrong: dict[str, list[int]] = defaultdict(list)
    times: dict[str, list[float]] = defaultdict(list)
    for truth, decoded in tables:
        for step, evidence, spent in _steps(engine, lane, decoded, Where()):
            found = {place["books"][0] for place in regions(rank(evidence, limit=100))}
            answered[step].append(len(found & truth))
            wrong[step].append(len(found - truth))
            times[step].append(spent)
    print(f"\n{name}: {len(tables)} photos")
    for step in STEPS:
        six = np.mean(np.array(answered[step]) == 6)
        print(
            f"  {step:25} answered {np.sum(answered[step]) / (6 * len(tables)):.3f}  all six {six:.2f}  "
            f"wrong {np.sum(wrong[step])}   {np.median(times[step]):.0f} ms"
        )


if __name__ == "__main__":
    main()
