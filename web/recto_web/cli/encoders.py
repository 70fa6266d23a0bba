"""`recto encoders`: the networks that turn covers into vectors, and the card of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recto.errors import BadSetting, RectoError
from recto.settings import Settings

if TYPE_CHECKING:
    from recto.encoders import Card
    from recto.encoders.adding import Added
    from recto.storage.blobs import Blobs


@click.group()
def encoders() -> None:
    """The networks that turn covers into vectors."""


@encoders.command("list")
@click.option("--all", "everything", is_flag=True, help="Also every other network of torchvision.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_encoders(everything: bool, as_json: bool) -> None:
    """List encoders with the numbers of an embedding: those that come with Recto, then those that were added."""
    from recto.encoders import CARDS, added_cards, all_cards
    from recto.storage.blobs import open_blobs

    own = [(card, False) for card in (all_cards() if everything else CARDS).values()]
    added = [(card, True) for card in added_cards(open_blobs(Settings.from_environment()))]
    if as_json:
        click.echo(json.dumps([{**asdict(card), "added": is_added} for card, is_added in [*own, *added]]))
        return
    for card, is_added in [*own, *added]:
        click.echo(
            f"{card.name:20} {card.dimension:6} numbers  {'Added: ' if is_added else ''}{card.summary}"
        )


@encoders.command("show")
@click.argument("spec")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_encoder(spec: str, as_json: bool) -> None:
    """Show the card of an encoder, and where its weights are."""
    from recto.encoders import known_card, parse_spec
    from recto.storage.blobs import open_blobs

    settings = Settings.from_environment()
    blobs = open_blobs(settings)
    shown = known_card(spec, blobs)
    weights = _weights(known_card(parse_spec(spec).network, blobs), settings)
    if as_json:
        click.echo(json.dumps({**asdict(shown), "found": weights}))
        return
    height, width = shown.input_size
    click.echo(f"{shown.name}: {shown.summary}")
    click.echo(f"  embedding      {shown.dimension} numbers, pooling {shown.pooling}")
    click.echo(f"  input          {height} x {width} pixels, {_resizing(shown)}")
    click.echo(f"  mean and std   {shown.mean} {shown.std}")
    click.echo(f"  weights        {shown.weights}, sha256 {shown.weights_sha256:.8}...")
    click.echo(f"                 {weights or 'not on this computer: downloaded on first use'}")
    click.echo(f"  licence        {shown.licence}")


@encoders.command("add")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", default="", help="Name of the encoder (default: the one on its card).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(folder: Path, name: str, as_json: bool) -> None:
    """Add the encoder in FOLDER: card.json, weights.pt and perhaps projection.npz, as `recto train` leaves them.

    It is tried out, then kept with the images, where every process of the installation finds it; nothing has to be
    started again. Its full name, NAME-HASH8, belongs to this network for good.
    """
    from recto.storage.blobs import open_blobs

    blobs = open_blobs(Settings.from_environment())
    blobs.check()
    added = _adder()(folder, name, blobs)
    if as_json:
        click.echo(json.dumps({"encoder": added.spec, "dimension": added.dimension, "is_new": added.is_new}))
        return
    said = "is added" if added.is_new else "was added before; nothing is changed"
    click.echo(f"{added.spec} ({added.dimension} numbers) {said}.")
    click.echo(f"To use it: recto reindex --encoder {added.spec}")


def _adder() -> Callable[[Path, str, Blobs], Added]:
    try:
        from recto.encoders.adding import add_encoder
    except ImportError as error:
        raise BadSetting(
            "To try an encoder out takes torch, which is not installed here: run this where the workers run, or "
            "`pip install 'recto[worker]'`."
        ) from error
    return add_encoder


def _resizing(card: Card) -> str:
    if card.resize == "squeeze":
        return "the whole image squeezed into it, lying images turned"
    return f"cut out of the middle of the image with its shorter side at {card.shorter_side} ({card.interpolation})"


def _weights(card: Card, settings: Settings) -> str:
    """Where the weights of a network are; empty where they are not, or where nothing can be computed."""
    from recto.encoders.added import is_added

    if is_added(card.name):
        return f"{settings.images_url or settings.data_dir}/models/{card.weights_sha256}"
    try:
        from recto.encoders.weights import find_weights  # imports torch, which the web server's machine lacks

        return str(find_weights(card, settings) or "")
    except ImportError:
        return ""
    except RectoError as error:
        return str(error)


COMMANDS = (encoders,)
