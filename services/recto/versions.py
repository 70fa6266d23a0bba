"""A recipe names everything that makes vectors comparable; a version is a recipe's pair of collections."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from recto.records import Side

PAYLOAD_SCHEMA = 1
"""Version of the payload beside the vectors; part of every recipe."""


@dataclass(frozen=True)
class Recipe:
    """`recipe_id` is the first 12 hexadecimal digits of the SHA-256 over `parts` as canonical JSON."""

    encoder: str
    parts: Mapping[str, str]

    @property
    def recipe_id(self) -> str:
        """Short name of the recipe, used in collection names."""
        text = json.dumps(dict(self.parts), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Version:
    """The pair of collections that hold the covers of one recipe. A search pins one version at its start."""

    recipe_id: str
    encoder: str

    def collection(self, side: Side) -> str:
        """Concrete name of the collection of one side, for example `recto_front__1f3a9c0b7d21`."""
        return f"recto_{side.value}__{self.recipe_id}"
