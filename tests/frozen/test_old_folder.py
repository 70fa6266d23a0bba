"""A data folder that an older Recto left in the middle of everything is opened by the code of today."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import REPOSITORY
from tests.frozen.installation import Installation, Running, wait_until
from tests.frozen.old_folder import (
    COMMIT,
    DROPPED,
    LIVE,
    SETTINGS,
    STATES,
    Left,
    books,
    checkout,
    covers,
    draw_shelf,
    leave_half_built,
    leave_switched,
    told,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ON_THEIR_WAY = ("queued", "held", "working", "staged")


class Opened:
    """The folder under the code of today, and what the older code left in it."""

    def __init__(self, left: Left, up: Running, now: Installation) -> None:
        self.left, self.up, self.now = left, up, now

    def states(self) -> set[tuple[Any, ...]]:
        """Where every cover stands in each version."""
        return set(self.now.rows(STATES))

    def is_done(self) -> bool:
        """Whether every cover is searchable or failed, in each version, and no book is still to be deleted."""
        waits = {state for _, _, state, *_ in self.states()} & set(ON_THEIR_WAY)
        return not waits and not self.now.rows("select book_id from removal")

    def described(self) -> int:
        """Covers that were embedded since the folder was opened."""
        text = self.up.ask("/metrics")[1].decode()
        return int(float(text.split("\nrecto_covers_described_total ")[1].split("\n")[0]))

    def wrong_answers(self) -> dict[str, str]:
        """Covers of the shelf that do not find their own book first."""
        rows = [row for row in books(self.left.shelf) if row["book_id"] != self.left.deleted]
        found = self.now.found([self.left.shelf / name for name in covers(rows)])
        assert len(found) == len(covers(rows))
        return {name: book_id for name, book_id in found.items() if not name.startswith(book_id or "-")}

    def live(self) -> str:
        """The encoder of the version that searches use."""
        return str(self.now.json("reindex", "status")["live"]["encoder"])


@contextmanager
def opened(leave: Callable[[Installation, Path], Left]) -> Iterator[Opened]:
    """A folder that the older code left, running under the code of today."""
    root = Path(tempfile.mkdtemp(prefix="recto-old-"))  # short enough for a Unix socket
    try:
        code = checkout(REPOSITORY, root / "code")
        if code is None:
            pytest.skip(f"git or the commit {COMMIT} is not here (a shallow clone?)")
        (root / "data").mkdir()
        old = Installation(code, root / "data", {**SETTINGS, "RECTO_SOURCE_ROOTS": str(root)})
        left = leave(old, draw_shelf(old, root / "shelf"))
        now = Installation(REPOSITORY, old.data, old.settings)
        assert (old.place.is_relative_to(code), now.place.is_relative_to(REPOSITORY)) == (True, True)
        with now.up() as up:
            up.key = SETTINGS["RECTO_ADMIN_KEY"]
            yield Opened(left, up, now)
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.mark.chaos
def test_a_version_that_was_half_built_is_finished_switched_to_and_gone_back_from() -> None:
    with opened(leave_half_built) as half:
        status = half.now.json("reindex", "status")
        assert status["other"]["encoder"] == LIVE
        wait_until(half.is_done, "the version is built")
        check_states(half)
        wait_until(
            lambda: half.now.json("reindex", "status")["other_state"] == "ready", "it is ready", pause=1
        )
        half.now.recto("reindex", "switch")
        assert (half.live(), half.wrong_answers()) == (LIVE, {})
        half.now.recto("reindex", "rollback")
        assert (half.live(), half.wrong_answers()) == (SETTINGS["RECTO_ENCODER"], {})


@pytest.fixture(scope="module")
def switched() -> Iterator[Opened]:
    """A folder with a live and a former version; all that waited is worked off, but for the job that is paused."""
    with opened(leave_switched) as folder:
        states = folder.states
        wait_until(
            lambda: not {row[2] for row in states()} & {"queued", "working", "staged"}, "the queue is empty"
        )
        yield folder


def test_messages_that_waited_in_redis_are_worked_off(switched: Opened) -> None:
    answer: dict[str, Any] = {}

    def is_answered() -> bool:
        answer.update(json.loads(switched.up.ask(switched.left.unanswered)[1]))
        return str(answer["state"]) != "pending"

    wait_until(is_answered, "the search that nobody had answered is")
    assert answer["books"][0]["book_id"] == books(switched.left.shelf)[2]["book_id"]
    wait_until(lambda: not any(switched.up.waiting().values()), "no message waits")
    wait_until(lambda: not switched.now.rows("select book_id from removal"), "the deleted book is forgotten")
    assert re.findall(r"unregistered task of type \S+", switched.now.logs()) == []


def test_a_document_that_was_dropped_into_redis_becomes_a_job(switched: Opened) -> None:
    jobs = {job["source"]: job for job in switched.now.json("jobs", "list")}
    dropped = next(job for source, job in jobs.items() if source.endswith(f"{DROPPED.start}.jsonl"))
    assert (dropped["state"], dropped["failed"]) == ("done", 0)


def test_a_paused_job_is_still_paused_until_it_is_resumed_and_finished(switched: Opened) -> None:
    job = switched.now.json("jobs", "show", switched.left.job)
    assert (job["state"], job["indexed"]) == ("paused", 0)
    switched.now.recto("jobs", "resume", switched.left.job)
    wait_until(switched.is_done, "the job is finished")
    job = switched.now.json("jobs", "show", switched.left.job)
    assert (job["state"], job["failed"]) == ("done", 0)


def test_keys_open_what_they_opened(switched: Opened) -> None:
    anonymous = Running(switched.now, switched.up.pid, switched.up.url, switched.up.redis)
    shop = Running(switched.now, switched.up.pid, switched.up.url, switched.up.redis, switched.left.key)
    address = f"/api/v1/books/{books(switched.left.shelf)[0]['book_id']}"
    assert [anonymous.ask(address)[0], shop.ask(address)[0], shop.ask("/api/v1/jobs")[0]] == [401, 200, 403]


def test_answers_decisions_and_calibration_are_told_as_before(switched: Opened) -> None:
    left = switched.left
    assert json.loads(json.dumps(told(switched.now, switched.up, left.answered))) == list(left.shown)


def test_no_cover_is_embedded_again_and_none_fails(switched: Opened) -> None:
    wait_until(switched.is_done, "no cover is on its way")
    check_states(switched)


def test_every_cover_is_found_before_and_after_going_back(switched: Opened) -> None:
    assert (switched.live(), switched.wrong_answers()) == (LIVE, {})
    switched.now.recto("reindex", "rollback")
    assert (switched.live(), switched.wrong_answers()) == (SETTINGS["RECTO_ENCODER"], {})


def check_states(folder: Opened) -> None:
    """What was searchable was not touched, what was embedded not embedded again, and nothing failed since."""
    left, now = folder.left.states, folder.states()
    kept = {row[0] for row in now}
    settled = {row for row in left if row[2] in ("indexed", "failed") and row[0] in kept}
    assert settled
    assert settled <= now, "an older cover changed its state"
    assert {row[:4] for row in now if row[2] == "failed"} == {row[:4] for row in left if row[2] == "failed"}
    had_vectors = {row[0:2] for row in left if row[2] in ("indexed", "staged")}
    added = [row for row in now if row[2] == "indexed" and row[0:2] not in had_vectors]
    assert folder.described() == len(added), "covers were embedded that had vectors"
