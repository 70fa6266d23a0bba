"""What a store of images offers, wherever it keeps them, and the names that it takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from recto.errors import BadInput, NotFound

Content = Path | bytes
"""What is stored: a file to read where the store is a folder, else the bytes. The decode pool takes both."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"[0-9a-f]{8,64}")
_INCOMING = re.compile(r"[0-9a-f]{32}")
_STAGED = re.compile(r"[0-9a-f]{32}\.npz")


class Blobs(Protocol):
    """Originals and thumbnails by the original's sha256, uploads of searches, staged files, learned models.

    Threads and processes, on several machines where the store is shared, may use it at once. Whatever is put
    appears whole or not at all, and is durable when the call returns. Every method that takes a name raises
    `BadInput` when it is not one that a store gives out, and `Unavailable` when the store cannot be used at present.
    """

    def check(self) -> None:
        """See that the store can be used, as a process does when it starts.

        Raises:
            BadSetting: it never can with these settings; the message names the variables.
        """
        ...

    def put(self, data: bytes) -> str:
        """Keep an original and return its sha256; what is there already is left as it is."""
        ...

    def put_file(self, path: Path, max_bytes: int | None = None) -> str:
        """Keep a copy of a file, piece by piece, and return its sha256.

        Raises:
            Refused: the file does not exist, cannot be read, or has more than `max_bytes`.
        """
        ...

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep an original that comes in pieces and return its sha256. What the pieces raise, this raises."""
        ...

    def source(self, sha256: str) -> Content:
        """An original to decode or to send.

        Raises:
            NotFound: there is none.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes of an original.

        Raises:
            NotFound: there is none.
        """
        ...

    def exists(self, sha256: str) -> bool:
        """True when the original is kept."""
        ...

    def discard(self, sha256: str) -> None:
        """Mark an original that nothing names any more; it is deleted later, unless it is put or kept meanwhile.

        Somebody who puts the same picture at this moment finds it there and names it a little later.
        """
        ...

    def discarded(self, older_than_seconds: float) -> list[str]:
        """Originals that were discarded so long ago."""
        ...

    def keep(self, sha256: str) -> None:
        """Take the mark of `discard` back."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove the original and its thumbnail; nothing happens where there is none."""
        ...

    def put_thumbnail(self, sha256: str, jpeg: bytes) -> None:
        """Keep the thumbnail of an original, in place of an earlier one."""
        ...

    def read_thumbnail(self, sha256: str) -> bytes | None:
        """The thumbnail of an original as JPEG; None while there is none."""
        ...

    def put_incoming(self, data: bytes) -> str:
        """Keep the upload of a search for a short time and return its name."""
        ...

    def incoming(self, name: str) -> Content:
        """An upload to decode or to send.

        Raises:
            NotFound: it was cleared away.
        """
        ...

    def delete_incoming(self, name: str) -> None:
        """Remove an upload; nothing happens where there is none."""
        ...

    def prune_incoming(self, older_than_seconds: float) -> int:
        """Remove old uploads, and what processes that died left half written; returns how many things."""
        ...

    def put_staged(self, data: bytes) -> str:
        """Keep the vectors of a batch (see `recto.storage.staging`) and return the name of the file."""
        ...

    def get_staged(self, name: str) -> bytes | None:
        """The bytes of a staged file; None when it is gone."""
        ...

    def delete_staged(self, name: str) -> None:
        """Remove a staged file that was indexed or is no longer wanted; nothing happens where there is none."""
        ...

    def staged_names(self, older_than_seconds: float) -> list[str]:
        """Staged files that have been there for so long."""
        ...

    def put_model(self, data: bytes) -> str:
        """Keep a learned file (a projection, the weights of a network) and return its sha256.

        One that is there but damaged is written anew.
        """
        ...

    def get_model(self, sha256: str) -> bytes:
        """The bytes of a learned file.

        Raises:
            NotFound: there is none.
        """
        ...

    def find_model(self, digits: str) -> str | None:
        """The sha256 of the learned file that begins with `digits`; None when there is none, or several."""
        ...

    def list_models(self, max_bytes: int) -> list[str]:
        """The sha256s of the learned files that have at most so many bytes, in their order."""
        ...


def is_sha256(name: str) -> bool:
    """True for the sha256 of an original as this package writes it."""
    return bool(_SHA256.fullmatch(name))


def is_incoming(name: str) -> bool:
    """True for the name of an upload."""
    return bool(_INCOMING.fullmatch(name))


def is_staged(name: str) -> bool:
    """True for the name of a staged file."""
    return bool(_STAGED.fullmatch(name))


def checked_sha256(sha256: str) -> str:
    """The sha256, if it is one.

    Raises:
        BadInput: it is not; nothing that a request says leads out of the store.
    """
    if not is_sha256(sha256):
        raise BadInput("This is not the sha256 of an image.")
    return sha256


def checked_incoming(name: str) -> str:
    """The name of an upload, if it is one.

    Raises:
        BadInput: it is not.
    """
    if not is_incoming(name):
        raise BadInput("This is not the name of an upload.")
    return name


def checked_staged(name: str) -> str:
    """The name of a staged file, if it is one.

    Raises:
        BadInput: it is not.
    """
    if not is_staged(name):
        raise BadInput("This is not the name of a staged file.")
    return name


def checked_digits(digits: str) -> str:
    """The first digits of a sha256, if they are some.

    Raises:
        BadInput: they are not.
    """
    if not _DIGITS.fullmatch(digits):
        raise BadInput("These are not the first digits of the sha256 of a learned file.")
    return digits


def no_original(sha256: str) -> NotFound:
    """The store has no such original."""
    return NotFound(f"The original image {sha256[:12]} is not in the store.")


def no_upload() -> NotFound:
    """The upload was cleared away."""
    return NotFound("The photo was cleared away; send it again.")


def no_model(sha256: str) -> NotFound:
    """The store has no such learned file."""
    return NotFound(f"The learned file {sha256[:12]} is not in the store.")
