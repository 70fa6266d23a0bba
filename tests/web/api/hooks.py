"""What schemathesis sends where the description says that a picture is wanted: three pictures of coloured blocks."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies
from tests.workers.running import draw

PICTURES = [draw(seed) for seed in range(3)]

for kind in ("jpeg", "png", "webp", "tiff", "gif", "heic", "avif"):
    schemathesis.openapi.media_type(f"image/{kind}", strategies.sampled_from(PICTURES))
