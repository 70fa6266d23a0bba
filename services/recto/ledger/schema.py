"""Tables of the ledger, written in what SQLite and PostgreSQL share."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

FORMAT = 4
"""Format version of the tables below: who changes them raises it and adds a step to `upgrade.UPGRADES`."""

metadata = MetaData()
_Key = String().with_variant(String(collation="C"), "postgresql")
"""Text in the order of its characters, as SQLite has it, whatever the locale of the database."""

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

fact = Table(
    "fact",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

book = Table(
    "book",
    metadata,
    Column("book_id", _Key, primary_key=True),
    Column("title", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("isbn", String, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("year", Integer),
    Column("language", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("extra", JSON, nullable=False),
    Column("sort_title", _Key, nullable=False),  # folded; the book_id where there is no title
    Column("search_text", Text, nullable=False),  # folded title, authors, isbn, book_id
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Index("book_by_title", "sort_title", "book_id"),
    Index("book_by_year", "year"),
)

book_term = Table(
    "book_term",
    metadata,
    Column("kind", String, primary_key=True),  # author, publisher, language, tag, isbn (as EAN-13)
    Column("term", _Key, primary_key=True),  # folded
    Column("book_id", ForeignKey("book.book_id"), primary_key=True),
    Index("book_term_by_book", "book_id"),
)

cover = Table(
    "cover",
    metadata,
    Column("cover_id", _Key, primary_key=True),
    Column("book_id", ForeignKey("book.book_id"), nullable=False),
    Column("side", String, nullable=False),
    Column("sha256", _Key, nullable=False),
    Column("state", String, nullable=False),
    Column("recipe", String, nullable=False, default=""),
    Column("attempts", Integer, nullable=False, default=0),
    Column("stage", String, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("worker", String, nullable=False, default=""),
    Column("lease_until", Float),
    Column("staged_file", String, nullable=False, default=""),
    Column("created", Float, nullable=False),
    Column("moved", Float, nullable=False),  # time of the last change of state
    Column("compared", Float),  # when it was compared with the covers that were there before it
    Index("cover_by_book", "book_id"),
    Index("cover_by_sha256", "sha256"),
    Index("cover_in_queue", "state", "attempts", "moved"),  # claims, counts by state
    Index("cover_in_index", "state", "side", "cover_id"),  # comparing with the index
    Index(
        "cover_by_staged_file",
        "staged_file",
        sqlite_where=text("staged_file <> ''"),
        postgresql_where=text("staged_file <> ''"),
    ),
    Index(
        "cover_to_compare",
        "state",
        "created",
        sqlite_where=text("compared is null"),
        postgresql_where=text("compared is null"),
    ),
)

other_cover = (
    Table(  # where each cover stands in the version beside the live one: built, or kept for a rollback
        "other_cover",
        metadata,
        Column("cover_id", ForeignKey("cover.cover_id"), primary_key=True),
        Column("state", String, nullable=False),
        Column("recipe", String, nullable=False, default=""),
        Column("attempts", Integer, nullable=False, default=0),
        Column("stage", String, nullable=False, default=""),
        Column("reason", Text, nullable=False, default=""),
        Column("worker", String, nullable=False, default=""),
        Column("lease_until", Float),
        Column("staged_file", String, nullable=False, default=""),
        Column("moved", Float, nullable=False),
        Index("other_cover_in_queue", "state", "attempts", "moved"),
        Index("other_cover_in_index", "state", "cover_id"),
        Index(
            "other_cover_by_staged_file",
            "staged_file",
            sqlite_where=text("staged_file <> ''"),
            postgresql_where=text("staged_file <> ''"),
        ),
    )
)

removal = Table(  # books that were deleted and whose points the index still holds
    "removal",
    metadata,
    Column("book_id", _Key, primary_key=True),
    Column("requested", Float, nullable=False),
)

removed_blob = Table(  # originals that the covers of such a book named
    "removed_blob",
    metadata,
    Column("book_id", _Key, primary_key=True),
    Column("sha256", _Key, primary_key=True),
)

job = Table(
    "job",
    metadata,
    Column("job_id", _Key, primary_key=True),
    Column("kind", String, nullable=False),
    Column("source", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("touched", Float, nullable=False),  # time of the last listing
    Column("listed", Float),
    Column("finished", Float),
    Column("reason", Text, nullable=False, default=""),
    Column("counts", JSON),  # of its books when all are listed, of all outcomes when it is finished
    Column("document", JSON),  # what was dropped into the queue, for a job that Recto lists by itself
    Column("control", String, nullable=False, default=""),  # what a person wants: paused, cancelled
    Column("position", BigInteger, nullable=False, default=0),  # rows of the source that are listed
    Column("listing", JSON),  # what is known of such a source: its identity, its length
    Column("lister", String, nullable=False, default=""),  # who lists it, under a lease
    Column("lister_until", Float),
    Index("job_by_created", "created"),
    Index("job_to_list", "listed", "created"),
    Index(
        "job_under_control",
        "control",
        sqlite_where=text("control <> ''"),
        postgresql_where=text("control <> ''"),
    ),
)

job_item = Table(
    "job_item",
    metadata,
    Column("item_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("job_id", ForeignKey("job.job_id"), nullable=False),
    Column("book_id", _Key, nullable=False),
    Column("side", String),
    Column("path", Text, nullable=False),
    Column("cover_id", _Key),
    Column("outcome", String, nullable=False),
    Column("stage", String, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("settled", Float),
    Index("job_item_by_outcome", "job_id", "outcome", "item_id"),
    Index("job_item_by_book", "job_id", "book_id"),
    Index("job_item_by_cover", "cover_id"),
    Index(  # the rate of a job
        "job_item_by_settled",
        "job_id",
        "settled",
        sqlite_where=text("settled is not null"),
        postgresql_where=text("settled is not null"),
    ),
)

job_change = Table(  # fields that a job changed, or would change, of books that were there before it
    "job_change",
    metadata,
    Column("job_id", ForeignKey("job.job_id"), primary_key=True),
    Column("book_id", _Key, primary_key=True),
    Column("field", String, primary_key=True),  # of `recto.records.BOOK_FIELDS`, or extra
)

search = Table(
    "search",
    metadata,
    Column("search_id", _Key, primary_key=True),
    Column("state", String, nullable=False),
    Column("photos", JSON, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("result_limit", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("finished", Float),
    Column("result", JSON),
    Column("error", Text, nullable=False, default=""),
    Index("search_by_created", "created"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", _Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),  # of search, write, admin
    Column("hash", _Key, nullable=False),  # SHA-256 of the secret, which has 256 random bits
    Column("created", Float, nullable=False),
    Column("used", Float),
    Column("revoked", Float),
)

picture = Table(  # what is known of an image whatever the recipe; goes with the last cover that names it
    "picture",
    metadata,
    Column("sha256", _Key, primary_key=True),
    Column("phash", String, nullable=False),  # 64 bits as 16 hexadecimal digits
    Column("barcodes", JSON, nullable=False),  # digits of each EAN-13 that was read
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
)

picture_barcode = Table(  # the same barcodes, to find images by
    "picture_barcode",
    metadata,
    Column("number", _Key, primary_key=True),
    Column("sha256", _Key, primary_key=True),
    Index("picture_barcode_by_picture", "sha256"),
)

duplicate = Table(  # two covers of different books that are alike, and how; cover_id < other_id
    "duplicate",
    metadata,
    Column("cover_id", _Key, primary_key=True),
    Column("other_id", _Key, primary_key=True),
    Column("kind", String, nullable=False),
    Column("measures", JSON, nullable=False),
    Column("found", Float, nullable=False),
    Index("duplicate_by_other", "other_id"),
    Index("duplicate_by_kind", "kind", "found"),
    Index("duplicate_by_found", "found"),
)

decision = Table(  # what a person said of two books; book_id < other_id
    "decision",
    metadata,
    Column("book_id", _Key, primary_key=True),
    Column("other_id", _Key, primary_key=True),
    Column("verdict", String, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("decided", Float, nullable=False),
    Index("decision_by_other", "other_id"),
)

calibration = Table(  # how evidence becomes a probability, fitted for one recipe
    "calibration",
    metadata,
    Column("recipe", String, primary_key=True),
    Column("model", JSON, nullable=False),
    Column("created", Float, nullable=False),
)

evidence = Table(  # pictures of one match that somebody asked for; goes with its search
    "evidence",
    metadata,
    Column("search_id", _Key, primary_key=True),
    Column("photo", Integer, primary_key=True),
    Column("cover_id", _Key, primary_key=True),
    Column("state", String, nullable=False),
    Column("result", JSON),
    Column("error", Text, nullable=False, default=""),
    Column("created", Float, nullable=False),
)
