"""An encoder alone: embeddings of covers against those of the eight views of a photo."""

from __future__ import annotations

from collections.abc import Sequence

from recto.encoders import load_encoder
from recto.settings import Settings
from recto.vectors import RGB, Floats
from recto_lab.evaluation.methods.vectors import Distance, VectorMatcher


class EncoderMatcher(VectorMatcher):
    """Any encoder that Recto knows, by its spec."""

    library = "torch"

    def __init__(self, spec: str, settings: Settings, distance: Distance) -> None:
        super().__init__(distance)
        self._encoder = load_encoder(spec, settings)
        self.view_side = self._encoder.view_side

    def vectors(self, images: Sequence[RGB]) -> Floats:
        """Embeddings (N, D)."""
        return self._encoder.embed(images)
