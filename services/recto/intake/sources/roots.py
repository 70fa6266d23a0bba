"""What may be read: everything for somebody at the command line, the roots of the settings for a job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recto.errors import BadInput
from recto.intake.manifest import Locator
from recto.intake.manifest.paths import real_path
from recto.storage.s3 import Place, S3Place, is_s3, parse_s3


@dataclass(frozen=True)
class Roots:
    """Folders, by their real paths, and prefixes that may be read."""

    folders: tuple[Path, ...] = ()
    prefixes: tuple[S3Place, ...] = ()

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> Roots:
        """The roots that a setting or an option names."""
        folders = tuple(real_path(Path(text)) for text in texts if not is_s3(text))
        return cls(folders, tuple(parse_s3(text) for text in texts if is_s3(text)))

    def admit(self, source: str) -> Place:
        """The real place of a source that lies under a root. What lies elsewhere is not even looked for.

        Raises:
            BadInput: it does not.
        """
        if is_s3(source):
            place = parse_s3(source)
            if any(place.lies_in(prefix) for prefix in self.prefixes):
                return place
        elif "\0" not in source and Path(source).is_absolute():
            real = real_path(Path(source))
            if any(real.is_relative_to(folder) for folder in self.folders):
                return real
        raise BadInput(
            f"{source[:200]} does not lie in a place that jobs may read; whoever runs Recto names those with "
            "RECTO_SOURCE_ROOTS."
        )

    def locator(self, base: Place) -> Locator:
        """For the rows of a job's source whose relative names start at `base`: they too stay under the roots."""
        return Locator(base, self.folders, self.prefixes)


def own_place(source: str) -> Place:
    """The place of a source that somebody names for themselves.

    Raises:
        BadInput: it is no address.
    """
    return parse_s3(source) if is_s3(source) else real_path(Path(source))


def own_locator(base: Place, roots: tuple[str, ...]) -> Locator:
    """For the rows of one's own source: files of its folder and of the roots named, every place of the S3 store.

    A list that came from elsewhere must not name any file of its reader; the S3 store has its own rights.
    """
    folders = (base,) if isinstance(base, Path) else ()
    return Locator(base, (*folders, *Roots.of(roots).folders), any_bucket=True)
