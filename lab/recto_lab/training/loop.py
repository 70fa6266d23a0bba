"""A training run from beginning to end.

The folder of a run holds `config.json`, the prepared pictures, `checkpoint.pt`, `best.pt`, `curve.csv`, and at its end
what `recto_lab.training.result` writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recto.settings import Settings
from recto_lab.training.batches import Plan, pairs_from, step_sizes
from recto_lab.training.checks import check_counts, keep_config
from recto_lab.training.config import Config
from recto_lab.training.curves import append
from recto_lab.training.device_source import DeviceSource
from recto_lab.training.inputs import Batch, to_batch
from recto_lab.training.optimising import rate_share
from recto_lab.training.prepare import prepare
from recto_lab.training.run import Run
from recto_lab.training.world import World

LINES_EVERY = 10
"""Steps between two lines of the curve."""


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
        keep_config(out, config)
        prepare(config, out, settings, base)
    world.wait()
    split = prepare(config, out, settings, base)
    check_counts(config, split)
    run = Run(out, config, split, settings, base, world)
    if not run.ended and run.step < config.schedule.steps:
        _go_on(run, tell)
    world.leave()
    return run


def _go_on(run: Run, tell: Callable[[Progress], None]) -> None:
    """The steps that are left."""
    config, steps = run.config, run.config.schedule.steps
    sizes, begun, first = step_sizes(config.network, config.schedule), time.monotonic(), run.step
    with _batches(run, sizes) as batches:
        for batch in batches:
            loss, right = run.train_step(batch)
            is_last = run.step == steps
            is_judged = run.step % config.validation.every == 0 or is_last
            recall = run.validate(sizes[run.step - 1]) if is_judged else None
            if run.step % LINES_EVERY == 0 or recall:
                seconds = (time.monotonic() - begun) / (run.step - first)
                images = 2 * config.sampler.pairs * run.world.size / seconds
                left = seconds * (steps - run.step)
                _tell(run, Progress(run.step, steps, loss, right, images, left, recall), tell)
            if run.step % config.hardware.checkpoint_every == 0 or is_last or run.ended:
                run.keep()
            if run.ended:
                break


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
