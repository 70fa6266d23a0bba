"""Things put into the picture: books with thickness and shadow, stickers, fingers."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.noise import colour_map, fractal
from recto_lab.synthetic.photo.geometry import Corners, homography
from recto_lab.synthetic.types import Colour, Pixels

_SHIFT = 4
_SKIN: tuple[Colour, ...] = ((228, 180, 150), (205, 150, 118), (160, 108, 78), (100, 66, 48), (240, 200, 175))


def fill(pixels: Pixels, corners: np.ndarray, colour: Colour) -> None:
    """A filled convex polygon at pixel corners (n, 2), pixel centres being whole numbers."""
    cv2.fillConvexPoly(
        pixels, np.round(corners * (1 << _SHIFT)).astype(np.int32), colour, cv2.LINE_AA, _SHIFT
    )


def lay_book(rng: np.random.Generator, pixels: Pixels, cover: Pixels, face: Corners, foot: Corners) -> None:
    """Draw a book into the photo: its shadow on the table, its edges, its cover."""
    _cast_shadow(rng, pixels, foot)
    _edges(rng, pixels, cover, face, foot)
    paste_cover(pixels, cover, face)


def _cast_shadow(rng: np.random.Generator, pixels: Pixels, foot: Corners) -> None:
    high, wide = pixels.shape[:2]
    reach = float(np.linalg.norm(foot[0] - foot[2]))
    offset = rng.normal(0, 0.02, 2).astype(np.float32) * reach
    # A quarter of the size is enough for something as soft as a shadow.
    mask = np.zeros(((high + 3) // 4, (wide + 3) // 4), np.uint8)
    cv2.fillConvexPoly(mask, np.round((foot + offset) / 4).astype(np.int32), 255)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, reach / 4 * float(rng.uniform(0.008, 0.03))))
    dark = cv2.resize(soft, (wide, high), interpolation=cv2.INTER_LINEAR)
    share = float(rng.uniform(0.3, 0.75))
    keep = 255 - (dark * share).astype(np.uint8)
    cv2.multiply(pixels, cv2.merge([keep, keep, keep]), pixels, 1 / 255)


def _edges(rng: np.random.Generator, pixels: Pixels, cover: Pixels, face: Corners, foot: Corners) -> None:
    paper: Colour = (int(rng.integers(190, 245)), int(rng.integers(185, 238)), int(rng.integers(160, 225)))
    red, green, blue = (int(part) for part in cover[:, :3].reshape(-1, 3).mean(axis=0) * 0.8)
    spine: Colour = (red, green, blue)
    case = (25, 25, 28) if rng.random() < 0.1 else None
    for start in range(4):
        end = (start + 1) % 4
        quad = np.stack([face[start], face[end], foot[end], foot[start]])
        colour = case or (spine if start == 3 else paper)  # the fourth edge runs up the spine
        shade = float(rng.uniform(0.5, 1.0))
        fill(pixels, quad, (int(colour[0] * shade), int(colour[1] * shade), int(colour[2] * shade)))


def paste_cover(pixels: Pixels, cover: Pixels, corners: Corners) -> None:
    """Warp a cover onto its corners, with smooth edges."""
    high, wide = pixels.shape[:2]
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, (wide, high))
    if right <= left or bottom <= top:
        return
    cover = _prefiltered(cover, corners)
    matrix = homography((cover.shape[1], cover.shape[0]), corners - np.array([left, top], np.float32))
    size = (int(right - left), int(bottom - top))
    warped = cv2.warpPerspective(cover, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    shifted = (corners - np.array([left, top], np.float32)) * (1 << _SHIFT)
    cv2.fillConvexPoly(mask, np.round(shifted).astype(np.int32), 255, cv2.LINE_AA, _SHIFT)
    share = mask.astype(np.float32) / 255
    region = pixels[top:bottom, left:right]
    region[:] = cv2.blendLinear(np.asarray(warped, np.uint8), np.ascontiguousarray(region), share, 1 - share)


def _prefiltered(cover: Pixels, corners: Corners) -> Pixels:
    """The cover at about the resolution it has in the photo, so that the warp does not alias."""
    across = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    down = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    size = (max(2, round(float(across))), max(2, round(float(down))))
    if size[0] >= cover.shape[1] or size[1] >= cover.shape[0]:
        return cover
    return np.asarray(cv2.resize(cover, size, interpolation=cv2.INTER_AREA), np.uint8)


def add_label(rng: np.random.Generator, cover: Pixels) -> Pixels:
    """A library label or price sticker on a copy of the cover."""
    cover = cover.copy()
    high, wide = cover.shape[:2]
    tall, broad = int(high * rng.uniform(0.06, 0.2)), int(wide * rng.uniform(0.12, 0.4))
    if rng.random() < 0.5:  # in a corner, as libraries do
        x = int(rng.choice([0.02, 0.97 - broad / wide]) * wide)
        y = int(rng.choice([0.02, 0.97 - tall / high]) * high)
    else:
        x, y = int(rng.uniform(0, wide - broad)), int(rng.uniform(0, high - tall))
    paper = (
        (int(rng.integers(215, 255)),) * 3
        if rng.random() < 0.75
        else tuple(int(c) for c in rng.integers(90, 255, 3))
    )
    cv2.rectangle(cover, (x, y), (x + broad, y + tall), paper, -1)
    if rng.random() < 0.5:
        right = x + broad
        for bar in range(x + broad // 10, right - broad // 10, 2):
            if rng.random() < 0.5:
                cv2.line(cover, (bar, y + tall // 5), (bar, y + tall // 2), (20, 20, 20), 1)
    for row in range(int(rng.integers(1, 5))):
        text = "".join(chr(int(code)) for code in rng.integers(48, 91, int(rng.integers(3, 9))))
        place = (x + broad // 12, y + tall * 6 // 10 + row * tall // 9)
        cv2.putText(cover, text, place, cv2.FONT_HERSHEY_SIMPLEX, tall / 330, (40, 40, 40), 1, cv2.LINE_AA)
    return cover


def add_fingers(rng: np.random.Generator, pixels: Pixels, corners: Corners) -> None:
    """One to four fingers that reach over an edge of the cover from outside."""
    side = int(rng.integers(4))
    start, end = corners[side], corners[(side + 1) % 4]
    centre = corners.mean(axis=0)
    reach = float(np.linalg.norm(corners[0] - corners[2]))
    thick = reach * float(rng.uniform(0.03, 0.055))
    skin = np.array(_SKIN[int(rng.integers(len(_SKIN)))], np.float32) * float(rng.uniform(0.7, 1.05))
    place = float(rng.uniform(0.1, 0.7))
    # A thumb, or the row of fingers of a hand that holds the book.
    for number in range(int(rng.choice([1, 1, 1, 2, 3, 4]))):
        root_at = start + (end - start) * (
            place + number * 2.3 * thick / max(1.0, float(np.linalg.norm(end - start)))
        )
        inward = (centre - root_at) / max(1.0, float(np.linalg.norm(centre - root_at)))
        inward = inward + rng.normal(0, 0.12, 2)
        tip = root_at + inward * reach * float(rng.uniform(0.03, 0.14))
        _finger(pixels, root_at - inward * reach * 0.8, tip, thick, skin)


def _finger(pixels: Pixels, root: np.ndarray, tip: np.ndarray, thick: float, skin: np.ndarray) -> None:
    # Nested strokes, darker outside, give a finger its roundness.
    for share, light in ((1.0, 0.62), (0.85, 0.8), (0.65, 0.93), (0.4, 1.0)):
        red, green, blue = (int(min(255.0, part * light)) for part in skin)
        ends = [(int(point[0] * 16), int(point[1] * 16)) for point in (root, tip)]
        cv2.line(
            pixels,
            ends[0],
            ends[1],
            (red, green, blue),
            max(1, round(2 * thick * share)),
            cv2.LINE_AA,
            _SHIFT,
        )
    red, green, blue = (int(min(255.0, part)) for part in skin * 0.6 + np.array([100, 85, 80]))
    angle = float(np.degrees(np.arctan2(tip[1] - root[1], tip[0] - root[0])))
    nail = (int(tip[0]), int(tip[1]))
    cv2.ellipse(
        pixels,
        nail,
        (max(1, round(0.5 * thick)), max(1, round(0.4 * thick))),
        angle,
        0,
        360,
        (red, green, blue),
        -1,
        cv2.LINE_AA,
    )


def curled(rng: np.random.Generator, cover: Pixels) -> Pixels:
    """The cover with its inside shifted by up to 2 % of its height, as paper that bulges; the edges stay."""
    high, wide = cover.shape[:2]
    x, y = np.meshgrid(np.linspace(0, 1, wide, dtype=np.float32), np.linspace(0, 1, high, dtype=np.float32))
    bulge = np.sin(np.pi * x) * np.sin(np.pi * y) * high
    across, down = rng.uniform(-0.02, 0.02, 2)
    columns, rows = x * (wide - 1) + bulge * np.float32(across), y * (high - 1) + bulge * np.float32(down)
    return np.asarray(
        cv2.remap(cover, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def lay_case(rng: np.random.Generator, pixels: Pixels, face: Corners, foot: Corners) -> None:
    """A dark case under the cover that shows on all sides."""
    grow = 1 + float(rng.uniform(0.03, 0.14))
    centre = face.mean(axis=0)
    outer, below = centre + (face - centre) * grow, centre + (foot - centre) * grow
    tone = int(rng.integers(10, 70))
    _cast_shadow(rng, pixels, below)
    for start in range(4):
        end = (start + 1) % 4
        fill(
            pixels,
            np.stack([outer[start], outer[end], below[end], below[start]]),
            (tone // 2, tone // 2, tone // 2),
        )
    fill(pixels, outer, (tone, tone, tone + 2))


def stand_in_cover(rng: np.random.Generator) -> Pixels:
    """A simple cover for the clutter when no others are given: a texture and some bars of type."""
    high, wide = 96, int(rng.integers(60, 90))
    colours = [tuple(int(part) for part in rng.integers(0, 255, 3)) for _ in range(3)]
    field = fractal(rng, high, wide, cells=(3, 3), octaves=4)
    cover = colour_map(field, [(red, green, blue) for red, green, blue in colours])
    for _ in range(int(rng.integers(1, 6))):
        x, y = int(rng.integers(0, wide // 2)), int(rng.integers(4, high - 8))
        cv2.rectangle(
            cover, (x, y), (x + int(rng.integers(10, 40)), y + int(rng.integers(2, 8))), colours[0], -1
        )
    return cover
