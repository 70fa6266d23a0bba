"""Where two pictures in the same frame differ in structure, whatever light, blur and noise do to them."""

from __future__ import annotations

import cv2
import numpy as np

from recto.comparison.photo_cover.planes import blurred
from recto.vectors import Floats

WINDOW = 0.022
"""Deviation of the Gaussian window in which structure is compared, as a share of the longest side."""
NOISE = 7.0
"""Contrast, in levels of 255, below which nothing counts as structure: noise, JPEG, faint reflections."""
REACH = 2
"""Shifts in pixels within which the best agreement counts: what alignment leaves of fine print."""
SHARPNESS = (0.0, 0.8, 1.2, 1.7, 2.4, 3.2)
"""Blurs, as deviations in pixels, of which the one that makes the cover most like the photo is taken."""
BASE_BLUR = 0.8
"""Blur of both pictures in pixels, against noise."""
COARSE = 6.0
"""What is finer than this blur, in pixels, tells how sharp a picture is."""
HUE = 0.1
"""Distance of chromaticities that counts as nothing in common. Red, yellow and teal boxes are told from their ground by
hue where they have little structure: with it 26 of 26 price boxes are marked, without 21 (seed 1)."""
MORE_COLOUR = 0.4
"""How much richer than expected a colour may be, as a share of its distance to white: light is not known exactly."""
DARK = 16.0
"""Added to each channel: the hue of what is nearly black is noise."""


def difference(expected: Floats, seen: Floats) -> Floats:
    """How much structure differs at every pixel (H, W): 0 the same, 1 nothing in common, up to 2 inverted.

    One less the structural similarity (Wang et al., TIP 2004) of `expected` and `seen` (H, W, levels of 255) without
    its term for brightness, and with the contrast that the photo has thereabouts.
    """
    expected = as_sharp(expected, seen)
    seen = blurred(seen, BASE_BLUR)
    sigma = WINDOW * max(seen.shape)
    flat_seen, of_seen = _centred(seen, sigma)
    flat, of_expected = _centred(expected, sigma)
    gain = _contrast(of_expected, of_seen)
    best: Floats = np.full(seen.shape, 2.0, np.float32)
    for down in range(-REACH, REACH + 1):
        for across in range(-REACH, REACH + 1):
            moved, energy = (_shifted(plane, across, down) for plane in (flat, of_expected))
            shared = blurred(moved * flat_seen, sigma)
            alike = (2 * gain * shared + NOISE**2) / (gain**2 * energy + of_seen + NOISE**2)
            best = np.asarray(np.minimum(best, 1 - alike), np.float32)
    return best


def colour_difference(expected: Floats, seen: Floats, white: Floats) -> Floats:
    """How much the hue differs at every pixel (H, W), on the scale of `difference`; thin lines do not count.

    Of pictures (H, W, 3): how far the photo's chromaticity lies from the line between the expected one and that of
    mirrored light (3,), which only makes paler, less what is common to a part of the picture.
    """
    wanted, found = _chromaticity(expected), _chromaticity(seen)
    paler = (white / white.sum()).astype(np.float32) - wanted
    apart = found - wanted
    along = (apart * paler).sum(axis=2) / np.maximum((paler * paler).sum(axis=2), 1e-6)
    apart = apart - np.clip(along, -MORE_COLOUR, 1)[..., None] * paler
    apart = apart - _drift(apart)
    distance = np.linalg.norm(apart, axis=2)
    thin = np.ones((5, 5), np.uint8)
    thick = cv2.dilate(cv2.erode(distance, thin), thin)
    return np.asarray(np.clip(thick / HUE, 0, 1.5), np.float32)


def _drift(apart: Floats) -> Floats:
    """What is common to a part of a picture (H, W, 3): a colour cast that changes with the light."""
    small = cv2.resize(apart, (32, 32), interpolation=cv2.INTER_AREA)
    planes = [np.asarray(cv2.medianBlur(small[..., each].copy(), 5), np.float32) for each in range(3)]
    steady = np.stack(planes, axis=2)
    size = (apart.shape[1], apart.shape[0])
    return np.asarray(cv2.resize(blurred(steady, 4), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _chromaticity(picture: Floats) -> Floats:
    soft = blurred(picture, 1.5) + DARK
    return np.asarray(soft / soft.sum(axis=2, keepdims=True), np.float32)


def as_sharp(expected: Floats, seen: Floats) -> Floats:
    """The expected picture, as blurred as the one that is seen."""
    fine = seen - blurred(seen, COARSE)
    best, chosen = -2.0, expected
    for sigma in SHARPNESS:
        soft = blurred(expected, float(np.hypot(sigma, BASE_BLUR)))
        detail = soft - blurred(soft, COARSE)
        norm = float(np.linalg.norm(detail) * np.linalg.norm(fine)) + 1e-6
        if (agreement := float((detail * fine).sum()) / norm) > best:
            best, chosen = agreement, soft
    return chosen


def _centred(plane: Floats, sigma: float) -> tuple[Floats, Floats]:
    """The plane less its local mean, and its local variance."""
    level = plane - blurred(plane, sigma)
    return level, blurred(level * level, sigma)


def _contrast(expected: Floats, seen: Floats) -> Floats:
    """Contrast of the photo over that of the cover, smooth over a quarter of the picture."""
    sigma = max(seen.shape) / 8
    least = NOISE**2
    ratio = blurred(np.minimum(seen, 3 * expected + least), sigma) + least
    return np.asarray(np.clip(np.sqrt(ratio / (blurred(expected, sigma) + least)), 0.25, 2.0), np.float32)


def _shifted(plane: Floats, across: int, down: int) -> Floats:
    matrix = np.array([[1, 0, across], [0, 1, down]], np.float32)
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(
        cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )
