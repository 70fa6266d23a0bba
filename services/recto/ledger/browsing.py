"""Lists of covers and of failures over the whole catalogue, by page."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from recto.ledger.convert import cover_of
from recto.ledger.database import Database
from recto.ledger.items import item_of
from recto.ledger.jobs import with_attempts
from recto.ledger.rows import ItemRow, Outcome, Page
from recto.ledger.schema import cover, job, job_item
from recto.ledger.validation import check_page
from recto.records import Cover, CoverState, Side


class Browsing:
    """Lists of the ledger."""

    _database: Database

    def covers(
        self,
        book_id: str = "",
        side: Side | None = None,
        state: CoverState | None = None,
        page: int = 1,
        page_size: int = 50,
    ) -> Page[Cover]:
        """Covers by state, side and id: all, or those of a book, side or state. Pages count from 1."""
        check_page(page, page_size)
        where: list[ColumnElement[bool]] = []
        where += [cover.c.book_id == book_id] if book_id else []
        where += [cover.c.side == side.value] if side else []
        where += [cover.c.state == state.value] if state else []
        order = (cover.c.state, cover.c.side, cover.c.cover_id)  # as the index `cover_in_index` has them
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(cover).where(*where)).scalar_one()
            query = select(cover).where(*where).order_by(*order)
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
        return Page(tuple(cover_of(row) for row in rows), total, page, page_size)

    def failed_items(self, stage: str = "", page: int = 1, page_size: int = 50) -> Page[ItemRow]:
        """Items of all jobs that failed, the latest first: all, or those of one stage. Pages count from 1."""
        check_page(page, page_size)
        # By way of the jobs, since the index of items begins with the job: else every item is looked at.
        failed = [job_item.c.job_id.in_(select(job.c.job_id)), job_item.c.outcome == Outcome.FAILED.value]
        failed += [job_item.c.stage == stage] if stage else []
        latest = (
            job_item.c.item_id + 0
        ).desc()  # an order that no index gives, so that the one above is used
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(job_item).where(*failed)).scalar_one()
            query = with_attempts().where(*failed).order_by(latest)
            rows = connection.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
        return Page(tuple(item_of(row) for row in rows), total, page, page_size)
