"""A store of each kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.support.s3 import S3Store

from recto.settings import Settings
from recto.storage.blobs import Blobs, open_blobs


@pytest.fixture(params=["folder", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty store."""
    settings = Settings(data_dir=tmp_path / "data")
    if request.param == "s3":
        settings = dataclasses.replace(settings, **request.getfixturevalue("s3_settings"))
    return settings


@pytest.fixture
def blobs(settings: Settings) -> Blobs:
    """An empty store."""
    return open_blobs(settings)


@pytest.fixture
def s3_blobs(tmp_path: Path, s3_server: S3Store, s3_bucket: str) -> Blobs:
    """An empty object store."""
    return open_blobs(Settings(data_dir=tmp_path / "data", **s3_server.settings(s3_bucket)))
