"""Originals, thumbnails, uploads, staged files and learned models: in the data folder or in an object store."""

from __future__ import annotations

from recto.blobs.base import Blobs, Content
from recto.blobs.folder import FolderBlobs
from recto.s3 import open_bucket, parse_s3
from recto.settings import Settings

__all__ = ["Blobs", "Content", "FolderBlobs", "open_blobs"]


def open_blobs(settings: Settings) -> Blobs:
    """The store that the settings name; nothing is asked of it yet.

    Raises:
        BadSetting: the settings of an object store cannot be used.
    """
    if not settings.images_url:
        return FolderBlobs(settings.data_dir)
    place = parse_s3(settings.images_url)
    bucket = open_bucket(settings, place.bucket, place.key)
    from recto.blobs.objects import ObjectBlobs  # its package is there: the line above needed it

    return ObjectBlobs(bucket)
