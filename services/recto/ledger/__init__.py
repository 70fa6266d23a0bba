"""The ledger, the system of record: books, covers, queue, jobs and searches, in SQLite or PostgreSQL."""

from __future__ import annotations

from sqlalchemy import URL

from recto.errors import Unavailable
from recto.ledger.again import Again
from recto.ledger.artworks import Artworks, Original
from recto.ledger.barcodes import BarcodeConflict, Barcodes
from recto.ledger.books import Books
from recto.ledger.browsing import Browsing
from recto.ledger.building import Building
from recto.ledger.calibrations import CalibrationsKept
from recto.ledger.catalogue import Catalogue
from recto.ledger.comparing import Comparing, Finding
from recto.ledger.control import Control
from recto.ledger.database import Database, read_url
from recto.ledger.duplicates import AlikeInJob, Decision, Duplicates, Pair
from recto.ledger.editing import Editing
from recto.ledger.evidence import Evidences
from recto.ledger.intake import Intake
from recto.ledger.jobs import Jobs
from recto.ledger.keys import Keys
from recto.ledger.leases import Leases
from recto.ledger.listing import Listing, Listings
from recto.ledger.overview import LedgerOverview, Overview
from recto.ledger.pictures import Picture, Pictures
from recto.ledger.queue import Queue
from recto.ledger.recipes import Recipes
from recto.ledger.removal import Removal
from recto.ledger.rows import (
    CANCELLED,
    PAUSED,
    RESUMING,
    BookRow,
    Entry,
    EntryItem,
    EvidenceRow,
    ItemRow,
    JobRow,
    NewItem,
    Outcome,
    Page,
    PhotoRow,
    SearchRow,
)
from recto.ledger.searches import Searches
from recto.ledger.staged import Staged
from recto.ledger.switching import Switching
from recto.ledger.upgrade import prepare
from recto.ledger.versions import KeptVersions, LostCover, Versions
from recto.settings import Settings

FILE_NAME = "ledger.sqlite3"

__all__ = [
    "CANCELLED",
    "FILE_NAME",
    "PAUSED",
    "RESUMING",
    "AlikeInJob",
    "BarcodeConflict",
    "BookRow",
    "Decision",
    "Entry",
    "EntryItem",
    "EvidenceRow",
    "Finding",
    "ItemRow",
    "JobRow",
    "KeptVersions",
    "Ledger",
    "LedgerOverview",
    "Listing",
    "LostCover",
    "NewItem",
    "Original",
    "Outcome",
    "Page",
    "Pair",
    "PhotoRow",
    "Picture",
    "SearchRow",
    "url_of",
]


class Ledger(
    Books,
    Editing,
    Browsing,
    Catalogue,
    Intake,
    Removal,
    Queue,
    Staged,
    Jobs,
    Listings,
    Control,
    Again,
    Searches,
    Evidences,
    Recipes,
    Keys,
    Pictures,
    Barcodes,
    CalibrationsKept,
    Comparing,
    Duplicates,
    Artworks,
    Versions,
    Building,
    Switching,
    Leases,
    Overview,
):
    """The ledger. Safe for threads and for several processes at once; open it after forking, never before.

    What a method wrote is on disk when it returns. All methods raise `Unavailable` when the database does not
    answer.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        """Use `open`."""
        self._database = database
        self._search_seconds = settings.search_seconds

    @classmethod
    def open(cls, settings: Settings) -> Ledger:
        """Open the ledger of the settings; a missing one is created, an older one upgraded.

        Raises:
            BadSetting: `RECTO_LEDGER_URL` cannot be used.
            RectoError: a newer Recto wrote it, or it cannot be kept in this place.
        """
        database = Database(url_of(settings))
        try:
            if database.is_sqlite:
                database.use_wal()
            prepare(database)
        except BaseException:
            database.close()
            raise
        return cls(database, settings)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


def url_of(settings: Settings) -> URL:
    """Address of the ledger: the one of the settings, else the file in the data folder, whatever its path holds.

    Raises:
        BadSetting: `RECTO_LEDGER_URL` is no address.
        Unavailable: the data folder cannot be made.
    """
    if settings.ledger_url:
        return read_url(settings.ledger_url)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The data folder {settings.data_dir} cannot be made: {error.strerror}.") from error
    return URL.create("sqlite", database=str(settings.data_dir / FILE_NAME))
