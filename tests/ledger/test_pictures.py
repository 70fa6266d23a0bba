"""Facts of images: kept by what the image is, whoever names it."""

from __future__ import annotations

from tests.ledger.entries import put, sha256

from recto.ledger import Ledger, Picture
from recto.records import Side

ONE = Picture(sha256("one"), "00ff00ff00ff00ff", ("9783161484100",), 600, 900)
OTHER = Picture(sha256("other"), "ff00ff00ff00ff00", (), 500, 800)


def test_facts_of_images_come_back_by_their_sha256(ledger: Ledger) -> None:
    ledger.put_pictures([ONE, OTHER])
    assert ledger.pictures([ONE.sha256, sha256("unseen")]) == {ONE.sha256: ONE}
    assert ledger.pictures([]) == {}


def test_facts_that_are_found_again_take_the_place_of_the_old_ones(ledger: Ledger) -> None:
    ledger.put_pictures([ONE])
    again = Picture(ONE.sha256, ONE.phash, (), 600, 900)
    ledger.put_pictures([ONE, again])
    assert ledger.pictures([ONE.sha256]) == {ONE.sha256: again}


def test_facts_go_with_the_last_cover_that_names_the_image(ledger: Ledger) -> None:
    put(ledger, "a", Side.FRONT, "one")
    put(ledger, "b", Side.FRONT, "one")
    ledger.put_pictures([ONE])
    ledger.delete_book("a")
    ledger.purge_deleted("a")
    assert ledger.pictures([ONE.sha256])
    ledger.delete_book("b")
    ledger.purge_deleted("b")
    assert not ledger.pictures([ONE.sha256])
