"""Starting Python again: nothing in the folder where somebody happens to work ever stands in for a module."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import SpawnContext


def module_command(module: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command line that runs a module with this Python, with more `options` of Python's own.

    `-m` alone puts the working folder before all packages: a `json.py` or a folder `recto` there would be imported.
    PYTHONPATH counts as ever.
    """
    return [sys.executable, "-P", *options, "-m", module, *arguments]


def spawn_context() -> SpawnContext:
    """The context of worker processes that begin anew, which `multiprocessing` starts by a line of its own.

    That line takes `-P` over only where this process was started with it, which the command `recto` is not; the
    variable says the same to all of them.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    return multiprocessing.get_context("spawn")
