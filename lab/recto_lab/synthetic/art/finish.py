"""Finishes that turn an artwork into a print: duotone, halftone, engraving, woodcut, fading, grain."""

from __future__ import annotations

import cv2
import numpy as np

from recto_lab.synthetic.noise import colour_map, fractal, grain, grid, shaded, stretched
from recto_lab.synthetic.paint import Sheet, ellipse
from recto_lab.synthetic.palette import mix
from recto_lab.synthetic.types import Pixels, Plane


def _grey(pixels: Pixels) -> Plane:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    # Prints are made from pictures with full contrast.
    return stretched(grey.astype(np.float32))


def monochrome(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Black and white photograph."""
    return colour_map(
        _grey(pixels) ** sheet.between(0.7, 1.5), ((10, 10, 10), (130, 128, 126), (248, 246, 242))
    )


def sepia(sheet: Sheet, pixels: Pixels) -> Pixels:
    """An old brown photograph."""
    return colour_map(_grey(pixels), ((35, 22, 14), (150, 115, 80), (245, 228, 196)))


def duotone(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Two or three inks."""
    dark, light = sorted((sheet.palette.ground, sheet.palette.ink2), key=sum)
    return colour_map(
        _grey(pixels), (mix(dark, (0, 0, 0), 0.3), sheet.colour(), mix(light, (255, 255, 255), 0.4))
    )


def posterise(sheet: Sheet, pixels: Pixels) -> Pixels:
    """A few flat tones."""
    levels = int(sheet.rng.integers(3, 6))
    smooth = cv2.GaussianBlur(_grey(pixels), (0, 0), sheet.height / 160)
    tones = [sheet.palette.ground, *(sheet.colour() for _ in range(levels - 1))]
    tones.sort(key=sum)
    steps = np.clip((smooth * levels).astype(np.int32), 0, levels - 1)
    return np.asarray(np.array(tones, np.uint8)[steps])


def halftone(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Dots on a turned grid, larger where it is darker."""
    x, y = grid(sheet.height, sheet.width)
    angle, pitch = sheet.between(0, 1.57), sheet.between(40, 110)
    across, down = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    screen = 0.5 + 0.25 * (np.cos(across * pitch * 6.2832) + np.cos(down * pitch * 6.2832))
    ink = np.clip((screen - _grey(pixels)) * (sheet.height / pitch) + 0.5, 0, 1).astype(np.float32)
    return colour_map(ink, _paper_and_ink(sheet))


def engraving(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Lines that swell where it is darker."""
    grey = _grey(pixels)
    x, y = grid(sheet.height, sheet.width)
    bent = cv2.GaussianBlur(grey, (0, 0), sheet.height / 40)
    pitch = sheet.between(70, 120)
    phase = (y + sheet.between(-0.6, 0.6) * x + 0.05 * bent) * pitch
    ink = np.clip((0.5 + 0.5 * np.cos(phase * 6.2832) - grey) * (sheet.height / pitch) + 0.5, 0, 1)
    return colour_map(ink.astype(np.float32), _paper_and_ink(sheet))


def woodcut(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Black and white cut with a visible grain."""
    rows, columns = ((50, 4), (4, 50), (20, 20))[int(sheet.rng.integers(3))]
    cuts = fractal(sheet.rng, sheet.height, sheet.width, cells=(rows, columns), octaves=3)
    ink = np.clip((cuts * 0.9 - _grey(pixels) + 0.05) * 12 + 0.5, 0, 1)
    return colour_map(ink.astype(np.float32), _paper_and_ink(sheet))


def _paper_and_ink(sheet: Sheet) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    light, dark = sorted((sheet.palette.ground, sheet.palette.ink), key=sum, reverse=True)
    if sheet.chance(0.3):
        return (mix(light, (255, 255, 255), 0.3), mix(sheet.colour(), (0, 0, 0), 0.4))
    return (light, dark)


def tinted(sheet: Sheet, pixels: Pixels) -> Pixels:
    """A veil of one colour, stronger to one end."""
    x, y = grid(sheet.height, sheet.width)
    veil = (x if sheet.chance(0.4) else y) * sheet.between(0.3, 0.9)
    mask = np.clip(veil, 0, 0.85).astype(np.float32)
    colour = sheet.blank(sheet.palette.ground)
    return np.asarray(cv2.blendLinear(colour, pixels, mask, 1 - mask), np.uint8)


def vignette(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Dark corners."""
    x, y = grid(sheet.height, sheet.width)
    far = (x - 0.5 * sheet.width / sheet.height) ** 2 + (y - 0.5) ** 2
    return shaded(pixels, np.clip(1.1 - sheet.between(0.8, 2.0) * far, 0.1, 1.1).astype(np.float32))


def grainy(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Film grain."""
    noise = grain(sheet.rng, sheet.height, sheet.width) * sheet.between(3, 16)
    return np.clip(pixels + noise[..., None], 0, 255).astype(np.uint8)


def worn(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Old print: faded, stained."""
    stains = fractal(sheet.rng, sheet.height, sheet.width, cells=(3, 3), octaves=6, gain=0.65)
    faded = pixels * 0.8 + np.array([40, 36, 26], np.float32)
    return shaded(np.clip(faded, 0, 255).astype(np.uint8), 0.75 + 0.35 * stains)


def painted(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Short brush strokes in the picture's colours."""
    result = np.asarray(cv2.blur(pixels, (max(1, sheet.height // 40),) * 2), np.uint8)
    size = sheet.between(0.008, 0.022)
    places = sheet.rng.random((int(4.0 / size), 2))
    angles = 180 * fractal(sheet.rng, 16, 16, cells=(2, 2), octaves=2)
    for across, down in places:
        red, green, blue = (int(c) for c in pixels[int(down * sheet.height), int(across * sheet.width)])
        angle = float(angles[int(down * 16), int(across * 16)])
        ellipse(result, (float(across), float(down)), (2.2 * size, 0.6 * size), angle, (red, green, blue))
    return result


def solarised(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Tones folded over, in loud colours."""
    tone = np.abs((_grey(pixels) * sheet.between(1.5, 3.5)) % 2.0 - 1.0)
    return colour_map(
        np.asarray(tone, np.float32), [sheet.palette.ground, *(sheet.colour() for _ in range(3))]
    )


def contours(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Only the outlines, as drawn with a pen."""
    smooth = cv2.GaussianBlur(_grey(pixels), (0, 0), max(0.8, sheet.height / 300))
    slope = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) ** 2 + cv2.Sobel(smooth, cv2.CV_32F, 0, 1) ** 2
    ink = np.clip(np.sqrt(slope) * sheet.height / 60, 0, 1)
    return colour_map(ink.astype(np.float32), _paper_and_ink(sheet))
