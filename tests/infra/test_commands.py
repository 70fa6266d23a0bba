"""The command line in a deployment, where the workers run in other containers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.workers.running import draw

from recto.settings import Settings
from recto_workers.redis_server import RedisServer


def test_without_a_worker_it_says_so_and_starts_none(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(draw(1))
    redis = RedisServer(tmp_path, tmp_path / "redis.log")
    redis.start()
    settings = Settings(data_dir=tmp_path / "data", redis_url=redis.url)
    settings.data_dir.mkdir()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "recto_web.cli", "search", str(photo)],
            env={**os.environ, **settings.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        redis.stop()
    assert done.returncode == 1
    assert done.stderr.startswith("recto: No index worker is ready")
