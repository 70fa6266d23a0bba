"""The table of metrics, the example rules and the metrics themselves name the same things."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY, generate_latest

from recto.ledger import KeptVersions, LedgerOverview
from recto.observe import metrics
from recto.observe.exposition import registry
from recto.records import CoverState
from recto.versions import Version
from recto_workers.gauges import OverviewCollector
from recto_workers.heartbeat import Heartbeat
from recto_workers.overview import Disk, Overview

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PROMETHEUS = REPOSITORY / "infra" / "prometheus"
EVERYTHING = Overview(
    ledger=LedgerOverview(
        books=1,
        covers=dict.fromkeys(CoverState, 1),
        other_covers=dict.fromkeys(CoverState, 1),
        oldest_waiting={CoverState.QUEUED: 1.0},
        failed_by_stage={"decode": 1},
        indexed_per_second=1.0,
        searches_waiting=1,
        oldest_search=1.0,
        jobs={("ingest", "running"): 1},
        items_waiting={"ingest": 1},
    ),
    versions=KeptVersions(Version("a", "one"), Version("b", "two"), "building"),
    queues={"search": 1},
    documents={"jobs": 1},
    workers=(Heartbeat.of_this_process("index", "index-1", "one", ("search",)),),
    disk=Disk(1, 2),
)


def exposed() -> dict[str, set[str]]:
    """Names of all metrics, each with the labels that its samples can have."""
    labels: dict[str, set[str]] = {}
    for family in REGISTRY.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels[name] = set(_labels_of(family.name))
    for family in OverviewCollector(lambda: EVERYTHING).collect():
        labels[family.name] = {label for sample in family.samples for label in sample.labels}
    return {name: found for name, found in labels.items() if name.startswith("recto_")}


def _labels_of(name: str) -> tuple[str, ...]:
    known = [value for value in vars(metrics).values() if getattr(value, "_name", None) == name]
    return tuple(known[0]._labelnames) if known else ()


def test_the_table_lists_every_metric_with_its_labels_and_no_other() -> None:
    text = (REPOSITORY / "docs" / "observability.md").read_text()
    rows = re.findall(r"^\| `(recto_\w+)(?:\{([\w,]+)\})?` \|", text, re.MULTILINE)
    documented = {name: set(labels.split(",")) - {""} for name, labels in rows}
    assert len(rows) == len(documented) > 25
    assert documented == exposed()


def test_names_follow_the_conventions_of_prometheus() -> None:
    for family in REGISTRY.collect():
        if family.name.startswith("recto_"):
            assert family.type in ("counter", "histogram")
            assert family.type == "counter" or family.name.endswith("_seconds")
            assert family.documentation.endswith(".")


def test_rules_and_dashboards_ask_for_metrics_that_exist() -> None:
    rules = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
    assert len(rules) > 10
    suffixes = r"_(bucket|count|sum)$"
    asked = {name for rule in rules for name in re.findall(r"recto_\w+", rule["expr"])}
    assert {re.sub(suffixes, "", name) for name in asked} <= set(exposed())
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["description"].endswith(".")


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return found


def test_prometheus_takes_the_example_configuration(promtool: str) -> None:
    config = str(PROMETHEUS / "prometheus.yml")
    done = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_call_somebody_when_they_should_and_not_otherwise(promtool: str) -> None:
    command = [promtool, "test", "rules", "alerts_test.yml"]
    folder = REPOSITORY / "tests" / "observe"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_finds_nothing_wrong_with_the_metrics(promtool: str) -> None:
    shown = generate_latest(registry(OverviewCollector(lambda: EVERYTHING)))
    done = subprocess.run([promtool, "check", "metrics"], input=shown, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_reasons_of_refusals_are_those_of_the_documentation() -> None:
    text = (REPOSITORY / "docs" / "images.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == metrics.REASONS
