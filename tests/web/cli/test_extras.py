"""Commands whose extra is not installed: one sentence that names it, and nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HIDDEN = "import sys\nsys.modules.update(dict.fromkeys({names!r}))\n"
"""Python takes a module that stands as None among the loaded ones for one that is not installed."""


def recto(folder: Path, hidden: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command where some modules are not installed."""
    (folder / "sitecustomize.py").write_text(HIDDEN.format(names=hidden))
    environment = {
        **os.environ,
        "RECTO_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "recto_web.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "hidden", "extra"),
    [
        (["up"], {"torch", "cv2"}, "worker"),
        (["demo"], {"font_roboto"}, "demo"),
        (["ingest", "."], {"qdrant_edge"}, "worker"),
        (["search", "photo.jpg"], {"torch"}, "worker"),
        (["train", "--check", "run.toml"], {"matplotlib"}, "train"),
        (["evaluate", "set", "--html", "report.html"], {"jinja2"}, "evaluate"),
        (["evaluate", "set", "--methods", "orb"], {"cv2"}, "worker"),
    ],
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], hidden: set[str], extra: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "run.toml").write_text("")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "manifest.csv").write_text("book_id,front\na,a.jpg\n")
    (tmp_path / "set" / "queries.csv").write_text("file,truth\nb.jpg,a\n")
    (tmp_path / "set" / "a.jpg").write_bytes(b"")
    (tmp_path / "set" / "b.jpg").write_bytes(b"")
    done = recto(tmp_path, hidden, *arguments)
    assert done.returncode == 1, done.stderr
    assert f"pip install 'recto[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "run").exists(), "no process was begun"
