"""Example bodies of the API's description; a test checks that each follows its schema."""

from __future__ import annotations

BOOK_FIELDS = {
    "title": "The Raven",
    "authors": ["Edgar Allan Poe"],
    "isbn": "978-3-16-148410-0",
    "publisher": "Wiley & Putnam",
    "year": 1845,
    "language": "en",
    "tags": ["poem", "birds"],
    "extra": {"shelf": "B 12"},
}
BOOK = {
    "book_id": "9783161484100",
    **BOOK_FIELDS,
    "url": "/api/v1/books/9783161484100",
    "covers_url": "/api/v1/covers?book_id=9783161484100",
    "page_url": "/books/9783161484100",
}
COVER = {
    "cover_id": "0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad",
    "book_id": "9783161484100",
    "side": "front",
    "state": "indexed",
    "stage": "",
    "reason": "",
    "attempts": 1,
    "recipe": "1f3a9c0b7d21",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "url": "/api/v1/covers/0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad",
    "book_url": "/api/v1/books/9783161484100",
    "thumbnail_url": "/api/v1/covers/0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad/thumbnail",
    "image_url": "/api/v1/covers/0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad/image",
}
DUPLICATE = {
    "kind": "same_artwork",
    "found": "2026-11-21T09:30:00.000Z",
    "measures": {"cosine": 0.91, "inliers": 116, "matched": 0.41, "overlap": 0.98, "share": 0.83},
    "covers": [
        COVER,
        {
            **COVER,
            "cover_id": "7c1d2a3b-9f0e-5a34-8c3f-1b2c3d4e5f60",
            "book_id": "9783161484117",
            "url": "/api/v1/covers/7c1d2a3b-9f0e-5a34-8c3f-1b2c3d4e5f60",
            "book_url": "/api/v1/books/9783161484117",
            "thumbnail_url": "/api/v1/covers/7c1d2a3b-9f0e-5a34-8c3f-1b2c3d4e5f60/thumbnail",
            "image_url": "/api/v1/covers/7c1d2a3b-9f0e-5a34-8c3f-1b2c3d4e5f60/image",
        },
    ],
    "decision": {
        "verdict": "different",
        "note": "First and second edition",
        "decided": "2026-11-22T10:00:00.000Z",
    },
    "decision_url": "/api/v1/duplicates/0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad"
    "/7c1d2a3b-9f0e-5a34-8c3f-1b2c3d4e5f60/decision",
}
JOB = {
    "job_id": "4c1d0e8f9a7b6c5d",
    "kind": "ingest",
    "source": "The Raven",
    "state": "running",
    "created": "2026-11-21T09:30:00.000Z",
    "finished": None,
    "reason": "",
    "books": 1,
    "covers": 2,
    "indexed": 1,
    "unchanged": 0,
    "failed": 0,
    "waiting": 1,
    "checked": 0,
    "changed": {"title": 1},
    "position": 0,
    "rows": None,
    "trouble": "",
    "rate": 3.5,
    "seconds_left": 0.3,
    "alike": 1,
    "url": "/api/v1/jobs/4c1d0e8f9a7b6c5d",
    "items_url": "/api/v1/jobs/4c1d0e8f9a7b6c5d/items",
    "duplicates_url": "/api/v1/duplicates?job_id=4c1d0e8f9a7b6c5d",
    "page_url": "/jobs/4c1d0e8f9a7b6c5d",
}
INDEX = {
    "live": {"recipe_id": "1f3a9c0b7d21", "encoder": "recto_small"},
    "other": {"recipe_id": "8c2e5a7d0f64", "encoder": "mobilenet_v2"},
    "other_state": "building",
    "automatic": True,
    "asked": "",
    "trouble": "",
    "job_url": "/api/v1/jobs/4c1d0e8f9a7b6c5d",
}
PENDING = {
    "search_id": "7d8f2c1b6a5e4f3d2c1b0a9f8e7d6c5b",
    "state": "pending",
    "url": "/api/v1/searches/7d8f2c1b6a5e4f3d2c1b0a9f8e7d6c5b",
}
SEARCH = {
    **PENDING,
    "state": "done",
    "verdict": "found",
    "books": [
        {
            "book_id": "9783161484100",
            "probability": 0.998,
            "side": "front",
            "inliers": 124,
            "barcode": False,
            "outline": [[102.5, 88.0], [901.2, 95.4], [893.8, 1280.1], [110.0, 1291.7]],
            "photo": 0,
            "cover_id": "0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad",
            "title": "The Raven",
            "authors": ["Edgar Allan Poe"],
            "publisher": "Wiley & Putnam",
            "year": 1845,
        }
    ],
    "answers": [
        {
            "outline": [[102.5, 88.0], [901.2, 95.4], [893.8, 1280.1], [110.0, 1291.7]],
            "verdict": "found",
            "books": ["9783161484100"],
        }
    ],
    "contradiction": [],
    "photos": [
        {
            "url": "/api/v1/searches/7d8f2c1b6a5e4f3d2c1b0a9f8e7d6c5b/photos/0",
            "width": 1200,
            "height": 1600,
            "side": None,
        }
    ],
    "barcodes": [
        {
            "photo": 0,
            "text": "9783161484100",
            "isbn": "9783161484100",
            "outline": [[610.0, 1101.0], [842.5, 1104.0], [841.0, 1196.5], [609.0, 1193.0]],
            "books": ["9783161484100"],
            "agrees": True,
        }
    ],
    "timings_ms": {"decode": 31.2, "embed": 40.1, "shortlist": 5.2, "verify": 40.0, "total": 119.4},
    "recipe": "1f3a9c0b7d21",
    "calibration": {"error": 0.012, "items": 254, "recipe_fits": True},
}
EVIDENCE_REQUEST = {"photo": 0, "cover_id": "0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad"}
_EVIDENCE_URL = (
    "/api/v1/searches/7d8f2c1b6a5e4f3d2c1b0a9f8e7d6c5b/evidence/0/0b9f9f0e-5f0f-5a34-b1f7-3a1c35a4b0ad"
)
EVIDENCE = {
    "search_id": "7d8f2c1b6a5e4f3d2c1b0a9f8e7d6c5b",
    **EVIDENCE_REQUEST,
    "state": "done",
    "url": _EVIDENCE_URL,
    "aligned": True,
    "verdict": "differs",
    "sentence": "Alike but for 1 region (3 % of the cover): top right.",
    "inliers": 124,
    "photo_size": [1200, 1600],
    "cover_size": [800, 1200],
    "matches": [[310.4, 402.1, 208.8, 314.0]],
    "outline": [[102.5, 88.0], [901.2, 95.4], [893.8, 1280.1], [110.0, 1291.7]],
    "homography": [[0.999, -0.004, 102.5], [0.009, 0.998, 88.0], [0.0, 0.0, 1.0]],
    "regions": [
        {
            "box": [610.0, 40.0, 150.0, 190.0],
            "outline": [[612.5, 42.5], [757.5, 42.5], [757.5, 227.5], [612.5, 227.5]],
            "share": 0.028,
            "strength": 0.91,
            "place": "top right",
        }
    ],
    "share": 0.028,
    "judged": 0.97,
    "hidden": {"outside": 0.0, "glare": 0.03},
    "pictures": {name: f"{_EVIDENCE_URL}/{name}" for name in ("photo", "matched", "cover", "heat")},
    "timings_ms": {"decode": 24.1, "compare": 160.0, "draw": 70.3},
}
