"""The database below the ledger: settings, durability, and what goes wrong with a disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.ledger.entries import fill

from recto.errors import BadSetting, RectoError, Unavailable
from recto.ledger import FILE_NAME, Ledger
from recto.records import Book
from recto.settings import Settings


def test_the_ledger_lies_in_the_data_folder_which_is_made(tmp_path: Path) -> None:
    Ledger.open(Settings(data_dir=tmp_path / "new" / "folder")).close()
    assert (tmp_path / "new" / "folder" / FILE_NAME).is_file()


def test_what_was_written_is_there_after_closing(settings: Settings) -> None:
    first = Ledger.open(settings)
    first.put_book(Book("a", "Title"))
    first.close()
    second = Ledger.open(settings)
    assert second.book("a") == Book("a", "Title")
    second.close()


def test_sqlite_waits_for_the_disk_checks_references_and_logs_ahead(tmp_path: Path) -> None:
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    with ledger._database.read() as connection:
        for pragma, value in [("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal")]:
            assert connection.exec_driver_sql(f"pragma {pragma}").scalar_one() == value
    ledger.close()


def test_a_backup_taken_while_the_ledger_is_in_use_is_whole(tmp_path: Path) -> None:
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    fill(ledger, 5)
    (tmp_path / "backup").mkdir()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("vacuum into ?", (str(tmp_path / "backup" / FILE_NAME),))
    connection.close()
    fill(ledger, 1, first=5)
    ledger.close()
    restored = Ledger.open(Settings(data_dir=tmp_path / "backup"))
    assert restored.browse().total == 5
    assert len(restored.claim("worker", 100, 60.0)) == 10
    restored.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "oracle://x", "nothing://x"])
def test_a_url_that_cannot_be_used_names_the_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting, match="RECTO_LEDGER_URL"):
        Ledger.open(Settings(data_dir=tmp_path, ledger_url=url))


def test_a_missing_driver_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from recto.ledger import Ledger; from recto.settings import Settings\n"
        "Ledger.open(Settings(ledger_url='postgresql://localhost/recto'))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "BadSetting" in run.stderr
    assert 'pip install "psycopg[binary]"' in run.stderr


def test_a_postgresql_that_does_not_answer_says_so(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg, the driver of PostgreSQL, is not installed")
    url = f"postgresql://nobody@/none?host={tmp_path}"
    with pytest.raises(Unavailable, match="does not answer"):
        Ledger.open(Settings(data_dir=tmp_path, ledger_url=url))


def test_a_full_disk_is_told_and_nothing_is_half_written(tmp_path: Path) -> None:
    ledger = Ledger.open(Settings(data_dir=tmp_path))
    with ledger._database.read() as connection:  # the pool hands out this connection again
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()
        connection.exec_driver_sql(f"pragma max_page_count = {pages + 5}")
    with pytest.raises(Unavailable, match="full"):
        fill(ledger, 500)
    assert ledger.browse().total == 0
    ledger.put_book(Book("small"))
    assert ledger.book("small") == Book("small")
    ledger.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is a letter to my aunt" * 100)
    with pytest.raises(RectoError, match=r"damaged.*backup"):
        Ledger.open(Settings(data_dir=tmp_path))


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RectoError, match="data folder"):
        Ledger.open(Settings(data_dir=tmp_path / "file"))
