"""Drawn books as files, with the row of a manifest for each."""

from __future__ import annotations

from pathlib import Path

from recto_lab.synthetic.book import DrawnBook

NO_BACK_EVERY = 6
"""Every sixth book of a shelf has no back cover, as in real catalogues."""
QUALITY = 90
"""JPEG quality of the files, that of a good catalogue image."""


def store_book(folder: Path, book: DrawnBook, *, with_back: bool) -> dict[str, object]:
    """Write a book's covers into `folder` and return its row of the manifest, with names relative to it."""
    row: dict[str, object] = {
        "book_id": book.book_id,
        "title": book.title,
        "authors": "|".join(book.authors),
        "isbn": book.isbn,
        "publisher": book.publisher,
        "year": book.year,
        "language": book.language,
        "tags": "|".join(book.tags),
        "front": f"{book.book_id}_front.jpg",
    }
    if book.series:
        row["series"] = book.series
    book.front.save(folder / f"{book.book_id}_front.jpg", quality=QUALITY)
    if with_back:
        row["back"] = f"{book.book_id}_back.jpg"
        book.back.save(folder / f"{book.book_id}_back.jpg", quality=QUALITY)
    return row
