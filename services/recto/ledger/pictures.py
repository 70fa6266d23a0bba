"""What is known of an image whatever the recipe: perceptual hash, bar codes, size; found once, kept by sha256."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, select

from recto.ledger.database import Database, add_rows, chunks, put_rows
from recto.ledger.schema import picture, picture_barcode


@dataclass(frozen=True)
class Picture:
    """Facts of the image that has this SHA-256.

    `phash`: 64 bits as 16 hexadecimal digits (`recto.images.phash`); `barcodes`: the digits of each EAN-13 that was
    read on it; `width` and `height`: of the upright image before any reduction, in pixels.
    """

    sha256: str
    phash: str
    barcodes: tuple[str, ...]
    width: int
    height: int


class Pictures:
    """Facts of images of the ledger."""

    _database: Database

    def put_pictures(self, rows: Sequence[Picture]) -> None:
        """Keep facts of images, in place of what was known of them. Doing it twice changes nothing."""
        wanted = {row.sha256: row for row in rows}
        with self._database.write() as connection:
            # In one order, against deadlocks.
            put_rows(connection, picture, [_columns(wanted[sha256]) for sha256 in sorted(wanted)])
            _forget_barcodes(connection, sorted(wanted))
            add_rows(
                connection,
                picture_barcode,
                [row for sha256 in sorted(wanted) for row in _barcodes(wanted[sha256])],
            )

    def pictures(self, sha256s: Collection[str]) -> dict[str, Picture]:
        """What is known of these images, by sha256; those that no worker has seen are left out."""
        found: dict[str, Picture] = {}
        with self._database.read() as connection:
            for some in chunks(sha256s):
                query = select(picture).where(picture.c.sha256.in_(some))
                found.update({row.sha256: _picture_of(row) for row in connection.execute(query)})
        return found


def forget_pictures(connection: Connection, sha256s: Collection[str]) -> None:
    """Drop the facts of images that no cover names any more."""
    for some in chunks(sorted(sha256s)):
        connection.execute(delete(picture).where(picture.c.sha256.in_(some)))
    _forget_barcodes(connection, sorted(sha256s))


def _forget_barcodes(connection: Connection, sha256s: Sequence[str]) -> None:
    for some in chunks(sha256s):
        connection.execute(delete(picture_barcode).where(picture_barcode.c.sha256.in_(some)))


def _barcodes(row: Picture) -> list[dict[str, str]]:
    return [{"number": number, "sha256": row.sha256} for number in sorted(set(row.barcodes))]


def _columns(row: Picture) -> dict[str, object]:
    return {
        "sha256": row.sha256,
        "phash": row.phash,
        "barcodes": list(row.barcodes),
        "width": row.width,
        "height": row.height,
    }


def _picture_of(row: Row[tuple[object, ...]]) -> Picture:
    return Picture(row.sha256, row.phash, tuple(row.barcodes), row.width, row.height)
