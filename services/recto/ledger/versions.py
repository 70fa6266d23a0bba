"""The versions that are kept: the live one and at most one beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from recto.errors import BadInput
from recto.ledger.convert import cover_of
from recto.ledger.database import Database
from recto.ledger.facts import (
    BUILDING,
    DROPPING,
    LIVE,
    OTHER,
    PREVIOUS,
    READY,
    REQUEST,
    Request,
    locked_versions,
    read_request,
    read_versions,
    write_fact,
)
from recto.ledger.jobs import write_job
from recto.ledger.reindexing import KIND, end_reindex
from recto.ledger.schema import cover, job, other_cover
from recto.ledger.switching import NOT_INDEXED, lost_by_state
from recto.records import Cover, CoverState
from recto.versions import Version

CANCELLED = "The re-index was cancelled; searches go on as before."


@dataclass(frozen=True)
class KeptVersions:
    """What the index keeps. `other_state`: building, ready, previous or dropping; empty where there is no other."""

    live: Version | None
    other: Version | None = None
    other_state: str = ""
    job_id: str = ""
    """The re-index that builds the other version, or that was asked for and has not begun."""
    automatic: bool = True
    """Whether the version that is built becomes live as soon as it is ready."""
    asked: str = ""
    """What was asked for and waits: begin, switch or rollback."""
    trouble: str = ""
    """Why the other version does not become live, as a sentence."""

    @property
    def is_switching(self) -> bool:
        """True while the other version is about to become live."""
        return (self.other_state == READY and self.automatic) or self.asked in ("switch", "rollback")

    @property
    def written(self) -> list[Version]:
        """The versions that every change of the catalogue reaches, the live one first."""
        beside = [self.other] if self.other and self.other_state != DROPPING else []
        return [*([self.live] if self.live else []), *beside]


@dataclass(frozen=True)
class LostCover:
    """A cover that searches find now and would not find after a switch, and why."""

    cover: Cover
    state: CoverState
    stage: str
    reason: str


class Versions:
    """Versions in the ledger: what is kept, what is asked of it."""

    _database: Database

    def live_version(self) -> Version | None:
        """The version that searches use; None before the first one was set."""
        with self._database.read() as connection:
            return read_versions(connection).live

    def set_live_version(self, version: Version) -> None:
        """Make a version the live one of a new catalogue."""
        with self._database.write() as connection:
            write_fact(connection, LIVE, version)

    def kept_versions(self) -> KeptVersions:
        """The live version and the one beside it."""
        with self._database.read() as connection:
            versions, request = read_versions(connection), read_request(connection)
        other = versions.other
        if other is None:
            asked, job_id = ("begin", request.job_id) if request else ("", "")
            return KeptVersions(versions.live, job_id=job_id, asked=asked)
        facts = (other.state, other.job_id, other.automatic, other.asked, other.trouble)
        return KeptVersions(versions.live, other.version, *facts)

    def request_reindex(self, encoder: str, pca: int = 0, *, automatic: bool = True) -> str:
        """Ask for a re-index with an encoder; the index process begins it. Returns its job.

        Raises:
            BadInput: another version is kept beside the live one, or a re-index was asked for.
        """
        with self._database.write() as connection:
            versions = locked_versions(connection, change=True)
            if read_request(connection) is not None:
                raise BadInput("A re-index was asked for already and is about to begin.")
            if versions.other is not None:
                raise BadInput(_IN_THE_WAY[versions.other.state])
            job_id = write_job(connection, KIND, f"{encoder}, {pca} numbers" if pca else encoder)
            write_fact(connection, REQUEST, Request(job_id, encoder, pca, automatic))
        return job_id

    def reindex_request(self) -> Request | None:
        """The re-index that was asked for and has not begun."""
        with self._database.read() as connection:
            return read_request(connection)

    def last_reindex(self) -> str:
        """The job of the re-index that was asked for last; empty where none ever was."""
        with self._database.read() as connection:
            query = select(job.c.job_id).where(job.c.kind == KIND).order_by(job.c.created.desc()).limit(1)
            return connection.execute(query).scalar_one_or_none() or ""

    def refuse_reindex(self, request: Request, reason: str) -> None:
        """End a re-index that cannot begin; its job says why."""
        with self._database.write() as connection:
            locked_versions(connection, change=True)
            if read_request(connection) == request:
                write_fact(connection, REQUEST, None)
                end_reindex(connection, request.job_id, reason)

    def ask(self, wanted: str, *, forced: bool = False) -> None:
        """Ask for a `switch` or a `rollback`; the index process checks the version and does it.

        Raises:
            BadInput: there is no version to do it with.
        """
        needed = {"switch": READY, "rollback": PREVIOUS}[wanted]
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is None or other.state != needed:
                raise BadInput(_NOTHING_TO[wanted])
            write_fact(connection, OTHER, replace(other, asked=wanted, forced=forced, trouble=""))

    def drop_other(self, *, built: bool) -> Version:
        """Begin to remove the version beside the live one: a `built` one that was live, or one being built.

        From here on nothing is written into it; the index process does the rest.

        Raises:
            BadInput: there is none.
        """
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            states = (PREVIOUS, DROPPING) if built else (BUILDING, READY, DROPPING)
            if other is None or other.state not in states:
                raise BadInput(_NOTHING_TO["prune" if built else "cancel"])
            if not built and other.state != DROPPING:
                end_reindex(connection, other.job_id, CANCELLED)
            write_fact(connection, OTHER, replace(other, state=DROPPING, asked="", trouble=""))
        return other.version

    def cancel_request(self) -> bool:
        """Withdraw a re-index that has not begun; False: there is none."""
        with self._database.write() as connection:
            locked_versions(connection, change=True)
            request = read_request(connection)
            if request is not None:
                write_fact(connection, REQUEST, None)
                end_reindex(connection, request.job_id, CANCELLED)
        return request is not None

    def note_trouble(self, version: Version, reason: str) -> None:
        """Note why the version beside the live one does not become live; an empty reason: nothing is wrong."""
        with self._database.write() as connection:
            other = locked_versions(connection, change=True).other
            if other is not None and other.version == version and other.trouble != reason:
                write_fact(connection, OTHER, replace(other, trouble=reason))

    def lost_covers(self, limit: int) -> tuple[int, list[LostCover]]:
        """Covers that searches find now and the other version does not hold: how many, and the first of them."""
        with self._database.read() as connection:
            return sum(lost_by_state(connection).values()), _lost(connection, limit)


_IN_THE_WAY = {
    BUILDING: "A re-index goes on already; cancel it first (`recto reindex cancel`).",
    READY: "Another version is ready: switch to it (`recto reindex switch`) or drop it (`recto reindex cancel`).",
    PREVIOUS: "The version that was live before is still kept; remove it first (`recto reindex prune`).",
    DROPPING: "An old version is being removed; try again when it is gone.",
}
_NOTHING_TO = {
    "switch": "No version is ready to become live; `recto reindex status` says what there is.",
    "rollback": "No version that was live before is kept; there is nothing to go back to.",
    "prune": "No version that was live before is kept; there is nothing to remove.",
    "cancel": "No re-index goes on; there is nothing to cancel.",
}


def _lost(connection: Connection, limit: int) -> list[LostCover]:
    columns = (
        other_cover.c.state.label("there"),
        other_cover.c.stage.label("at"),
        other_cover.c.reason.label("why"),
    )
    query = select(cover, *columns).join(other_cover, cover.c.cover_id == other_cover.c.cover_id)
    lost = (cover.c.state == CoverState.INDEXED.value, other_cover.c.state.in_(NOT_INDEXED))
    rows = connection.execute(query.where(*lost).order_by(cover.c.cover_id).limit(limit)).all()
    return [LostCover(cover_of(row), CoverState(row.there), row.at, row.why) for row in rows]
