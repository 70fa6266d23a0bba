"""Colour schemes: a ground, two inks that can be read on it, and accents that go together."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from recto_lab.synthetic.types import Colour

_BLACK: Colour = (22, 20, 22)
_WHITE: Colour = (250, 248, 242)
# Weights of the moods: dark grounds prevail in shops, paper and white ones in literary lists.
_MOODS = ("vivid", "dark", "muted", "pastel", "paper", "white", "mono", "earth")
_MOOD_WEIGHTS = (0.13, 0.18, 0.16, 0.10, 0.16, 0.14, 0.06, 0.07)
_HUE_STEPS = {
    "analogous": (0.0, 0.06, -0.07, 0.12, -0.12),
    "complementary": (0.0, 0.5, 0.04, 0.54, -0.04),
    "triadic": (0.0, 0.33, 0.67, 0.05, 0.38),
    "split": (0.0, 0.42, 0.58, -0.05, 0.5),
}
_RANGES = {  # saturation and value of the ground; saturation and value of the accents
    "vivid": ((0.55, 0.95), (0.50, 0.95), (0.6, 1.0), (0.5, 1.0)),
    "dark": ((0.2, 0.9), (0.05, 0.32), (0.4, 1.0), (0.5, 1.0)),
    "muted": ((0.15, 0.45), (0.35, 0.75), (0.2, 0.6), (0.3, 0.85)),
    "pastel": ((0.10, 0.35), (0.82, 0.97), (0.25, 0.6), (0.55, 0.95)),
    "paper": ((0.05, 0.25), (0.84, 0.97), (0.4, 0.95), (0.25, 0.75)),
    "white": ((0.0, 0.03), (0.95, 1.0), (0.5, 1.0), (0.4, 1.0)),
    "mono": ((0.0, 0.08), (0.05, 0.95), (0.0, 0.08), (0.15, 0.9)),
    "earth": ((0.25, 0.7), (0.25, 0.7), (0.3, 0.8), (0.35, 0.85)),
}


@dataclass(frozen=True)
class Palette:
    """`ink` has the strongest contrast with `ground`, `ink2` a coloured one; five `accents`."""

    ground: Colour
    ink: Colour
    ink2: Colour
    accents: tuple[Colour, ...]


def luminance(colour: Colour) -> float:
    """Perceived brightness, 0 to 255 (ITU-R BT.601)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def readable_on(colour: Colour) -> Colour:
    """Near-white on dark, near-black on light."""
    return _WHITE if luminance(colour) < 135 else _BLACK


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` moved towards `second` by `share` (0 to 1)."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1.0, saturation, value))
    return red, green, blue


def draw_palette(rng: np.random.Generator, hue_shift: float = 0.0) -> Palette:
    """A random scheme; `hue_shift` turns all its hues (1 is the whole circle)."""
    mood = _MOODS[int(rng.choice(len(_MOODS), p=_MOOD_WEIGHTS))]
    steps = list(_HUE_STEPS.values())[int(rng.integers(len(_HUE_STEPS)))]
    # The ground of paper is yellowish; elsewhere any hue, as the colours of spines in a shop are.
    hue = float(rng.uniform(0.07, 0.16)) if mood in ("paper", "earth") else float(rng.random())
    hue += hue_shift
    ground_s, ground_v, accent_s, accent_v = _RANGES[mood]
    ground = _hsv(hue, float(rng.uniform(*ground_s)), float(rng.uniform(*ground_v)))
    accent_hue = float(rng.random()) + hue_shift if mood in ("paper", "white") else hue
    accents = tuple(
        _hsv(accent_hue + step, float(rng.uniform(*accent_s)), float(rng.uniform(*accent_v)))
        for step in steps
    )
    ink = readable_on(ground)
    contrasts = [abs(luminance(accent) - luminance(ground)) for accent in accents]
    best = int(np.argmax(contrasts))
    ink2 = accents[best] if contrasts[best] > 80 else mix(ink, accents[best], 0.3)
    return Palette(ground, ink, ink2, accents)
