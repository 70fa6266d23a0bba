"""Make a projection that ships with Recto: `python -m recto_lab.training.whitening recto_small_2 --size 256`.

It is learned from pairs of views of drawn covers, as a training sees them, so that nothing of a real book is in the
package, and lies beside the weights under the name of its spec. A catalogue's own (`recto reindex --pca`) may fit it
better, and needs covers to learn from.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import click

from recto.encoders import card, load_encoder, parse_spec, pca
from recto.encoders.projections import SHIPPED
from recto.settings import Settings
from recto_lab.training.config import Augmentation
from recto_lab.training.projecting import learn_projection
from recto_lab.training.sources import prepare_shelf

SEED = 77
"""Covers that neither a training nor a report draws."""
SHARE_OF_PICTURES = 0.4


@click.command()
@click.argument("name")
@click.option("--size", default=256, help="Numbers that are left.")
@click.option("--covers", default=4096, help="Covers to draw.")
@click.option("--pairs", default=7680, help="Pairs of views to learn from.")
def main(name: str, size: int, covers: int, pairs: int) -> None:
    """Learn the projection of an encoder from drawn covers and write it beside the shipped weights."""
    encoder = load_encoder(name, Settings(device="cpu", torch_threads=1))
    with tempfile.TemporaryDirectory() as folder:
        drawn = 1 - SHARE_OF_PICTURES
        split = prepare_shelf(Path(folder), covers=covers, held_out=2, seed=SEED, drawn=drawn, processes=2)
        size_of_input = card(name).input_size
        projection = learn_projection(
            encoder, split.training, size_of_input, Augmentation(), seed=SEED, numbers=size, pairs=pairs
        )
    data = pca.save(projection)
    spec = parse_spec(name).projected(size, hashlib.sha256(data).hexdigest())
    (SHIPPED / f"{spec}.npz").write_bytes(data)
    click.echo(f"{spec}: {len(data)} bytes")


if __name__ == "__main__":
    main()
