"""How often each effect of the photos made on the device happens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shares:
    """Shares of images that an effect happens to; as in `recto_lab.training.augment` and `recto_lab.training.camera`.

    Exclusive are `flat`, `textured` and `blurred` (the rest of the backgrounds is a sharp piece of another cover),
    `one_neighbour` and `two_neighbours`, and `defocus`, `motion` and `low_resolution`.
    """

    # A new cover from a drawn one
    mirrored: float = 0.3
    upside_down: float = 0.1
    permuted: float = 0.3
    inverted: float = 0.1
    recoloured: float = 0.3
    pale: float = 0.2

    # The catalogue's view
    margins: float = 0.5
    catalogue_tone: float = 0.3
    catalogue_jpeg: float = 0.2

    # The scene
    flat: float = 0.25
    textured: float = 0.1
    blurred: float = 0.25
    one_neighbour: float = 0.25
    two_neighbours: float = 0.15
    rim: float = 0.4
    stickers: float = 0.25
    occluder: float = 0.15

    # The camera
    tone: float = 1.0
    uneven_light: float = 0.6
    shadow: float = 0.21
    glare: float = 0.15
    defocus: float = 0.35
    motion: float = 0.1
    low_resolution: float = 0.15
    noise: float = 0.6
    grey: float = 0.05
    jpeg: float = 0.3
