"""Makes the networks of a process fail while the file that RECTO_TEST_FAULT names exists, as it says."""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

MODULE = "recto.encoders.runners"


class Failing(importlib.abc.MetaPathFinder):
    """Changes the module of the runners when it is imported."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The module's own spec, with a loader that changes it."""
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_change(module: Any) -> None:
            load(module)
            run = module.TorchRunner.__call__

            def run_or_fail(runner: Any, images: Any) -> Any:
                _fail()
                return run(runner, images)

            module.TorchRunner.__call__ = run_or_fail

        spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec


def _fail() -> None:
    fault = Path(os.environ["RECTO_TEST_FAULT"])
    if fault.exists():
        import torch

        if fault.read_text() == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


sys.meta_path.insert(0, Failing())
