"""Data folders as an older Recto leaves them, made by the code of that time.

The older code is used by its commands alone, so this file does not change when the code of today moves.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.frozen.installation import Installation, Running, wait_until

COMMIT = "edf5e43"
"""The commit whose code makes the folders."""
DRAW = "recto.shelf.draw"
"""The module that draws books, as that commit names it."""
FORMER, LIVE = "recto_small", "recto_small_2+pca256-46ab935c"
SETTINGS = {
    "RECTO_ENCODER": FORMER,
    "RECTO_INGEST_BATCH": "2",  # so that a version that is being built can be met half done
    "RECTO_SEARCH_SECONDS": "900",  # a search that waits is still wanted when the folder is opened again
    "RECTO_REQUIRE_KEYS": "true",
    "RECTO_ADMIN_KEY": f"recto_boss_{'ab' * 32}",
}
COVERS, HEIGHT = 24, 480
STAGED, PAUSED, QUEUED, DROPPED = slice(6, 8), slice(8, 10), slice(10, 12), slice(12, None)
"""Books of the shelf that are left on their way; those before are searchable."""
STATES = """select cover_id, recipe, state, stage, moved from cover
            union all select cover_id, recipe, state, stage, moved from other_cover"""
"""Where every cover stands, in each version."""


@dataclass(frozen=True)
class Left:
    """What an older Recto left in a folder."""

    shelf: Path
    states: set[tuple[Any, ...]]  # of every cover in each version, when it was killed
    key: str = ""
    job: str = ""  # the one that is paused
    deleted: str = ""  # a book that the index still holds
    answered: str = ""  # address of a search with its answer
    unanswered: str = ""
    shown: tuple[Any, ...] = ()  # what `told` gave


def checkout(repository: Path, folder: Path) -> Path | None:
    """The files of the older commit in a new folder; None where git or the commit is absent."""
    try:
        command = ["git", "-C", str(repository), "archive", COMMIT]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def draw_shelf(code: Installation, folder: Path) -> Path:
    """Some drawn books, front and back."""
    code.run(DRAW, folder, "--covers", COVERS, "--height", HEIGHT)
    return folder


def books(shelf: Path) -> list[dict[str, Any]]:
    """Rows of the shelf's manifest."""
    return [json.loads(line) for line in (shelf / "manifest.jsonl").read_text().splitlines()]


def covers(rows: list[dict[str, Any]]) -> list[str]:
    """Files of the covers of books."""
    return [str(row[side]) for row in rows for side in ("front", "back") if side in row]


def told(old: Installation, up: Running, address: str) -> tuple[Any, ...]:
    """What was decided, measured and answered, as a person or program is told."""
    decided = old.json("duplicates", "--decided")
    return decided, old.json("calibrate", "--show"), json.loads(up.ask(address)[1])


def leave_switched(old: Installation, shelf: Path) -> Left:
    """A folder with a live version and the former one, and everything else on its way when the power goes."""
    with old.up() as up:
        up.key = old.settings["RECTO_ADMIN_KEY"]
        stock, rows = _part(shelf, slice(0, STAGED.start)), books(shelf)
        with stock.open("a") as manifest:
            manifest.write(json.dumps({"book_id": "broken", "front": "manifest.jsonl"}) + "\n")
            manifest.write(json.dumps({"book_id": "twin", "front": rows[0]["front"]}) + "\n")
        old.recto("ingest", stock, codes=(3,))
        key = old.json("keys", "create", "shop", "--scope", "search")["token"]
        old.recto("reindex", "--encoder", LIVE, "--yes")
        old.recto("calibrate", _labelled(shelf), "--at-least", "2")
        wait_until(lambda: old.rows("select * from duplicate"), "the twin is noticed")
        old.recto("duplicates", "--different", "twin", rows[0]["book_id"])
        answered = up.search(shelf / rows[1]["front"])
        shown = told(old, up, answered)

        up.freeze("index")
        unanswered = up.search(shelf / rows[2]["front"])
        up.ask(f"/api/v1/books/{rows[3]['book_id']}", method="DELETE")
        old.recto("ingest", _part(shelf, STAGED), "--no-wait")
        _wait_for(old, "staged", 2 * len(covers(rows[STAGED])))
        up.freeze("ingest-1")
        job = old.json("jobs", "submit", _part(shelf, PAUSED))["job"]
        _wait_for(old, "queued", 2 * len(covers(rows[PAUSED])))
        old.recto("jobs", "pause", job)
        _wait_for(old, "held", 2 * len(covers(rows[PAUSED])))
        old.recto("ingest", _part(shelf, QUEUED), "--no-wait")
        up.freeze("jobs")
        document = {"recto": 1, "source": str(_part(shelf, DROPPED)), "id": "dropped"}
        up.redis.lpush("recto:jobs", json.dumps(document))
        assert all(up.waiting().values()), up.waiting()
        up.kill()
    states = set(old.rows(STATES))
    deleted = rows[3]["book_id"]
    return Left(shelf, states, key, job, deleted, answered, unanswered, shown)


def leave_half_built(old: Installation, shelf: Path) -> Left:
    """A folder whose second version is half done when the power goes, with more covers queued."""
    with old.up() as up:
        old.recto("ingest", _part(shelf, slice(0, DROPPED.start)))
        old.recto("reindex", "--encoder", LIVE, "--no-switch", "--yes", "--no-wait")
        built = "select count(*) from other_cover where state = 'indexed'"
        wait_until(lambda: old.rows(built)[0][0] >= 4, "it is begun", pause=0.01)
        up.freeze("ingest-1")
        done, wanted = old.rows(built)[0][0], len(covers(books(shelf)[: DROPPED.start]))
        assert done < wanted, f"the version is built already: {done} of {wanted} covers"
        old.recto("ingest", _part(shelf, DROPPED), "--no-wait")
        up.kill()
    return Left(shelf, set(old.rows(STATES)))


def _part(shelf: Path, part: slice) -> Path:
    """A manifest of some of the books."""
    path = shelf / f"{part.start}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in books(shelf)[part]))
    return path


def _labelled(shelf: Path) -> Path:
    """A set of labelled photos: the covers of books themselves."""
    rows = books(shelf)[: STAGED.start]
    path = shelf / "labelled.csv"
    lines = [f"reference,{row['front']},{row['book_id']}," for row in rows]
    lines += [f"query,{row['front']},photo{n},{row['book_id']}" for n, row in enumerate(rows)]
    path.write_text("\n".join(["role,path,id,truth", *lines]) + "\n")
    return path


def _wait_for(old: Installation, state: str, number: int) -> None:
    """Wait until so many covers of both versions are in a state."""
    wait_until(lambda: sum(row[2] == state for row in old.rows(STATES)) == number, f"{number} {state}")
