"""`recto evaluate` as a person runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

from recto_web.cli import main
from recto_web.cli.evaluated_product import to_answer

pytestmark = pytest.mark.slow


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("RECTO_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])

    return run


def test_it_compares_methods_and_writes_what_it_found(drawn_set: Path, evaluate: Any, tmp_path: Path) -> None:
    result = evaluate(drawn_set, "-m", "words,phash", "-m", "colour", "--json", tmp_path / "x.json")
    assert result.exit_code == 0, result.output
    assert "all (7 photos)" in result.stdout
    document = json.loads((tmp_path / "x.json").read_text())
    assert list(document["methods"]) == ["words", "phash", "colour"]
    assert document["methods"]["words"]["measures"]["all"]["recall_at"]["1"]["value"] == 1.0
    assert not (tmp_path / "data").exists()  # the catalogue of the data folder is left alone


def test_it_fails_when_a_measure_is_lost_and_passes_otherwise(
    drawn_set: Path, evaluate: Any, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    assert evaluate(drawn_set, "-m", "colour", "--json", baseline).exit_code == 0
    passed = evaluate(drawn_set, "-m", "colour", "--baseline", baseline)
    assert passed.exit_code == 0
    assert "No measure is worse" in passed.stderr
    document = json.loads(baseline.read_text())
    for share in document["methods"]["colour"]["measures"]["all"]["recall_at"].values():
        share["value"] = 1.0
    document["methods"]["colour"]["measures"]["all"]["mean_average_precision"] = 1.5
    baseline.write_text(json.dumps(document))
    failed = evaluate(drawn_set, "-m", "colour", "--baseline", baseline)
    assert failed.exit_code == 5
    assert "lost: colour, all: mean_average_precision was 1.500" in failed.stderr


def test_a_file_that_cannot_be_used_is_told(drawn_set: Path, evaluate: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(drawn_set, tmp_path / "set")
    (folder / "photo0.jpg").write_text("no image")
    result = evaluate(folder, "-m", "colour", "--html", tmp_path / "report.html")
    assert result.exit_code == 3
    assert "photo0.jpg" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "nonsense"], "There is no method 'nonsense'"),
        (["-m", "phash", "--limit-references", "2"], "raise --limit-references"),
        (["-m", "phash", "--json", "/nowhere/x.json"], "The folder /nowhere does not exist"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    drawn_set: Path, evaluate: Any, arguments: list[str], said: str
) -> None:
    result = evaluate(drawn_set, *arguments)
    assert result.exit_code == 1
    assert said in result.stderr


def test_the_report_opens_in_a_browser(
    drawn_set: Path, evaluate: Any, tmp_path: Path, chrome: Browser
) -> None:
    result = evaluate(
        drawn_set, "-m", "words:verify,phash", "--leave-out", "--top", 3, "--html", tmp_path / "report"
    )
    assert result.exit_code == 0, result.output
    for width in (1280, 390):
        page = chrome.new_page(viewport={"width": width, "height": 900})
        problems = watched(page)
        page.goto((tmp_path / "report" / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(PICTURES) == [15, 0]  # eight covers and seven photos, none broken
        assert page.locator("article.sheet.miss").count() >= 1
        assert page.locator("svg polyline").count() == 2
        assert problems == []
        page.close()


PICTURES = """async () => {
  const names = new Set([...document.querySelectorAll('.picture')].map(e => getComputedStyle(e).backgroundImage));
  let broken = 0;
  for (const name of names) {
    const image = new Image();
    image.src = name.slice(5, -2);
    try { await image.decode(); } catch { broken += 1; }
  }
  return [names.size, broken];
}"""


def watched(page: Page) -> list[str]:
    """Complaints of a page: its console, its errors, and whatever it asks of others."""
    problems: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        problems.append(message.text)

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            problems.append(f"asked for {request.url}")

    def fail(error: Error) -> None:
        problems.append(str(error))

    page.on("console", hear)
    page.on("request", note)
    page.on("pageerror", fail)
    return problems


def test_the_product_is_measured_with_parts_of_its_own(
    drawn_set: Path, evaluate: Any, tmp_path: Path
) -> None:
    result = evaluate(drawn_set, "--leave-out", "--json", tmp_path / "x.json")
    assert result.exit_code == 0, result.output
    method = json.loads((tmp_path / "x.json").read_text())["methods"]["recto"]
    assert method["covers"] == 8
    measures = method["measures"]["all"]
    assert measures["recall_at"]["1"]["value"] == 1.0
    assert measures["precision"] == 1.0
    assert measures["recall"] > 0.8
    assert measures["false_found"]["count"] == measures["left_out_found"]["count"] == 0
    assert measures["calibration"]["expected_error"] < 0.2
    assert {"decode", "embed", "verify", "total"} <= set(measures["times_ms"])
    assert not (tmp_path / "data").exists()


def test_a_search_that_says_not_found_asserts_nothing() -> None:
    books = [{"book_id": "a", "probability": 0.9}, {"book_id": "b", "probability": 0.8}]
    found = {"verdict": "found", "books": books, "answers": [{"books": ["a"]}, {"books": ["b"]}]}
    assert to_answer({**found, "timings_ms": {}}).found == ("a", "b")
    assert to_answer({**found, "verdict": "not_found", "timings_ms": {}}).found == ()


def test_real_photos_are_measured(bench: Path, evaluate: Any, tmp_path: Path) -> None:
    arguments = ("--every", 25, "-m", "colour", "--limit-references", 150, "--json", tmp_path / "x.json")
    assert evaluate(bench, *arguments).exit_code == 0
    document = json.loads((tmp_path / "x.json").read_text())
    assert len(document["set"]["photos"]) == 11
    assert document["methods"]["colour"]["measures"]["all"]["recall_at"]["100"]["value"] > 0.5
