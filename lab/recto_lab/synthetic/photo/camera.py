"""What a camera does to the light: blur, colour, noise, resolution, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.noise import grain
from recto_lab.synthetic.photo.options import PhotoOptions
from recto_lab.synthetic.types import Pixels


def blurred(rng: np.random.Generator, pixels: Pixels, largest: float) -> Pixels:
    """Defocus (a disc) or motion (a line), up to `largest` as a share of the longest side."""
    radius = float(rng.uniform(0.15, 1.0)) * largest * max(pixels.shape[:2])
    if radius < 0.5:
        return pixels
    side = 2 * int(np.ceil(radius)) + 1
    kernel = np.zeros((side, side), np.float32)
    centre = side // 2
    if rng.random() < 0.5:
        cv2.circle(kernel, (centre * 16, centre * 16), round(radius * 16), 1.0, -1, cv2.LINE_8, 4)
    else:
        angle = float(rng.uniform(0, 3.1416))
        step = (int(radius * np.cos(angle) * 16), int(radius * np.sin(angle) * 16))
        middle = centre * 16
        cv2.line(
            kernel,
            (middle - step[0], middle - step[1]),
            (middle + step[0], middle + step[1]),
            1.0,
            1,
            cv2.LINE_8,
            4,
        )
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


def developed(rng: np.random.Generator, pixels: Pixels, options: PhotoOptions) -> Pixels:
    """Exposure, contrast, white balance and gamma as one table a channel."""
    levels = np.linspace(0, 1, 256)
    gain = float(np.exp(rng.normal(0, 0.45) * options.exposure))
    contrast = 1 + float(rng.normal(0, 0.5)) * options.exposure
    gamma = float(np.exp(rng.normal(0, 0.4) * options.exposure))
    warmth, tint = rng.normal(0, 0.45, 2) * options.cast
    lift = abs(float(rng.normal(0, 0.12))) * options.exposure
    table = np.empty((1, 256, 3), np.uint8)
    for channel, balance in enumerate((1 + warmth, 1 + 0.5 * tint, 1 - warmth)):
        curve = np.clip(levels * gain * max(0.3, balance), 0, 1.2) ** gamma
        curve = np.clip((curve - 0.5) * contrast + 0.5 + lift, 0, 1)
        table[0, :, channel] = np.round(curve * 255)
    return np.asarray(cv2.LUT(pixels, table), np.uint8)


def noisy(rng: np.random.Generator, pixels: Pixels, largest: float) -> Pixels:
    """Sensor noise: mostly in brightness, some in colour."""
    sigma = float(rng.uniform(0.1, 1.0)) * largest
    high, wide = pixels.shape[:2]
    speckle = grain(rng, high, wide) * sigma
    # The tile of noise is rolled for colour: blotches of two pixels, as cameras leave them after demosaicing.
    tinge = cv2.resize(grain(rng, (high + 1) // 2, (wide + 1) // 2) * (0.6 * sigma), (wide, high))
    planes = [cv2.add(plane, np.asarray(noise, np.float32), dtype=cv2.CV_8U) for plane, noise in zip(
        cv2.split(pixels), (speckle + tinge, speckle, speckle - tinge), strict=True)]  # fmt: skip
    return np.asarray(cv2.merge(planes), np.uint8)


def coarse(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """As if taken at a lower resolution and enlarged."""
    high, wide = pixels.shape[:2]
    share = float(rng.uniform(0.25, 0.75))
    size = (max(8, round(wide * share)), max(8, round(high * share)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)


def through_jpeg(rng: np.random.Generator, pixels: Pixels, quality: tuple[int, int]) -> Pixels:
    """Compressed and read again."""
    level = int(rng.integers(quality[0], quality[1] + 1))
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, level])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
