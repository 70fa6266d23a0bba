"""The matched points as a drawing: a photo and a cover in one picture, with lines between them. Plain arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 40
"""Lines drawn at most, spread over the cover: more cannot be followed by eye."""
ROWS, COLUMNS = 9, 6
PANEL = 1000.0
"""Height of both panels beside each other, width of both below each other, in units of the drawing."""
TALLEST = 1050.0
"""Height of a panel at most where they stand below each other."""
GAP = 70.0
MARGIN = 0.06
"""Room around the cover in the photo, as a share of its longest side."""

Point = Sequence[float]


@dataclass(frozen=True)
class Panel:
    """A picture in the drawing: where it stands, and which part of it (x, y, width, height in its pixels) is shown."""

    x: float
    y: float
    width: float
    height: float
    crop: tuple[float, float, float, float]
    size: tuple[float, float]

    def place(self, point: Point) -> tuple[float, float]:
        """A pixel of the picture -> units of the drawing."""
        left, top, wide, tall = self.crop
        return (
            round(self.x + (point[0] - left) / wide * self.width, 1),
            round(self.y + (point[1] - top) / tall * self.height, 1),
        )

    @property
    def view_box(self) -> str:
        """The part as an attribute of SVG."""
        return " ".join(f"{value:.1f}" for value in self.crop)


@dataclass(frozen=True)
class Line:
    """A matched point in the photo (x1, y1) and on the cover (x2, y2)."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Drawing:
    """Photo and cover with the lines between them; `width`, `height` in units of the drawing."""

    width: float
    height: float
    photo: Panel
    cover: Panel
    lines: tuple[Line, ...]
    outline: str


def draw(
    photo_size: Point, cover_size: Point, outline: Sequence[Point], matches: Sequence[Point], *, beside: bool
) -> Drawing:
    """The drawing of matches (x, y in the photo, x, y on the cover); panels `beside` or below each other."""
    crop = _around(outline, photo_size)
    whole = (0.0, 0.0, float(cover_size[0]), float(cover_size[1]))
    if beside:
        photo = _panel(0, 0, PANEL / crop[3], crop, photo_size)
        cover = _panel(photo.width + GAP, 0, PANEL / whole[3], whole, cover_size)
        width, height = cover.x + cover.width, PANEL
    else:
        photo = _centred(0, crop, photo_size)
        cover = _centred(photo.height + GAP, whole, cover_size)
        width, height = PANEL, cover.y + cover.height
    lines = [Line(*photo.place(match[:2]), *cover.place(match[2:])) for match in _spread(matches, cover_size)]
    corners = " ".join(f"{x:.0f},{y:.0f}" for x, y in map(photo.place, outline))
    return Drawing(width, height, photo, cover, tuple(lines), corners)


def _spread(matches: Sequence[Point], cover_size: Point) -> list[Point]:
    """Some of the matches, from all parts of the cover."""
    cells: dict[tuple[int, int], list[Point]] = {}
    for match in matches:
        column = int(match[2] / cover_size[0] * COLUMNS)
        row = int(match[3] / cover_size[1] * ROWS)
        cells.setdefault((row, column), []).append(match)
    turns = max((len(cell) for cell in cells.values()), default=0)
    inorder = [cell[turn] for turn in range(turns) for cell in cells.values() if turn < len(cell)]
    return inorder[:MOST_LINES]


def _around(outline: Sequence[Point], size: Point) -> tuple[float, float, float, float]:
    """The part of the photo around the cover, inside the photo."""
    across, down = [point[0] for point in outline], [point[1] for point in outline]
    margin = MARGIN * max(max(across) - min(across), max(down) - min(down))
    left, top = max(0.0, min(across) - margin), max(0.0, min(down) - margin)
    right, bottom = min(float(size[0]), max(across) + margin), min(float(size[1]), max(down) + margin)
    return left, top, max(right - left, 1.0), max(bottom - top, 1.0)


def _panel(x: float, y: float, scale: float, crop: tuple[float, float, float, float], size: Point) -> Panel:
    return Panel(x, y, crop[2] * scale, crop[3] * scale, crop, (float(size[0]), float(size[1])))


def _centred(y: float, crop: tuple[float, float, float, float], size: Point) -> Panel:
    scale = min(PANEL / crop[2], TALLEST / crop[3])
    return _panel((PANEL - crop[2] * scale) / 2, y, scale, crop, size)
