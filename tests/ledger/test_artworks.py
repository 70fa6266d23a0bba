"""Originals as a training takes them: each once, with what shows the same artwork."""

from __future__ import annotations

from tests.ledger.entries import index_all, put, sha256

from recto.ledger import Finding, Ledger
from recto.records import Alike, Side


def _alike(ledger: Ledger, first: str, other: str, kind: Alike) -> None:
    ids = sorted(ledger.covers_of(book_id)[0].cover_id for book_id in (first, other))
    assert ledger.finish_comparison([], [Finding(ids[0], ids[1], kind, {})]) == 1


def test_originals_of_searchable_covers_are_listed_once_in_order(ledger: Ledger) -> None:
    put(ledger, "a", name="one")
    put(ledger, "b", name="one")
    put(ledger, "b", Side.BACK, name="two")
    index_all(ledger)
    put(ledger, "c", name="three")  # waits for a worker
    found = list(ledger.searchable_originals())
    assert [original.sha256 for original in found] == sorted((sha256("one"), sha256("two")))
    books = {original.sha256: (original.book_id, original.side) for original in found}
    assert books[sha256("two")] == ("b", Side.BACK)


def test_same_pictures_and_printings_are_the_same_artwork_and_look_alikes_are_not(ledger: Ledger) -> None:
    for name in "abcd":
        put(ledger, name, name=name)
    index_all(ledger)
    _alike(ledger, "a", "b", Alike.SAME_PICTURE)
    _alike(ledger, "b", "c", Alike.SAME_ARTWORK)
    _alike(ledger, "c", "d", Alike.LOOK_ALIKE)
    expected = {frozenset(map(sha256, pair)) for pair in ("ab", "bc")}
    assert {frozenset(pair) for pair in ledger.same_artwork()} == expected
    ledger.decide("a", "b")
    ledger.decide("c", "b")
    assert {frozenset(pair) for pair in ledger.same_artwork()} == {frozenset(map(sha256, "ab"))}
