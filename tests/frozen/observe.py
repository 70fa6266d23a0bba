"""What can be seen of a running instance and of the folder that it leaves: files, tables, Redis keys, printed JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from tests.frozen.installation import Installation, Running, wait_until

from recto_lab.synthetic import draw_book
from recto_lab.synthetic.store import store_book

BOOKS, SEED, HEIGHT = 5, 7, 480
USUAL: dict[str, Any] = {
    "kind": "ingest",
    "source": "",
    "created": 0.0,
    "listed": 1.0,
    "reason": "",
    "control": "",
}
USUAL |= {"position": 0, "lister": "", "waits": False}
ITEM = """insert into job_item (job_id, book_id, path, outcome, stage, reason)
          values (:job_id, 'a', '', 'waiting', '', '')"""
JOB_STATES: dict[str, dict[str, Any]] = {
    "listing": {"listed": None},
    "running": {"waits": True},
    "paused": {"control": "paused", "waits": True},
    "done": {},
    "failed": {"reason": "it broke"},
    "cancelling": {"control": "cancelled", "waits": True},
    "cancelled": {"control": "cancelled"},
}
"""What stands in the ledger of a job of each state."""
OTHERS = re.compile(r"shard/|^staged/|\.db$|-wal$|-shm$|^up.txt$|\.part$|\.tmp-|broken")
"""Files in a data folder whose names are no promise."""
SHORT_LIVED = re.compile(r"^recto:(?!worker:|_kombu\.binding\.|sweep$)")


def observe(folder: Path) -> dict[str, Any]:
    """Everything that only shows when it runs; `folder` is empty."""
    data, shelf = folder / "data", folder / "shelf"
    for part in (data, shelf):
        part.mkdir()
    stock(shelf)
    recto = Installation(REPOSITORY, data)
    with recto.up() as up:
        printed = commands(recto, shelf)
        keys = redis_keys(up)
        files = _layout(data)
    return {
        "commands, json": printed,
        "data folder": files,
        "heartbeat": keys.pop("heartbeat"),
        "job states": job_states(recto),
        "ledger": tables(recto),
        "redis, running": keys["keys"],
    }


def stock(shelf: Path) -> None:
    """Some books with a twin and a broken file, as a manifest and as a labelled set."""
    rows = [
        store_book(shelf, draw_book(number, seed=SEED, height=HEIGHT), with_back=number < 2)
        for number in range(BOOKS)
    ]
    extra = [{"book_id": "twin", "front": rows[0]["front"]}, {"book_id": "broken", "front": "text.jpg"}]
    (shelf / "text.jpg").write_text("no picture")
    (shelf / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, *extra]))
    lines = [f"reference,{row['front']},{row['book_id']}," for row in rows]
    lines += [f"query,{row['front']},p{number},{row['book_id']}" for number, row in enumerate(rows)]
    (shelf / "labelled.csv").write_text("\n".join(["role,path,id,truth", *lines]) + "\n")


def commands(recto: Installation, shelf: Path) -> dict[str, Any]:
    """Keys of the JSON that each command prints."""
    photo = next(shelf.glob("*_front.jpg"))
    book = photo.name.removesuffix("_front.jpg")
    found = {
        "ingest": recto.json("ingest", shelf / "manifest.jsonl", codes=(3,)),
        "search": recto.json("search", photo, codes=(0, 4)),
        "show": recto.json("show", book),
        "keys create": recto.json("keys", "create", "shop", "--scope", "search"),
        "keys list": recto.json("keys", "list"),
        "calibrate": recto.json("calibrate", shelf / "labelled.csv", "--at-least", 2),
        "calibrate --show": recto.json("calibrate", "--show"),
        "jobs submit": recto.json("jobs", "submit", shelf / "manifest.jsonl"),
        "jobs list": recto.json("jobs", "list"),
        "jobs schema": json.loads(recto.recto("jobs", "schema"))["properties"],
        "settings": recto.json("settings"),
        "encoders list": recto.json("encoders", "list"),
        "encoders show": recto.json("encoders", "show", "recto_small"),
    }
    job = found["jobs submit"]["job"]
    over = f"select 1 from job where job_id = '{job}' and finished is not null"
    wait_until(lambda: recto.rows(over), "the job is over")
    wait_until(lambda: recto.rows("select * from duplicate"), "the twin is noticed")
    found["jobs show"] = recto.json("jobs", "show", job)
    found["duplicates"] = recto.json("duplicates")
    pair = found["duplicates"][0]
    recto.recto("duplicates", "--different", pair["cover"]["book_id"], pair["other"]["book_id"])
    found["duplicates --decided"] = recto.json("duplicates", "--decided")
    recto.recto("reindex", "--encoder", "recto_small", "--yes")
    found["reindex status"] = recto.json("reindex", "status")
    found["status"] = recto.json("status")
    results = shelf / "results.json"
    recto.recto("evaluate", shelf / "labelled.csv", "--methods", "words", "--leave-out", "--json", results)
    found["evaluate"] = json.loads(results.read_text())
    exported = csv.reader(io.StringIO(recto.recto("jobs", "export", job)))
    return {
        **{name: sorted(set(_paths(value))) for name, value in found.items()},
        "jobs export": next(exported),
    }


def redis_keys(up: Running) -> dict[str, list[str]]:
    """Keys that stay while it runs, and what a heartbeat says. The sweep holds its lock for a moment in every round."""
    seen: set[str] = set()
    while "recto:sweep" not in seen:
        seen |= {key.decode() for key in up.redis.scan_iter(count=1000)}
        time.sleep(0.05)
    beat = up.redis.get(next(key for key in seen if key.startswith("recto:worker:index:")))
    stay = {re.sub(r"@.*", "@HOST", key) for key in seen if not SHORT_LIVED.match(key)}
    return {"keys": sorted(stay), "heartbeat": sorted(json.loads(beat))}  # type: ignore[arg-type]


def tables(recto: Installation) -> dict[str, dict[str, str]]:
    """Tables of the ledger with the type of each column."""
    names = [name for (name,) in recto.rows("select name from sqlite_master where type = 'table'")]
    return {name: {row[1]: row[2] for row in recto.rows(f"pragma table_info({name})")} for name in names}


def job_states(recto: Installation) -> list[str]:
    """States of jobs as commands name them, each of a job that the ledger holds so."""
    with closing(sqlite3.connect(recto.data / "ledger.sqlite3")) as ledger, ledger:
        for name, facts in JOB_STATES.items():
            values = {"job_id": f"job-{name}", "touched": time.time() + 3600, **USUAL, **facts}
            waits = values.pop("waits")
            marks = ", ".join(f":{column}" for column in values)
            ledger.execute(f"insert into job ({', '.join(values)}) values ({marks})", values)
            if waits:
                ledger.execute(ITEM, values)
    states = {job["job_id"]: str(job["state"]) for job in recto.json("jobs", "list")}
    found = [states[f"job-{name}"] for name in JOB_STATES]
    assert found == list(JOB_STATES)
    return found


def _paths(value: Any, where: str = "") -> Iterator[str]:
    """Every key with the way to it, such as `books[].side`."""
    if isinstance(value, dict):
        for name, part in value.items():
            place = f"{where}.{name}" if where else name
            yield place
            yield from _paths(part, place)
    elif isinstance(value, list):
        for part in value:
            yield from _paths(part, f"{where}[]")


def _layout(data: Path) -> list[str]:
    """Files and folders without those of other programs and of a moment; ids and numbers are all one."""
    found = {str(path.relative_to(data)) for path in data.rglob("*")}
    return sorted({_generic(name) for name in found if not OTHERS.search(name)})


def _generic(name: str) -> str:
    name = re.sub(r"(?<![0-9a-z])[0-9a-f]{12,64}(?![0-9a-z])", "HEX", name)
    return re.sub(r"(?<=-)\d+", "N", re.sub(r"/[0-9a-f]{2}\b", "/HH", name))
