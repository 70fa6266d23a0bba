"""Exposure, colour and light of a photo, so that the cover can be shown as the photo's camera would have seen it."""

from __future__ import annotations

import cv2
import numpy as np

from recto.comparison.photo_cover.planes import Mask, blurred
from recto.comparison.photo_cover.rectify import Rectified
from recto.vectors import RGB, Floats

LEVELS = 16
"""Steps of a tone curve."""
FEWEST = 12
"""Pixels that a level needs to count: the ink of a small title is one of few."""
COARSE = 1.2
"""Blur of the cover, in pixels, before its levels are compared with those of a photo, in which fine print is paler."""
ROUNDS = 3
"""Turns of curve and light; a fourth changes nothing."""
SMOOTH_LIGHT = 0.12
"""Smoothing of the light over the cover, as a share of the longest side: lamps and soft shadows, no stickers."""
LIGHT_SIDE = 64
"""Longest side in pixels at which light is estimated."""
GAIN = (0.25, 4.0)
"""Least and most of the light."""
ENDS = (0.03, 0.97)
"""Shares of the pixels between which the colours of a photo are stretched to those of the cover, for the eye."""
STEEP = (0.5, 2.5)
"""Least and most of this stretching: more would show noise."""


def as_photographed(cover: RGB, seen: Rectified) -> Floats:
    """The cover (H, W, 3) in the exposure, colours and light of the photo, as float 0 to 255.

    In turns: one monotone tone curve a channel by medians, which saturates where the photo does, and a smooth gain for
    the light by a median of ratios.
    """
    target = seen.pixels.astype(np.float32)
    source = cover.astype(np.float32)
    light = np.ones(cover.shape[:2], np.float32)
    shown = source
    for _ in range(ROUNDS):
        even = np.clip(target / light[..., None], 0, 400)
        shown = np.stack(
            [_toned(source[..., each], even[..., each], seen.inside) for each in range(3)], axis=2
        )
        shown = np.clip(shown, 0, 255)
        light = _light(shown, target, seen.inside)
    return np.asarray(np.clip(shown * light[..., None], 0, 255), np.float32)


def exposed(seen: Rectified, cover: RGB) -> RGB:
    """The rectified photo (H, W, 3) with black, white and grey point of each channel brought to the cover's.

    For the eye only. A straight line a channel: a curve would also change what a sticker looks like.
    """
    shown = np.empty_like(seen.pixels)
    for channel in range(3):
        given, wanted = seen.pixels[..., channel][seen.inside], cover[..., channel][seen.inside]
        if not len(given):
            return seen.pixels
        low, high = np.quantile(given, ENDS)
        dark, bright = np.quantile(wanted, ENDS)
        steep = np.clip((bright - dark) / max(high - low, 1.0), *STEEP)
        middle = (dark + bright) / 2 + (seen.pixels[..., channel] - (low + high) / 2) * steep
        shown[..., channel] = np.clip(middle, 0, 255)
    return shown


def _toned(source: Floats, target: Floats, mask: Mask) -> Floats:
    """A plane through the monotone curve that carries it nearest to another: medians of its levels."""
    coarse = cv2.GaussianBlur(
        source, (0, 0), COARSE
    )  # about as sharp as a photo: fine print lies between its levels
    level = np.clip(coarse[mask] / 256 * LEVELS, 0, LEVELS - 1).astype(int)
    given, wanted = coarse[mask], target[mask]
    counts = np.bincount(level, minlength=LEVELS)
    filled = np.flatnonzero(counts >= FEWEST)
    if not len(filled):
        return source
    x = np.array([np.median(given[level == number]) for number in filled])
    y = np.array([np.median(wanted[level == number]) for number in filled])
    if len(filled) == 1:
        return np.asarray(source + (y[0] - x[0]), np.float32)
    curve = _rising(y, counts[filled].astype(np.float64))
    return np.asarray(_along(source, x, curve), np.float32)


def _along(source: Floats, x: np.ndarray, y: np.ndarray) -> Floats:
    """The curve through the points; beyond its ends it goes on as steeply as between them, at most twice as steep."""
    slope = float(np.clip((y[-1] - y[0]) / max(x[-1] - x[0], 1.0), 0.2, 2.0))
    inner = np.interp(source, x, y)
    return np.asarray(
        inner + slope * (np.minimum(source - x[0], 0) + np.maximum(source - x[-1], 0)), np.float32
    )


def _rising(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The nearest sequence that never falls (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            total = before[1] + last[1]
            blocks.append([(before[0] * before[1] + last[0] * last[1]) / total, total, before[2] + last[2]])
    return np.concatenate([np.full(int(count), value) for value, _, count in blocks])


def _light(shown: Floats, target: Floats, mask: Mask) -> Floats:
    """The smooth gain (H, W) between what is expected and what is seen."""
    ratio = np.log((target.sum(axis=2) + 30) / (shown.sum(axis=2) + 30))
    ratio = np.where(mask, ratio, np.median(ratio[mask]) if mask.any() else 0).astype(np.float32)
    height, width = ratio.shape
    scale = LIGHT_SIDE / max(height, width)
    small = cv2.resize(
        ratio, (max(4, round(width * scale)), max(4, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    bent = cv2.medianBlur(small.astype(np.float32), 5)
    bent = blurred(bent, SMOOTH_LIGHT * LIGHT_SIDE)
    gain = np.exp(cv2.resize(bent, (width, height), interpolation=cv2.INTER_CUBIC))
    return np.asarray(np.clip(gain, *GAIN), np.float32)
