"""Covers that are alike: compared once, listed by page, decided about for good."""

from __future__ import annotations

import pytest
from tests.ledger.entries import fill, index_all, put

from recto.errors import BadInput, NotFound
from recto.ledger import Finding, Ledger
from recto.records import Alike, Side


def _pair(ledger: Ledger, first: str, other: str, kind: Alike = Alike.SAME_PICTURE) -> Finding:
    """Say that the covers of two books are alike."""
    ids = sorted(ledger.covers_of(book_id)[0].cover_id for book_id in (first, other))
    finding = Finding(ids[0], ids[1], kind, {"inliers": 90})
    assert ledger.finish_comparison([ids[0]], [finding]) == 1
    return finding


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """A ledger with three books of one cover each."""
    for name in ("a", "b", "c"):
        put(ledger, name, name=name)
    return ledger


def _listed(ledger: Ledger, **options: object) -> set[tuple[str, str]]:
    page = ledger.duplicates(**options)  # type: ignore[arg-type]
    assert page.total == len(page.items)
    counts = {name: value for name, value in options.items() if name != "kind"}
    assert sum(ledger.duplicate_counts(**counts).values()) >= page.total  # type: ignore[arg-type]
    return {tuple(sorted((pair.book.book_id, pair.other_book.book_id))) for pair in page.items}  # type: ignore[misc]


def test_covers_wait_to_be_compared_from_the_moment_that_they_are_searchable(three: Ledger) -> None:
    assert three.to_compare(10) == []
    ids = index_all(three)
    assert {cover.cover_id for cover in three.to_compare(10)} == set(ids)
    three.finish_comparison(ids[:2], [])
    assert [cover.cover_id for cover in three.to_compare(10)] == ids[2:]


def test_the_newest_covers_are_compared_first(three: Ledger) -> None:
    index_all(three)
    assert [cover.book_id for cover in three.to_compare(2)] == ["c", "b"]


def test_covers_that_are_indexed_anew_are_not_compared_again(three: Ledger) -> None:
    ids = index_all(three)
    three.finish_comparison(ids, [])
    three.requeue(ids)
    index_all(three)
    assert three.to_compare(10) == []


def test_findings_are_listed_with_covers_and_books(three: Ledger) -> None:
    finding = _pair(three, "a", "b")
    (pair,) = three.duplicates().items
    assert (pair.kind, dict(pair.measures), pair.decision) == (Alike.SAME_PICTURE, {"inliers": 90}, None)
    assert (pair.cover.cover_id, pair.other_cover.cover_id) == (finding.cover_id, finding.other_id)
    assert {pair.book.book_id, pair.other_book.book_id} == {"a", "b"}
    assert three.duplicate(finding.other_id, finding.cover_id) == pair
    assert three.duplicate(finding.cover_id, finding.cover_id) is None


def test_findings_are_listed_by_kind_by_book_and_by_page(three: Ledger) -> None:
    _pair(three, "a", "b", Alike.LOOK_ALIKE)
    _pair(three, "b", "c", Alike.SAME_FILE)
    assert [pair.kind for pair in three.duplicates().items] == [Alike.SAME_FILE, Alike.LOOK_ALIKE]
    assert _listed(three, kind=Alike.LOOK_ALIKE) == {("a", "b")}
    assert _listed(three, book_id="c") == {("b", "c")}
    assert three.duplicate_counts()[Alike.SAME_FILE] == 1
    second = three.duplicates(page=2, page_size=1)
    assert [pair.kind for pair in second.items] == [Alike.LOOK_ALIKE]
    assert second.total == 2
    with pytest.raises(BadInput):
        three.duplicates(page=0)


def test_finding_it_again_keeps_one_row_and_the_time(three: Ledger) -> None:
    finding = _pair(three, "a", "b", Alike.LOOK_ALIKE)
    (before,) = three.duplicates().items
    three.finish_comparison([], [Finding(finding.cover_id, finding.other_id, Alike.SAME_PICTURE, {})])
    (after,) = three.duplicates().items
    assert (after.kind, after.found) == (Alike.SAME_PICTURE, before.found)


def test_a_decision_hides_the_pair_until_it_is_taken_back(three: Ledger) -> None:
    _pair(three, "a", "b")
    _pair(three, "b", "c")
    three.decide("b", "a", "two printings")
    assert _listed(three) == {("b", "c")}
    assert _listed(three, kind=Alike.SAME_PICTURE) == {("b", "c")}
    assert _listed(three, decided=True) == {("a", "b")}
    (pair,) = three.duplicates(decided=True).items
    assert pair.decision is not None
    assert pair.decision.note == "two printings"
    assert three.undecide("a", "b")
    assert not three.undecide("a", "b")
    assert _listed(three) == {("a", "b"), ("b", "c")}


def test_a_decision_needs_both_books(three: Ledger) -> None:
    with pytest.raises(NotFound, match="no book 'z'"):
        three.decide("a", "z")


def test_a_decision_counts_also_for_covers_that_come_later(three: Ledger) -> None:
    _pair(three, "a", "b")
    three.decide("a", "b")
    three.delete_book("a")
    put(three, "a", name="again")
    _pair(three, "a", "b")
    assert _listed(three) == set()


def test_front_and_back_of_one_book_can_be_decided_about_too(three: Ledger) -> None:
    put(three, "a", Side.BACK, "a")
    low, high = sorted(cover.cover_id for cover in three.covers_of("a"))
    three.finish_comparison([], [Finding(low, high, Alike.SAME_FILE, {})])
    assert three.duplicates().items[0].is_same_book
    three.decide("a", "a")
    assert _listed(three) == set()
    assert _listed(three, decided=True) == {("a", "a")}


def test_findings_go_with_either_book(three: Ledger) -> None:
    _pair(three, "a", "b")
    _pair(three, "b", "c")
    _pair(three, "a", "c")
    three.delete_book("b")
    assert _listed(three) == {("a", "c")}


def test_findings_about_covers_that_went_meanwhile_are_dropped(three: Ledger) -> None:
    low, high = sorted(three.covers_of(name)[0].cover_id for name in ("a", "b"))
    three.delete_book("a")
    assert three.finish_comparison([low, high], [Finding(low, high, Alike.SAME_FILE, {})]) == 0


def test_covers_of_a_file_are_those_of_any_book(three: Ledger) -> None:
    put(three, "d", Side.BACK, "a")
    covers = three.covers_of_file(three.covers_of("a")[0].sha256, 10)
    assert {(cover.book_id, cover.side) for cover in covers} == {("a", Side.FRONT), ("d", Side.BACK)}


def test_a_job_tells_of_its_covers_that_look_like_others(ledger: Ledger) -> None:
    put(ledger, "old")
    index_all(ledger)
    ledger.finish_comparison([cover.cover_id for cover in ledger.covers_of("old")], [])
    job_id = fill(ledger, 2)
    other_job = fill(ledger, 2, first=10)
    index_all(ledger)
    assert ledger.alike_in_job(job_id).is_comparing
    _pair(ledger, "book-0", "old")
    _pair(ledger, "book-0", "book-1")
    ledger.finish_comparison([cover.cover_id for cover in ledger.to_compare(100)], [])
    found = ledger.alike_in_job(job_id)
    assert (found.covers, found.is_comparing) == (2, False)
    assert ledger.alike_in_job(other_job).covers == 0
    assert _listed(ledger, job_id=job_id) == {("book-0", "old"), ("book-0", "book-1")}
    assert _listed(ledger, job_id=other_job) == set()
    ledger.decide("book-0", "book-1")
    assert ledger.alike_in_job(job_id).covers == 1
    assert ledger.alike_in_job("nothing").covers == 0
    with pytest.raises(NotFound):
        ledger.duplicates(job_id="nothing")
