"""A ledger on each database that it works with."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from recto.ledger import FILE_NAME, Ledger
from recto.settings import Settings


def _schema(server_url: str) -> Iterator[str]:
    """URL of an empty schema, dropped afterwards; made faster than a database."""
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    schema = f"recto_test_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create schema {schema}"))
        yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
        connection.execute(text(f"drop schema {schema} cascade"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty ledger."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
    else:
        for url in _schema(request.getfixturevalue("postgres_server")):
            yield Settings(data_dir=tmp_path, ledger_url=url)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger in SQLite; copying it is ten times as fast as making another."""
    folder = tmp_path_factory.mktemp("empty_ledger")
    Ledger.open(Settings(data_dir=folder)).close()
    return folder / FILE_NAME


@pytest.fixture
def ledger(settings: Settings, empty_file: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    if not settings.ledger_url:
        shutil.copy(empty_file, settings.data_dir / FILE_NAME)
    opened = Ledger.open(settings)
    yield opened
    opened.close()
