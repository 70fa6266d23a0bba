"""Rows of the tables turned into records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from recto.records import Book, Cover, CoverState, Side


def book_of(row: Row[Any]) -> Book:
    """A row of table `book`."""
    return Book(
        book_id=row.book_id,
        title=row.title,
        authors=tuple(row.authors),
        isbn=row.isbn,
        publisher=row.publisher,
        year=row.year,
        language=row.language,
        tags=tuple(row.tags),
        extra=dict(row.extra),
    )


def cover_of(row: Row[Any]) -> Cover:
    """A row of table `cover`."""
    return Cover(
        cover_id=row.cover_id,
        book_id=row.book_id,
        side=Side(row.side),
        sha256=row.sha256,
        state=CoverState(row.state),
        recipe=row.recipe,
        attempts=row.attempts,
        stage=row.stage,
        reason=row.reason,
    )
