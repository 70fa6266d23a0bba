"""Originals, thumbnails, uploads, staged files and learned models: in the data folder or in an object store."""

from __future__ import annotations

from recto.blobs.base import Blobs, Content
from recto.blobs.folder import FolderBlobs
from recto.settings import Settings

__all__ = ["Blobs", "Content", "FolderBlobs", "open_blobs"]


def open_blobs(settings: Settings) -> Blobs:
    """The store that the settings name."""
    return FolderBlobs(settings.data_dir)
