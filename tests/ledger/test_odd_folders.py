"""The file of the ledger lies in its data folder, whatever that is called."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from tests.support.odd_names import ALL_IN_ONE, ODD_NAMES, any_name, unhurried

from recto.errors import BadSetting
from recto.ledger import FILE_NAME, Ledger, url_of
from recto.settings import Settings


@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE, "a\nb", os.fsdecode(b"\xff\xfe")], ids=ascii)
def test_the_ledger_is_in_its_folder_and_nothing_beside_it(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    for _ in range(2):  # new, then found again
        ledger = Ledger.open(settings)
        ledger.set_value("name", "its own")
        assert ledger.get_value("name") == "its own"
        ledger.close()
    assert (tmp_path / name / FILE_NAME).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_folders_that_differ_behind_a_question_mark_have_ledgers_of_their_own(tmp_path: Path) -> None:
    ledgers = [Ledger.open(Settings(data_dir=tmp_path / name)) for name in ("w?1", "w?2", "w#1", "w")]
    for number, ledger in enumerate(ledgers):
        assert ledger.get_value("x") is None
        ledger.set_value("x", str(number))
    for ledger in ledgers:
        ledger.close()


@unhurried
@given(any_name)
def test_sqlite_is_given_the_path_as_it_is(name: str) -> None:
    with TemporaryDirectory() as folder:
        url = url_of(Settings(data_dir=Path(folder, name)))
        (file,), options = SQLiteDialect_pysqlite().create_connect_args(url)
        assert file == str(Path(folder, name, FILE_NAME))
        assert "uri" not in options
        assert [path.name for path in Path(folder).iterdir()] == [name]


def test_an_address_whose_file_would_be_cut_off_at_a_question_mark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="%3F"):
        Ledger.open(Settings(ledger_url=f"sqlite:///{tmp_path}/w?1"))
    Ledger.open(Settings(ledger_url=f"sqlite:///{tmp_path}/w%3F1")).close()
    assert [path.name for path in tmp_path.iterdir() if "-" not in path.name] == ["w?1"]
