"""`recto encoders`: the networks that turn covers into vectors, and the card of each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from recto.errors import RectoError
from recto.settings import Settings

if TYPE_CHECKING:
    from recto.encoders import Card


@click.group()
def encoders() -> None:
    """The networks that turn covers into vectors."""


@encoders.command("list")
@click.option("--all", "everything", is_flag=True, help="Also every other network of torchvision.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_encoders(everything: bool, as_json: bool) -> None:
    """List encoders with the numbers of an embedding."""
    from recto.encoders import CARDS, all_cards

    cards = (all_cards() if everything else CARDS).values()
    if as_json:
        click.echo(json.dumps([asdict(card) for card in cards]))
        return
    for card in cards:
        click.echo(f"{card.name:20} {card.dimension:6} numbers  {card.summary}")


@encoders.command("show")
@click.argument("spec")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_encoder(spec: str, as_json: bool) -> None:
    """Show the card of an encoder, and where its weights are."""
    from recto.encoders import card, parse_spec

    shown = card(spec)
    weights = _weights(card(parse_spec(spec).network))
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


def _resizing(card: Card) -> str:
    if card.resize == "squeeze":
        return "the whole image squeezed into it, lying images turned"
    return f"cut out of the middle of the image with its shorter side at {card.shorter_side} ({card.interpolation})"


def _weights(card: Card) -> str:
    """Where the weights of a network are; empty where they are not, or where nothing can be computed."""
    try:
        from recto.encoders.weights import find_weights  # imports torch, which the web server's machine lacks

        return str(find_weights(card, Settings.from_environment()) or "")
    except ImportError:
        return ""
    except RectoError as error:
        return str(error)


COMMANDS = (encoders,)
