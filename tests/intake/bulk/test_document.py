"""The document of a bulk job, its schema, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recto.errors import BadInput
from recto.intake.bulk import SCHEMA, JobDocument, parse_document

PUBLISHED = Path(__file__).resolve().parents[3] / "docs" / "bulk-job.schema.json"
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=210)
_VALUES = st.one_of(
    _TEXTS, st.booleans(), st.integers(), st.none(), st.dictionaries(st.text(max_size=5), st.booleans())
)
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "recto": st.sampled_from([1, 1, 1, 2, True, "1"]),
        "source": st.one_of(_TEXTS, _VALUES),
        "id": st.one_of(st.from_regex(r"[a-z.:_-]{1,5}", fullmatch=True), _VALUES),
        "label": _VALUES,
        "options": st.one_of(
            st.fixed_dictionaries(
                {}, optional={"dry_run": _VALUES, "paused": st.booleans(), "x": st.booleans()}
            ),
            _VALUES,
        ),
        "other": _VALUES,
    },
)


def test_the_published_schema_is_the_one_that_is_checked() -> None:
    assert json.loads(PUBLISHED.read_text()) == SCHEMA


@settings(max_examples=300, derandomize=True, deadline=None)
@given(_DOCUMENTS)
def test_what_is_accepted_is_what_the_schema_allows(document: dict[str, Any]) -> None:
    try:
        parse_document(json.dumps(document))
        accepted = True
    except BadInput:
        accepted = False
    assert accepted == jsonschema_rs.is_valid(SCHEMA, document)


def test_a_document_reads_back_as_it_was_written() -> None:
    document = JobDocument("/srv/x.csv", id="a", label="A", dry_run=True)
    assert parse_document(document.to_json()) == document
    assert JobDocument("/srv/x.csv").to_json() == {"recto": 1, "source": "/srv/x.csv"}


@pytest.mark.parametrize("text", ['{"recto": 1, "source": "a\\u0000b"}', '{"recto": 1, "source": "\\ud800"}'])
def test_text_that_nobody_can_type_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="nobody can type"):
        parse_document(text)
