"""Where a manifest's paths may lead."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from recto.manifest.cells import UnusableError


@dataclass(frozen=True)
class Locator:
    """Resolves the paths of one manifest: relative to `base`, and only into the folders `allowed`."""

    base: Path
    allowed: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path, root: Path | None) -> Locator:
        """For a manifest in `folder`, with another allowed folder `root` or none."""
        folders = (folder,) if root is None else (folder, root)
        return cls(folder.resolve(), tuple(allowed.resolve() for allowed in folders))

    def __call__(self, name: str) -> Path:
        """The real path of a file that the manifest names, whether it exists or not.

        Raises:
            UnusableError: the path leads elsewhere, or is an address of the network.
        """
        scheme, is_address, _ = name.partition("://")
        if is_address:
            raise UnusableError(f"{scheme}:// addresses are not read; copy the files into a folder.")
        try:
            # Not `resolve`, which raises RuntimeError where links go round in circles.
            real = Path(os.path.realpath(self.base / name))
        except ValueError:  # a NUL character
            raise UnusableError("A path has characters that no file name can have.") from None
        if not any(real.is_relative_to(folder) for folder in self.allowed):
            raise UnusableError(f"The path {name} leads out of the folder that files may be taken from.")
        return real
