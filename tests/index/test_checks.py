"""What may not enter the index is refused with a sentence that names the cover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.index.shelves import DIMENSION, SPARSE, make_points

from recto.errors import BadInput, RecipeMismatch
from recto.index import CoverPoint, Layout, LocalSpec, SparseWords
from recto.index.checks import check_page, check_points, check_query

LAYOUT = Layout("small", DIMENSION, SPARSE)
GOOD = make_points(1)[0]


def words(indices: list[Any], values: list[float], kind: str = "uint32") -> SparseWords:
    return SparseWords(np.array(indices, kind), np.array(values, np.float32))


def with_fields(**fields: Any) -> CoverPoint:
    return replace(GOOD, fields={"book_id": "book", **fields})


REFUSED = {
    "an id that is no uuid": (replace(GOOD, cover_id="7"), "not a UUID"),
    "an id in capitals": (replace(GOOD, cover_id=GOOD.cover_id.upper()), "not a UUID"),
    "not a number": (replace(GOOD, embedding=np.full(DIMENSION, np.nan)), "NaN or infinite"),
    "infinite": (replace(GOOD, embedding=np.full(DIMENSION, np.inf)), "NaN or infinite"),
    "zero": (replace(GOOD, embedding=np.zeros(DIMENSION, np.float32)), "is zero"),
    "as good as zero": (replace(GOOD, embedding=np.full(DIMENSION, 1e-30)), "is zero"),
    "words that do not ascend": (replace(GOOD, local=words([3, 2], [1, 1])), "ascend strictly"),
    "a word twice": (replace(GOOD, local=words([2, 2], [1, 1])), "ascend strictly"),
    "a negative word": (replace(GOOD, local=words([-1, 2], [1, 1], "int64")), "ascend strictly"),
    "a word too large": (replace(GOOD, local=words([1, 2**32], [1, 1], "int64")), "ascend strictly"),
    "words with fractions": (replace(GOOD, local=words([1.5], [1], "float32")), "not whole numbers"),
    "words without values": (replace(GOOD, local=words([1, 2], [1])), "indices but"),
    "a negative weight": (replace(GOOD, local=words([1, 2], [1, -1])), "greater than 0"),
    "a zero weight": (replace(GOOD, local=words([1, 2], [1, 0])), "greater than 0"),
    "a weight that is no number": (replace(GOOD, local=words([1, 2], [1, np.nan])), "finite"),
    "features that are text": (replace(GOOD, features="abc"), "not bytes"),  # type: ignore[arg-type]
    "features of a megabyte": (replace(GOOD, features=bytes(2**20)), "bytes of local features"),
    "no book": (replace(GOOD, fields={"year": 1999}), "book_id"),
    "an empty book id": (with_fields(book_id=""), "book_id"),
    "a long book id": (with_fields(book_id="b" * 129), "128 characters"),
    "an unknown field": (with_fields(colour="red"), "'colour'"),
    "a nested field": (with_fields(tags=[["deep"]]), "'tags'"),
    "a field within a field": (with_fields(publisher={"name": "x"}), "'publisher'"),
    "a year as text": (with_fields(year="1999"), "'year'"),
    "a year that is true": (with_fields(year=True), "'year'"),
    "a year beyond counting": (with_fields(year=2**40), "'year'"),
    "one author as text": (with_fields(authors="Jane"), "'authors'"),
    "half a character": (with_fields(publisher="\ud800"), "not valid Unicode"),
    "fields of a megabyte": (with_fields(tags=["x" * 2**20]), "its fields take"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(name: str) -> None:
    point, reason = REFUSED[name]
    with pytest.raises(BadInput, match=reason) as refusal:
        check_points([GOOD, point], LAYOUT)
    assert repr(point.cover_id) in str(refusal.value)


def test_it_lets_good_covers_pass() -> None:
    bare = replace(GOOD, fields={"book_id": "b"}, local=None, features=b"")
    tuples = with_fields(authors=("Jane", "John"), year=-300)
    check_points([GOOD, bare, tuples, replace(GOOD, embedding=GOOD.embedding * 1e-6)], LAYOUT)


@pytest.mark.parametrize(
    ("local", "spec"),
    [
        (np.ones(8, np.float32), SPARSE),
        (words([1], [1]), LocalSpec("dense", 8)),
        (np.ones(9, np.float32), LocalSpec("dense", 8)),
        (words([100], [1]), LocalSpec("sparse", 100)),
    ],
)
def test_a_local_vector_of_another_recipe_is_refused(local: Any, spec: LocalSpec) -> None:
    with pytest.raises(RecipeMismatch):
        check_points([replace(GOOD, local=local)], Layout("small", DIMENSION, spec))


@pytest.mark.parametrize("number", [-1.0, 256.0])
def test_a_byte_vector_must_hold_bytes(number: float) -> None:
    local = np.full(8, number, np.float32)
    with pytest.raises(BadInput, match="between 0 and 255"):
        check_points(
            [replace(GOOD, local=local)], Layout("s", DIMENSION, LocalSpec("dense", 8, False, "uint8"))
        )


def test_a_query_needs_views_in_rows_and_a_sensible_limit() -> None:
    view = GOOD.embedding
    check_query(view[None], GOOD.local, 10, LAYOUT)
    with pytest.raises(BadInput, match="shape"):
        check_query(view, None, 10, LAYOUT)
    with pytest.raises(BadInput, match="View 1 of the photo"):
        check_query(np.stack([view, view * np.nan]), None, 10, LAYOUT)
    for limit in (0, -1, 10**6):
        with pytest.raises(BadInput, match="shortlist"):
            check_query(view[None], None, limit, LAYOUT)


def test_a_page_needs_a_sensible_size_and_start() -> None:
    check_page(10, GOOD.cover_id)
    with pytest.raises(BadInput, match="page of 0"):
        check_page(0, None)
    with pytest.raises(BadInput, match="not a UUID"):
        check_page(10, "the beginning")
