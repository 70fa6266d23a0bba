"""A bulk job from end to end: dropped into the queue with LPUSH, followed until every cover is searchable or failed.

Starts Recto on a data folder (or uses the one that runs there), drops the document of SOURCE, and prints: seconds,
covers a second, what failed at which stage, peak memory of each process, disk per cover. Draw a source with
`python -m recto_lab.synthetic.draw FOLDER --covers 20000`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from redis import Redis

from recto.intake.bulk.progress import progress
from recto.ledger import JobRow, Ledger
from recto.settings import Settings
from recto_workers.bulk import job_of
from recto_workers.inbox import QUEUE
from recto_workers.instance import Instance, temporary

POLL_SECONDS = 1.0
SAY_SECONDS = 30.0
_ROLES = ("index", "ingest", "jobs")


def main() -> None:
    """Run the measurement and print it."""
    arguments = _arguments()
    with _data_folder(arguments.data) as folder:
        root = arguments.source if arguments.source.is_dir() else arguments.source.parent
        own = {"RECTO_DATA_DIR": str(folder), "RECTO_SOURCE_ROOTS": str(root.resolve())}
        settings = Settings.from_environment(os.environ | own)
        with temporary(settings) as instance:
            before = _disk(folder)
            name = arguments.id or uuid.uuid4().hex
            document = {
                "recto": 1,
                "source": str(arguments.source.resolve()),
                "id": name,
                "options": {"dry_run": arguments.dry_run},
            }
            started = time.monotonic()
            with Redis.from_url(instance.redis_url) as client:
                client.lpush(QUEUE, json.dumps(document))
            ledger = Ledger.open(settings)
            job, peaks = _follow(ledger, instance, job_of(name))
            seconds = time.monotonic() - started
            stages = ledger.failed_stages(job.job_id)
            ledger.close()
        _report(job, seconds, stages, peaks, Counter(_disk(folder)), Counter(before))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="a manifest or a folder of images")
    parser.add_argument("--data", type=Path, help="data folder to use and keep (default: a temporary one)")
    parser.add_argument("--id", default="", help="id of the job; the same id again goes on following it")
    parser.add_argument("--dry-run", action="store_true", help="only read and check")
    return parser.parse_args()


@contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="recto-bulk-") as folder:
        yield Path(folder)


def _follow(ledger: Ledger, instance: Instance, job_id: str) -> tuple[JobRow, dict[str, float]]:
    """The job when it is over, and the largest memory of each process in MB."""
    peaks: dict[str, float] = {}
    said = time.monotonic()
    while True:
        for role, megabytes in _memory(instance.pid):
            peaks[role] = max(peaks.get(role, 0.0), megabytes)
        job = ledger.job(job_id)
        if job is not None and job.finished is not None:
            return job, peaks
        if job is not None and time.monotonic() - said > SAY_SECONDS:
            said, now = time.monotonic(), progress(job)
            left = f", about {now.seconds_left / 60:.0f} min left" if now.seconds_left else ""
            print(f"{now.done:,} of {now.expected:,}, {now.rate:.1f} a second{left}", flush=True)
        time.sleep(POLL_SECONDS)


def _memory(supervisor: int) -> Iterator[tuple[str, float]]:
    """Role and resident memory in MB of each process of an instance."""
    for child in psutil.Process(supervisor).children():
        try:
            line = " ".join(child.cmdline())  # `... recto_workers.run ROLE --name ...`
            role = next((one for one in _ROLES if f" {one} --name" in line), child.name())
            yield role, child.memory_info().rss / 1e6
            inner = [one.memory_info().rss / 1e6 for one in child.children(recursive=True)]
            if inner:
                yield f"{role}: its decoders together", sum(inner)
        except psutil.Error:
            continue  # it ended while we looked


def _disk(folder: Path) -> dict[str, int]:
    """Bytes by part of a data folder; what lies in it directly is the ledger."""
    sizes: Counter[str] = Counter()
    for base, _, names in os.walk(folder):
        part = (*Path(base).relative_to(folder).parts, "ledger")[0]
        for name in names:
            try:
                sizes[part] += (Path(base) / name).stat().st_blocks * 512
            except FileNotFoundError:
                continue  # a staged file that was just indexed
    return dict(sizes)


def _report(
    job: JobRow,
    seconds: float,
    stages: dict[str, int],
    peaks: dict[str, float],
    after: Counter[str],
    before: Counter[str],
) -> None:
    worked_on = job.indexed + job.failed + job.checked
    print(f"\njob {job.job_id}: {job.state} {job.reason}")
    print(
        f"{job.books:,} books, {job.covers:,} covers: {job.indexed:,} indexed, {job.unchanged:,} unchanged,"
    )
    print(f"{job.checked:,} checked, {job.failed:,} failed {stages or ''}")
    print(f"{seconds:,.1f} s, {worked_on / seconds:.1f} covers a second")
    print("\n| process | peak memory, MB |\n|---|---|")
    for role in sorted(peaks):
        print(f"| {role} | {peaks[role]:.0f} |")
    print("\n| on disk | MB | KB a cover |\n|---|---|---|")
    for part in sorted(after):
        grown = after[part] - before[part]
        print(f"| {part} | {after[part] / 1e6:,.1f} | {grown / 1e3 / max(job.covers, 1):.2f} |")
    total = after.total() - before.total()
    print(f"| together | {after.total() / 1e6:,.1f} | {total / 1e3 / max(job.covers, 1):.2f} |")


if __name__ == "__main__":
    main()
