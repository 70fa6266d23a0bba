"""Sending what the image store holds: from its file where it has one, else from its bytes."""

from __future__ import annotations

import io
from pathlib import Path

from flask import Response, send_file

from recto.image_types import HEAD_BYTES
from recto.storage.blobs import Content


def head_of(content: Content) -> bytes:
    """The first bytes, which tell the type."""
    if isinstance(content, bytes):
        return content[:HEAD_BYTES]
    with content.open("rb") as file:
        return file.read(HEAD_BYTES)


def send_content(content: Content, kind: str, etag: str) -> Response:
    """An answer with the content; whoever has it already under this entity tag is told so."""
    stream: Path | io.BytesIO = io.BytesIO(content) if isinstance(content, bytes) else content
    return send_file(stream, mimetype=kind, etag=etag)
