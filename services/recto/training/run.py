"""A training run of our own network: the loop, and what is kept of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor
from torch.nn import functional

from recto.encoders.small_network import DIMENSION, SmallNetwork
from recto.training.batches import Pairs, pairs_from
from recto.training.checkpoint import load_checkpoint, save_atomically
from recto.training.covers import render_covers
from recto.training.losses import Memory, contrast, spread
from recto.training.options import Options
from recto.training.parallel import Replicas
from recto.training.validation import recall_on_held_out


class Run:
    """Network, optimiser and memory of one training run, and how they are kept."""

    def __init__(self, out: Path, options: Options) -> None:
        self.out, self.options, self.step = out, options, 0
        torch.manual_seed(options.seed)
        torch.set_num_threads(1)  # two threads of our own instead, see `Replicas`
        self.network = SmallNetwork().to(memory_format=torch.channels_last)
        decayed = [part for part in self.network.parameters() if part.ndim > 1]
        others = [part for part in self.network.parameters() if part.ndim == 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, weight_decay=options.weight_decay)
        self.memory = Memory(options.memory, DIMENSION)
        self._restore()
        self.replicas = Replicas(self.network)

    def _restore(self) -> None:
        kept = load_checkpoint(self.out / "checkpoint.pt")
        if kept is None:
            return
        self.network.load_state_dict(kept["network"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.memory.embeddings, self.memory.covers = kept["memory"], kept["memory_covers"]
        self.memory.filled, self.step = kept["memory_filled"], kept["step"]
        click.echo(f"resumed at step {self.step}")

    def keep(self) -> None:
        """Write the checkpoint."""
        content = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "memory": self.memory.embeddings,
            "memory_covers": self.memory.covers,
            "memory_filled": self.memory.filled,
            "step": self.step,
            "options": asdict(self.options),
        }
        save_atomically(content, self.out / "checkpoint.pt")

    def log(self, **numbers: float) -> None:
        """Append one line to the log of the run and show it."""
        line = json.dumps({"step": self.step, **{name: round(value, 5) for name, value in numbers.items()}})
        with (self.out / "log.jsonl").open("a") as file:
            file.write(line + "\n")
        click.echo(line)

    def train_step(self, pairs: Pairs) -> tuple[float, float]:
        """One update; the loss and the share of photos whose own cover is the nearest of the batch."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.options.rate_at(self.step)
        covers, numbers = torch.from_numpy(pairs.covers), (0.0, 0.0)

        def loss_of(embeddings: Tensor) -> Tensor:
            nonlocal numbers
            rows = functional.normalize(embeddings, dim=1)
            catalogue, photos = rows[torch.from_numpy(pairs.catalogue)], rows[torch.from_numpy(pairs.photos)]
            loss, right = contrast(photos, catalogue, covers, self.memory)
            if self.step + 1 >= self.options.memory_from:
                self.memory.add(catalogue, covers)
            numbers = (float(loss.detach()), float(right))
            return loss + self.options.spread * (spread(photos) + spread(catalogue)) / 2

        self.replicas.step(pairs, loss_of)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return numbers


def train(out: Path, options: Options) -> SmallNetwork:
    """Train to the end, from the last checkpoint where there is one; the checkpoint stays in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    processes = max(2, options.workers)
    covers = render_covers(out, "covers", options.covers, options.seed, options.drawn, processes)
    held_out = render_covers(out, "held_out", options.held_out, options.seed + 1, options.drawn, processes)
    run = Run(out, options)
    heights, start = options.heights(), time.monotonic()
    with pairs_from(covers, options.seed, options.pairs, heights, run.step, options.workers) as batches:
        for pairs in batches:
            loss, right = run.train_step(pairs)
            if run.step % 10 == 0:
                seconds = time.monotonic() - start
                run.log(loss=loss, right=right, rate=options.rate_at(run.step), seconds=seconds)
            if run.step % options.validate_every == 0 or run.step == options.steps:
                run.log(**recall_on_held_out(run.network, held_out, heights[run.step - 1]))
            if run.step % options.checkpoint_every == 0 or run.step == options.steps:
                run.keep()
    return run.network
