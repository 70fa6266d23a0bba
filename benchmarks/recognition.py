"""Recognition of real phone photos, measured through the product: `recto up`, `recto ingest`, `recto search`.

Prints the right book first by set, the honest "not found", the time of each stage (found and not found), covers
ingested a second, memory and disk per cover. Reads a folder laid out as described in docs/benchmarks.md
(`manifest.csv` for ingest, `queries.csv` with id, file, truth, set).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from recto.python import module_command
from recto.settings import Settings
from recto_workers.instance import temporary

DEFAULT_BENCH = Path(__file__).resolve().parent.parent.parent / "shared" / "bench"


def main() -> None:
    """Run the measurement and print it."""
    arguments = _arguments()
    queries = list(csv.DictReader((arguments.bench / "queries.csv").open()))[:: arguments.every]
    with _data_folder(arguments.data) as folder:
        environment = os.environ | {"RECTO_DATA_DIR": str(folder), "RECTO_ENCODER": arguments.encoder}
        with temporary(Settings.from_environment(environment)):
            before = _index_memory()
            ingest = _recto(environment, "ingest", arguments.bench / "manifest.csv", "--json")[-1]
            after = _index_memory()
            photos = _photos(arguments.bench, queries, arguments.megapixels, folder)
            results = _recto(environment, "search", *photos, "--json", "--limit", "100")
        _report_ingest(ingest, before, after, folder)
    answers = {Path(result["photo"]).name: result for result in results}
    rows = [
        (query, answers[Path(query["file"]).name]) for query in queries if Path(query["file"]).name in answers
    ]
    if len(rows) < len(queries):
        print(f"{len(queries) - len(rows)} photos gave no answer")
    _report_recognition(rows)
    _report_times(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps({"ingest": ingest, "results": results}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--bench", type=Path, default=DEFAULT_BENCH, help="folder with manifest.csv and queries.csv"
    )
    parser.add_argument("--encoder", default=Settings().encoder, help="encoder of the catalogue")
    parser.add_argument("--data", type=Path, help="data folder to keep (default: a temporary one)")
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo only")
    parser.add_argument(
        "--megapixels", type=float, help="enlarge the photos to so many megapixels, as cameras send them"
    )
    parser.add_argument("--json", type=Path, help="write the raw results here")
    arguments = parser.parse_args()
    if not (arguments.bench / "queries.csv").is_file():
        sys.exit(f"{arguments.bench} holds no queries.csv; name the labelled photos with --bench")
    return arguments


def _photos(
    bench: Path, queries: Sequence[dict[str, str]], megapixels: float | None, folder: Path
) -> list[Path]:
    """The photos; enlarged ones are written into the data folder first, under the same names."""
    photos = [bench / query["file"] for query in queries]
    if megapixels is None:
        return photos
    enlarged = folder / "enlarged"
    enlarged.mkdir(exist_ok=True)
    for photo in photos:
        with Image.open(photo) as image:
            scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
            size = (round(image.width * scale), round(image.height * scale))
            image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(
                enlarged / photo.name, quality=92
            )
    return [enlarged / photo.name for photo in photos]


@contextmanager
def _data_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="recto-bench-") as folder:
        yield Path(folder)


def _recto(environment: dict[str, str], *arguments: object) -> list[dict[str, Any]]:
    command = module_command("recto_web.cli", *map(str, arguments))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 3, 4):
        sys.exit(f"{' '.join(command[:5])} ... ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _index_memory() -> tuple[float, float]:
    """Anonymous and file-backed resident memory of the index process, in MiB."""
    for process in psutil.Process().children(recursive=True):
        if "index" in process.cmdline() and "recto_workers.run" in process.cmdline():
            memory = process.memory_full_info()
            return (memory.rss - memory.shared) / 2**20, memory.shared / 2**20
    return 0.0, 0.0


def _report_ingest(
    ingest: dict[str, Any], before: tuple[float, float], after: tuple[float, float], folder: Path
) -> None:
    covers = max(ingest["indexed"], 1)
    print(
        f"ingested   {ingest['indexed']} covers in {ingest['seconds']:.1f} s: {covers / ingest['seconds']:.1f} a second"
    )
    print(f"failed     {ingest['failed']}")
    print(
        f"memory     index process {after[0]:.0f} MiB anonymous "
        f"(+{(after[0] - before[0]) * 1024 / covers:.1f} KiB a cover), "
        f"{after[1]:.0f} MiB file-backed"
    )
    for part in ("index", "blobs", "thumbnails"):
        print(f"disk       {part:10} {_disk(folder.glob(f'{part}/**/*')) / 1024 / covers:.1f} KiB a cover")
    print(f"disk       ledger     {_disk(folder.glob('ledger.sqlite3*')) / 1024 / covers:.1f} KiB a cover")


def _disk(files: Iterable[Path]) -> int:
    """Bytes that files take on disk; the engine's preallocated holes take none."""
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def _report_recognition(rows: Sequence[tuple[dict[str, str], dict[str, Any]]]) -> None:
    print("\nset          photos  first  in 10  in 100  found  ambiguous  not found")
    for name in sorted({query["set"] for query, _ in rows}):
        own = [(query["truth"], result) for query, result in rows if query["set"] == name]
        ranks = [_rank(truth, result) for truth, result in own]
        verdicts = [result["verdict"] for _, result in own]
        recalls = [np.mean([0 < rank <= k for rank in ranks]) for k in (1, 10, 100)]
        print(
            f"{name:12} {len(own):6}  {recalls[0]:.3f}  {recalls[1]:.3f}  {recalls[2]:.3f}"
            f"   {verdicts.count('found'):5}"
            f"  {verdicts.count('ambiguous'):9}  {verdicts.count('not_found'):9}"
        )
    misses = [query["id"] for query, result in rows if query["truth"] and _rank(query["truth"], result) != 1]
    print("not first:", ", ".join(misses) or "none")
    wrong = [query["id"] for query, result in rows if not query["truth"] and result["verdict"] != "not_found"]
    print("found although not in the catalogue:", ", ".join(wrong) or "none")


def _rank(truth: str, result: dict[str, Any]) -> int:
    books = [book["book_id"] for book in result["books"]]
    return books.index(truth) + 1 if truth in books else 0


def _report_times(rows: Sequence[tuple[dict[str, str], dict[str, Any]]]) -> None:
    stages = list(dict.fromkeys(stage for _, result in rows for stage in result["timings_ms"]))
    print("\nms, p50 / p95   " + "  ".join(f"{stage:>13}" for stage in stages))
    for label, found in (("found", True), ("not found", False)):
        times = [r["timings_ms"] for _, r in rows if (r["verdict"] != "not_found") is found]
        if times:
            cells = [np.percentile([time.get(stage, 0.0) for time in times], (50, 95)) for stage in stages]
            print(
                f"{label:15} "
                + "  ".join(f"{p50:6.1f}/{p95:6.1f}" for p50, p95 in cells)
                + f"   ({len(times)})"
            )


if __name__ == "__main__":
    main()
