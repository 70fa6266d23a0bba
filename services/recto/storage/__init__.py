"""Originals, thumbnails and staged files, in folders or an object store."""
