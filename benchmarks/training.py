"""What training brings: the comparisons that this field starts from, in one table.

    python benchmarks/training.py FOLDER [--backbone squeezenet1_1] [--weights FILE] [--steps 120] [--only NAME,...]

FOLDER has a folder of pictures for each class. Each row is a configuration of `recto train` that differs from its
neighbour in one thing; all see as many pictures. Precision, recall and F1 are macro averages over the classes of the
held-out pictures: of the nearest picture that was learned from, and of the classifier where one was trained. The time a
query takes is the embedding of one picture and its search, one process.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import click

from recto.settings import Settings
from recto_lab.training.config import Config
from recto_lab.training.loop import train
from recto_lab.training.result import finish

SMALL = {"backbone": "recto_plain", "height": 64, "width": 64, "embedding": 128}
LARGE = {**SMALL, "height": 224, "width": 224}
CLASSIFICATION, TRIPLET = {"kind": "classification"}, {"kind": "triplet", "margin": 0.3}
SIAMESE, CONTRASTIVE = {"kind": "siamese", "margin": 1.0}, {"kind": "contrastive", "memory": 0}


def rows(backbone: str, weights: str) -> dict[str, dict[str, Any]]:
    """The configurations by the name of their row."""
    transfer = {"backbone": backbone, "weights": weights, "height": 128, "width": 128, "embedding": 128}
    frozen = {**transfer, "frozen": "backbone"}
    nothing = {**transfer, "weights": "none"}
    plain, light = {"kind": "none"}, {"kind": "light"}
    return {
        "scratch, no augmentation": {"network": SMALL, "loss": CLASSIFICATION, "augmentation": plain},
        "scratch, augmented": {"network": SMALL, "loss": CLASSIFICATION, "augmentation": light},
        "the large network from scratch": {"network": nothing, "loss": CLASSIFICATION, "augmentation": light},
        "transfer, frozen": {"network": frozen, "loss": CLASSIFICATION, "augmentation": light},
        "transfer, all trained": {"network": transfer, "loss": CLASSIFICATION, "augmentation": light},
        "transfer, all trained, no augmentation": {
            "network": transfer,
            "loss": CLASSIFICATION,
            "augmentation": plain,
        },
        "triplet, 64 x 64": {"network": SMALL, "loss": TRIPLET, "augmentation": light},
        "Siamese, 64 x 64": {"network": SMALL, "loss": SIAMESE, "augmentation": light},
        "Siamese, 224 x 224": {"network": LARGE, "loss": SIAMESE, "augmentation": light},
        "triplet, frozen": {"network": frozen, "loss": TRIPLET, "augmentation": light},
        "triplet, all trained": {"network": transfer, "loss": TRIPLET, "augmentation": light},
        "contrastive, all trained": {"network": transfer, "loss": CONTRASTIVE, "augmentation": light},
    }


def configuration(folder: Path, changes: dict[str, Any], steps: int, seed: int) -> Config:
    """The configuration of a row; the rate is lower where trained weights are to be kept."""
    changes = copy.deepcopy(changes)
    keeps = changes["network"].get("weights", "none") != "none" and "frozen" not in changes["network"]
    return Config.model_validate(
        {
            "name": "compared",
            "seed": seed,
            "data": {"kind": "classes", "folder": str(folder.absolute()), "held_out": 0.25},
            "sampler": {"kind": "balanced", "pairs": 32},
            "optimiser": {"rate": 0.0002 if keeps else 0.001},
            "schedule": {"steps": steps, "warmup": steps // 20, "decay": steps // 2},
            "validation": {"every": max(1, steps // 4)},
            **changes,
        }
    )


def line(name: str, report: dict[str, Any]) -> str:
    """A row of the table."""
    nearest = " | ".join(f"{report[key]:.3f}" for key in ("precision", "recall", "f1"))
    own = report.get("classifier")
    named = " | ".join(f"{own[key]:.3f}" if own else "" for key in ("precision", "recall", "f1"))
    return f"| {name} | {nearest} | {named} | {report['query_ms']:.1f} |"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--backbone", default="squeezenet1_1", show_default=True, help="Network of torchvision.")
@click.option(
    "--weights", default="published", show_default=True, help="Its first weights: a file, or `published`."
)
@click.option("--steps", default=120, show_default=True, help="Steps of each row.")
@click.option("--seed", default=1, show_default=True)
@click.option("--only", default="", help="Names of rows, separated by semicolons.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Keep the runs here; they go on where they stopped."
)
def main(
    folder: Path, backbone: str, weights: str, steps: int, seed: int, only: str, out: Path | None
) -> None:
    """Train every row and print the table."""
    known = rows(backbone, weights if weights == "published" else str(Path(weights).absolute()))
    chosen = [name.strip() for name in only.split(";") if name.strip()] or list(known)
    head = ("row", "precision", "recall", "F1", "precision", "recall", "F1 of the classifier", "ms a query")
    click.echo(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            place = (out or Path(temporary)) / "".join(letter if letter.isalnum() else "_" for letter in name)
            config = configuration(folder, known[name], steps, seed)
            run = train(place, config, Settings.from_environment(), Path.cwd())
            click.echo(line(name, finish(run)))


if __name__ == "__main__":
    main()
