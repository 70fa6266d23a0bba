"""The index: nearest covers by embedding and by local witness. Only this package imports a Qdrant library.

`open_index` imports the embedded engine when it is called, so that the types can be had without it.
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
    """Open the index of the data folder for this process alone.

    Raises:
        InUse: another process holds it; the message says which.
        WrongFormat: another version of the engine wrote it.
    """
    from recto.index.embedded import EmbeddedIndex

    return EmbeddedIndex(settings.data_dir / "index")
