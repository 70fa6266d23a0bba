"""The checks of `recto doctor`: each gives a problem with its cure, or a detail that reassures."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable

from recto.errors import RectoError
from recto.settings import Settings
from recto_web.cli.extras import PACKAGES

Finding = tuple[str, str]
"""(problem with its cure, or empty; detail)"""

ENOUGH_DISK = 2 * 1024**3
"""Bytes that should be free in the data folder: a working set of some ten thousand covers."""


def _python(settings: Settings) -> Finding:
    version = platform.python_version()
    fits = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return ("" if fits else f"Python {version} is not supported; use 3.11 or 3.12."), version


def _packages(settings: Settings) -> Finding:
    modules = (*PACKAGES["web"], *PACKAGES["worker"], "celery", "redis")
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    problem = f"missing: {', '.join(missing)}; install recto[web,worker]." if missing else ""
    return problem, f"{len(modules)} found"


def _redis(settings: Settings) -> Finding:
    if settings.redis_url:
        return "", "an outside Redis is set"
    from recto_workers.redis_server import find_redis_server

    try:
        return "", str(find_redis_server())
    except RectoError as error:
        return str(error), ""


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return (
            f"{folder} cannot be written ({error.strerror}); set RECTO_DATA_DIR to a folder of your own.",
            "",
        )
    free = shutil.disk_usage(folder).free
    problem = "" if free >= ENOUGH_DISK else f"only {free / 1024**3:.1f} GiB free in {folder}; free some."
    return problem, f"{folder}, {free / 1024**3:.0f} GiB free"


def _images(settings: Settings) -> Finding:
    from recto.storage.blobs import open_blobs

    try:
        open_blobs(settings).check()
    except RectoError as error:
        return str(error), ""
    return "", settings.images_url or "in the data folder"


def _ledger(settings: Settings) -> Finding:
    from recto.ledger import Ledger

    try:
        ledger = Ledger.open(settings)
    except RectoError as error:
        return str(error), ""
    live = ledger.live_version()
    counts = ledger.queue_counts()
    ledger.close()
    return "", f"{sum(counts.values())} covers, encoder {live.encoder if live else 'not chosen yet'}"


def _encoder(settings: Settings) -> Finding:
    from recto.encoders import load_encoder
    from recto.ledger import Ledger

    try:
        ledger = Ledger.open(settings)
        live = ledger.live_version()
        ledger.close()
        encoder = load_encoder(live.encoder if live else settings.encoder, settings)
    except RectoError as error:
        return str(error), ""
    return "", f"{encoder.card.name}, {encoder.card.dimension} numbers a cover"


def _parts(settings: Settings) -> Finding:
    from recto_workers.instance import running
    from recto_workers.messages import Producer

    instance = running(settings)
    if instance is None:
        return "", "no `recto up` runs on this folder"
    alive = Producer(instance.redis_url, settings).alive()
    roles = {worker.role for worker in alive}
    missing = {"index", "ingest", "jobs"} - roles
    problem = (
        f"no {' or '.join(sorted(missing))} process answers; its log in {settings.data_dir}/run/logs says why."
        if missing
        else ""
    )
    return problem, f"{len(alive)} worker processes answer"


CHECKS: dict[str, Callable[[Settings], Finding]] = {
    "python": _python,
    "packages": _packages,
    "redis-server": _redis,
    "data folder": _data_folder,
    "images": _images,
    "ledger": _ledger,
    "encoder": _encoder,
    "running parts": _parts,
}
