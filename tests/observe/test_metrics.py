from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.registry import CollectorRegistry

from recto.errors import Unavailable
from recto.index.engine_calls import OPERATIONS, timed
from recto.observe import FOLDER_VARIABLE, exposition, metrics
from recto.observe.files import AllParts

COUNT = "; ".join(
    (
        "from recto.observe import metrics",
        "metrics.COVERS_INDEXED.inc(3)",
        "metrics.INGEST_STAGE.labels(stage='decode').observe(1.0)",
    )
)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def shown(folder: Path) -> str:
    registry = CollectorRegistry()
    registry.register(AllParts(folder))
    return generate_latest(registry).decode()


def count_as(part: str, folder: Path, *more: str) -> str:
    """A process that counts as a part of `recto up` and ends, killed. Returns what it said."""
    code = "; ".join([COUNT, *more, "import os, signal", "os.kill(os.getpid(), signal.SIGKILL)"])
    environment = {**os.environ, FOLDER_VARIABLE: str(folder / part)}
    program = [sys.executable, "-c", code]
    done = subprocess.run(program, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    return done.stdout


def test_one_address_shows_the_sum_over_all_parts(tmp_path: Path) -> None:
    count_as("ingest-1", tmp_path)
    count_as("ingest-2", tmp_path)
    assert "recto_covers_indexed_total 6.0" in shown(tmp_path)
    assert 'recto_ingest_stage_seconds_count{stage="decode"} 2.0' in shown(tmp_path)


def test_a_part_that_was_killed_goes_on_where_it_stopped_and_leaves_no_further_files(tmp_path: Path) -> None:
    count_as("index", tmp_path)
    files = set(tmp_path.rglob("*.db"))
    count_as("index", tmp_path)
    assert "recto_covers_indexed_total 6.0" in shown(tmp_path)
    assert set(tmp_path.rglob("*.db")) == files


def test_a_damaged_file_keeps_no_part_from_starting_and_hides_no_other(tmp_path: Path) -> None:
    count_as("index", tmp_path)
    count_as("web", tmp_path)
    for name in ("counter_part.db", "histogram_part.db"):
        (tmp_path / "index" / name).write_bytes(b"\xff\xff\xff\x7f" + b"\xee" * 5000)
    assert "recto_covers_indexed_total 3.0" in shown(tmp_path)
    count_as("index", tmp_path)
    assert "recto_covers_indexed_total 6.0" in shown(tmp_path)


def test_a_full_disk_keeps_no_part_from_starting_nor_kills_it(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        assert count_as("index", tmp_path, "print('still here', flush=True)") == "still here\n"
        assert "recto_covers_indexed_total" not in shown(tmp_path)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_reasons_that_are_not_known_share_one_label() -> None:
    before = value("recto_images_refused_total", reason="other")
    metrics.count_refusal("whatever a decoding child in the hands of its image may say")
    metrics.count_refusal("damaged")
    assert value("recto_images_refused_total", reason="other") == before + 1


def test_a_search_is_noted_by_stage_and_verdict() -> None:
    before = value("recto_search_seconds_count", verdict="found")
    metrics.observe_search("found", {"decode": 12.0, "total": 50.0})
    assert value("recto_search_seconds_count", verdict="found") == before + 1
    assert value("recto_search_stage_seconds_sum", stage="decode") >= 0.012
    assert value("recto_search_stage_seconds_count", stage="total") == 0


class Broken:
    """An engine that always raises."""

    name = "broken"

    def count(self) -> int:
        raise Unavailable("The engine is away.")


def test_calls_of_the_engine_are_timed_and_their_errors_counted() -> None:
    index = timed(Broken())  # type: ignore[arg-type]
    before = value("recto_index_errors_total", operation="count")
    with pytest.raises(Unavailable):
        index.count()  # type: ignore[call-arg]
    assert value("recto_index_errors_total", operation="count") == before + 1
    assert value("recto_index_call_seconds_count", operation="count") >= 1
    assert index.name == "broken"  # type: ignore[attr-defined]


def test_every_method_of_the_index_but_its_end_is_a_call_of_the_engine() -> None:
    from recto.index import Index

    methods = {name for name in vars(Index) if not name.startswith("_")}
    assert methods - {"close"} == OPERATIONS


def test_both_formats_of_prometheus_are_spoken() -> None:
    text, kind = exposition.exposition("")
    assert kind.startswith("text/plain")
    assert b"# TYPE recto_covers_indexed_total counter" in text
    text, kind = exposition.exposition("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
