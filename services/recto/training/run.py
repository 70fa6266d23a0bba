"""A training run: the loop, and what is kept of it.

The folder of a run holds `config.json`, the prepared pictures, `checkpoint.pt`, `best.pt`, `curve.csv`, and at its end
what `recto.training.result` writes.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recto.encoders.runners import choose_device
from recto.errors import BadInput, RectoError
from recto.settings import Settings
from recto.training.batches import Plan, pairs_from, step_sizes
from recto.training.checkpoint import load_checkpoint, save_atomically
from recto.training.config import Config, Schedule, WrongValue
from recto.training.curves import append, cut_after
from recto.training.device_source import DeviceSource
from recto.training.inputs import Batch, to_batch
from recto.training.losses import Classification, make_loss
from recto.training.networks import build, embedding_size, normalisation
from recto.training.parallel import Stepper
from recto.training.prepare import prepare
from recto.training.sources import Split
from recto.training.validation import Judge
from recto.training.world import World

LINES_EVERY = 10
"""Steps between two lines of the curve."""
MAY_CHANGE = ("hardware", "validation", "schedule")
"""Tables that a run may be resumed with other values of."""


@dataclass(frozen=True)
class Progress:
    """What a run tells: at each line of the curve, and at each validation."""

    step: int
    steps: int
    loss: float
    right: float
    images_a_second: float
    seconds_left: float
    recall: dict[str, float] | None = None


class Run:
    """Network, loss and optimiser of one training, and how they are kept."""

    def __init__(
        self, out: Path, config: Config, split: Split, settings: Settings, base: Path, world: World
    ) -> None:
        self.out, self.config, self.split, self.world = out, config, split, world
        self.device = world.local_device(_device(config.hardware.device))
        torch.manual_seed(config.seed)
        colours = normalisation(config.network.backbone)
        network = build(config.network, settings, base)
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        dimension = embedding_size(network, config.network)
        self.loss = make_loss(config.loss, dimension, len(split.training.names)).to(self.device)
        self.optimiser = _optimiser(config, [self.network, self.loss])
        self.stepper = Stepper(self.network, self.device, config.hardware, colours, world)
        self.judge = Judge(config, split.held_out, colours)
        self.step, self.best, self.best_step, self.ended = 0, -1.0, 0, False
        self._restore()

    def _restore(self) -> None:
        kept = load_checkpoint(self.out / "checkpoint.pt")
        if kept is None:
            return
        self.network.load_state_dict(kept["network"])
        self.loss.load_state_dict(kept["loss"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.stepper.scaler.load_state_dict(kept["scaler"])
        torch.set_rng_state(kept["random"])
        if self.device.type == "cuda" and kept["random_of_device"] is not None:
            torch.cuda.set_rng_state(kept["random_of_device"], self.device)
        self.step, self.ended = kept["step"], kept["ended"]
        self.best, self.best_step = kept["best"], kept["best_step"]
        if self.world.leads:
            cut_after(self.out / "curve.csv", self.step)
        self.stepper.share_statistics()

    def keep(self) -> None:
        """Write the checkpoint."""
        content = {
            "network": self.network.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.stepper.scaler.state_dict(),
            "random": torch.get_rng_state(),
            "random_of_device": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
            "step": self.step,
            "best": self.best,
            "best_step": self.best_step,
            "ended": self.ended,
        }
        if self.world.leads:
            save_atomically(content, self.out / "checkpoint.pt")

    @property
    def classifier(self) -> nn.Module | None:
        """What names classes, where that is trained."""
        return self.loss.classifier if isinstance(self.loss, Classification) else None

    def train_step(self, batch: Batch) -> tuple[float, float]:
        """One update; the loss and the share that is found in the batch.

        Raises:
            BadInput: the loss is no number any more.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.optimiser.rate * rate_share(self.config.schedule, self.step)
        numbers = (0.0, 0.0)

        def loss_of(rows: Tensor, whole: Batch) -> Tensor:
            nonlocal numbers
            loss, right = self.loss(rows, whole)
            numbers = (float(loss.detach()), float(right))
            return loss  # type: ignore[no-any-return]

        self.optimiser.zero_grad()
        self.stepper.step(batch, loss_of)
        if not math.isfinite(numbers[0]):
            raise BadInput(
                f"The loss is {numbers[0]} at step {self.step}: lower optimiser.rate and begin anew."
            )
        self.stepper.scaler.unscale_(self.optimiser)
        parameters = [*self.network.parameters(), *self.loss.parameters()]
        torch.nn.utils.clip_grad_norm_(parameters, self.config.optimiser.clip)
        self.stepper.scaler.step(self.optimiser)
        self.stepper.scaler.update()
        self.step += 1
        return numbers

    def validate(self, size: tuple[int, int]) -> dict[str, float]:
        """Recall of the held-out pictures; the best network so far is kept, and whether to end is decided.

        Networks that saw smaller inputs are not compared: the best is one of the full size.
        """
        self.world.average_buffers(self.network)
        recall = self.judge.recall(self.network, size, self.stepper.dtype, self.classifier)
        found = self.world.from_leader(recall["recall_1"])
        if size == (self.config.network.height, self.config.network.width):
            if found > self.best:
                self.best, self.best_step = found, self.step
                if self.world.leads:
                    best = {
                        "network": self.network.state_dict(),
                        "loss": self.loss.state_dict(),
                        "step": self.step,
                    }
                    save_atomically(best, self.out / "best.pt")
            patience = self.config.validation.patience
            waited = (self.step - self.best_step) // self.config.validation.every
            self.ended = bool(patience) and waited >= patience
        return recall


def train(
    out: Path,
    config: Config,
    settings: Settings,
    base: Path,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Run:
    """Train to the end, from the last checkpoint in `out` where there is one.

    `base`: folder that paths of the configuration are relative to.

    Raises:
        BadInput: something of the configuration does not fit what there is, or `out` is of another run.
    """
    out.mkdir(parents=True, exist_ok=True)
    world = World.from_torchrun()
    if world.leads:
        _keep_config(out, config)
        prepare(config, out, settings, base)
    world.wait()
    split = prepare(config, out, settings, base)
    _check_counts(config, split)
    run = Run(out, config, split, settings, base, world)
    sizes, begun, first = step_sizes(config.network, config.schedule), time.monotonic(), run.step
    steps = config.schedule.steps
    if not run.ended and run.step < steps:
        with _batches(run, sizes) as batches:
            for batch in batches:
                loss, right = run.train_step(batch)
                is_last = run.step == steps
                is_judged = run.step % config.validation.every == 0 or is_last
                recall = run.validate(sizes[run.step - 1]) if is_judged else None
                if run.step % LINES_EVERY == 0 or recall:
                    seconds = (time.monotonic() - begun) / (run.step - first)
                    images = 2 * config.sampler.pairs * world.size / seconds
                    _tell(
                        run,
                        Progress(run.step, steps, loss, right, images, seconds * (steps - run.step), recall),
                        tell,
                    )
                if run.step % config.hardware.checkpoint_every == 0 or is_last or run.ended:
                    run.keep()
                if run.ended:
                    break
    world.leave()
    return run


def check(out: Path, config: Config, settings: Settings, base: Path) -> tuple[Split, int]:
    """Do everything that comes before the first step; the pictures and the number of parameters that would be trained.

    Raises:
        BadInput: something does not fit.
    """
    split = prepare(config, out, settings, base)
    _check_counts(config, split)
    _device(config.hardware.device)
    network = build(config.network, settings, base)
    return split, sum(part.numel() for part in network.parameters() if part.requires_grad)


def rate_share(schedule: Schedule, step: int) -> float:
    """Share of the learning rate at a step."""
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    left = min(1.0, (schedule.steps - step) / schedule.decay) if schedule.decay else 1.0
    return warm * (1 - math.cos(math.pi * left)) / 2


@contextmanager
def _batches(run: Run, sizes: tuple[tuple[int, int], ...]) -> Iterator[Iterator[Batch]]:
    """The batches from the step of the run on, made by worker processes or on the device."""
    config, images = run.config, run.split.training
    sampler, augmentation = config.sampler, config.augmentation
    rank = run.world.rank
    plan = Plan(config.seed, sampler.pairs, sampler.kind, augmentation, config.has_classes, sizes, rank)
    if augmentation.on == "device":
        source = DeviceSource(images, plan, run.device)
        yield (source.batch(step) for step in range(run.step, len(sizes)))
        return
    with pairs_from(images, plan, run.step, config.hardware.workers) as pairs:
        yield (to_batch(each, run.device) for each in pairs)


def _tell(run: Run, progress: Progress, tell: Callable[[Progress], None]) -> None:
    if not run.world.leads:
        return
    rate = run.config.optimiser.rate * rate_share(run.config.schedule, progress.step - 1)
    numbers = {"step": float(progress.step), "loss": progress.loss, "right": progress.right, "rate": rate}
    append(run.out / "curve.csv", {**numbers, **(progress.recall or {})})
    tell(progress)


def _device(setting: str) -> torch.device:
    try:
        return choose_device(setting)
    except RectoError as error:
        raise WrongValue("hardware.device", str(error)) from error


def _optimiser(config: Config, modules: list[nn.Module]) -> torch.optim.Optimizer:
    """Matrices are decayed, biases and norms are not."""
    parameters = [part for module in modules for part in module.parameters() if part.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [part for part in parameters if part.ndim > 1]},
        {"params": [part for part in parameters if part.ndim == 1], "weight_decay": 0.0},
    ]
    chosen = config.optimiser
    if chosen.kind == "sgd":
        return torch.optim.SGD(groups, chosen.rate, chosen.momentum, weight_decay=chosen.weight_decay)
    return torch.optim.AdamW(groups, lr=chosen.rate, weight_decay=chosen.weight_decay)


def _check_counts(config: Config, split: Split) -> None:
    count = len(split.training)
    if config.sampler.pairs > count:
        why = f"{config.sampler.pairs} pairs need as many pictures, and there are {count}."
        raise WrongValue("sampler.pairs", why)
    if len(split.held_out) < 2:
        why = f"{len(split.held_out)} pictures are held out; at least 2 are needed."
        raise WrongValue("data.held_out", why)


def _keep_config(out: Path, config: Config) -> None:
    """Write the configuration into the folder of its run, and refuse another one's folder."""
    path = out / "config.json"
    wanted = config.model_dump()
    if path.exists():
        kept = json.loads(path.read_text())
        changed = [key for key in wanted if key not in MAY_CHANGE and wanted[key] != kept.get(key)]
        if changed:
            raise BadInput(
                f"{out} is of a training with other values of {', '.join(changed)}. Name another folder with --out, "
                f"or delete this one."
            )
    path.write_text(json.dumps(wanted, indent=2) + "\n")
