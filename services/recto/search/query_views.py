"""Looks at a photo: the whole of it, a cover in it seen from the front, what the found books leave over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recto import features as local
from recto.encoders import Encoder
from recto.encoders.device import embed
from recto.features.verify import project
from recto.images import Decoded
from recto.images.views import turns, views
from recto.search.outlines import is_inside, rectify
from recto.timing import StageTimes
from recto.vectors import Floats, SparseWords

FEWEST_FEATURES = 40
"""Features beside all found books from which it is worth looking at them again."""

Homography = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """A picture to search for: embeddings (V, D) of its views, its local features and their words.

    `to_photo` (3, 3): from pixels of the described picture to pixels of the upright full-size photo.
    """

    embeddings: Floats
    features: local.LocalFeatures
    words: SparseWords
    to_photo: Homography

    def in_photo(self, points: npt.NDArray[np.floating]) -> Floats:
        """Points (N, 2) of the described picture in pixels of the full-size photo."""
        return project(self.to_photo, np.asarray(points, np.float64)).astype(np.float32)


def whole(decoded: Decoded, encoder: Encoder, times: StageTimes) -> Look:
    """The whole photo: eight views, all features."""
    with times.stage("embed"):
        embeddings = embed(encoder, views(decoded.pixels, encoder.view_side))
    with times.stage("describe"):
        features = local.describe(decoded.pixels, photo=True)
        words = local.words(features, photo=True)
    return Look(embeddings, features, words, _enlarge(decoded, features.width, features.height))


def front_of(decoded: Decoded, outline: Floats, encoder: Encoder, times: StageTimes) -> Look:
    """What may be a cover, seen from the front, in four turns; `outline` (4, 2) in pixels of the decoded photo."""
    with times.stage("outlines"):
        flat, to_decoded = rectify(decoded.pixels, outline)
    with times.stage("embed"):
        embeddings = embed(encoder, turns(flat))
    with times.stage("describe"):
        features = local.describe(flat, photo=False)
        words = local.words(features, photo=True)
    height, width = decoded.pixels.shape[:2]
    shrunk = np.diag([flat.shape[1] / features.width, flat.shape[0] / features.height, 1.0])
    return Look(embeddings, features, words, _enlarge(decoded, width, height) @ to_decoded @ shrunk)


def rest_of(look: Look, outlines: Sequence[Floats], times: StageTimes) -> Look | None:
    """What a look shows beside the outlines (4, 2), in pixels of the full-size photo; None when that is too little."""
    places = look.in_photo(look.features.points)
    left = np.ones(len(places), bool)
    for outline in outlines:
        left &= ~is_inside(places, outline)
    if left.sum() < FEWEST_FEATURES:
        return None
    with times.stage("describe"):
        features = look.features.only(left)
        words = local.words(features, photo=True)
    return Look(look.embeddings[:0], features, words, look.to_photo)


def _enlarge(decoded: Decoded, width: int, height: int) -> Homography:
    return np.diag([decoded.full_width / width, decoded.full_height / height, 1.0])
