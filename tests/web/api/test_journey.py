"""The lines of docs/api.md and the client, against a whole running instance: nothing is left out or made up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.web.api.conftest import ADMIN_KEY, Instance
from tests.workers.running import draw

from recto_lab.synthetic import EASY, draw_book, photograph
from recto_web.client import Client, ProblemError

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "api.md"


@pytest.fixture
def recto(instance: Instance) -> Client:
    """A client with the key of the administrator."""
    return Client(instance.url, ADMIN_KEY, seconds=120.0)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both sides of a drawn book and a photo of its front."""
    folder = tmp_path_factory.mktemp("pictures")
    book = draw_book(3, seed=21, height=480)
    book.front.save(folder / "front.jpg", quality=92)
    book.back.save(folder / "back.jpg", quality=92)
    photograph(book.front, np.random.default_rng(5), options=EASY, size=900).image.save(
        folder / "photo.jpg", quality=90
    )
    return folder


def test_the_lines_of_the_documentation_do_what_they_say(
    instance: Instance, recto: Client, pictures: Path
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed")
    (instance.sources / "other_front.jpg").write_bytes(draw(7))
    section = DOCUMENT.read_text().split("## A walk")[1].split("In Python")[0]
    block = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    lines = re.split(r"(?<!\\)\n", block)
    environment = {
        **os.environ,
        "RECTO": instance.url,
        "KEY": f"Authorization: Bearer {ADMIN_KEY}",
        "COVERS": str(instance.sources),
    }
    answers = []
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=pictures, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, line + done.stdout + done.stderr
        answers.append(json.loads(done.stdout or "{}"))
        if "job_id" in answers[-1]:
            assert recto.wait(answers[-1])["failed"] == 0
        if "search_id" in answers[-1]:
            answers[-1] = recto.answer(answers[-1])
    assert answers[0]["book_id"] == "raven"
    assert answers[3]["books"][0]["book_id"] == "raven"
    assert "raven" in [book["book_id"] for book in answers[4]["items"]]
    assert recto.book("other")["book_id"] == "other"
    with pytest.raises(ProblemError, match="There is no book"):
        recto.book("raven")


def test_the_client_enters_finds_and_deletes(recto: Client, pictures: Path) -> None:
    recto.put_book("a/b", {"title": "Slash", "language": "xx", "year": 1900})
    job = recto.wait(
        recto.add_covers("a/b", front=[pictures / "front.jpg"], back=[str(pictures / "back.jpg")])
    )
    assert (job["state"], job["indexed"]) == ("done", 2)
    found = recto.search(pictures / "photo.jpg", language="xx", author=[])
    assert found["verdict"] == "found"
    assert found["books"][0]["book_id"] == "a/b"
    assert recto.search(front=pictures / "front.jpg", back=pictures / "back.jpg", year_to=1900)["books"]
    assert [book["title"] for book in recto.books(language="xx", page_size=1)] == ["Slash"]
    recto.delete_book("a/b")
    assert list(recto.books(language="xx")) == []


def test_the_client_says_what_the_server_says(recto: Client, instance: Instance) -> None:
    with pytest.raises(ProblemError) as refused:
        recto.put_book("x", {"titel": "x"})
    assert refused.value.status == 422
    assert "titel" in refused.value.errors["json"]
    with pytest.raises(ProblemError, match="not valid"):
        Client(instance.url, "nonsense").book("x")
    with pytest.raises(ValueError, match="http://"):
        Client("file:///etc/passwd")
