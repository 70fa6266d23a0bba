"""Progress bars with rate and time left, on stderr, so that stdout stays for results."""

from __future__ import annotations

import time
from types import TracebackType

import rich.progress
from rich.console import Console


class Progress:
    """One bar: done, total when known, rate, time left, failures. Silent when `quiet` or when stderr is no terminal."""

    def __init__(self, label: str, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        self._started = time.monotonic()
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TextColumn("{task.fields[rate]}"),
            rich.progress.TimeRemainingColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(label, total=None, rate="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, done: int, *, total: int | None = None, failed: int = 0) -> None:
        """Show how far it is."""
        rate = f"{done / max(time.monotonic() - self._started, 1e-9):.1f}/s"
        if failed:
            rate += f", {failed} failed"
        self._bar.update(self._task, completed=done, total=total, rate=rate)
