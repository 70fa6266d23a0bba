"""Manifests are UTF-8: found out before the first row, so that no file is taken in by half."""

from __future__ import annotations

import codecs

from recto.errors import BadInput
from recto.intake.manifest.document import Document

_CHUNK = 1024 * 1024
_HINT = 'save it as UTF-8 (in a spreadsheet: "CSV UTF-8")'


def require_utf8(document: Document) -> None:
    """Read the file once, in pieces.

    Raises:
        BadInput: it is empty, or not UTF-8; the message says near which line.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with document.open() as file:
        chunk = file.read(_CHUNK)
        if not chunk.strip():
            raise BadInput(f"The manifest {document.name} is empty.")
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BadInput(f"The manifest {document.name} is UTF-16; {_HINT}.")
        while True:
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = lines + chunk.count(b"\n", 0, max(error.start, 0))
                raise BadInput(
                    f"The manifest {document.name} is not UTF-8 near line {line}; {_HINT}."
                ) from None
            if not chunk:
                return
            lines += chunk.count(b"\n")
            chunk = file.read(_CHUNK)
