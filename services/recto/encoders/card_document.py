"""The document of a card: JSON with a format number and the fields of `Card`. No torch here.

A trained network comes with one (`card.json`), and the store of images keeps one for each encoder that was added.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from recto.encoders.card import OWN_ARCHITECTURES, Card
from recto.encoders.spec import NAME
from recto.encoders.torchvision_cards import torchvision_cards
from recto.errors import BadInput, WrongFormat

FORMAT = 1
MAX_BYTES = 16_384
"""Bytes of a document; ours have some 600."""
LIMITS = {
    "dimension": (1, 65_536),
    "head": (0, 65_536),
    "input_size": (16, 1024),
    "shorter_side": (0, 2048),
    "mean": (-1000, 1000),
    "std": (0.0001, 1000),
}
"""Least and greatest numbers of fields, wide around those of torchvision's networks: what lies beyond is a mistake."""
OTHER_NUMBERS = (-65_536, 65_536)
LONGEST = {"name": 64, "architecture": 64, "summary": 500, "licence": 500}
OTHER_TEXTS = 200

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}


def write_card(card: Card) -> bytes:
    """The document of a card: the same card gives the same bytes. A field at its default is left out, so that a field
    that is new in a later version changes no document."""
    shown = {field: getattr(card, field.name) for field in fields(card)}
    kept = {field.name: value for field, value in shown.items() if value != field.default}
    return f"{json.dumps({'format': FORMAT, **kept}, ensure_ascii=False, indent=1)}\n".encode()


def read_card(data: bytes) -> Card:
    """The card in a document, every field of the right type and within bounds.

    Raises:
        WrongFormat: another version of Recto wrote it.
        BadInput: it is no such document, or a field is missing, unknown or wrong; the message names it.
    """
    found = _object(data)
    number = found.pop("format", None)
    if number != FORMAT or isinstance(number, bool):
        raise WrongFormat(
            f"This card has the format {str(number)[:20]}, and this version of Recto reads format {FORMAT}: "
            "use the version that wrote it."
        )
    known = {field.name: field for field in fields(Card)}
    if unknown := sorted(found.keys() - known.keys()):
        raise BadInput(f"The card has an unknown field {unknown[0][:50]!r}; a newer Recto may know it.")
    if missing := [name for name in known if name not in found and not _has_default(known[name])]:
        raise BadInput(f"The card lacks the field {missing[0]!r}.")
    hints = get_type_hints(Card)
    card = Card(**{name: _value(name, hints[name], value) for name, value in found.items()})
    _check_together(card)
    return card


def _object(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise BadInput(f"A card has at most {MAX_BYTES:,} bytes.")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The card is not JSON ({error}).") from None
    if not isinstance(found, dict):
        raise BadInput("The card is not a JSON object.")
    return found


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING


def _value(name: str, kind: Any, value: object) -> Any:
    """A value of the document as the field wants it."""
    if not _fits(kind, value):
        raise BadInput(f"The field {name!r} of the card must be {_wanted(kind)}, not {str(value)[:50]!r}.")
    least, most = LIMITS.get(name, OTHER_NUMBERS)
    if any(not least <= number <= most for number in _numbers(value)):
        raise BadInput(f"The field {name!r} of the card must lie within {least} and {most}.")
    longest = LONGEST.get(name, OTHER_TEXTS)
    if isinstance(value, str) and not (len(value) <= longest and value.isprintable()):
        raise BadInput(f"The field {name!r} of the card must be one line of at most {longest} characters.")
    return _converted(kind, value)


def _fits(kind: Any, value: object) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return isinstance(value, list) and len(value) == len(kinds) and all(map(_fits, kinds, value))
    if get_origin(kind) in (UnionType, Union):
        return any(_fits(part, value) for part in get_args(kind))
    if kind is float:  # a whole number is one too; NaN is none
        return type(value) is int or (type(value) is float and math.isfinite(value))
    return type(value) is kind


def _converted(kind: Any, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(map(_converted, get_args(kind), value))
    if get_origin(kind) in (UnionType, Union):
        return next(_converted(part, value) for part in get_args(kind) if _fits(part, value))
    return float(value) if kind is float else value


def _numbers(value: object) -> Iterator[int | float]:
    if isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, int | float):
        yield value


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(repr, get_args(kind)))}"
    if get_origin(kind) is tuple:
        return f"a list of {len(get_args(kind))}, each {_wanted(get_args(kind)[0])}"
    if get_origin(kind) in (UnionType, Union):
        return " or ".join(map(_wanted, get_args(kind)))
    return _KINDS[kind]


def _check_together(card: Card) -> None:
    """What types and bounds alone do not say."""
    if not NAME.fullmatch(card.name):
        raise BadInput(
            f"{card.name!r} cannot be the name of an encoder: small letters and digits, with single - or _ between."
        )
    if card.architecture not in (*OWN_ARCHITECTURES, *torchvision_cards()):
        own = ", ".join(OWN_ARCHITECTURES)
        raise BadInput(
            f"There is no architecture {card.architecture!r}: it is {own}, or a network of torchvision that "
            "classifies images (`recto encoders list --all`)."
        )
    if card.head is not None and (
        card.architecture == "recto_plain" or (card.head and card.architecture == "recto_small")
    ):
        raise BadInput(f"The field 'head' of the card is not for {card.architecture}, which has one inside.")
    if card.head and card.head != card.dimension:
        raise BadInput("The dimension of the card must be its head, where there is one.")
    if card.resize == "squeeze" and (card.shorter_side or card.interpolation != "bilinear"):
        raise BadInput(
            "A card with the resize 'squeeze' has shorter_side 0 and the interpolation 'bilinear'."
        )
    if card.resize == "centre_crop" and card.shorter_side < max(card.input_size):
        raise BadInput("The shorter_side of the card must not be less than its input_size.")
    if card.weights_sha256 and not _SHA256.fullmatch(card.weights_sha256):
        raise BadInput("The field 'weights_sha256' of the card must be a SHA-256, in 64 hexadecimal digits.")
