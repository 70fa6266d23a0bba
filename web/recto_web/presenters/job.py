"""A job with what follows from its counts, for pages and API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from recto.intake.bulk.progress import Progress, progress
from recto.ledger import JobRow

_NAMES = {"rebuild": "Rebuilding the index", "reindex": "Re-indexing with {source}"}


@dataclass(frozen=True)
class JobView:
    """A job with what follows from its counts. `rate` is covers a second, `seconds_left` None when unknown."""

    row: JobRow

    @cached_property
    def progress(self) -> Progress:
        """Rate, share done, time left."""
        return progress(self.row)

    @property
    def rate(self) -> float:
        """Covers a second, lately."""
        return self.progress.rate

    @property
    def seconds_left(self) -> float | None:
        """Time left, None when unknown."""
        return self.progress.seconds_left

    @property
    def name(self) -> str:
        """What the job is called: its label, the file or folder that it read, the book that was added, what it does."""
        if self.row.kind in _NAMES:
            return _NAMES[self.row.kind].format(source=self.row.source)
        label = str((self.row.document or {}).get("label", ""))
        if label or not self.is_from_a_path:
            return label or self.row.source or "A document that cannot be used"
        return self.row.source.rstrip("/").rpartition("/")[2]

    @property
    def is_from_a_path(self) -> bool:
        """True when the source is a path on the machine or in the store, not a title."""
        return self.row.kind == "ingest" and self.row.source.startswith(("/", "s3://"))

    @property
    def is_dry_run(self) -> bool:
        """True when nothing is put into the catalogue."""
        return bool((self.row.document or {}).get("options", {}).get("dry_run"))

    def short(self, path: str) -> str:
        """The path of an item as its source names it: without the folder that it has in common with the others."""
        source = self.row.source
        last = source.rpartition("/")[2]
        folder = source.removesuffix(last) if "." in last else source.rstrip("/") + "/"
        return path.removeprefix(folder) if self.is_from_a_path and len(folder) > 1 else path

    @property
    def done(self) -> int:
        """Covers that are settled."""
        return self.progress.done

    @property
    def percent(self) -> float:
        """Share of the covers that are settled, in per cent."""
        return self.progress.percent if self.progress.expected else 100.0 * (self.row.state == "done")

    @property
    def is_running(self) -> bool:
        """True while something may still change."""
        return not self.row.is_listed or self.row.state in ("listing", "running") or self.row.waiting > 0

    @property
    def is_controlled(self) -> bool:
        """True when the job can be paused, resumed and cancelled."""
        return (
            self.row.kind == "ingest" and self.is_running and self.row.state not in ("cancelling", "failed")
        )

    @property
    def refused(self) -> str:
        """The beginning of a dropped document that cannot be used."""
        return str((self.row.document or {}).get("refused", ""))

    @property
    def can_be_read_on(self) -> bool:
        """True when the source could not be read to its end, which another try may change."""
        return self.row.state == "failed" and "source" in (self.row.document or {}) and self.row.is_listed

    @property
    def refresh(self) -> int:
        """Seconds after which the page looks again; 0 where nothing changes."""
        if not self.is_running:
            return 0
        return 5 if self.row.state == "paused" else 1
