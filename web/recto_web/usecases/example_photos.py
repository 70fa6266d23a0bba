"""Ready photos of the search page, where the data folder has some (`recto demo` draws them)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from recto_web.parts import parts


@dataclass(frozen=True)
class Example:
    """A ready photo: its name in addresses, its file in `examples/`, and what is said of it."""

    name: str
    file: str
    title: str
    caption: str


def examples() -> list[Example]:
    """The examples of the data folder; none when it has no list or a damaged one."""
    try:
        rows = json.loads((_folder() / "examples.json").read_text(encoding="utf-8"))
        listed = [Example(row["name"], row["file"], row["title"], row["caption"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [example for example in listed if example_path(example).is_file()]


def example_path(example: Example) -> Path:
    """The file of an example: in its folder, whatever the list says."""
    return _folder() / Path(example.file).name


def _folder() -> Path:
    return parts().settings.data_dir / "examples"
