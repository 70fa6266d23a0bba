"""Encoders on their own: what they cost on one core, and how often they put the right cover first.

    python benchmarks/encoders.py speed resnet18 resnet50 --backend torch --backend openvino-f32
    python benchmarks/encoders.py recall --bench FOLDER --weights FOLDER squeezenet1_1 --size 256

Speed needs no weights: any numbers cost the same. It is given in images per second of processor time, which
neighbours on the machine disturb less than the clock; networks and backends take turns, and the best round counts.
Recall uses nothing but the embedding: the eight views of a photo against all covers. Projections are learned from the
covers that no photo shows.
"""

from __future__ import annotations

import csv
import os
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from PIL import Image

from recto.encoders import Encoder, card, load_encoder, parse_spec, pca
from recto.encoders.networks import build_network
from recto.encoders.runners import runner_for
from recto.encoders.torchvision_models import models
from recto.images.views import views
from recto.settings import Settings
from recto.vectors import RGB, Floats

DEPTHS = (1, 20)
IMAGES = 8


@click.group()
def main() -> None:
    """Measure encoders."""


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--backend", "backends", multiple=True, default=("torch", "openvino-f32", "openvino-bf16"))
@click.option("--rounds", default=4)
def speed(names: tuple[str, ...], backends: tuple[str, ...], rounds: int) -> None:
    """Images per second of processor time on one core, preparing them included, and the ratio to the first backend."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_flush_denormal(True)  # numbers drawn at random may come close to 0, where processors are slow
    images = [np.random.default_rng(seed).integers(0, 256, (600, 400, 3), np.uint8) for seed in range(IMAGES)]
    torch.manual_seed(1)
    click.echo(f"| network | numbers | {' | '.join(backends)} | ratio |\n|{'---|' * (len(backends) + 3)}")
    for name in names:
        encoders = [_without_weights(name, backend) for backend in backends]
        best = [0.0] * len(encoders)
        for _ in range(rounds + 1):  # the first round is to get warm, and is never the best
            for place, encoder in enumerate(encoders):
                best[place] = max(best[place], _per_second(encoder, images))
        ratios = " : ".join(f"{figure / best[0]:.1f}" for figure in best)
        figures = " | ".join(f"{figure:.1f}" for figure in best)
        click.echo(f"| `{name}` | {encoders[0].card.dimension} | {figures} | {ratios} |")


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--bench", type=click.Path(path_type=Path), required=True, help="Folder of labelled photos.")
@click.option("--weights", default="", help="Folder of weights.")
@click.option("--size", "sizes", type=int, multiple=True, default=(128, 256, 512))
@click.option("--every", default=1, help="Take every n-th photo only.")
def recall(names: tuple[str, ...], bench: Path, weights: str, sizes: tuple[int, ...], every: int) -> None:
    """Shares of photos whose cover is first and among the first 20, with and without a projection."""
    settings = replace(Settings(), weights_dir=weights, device="cpu", torch_threads=1)
    covers, photos = _rows(bench / "catalogue.csv"), _rows(bench / "queries.csv")[::every]
    photos = [photo for photo in photos if photo["truth"]]
    for name in names:
        encoder = load_encoder(name, settings)
        rows = np.concatenate([encoder.embed([_read(bench / cover["file"])]) for cover in covers])
        seen = np.stack([encoder.embed(views(_read(bench / photo["file"]))) for photo in photos])
        _report(name, covers, photos, rows, seen)
        unseen = rows[[cover["is_distractor"] == "1" for cover in covers]]
        for size in (size for size in sizes if size <= encoder.card.dimension):
            learned = pca.learn([unseen], size, encoder.card.dimension, name)
            turned = learned.apply(seen.reshape(-1, seen.shape[2])).reshape(*seen.shape[:2], size)
            _report(f"{name} to {size}", covers, photos, learned.apply(rows), turned)


def _report(
    label: str, covers: list[dict[str, str]], photos: list[dict[str, str]], rows: Floats, seen: Floats
) -> None:
    """One line: recall at each depth of each set of photos."""
    places = {cover["id"]: place for place, cover in enumerate(covers)}
    ranks = defaultdict(list)
    for photo, embeddings in zip(photos, seen, strict=True):
        similarity = (embeddings @ rows.T).max(0)
        ranks[photo["set"]].append(int((similarity > similarity[places[photo["truth"]]]).sum()))
    shares = {
        group: [f"{np.mean(np.array(found) < depth):.3f}" for depth in DEPTHS]
        for group, found in ranks.items()
    }
    told = " | ".join(f"{group} {' / '.join(values)}" for group, values in shares.items())
    click.echo(f"| `{label}` | {told} |")


def _without_weights(name: str, backend: str) -> Encoder:
    settings = replace(Settings(), device="cpu", torch_threads=1)
    chosen = card(name)
    if chosen.architecture == "recto_small":
        return load_encoder(name if backend == "torch" else f"{name}@{backend}", settings)
    network = build_network(chosen, models.get_model(chosen.architecture, weights=None).state_dict())
    spec = parse_spec(name if backend == "torch" else f"{name}@{backend}")
    torch.set_num_threads(1)
    return Encoder(chosen, chosen, runner_for(spec, chosen, network, settings), None, {})


def _per_second(encoder: Encoder, images: list[RGB]) -> float:
    begin = time.process_time()
    encoder.embed(images)
    return len(images) / (time.process_time() - begin)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _read(path: Path) -> RGB:
    return np.asarray(Image.open(path).convert("RGB"))


if __name__ == "__main__":
    main()
