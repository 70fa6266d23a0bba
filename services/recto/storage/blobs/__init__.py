"""Originals, thumbnails, uploads, staged files and learned models: in the data folder or in an object store."""

from __future__ import annotations

from recto.settings import Settings
from recto.storage.blobs.base import Blobs, Content
from recto.storage.blobs.folder import FolderBlobs
from recto.storage.s3 import open_bucket, parse_s3

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
    from recto.storage.blobs.objects import ObjectBlobs

    return ObjectBlobs(bucket)
