"""A process that speaks the part of Qdrant's REST protocol that Recto uses, over qdrant-client's `:memory:` engine.

    python -m tests.support.qdrant_rest [--port N] [--api-key KEY] [--version X.Y.Z] [--folder FOLDER]
        [--certificate FILE --key FILE]

It lets several processes share one index through the real HTTP client where no Qdrant server is at hand. It answers
one request at a time, ignores what `:memory:` ignores (payload indexes, quantization, shards, replicas), and forgets
everything when it ends, unless it is given a folder. Its first line of output is its address. With `--leashed` it ends
when its standard input does, so that a test run that is killed leaves no process behind.
"""

from __future__ import annotations

import argparse
import os
import re
import ssl
import sys
import threading
import urllib.parse
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pydantic
import pydantic_core
from qdrant_client import QdrantClient, models

Action = Callable[[QdrantClient, str, bytes], Any]
TITLE = "test bridge to the in-memory engine of qdrant-client"


def body(kind: Any) -> Callable[[bytes], Any]:
    """A reader of a request's JSON."""
    return pydantic.TypeAdapter(kind).validate_json


CREATE, INDEX = body(models.CreateCollection), body(models.CreateFieldIndex)
UPSERT, SELECT = body(models.PointsList), body(models.PointRequest)
DELETE, ALIASES = body(models.PointsSelector), body(models.ChangeAliasesOperation)
QUERY, SCROLL, COUNT = body(models.QueryRequestBatch), body(models.ScrollRequest), body(models.CountRequest)


def create(client: QdrantClient, name: str, data: bytes) -> bool:
    """PUT /collections/NAME."""
    asked = CREATE(data)
    if client.collection_exists(name):
        raise FileExistsError(f"Wrong input: Collection `{name}` already exists!")
    return client.create_collection(
        name,
        vectors_config=asked.vectors,
        sparse_vectors_config=asked.sparse_vectors,
        metadata=asked.metadata,
    )


def create_index(client: QdrantClient, name: str, data: bytes) -> Any:
    """PUT /collections/NAME/index."""
    asked = INDEX(data)
    return client.create_payload_index(name, asked.field_name, asked.field_schema)


def retrieve(client: QdrantClient, name: str, data: bytes) -> Any:
    """POST /collections/NAME/points."""
    asked = SELECT(data)
    return client.retrieve(name, asked.ids, _or(asked.with_payload, True), _or(asked.with_vector, False))


def query(client: QdrantClient, name: str, data: bytes) -> Any:
    """POST /collections/NAME/points/query/batch."""
    return client.query_batch_points(name, QUERY(data).searches)


def scroll(client: QdrantClient, name: str, data: bytes) -> Any:
    """POST /collections/NAME/points/scroll."""
    asked = SCROLL(data)
    points, following = client.scroll(
        name,
        scroll_filter=asked.filter,
        limit=_or(asked.limit, 10),
        offset=asked.offset,
        with_payload=_or(asked.with_payload, True),
        with_vectors=_or(asked.with_vector, False),
    )
    return {"points": points, "next_page_offset": following}


def count(client: QdrantClient, name: str, data: bytes) -> Any:
    """POST /collections/NAME/points/count."""
    return client.count(name, COUNT(data).filter, exact=True)


def change_aliases(client: QdrantClient, name: str, data: bytes) -> Any:
    """POST /collections/aliases."""
    return client.update_collection_aliases(ALIASES(data).actions)


ROUTES: list[tuple[str, str, Action]] = [
    ("GET", "/cluster", lambda client, name, data: {"status": "disabled"}),
    ("GET", "/collections", lambda client, name, data: client.get_collections()),
    ("GET", "/aliases", lambda client, name, data: client.get_aliases()),
    ("POST", "/collections/aliases", change_aliases),
    ("GET", "/collections/NAME", lambda client, name, data: client.get_collection(name)),
    (
        "GET",
        "/collections/NAME/exists",
        lambda client, name, data: {"exists": client.collection_exists(name)},
    ),
    ("PUT", "/collections/NAME", create),
    ("DELETE", "/collections/NAME", lambda client, name, data: client.delete_collection(name)),
    ("PUT", "/collections/NAME/index", create_index),
    ("PUT", "/collections/NAME/points", lambda client, name, data: client.upsert(name, UPSERT(data).points)),
    ("POST", "/collections/NAME/points", retrieve),
    ("POST", "/collections/NAME/points/query/batch", query),
    ("POST", "/collections/NAME/points/scroll", scroll),
    ("POST", "/collections/NAME/points/count", count),
    ("POST", "/collections/NAME/points/delete", lambda client, name, data: client.delete(name, DELETE(data))),
]
COMPILED = [(method, re.compile(path.replace("NAME", "([^/]+)")), action) for method, path, action in ROUTES]


class Server(ThreadingHTTPServer):
    """The engine and what is needed to answer; one request at a time may use the engine."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, client: QdrantClient, api_key: str, version: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.client = client
        self.api_key = api_key
        self.version = version
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """One connection; kept alive, as clients expect of a server."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # head and body in one packet
    server: Server

    def answer(self) -> None:
        """Answer any method."""
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if path in ("/healthz", "/readyz", "/livez"):
            self._send(200, b"healthz check passed")
        elif self.server.api_key and self.headers.get("api-key", "") != self.server.api_key:
            self._send(401, b"Must provide an API key or an Authorization bearer token")
        elif path == "/":
            self._send(200, pydantic_core.to_json({"title": TITLE, "version": self.server.version}))
        else:
            self._send(*self._call(path, data))

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the names are the base class's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing of single requests."""

    def _call(self, path: str, data: bytes) -> tuple[int, bytes]:
        for method, pattern, action in COMPILED:
            found = pattern.fullmatch(path)
            if found and method == self.command:
                return self._outcome(action, "".join(found.groups()), data)
        return 404, _failure(f"Not found: the bridge does not speak {self.command} {path}")

    def _outcome(self, action: Action, name: str, data: bytes) -> tuple[int, bytes]:
        try:
            with self.server.lock:
                result = action(self.server.client, name, data)
                return 200, pydantic_core.to_json({"time": 0.0, "status": "ok", "result": result})
        except pydantic.ValidationError as error:
            return 400, _failure(f"Format error in JSON body: {error}")
        except FileExistsError as error:
            return 409, _failure(str(error))
        except ValueError as error:
            missing = "not found" in str(error)
            return 404 if missing else 400, _failure(f"Not found: {error}" if missing else str(error))
        except Exception as error:  # as a server does: the fault of one request ends no other
            return 500, _failure(f"Service internal error: {error!r}")

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if data[:1] in (b"{", b"[") else "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _failure(message: str) -> bytes:
    return pydantic_core.to_json({"time": 0.0, "status": {"error": message}, "result": None})


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", default="")
    parser.add_argument("--version", default="1.18.0")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--leashed", action="store_true")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)  # of what the engine in memory ignores
    client = (
        QdrantClient(path=str(asked.folder), force_disable_check_same_thread=True)
        if asked.folder
        else QdrantClient(":memory:")
    )
    if asked.leashed:
        threading.Thread(target=_end_with_input, daemon=True).start()
    server = Server(asked.port, client, asked.api_key, asked.version)
    if asked.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(asked.certificate, asked.key)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https" if asked.certificate else "http"
    print(f"{scheme}://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
