"""The whole journey on outside parts alone: add, find by either side, not find, fail with a reason, delete."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from tests.outside.conftest import OTHER, SHOWN, STRANGER, Scene, add_book, search
from tests.outside.deployment import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stocked(running: Deployment, scene: Scene) -> None:
    """Two books with both sides, added through the web server."""
    with httpx.Client(base_url=running.web_url, headers={"Accept": "application/json"}, timeout=60) as client:
        for index in (SHOWN, OTHER):
            sides = {side: scene.cover(index, side) for side in ("front", "back")}
            job = add_book(client, scene.books[index], sides)
            assert (job["indexed"], job["failed"]) == (2, 0), running.said()


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("side", ["front", "back"])
def test_a_photo_of_either_side_finds_the_book(side: str, client: httpx.Client, scene: Scene) -> None:
    answer = search(client, scene.photos[side])
    assert answer["verdict"] == "found", answer
    assert (answer["books"][0]["book_id"], answer["books"][0]["side"]) == (scene.books[SHOWN].isbn, side)
    photo = client.get(answer["photo"])
    assert (photo.status_code, photo.headers["Content-Type"]) == (200, "image/jpeg")


@pytest.mark.usefixtures("stocked")
def test_a_stranger_is_not_in_the_catalogue(client: httpx.Client, scene: Scene) -> None:
    assert search(client, scene.photos["stranger"])["verdict"] == "not_found"


@pytest.mark.usefixtures("stocked")
def test_pictures_of_covers_come_through_the_web_server(client: httpx.Client, scene: Scene) -> None:
    cover = search(client, scene.photos["front"])["books"][0]["cover_id"]
    small, large = (client.get(f"/covers/{cover}/{what}") for what in ("thumbnail", "image"))
    assert small.headers["Content-Type"] == large.headers["Content-Type"] == "image/jpeg"
    assert large.content == scene.cover(SHOWN, "front")
    again = client.get(f"/covers/{cover}/thumbnail", headers={"If-None-Match": small.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.usefixtures("stocked")
def test_a_search_asks_the_object_store_for_its_own_photo_alone(
    running: Deployment, client: httpx.Client, scene: Scene
) -> None:
    before = len(running.s3.requests())
    search(client, scene.photos["front"])
    # Listings are not of the search: the workers look for staged files that were left behind, whenever it is time.
    asked = [line for line in running.s3.requests()[before:] if "list-type=2" not in line]
    assert all("/incoming/" in line for line in asked), asked
    assert sum("PUT" in line for line in asked) == 2  # the photo, and its upright copy for the page
    assert sum("GET" in line for line in asked) == 1


@pytest.mark.usefixtures("stocked")
def test_commands_on_another_machine_ingest_from_the_store_and_search(
    running: Deployment, scene: Scene, tmp_path: Path
) -> None:
    store = running.s3.client()
    store.put_object(Bucket=running.bucket, Key="scans/x_front.jpg", Body=scene.cover(STRANGER, "front"))
    store.put_object(
        Bucket=running.bucket, Key="scans/list.csv", Body=b"book_id,title,front\nx,From afar,x_front.jpg\n"
    )
    done = running.command("ingest", f"s3://{running.bucket}/scans/list.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["indexed"] == 1
    (tmp_path / "photo.jpg").write_bytes(scene.photos["stranger"])
    found = json.loads(running.command("search", tmp_path / "photo.jpg", "--json").stdout)
    assert (found["verdict"], found["books"][0]["book_id"]) == ("found", "x")
    assert running.command("delete", "x", "--yes").returncode == 0


@pytest.mark.usefixtures("stocked")
def test_what_cannot_be_read_is_listed_with_its_reason(running: Deployment, client: httpx.Client) -> None:
    job = add_book(client, None, {"front": b"\xff\xd8\xff\xe0" + bytes(200)}, title="Broken", isbn="")
    assert (job["indexed"], job["failed"]) == (0, 1)
    page = client.get(f"/jobs/{job['job_id']}", headers={"Accept": "text/html"}).text
    assert "decode" in page


@pytest.mark.usefixtures("stocked")
def test_a_deleted_book_is_found_no_more(client: httpx.Client, scene: Scene) -> None:
    assert search(client, scene.photos["other"])["verdict"] == "found"
    assert client.post(f"/books/{scene.books[OTHER].isbn}/delete").status_code == 303
    assert search(client, scene.photos["other"])["verdict"] == "not_found"


@pytest.mark.usefixtures("stocked")
def test_nothing_but_the_outside_parts_is_shared(running: Deployment) -> None:
    kept = [
        path.relative_to(running.folder)
        for name in running.processes
        for path in (running.folder / name).rglob("*")
        if path.is_file() and path.relative_to(running.folder).parts[1] != "run"
    ]
    assert kept == []
