"""The key that signs form tokens: from the settings, else made once and kept in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from recto.settings import Settings

KEY_BYTES = 32


def secret_key(settings: Settings) -> bytes:
    """The key of this data folder. Several processes that start at once agree on one."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "run" / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Write a key that nobody else may read; linking it into place fails where another process was first."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
