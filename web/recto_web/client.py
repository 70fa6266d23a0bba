"""A small client of the HTTP API for programs in Python; it needs the standard library alone."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

POLL_SECONDS = 0.5
RUNNING = ("listing", "running", "cancelling")


class ProblemError(Exception):
    """The server refused a request; the message is its sentence."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail") or f"The server answered {status}.")
        self.status = status
        self.errors = problem.get("errors", {})


class Client:
    """Asks one server. `key` is what `recto keys create` printed; on loopback none is needed."""

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str = "", seconds: float = 60.0) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url} is no address of a server; it begins with http:// or https://.")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._seconds = seconds

    def search(
        self, photo: str | Path | None = None, *, front: str | Path | None = None, back: str | Path | None = None,
        **filters: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """The answer to a photo of some side, or to photos of front and back; `filters` as the API names them."""
        photos = {"photo": photo, "front": front, "back": back}
        files = [(name, path) for name, path in photos.items() if path is not None]
        return self.answer(self._send("POST", "/searches", *_form(filters, files)))

    def answer(self, search: Mapping[str, Any]) -> dict[str, Any]:
        """A search, once it is answered."""
        found = dict(search)
        while found["state"] == "pending":
            time.sleep(POLL_SECONDS)
            found = self._send("GET", f"/searches/{found['search_id']}")
        return found

    def book(self, book_id: str) -> dict[str, Any]:
        """A book."""
        return self._send("GET", _of_book(book_id))

    def books(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Books of the catalogue, page after page; `query` as the API names it."""
        page: dict[str, Any] = {"items": [None], "page": 0, "page_size": 0, "total": 1}
        while page["page"] * page["page_size"] < page["total"] and page["items"]:
            page = self._send("GET", f"/books?{urlencode({**query, 'page': page['page'] + 1}, doseq=True)}")
            yield from page["items"]

    def put_book(self, book_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Enter a book, or change what is said of it; `clear`, a list of names, empties fields."""
        return self._send("PUT", _of_book(book_id), json.dumps(fields).encode(), "application/json")

    def delete_book(self, book_id: str) -> None:
        """Delete a book with its covers."""
        self._send("DELETE", _of_book(book_id))

    def add_covers(
        self, book_id: str, *, front: Iterable[str | Path] = (), back: Iterable[str | Path] = ()
    ) -> dict[str, Any]:
        """Add pictures to a book; returns the job that brings them into the index."""
        files = [("front", path) for path in front] + [("back", path) for path in back]
        return self._send("POST", "/covers", *_form({"book_id": book_id}, files))

    def submit(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a bulk job; returns it."""
        return self._send("POST", "/jobs", json.dumps(document).encode(), "application/json")

    def wait(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A job, once nothing of it may still change."""
        answer = dict(job)
        while answer["state"] in RUNNING:
            time.sleep(POLL_SECONDS)
            answer = self._send("GET", f"/jobs/{answer['job_id']}")
        return answer

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        request = Request(f"{self._url}/api/v1{path}", body, headers, method=method)  # noqa: S310 - see __init__
        try:
            with urlopen(request, timeout=self._seconds) as answer:  # noqa: S310
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except HTTPError as error:
            raise ProblemError(error.code, _problem(error)) from error


def _of_book(book_id: str) -> str:
    escaped = f"~{book_id}" if book_id in (".", "..", "new") or book_id.startswith("~") else book_id
    return f"/books/{quote(escaped, safe='')}"


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        found = json.loads(error.read())
    except ValueError:  # a proxy answered, not Recto
        return {}
    return found if isinstance(found, dict) else {}


def _form(fields: Mapping[str, Any], files: Iterable[tuple[str, str | Path]]) -> tuple[bytes, str]:
    """Body and content type of a form; a field with a list stands in it several times."""
    boundary = secrets.token_hex(16)
    parts = []
    for name, value in fields.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{one}\r\n'.encode())
    for name, path in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="picture"\r\n\r\n'
        parts.append(head.encode() + Path(path).read_bytes() + b"\r\n")
    line = f"--{boundary}\r\n".encode()
    return b"".join(line + part for part in parts) + f"--{boundary}--\r\n".encode(), (
        f"multipart/form-data; boundary={boundary}"
    )
