"""One address of a Qdrant server: its clients over gRPC and HTTP, made from the settings, and what is checked of it."""

from __future__ import annotations

import logging
import math
import ssl
import threading
import time
import warnings
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models

from recto.errors import BadSetting, IndexFault, NotFound, RectoError, WrongFormat
from recto.index.server_errors import CLIENT_ERRORS, translated
from recto.settings import Settings

LOG = logging.getLogger(__name__)
OLDEST_SERVER = (1, 16)
"""The first that keeps metadata with a collection, in which Recto writes what the collection was made for."""
TRIED_SERVER = (1, 18)
"""Farther from the client of `constraints.txt` than Qdrant tests itself, but Recto's tests ran over 1.18.3 with it."""
GRPC_PROBE_SECONDS = 5
GRPC_PROBE_PAUSES = (0.3, 0.7)  # a server that starts opens its two ports one after the other
GRPC_OPTIONS: dict[str, Any] = {
    # gRPC waits up to two minutes before it tries a server again that was away; Recto asks every few seconds.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 2000,
    # A machine that vanished without a word is noticed, and not only when a request runs out of time.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
}


class Node:
    """Its clients are made, and what is there is checked, when it is first used."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url.strip().rstrip("/")
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: tuple[QdrantClient, QdrantClient] | None = None

    def clients(self) -> tuple[QdrantClient, QdrantClient]:
        """The client for most requests, and one that speaks HTTP; the same where gRPC does not answer."""
        with self._lock:
            if self._clients is None:
                self._clients = self._connect()
            return self._clients

    def close(self) -> None:
        """Close both clients."""
        with self._lock:
            for client in set(self._clients or ()):
                client.close()
            self._clients = None

    def _connect(self) -> tuple[QdrantClient, QdrantClient]:
        http = self._client(prefer_grpc=False)
        try:
            found = http.info()
        except CLIENT_ERRORS as error:
            http.close()
            raise _not_qdrant(translated(error, self.url), self.url) from error
        check_version(found.version, self.url)
        try:
            http.get_collections()  # the first request that needs the key
        except CLIENT_ERRORS as error:
            http.close()
            raise translated(error, self.url) from error
        faster = self._grpc_client(found) if self._settings.qdrant_grpc else None
        return faster or http, http

    def _grpc_client(self, found: models.VersionInfo) -> QdrantClient | None:
        """A client that speaks gRPC, if the same server answers there."""
        said = ""
        for pause in (*GRPC_PROBE_PAUSES, 0.0):
            probe = self._client(prefer_grpc=True, seconds=GRPC_PROBE_SECONDS)
            try:
                answer = probe.info()
                if (answer.version, answer.title) == (found.version, found.title):
                    return self._client(prefer_grpc=True)
                said = f"another server, version {answer.version}, answers there"
                break
            except CLIENT_ERRORS as error:
                said = str(translated(error, self.url))
            finally:
                probe.close()
            time.sleep(pause)
        LOG.warning(
            "Qdrant at %s is used over HTTP, as gRPC does not work on port %d (%s). Set RECTO_QDRANT_GRPC_PORT to its "
            "port, or RECTO_QDRANT_GRPC=no.",
            self.url,
            self._settings.qdrant_grpc_port,
            said,
        )
        return None

    def _client(self, *, prefer_grpc: bool, seconds: float | None = None) -> QdrantClient:
        settings = self._settings
        tls = authority(settings.qdrant_ca_file, self.url)
        options = dict(GRPC_OPTIONS)
        trusted: dict[str, Any] = {}
        if tls is not None:
            options["root_certificates"] = Path(settings.qdrant_ca_file).read_bytes()
            trusted["verify"] = tls
        with warnings.catch_warnings():
            # Said once in our own words by `Connection.open`.
            warnings.filterwarnings("ignore", "Api key is used with an insecure connection", UserWarning)
            return QdrantClient(
                self.url,
                grpc_port=settings.qdrant_grpc_port,
                prefer_grpc=prefer_grpc,
                api_key=settings.qdrant_api_key or None,
                timeout=math.ceil(seconds or settings.qdrant_seconds),
                grpc_options=options,
                check_compatibility=False,  # it warns from a thread of its own; `check_version` says it once
                **trusted,
            )


def check_version(server: str, url: str) -> None:
    """Refuse a server that cannot be used; warn of one that is far from the client.

    Raises:
        WrongFormat: it is too old, or of another major version.
    """
    client = version_of_package("qdrant-client")
    ours, theirs = _numbers(client), _numbers(server)
    if theirs < OLDEST_SERVER or theirs[0] != ours[0]:
        raise WrongFormat(
            f"The Qdrant server at {url} has version {server}; Recto with qdrant-client {client} needs "
            f"{OLDEST_SERVER[0]}.{OLDEST_SERVER[1]} or later, and before {ours[0] + 1}.0."
        )
    if abs(ours[1] - theirs[1]) > 1 and theirs != TRIED_SERVER:
        LOG.warning(
            "The Qdrant server at %s has version %s, the client %s: Qdrant tests neighbouring minor versions only.",
            url,
            server,
            client,
        )


def authority(ca_file: str, url: str) -> ssl.SSLContext | None:
    """What certificates are checked with; None for the public authorities.

    Raises:
        BadSetting: the file cannot be read, or the address does not use TLS.
    """
    if not ca_file:
        return None
    if not url.startswith("https://"):
        raise BadSetting(
            f"RECTO_QDRANT_CA_FILE is set, but {url} in RECTO_QDRANT_URL does not begin with https://."
        )
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"RECTO_QDRANT_CA_FILE={ca_file!r} is not a readable PEM file: {error}.") from error


def _not_qdrant(error: RectoError, url: str) -> RectoError:
    """Whatever answers a greeting with an error of its own is no Qdrant."""
    if isinstance(error, (NotFound, IndexFault)):
        return BadSetting(f"RECTO_QDRANT_URL: no Qdrant server answers at {url}. {error}")
    return error


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor number: `1.18.3-dev` -> (1, 18)."""
    try:
        major, minor = (int(part) for part in version.split(".")[:2])
    except ValueError:
        raise WrongFormat(f"The Qdrant server names its version {version!r}, which cannot be read.") from None
    return major, minor
