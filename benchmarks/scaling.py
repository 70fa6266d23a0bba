"""How ingest scales: one ingest worker on one core against two on two cores, and where the time goes.

    python benchmarks/scaling.py [--covers 600] [--rounds 2] [--qdrant-binary PATH]

Draws a shelf, then takes it in again and again on fresh data folders, each time with real processes: redis-server,
one index process, one or two ingest processes with one thread each. In the first setting everything shares one core;
in the second each ingest process has one of two cores and the rest shares both. Settings alternate, so that other
work on the machine hurts both. Printed are covers a second, the efficiency (speed of two divided by twice the speed
of one), the processor time by part, and which share of the time one process that does everything waits for Redis,
ledger, image store and engine. Needs Linux, two cores, `taskset` and the environment of the tests (psutil).
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from qdrant_bench import qdrant_server

from recto.ingest.pipeline import index_staged, ingest_batch
from recto.intake.sources import open_source
from recto.intake.take_in import take_in
from recto.ledger import Ledger
from recto.python import module_command
from recto.records import CoverState
from recto.runtime import Engine
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers.app import connect
from recto_workers.heartbeat import alive
from recto_workers.messages import Producer
from recto_workers.redis_server import RedisServer

ALL_CORES = "0,1"
POLL_SECONDS = 0.05


def main() -> None:
    """Run both settings in turn and print what they took."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="recto-scaling-") as name:
        folder = Path(name)
        shelf = _draw(folder / "shelf", arguments.covers)
        speeds: dict[int, list[float]] = {1: [], 2: []}
        spent: defaultdict[str, float] = defaultdict(float)
        for round_ in range(arguments.rounds):
            for workers in speeds:
                seconds, by_part = _run(folder / f"{workers}-{round_}", shelf, workers, arguments)
                speeds[workers].append(arguments.covers / seconds)
                for part, used in by_part.items():
                    spent[part] += used
                print(
                    f"{workers} ingest on {workers} core(s): {arguments.covers / seconds:6.1f} covers a second"
                )
        shares = _shares(folder / "shares", shelf, arguments)
    _report(speeds, spent, shares)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--covers", type=int, default=600, help="covers to draw and take in")
    parser.add_argument("--rounds", type=int, default=2, help="how often each setting is run")
    parser.add_argument(
        "--qdrant-binary", default="", help="a Qdrant server to start; else the embedded engine"
    )
    parser.add_argument(
        "--ledger-url", default="", help="an empty PostgreSQL; each run needs it empty (default: SQLite)"
    )
    return parser.parse_args()


def _draw(folder: Path, covers: int) -> Path:
    command = module_command("recto_lab.synthetic.draw", str(folder), "--covers", str(covers))
    subprocess.run(command, check=True, capture_output=True)
    return folder / "manifest.jsonl"


def _run(
    folder: Path, shelf: Path, workers: int, arguments: argparse.Namespace
) -> tuple[float, Mapping[str, float]]:
    """Take the shelf in; returns the seconds from first wake-up to last cover, and processor seconds by part."""
    cores = "0" if workers == 1 else ALL_CORES
    with _parts(folder, arguments, cores) as (settings, pids):
        ledger = Ledger.open(settings)
        _take_in(settings, ledger, shelf)
        names = {"index": cores} | {f"ingest-{n}": str(n) for n in range(workers)}
        started = {name: _start(settings, name, core) for name, core in names.items()}
        try:
            _wait(lambda: _ready(settings) >= set(names), "the workers are ready")
            pids = {**pids, **{name: process.pid for name, process in started.items()}}
            before = {name: _cpu(pid) for name, pid in pids.items()}
            begun = time.perf_counter()
            producer = Producer(settings.redis_url, settings)
            producer.wake_ingest()
            _wait(lambda: _is_done(ledger), "the covers are indexed")
            seconds = time.perf_counter() - begun
            after = {name: _cpu(pid) for name, pid in pids.items()}
            producer.close()
        finally:
            for process in started.values():
                process.terminate()
            for process in started.values():
                process.wait(60)
            ledger.close()
    shutil.rmtree(folder)
    spent: defaultdict[str, float] = defaultdict(float)
    for name, used in after.items():
        spent[name.split("-")[0]] += used - before[name]
    return seconds, spent


@contextmanager
def _parts(
    folder: Path, arguments: argparse.Namespace, cores: str
) -> Iterator[tuple[Settings, dict[str, int]]]:
    """Redis and, where asked for, Qdrant on these cores; settings that name them, and their process ids."""
    folder.mkdir(parents=True)
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})  # children inherit it
    redis = RedisServer(folder, folder / "redis.log")
    redis.start()
    settings = Settings(data_dir=folder, redis_url=redis.url, torch_threads=1, device="cpu")
    try:
        with qdrant_server(arguments.qdrant_binary, folder / "qdrant") as (named, qdrant_pid):
            os.sched_setaffinity(0, own)
            with connect(redis.url) as client:
                pids = {"redis": int(client.info("server")["process_id"])}
            yield (
                dataclasses.replace(settings, **named),
                pids | ({"qdrant": qdrant_pid} if qdrant_pid else {}),
            )
    finally:
        os.sched_setaffinity(0, own)
        redis.stop()


def _take_in(settings: Settings, ledger: Ledger, shelf: Path) -> None:
    rows = open_source(settings, str(shelf), trusted=True).rows()
    for _ in take_in(settings, ledger, open_blobs(settings), ledger.create_job("ingest", "scaling"), rows):
        pass


def _start(settings: Settings, name: str, cores: str) -> subprocess.Popen[bytes]:
    log = (settings.data_dir / f"{name}.log").open("wb")
    worker = module_command("recto_workers.run", name.split("-")[0], "--name", name)
    environment = os.environ | settings.environment() | {"OMP_WAIT_POLICY": "PASSIVE"}
    return subprocess.Popen(["taskset", "-c", cores, *worker], env=environment, stdout=log, stderr=log)


def _ready(settings: Settings) -> set[str]:
    with connect(settings.redis_url) as client:
        return {beat.name for beat in alive(client)}


def _is_done(ledger: Ledger) -> bool:
    counts = ledger.queue_counts()
    return sum(counts.values()) == counts[CoverState.INDEXED] + counts[CoverState.FAILED]


def _wait(true: Callable[[], bool], what: str, patience: float = 900.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"not within {patience:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def _cpu(pid: int) -> float:
    """Processor seconds of a process and its children."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


class Timed:
    """Anything whose method calls are timed; they add up in `seconds`."""

    def __init__(self, inner: Any, seconds: defaultdict[str, float], part: str) -> None:
        self._inner, self._seconds, self._part = inner, seconds, part

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return found(*arguments, **options)
            finally:
                self._seconds[self._part] += time.perf_counter() - begun

        return call


def _shares(folder: Path, shelf: Path, arguments: argparse.Namespace) -> Mapping[str, float]:
    """Share of each part in the time that one process needs for the whole way of a cover."""
    seconds: defaultdict[str, float] = defaultdict(float)
    with _parts(folder, arguments, ALL_CORES) as (settings, _):
        engine = Engine.open(settings, with_index=True)
        _take_in(settings, engine.ledger, shelf)
        engine.warm_up()
        timed: Any = {
            "ledger": Timed(engine.ledger, seconds, "ledger"),
            "opened_index": Timed(engine.index, seconds, "engine"),
            "blobs": Timed(engine.blobs, seconds, "images"),
        }
        producer: Any = Timed(Producer(settings.redis_url, settings), seconds, "redis")
        whole = _work(dataclasses.replace(engine, **timed), producer)
        engine.close()
    shutil.rmtree(folder)
    return {part: used / whole for part, used in seconds.items()}


def _work(engine: Engine, producer: Producer) -> float:
    """What ingest and index workers do, message by message; returns the seconds."""
    begun = time.perf_counter()
    while (report := ingest_batch(engine, "ingest")).claimed:
        producer.wake_ingest()
        if report.staged_file:
            producer.send_index(report.staged_file)
            index_staged(engine, report.staged_file)
    return time.perf_counter() - begun


def _report(
    speeds: Mapping[int, Sequence[float]], spent: Mapping[str, float], shares: Mapping[str, float]
) -> None:
    one, two = median(speeds[1]), median(speeds[2])
    print(
        f"\nefficiency of two on two cores: {two / (2 * one):.2f}  (medians: {one:.1f} and {two:.1f} a second)"
    )
    whole = sum(spent.values())
    parts = ", ".join(
        f"{part} {used / whole:.1%}" for part, used in sorted(spent.items(), key=lambda e: -e[1])
    )
    print(f"processor time of all runs: {parts}")
    calls = ", ".join(f"{part} {share:.1%}" for part, share in sorted(shares.items(), key=lambda e: -e[1]))
    print(f"waiting for, in one process that does everything: {calls}; the rest is decoding and describing")


if __name__ == "__main__":
    main()
