"""Creating the ledger's tables, and bringing those of an older Recto up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, inspect, select, text

from recto.errors import RectoError
from recto.ledger.database import Database, put_rows
from recto.ledger.schema import FORMAT, meta, metadata
from recto.ledger.text import numbers


def _add_versions_control_and_keys(connection: Connection) -> None:
    """Format 2: the version beside the live one, jobs that Recto lists by itself, keys of the HTTP API."""
    _run(connection, _FORMAT_2)


def _add_pictures_decisions_and_calibration(connection: Connection) -> None:
    """Format 3: facts of images, duplicates with decisions about them, calibration, evidence on demand."""
    _run(connection, _FORMAT_3)
    _enter_numbers_of_books(connection)


def _add_changes_of_jobs(connection: Connection) -> None:
    """Format 4: which fields of which books a job changed."""
    _run(connection, _FORMAT_4)


def _enter_numbers_of_books(connection: Connection) -> None:
    """Terms of kind `isbn` for the books that are there: the EAN-13 of their ISBN and id."""
    last = ""
    page = text("select book_id, isbn from book where book_id > :last order by book_id limit 1000")
    while rows := connection.execute(page, {"last": last}).all():
        terms = [
            {"term": number, "book_id": row.book_id}
            for row in rows
            for number in numbers(row.isbn, row.book_id)
        ]
        if terms:
            insert = "insert into book_term (kind, term, book_id) values ('isbn', :term, :book_id)"
            connection.execute(text(insert), terms)
        last = rows[-1].book_id


def _run(connection: Connection, statements: Sequence[str]) -> None:
    key = 'varchar collate "C"' if connection.dialect.name == "postgresql" else "varchar"
    for statement in statements:
        connection.execute(text(statement.replace("{key}", key)))


_FORMAT_2 = (
    """create table other_cover (
        cover_id {key} not null primary key references cover (cover_id),
        state varchar not null,
        recipe varchar not null,
        attempts integer not null,
        stage varchar not null,
        reason text not null,
        worker varchar not null,
        lease_until double precision,
        staged_file varchar not null,
        moved double precision not null)""",
    "create index other_cover_in_queue on other_cover (state, attempts, moved)",
    "create index other_cover_in_index on other_cover (state, cover_id)",
    "create index other_cover_by_staged_file on other_cover (staged_file) where staged_file <> ''",
    "alter table job add column document json",
    "alter table job add column control varchar not null default ''",
    "alter table job add column position bigint not null default 0",
    "alter table job add column listing json",
    "alter table job add column lister varchar not null default ''",
    "alter table job add column lister_until double precision",
    "create index job_to_list on job (listed, created)",
    "create index job_under_control on job (control) where control <> ''",
    "create index job_item_by_settled on job_item (job_id, settled) where settled is not null",
    """create table api_key (
        key_id {key} not null primary key,
        name text not null,
        scopes json not null,
        hash {key} not null,
        created double precision not null,
        used double precision,
        revoked double precision)""",
)

_FORMAT_3 = (
    """create table picture (
        sha256 {key} not null primary key,
        phash varchar not null,
        barcodes json not null,
        width integer not null,
        height integer not null)""",
    """create table picture_barcode (
        number {key} not null,
        sha256 {key} not null,
        primary key (number, sha256))""",
    "create index picture_barcode_by_picture on picture_barcode (sha256)",
    """create table duplicate (
        cover_id {key} not null,
        other_id {key} not null,
        kind varchar not null,
        measures json not null,
        found double precision not null,
        primary key (cover_id, other_id))""",
    "create index duplicate_by_other on duplicate (other_id)",
    "create index duplicate_by_kind on duplicate (kind, found)",
    "create index duplicate_by_found on duplicate (found)",
    "alter table cover add column compared double precision",
    "create index cover_to_compare on cover (state, created) where compared is null",
    """create table decision (
        book_id {key} not null,
        other_id {key} not null,
        verdict varchar not null,
        note text not null,
        decided double precision not null,
        primary key (book_id, other_id))""",
    "create index decision_by_other on decision (other_id)",
    """create table calibration (
        recipe varchar not null primary key,
        model json not null,
        created double precision not null)""",
    """create table evidence (
        search_id {key} not null,
        photo integer not null,
        cover_id {key} not null,
        state varchar not null,
        result json,
        error text not null,
        created double precision not null,
        primary key (search_id, photo, cover_id))""",
)

_FORMAT_4 = (
    """create table job_change (
        job_id {key} not null references job (job_id),
        book_id {key} not null,
        field varchar not null,
        primary key (job_id, book_id, field))""",
)

UPGRADES: Mapping[int, Callable[[Connection], None]] = {
    1: _add_versions_control_and_keys,
    2: _add_pictures_decisions_and_calibration,
    3: _add_changes_of_jobs,
}
"""Step `n` brings the tables from format n to n + 1, by SQL of its own: `schema` moves on, steps do not."""
_LOCK = 0x52656374  # any number that nothing else in the database uses


def prepare(
    database: Database, newest: int = FORMAT, upgrades: Mapping[int, Callable[[Connection], None]] = UPGRADES
) -> None:
    """Create the tables, or upgrade them step by step, in one transaction: all of it happens or nothing.

    Any number of processes may do it at once; the first one does it, the others find it done.

    Raises:
        RectoError: the ledger was written by a newer Recto.
    """
    with database.read() as connection:  # the usual case waits for no writer
        if _format(connection) == newest:
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        found = _format(connection)
        if found is None:
            metadata.create_all(connection)
        elif found > newest:
            raise RectoError(
                f"The ledger has format {found}, this Recto knows formats up to {newest}: "
                "install the newer Recto that wrote it, or restore a backup from before its upgrade."
            )
        for step in range(found or newest, newest):
            upgrades[step](connection)
        put_rows(connection, meta, [{"key": "format", "value": str(newest)}])


def _format(connection: Connection) -> int | None:
    """Format version of the tables; None when there are none."""
    if not inspect(connection).has_table(meta.name):
        return None
    return int(connection.execute(select(meta.c.value).where(meta.c.key == "format")).scalar_one())
