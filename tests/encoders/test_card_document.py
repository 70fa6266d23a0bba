"""The document of a card: it keeps every field, and refuses what no card can say."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from recto.encoders import CARDS, Card, all_cards
from recto.encoders import card_document as documents
from recto.encoders.card_document import MAX_BYTES, read_card, write_card
from recto.errors import BadInput, RectoError, WrongFormat

MINE = replace(CARDS["recto_small"], name="mine")


def test_every_card_comes_back_as_it_was() -> None:
    for card in all_cards().values():
        kept = replace(card, name="mine", weights_sha256="")
        assert read_card(write_card(kept)) == kept


def test_the_document_has_a_format_number_and_every_field() -> None:
    document = json.loads(write_card(MINE))
    assert document.pop("format") == 1
    needed = {field.name for field in dataclasses.fields(Card) if field.default is dataclasses.MISSING}
    assert document.keys() >= needed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"dimension": "256"}, "'dimension' of the card must be a whole number"),
        ({"dimension": True}, "'dimension' of the card must be a whole number"),
        ({"dimension": 256.0}, "'dimension' of the card must be a whole number"),
        ({"dimension": 0}, "'dimension' of the card must lie within 1 and 65536"),
        ({"dimension": 10**9}, "must lie within 1 and 65536"),
        ({"input_size": [192]}, "must be a list of 2, each a whole number"),
        ({"input_size": [100_000, 144]}, "'input_size' of the card must lie within 16 and 1024"),
        ({"mean": [0.5, 0.5, float("nan")]}, "'mean' of the card must be a list of 3, each a number"),
        ({"std": [0.25, 0.25, 0]}, "'std' of the card must lie within"),
        ({"std": 10**400}, "'std' of the card must be a list"),
        ({"resize": "stretch"}, "must be one of 'centre_crop', 'squeeze', not 'stretch'"),
        ({"pooling": None}, "'pooling' of the card must be one of 'gem3'"),
        ({"interpolation": "bicubic"}, "the interpolation 'bilinear'"),
        ({"resize": "centre_crop"}, "shorter_side of the card must not be less than its input_size"),
        ({"architecture": "resnet9999"}, "no architecture 'resnet9999'"),
        ({"name": "My Network"}, "'My Network' cannot be the name"),
        ({"name": "../weights"}, "cannot be the name"),
        ({"name": "a" * 65}, "one line of at most 64 characters"),
        ({"summary": "two\nlines"}, "'summary' of the card must be one line"),
        ({"licence": "l" * 501}, "at most 500 characters"),
        ({"weights_sha256": "abc"}, "must be a SHA-256"),
        ({"head": "256"}, "'head' of the card must be a whole number or null"),
        ({"head": 256}, "not for recto_small"),
        ({"architecture": "resnet50", "head": 128}, "dimension of the card must be its head"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_field_that_cannot_be_is_named(changes: dict[str, Any], said: str) -> None:
    document = json.dumps({**json.loads(write_card(MINE)), **changes})
    with pytest.raises(BadInput, match=said):
        read_card(document.encode())


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Card)][:3])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    document = json.loads(write_card(MINE))
    del document[name]
    with pytest.raises(BadInput, match=f"lacks the field '{name}'"):
        read_card(json.dumps(document).encode())


@pytest.mark.parametrize("number", [None, 2, "1", True])
def test_a_card_of_another_version_is_refused(number: object) -> None:
    document = json.dumps({**json.loads(write_card(MINE)), "format": number})
    with pytest.raises(WrongFormat, match="reads format 1"):
        read_card(document.encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"[1]", b"[" * 9000, b"{" + b" " * MAX_BYTES + b"}", b'{"a": 1' + b"0" * 5000],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(RectoError):
        read_card(data)


@dataclass(frozen=True)
class LaterCard(Card):
    """A card of a later version: fields that are new have a default."""

    neck: int = 0
    margin: float | None = None


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> LaterCard:
    """The card of a version that has more fields, at their defaults."""
    monkeypatch.setattr(documents, "Card", LaterCard)
    values = {field.name: getattr(MINE, field.name) for field in dataclasses.fields(MINE)}
    return LaterCard(**values)


def test_a_new_field_at_its_default_changes_neither_recipe_nor_document(later: LaterCard) -> None:
    assert later.fingerprint() == MINE.fingerprint()
    assert write_card(later) == write_card(MINE)
    assert read_card(write_card(MINE)) == later


def test_a_new_field_with_another_value_is_kept_and_changes_the_recipe(later: LaterCard) -> None:
    changed = replace(later, neck=128, margin=0.5)
    assert changed.fingerprint() == {**MINE.fingerprint(), "neck": "128", "margin": "0.5"}
    assert read_card(write_card(changed)) == changed
    with pytest.raises(BadInput, match="'margin' of the card must be a number or null"):
        read_card(write_card(replace(later, margin="wide")))  # type: ignore[arg-type]
