"""The index: nearest covers by embedding and by local witness. Only this package imports a Qdrant library.

`open_index` imports the engine when it is called, so that the types can be had without it.
"""

from __future__ import annotations

from recto.index.base import CoverPoint, Hit, Index, Layout, Shortlist, StoredCover
from recto.settings import Settings
from recto.vectors import LocalSpec, SparseWords

__all__ = [
    "CoverPoint",
    "Hit",
    "Index",
    "Layout",
    "LocalSpec",
    "Shortlist",
    "SparseWords",
    "StoredCover",
    "open_index",
]


def open_index(settings: Settings) -> Index:
    """Open the index: on the Qdrant server of the settings, else in the data folder for this process alone.

    Raises:
        InUse: another process holds the folder; the message says which.
        WrongFormat: another version of the engine wrote it, or the server cannot be used with this program.
        Unavailable: the server does not answer.
        BadSetting: the server refuses the API key, or its certificate cannot be checked.
    """
    if settings.qdrant_url:
        from recto.index.server import ServerIndex

        return ServerIndex.open(settings)
    from recto.index.embedded import EmbeddedIndex

    return EmbeddedIndex(settings.data_dir / "index")
