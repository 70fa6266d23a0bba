"""Comparisons that the web tests put into the ledger, as the index worker would."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from tests.web.pages.shelf import CORNERS, picture

from recto.ledger import Ledger
from recto.storage.blobs import Blobs

SIZE = (100, 150)


def heat() -> bytes:
    """A map of differences with nothing in it."""
    file = io.BytesIO()
    Image.new("RGBA", SIZE).save(file, "PNG")
    return file.getvalue()


def put_evidence(ledger: Ledger, blobs: Blobs, search_id: str, cover_id: str, share: float = 0.02) -> None:
    """A comparison that was made: one region, or none where nothing differs."""
    ledger.ask_evidence(search_id, 0, cover_id)
    names = {name: blobs.put_incoming(picture("teal")) for name in ("photo", "matched", "cover")}
    names["heat"] = blobs.put_incoming(heat())
    ledger.finish_evidence(search_id, 0, cover_id, {**result(share), "pictures": names})


def result(share: float) -> dict[str, Any]:
    """The result of a comparison, without its pictures."""
    box = [60.0, 10.0, 30.0, 20.0]
    outline = [[60.0, 10.0], [90.0, 10.0], [90.0, 30.0], [60.0, 30.0]]
    region = {"box": box, "outline": outline, "share": share, "strength": 0.9, "place": "top right"}
    said = f"Alike but for 1 region ({share:.0%} of the cover): top right."
    return {
        "aligned": True,
        "verdict": "differs" if share else "alike",
        "sentence": said if share else "No difference: photo and cover are alike in every part.",
        "photo_size": [100, 150],
        "cover_size": list(SIZE),
        "inliers": 3,
        "matches": [[20.0, 30.0, 12.0, 20.0], [70.0, 40.0, 66.0, 30.0], [50.0, 120.0, 45.0, 118.0]],
        "outline": CORNERS,
        "homography": [[1.0, 0.0, 10.0], [0.0, 1.0, 12.0], [0.0, 0.0, 1.0]],
        "regions": [region] if share else [],
        "share": share,
        "judged": 0.9,
        "hidden": {"outside": 0.05, "glare": 0.05},
        "timings_ms": {"decode": 20.0, "compare": 150.0, "draw": 60.0},
    }


def unaligned() -> dict[str, Any]:
    """The result of a comparison in which the cover could not be laid over the photo."""
    return {
        **result(0.0),
        "aligned": False,
        "verdict": "unaligned",
        "sentence": "Photo and cover have too few points in common to be laid over each other.",
        "inliers": 0,
        "matches": [],
        "outline": None,
        "homography": None,
    }
