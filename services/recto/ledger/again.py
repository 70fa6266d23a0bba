"""Items once more: failed ones tried again, images read again, all of them exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from recto.ledger.control import locked_job
from recto.ledger.database import Database, chunks
from recto.ledger.facts import locked_versions
from recto.ledger.intake import enter_covers
from recto.ledger.items import DELETED, READ, item_columns, item_of
from recto.ledger.jobs import WAITING, attempts_added, wait_again
from recto.ledger.listing import held_listing
from recto.ledger.moves import locked_covers, queue_anew, queue_other_anew
from recto.ledger.reindexing import KIND as REINDEX
from recto.ledger.reindexing import is_reindex, queue_failed_again
from recto.ledger.rows import CANCELLED, EntryItem, ItemRow, NewItem, Outcome
from recto.ledger.schema import book, cover, job, job_item
from recto.records import Cover, CoverState

_FAILED_FIRST = (Outcome.FAILED, *(each for each in Outcome if each is not Outcome.FAILED))


class Again:
    """Items of jobs, once more."""

    _database: Database

    def retry_items(self, job_id: str, *, item_ids: Sequence[int] = (), stage: str = "") -> int:
        """Work again on failed items: these, those of a stage, or all; returns how many wait again.

        Where Recto lists the job by itself, images that could not be read are read again, and a source that could not
        be read to its end is read on.

        Raises:
            NotFound: there is no such job.
        """
        with self._database.write() as connection:
            other = locked_versions(connection, change=is_reindex(connection, job_id)).other
            row = locked_job(connection, job_id)
            if row.kind == REINDEX:
                chosen = list(_chosen(item_ids, stage))
                return sum(queue_failed_again(connection, other, job_id, *which) for which in chosen)
            waiting = _count_waiting(connection, job_id)
            for which in _chosen(item_ids, stage):
                rows = locked_covers(connection, wait_again(connection, job_id, *which))
                for ids in chunks(found.cover_id for found in rows):
                    queue_anew(connection, cover.c.cover_id.in_(ids))
                    queue_other_anew(connection, other, ids, CoverState.FAILED)
                if row.document is not None:
                    _read_again(connection, job_id, which)
            count = _count_waiting(connection, job_id) - waiting
            _take_up(connection, row, count)
            return count

    def failed_stages(self, job_id: str) -> dict[str, int]:
        """How many items of a job failed at each stage, the most first."""
        failed = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.FAILED.value)
        query = select(job_item.c.stage, func.count()).where(*failed).group_by(job_item.c.stage)
        with self._database.read() as connection:
            found = [(stage, int(count)) for stage, count in connection.execute(query)]
        return dict(sorted(found, key=lambda one: (-one[1], one[0])))

    def to_read_again(self, job_id: str, limit: int) -> list[ItemRow]:
        """Items that wait to be read again."""
        where = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.WAITING.value)
        query = select(job_item).where(*where, job_item.c.cover_id.is_(None)).order_by(job_item.c.item_id)
        with self._database.read() as connection:
            return [item_of(row) for row in connection.execute(query.limit(limit))]

    def list_again(
        self,
        job_id: str,
        lister: str,
        found: Sequence[tuple[ItemRow, EntryItem]],
        *,
        dry_run: bool = False,
    ) -> bool:
        """Write what became of items that were read again; returns as `Listings.list_rows`."""
        with self._database.write() as connection:
            if held_listing(connection, job_id, lister) is None:
                return False
            new = _new_items(connection, job_id, found, dry_run)
            rows = item_columns(connection, job_id, new, dry_run=dry_run)
            for (item, _), row in zip(found, rows, strict=True):
                waits = (job_item.c.item_id == item.item_id, job_item.c.outcome == Outcome.WAITING.value)
                connection.execute(update(job_item).where(*waits).values(**row))
            return True

    def exported_items(
        self, job_id: str, outcome: Outcome | None = None, size: int = 1000
    ) -> Iterator[list[ItemRow]]:
        """Items of a job in portions: those of one outcome, or of all, the failed ones first.

        Each portion is a query of its own behind the last item: a long export holds up nobody and takes no memory.
        """
        for one in _FAILED_FIRST if outcome is None else (outcome,):
            after = 0
            while rows := self._items_behind(job_id, one, after, size):
                yield rows
                after = rows[-1].item_id

    def _items_behind(self, job_id: str, outcome: Outcome, after: int, size: int) -> list[ItemRow]:
        where = (job_item.c.job_id == job_id, job_item.c.outcome == outcome.value, job_item.c.item_id > after)
        query = select(job_item).where(*where).order_by(job_item.c.item_id).limit(size)
        with self._database.read() as connection:
            return [item_of(row) for row in connection.execute(attempts_added(query))]


def _chosen(item_ids: Sequence[int], stage: str) -> Iterator[list[ColumnElement[bool]]]:
    """Conditions that choose items; several, since a statement takes so many ids only."""
    of_stage = [job_item.c.stage == stage] if stage else []
    if not item_ids:
        yield of_stage
    for ids in chunks(item_ids):
        yield [*of_stage, job_item.c.item_id.in_(ids)]


def _read_again(connection: Connection, job_id: str, which: Sequence[ColumnElement[bool]]) -> None:
    """Let failed items wait that have no cover because their image could not be read."""
    failed = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.FAILED.value, *which)
    unread = (job_item.c.stage == READ, job_item.c.cover_id.is_(None))
    connection.execute(update(job_item).where(*failed, *unread).values(**WAITING))


def _take_up(connection: Connection, row: Row[Any], count: int) -> None:
    """Let a job run on: what is to be read is listed, what was not read to its end is read on."""
    ended = (row.listing or {}).get("ended", False) or row.document is None
    if not count and (ended or row.control == CANCELLED):
        return
    unread = (job_item.c.job_id == row.job_id, job_item.c.outcome == Outcome.WAITING.value)
    query = select(job_item.c.item_id).where(*unread, job_item.c.cover_id.is_(None)).limit(1)
    values: dict[str, Any] = {"finished": None}
    if row.control == CANCELLED:
        values["control"] = ""
    if not ended or connection.execute(query).first() is not None:
        values |= {"listed": None} | ({} if ended else {"reason": ""})
    connection.execute(update(job).where(job.c.job_id == row.job_id).values(**values))


def _count_waiting(connection: Connection, job_id: str) -> int:
    where = (job_item.c.job_id == job_id, job_item.c.outcome == Outcome.WAITING.value)
    return connection.execute(select(func.count()).select_from(job_item).where(*where)).scalar_one()


def _new_items(
    connection: Connection, job_id: str, found: Sequence[tuple[ItemRow, EntryItem]], dry_run: bool
) -> list[NewItem]:
    """What is written of items that were read again: with their covers, if the images and the books are there."""
    ids = {item.book_id for item, _ in found}
    known = set(connection.execute(select(book.c.book_id).where(book.c.book_id.in_(sorted(ids)))).scalars())
    usable = ids if dry_run else known
    read = [(item, entry) for item, entry in found if entry.sha256 and item.side and item.book_id in usable]
    keys = [(item.book_id, item.side, entry.sha256) for item, entry in read if item.side]
    covers = dict(
        zip(
            [item.item_id for item, _ in read],
            enter_covers(connection, job_id, keys, dry_run=dry_run),
            strict=True,
        )
    )
    return [_new_item(item, entry, covers.get(item.item_id)) for item, entry in found]


def _new_item(item: ItemRow, entry: EntryItem, written: tuple[Cover, bool] | None) -> NewItem:
    if written is not None:
        cover_row, changed = written
        return NewItem(item.book_id, item.side, item.path, cover_row.cover_id, unchanged=not changed)
    stage, reason = (entry.stage, entry.reason) if entry.stage else ("deleted", DELETED)
    return NewItem(item.book_id, item.side, item.path, stage=stage, reason=reason)
