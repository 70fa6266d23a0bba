"""Lanes: each version that is kept, with the encoder that makes its vectors, loaded once per process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recto import features as local
from recto.encoders import Encoder, load_encoder
from recto.encoders.device import embed
from recto.errors import RecipeMismatch, RectoError
from recto.faults import fault_of
from recto.images.views import views
from recto.settings import Settings
from recto.versions import PAYLOAD_SCHEMA, Recipe, Version

RETRY_SECONDS = 30.0
"""An encoder that could not be loaded is not tried again for so long: looking for its weights may take ten seconds."""


@dataclass(frozen=True)
class Lane:
    """A version as this process serves it. A search takes one at its start and stays on it."""

    version: Version
    encoder: Encoder


class Lanes:
    """The lanes of a process; safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lanes: dict[Version, Lane] = {}
        self._failures: dict[Version, tuple[float, RectoError]] = {}
        self._loading = threading.Lock()

    def get(self, version: Version) -> Lane:
        """The lane of a version; its encoder is loaded and run once if it is not there yet.

        Raises:
            RecipeMismatch: this program makes other vectors by the encoder's name.
            RectoError: the encoder cannot be loaded; the message says why.
        """
        if lane := self._lanes.get(version):
            return lane
        with self._loading:
            if version not in self._lanes:
                self._lanes[version] = self._load(version)
            return self._lanes[version]

    def add(self, encoder: Encoder) -> Lane:
        """The lane of an encoder that is loaded."""
        lane = Lane(version_of(encoder), encoder)
        with self._loading:
            return self._lanes.setdefault(lane.version, lane)

    def loaded(self) -> list[Version]:
        """The versions that need no loading."""
        return list(self._lanes)

    @property
    def is_broken(self) -> bool:
        """True when what runs a network broke: only a new process gets a sound one."""
        return any(lane.encoder.is_broken for lane in self._lanes.values())

    def keep_only(self, versions: Iterable[Version]) -> None:
        """Let go of the others; what runs on one of them ends as it began."""
        kept = set(versions)
        with self._loading:
            self._lanes = {version: lane for version, lane in self._lanes.items() if version in kept}

    def _load(self, version: Version) -> Lane:
        failed_at, failure = self._failures.get(version, (0.0, None))
        if failure is not None and time.monotonic() - failed_at < RETRY_SECONDS:
            raise failure
        try:
            return _load(version, self._settings)
        except Exception as error:
            fault = error if isinstance(error, RectoError) else fault_of(error)
            if fault is None:
                raise
            self._failures[version] = (time.monotonic(), fault)
            raise fault from error


def version_of(encoder: Encoder) -> Version:
    """The version that covers described by this encoder and this program belong to."""
    parts = {
        **{f"encoder.{name}": value for name, value in encoder.fingerprint().items()},
        **{f"local.{name}": value for name, value in local.fingerprint().items()},
        "payload": str(PAYLOAD_SCHEMA),
    }
    return Version(Recipe(encoder.card.name, parts).recipe_id, encoder.card.name)


def _load(version: Version, settings: Settings) -> Lane:
    encoder = load_encoder(version.encoder, settings)
    made = version_of(encoder)
    if made != version:
        raise RecipeMismatch(
            f"The catalogue is indexed with recipe {version.recipe_id}, this program makes {made.recipe_id} "
            f"(another network, codebook or format of features). Run `recto rebuild` to index it anew."
        )
    embed(encoder, views(np.full((64, 64, 3), 255, np.uint8)))  # the first run of a network is its slowest
    return Lane(version, encoder)
