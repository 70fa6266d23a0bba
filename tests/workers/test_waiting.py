"""Work that cannot be done at present is tried again with pauses, and its reason is told."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest

from recto.errors import Unavailable
from recto_workers.waiting import PAUSES, SAME_SECONDS, TOLD_SECONDS, Waiting


class Clock:
    """A clock that is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def away() -> None:
    raise Unavailable("It is away.")


def test_what_fails_is_not_tried_again_before_its_pause_is_over() -> None:
    clock, tried = Clock(), []

    def fail() -> None:
        tried.append(clock.now)
        away()

    waiting = Waiting(clock)
    for _ in range(600):
        waiting.attempt(fail)
        clock.now += 0.1
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert [round(pause) for pause in pauses[:4]] == list(PAUSES)
    assert max(pauses) < PAUSES[-1] + 0.2


def test_the_reason_is_told_until_the_work_is_done() -> None:
    clock = Clock()
    waiting = Waiting(clock)
    assert waiting.attempt(lambda: "done") == "done"
    assert waiting.attempt(away) is None
    assert waiting.reason == "It is away."
    clock.now += PAUSES[0]
    assert waiting.attempt(lambda: "done") == "done"
    assert waiting.reason == ""


def test_a_reason_that_nobody_met_for_long_is_told_no_more() -> None:
    clock = Clock()
    waiting = Waiting(clock)
    waiting.attempt(away)
    clock.now += TOLD_SECONDS
    assert waiting.reason == ""


def test_the_log_says_the_same_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    waiting = Waiting(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            waiting.attempt(away)
            clock.now += 1.0
    assert len(caplog.records) == 1 + int(100 / SAME_SECONDS)


def test_what_nobody_foresaw_is_told_and_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    waiting = Waiting()
    with caplog.at_level(logging.WARNING):
        waiting.attempt(lambda: dict[str, str]()["gone"])
    assert "KeyError" in waiting.reason
    assert caplog.records[0].exc_info
