"""How well differences between a photo and a cover are found: `python benchmarks/differences.py`.

Drawn covers, with and without a change whose place is known, are photographed by the simulator and compared with the
unchanged cover. Hands over the cover are left out: they are a difference, but none of the book. `--seed` picks covers
and photos; the numbers in the code were chosen on seed 1, those of docs/recognition.md are of seed 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from recto.comparison.photo_cover.compare import compare
from recto.vectors import RGB
from recto_lab.synthetic import EASY, TYPICAL, PhotoOptions, photograph, siblings
from recto_lab.synthetic.design import start_design
from recto_lab.synthetic.front.draw import draw_front
from recto_lab.synthetic.photo.objects import add_label
from recto_lab.synthetic.plan import plan_book

SHELF_SEED, HEIGHT = 424_242, 720
COVERED = 0.3
"""A change counts as marked when the regions cover so much of what was changed and can be judged."""
FALSE_BELOW = 0.1
"""A region is false when less of it lies on the change."""

Mask = npt.NDArray[np.bool_]
Change = Callable[[np.random.Generator, int, RGB], RGB | None]


@dataclass(frozen=True)
class Case:
    """A photo of a cover that may differ from the catalogue's; `changed` is a mask of the catalogue's cover."""

    kind: str
    cover: RGB
    photo: RGB
    changed: Mask


def front(index: int, title: str = "") -> RGB:
    """The front of a drawn book, under another title where one is given."""
    plan = plan_book(index, SHELF_SEED)
    drawn = draw_front(start_design(replace(plan, title=title) if title else plan, HEIGHT))
    return np.asarray(drawn.convert("RGB"))


def unchanged(_: np.random.Generator, __: int, cover: RGB) -> RGB | None:
    """The same cover."""
    return cover


def sticker(rng: np.random.Generator, _: int, cover: RGB) -> RGB | None:
    """A library label or price sticker."""
    return np.asarray(add_label(rng, cover))


def price_box(rng: np.random.Generator, _: int, cover: RGB) -> RGB | None:
    """A printed price in a small box."""
    high, wide = cover.shape[:2]
    tall, broad = int(high * rng.uniform(0.035, 0.055)), int(wide * rng.uniform(0.16, 0.26))
    x, y = int(rng.uniform(0.03, 0.94) * (wide - broad)), int(rng.uniform(0.03, 0.97) * (high - tall))
    paper, ink = ((250, 245, 90), (20, 20, 20)) if rng.random() < 0.5 else ((190, 25, 30), (255, 255, 255))
    changed = cover.copy()
    cv2.rectangle(changed, (x, y), (x + broad, y + tall), paper, -1)
    price = f"${rng.integers(3, 40)}.{rng.integers(10, 99)}"
    place = (x + broad // 10, y + tall * 3 // 4)
    cv2.putText(changed, price, place, cv2.FONT_HERSHEY_DUPLEX, tall / 45, ink, 1, cv2.LINE_AA)
    return changed


def lettering(_: np.random.Generator, index: int, __: RGB) -> RGB | None:
    """The same design under the title of another book in the same language."""
    mine = plan_book(index, SHELF_SEED)
    others = (plan_book(other, SHELF_SEED) for other in range(index + 1, index + 400))
    title = next(plan.title for plan in others if plan.language == mine.language and plan.title != mine.title)
    return front(index, title)


def volume(_: np.random.Generator, index: int, __: RGB) -> RGB | None:
    """Another volume of the series; None for a book of no series."""
    others = siblings(index, SHELF_SEED)
    return front(others[0]) if others else None


KINDS: dict[str, Change] = {
    "unchanged": unchanged,
    "sticker": sticker,
    "price box": price_box,
    "lettering": lettering,
    "volume": volume,
}


def cases(seed: int, count: int, options: PhotoOptions) -> Iterator[Case]:
    """`count` photos of each kind of change."""
    options = replace(options, sticker=0.0, finger=0.0)
    for kind, change in KINDS.items():
        rng = np.random.default_rng((seed, list(KINDS).index(kind)))
        made = 0
        while made < count:
            index = int(rng.integers(100_000))
            cover = front(index)
            shown = change(rng, index, cover)
            if shown is None:
                continue
            shown = np.asarray(Image.fromarray(shown).resize((cover.shape[1], cover.shape[0])))
            photo = photograph(Image.fromarray(shown), rng, options=options)
            made += 1
            yield Case(kind, cover, np.asarray(photo.image), _changed(cover, shown))


def _changed(cover: RGB, shown: RGB) -> Mask:
    apart = np.abs(cover.astype(int) - shown).max(axis=2) > 40
    size = max(3, cover.shape[0] // 60) | 1
    closed = cv2.morphologyEx(apart.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    return np.asarray(closed > 0)


@dataclass(frozen=True)
class Score:
    """What was found in one photo. `marked` is None where the change cannot be judged, or there is none.

    Times are those of the processor, so that other work does not count.
    """

    kind: str
    aligned: bool
    marked: bool | None
    false_regions: int
    share: float
    judged: float
    changed: float
    milliseconds: float


def score(case: Case) -> Score:
    """Compare one photo with its cover and look where the regions lie."""
    start = time.process_time()
    found = compare(case.photo, case.cover)
    spent = (time.process_time() - start) * 1000
    changed = float(case.changed.mean())
    if found is None:
        return Score(case.kind, False, None, 0, 0.0, 0.0, changed, spent)
    size = (found.differs.shape[1], found.differs.shape[0])
    truth = cv2.resize(case.changed.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    near = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    can = truth & found.judged
    marked = None
    if truth.any() and can.sum() > 0.5 * truth.sum():
        marked = bool((found.differs & can).sum() > COVERED * can.sum())
    false = sum(
        (found.labels == number + 1)[near].sum() < FALSE_BELOW * (found.labels == number + 1).sum()
        for number in range(len(found.regions))
    )
    return Score(
        case.kind,
        True,
        marked,
        int(false),
        float(found.differs.mean()),
        float(found.judged.mean()),
        changed,
        spent,
    )


def report(scores: list[Score]) -> None:
    """Print a row for each kind."""
    print(
        "| photos of | aligned | marked | hidden | false regions per photo | photos with one | ms p50 / p95 |"
    )
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        mine = [each for each in scores if each.kind == kind]
        aligned = [each for each in mine if each.aligned]
        told = [each.marked for each in aligned if each.marked is not None]
        marked = f"{np.mean(told):.2f} of {len(told)}" if told else "-"
        hidden = 0 if kind == "unchanged" else len(aligned) - len(told)
        false = np.array([each.false_regions for each in aligned] or [0])
        times = "{:.0f} / {:.0f}".format(*np.percentile([each.milliseconds for each in mine], [50, 95]))
        print(
            f"| {kind} | {len(aligned)} of {len(mine)} | {marked} | {hidden} | {false.mean():.2f} "
            f"| {(false > 0).mean():.2f} | {times} |"
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--count", type=int, default=40, help="photos of each kind")
    parser.add_argument(
        "--options", choices=("easy", "typical"), default="typical", help="how hard the photos are"
    )
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    options = EASY if arguments.options == "easy" else TYPICAL
    report([score(case) for case in cases(arguments.seed, arguments.count, options)])


if __name__ == "__main__":
    main()
