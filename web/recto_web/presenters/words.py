"""Numbers and times as people read them; filters of the templates, and words of the command line.

Flask is not loaded here: where only workers are installed, there is none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from markupsafe import Markup

_CODE = re.compile(r"`([^`]+)`")
MINUTE, HOUR, DAY = 60, 3600, 86400


def percent(probability: float) -> str:
    """A probability in per cent that claims neither certainty nor impossibility: `99.4 %`, `> 99.9 %`, `< 1 %`."""
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return f"{probability:.1%}".replace("%", " %")
    return f"{probability:.0%}".replace("%", " %")


def area(share: float) -> str:
    """A share of a cover: `6 %`, `< 1 %`, `100 %`."""
    return "< 1 %" if 0 < share < 0.0095 else f"{share:.0%}".replace("%", " %")


def sureness(probability: float) -> str:
    """What a probability means, in words."""
    steps = (
        (0.99, "as good as certain"),
        (0.9, "very likely"),
        (0.75, "likely"),
        (0.5, "more likely than not"),
    )
    return next((words for least, words in steps if probability >= least), "unlikely")


def sureness_alone(probability: float) -> str:
    """The same where no number can be stood by: fewer words, since each claims a range."""
    steps = ((0.9, "very likely"), (0.7, "likely"))
    return next((words for least, words in steps if probability >= least), "unsure")


def duration(seconds: float) -> str:
    """A span of time: `8 s`, `3 min 20 s`, `2 h 5 min`, `3 days`."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return _two(whole // MINUTE, "min", whole % MINUTE, "s")
    if whole < 2 * DAY:
        return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    return f"{whole // DAY} days"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def milliseconds(value: float) -> str:
    """A time of a stage: `0.4 ms`, `38 ms`, `1.24 s`."""
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def rate(per_second: float) -> str:
    """A speed: `12 a second`, `0.4 a second`, `3 a minute`."""
    if per_second >= 9.95:
        return f"{per_second:.0f} a second"
    return f"{per_second:.1f} a second" if per_second >= 0.2 else f"{per_second * MINUTE:.0f} a minute"


def ago(moment: float) -> str:
    """How long ago a moment (UTC epoch seconds) was."""
    seconds = max(0.0, time.time() - moment)
    return "just now" if seconds < 10 else f"{duration(seconds)} ago"


def iso(moment: float) -> str:
    """A moment for the `datetime` attribute of `<time>`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 cover`, `1,204 covers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def changes(changed: Mapping[str, int], is_dry_run: bool) -> str:
    """Which fields a job changed in how many books: `Changed the title of 3 books, other columns of 1 book.`"""
    names = {"title": "the title", "year": "the year", "isbn": "the ISBN", "extra": "other columns"}
    parts = [f"{names.get(name, name)} of {count(number, 'book')}" for name, number in changed.items()]
    return f"{'Would change' if is_dry_run else 'Changed'} {', '.join(parts) or 'no book that was there'}."


def listed(names: Sequence[str]) -> str:
    """Names in a row: `A`, `A and B`, `A, B and C`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def prose(sentence: str) -> Markup:
    """A sentence of ours as HTML: escaped, with what stands between backquotes as code."""
    from markupsafe import Markup, escape

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped before


def speak(app: Flask) -> None:
    """Register the filters."""
    for function in (
        percent,
        area,
        sureness,
        sureness_alone,
        duration,
        milliseconds,
        rate,
        ago,
        iso,
        count,
        changes,
        listed,
        prose,
    ):
        app.jinja_env.filters[function.__name__] = function
