"""OpenVINO in place of torch: the same network, faster on CPUs. Needs the extra `openvino`."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from recto.encoders.torch_runner import BATCH
from recto.errors import BadSetting
from recto.vectors import Floats, unit_rows


class OpenVinoRunner:
    """A network converted from torch, in the precision that is asked for (`f32` or `bf16`) and no other.

    The converted network is kept in memory only: to convert one takes 2 to 5 s of one core, once per process.
    """

    batch = BATCH["cpu"]

    def __init__(self, network: nn.Module, size: tuple[int, int], precision: str, threads: int) -> None:
        engine = import_openvino()
        core = engine.Core()
        if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise BadSetting(
                "This processor has no bfloat16, so @openvino-bf16 would give other vectors here; use an encoder "
                "without it."
            )
        with torch.inference_mode(), warnings.catch_warnings():
            # OpenVINO traces the network, of which torch warns: 2 to 4 times faster than to export it, as it proposes.
            warnings.simplefilter("ignore")
            model = engine.convert_model(network, example_input=torch.zeros(2, 3, *size))
        self._compiled: Any = core.compile_model(model, "CPU", _options(precision, threads))
        self._running = threading.Lock()

    def __call__(self, images: Tensor) -> Floats:
        """Prepared images (N, 3, H, W) float32 -> embeddings (N, dimension), rows of length 1."""
        with self._running:  # a compiled model answers one caller at a time
            embeddings: Floats = self._compiled(images.numpy())[0]
        return unit_rows(embeddings)


def import_openvino() -> Any:
    """The package.

    Raises:
        BadSetting: it is not installed.
    """
    try:
        import openvino
    except ImportError as error:
        raise BadSetting(
            "OpenVINO is not installed here: run `pip install 'recto[openvino]'`, or set RECTO_BACKEND=torch and "
            "choose an encoder without @openvino."
        ) from error
    return openvino


def _options(precision: str, threads: int) -> dict[str, object]:
    return {
        # Left alone, OpenVINO takes bfloat16 where the processor has it: vectors would depend on the processor.
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        # Several worker processes would all be bound to the first cores.
        "ENABLE_CPU_PINNING": False,
    }
