"""Format versions: a ledger of an older Recto is upgraded, one of a newer Recto is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Connection, inspect, select, text, update
from tests.ledger.entries import fill

from recto.errors import RectoError
from recto.ledger import Ledger, url_of
from recto.ledger.database import Database
from recto.ledger.schema import FORMAT, meta, metadata
from recto.ledger.upgrade import UPGRADES, prepare
from recto.records import Book
from recto.settings import Settings

Steps = Mapping[int, Callable[[Connection], None]]


def _add_subtitle(connection: Connection) -> None:
    connection.execute(text("alter table book add column subtitle text not null default ''"))


def _fill_subtitle(connection: Connection) -> None:
    connection.execute(text("update book set subtitle = 'of ' || title"))


def _break(connection: Connection) -> None:
    connection.execute(text("insert into no_such_table values (1)"))


STEPS: Steps = {**UPGRADES, FORMAT: _add_subtitle, FORMAT + 1: _fill_subtitle}


def _open(settings: Settings) -> Database:
    return Database(url_of(settings))


def _format(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(meta.c.value).where(meta.c.key == "format")).scalar_one())


def _columns(database: Database) -> set[str]:
    with database.read() as connection:
        return {column["name"] for column in inspect(connection).get_columns("book")}


def test_a_new_ledger_has_the_newest_format_and_all_tables(settings: Settings) -> None:
    Ledger.open(settings).close()
    database = _open(settings)
    assert _format(database) == FORMAT
    with database.read() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())
    database.close()


def test_every_older_format_has_a_step() -> None:
    assert set(UPGRADES) == set(range(1, FORMAT))


def test_an_older_ledger_is_upgraded_step_by_step_and_keeps_its_books(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    fill(ledger, 2)
    ledger.close()
    database = _open(settings)
    prepare(database, FORMAT + 2, STEPS)
    assert _format(database) == FORMAT + 2
    with database.read() as connection:
        query = text("select title, subtitle from book order by title")
        assert [tuple(row) for row in connection.execute(query)] == [
            ("Title 0", "of Title 0"),
            ("Title 1", "of Title 1"),
        ]
    database.close()


def test_the_upgrade_to_format_4_counts_what_jobs_change_from_then_on(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    job_id = fill(ledger, 2)
    ledger.close()
    database = _open(settings)
    with database.write() as connection:
        connection.execute(text("drop table job_change"))
        connection.execute(update(meta).values(value="3"))
    database.close()
    ledger = Ledger.open(settings)
    before, after = ledger.job(job_id), ledger.job(fill(ledger, 1, title="Other {}"))
    assert before is not None
    assert after is not None
    assert (before.changed, after.changed) == ({}, {"title": 1})
    ledger.close()


def test_an_upgrade_that_fails_leaves_everything_as_it_was(settings: Settings) -> None:
    ledger = Ledger.open(settings)
    ledger.put_book(Book("a"))
    database = _open(settings)
    with pytest.raises(Exception, match="no_such_table"):
        prepare(database, FORMAT + 2, {FORMAT: _add_subtitle, FORMAT + 1: _break})
    assert _format(database) == FORMAT
    assert "subtitle" not in _columns(database)
    assert ledger.book("a") == Book("a")
    ledger.close()
    database.close()


def test_upgrades_at_once_happen_once(settings: Settings) -> None:
    Ledger.open(settings).close()
    errors: list[BaseException] = []

    def upgrade() -> None:
        database = _open(settings)
        try:
            prepare(database, FORMAT + 2, STEPS)
        except BaseException as error:  # handed to the test, which fails with it
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    database = _open(settings)
    assert (_format(database), "subtitle" in _columns(database)) == (FORMAT + 2, True)
    database.close()


def test_a_newer_ledger_is_refused_with_what_to_do(settings: Settings) -> None:
    Ledger.open(settings).close()
    database = _open(settings)
    with database.write() as connection:
        connection.execute(update(meta).where(meta.c.key == "format").values(value=str(FORMAT + 1)))
    database.close()
    with pytest.raises(RectoError, match=f"format {FORMAT + 1}.*install the newer Recto"):
        Ledger.open(settings)
