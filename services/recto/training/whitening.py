"""Make a projection that ships with Recto: `python -m recto.training.whitening recto_small --size 256`.

It is learned from drawn covers, so that nothing of a real book is in the package, and lies beside the weights under the
name of its spec. A catalogue's own (`recto reindex --pca`) may fit it better, and needs covers to learn from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import click
import numpy as np

from recto.encoders import Encoder, load_encoder, parse_spec, pca
from recto.encoders.projections import BATCH, SHIPPED
from recto.settings import Settings
from recto.shelf import draw_covers
from recto.vectors import Floats

SEED = 77
"""Covers that neither a training nor a report draws."""


@click.command()
@click.argument("name")
@click.option("--size", default=256, help="Numbers that are left.")
@click.option("--drawn", default=2048, help="Covers to draw.")
def main(name: str, size: int, drawn: int) -> None:
    """Learn the projection of an encoder from drawn covers and write it beside the shipped weights."""
    encoder = load_encoder(name, Settings(device="cpu", torch_threads=1))
    data = pca.save(pca.learn(_embeddings(encoder, drawn), size, encoder.card.dimension, name))
    spec = parse_spec(name).projected(size, hashlib.sha256(data).hexdigest())
    (SHIPPED / f"{spec}.npz").write_bytes(data)
    click.echo(f"{spec}: {len(data)} bytes")


def _embeddings(encoder: Encoder, count: int) -> Iterator[Floats]:
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        yield encoder.embed([np.asarray(draw_covers(number, seed=SEED).convert("RGB")) for number in numbers])


if __name__ == "__main__":
    main()
