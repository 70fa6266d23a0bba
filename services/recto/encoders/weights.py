"""Where the weights of a card come from: the package, a folder, torch's cache, torchvision's download."""

from __future__ import annotations

import hashlib
import io
import pickle
import urllib.request
from pathlib import Path
from typing import Any

import torch

from recto.encoders.card import Card
from recto.encoders.torchvision_cards import torchvision_cards
from recto.errors import BadInput, BadSetting, WeightsMissing
from recto.settings import Settings

State = dict[str, Any]
SHIPPED = Path(__file__).parent / "weights"
CONNECT_SECONDS = 10
"""Time to wait for an answer of the download server; its absence should be told soon."""


def load_weights(card: Card, settings: Settings) -> tuple[State, str]:
    """The state dict of a card and the SHA-256 of the file it came from.

    Raises:
        WeightsMissing: nowhere to be found.
        BadSetting: the folder of weights is none, or holds several files that could be meant.
        BadInput: the file is no state dict.
    """
    path = find_weights(card, settings) or _download(card)
    return read_state(path, str(path)), _sha256(path)


def read_state(file: Path | bytes, name: str) -> State:
    """The state dict in a file, or in the bytes of one; nothing in it is executed.

    Raises:
        BadInput: it is none; the message has `name`.
    """
    try:
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        state: object = torch.load(source, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise BadInput(f"{name} holds no weights that can be read: {str(error).splitlines()[0]}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise BadInput(f"{name} holds something else than the weights of a network (a state dict of torch).")
    return state


def find_weights(card: Card, settings: Settings) -> Path | None:
    """The file of the weights on this computer: in the folder of the settings, in the package, in torch's cache."""
    if settings.weights_dir:
        found = _in_folder(card, Path(settings.weights_dir).expanduser())
        if found is not None:
            return found
    shipped = SHIPPED / card.weights
    if shipped.exists():
        return shipped
    cached = _cache() / card.weights
    return cached if cached.exists() and _is_intact(cached, card) else None


def _in_folder(card: Card, folder: Path) -> Path | None:
    """`NAME.pth`, else the publisher's file name, else the only file that begins with the architecture's name."""
    if not folder.is_dir():
        raise BadSetting(f"RECTO_WEIGHTS_DIR={str(folder)!r} is not a folder.")
    for name in (f"{card.name}.pth", card.weights):
        if (folder / name).is_file():
            return folder / name
    alike = sorted(path for path in folder.glob(f"{card.architecture}*.pth") if _is_meant(path, card))
    if len(alike) > 1:
        names = ", ".join(path.name for path in alike)
        raise BadSetting(
            f"RECTO_WEIGHTS_DIR={str(folder)!r} holds several weights for {card.architecture}: {names}. "
            f"Name the one to use {card.name}.pth."
        )
    return alike[0] if alike else None


def _is_meant(path: Path, card: Card) -> bool:
    """Whether a file that begins with the architecture's name is not of one with a longer name, such as vgg16_bn."""
    longer = [name for name in torchvision_cards() if name.startswith(f"{card.architecture}_")]
    return path.is_file() and not path.name.startswith(tuple(longer))


def _download(card: Card) -> Path:
    """Fetch torchvision's file into torch's cache, with a progress bar; its hash is checked before it is kept."""
    if card.architecture == "recto_small":
        raise WeightsMissing(
            f"The weights of {card.name} ship with Recto, but {SHIPPED / card.weights} is missing."
        )
    from recto.encoders import torchvision_models  # slow to import, and needed here only

    url = torchvision_models.published(card.architecture).url
    target = _cache() / card.weights
    try:
        # torch waits for ever for a server that does not answer: ask it for a sign of life first.
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 (an https address)
        urllib.request.urlopen(request, timeout=CONNECT_SECONDS).close()  # noqa: S310
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(target), card.weights_sha256, progress=True)
    except (OSError, RuntimeError) as error:  # URLError is an OSError; a wrong hash raises RuntimeError
        raise WeightsMissing(
            f"The weights of {card.name} are not on this computer and could not be downloaded ({error}). "
            f"Three ways out: put {card.weights} into a folder and name that folder in RECTO_WEIGHTS_DIR; "
            f"or put it into torch's cache, {target.parent}; or connect this computer to {url} and try again. "
            f"The encoder recto_small needs no download."
        ) from error
    return target


def _cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _is_intact(path: Path, card: Card) -> bool:
    """Whether a cached file is the publisher's: the name of the file holds the first digits of its hash."""
    return _sha256(path).startswith(card.weights_sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
