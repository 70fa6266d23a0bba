"""Faults of the parts around a cover, thrown where the real ones come from."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy.exc import OperationalError
from tests.ingest.conftest import Shelf

from recto.records import CoverState

OUT_OF_MEMORY = torch.OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 3.12 MiB free."
)
OF_DEVICES: dict[str, Exception] = {
    "CUDA": RuntimeError("CUDA error: an illegal memory access was encountered"),
    "assert": RuntimeError("CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA`"),
    "lost": RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    "HIP": RuntimeError("HIP error: the operation cannot be performed in the present state"),
    "OpenVINO": RuntimeError("Exception from src/inference/src/cpp/infer_request.cpp:223: primitive failed"),
    "nameless": ValueError("it happens with every picture"),
}
OF_MEMORY: dict[str, Exception] = {
    "torch": OUT_OF_MEMORY,
    "allocator": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"
    ),
    "Python": MemoryError(),
    "OpenVINO": RuntimeError("Exception from src/core/runtime.cpp:12: std::bad_alloc"),
}
OF_PARTS: dict[str, Exception] = {
    "disk": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "ledger": OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
    "unknown": KeyError("nobody foresaw this"),
}
POISON = 207
"""The grey of the one picture that a poisoned encoder does not stand."""


def poison() -> np.ndarray:
    """A picture of nothing but that grey, (300, 200, 3)."""
    return np.full((300, 200, 3), POISON, np.uint8)


def is_poisonous(images: torch.Tensor) -> bool:
    """True when one of the prepared images (N, 3, H, W) is all of one colour."""
    return bool((images.flatten(2).std(dim=2).amax(dim=1) < 1e-3).any())


class Runner:
    """Runs the real network unless `fault` says otherwise, which it does for a batch."""

    def __init__(self, real: Any, fault: Callable[[torch.Tensor], Exception | None]) -> None:
        self.batch = real.batch
        self.real = real
        self.fault = fault
        self.sizes: list[int] = []

    def __call__(self, images: torch.Tensor) -> Any:
        self.sizes.append(len(images))
        if (error := self.fault(images)) is not None:
            raise error
        return self.real(images)


@contextmanager
def running(shelf: Shelf, fault: Callable[[torch.Tensor], Exception | None]) -> Iterator[Runner]:
    """The live encoder with a runner that fails; a sound one at the end."""
    encoder = shelf.engine.live().encoder
    with pytest.MonkeyPatch.context() as patch:
        runner = Runner(encoder._run, fault)
        patch.setattr(encoder, "_run", runner)
        yield runner
    if hasattr(encoder, "is_broken"):
        encoder.is_broken = False  # as a new process has it


def assert_all_wait_untried(shelf: Shelf, number: int, state: CoverState = CoverState.QUEUED) -> None:
    """So many covers stand in this state, none failed, and no queued one was counted against."""
    counts = shelf.engine.ledger.queue_counts()
    assert (counts[state], counts[CoverState.FAILED]) == (number, 0)
    if state is CoverState.QUEUED:
        with shelf.engine.ledger._database.read() as connection:
            assert (
                connection.exec_driver_sql("select max(attempts) from cover where state = 'queued'").scalar()
                == 0
            )
