"""What simulated photos cost: made on the CPU with OpenCV, and in batches with torch on the CPU and on a CUDA device.

    python benchmarks/device_views.py [--pairs 512] [--height 160] [--rounds 5]

A pair is a catalogue view and a photo. On the CPU one core is used, and its processor time counts; on CUDA the clock,
from the first call to the device being done. The best round counts. Needs no data: covers are drawn first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import click
import cv2
import numpy as np
import torch

from recto_lab.training.augment import PhotoOptions
from recto_lab.training.batches import Plan, make_pairs
from recto_lab.training.config import Augmentation
from recto_lab.training.covers import HEIGHT, WIDTH
from recto_lab.training.device_views import make_pairs_on_device
from recto_lab.training.pictures import draw_picture

COVERS = 1000


@click.command()
@click.option("--pairs", default=512)
@click.option("--height", default=160)
@click.option("--rounds", default=5)
def main(pairs: int, height: int, rounds: int) -> None:
    """Pairs per second."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    drawn = np.stack([draw_picture(np.random.default_rng((1, i)), HEIGHT, WIDTH) for i in range(COVERS)])
    click.echo(f"{pairs} pairs of {height} pixels' height\n\n| made with | pairs per second |\n|---|---|")
    size = (height, round(height * 3 / 4 / 16) * 16)
    plan = Plan(1, pairs, "random", Augmentation(), False, (size,) * (rounds + 1))

    def with_opencv(step: int) -> None:
        make_pairs(drawn, np.arange(COVERS), plan, step)

    _row("OpenCV, one core", pairs, _seconds(with_opencv, rounds, time.process_time))
    for device in ("cpu", "cuda"):
        if device == "cuda" and not torch.cuda.is_available():
            click.echo("| torch, CUDA | no CUDA device here |")
            continue
        make = _with_torch(torch.from_numpy(drawn).to(device), pairs, size)
        name = "torch, one core" if device == "cpu" else f"torch, {torch.cuda.get_device_name()}"
        clock = time.process_time if device == "cpu" else time.perf_counter
        _row(name, pairs, _seconds(make, rounds, clock))


def _with_torch(covers: torch.Tensor, pairs: int, size: tuple[int, int]) -> Callable[[int], None]:
    def make(step: int) -> None:
        chosen = torch.arange(step * pairs, (step + 1) * pairs) % COVERS
        make_pairs_on_device(
            covers, (1, step), chosen.to(covers.device), size, PhotoOptions(), Augmentation().mixed
        )
        if covers.is_cuda:
            torch.cuda.synchronize()

    return make


def _seconds(make: Callable[[int], None], rounds: int, clock: Callable[[], float]) -> float:
    """The best round after one that is there to get warm."""
    make(0)
    best = float("inf")
    for step in range(1, rounds + 1):
        start = clock()
        make(step)
        best = min(best, clock() - start)
    return best


def _row(name: str, pairs: int, seconds: float) -> None:
    click.echo(f"| {name} | {pairs / seconds:,.0f} |")


if __name__ == "__main__":
    main()
