"""Where a manifest's files may lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from recto.errors import BadInput
from recto.intake.manifest.cells import UnusableError
from recto.storage.s3 import Place, S3Place, is_s3, parse_s3


@dataclass(frozen=True)
class Locator:
    """Resolves the names in one manifest: relative to `base`, and only into the places `allowed`."""

    base: Place
    folders: tuple[Path, ...]
    prefixes: tuple[S3Place, ...] = ()
    any_bucket: bool = False
    """Every place of the S3 store may be read: whoever asks holds its key."""

    @classmethod
    def of(cls, folder: Path, root: Path | None) -> Locator:
        """For a manifest in `folder`, with another allowed folder `root` or none."""
        folders = (folder,) if root is None else (folder, root)
        return cls(folder.resolve(), tuple(allowed.resolve() for allowed in folders))

    def __call__(self, name: str) -> Place:
        """The real place of a file that the manifest names, whether it exists or not.

        Raises:
            UnusableError: the name leads elsewhere, or is another address of the network.
        """
        scheme, is_address, _ = name.partition("://")
        if is_s3(name) or (isinstance(self.base, S3Place) and not is_address and not name.startswith("/")):
            return self._object(name)
        if is_address:
            raise UnusableError(f"{scheme}:// addresses are not read; copy the files into a folder.")
        return self._file(name)

    def _object(self, name: str) -> S3Place:
        try:
            place = parse_s3(name) if is_s3(name) or isinstance(self.base, Path) else self.base.joined(name)
        except BadInput as error:
            raise UnusableError(str(error)) from None
        if not (self.any_bucket or any(place.lies_in(prefix) for prefix in self.prefixes)):
            raise UnusableError(f"The place {name} is not one that files may be taken from.")
        return place

    def _file(self, name: str) -> Path:
        try:
            # Not `resolve`, which raises RuntimeError where links go round in circles.
            real = real_path(self.base / name if isinstance(self.base, Path) else Path(name))
        except ValueError:  # a NUL character
            raise UnusableError("A path has characters that no file name can have.") from None
        if not any(real.is_relative_to(folder) for folder in self.folders):
            raise UnusableError(f"The path {name} leads out of the folder that files may be taken from.")
        return real


def real_path(path: Path) -> Path:
    """Where a path really leads, whether something is there or not."""
    return Path(os.path.realpath(path))
