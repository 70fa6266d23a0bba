"""The lines that the demo prints, run by a real shell and a real curl for folders of any name."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.support.odd_names import ALL_IN_ONE, ODD_NAMES

from recto_web.cli.serve import _lines_to_try


class Receiver(BaseHTTPRequestHandler):
    """Gives back what was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as the library calls it
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of a server that gives back what it is sent."""
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE])
def test_a_pasted_line_sends_the_photo_of_the_folder(tmp_path: Path, name: str, url: str) -> None:
    (tmp_path / name / "examples").mkdir(parents=True)
    (tmp_path / name / "examples" / "front.jpg").write_bytes(b"a picture")
    line, _ = _lines_to_try(tmp_path / name, url)
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert b"a picture" in done.stdout
    assert done.stdout.count(b"Content-Disposition") == 1


@pytest.mark.parametrize("name", [*ODD_NAMES, ALL_IN_ONE])
def test_a_pasted_command_names_the_folder_and_the_photo(tmp_path: Path, name: str) -> None:
    _, line = _lines_to_try(tmp_path / name, "http://127.0.0.1:1")
    assignment, program, command, photo = shlex.split(line)
    assert assignment == f"RECTO_DATA_DIR={tmp_path / name}"
    assert Path(program).name == "recto"
    assert (command, photo) == ("search", str(tmp_path / name / "examples" / "front.jpg"))
