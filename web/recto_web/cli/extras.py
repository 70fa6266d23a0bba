"""The extras of the package: which commands need them, and what to install where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from recto.errors import BadInput

PACKAGES = {
    "web": ("flask", "flask_smorest", "gunicorn"),
    "worker": (
        "PIL",
        "cv2",
        "numpy",
        "pi_heif",
        "qdrant_client",
        "qdrant_edge",
        "torch",
        "torchvision",
        "zxingcpp",
    ),
    "demo": ("font_roboto", "font_source_serif_pro"),
    "evaluate": ("imagehash", "jinja2", "skimage"),
    "train": ("matplotlib", "pydantic"),
}
"""Modules of each extra, as they are imported."""


def require(*extras: str) -> None:
    """See before the work whether what it needs is installed.

    Raises:
        BadInput: a package is missing; the message says which extra brings it.
    """
    for extra in extras:
        for name in PACKAGES[extra]:
            if find_spec(name) is None:
                raise BadInput(_sentence(name, extra))


def missing_extra(error: ModuleNotFoundError) -> str:
    """What to install where an import failed; empty where no extra has the module."""
    name = (error.name or "").partition(".")[0]
    return next((_sentence(name, extra) for extra, names in PACKAGES.items() if name in names), "")


def _sentence(name: str, extra: str) -> str:
    return f"This needs the package {name}, which is not installed: pip install 'recto[{extra}]'."
