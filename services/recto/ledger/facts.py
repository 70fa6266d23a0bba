"""The facts about versions: which one is live, which one is kept beside it, what is asked of it.

Every transaction that writes states of covers reads them first, by `locked_versions`: then no version becomes live,
appears or goes before it ends, and what it writes reaches every version that is kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from recto.ledger.database import put_rows
from recto.ledger.schema import cover, fact, other_cover
from recto.versions import Version

LIVE, OTHER, REQUEST = "live_version", "other_version", "reindex_request"
"""Keys of the table `fact`."""
BUILDING, READY, PREVIOUS, DROPPING = "building", "ready", "previous", "dropping"
"""States of the version beside the live one."""


@dataclass(frozen=True)
class Other:
    """The version beside the live one: being built, built, live before a switch, or on its way out."""

    version: Version
    state: str
    job_id: str = ""
    """The re-index that built it."""
    automatic: bool = True
    """Whether it becomes live as soon as it is ready."""
    seeded: str | None = ""
    """The last cover that has a row in `other_cover`; None: all have."""
    asked: str = ""
    """What somebody asked for and has not got yet: `switch` or `rollback`."""
    forced: bool = False
    """Whether that shall happen although covers failed in it that are searchable now."""
    trouble: str = ""
    """Why it does not become live, as a sentence."""

    @property
    def is_written(self) -> bool:
        """True while what happens to covers must reach this version too."""
        return self.state != DROPPING


@dataclass(frozen=True)
class Request:
    """A re-index that was asked for and has not begun."""

    job_id: str
    encoder: str
    pca: int = 0
    automatic: bool = True


@dataclass(frozen=True)
class Versions:
    """Both versions, as a transaction reads them."""

    live: Version | None
    other: Other | None

    def table_of(self, recipe_id: str) -> Table | None:
        """Where the states of a recipe's covers stand; an empty recipe means the live one. None: it is not kept."""
        if self.live is None or recipe_id in ("", self.live.recipe_id):
            return cover
        if self.other is not None and self.other.is_written and self.other.version.recipe_id == recipe_id:
            return other_cover
        return None


def locked_versions(connection: Connection, *, change: bool = False) -> Versions:
    """Both versions, held as they are until the transaction ends; `change`: nobody else reads them meanwhile."""
    held = select(fact.c.value).where(fact.c.key == LIVE).with_for_update(read=not change)
    live = connection.execute(held).scalar_one_or_none()
    return Versions(Version(**json.loads(live)) if live else None, read_other(connection))


def read_versions(connection: Connection) -> Versions:
    """Both versions of one moment, in one statement."""
    query = select(fact.c.key, fact.c.value).where(fact.c.key.in_([LIVE, OTHER]))
    found: dict[str, str] = dict(connection.execute(query).all())
    live = Version(**json.loads(found[LIVE])) if LIVE in found else None
    return Versions(live, _other(found.get(OTHER)))


def read_other(connection: Connection) -> Other | None:
    """The version beside the live one."""
    return _other(connection.execute(select(fact.c.value).where(fact.c.key == OTHER)).scalar_one_or_none())


def read_request(connection: Connection) -> Request | None:
    """The re-index that was asked for."""
    text = connection.execute(select(fact.c.value).where(fact.c.key == REQUEST)).scalar_one_or_none()
    return Request(**json.loads(text)) if text else None


def write_fact(connection: Connection, key: str, value: Version | Other | Request | None) -> None:
    """Keep a fact, or forget it."""
    if value is None:
        connection.execute(delete(fact).where(fact.c.key == key))
    else:
        put_rows(connection, fact, [{"key": key, "value": json.dumps(asdict(value))}])


def _other(text: str | None) -> Other | None:
    if not text:
        return None
    fields: dict[str, Any] = json.loads(text)
    return Other(**{**fields, "version": Version(**fields["version"])})
