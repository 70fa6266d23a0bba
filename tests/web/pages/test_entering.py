"""Books entered again and again in every way there is, against a simple model: what is not said stays."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.web.pages.shelf import picture, upload

from recto.intake.bulk.lister import Lister
from recto.intake.sources import open_source
from recto.intake.take_in import take_in
from recto.ledger import Ledger
from recto.records import Book
from recto.settings import Settings
from recto.storage.blobs import open_blobs
from recto_workers import bulk

Model = dict[str, dict[str, Any]]
"""What is known of each book: its fields and other columns by name, those that are empty left out."""
FIELDS: dict[str, list[Any]] = {
    "title": ["Emma", "The Raven"],
    "authors": [["Poe"], ["Poe", "Doré"]],
    "isbn": ["9780141439518", "9783161484100"],
    "publisher": ["Wiley", "Penguin"],
    "year": [0, 1845],
    "language": ["en", "de"],
    "tags": [["red"], ["red", "blue"]],
}
OTHER: dict[str, list[Any]] = {"shelf": ["B 12", "C 7"], "Owner": ["me", "you"]}
LISTS = ("authors", "tags")
_numbers = itertools.count()
_clear = st.lists(st.sampled_from([*FIELDS, *OTHER, "titel", "book_id", "front"]), max_size=2, unique=True)
_book = st.sampled_from("abc")


def _row(*empty: object) -> st.SearchStrategy[dict[str, Any]]:
    """What is said of a book: some fields, some of them empty, in one of the ways that a source has for it."""
    lists: list[object] = [[]] if None in empty else []
    values = {
        name: st.sampled_from([*known, *empty, *(lists if name in LISTS else [])])
        for name, known in [*FIELDS.items(), *OTHER.items()]
    }
    return st.fixed_dictionaries(
        {"id": _book, "file": st.sampled_from(["good.jpg", "gone.jpg", ""])},
        optional={**values, "clear": _clear},
    )


_step = st.one_of(
    st.tuples(st.just("csv"), st.lists(_row("", " "), min_size=1, max_size=4)),
    st.tuples(st.just("jsonl"), st.lists(_row("", None), min_size=1, max_size=4)),
    st.tuples(st.just("folder"), st.lists(_book, min_size=1, max_size=3, unique=True)),
    st.tuples(st.just("api"), _row(None)),
    st.tuples(st.just("form"), _row("")),
    st.tuples(st.just("delete"), _book),
)


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _say(
    model: Model, book_id: str, row: Mapping[str, Any], known: set[str], fields: set[tuple[str, str]]
) -> bool:
    """Let the model hear one row, with the fields that it changes; False: it must be refused."""
    given = {name: row[name] for name in (*FIELDS, *OTHER) if not _is_empty(row.get(name))}
    clear = row.get("clear") or []
    if any(name in given or not (name in FIELDS or name in known & OTHER.keys()) for name in clear):
        return False
    old = model.get(book_id, {})
    new = {**{name: value for name, value in old.items() if name not in clear}, **given}
    for name in {*old, *new}:
        if old.get(name) != new.get(name) and book_id in model:
            fields.add((book_id, name if name in FIELDS else "extra"))
    model[book_id] = new
    return True


def _record(book: Book) -> dict[str, Any]:
    """A book of the ledger as the model knows it."""
    fields = {name: getattr(book, name) for name in FIELDS}
    lists = {name: list(fields[name]) for name in LISTS}
    return {name: value for name, value in {**fields, **lists, **book.extra}.items() if not _is_empty(value)}


def _count(fields: set[tuple[str, str]]) -> dict[str, int]:
    names = [name for _, name in fields]
    return {name: names.count(name) for name in (*FIELDS, "extra") if name in names}


class Ways:
    """Every way in which books are entered, on one ledger; `number` tells the books of one walk from others."""

    def __init__(self, client: FlaskClient, ledger: Ledger, settings: Settings, folder: Path) -> None:
        self.client, self.ledger, self.settings = client, ledger, settings
        self.folder = folder
        self.lister = Lister(settings, ledger, open_blobs(settings), "by hand")
        self.number = next(_numbers)
        self.files = itertools.count()
        (folder / "good.jpg").write_bytes(picture())

    def id(self, letter: str) -> str:
        """The book of a letter in this walk."""
        return f"{self.number}{letter}"

    def rows(self, model: Model, kind: str, rows: list[dict[str, Any]]) -> None:
        """A manifest: tried by a dry run, then entered."""
        said = [
            {"book_id": self.id(row["id"]), "front": row["file"]}
            | {name: value for name, value in row.items() if name not in ("id", "file")}
            for row in rows
        ]
        path = self.folder / f"{self.number}-{next(self.files)}.{kind}"
        columns = list(dict.fromkeys(name for row in said for name in row))
        if kind == "csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(
                    {name: "|".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()}
                    for row in said
                )
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in said))
        heard = {letter: model[letter] for letter in model}
        fields: set[tuple[str, str]] = set()
        refused = [
            not _say(heard, row["id"], row, set(columns) if kind == "csv" else set(line), fields)
            for row, line in zip(rows, said, strict=True)
        ]
        fields = {(letter, name) for letter, name in fields if letter in model}
        self._enter_and_compare(model, path, _count(fields), sum(refused))
        model.update(heard)

    def images(self, model: Model, letters: list[str]) -> None:
        """A folder of images."""
        folder = self.folder / f"{self.number}-{next(self.files)}"
        folder.mkdir()
        for letter in letters:
            (folder / f"{self.id(letter)}_back.jpg").write_bytes(picture("teal"))
        self._enter_and_compare(model, folder, {}, 0)
        model.update({letter: model.get(letter, {}) for letter in letters})

    def api(self, model: Model, row: dict[str, Any]) -> None:
        """One book over HTTP."""
        body = {name: row[name] for name in (*FIELDS, "clear") if name in row}
        if any(name in row for name in OTHER):
            body["extra"] = {name: row[name] for name in OTHER if name in row}
        is_new = row["id"] not in model
        is_taken = _say(model, row["id"], row, set(row), set())
        answer = self.client.put(f"/api/v1/books/{self.id(row['id'])}", json=body)
        assert answer.status_code == (422 if not is_taken else 201 if is_new else 200), answer.text
        if is_taken:
            book = self.ledger.book(self.id(row["id"]))
            assert book is not None
            assert answer.json is not None
            assert answer.json["extra"] == book.extra
            assert {name: answer.json[name] for name in LISTS} == {
                name: list(getattr(book, name)) for name in LISTS
            }

    def form(self, model: Model, row: dict[str, Any]) -> None:
        """The form of the pages; it has no other columns, and asks for a title and a picture."""
        said = {name: value for name, value in row.items() if name not in OTHER}
        said["title"] = said.get("title") or "Emma"
        data = {
            name: "; ".join(value) if name in LISTS else str(value)
            for name, value in said.items()
            if name in FIELDS and value is not None
        }
        data |= {"book_id": self.id(row["id"]), "replace": "1", "clear": said.get("clear", [])}
        fields: set[tuple[str, str]] = set()
        was_there = row["id"] in model
        is_taken = _say(model, row["id"], said, set(), fields)
        answer = self.client.post("/books", data={**data, "front": upload(picture(), "f.jpg")})
        assert answer.status_code == (303 if is_taken else 400), answer.text
        if is_taken:
            job = self.ledger.job(answer.location.rpartition("/")[2])
            assert job is not None
            assert job.changed == (_count(fields) if was_there else {})

    def delete(self, model: Model, letter: str) -> None:
        """A book is deleted."""
        assert self.ledger.delete_book(self.id(letter)) == (letter in model)
        model.pop(letter, None)

    def check(self, model: Model) -> None:
        """The ledger holds what the model does."""
        for letter in "abc":
            book = self.ledger.book(self.id(letter))
            assert (_record(book) if book is not None else None) == model.get(letter)

    def _enter_and_compare(self, model: Model, path: Path, changed: dict[str, int], refused: int) -> None:
        tried = self._bulk(path, dry_run=True)
        reasons = self._refused(tried.job_id)
        assert (tried.changed, len(reasons)) == (changed, refused), reasons
        self.check(model)
        if next(self.files) % 2:
            done = self._bulk(path, dry_run=False)
        else:
            job_id = self.ledger.create_job("ingest", str(path))
            rows = open_source(self.settings, str(path), trusted=True).rows()
            list(take_in(self.settings, self.ledger, open_blobs(self.settings), job_id, rows))
            job = self.ledger.job(job_id)
            assert job is not None
            done = job
        assert (done.changed, self._refused(done.job_id)) == (changed, reasons)
        shown = self.client.get(f"/api/v1/jobs/{done.job_id}").json
        assert shown is not None
        assert shown["changed"] == changed
        assert ("Changed " in self.client.get(f"/jobs/{done.job_id}").text) == bool(changed)

    def _bulk(self, path: Path, *, dry_run: bool) -> Any:
        document = {"recto": 1, "source": str(path), "options": {"dry_run": dry_run}}
        job_id = bulk.submit(self.ledger, document, trusted=True)
        while self.lister.turn():
            pass
        return self.ledger.job(job_id)

    def _refused(self, job_id: str) -> list[str]:
        """Reasons of the rows that were refused."""
        failed = self.ledger.job_items(job_id, "failed").items
        return [item.reason for item in failed if item.stage == "manifest"]


@pytest.fixture
def ways(app: Flask, ledger: Ledger, settings: Settings, tmp_path: Path) -> Any:
    """Makes the ways for each walk; the lister is closed at the end."""
    made: list[Ways] = []

    def make() -> Ways:
        made.append(Ways(app.test_client(use_cookies=False), ledger, settings, tmp_path))
        made[-1].lister = made[0].lister  # one decoding child for all
        return made[-1]

    yield make
    made[0].lister.close()


def test_no_way_of_entering_books_empties_what_it_does_not_name(ways: Any) -> None:
    @hypothesis_settings(
        max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    @given(st.lists(_step, min_size=2, max_size=7))
    def walk(steps: list[tuple[str, Any]]) -> None:
        way = ways()
        model: Model = {}
        for kind, what in steps:
            if kind in ("csv", "jsonl"):
                way.rows(model, kind, what)
            else:
                {"folder": way.images, "api": way.api, "form": way.form, "delete": way.delete}[kind](
                    model, what
                )
            way.check(model)

    walk()
