"""Whose fault an error is: a part's (device, disk, database, server), which passes, or that of what was worked on."""

from __future__ import annotations

from recto.errors import BadInput, DeviceFault, DeviceFull, RectoError, Refused, Unavailable

_FULL = (
    "out of memory",
    "out_of_memory",
    "not enough memory",
    "insufficient memory",
    "allocate memory",
    "failed to allocate",
    "unable to allocate",
    "alloc_failed",
    "bad_alloc",
    "bad allocation",
    "out_of_host_memory",
    "out_of_device_memory",
)
"""What torch, its libraries, OpenVINO and OpenCV say when memory of the device or of the machine runs out."""
_DEVICE = (
    *(
        "cuda",
        "cudnn",
        "cublas",
        "cufft",
        "curand",
        "cusolver",
        "cusparse",
        "nccl",
        "nvrtc",
        "nvml",
        "nvidia",
    ),
    *("hip error", "hiperror", "miopen", "rocblas", "hipblas", "hsa_status", "rocm"),
    *("mps backend", "mps device", "metal ", "xpu", "sycl", "level zero", "opencl", "clenqueue"),
    *(
        "device-side assert",
        "device lost",
        "device is lost",
        "lost device",
        "device not ready",
        "no kernel image",
    ),
    *(
        "unspecified launch failure",
        "illegal memory access",
        "illegal instruction",
        "ecc error",
        "accelerator",
    ),
    *(
        "openvino",
        "exception from src/",
        "[cpu]",
        "[gpu]",
        "could not execute a primitive",
        "could not create a primitive",
    ),
)
"""What only a device, its driver or the library that drives it says."""
_OF_PARTS = frozenset(
    (
        "sqlalchemy",
        "sqlite3",
        "psycopg",
        "redis",
        "kombu",
        "qdrant_client",
        "grpc",
        "httpx",
        "httpcore",
        "obstore",
    )
)
"""Packages whose errors tell of the other side of a connection."""
_LONGEST_QUOTE = 300


def fault_of(error: BaseException) -> RectoError | None:
    """The fault of a part that an error tells of; None where the error may come from what was worked on.

    A part's fault passes, or is put right by somebody, and says nothing about the work: that waits, untried.
    """
    if isinstance(error, RectoError):
        return None if isinstance(error, (BadInput, Refused)) else error
    said = str(error).lower()
    if isinstance(error, MemoryError) or _is_of_memory(error, said):
        return DeviceFull(
            f"{_memory(said)} has no memory left ({quoted(error)}). Work that needs it waits until some is free."
        )
    if isinstance(error, RuntimeError) and (_is_named(error) or _any(_DEVICE, said)):
        return broken_device(error)
    if isinstance(error, OSError):
        return Unavailable(f"The disk, or another part of this machine, does not take it ({quoted(error)}).")
    if type(error).__module__.partition(".")[0] in _OF_PARTS:
        return Unavailable(f"A part that is needed does not answer ({quoted(error)}).")
    return None


def told(error: BaseException) -> RectoError:
    """Any error as one with a sentence for status and pages. What nobody foresaw may pass too."""
    if isinstance(error, RectoError):
        return error
    return fault_of(error) or Unavailable(f"It failed inside Recto ({quoted(error)}); the log says where.")


def broken_device(error: BaseException) -> DeviceFault:
    """What runs the network is broken for the rest of this process."""
    return DeviceFault(
        f"What runs the network failed ({quoted(error)}). The process that met it ends and is started again with a "
        f"fresh device; try again then."
    )


def broken_process(error: BaseException) -> DeviceFault:
    """Work fails in this process whatever the image is."""
    return DeviceFault(
        f"This process fails also with a picture that is known to be good ({quoted(error)}). It ends and is started "
        f"again; try again then."
    )


def _is_of_memory(error: BaseException, said: str) -> bool:
    return type(error).__name__ == "OutOfMemoryError" or (
        not isinstance(error, OSError) and _any(_FULL, said)
    )


def _is_named(error: BaseException) -> bool:
    """True for classes of errors that only a device raises: `torch.AcceleratorError`."""
    return any(word in type(error).__name__ for word in ("Accelerator", "Cuda", "CUDA", "Device"))


def _memory(said: str) -> str:
    return (
        "The GPU"
        if _any(("cuda", "cublas", "cudnn", "hip ", "hip error", "mps ", "xpu", "gpu"), said)
        else "This machine"
    )


def _any(words: tuple[str, ...], said: str) -> bool:
    return any(word in said for word in words)


def quoted(error: BaseException) -> str:
    """Kind and text of an error, on one line and not longer than a sentence may be."""
    text = " ".join(str(error).split()).rstrip(".")
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}..."
