"""The words on the covers: works as facts, and made-up titles, names and sentences from small tables."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO

import numpy as np

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Work:
    """A published work whose title and author are facts: language code, year of publication."""

    language: str
    year: int
    author: str
    title: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def works() -> tuple[Work, ...]:
    """All works of `data/works.tsv`."""
    return tuple(Work(r["language"], int(r["year"]), r["author"], r["title"]) for r in _rows("works.tsv"))


@cache
def _tables() -> dict[tuple[str, str], tuple[str, ...]]:
    return {(row["language"], row["kind"]): tuple(row["text"].split("|")) for row in _rows("words.tsv")}


def entries(language: str, kind: str) -> tuple[str, ...]:
    """All entries of one kind, such as `publisher` or `sentence`, in one language."""
    return _tables()[language, kind]


def one_of(rng: np.random.Generator, language: str, kind: str) -> str:
    """A random entry of one kind with its slots filled."""
    choices = entries(language, kind)
    return fill(rng, language, choices[int(rng.integers(len(choices)))])


def fill(rng: np.random.Generator, language: str, template: str) -> str:
    """`template` with each `{kind}` replaced by a random entry; `{name}` is a first and a last name."""

    def word(match: re.Match[str]) -> str:
        kind = match.group(1)
        if kind == "n":
            return match.group(0)  # the number of a volume is known to the caller only
        if kind == "name":
            return full_name(rng, language)
        return one_of(rng, language, kind)

    return _SLOT.sub(word, template)


def full_name(rng: np.random.Generator, language: str) -> str:
    """A made-up first and last name."""
    return f"{one_of(rng, language, 'first')} {one_of(rng, language, 'last')}"


def paragraph(rng: np.random.Generator, language: str, sentences: int) -> str:
    """Some different sentences of a blurb."""
    choices = entries(language, "sentence")
    order = rng.permutation(len(choices))[:sentences]
    return " ".join(fill(rng, language, choices[int(place)]) for place in order)
