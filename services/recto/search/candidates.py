"""Covers that witnesses name for verification."""

from __future__ import annotations

from dataclasses import dataclass

from recto.records import Side


@dataclass(frozen=True)
class Candidate:
    """A cover that a witness named; the score of a witness that did not name it is 0."""

    cover_id: str
    book_id: str
    side: Side
    embedding_score: float = 0.0
    local_score: float = 0.0
