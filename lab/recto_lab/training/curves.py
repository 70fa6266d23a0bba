"""The curve of a run: a table that grows by a line, and a picture of it."""

from __future__ import annotations

import csv
from pathlib import Path

COLUMNS = ("step", "loss", "right", "rate", "recall_1", "recall_10")


def cut_after(path: Path, step: int) -> None:
    """Drop what a killed run wrote after its last checkpoint: it will be written again."""
    if not path.exists():
        return
    lines = [line for line in read_curve(path) if line["step"] <= step]
    temporary = path.with_suffix(".part")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in line.items()} for line in lines)
    temporary.replace(path)


def append(path: Path, numbers: dict[str, float]) -> None:
    """Add a line; columns that are not named stay empty."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        writer.writerow({key: f"{value:.6g}" for key, value in numbers.items()})


def read_curve(path: Path) -> list[dict[str, float]]:
    """The whole lines of a curve; a last one that was cut off by a kill is passed over."""
    lines = []
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            try:
                lines.append({key: float(value) for key, value in line.items() if key in COLUMNS and value})
            except (TypeError, ValueError):
                continue
    return [line for line in lines if "step" in line]


def draw_curve(path: Path, target: Path) -> None:
    """A picture of a curve: loss on the left, what is found on the right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # needs no display, and no state of its own
    from matplotlib.figure import Figure

    lines = read_curve(path)
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    loss, found = figure.subplots(1, 2)
    for axes, column, label, style in (
        (loss, "loss", "loss", "-"),
        (found, "right", "in the batch, while training", "-"),
        (found, "recall_1", "recall@1, held out", "o-"),
        (found, "recall_10", "recall@10, held out", "o-"),
    ):
        points = [(line["step"], line[column]) for line in lines if column in line]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label, markersize=3, linewidth=1.2)
    loss.set(title="Loss", xlabel="step")
    found.set(title="Share that is found", xlabel="step", ylim=(0, 1.02))
    for axes in (loss, found):
        axes.grid(alpha=0.3)
    if found.lines:
        found.legend(loc="lower right", fontsize=8)
    figure.savefig(target, dpi=110, metadata={"Software": None})
