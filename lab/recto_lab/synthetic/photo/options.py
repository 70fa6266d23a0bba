"""How hard a photo is: one strength for each thing that goes wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoOptions:
    """Strengths of the simulated photo. Chances and strengths are 0 to 1 unless a unit is given."""

    turn: float = 180.0  # largest turn in the image plane, degrees
    quarter_turns: float = 0.35  # share of photos turned by about 90, 180 or 270 degrees
    tilt: float = 25.0  # largest tilt out of the image plane, degrees
    fill: tuple[float, float] = (0.6, 1.15)  # long side of the cover as a share of the frame's shorter side
    off_centre: float = 0.12  # largest shift of the cover from the centre, as a share of the frame
    partial: float = 0.06  # chance that a part of the cover lies outside the frame
    clutter: float = 0.5  # chance of each of up to five other objects
    glare: float = 0.3  # chance of a glare spot on the cover
    gloss: float = (
        0.3  # chance of a broad, faint reflection over the cover, as laminated and wrapped books have
    )
    shadow: float = 0.35  # chance of a shadow over the cover
    uneven: float = 0.35  # strength of uneven light
    blur: float = 0.4  # chance of motion or defocus blur
    blur_size: float = 0.006  # largest blur as a share of the longest side
    noise: float = 8.0  # largest standard deviation of the sensor noise, grey levels of 255
    cast: float = 0.25  # strength of the colour cast
    exposure: float = 0.35  # strength of exposure and contrast changes
    case: float = (
        0.08  # chance that the cover lies in a larger dark case or jacket, so that its edge is framed
    )
    curl: float = 0.2  # chance that the cover is a little curled
    sticker: float = 0.3  # chance of a library label or price sticker
    finger: float = 0.15  # chance of fingers over an edge
    jpeg: tuple[int, int] = (55, 95)  # range of JPEG quality
    low_resolution: float = (
        0.15  # chance that the photo was taken at a quarter to three quarters of its resolution
    )


EASY = PhotoOptions(
    turn=8, quarter_turns=0.0, tilt=8, fill=(0.8, 1.1), off_centre=0.04, partial=0, clutter=0.1, glare=0.05,
    gloss=0.05, shadow=0.1, uneven=0.15, blur=0.1, blur_size=0.003, noise=3, cast=0.1, exposure=0.15, case=0,
    curl=0, sticker=0.05, finger=0, jpeg=(80, 97), low_resolution=0,
)  # fmt: skip
TYPICAL = PhotoOptions()
CLUTTERED = PhotoOptions(fill=(0.5, 0.95), off_centre=0.18, clutter=0.95, sticker=0.4, finger=0.25)
HARD = PhotoOptions(
    tilt=42, fill=(0.4, 1.4), off_centre=0.22, partial=0.3, clutter=0.8, glare=0.65, gloss=0.6, shadow=0.6,
    uneven=0.6, blur=0.8, blur_size=0.011, noise=18, cast=0.5, exposure=0.6, case=0.15, curl=0.4, sticker=0.5,
    finger=0.4, jpeg=(25, 80), low_resolution=0.4,
)  # fmt: skip
PRESETS = {"easy": EASY, "typical": TYPICAL, "cluttered": CLUTTERED, "hard": HARD}
