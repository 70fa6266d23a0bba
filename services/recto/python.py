"""Starting Python again: nothing in the folder where somebody happens to work ever stands in for a module."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any


def module_command(module: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line that runs a module with this Python, with more `options` of Python's own.

    `-m` alone puts the working folder before all packages: a `json.py` or a folder `recto` there would be imported.
    PYTHONPATH counts as ever.
    """
    return [sys.executable, "-P", *options, "-m", module, *arguments]


def spawn_context() -> SpawnContext:
    """The context of worker processes that begin anew, which `multiprocessing` starts by a line of its own.

    That line takes `-P` over only where this process was started with it, which the command `recto` is not; a variable
    that stands while they are started says the same to them, and to nobody else.
    """
    with _safe_path():
        resource_tracker.ensure_running()  # else the first queue or lock starts it
    return _SafeContext()


@contextmanager
def _safe_path() -> Iterator[None]:
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


class _SafeProcess(SpawnProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:  # noqa: N802 - its name in multiprocessing
        with _safe_path():
            return SpawnProcess._Popen(process_obj)


class _SafeContext(SpawnContext):
    Process = _SafeProcess
