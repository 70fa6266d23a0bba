"""Cover-like pictures from noise and overlapping shapes: cheap variety beside the drawn shelf.

Dead leaves with power-law noise teach low-level statistics of photographs (Baradad et al., NeurIPS 2021), which
typographic covers lack.
"""

from __future__ import annotations

import cv2
import numpy as np

from recto.vectors import RGB, Floats

Random = np.random.Generator


def draw_picture(rng: Random, height: int, width: int) -> RGB:
    """A full-bleed or framed picture with bands and lines of lettering, (height, width, 3)."""
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = _colour(rng)
    if rng.random() < 0.6:
        top, bottom, left, right = 0, height, 0, width
    else:
        top, bottom = sorted(rng.choice(np.arange(0, 11), 2, replace=False) * height // 10)
        left, right = sorted(rng.choice(np.arange(0, 11), 2, replace=False) * width // 10)
    canvas[top:bottom, left:right] = _leaves(rng, bottom - top, right - left)
    for _ in range(rng.integers(0, 3)):
        _band(canvas, rng)
    for _ in range(rng.integers(1, 8)):
        _lettering(canvas, rng)
    return canvas


def power_noise(rng: Random, height: int, width: int) -> Floats:
    """Coloured noise with a spectrum 1 / f^a, a in 0.8 to 2.2, values 0 to 255, (height, width, 3) float32."""
    size = 128
    frequencies = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequencies[0, 0] = 1
    spectrum = rng.standard_normal((3, *frequencies.shape)) * np.exp(
        2j * np.pi * rng.random((3, *frequencies.shape))
    )
    waves = np.fft.irfft2(spectrum / frequencies ** rng.uniform(0.8, 2.2), (size, size)).transpose(1, 2, 0)
    mixing = np.ones((3, 3)) / 3 + rng.standard_normal((3, 3)) * rng.uniform(
        0, 0.7
    )  # mostly grey, as photographs are
    waves = waves / waves.std() @ mixing * rng.uniform(20, 80) + _colour(rng)
    large = cv2.resize(waves.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 255), np.float32)


def _colour(rng: Random) -> Floats:
    """A random colour, greyish more often than gaudy."""
    grey, strength = rng.uniform(0, 255), rng.beta(1, 1.5)
    return np.asarray(grey + (rng.uniform(0, 255, 3) - grey) * strength, np.float32)


def _leaves(rng: Random, height: int, width: int) -> RGB:
    """Shapes of flat colour or noise that cover one another."""
    picture = power_noise(rng, height, width).astype(np.uint8)
    textures = [power_noise(rng, height, width).astype(np.uint8) for _ in range(2)]
    largest = rng.uniform(0.15, 0.6) * max(height, width)
    for _ in range(int(rng.exponential(25))):
        colour = tuple(int(value) for value in _colour(rng))
        shape = _shape(rng, height, width, largest * rng.beta(1, 3) + 3)
        if rng.random() < 0.5:
            cv2.fillPoly(picture, [shape], colour, cv2.LINE_AA)
        else:
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [shape], 255)
            cv2.copyTo(textures[rng.integers(2)], mask, picture)
    return picture


def _shape(
    rng: Random, height: int, width: int, radius: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    corners = int(rng.choice([3, 4, 4, 5, 7, 24, 24]))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners)) if corners < 24 else np.linspace(0, 2 * np.pi, 24)
    reach = radius * rng.uniform(0.7, 1.3, 2)
    centre = rng.uniform(0, 1, 2) * (width, height)
    points = np.stack([np.cos(angles) * reach[0], np.sin(angles) * reach[1]], 1)
    tilt = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    return np.asarray(points @ turn + centre, np.int32)


def _band(canvas: RGB, rng: Random) -> None:
    height, width = canvas.shape[:2]
    top = int(rng.integers(0, height))
    bottom = top + int(rng.integers(4, max(5, height // 4)))
    left = int(rng.integers(0, width // 3)) if rng.random() < 0.4 else 0
    right = width - left
    canvas[top:bottom, left:right] = _colour(rng)


def _lettering(canvas: RGB, rng: Random) -> None:
    height, width = canvas.shape[:2]
    letters = "".join(rng.choice(list("ABCDEFGHIJKLMNOPRSTUVWaeioustrnlmdh "), rng.integers(3, 18)))
    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    scale, thickness = float(rng.uniform(0.25, 1.5) * width / 176), int(rng.integers(1, 4))
    base = rng.integers(0, 90, 3) if rng.random() < 0.5 else rng.integers(170, 256, 3)
    colour = tuple(int(value) for value in base)
    left, top = int(rng.integers(0, width // 2)), int(rng.integers(8, height))
    for line in range(int(rng.integers(1, 4))):
        position = (left, top + int(line * 34 * scale))
        cv2.putText(canvas, letters, position, face, scale, colour, thickness, cv2.LINE_AA)
