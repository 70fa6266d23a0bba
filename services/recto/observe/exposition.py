"""What is shown to Prometheus: the metrics of this process, or of all parts of its machine, and gauges beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import REGISTRY, CollectorRegistry, Metric, start_http_server
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from recto.errors import Unavailable
from recto.observe import metrics
from recto.observe.files import AllParts, folder_of_parts

__all__ = ["exposition", "metrics", "registry", "serve"]  # the metrics are made when their module is imported


class _ThisProcess(Collector):
    def collect(self) -> Iterator[Metric]:
        return iter(REGISTRY.collect())


def exposition(accept: str, *more: Collector) -> tuple[bytes, str]:
    """The metrics in the format that fits an `Accept` header, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(registry(*more)), content_type


def registry(*more: Collector) -> CollectorRegistry:
    """The metrics of this process or machine, with those of further collectors."""
    folder = folder_of_parts()
    found = CollectorRegistry(auto_describe=False)
    collectors: Iterable[Collector] = (AllParts(folder) if folder else _ThisProcess(), *more)
    for collector in collectors:
        found.register(collector)
    return found


def serve(host: str, port: int) -> tuple[WSGIServer, Thread]:
    """Show the metrics of this process under /metrics on a port of its own, from a thread.

    Raises:
        Unavailable: the port cannot be had; the message names the setting.
    """
    try:
        served: Any = start_http_server(port, addr=host, registry=registry())
    except OSError as error:
        where = f"{host} port {port}"
        raise Unavailable(
            f"Metrics cannot be shown on {where}: {error.strerror}; choose another with RECTO_METRICS_PORT."
        ) from error
    return served[0], served[1]
