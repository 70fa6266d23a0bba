from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from recto.observe import context, logs

Stderr = Callable[[], list[str]]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Stderr]:
    """Lines that were logged; the root logger and the context are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    context.clear()
    yield lambda: capsys.readouterr().err.splitlines()
    root.handlers[:] = handlers
    root.setLevel(level)
    context.clear()


def lines(stderr: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr()]


def test_a_line_is_an_object_with_what_the_work_belongs_to(stderr: Stderr) -> None:
    logs.configure("json", "index-1")
    with context.bound(request_id="abc", task="recto.search", search_id="s1"):
        logging.getLogger("recto.search").info("It took %d ms", 12, extra={"seconds": 0.012})
    logging.getLogger("recto.search").warning("Nothing")
    first, second = lines(stderr)
    assert datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "level": "info", "logger": "recto.search", "message": "It took 12 ms", "request_id": "abc",
        "task": "recto.search", "search_id": "s1", "worker": "index-1", "seconds": 0.012,
    }  # fmt: skip
    assert "request_id" not in second


def test_an_exception_stands_in_its_line(stderr: Stderr) -> None:
    logs.configure("json", "web")
    try:
        raise ValueError("of two\nlines")
    except ValueError:
        logging.getLogger("recto").exception("It failed")
    (line,) = lines(stderr)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("of two\nlines")


def test_text_ends_with_the_id_of_the_request(stderr: Stderr) -> None:
    logs.configure("text", "web")
    with context.bound(request_id="abc"):
        logging.getLogger("recto").info("Done")
    logging.getLogger("recto").info("Done")
    first, second = stderr()
    assert first.endswith("INFO recto: Done [abc]")
    assert second.endswith("INFO recto: Done")


def test_text_of_users_cannot_forge_a_line_of_json(stderr: Stderr) -> None:
    logs.configure("json", "web")
    logging.getLogger("recto").info('A name\n{"level": "error"}\x1b[0m')
    assert len(lines(stderr)) == 1


def test_text_of_users_cannot_forge_a_line_of_text(stderr: Stderr) -> None:
    logs.configure("text", "web")
    logging.getLogger("recto").info("A name\n2026-11-21 10:00:00,000 ERROR recto: forged\rand again")
    assert [line.startswith("    ") for line in stderr()] == [False, True, True]


@pytest.mark.parametrize("given", ["abc", "0f8fad5b-d9cb-469f-a165-70867728950e", "Root=1-67891233-abcdef"])
def test_ids_of_other_systems_are_kept(given: str) -> None:
    assert context.request_id(given) == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "a\nb", '"', "ü", "-a"])
def test_ids_that_could_do_harm_are_replaced(given: str) -> None:
    assert context.request_id(given) != given
    assert len(context.request_id(given)) == 32


def test_context_ends_with_its_block() -> None:
    context.clear()
    with context.bound(request_id="a"):
        with context.bound(job_id="j", search_id=""):
            assert context.current() == {"request_id": "a", "job_id": "j"}
        assert context.current() == {"request_id": "a"}
    assert context.current() == {}
