"""What a run leaves behind: the encoder, a report, and a picture of its curve.

`encoder/` (`card.json`, `weights.pt`) is what `recto encoders add` takes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from recto.encoders import pca
from recto.encoders.card_document import write_card
from recto.encoders.encoder import Encoder
from recto.encoders.networks import build_network
from recto.encoders.small_network import ConvNorm, SmallNetwork, fold
from recto.encoders.torch_runner import TorchRunner
from recto_lab.training.checkpoint import load_checkpoint, save_atomically
from recto_lab.training.config import Config
from recto_lab.training.curves import draw_curve, read_curve
from recto_lab.training.measuring import DEPTHS, measure
from recto_lab.training.networks import encoder_size, make_card, without_head
from recto_lab.training.projecting import learn_projection
from recto_lab.training.run import Run
from recto_lab.training.sources import Images

OTHER_VIEWS = 1_000_003
"""Added to the seed of a run for the views that its projection is learned from: no step saw them."""
NAMES = {
    **{f"recall_{depth}": f"recall@{depth}" for depth in DEPTHS},
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}


def finish(run: Run) -> dict[str, Any]:
    """Write the encoder of the best network, measure it as an encoder, write the report, and return its content."""
    best = load_checkpoint(run.out / "best.pt")
    if best is not None:
        run.network.load_state_dict(best["network"])
        run.loss.load_state_dict(best["loss"])
    encoder = export(run.network, run.config, run.out / "encoder")
    if run.config.projection.size:
        encoder = project(encoder, run.split.training, run.config, run.out / "encoder")
    content = {
        "name": run.config.name,
        "step": best["step"] if best is not None else run.step,
        "steps": run.step,
        "training_pictures": len(run.split.training),
        "held_out_pictures": len(run.split.held_out),
        "left_out": [f"{each.name}: {each.reason}" for each in run.split.left_out],
        "parameters": sum(part.numel() for part in run.network.parameters()),
        "dimension": encoder.card.dimension,
        **measure(encoder, run.network, run.split, run.judge, run.classifier),
    }
    (run.out / "report.json").write_text(json.dumps(content, indent=2) + "\n")
    (run.out / "report.md").write_text(_page(content, run.config, run.out))
    draw_curve(run.out / "curve.csv", run.out / "curve.png")
    return content


def export(network: nn.Module, config: Config, folder: Path) -> Encoder:
    """Write the card and the weights of a trained network into a folder, and load the encoder from there.

    The small network's batch normalisation is folded into its convolutions, and its numbers are kept in half precision.
    """
    shipped = network.eval().cpu()
    if not config.network.keep_head:
        shipped = without_head(shipped).eval()
    half = isinstance(shipped, SmallNetwork)
    if isinstance(shipped, SmallNetwork) and any(_has_norm(part) for part in shipped.modules()):
        shipped = fold(shipped)
    state = {name: value.half() if half else value for name, value in shipped.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_atomically({name: value.contiguous() for name, value in state.items()}, folder / "weights.pt")
    data = (folder / "weights.pt").read_bytes()
    summary = (
        f"Trained with recto train: {config.network.backbone}, {config.loss.kind} loss, {config.data.kind}."
    )
    sha256 = hashlib.sha256(data).hexdigest()
    card = make_card(config, encoder_size(shipped, config.network), "weights.pt", sha256, summary)
    (folder / "card.json").write_bytes(write_card(card))
    loaded = torch.load(folder / "weights.pt", weights_only=True)
    run = TorchRunner(build_network(card, loaded), torch.device("cpu"))
    return Encoder(replace(card), card, run, None, {"weights": sha256})


def project(encoder: Encoder, images: Images, config: Config, folder: Path) -> Encoder:
    """Learn the projection of an encoder from its training pictures, write it beside the card, and put it behind."""
    wanted, size = config.projection, (config.network.height, config.network.width)
    projection = learn_projection(
        encoder,
        images,
        size,
        config.augmentation,
        seed=config.seed + OTHER_VIEWS,
        numbers=wanted.size,
        pairs=wanted.pairs,
    )
    (folder / "projection.npz").write_bytes(pca.save(projection))
    return encoder.projected(projection)


def _has_norm(part: nn.Module) -> bool:
    return isinstance(part, ConvNorm) and isinstance(part.norm, nn.BatchNorm2d)


def _page(content: dict[str, Any], config: Config, out: Path) -> str:
    """The report for people."""
    network = (
        f"{config.network.backbone}, {content['parameters']:,} parameters, {content['dimension']} numbers"
    )
    learned = f"{content['training_pictures']:,} pictures of {config.data.kind}, seed {config.seed}"
    asked = (
        f"{content['queries']:,} {content['kind_of_queries']}, searched among {content['gallery']:,} pictures"
    )
    chosen = f"the best one, of step {content['step']:,} of {content['steps']:,}"
    lines = [
        f"# {content['name']}",
        "",
        "| | |",
        "|---|---|",
        f"| network | {network} |",
        f"| loss | {config.loss.kind} |",
    ]
    lines += [f"| learned from | {learned} |", f"| kept | {chosen} |", f"| measured with | {asked} |"]
    lines += [f"| {name} | {content[key]:.3f} |" for key, name in NAMES.items() if key in content]
    lines += [
        f"| {key} of the classifier | {value:.3f} |" for key, value in content.get("classifier", {}).items()
    ]
    lines += [f"| time a query | {content['query_ms']:.1f} ms, embedding and search |", ""]
    lines += ["| step | loss | recall@1 | recall@10 |", "|---|---|---|---|"]
    for line in read_curve(out / "curve.csv"):
        if "recall_1" in line:
            numbers = " | ".join(f"{line[key]:.3f}" for key in ("loss", "recall_1", "recall_10"))
            lines.append(f"| {line['step']:,.0f} | {numbers} |")
    if content["left_out"]:
        lines += [
            "",
            f"{len(content['left_out'])} left out:",
            "",
            *(f"- {each}" for each in content["left_out"][:50]),
        ]
    lines += [
        "",
        f"To use it: `recto encoders add {out / 'encoder'}`, then `recto reindex --encoder` and the name it prints.",
    ]
    return "\n".join([*lines, ""])
