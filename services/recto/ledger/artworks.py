"""The pictures of the catalogue as a training takes them: each original once, and which show the same artwork."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from recto.ledger.database import Database
from recto.ledger.duplicates import is_decided
from recto.ledger.schema import cover, duplicate
from recto.records import Alike, CoverState, Side

ROWS_AT_ONCE = 1000
"""Rows that are fetched together."""


@dataclass(frozen=True)
class Original:
    """An original of a cover that searches find; `book_id` and `side` are those of the first cover that names it."""

    sha256: str
    book_id: str
    side: Side


class Artworks:
    """Originals of the ledger and what is known of their likeness."""

    _database: Database

    def searchable_originals(self) -> Iterator[Original]:
        """Originals of the covers that searches find, each once, in the order of their SHA-256."""
        columns = (cover.c.sha256, cover.c.book_id, cover.c.side)
        query = select(*columns).where(cover.c.state == CoverState.INDEXED.value)
        query = query.order_by(cover.c.sha256, cover.c.cover_id).execution_options(yield_per=ROWS_AT_ONCE)
        last = ""
        with self._database.read() as connection:
            for sha256, book_id, side in connection.execute(query):
                if sha256 != last:
                    yield Original(sha256, book_id, Side(side))
                last = sha256

    def same_artwork(self) -> Iterator[tuple[str, str]]:
        """SHA-256s of two originals that are one picture, or one artwork whose books nobody called different.

        What a person called different differs in more than a sticker: the next volume in the same design, say. One
        picture encoded twice stays one, whichever books it stands for.
        """
        first, other = cover.alias("one"), cover.alias("another")
        same = duplicate.c.kind == Alike.SAME_PICTURE.value
        printing = and_(duplicate.c.kind == Alike.SAME_ARTWORK.value, ~is_decided())
        joined = duplicate.join(first, first.c.cover_id == duplicate.c.cover_id)
        joined = joined.join(other, other.c.cover_id == duplicate.c.other_id)
        query = select(first.c.sha256, other.c.sha256).select_from(joined).where(or_(same, printing))
        with self._database.read() as connection:
            for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
                yield row[0], row[1]
