"""Several index workers at one index: what one does while another is in the middle of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.workers.running import draw

from recto.errors import Unavailable
from recto.index import Index
from recto.ingest.pipeline import index_staged, ingest_batch
from recto.records import Book, Cover, CoverState, Side
from recto.runtime import Engine
from recto.settings import Settings
from recto.upkeep.maintenance import delete_books, reconcile

pytestmark = pytest.mark.slow

BOOK = Book("one", title="As it was")


class Meanwhile:
    """An index that lets something happen once, right before or after a call of one method reaches the server."""

    def __init__(
        self, index: Index, method: str, happen: Callable[[], object], *, after: bool = False
    ) -> None:
        self._index, self._method, self._happen, self._after = index, method, happen, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._index, name)
        if name != self._method:
            return found

        def call(*arguments: Any) -> Any:
            happen, self._happen = self._happen, lambda: None
            if not self._after:
                happen()
            answer = found(*arguments)
            if self._after:
                happen()
            return answer

        return call


@pytest.fixture
def one(settings: Settings, ledger_url: str) -> Iterator[Engine]:
    """What one index process holds."""
    engine = Engine.open(dataclasses.replace(settings, ledger_url=ledger_url), with_index=True)
    yield engine
    engine.close()


@pytest.fixture
def other(one: Engine) -> Iterator[Engine]:
    """What another one holds, at the same ledger and server."""
    engine = Engine.open(one.settings, with_index=True)
    yield engine
    engine.close()


def test_a_file_that_is_in_the_hands_of_a_worker_is_left_to_it(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    second: list[int] = []
    busy = _during(one, "upsert", lambda: second.append(index_staged(other, staged_file, "other")))
    assert index_staged(busy, staged_file, "one") == 1
    assert second == [0]
    assert _is_searchable(one, cover)


def test_a_message_that_comes_twice_changes_nothing(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    assert index_staged(one, staged_file, "one") == 1
    assert index_staged(other, staged_file, "other") == 0
    assert _is_searchable(one, cover)


def test_what_a_dead_worker_held_is_free_when_it_comes_back(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    assert one.ledger.take_staged(staged_file, "one", 120.0)
    assert one.ledger.staged_files(0.0) == []
    assert index_staged(other, staged_file, "other") == 0
    one.ledger.free_staged("one")
    assert one.ledger.staged_files(0.0) == [staged_file]
    assert index_staged(other, staged_file, "other") == 1
    assert _is_searchable(one, cover)


def test_what_a_silent_worker_held_is_free_after_its_lease(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    assert one.ledger.take_staged(staged_file, "one", 0.0)
    assert index_staged(other, staged_file, "other") == 1
    assert _is_searchable(one, cover)


def test_a_batch_that_the_server_cannot_take_is_free_at_once(one: Engine) -> None:
    _, staged_file = _staged(one)

    def fail() -> None:
        raise Unavailable("The server does not answer.")

    with pytest.raises(Unavailable):
        index_staged(_during(one, "upsert", fail), staged_file, "one")
    assert one.ledger.staged_files(0.0) == [staged_file]


def test_a_book_that_changes_while_it_is_written_ends_as_it_was_changed(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)

    def change() -> None:
        one.ledger.put_book(dataclasses.replace(BOOK, publisher="The new one"))
        _work(other, "other")

    index_staged(_during(one, "upsert", change), staged_file, "one")
    _work(other, "other")
    assert _is_searchable(one, cover)
    assert _publisher(one, cover) == "The new one"


def test_a_book_that_waits_in_a_newer_file_is_not_done_with_the_older(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    newer: list[str] = []

    def change() -> None:
        one.ledger.put_book(dataclasses.replace(BOOK, publisher="The new one"))
        newer.append(ingest_batch(other, "ingest").staged_file)

    index_staged(_during(one, "upsert", change, after=True), staged_file, "one")
    _work(other, "other")
    for waiting in one.ledger.staged_files(0.0):
        index_staged(other, waiting, "other")
    assert newer != [""]
    assert _is_searchable(one, cover)
    assert _publisher(one, cover) == "The new one"


def test_a_book_that_is_deleted_while_it_is_written_leaves_no_point(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)

    def delete() -> None:
        one.ledger.delete_book(BOOK.book_id)
        delete_books(other)

    assert index_staged(_during(one, "upsert", delete), staged_file, "one") == 0
    assert one.index.get(one.live().version, cover.side, [cover.cover_id]) == []


def test_a_book_that_comes_back_while_it_is_written_stays(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)

    def replace() -> None:
        one.ledger.delete_book(BOOK.book_id)
        delete_books(other)
        _enter(one)
        _work(other, "other")

    index_staged(_during(one, "upsert", replace), staged_file, "one")
    _work(other, "other")
    assert _is_searchable(one, cover)


def test_a_book_that_comes_back_while_its_point_is_deleted_stays(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)

    def delete() -> None:
        one.ledger.delete_book(BOOK.book_id)
        delete_books(other)

    def come_back() -> None:
        _enter(one)
        _work(other, "other")

    busy = _during(_during(one, "upsert", delete), "delete_covers", come_back)
    assert index_staged(busy, staged_file, "one") == 0
    _work(other, "other")
    assert _is_searchable(one, cover)


def test_a_book_that_comes_back_while_a_starting_process_deletes_it_stays(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    index_staged(one, staged_file, "one")
    one.ledger.delete_book(BOOK.book_id)
    one.ledger.purge_deleted(BOOK.book_id)  # its point is left behind, as after a crash

    def come_back() -> None:
        _enter(one)
        _work(other, "other")

    reconcile(_during(one, "delete_covers", come_back))
    _work(other, "other")
    assert _is_searchable(one, cover)


def test_a_process_that_starts_deletes_nothing_that_another_writes(one: Engine, other: Engine) -> None:
    written: list[Cover] = []

    def write() -> None:
        cover, staged_file = _staged(other)
        index_staged(other, staged_file, "other")
        written.append(cover)

    reconcile(_during(one, "scroll", write))
    assert _is_searchable(one, written[0])


def test_a_process_that_starts_queues_nothing_again_that_another_writes(one: Engine, other: Engine) -> None:
    cover, staged_file = _staged(one)
    index_staged(one, staged_file, "one")
    written: list[Cover] = []

    def write() -> None:
        added, waiting = _staged(other, "two", 2)
        index_staged(other, waiting, "other")
        written.append(added)

    reconcile(_during(one, "scroll", write, after=True))
    assert _is_searchable(one, cover)
    assert _is_searchable(one, written[0])


def _during(engine: Engine, method: str, happen: Callable[[], object], *, after: bool = False) -> Engine:
    index: Any = Meanwhile(engine.index, method, happen, after=after)
    return dataclasses.replace(engine, opened_index=index)


def _enter(engine: Engine, book_id: str = BOOK.book_id, seed: int = 1) -> Cover:
    engine.ledger.put_book(dataclasses.replace(BOOK, book_id=book_id))
    cover, _ = engine.ledger.add_cover(book_id, Side.FRONT, engine.blobs.put(draw(seed)))
    return cover


def _staged(engine: Engine, book_id: str = BOOK.book_id, seed: int = 1) -> tuple[Cover, str]:
    """A cover whose vectors wait for an index worker, and the file that holds them."""
    cover = _enter(engine, book_id, seed)
    report = ingest_batch(engine, "ingest")
    assert report.staged_file
    return cover, report.staged_file


def _work(engine: Engine, name: str) -> None:
    """Everything that waits, as ingest and index workers do it."""
    while (report := ingest_batch(engine, f"ingest of {name}")).claimed:
        if report.staged_file:
            index_staged(engine, report.staged_file, name)


def _publisher(engine: Engine, cover: Cover) -> object:
    """What the index holds of the book's publisher."""
    stored = engine.index.get(engine.live().version, cover.side, [cover.cover_id])
    return stored[0].fields["publisher"]


def _is_searchable(engine: Engine, cover: Cover) -> bool:
    """Whether ledger and index agree that the cover is there."""
    found = engine.ledger.cover(cover.cover_id)
    stored = engine.index.get(engine.live().version, cover.side, [cover.cover_id])
    return found is not None and found.state is CoverState.INDEXED and len(stored) == 1
