"""Which features, and which way to match and to fit, tell the right cover from the hardest wrong ones.

    OPENBLAS_NUM_THREADS=1 nice -n 5 python benchmarks/verification.py
    OPENBLAS_NUM_THREADS=1 python benchmarks/verification.py --every 10 shipped "ORB 1000, covers 400" "ratio 0.9"

Each labelled photo of `--bench` meets its true cover and hard wrong ones (`hard_cases.py`), as it was taken and far
away. The threshold is the lowest number of inliers that at most `FALSE_ACCEPT` of the photos of DVDs and of nothing
reach with their best wrong cover: nothing is chosen on the photos of books. Milliseconds are of processor time.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from feature_kinds import KINDS, photos_of
from hard_cases import Case, find_cases, picture, rows
from matching_ways import WAYS, changed

from recto.features import LocalFeatures, verify
from recto.vectors import RGB

FALSE_ACCEPT = 0.01
STEPS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 20, 30, 40, 60)
SUBSETS = ("smvs_dvd", "smvs_dvd far", "smvs_book", "smvs_book far")
Timed = tuple[LocalFeatures, float]
"""Features of an image and the milliseconds that they took."""


@dataclass
class Outcome:
    """Inliers of true covers and of the best wrong cover of each photo, by set; what it costs.

    Milliseconds of each cover, of each photo and of a candidate on average; bytes of a cover on average.
    """

    true: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    cover_ms: Sequence[float] = ()
    photo_ms: Sequence[float] = ()
    verify_ms: float = 0.0
    stored: float = 0.0


def measure(name: str, cases: Sequence[Case], bench: Path, folder: Path) -> Outcome:
    """Verify all cases, near and far, by one kind of features or one way to match."""
    kind = name if name in KINDS else "shipped"
    covers, near, far = described_covers(kind, bench, folder), *described_photos(kind, bench, folder)
    outcome, spent, verified = Outcome(), 0.0, 0
    with changed({**KINDS[kind].changes, **WAYS.get(name, {})}):
        for case, (suffix, photos) in ((case, one) for case in cases for one in (("", near), (" far", far))):
            numbers = [case.truth, *case.wrong] if case.truth >= 0 else case.wrong
            start = time.process_time()
            photo = verify.PreparedPhoto(photos[case.photo][0])
            found = [verify.verify(photo, covers[number][0]) for number in numbers]
            spent += time.process_time() - start
            verified += len(found)
            inliers = [match.inliers if match else 0 for match in found]
            if case.truth >= 0:
                outcome.true[case.subset + suffix].append(inliers.pop(0))
            outcome.wrong[case.subset + suffix].append(max(inliers))
    outcome.cover_ms, outcome.photo_ms = [ms for _, ms in covers], [ms for _, ms in near]
    outcome.verify_ms = spent * 1000 / verified
    outcome.stored = float(np.mean([len(features) for features, _ in covers])) * KINDS[kind].point_bytes
    return outcome


def described_covers(kind: str, bench: Path, folder: Path) -> list[Timed]:
    """All covers described by a kind of features."""

    def describe_all() -> list[Timed]:
        files = [bench / row["file"] for row in rows(bench, "catalogue.csv")]
        timed(kind, picture(files[0]), photo=False)  # get warm
        return [timed(kind, picture(file), photo=False) for file in files]

    found: list[Timed] = kept(folder, f"covers {kind}", describe_all)
    return found


def described_photos(kind: str, bench: Path, folder: Path) -> tuple[list[Timed], list[Timed]]:
    """All photos described by a kind of features, as taken and far away."""
    kind = photos_of(kind)

    def describe_all() -> tuple[list[Timed], list[Timed]]:
        files = [bench / row["file"] for row in rows(bench, "queries.csv")]
        timed(kind, picture(files[0]), photo=True)
        near, far = ([timed(kind, picture(file, far), photo=True) for file in files] for far in (False, True))
        return near, far

    found: tuple[list[Timed], list[Timed]] = kept(folder, f"photos {kind}", describe_all)
    return found


def timed(kind: str, image: RGB, *, photo: bool) -> Timed:
    """Features of an image with the milliseconds that they took."""
    start = time.process_time()
    features = KINDS[kind].describe(image, photo=photo)
    return features, (time.process_time() - start) * 1000


def kept(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, from a file when it was made before."""
    file = folder / f"{name.replace('/', '-')}.pickle"
    if not file.exists():
        made = pickle.dumps(make())
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as unfinished:
            unfinished.write(made)
        Path(unfinished.name).rename(file)
    return pickle.loads(file.read_bytes())


def row(name: str, outcome: Outcome) -> str:
    """One row of the table of configurations."""
    wrong, books = joined(outcome.wrong, books=False), joined(outcome.wrong, books=True)
    threshold = next(count for count in range(1, 1000) if np.mean(wrong >= count) <= FALSE_ACCEPT)
    costs = f"{np.median(outcome.cover_ms):.0f} / {np.mean(outcome.cover_ms):.0f}"
    cells = [name, costs, f"{np.median(outcome.photo_ms):.0f}", f"{outcome.verify_ms:.2f}"]
    cells += [f"{outcome.stored / 1024:.1f}", str(threshold)]
    for subset in SUBSETS:
        inliers = np.array(outcome.true[subset])
        first, fifth, middle = np.percentile(inliers, [1, 5, 50])
        cells.append(f"{np.mean(inliers >= threshold):.3f} ({first:.0f} / {fifth:.0f} / {middle:.0f})")
    cells.append(f"{np.percentile(wrong, 99):.0f} / {wrong.max()} ({books.max()})")
    cells.append(f"{area_under_curve(joined(outcome.true, books=False), wrong):.4f}")
    return f"| {' | '.join(cells)} |"


def joined(inliers: dict[str, list[int]], *, books: bool) -> Any:
    """Inliers of the sets of books, or of all others, near and far."""
    return np.concatenate([counts for subset, counts in inliers.items() if ("book" in subset) == books])


def area_under_curve(right: Any, wrong: Any) -> float:
    """Probability that a true cover has more inliers than the best wrong one of any photo; a tie counts half."""
    difference = right[:, None] - wrong[None]
    return float(np.mean(difference > 0) + np.mean(difference == 0) / 2)


def steps(outcome: Outcome) -> Iterator[str]:
    """Share of photos whose best wrong and whose true cover reach so many inliers."""
    wrong = (*SUBSETS, "negative", "negative far")
    yield (
        "\n| inliers | " + " | ".join(f"wrong, {name}" for name in wrong) + " | " + " | ".join(SUBSETS) + " |"
    )
    yield "|---" * (1 + len(wrong) + len(SUBSETS)) + "|"
    for count in STEPS:
        shares = [np.mean(np.array(outcome.wrong[subset]) >= count) for subset in wrong]
        shares += [np.mean(np.array(outcome.true[subset]) >= count) for subset in SUBSETS]
        yield f"| {count} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


HEADER = (
    "| | cover, ms, median / mean | photo, ms | candidate, ms | KB a cover | threshold "
    "| DVDs: accepted (percentiles 1 / 5 / 50) | DVDs far | books | books far "
    "| best wrong, 99 % / most (books) | AUC |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Command line."""
    options = arguments()
    one_thread()
    with cache(options.cache) as folder, Pool(options.processes, one_thread) as pool:
        cases = read_cases(options.bench, folder)[:: options.every]
        print(HEADER)
        tasks = [pool.apply_async(measure, (name, cases, options.bench, folder)) for name in options.names]
        for name, task in zip(options.names, tasks, strict=True):
            print(row(name, task.get()), flush=True)
        if "shipped" in options.names:
            print(*steps(tasks[options.names.index("shipped")].get()), sep="\n")


def read_cases(bench: Path, folder: Path) -> list[Case]:
    """All photos with their hard wrong covers."""
    covers, photos = described_covers("shipped", bench, folder), described_photos("shipped", bench, folder)[0]
    features = [own for own, _ in covers], [own for own, _ in photos]
    cases: list[Case] = kept(folder, "cases", lambda: find_cases(bench, *features))
    return cases


def one_thread() -> None:
    """Keep OpenCV to one core; numpy asks the environment."""
    cv2.setNumThreads(1)


@contextmanager
def cache(folder: Path | None) -> Iterator[Path]:
    """The folder that keeps descriptions, or one for this run only."""
    with tempfile.TemporaryDirectory() as name:
        (folder or Path(name)).mkdir(parents=True, exist_ok=True)
        yield folder or Path(name)


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [*KINDS, *WAYS]
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(known)}".replace("%", "%%"))
    parser.add_argument("--bench", type=Path, default=Path(__file__).parents[2] / "shared" / "bench")
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo only")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="folder that keeps descriptions for another run")
    options = parser.parse_args()
    options.names = options.names or known
    if unknown := set(options.names) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are: {', '.join(known)}")
    return options


if __name__ == "__main__":
    main()
