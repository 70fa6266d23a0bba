"""Libraries that only comparisons need: the extra `evaluate`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from recto.errors import BadInput

_PACKAGES = {"skimage": "scikit-image", "imagehash": "imagehash"}


def library(name: str, method: str) -> Any:
    """A module of the extra.

    Raises:
        BadInput: it is not installed; the message says how to.
    """
    try:
        return import_module(name)
    except ImportError:
        package = _PACKAGES[name.split(".")[0]]
        raise BadInput(
            f"The method {method} needs {package}, which is not installed: pip install 'recto[evaluate]'."
        ) from None
