"""The document of a bulk job: a JSON object that anybody may drop into the queue, so checked strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recto.errors import BadInput

VERSION = 1
MAX_BYTES = 65_536
"""Longest document: an ordinary one has 200 bytes, and nobody may fill the ledger with one."""
MAX_SOURCE = 4096  # characters, as the longest path of Linux
MAX_LABEL = 200
_ID = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
_ONE_LINE = r"[^\x00-\x1f\x7f]*"

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A bulk job of Recto",
    "type": "object",
    "properties": {
        "recto": {"const": VERSION, "description": "Version of this form."},
        "source": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_SOURCE,
            "pattern": rf"^{_ONE_LINE}$",
            "description": "A manifest (.csv, .tsv, .jsonl), a folder of images, or s3://bucket/prefix/.",
        },
        "id": {
            "type": "string",
            "pattern": f"^{_ID}$",
            "description": "Your own name of the job: dropped twice, it is still one job.",
        },
        "label": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_LABEL,
            "pattern": rf"^{_ONE_LINE}$",
            "description": "What people call the job; the source where it is left out.",
        },
        "options": {
            "type": "object",
            "properties": {
                "dry_run": {
                    "type": "boolean",
                    "default": False,
                    "description": "Read and check everything, put nothing into the catalogue.",
                },
                "paused": {
                    "type": "boolean",
                    "default": False,
                    "description": "Begin only when the job is resumed.",
                },
            },
            "additionalProperties": False,
        },
    },
    "required": ["recto", "source"],
    "additionalProperties": False,
}
"""JSON schema of the document; `parse_document` takes what it allows."""


@dataclass(frozen=True)
class JobDocument:
    """A checked document. `id` and `label` are empty where it has none."""

    source: str
    id: str = ""
    label: str = ""
    dry_run: bool = False
    paused: bool = False

    def to_json(self) -> dict[str, Any]:
        """The document again, with what is not said left out: equal jobs give equal documents."""
        options = {name: True for name in ("dry_run", "paused") if getattr(self, name)}
        texts = {name: getattr(self, name) for name in ("id", "label") if getattr(self, name)}
        return {"recto": VERSION, "source": self.source, **texts, **({"options": options} if options else {})}


def parse_document(data: bytes | str | Mapping[str, Any]) -> JobDocument:
    """Check a document, given as JSON or already read.

    Raises:
        BadInput: the sentence says what is wrong with it.
    """
    found = data if isinstance(data, Mapping) else _read(data)
    _check_names("The document", found, SCHEMA)
    version = found.get("recto")
    if isinstance(version, bool) or version != VERSION:
        raise BadInput(f'The document must say "recto": {VERSION}, the version of its form.')
    if "source" not in found:
        raise BadInput('The document has no "source": name a manifest, a folder or an s3:// prefix.')
    options = found.get("options", {})
    if not isinstance(options, Mapping):
        raise BadInput("options must be a JSON object.")
    _check_names("options", options, SCHEMA["properties"]["options"])
    return JobDocument(
        source=_text("source", found["source"], MAX_SOURCE),
        id=_identifier(found["id"]) if "id" in found else "",
        label=_text("label", found["label"], MAX_LABEL) if "label" in found else "",
        dry_run=_flag("dry_run", options),
        paused=_flag("paused", options),
    )


def _read(data: bytes | str) -> Mapping[str, Any]:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > MAX_BYTES:
        raise BadInput(f"The document has {len(raw):,} bytes, and at most {MAX_BYTES:,} are taken.")
    try:
        found = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise BadInput("The document is not UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The document is not JSON ({error}).") from None
    if not isinstance(found, Mapping):
        raise BadInput("The document must be a JSON object.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that stands in it twice is a slip, and which of the two was meant nobody knows."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadInput("The document names a field twice.")
    return found


def _check_names(what: str, found: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    for name in found:
        if name not in schema["properties"]:
            known = ", ".join(schema["properties"])
            raise BadInput(f"{what} has an unknown field {str(name)[:60]!r}; there are {known}.")


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise BadInput(f"{name} must be a text of 1 to {longest:,} characters.")
    if not re.fullmatch(_ONE_LINE, value) or _has_halves(value):
        raise BadInput(f"{name} has characters that nobody can type; leave them out.")
    return value


def _has_halves(value: str) -> bool:
    """True for halves of surrogate pairs, which JSON can spell and no database can keep."""
    return any("\ud800" <= character <= "\udfff" for character in value)


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_ID, value):
        raise BadInput("id must have 1 to 128 letters, digits, dots, underscores, colons or hyphens.")
    return value


def _flag(name: str, options: Mapping[str, Any]) -> bool:
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise BadInput(f"options.{name} must be true or false.")
    return value
