"""What a camera does to a scene: light, lens, sensor, compression. Fast, OpenCV only."""

from __future__ import annotations

import cv2
import numpy as np

from recto.vectors import RGB

Random = np.random.Generator
NOISE_BANK = 512


def camera(scene: RGB, rng: Random) -> RGB:
    """Light, lens and sensor."""
    scene = tone(scene, rng, strength=1.0)
    if rng.random() < 0.6:
        scene = _light(scene, rng)
    scene = _blur(scene, rng)
    if rng.random() < 0.6:
        scene = _noise(scene, rng)
    if rng.random() < 0.05:
        scene = grey_rgb(cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY))
    return jpeg(scene, rng) if rng.random() < 0.3 else scene


def grey_rgb(grey: object) -> RGB:
    """Grey image (H, W) uint8 -> (H, W, 3)."""
    return np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, axis=2)


def tone(scene: RGB, rng: Random, strength: float) -> RGB:
    """Exposure, contrast, gamma and colour cast as one table per channel."""
    levels = np.linspace(0, 1, 256)[:, None]
    gamma = np.exp(rng.normal(0, 0.3 * strength))
    gain = np.exp(rng.normal(0, 0.2 * strength) + rng.normal(0, 0.12 * strength, 3))
    lift = rng.uniform(-0.1, 0.2) * strength
    table = np.clip((levels**gamma * gain * (1 - lift) + lift) * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(scene, np.ascontiguousarray(table[None])), np.uint8)


def _light(scene: RGB, rng: Random) -> RGB:
    """Uneven light, shadows with an edge, and glare: smooth fields multiplied or added."""
    height, width = scene.shape[:2]
    grid = 1 + rng.normal(0, 0.25, (int(rng.integers(2, 5)), int(rng.integers(2, 5))))
    field = np.asarray(cv2.resize(grid.astype(np.float32), (width, height)), np.float32)
    if rng.random() < 0.35:
        shadow = np.full((height, width), 255, np.uint8)
        edge = rng.uniform(-0.5, 1.5, (4, 2)) * (width, height)
        cv2.fillPoly(shadow, [cv2.convexHull(edge.astype(np.int32))], int(rng.uniform(80, 200)))
        size = 2 * int(rng.integers(0, 8)) + 1
        field = field * np.asarray(cv2.blur(shadow, (size, size)), np.float32) / np.float32(255)
    lit = cv2.multiply(scene, cv2.merge([field] * 3), dtype=cv2.CV_8U)
    if rng.random() < 0.25:
        glare = np.zeros((height // 4, width // 4), np.uint8)
        centre = [int(rng.integers(0, width // 4)), int(rng.integers(0, height // 4))]
        axes = [int(rng.uniform(2, width / 10)), int(rng.uniform(2, width / 10))]
        cv2.ellipse(glare, centre, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.uniform(80, 255)), -1)
        soft = cv2.resize(cv2.GaussianBlur(glare, (0, 0), rng.uniform(1, 5)), (width, height))
        lit = cv2.add(lit, grey_rgb(soft))
    return np.asarray(lit, np.uint8)


def _blur(scene: RGB, rng: Random) -> RGB:
    kind = rng.random()
    if kind < 0.35:
        return np.asarray(cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.4, 1.6))), np.uint8)
    if kind < 0.45:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        ends = rng.integers(0, length, (2, 2))
        cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0)
        return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), np.uint8)
    if kind < 0.6:
        height, width = scene.shape[:2]
        factor = rng.uniform(0.35, 0.8)
        small = cv2.resize(scene, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height)), np.uint8)
    return scene


_bank = np.random.default_rng(0).standard_normal((NOISE_BANK, NOISE_BANK, 3), np.float32)


def _noise(scene: RGB, rng: Random) -> RGB:
    """Sensor noise, cut from one bank at a random place: drawing it anew would take most of a view's time."""
    height, width = scene.shape[:2]
    top, left = rng.integers(0, NOISE_BANK - height), rng.integers(0, NOISE_BANK - width)
    noise = _bank[top : top + height, left : left + width] * np.float32(rng.uniform(1, 12))
    return np.asarray(cv2.add(scene, noise, dtype=cv2.CV_8U), np.uint8)


def jpeg(scene: RGB, rng: Random) -> RGB:
    """Compressed and read again."""
    _, data = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
