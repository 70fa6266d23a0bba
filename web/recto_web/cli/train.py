"""`recto train`: an encoder of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recto.settings import Settings
from recto_web.cli.extras import require
from recto_web.cli.progress import Progress as Bar

if TYPE_CHECKING:
    from recto_lab.training.config import Config
    from recto_lab.training.loop import Progress


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run; CONFIG without its ending if left out. Name it again to go on where a run stopped.",
)
@click.option("--check", is_flag=True, help="Check everything, prepare the pictures, and train nothing.")
def train(config: Path, out: Path | None, check: bool) -> None:
    """Train an encoder as the TOML file CONFIG says.

    A run that was killed goes on from its last checkpoint when it is started again, to the same result. With several
    GPUs: `torchrun --nproc-per-node N --no-python PATH/TO/recto train CONFIG`. docs/training.md explains the file.
    """
    require("worker", "train")  # told now, and not after hours
    from recto_lab.training.config import WrongValue
    from recto_lab.training.read_config import at_line, read_config

    chosen = read_config(config)
    try:
        _run(config, out or config.with_suffix(""), chosen, check=check)
    except WrongValue as fault:
        raise at_line(config, fault) from fault


def _run(path: Path, folder: Path, chosen: Config, *, check: bool) -> None:
    settings, base = Settings.from_environment(), path.parent
    if check:
        _check(folder, chosen, settings, base)
        return
    from recto_lab.training.loop import train as run_training
    from recto_lab.training.result import finish

    with Bar(chosen.name) as bar:

        def tell(progress: Progress) -> None:
            bar.update(progress.step, total=progress.steps)
            if progress.recall is not None or progress.step % 50 == 0:
                click.echo(_line(progress))

        run = run_training(folder, chosen, settings, base, tell)
    if run.world.leads:
        _show(finish(run), folder)


def _check(folder: Path, chosen: Config, settings: Settings, base: Path) -> None:
    from recto_lab.training.checks import check

    split, parameters = check(folder, chosen, settings, base)
    click.echo(
        f"{len(split.training)} pictures to learn from, {len(split.held_out)} held out, "
        f"{len(split.left_out)} left out; {parameters:,} parameters are trained. Nothing is wrong."
    )


def _line(progress: Progress) -> str:
    """One line of progress."""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    found = "".join(
        f"  {name.replace('_', '@')} {value:.3f}" for name, value in (progress.recall or {}).items()
    )
    return (
        f"step {progress.step} of {progress.steps}  loss {progress.loss:.3f}  found in the batch {progress.right:.2f}  "
        f"{progress.images_a_second:.0f} images/s  {minutes}:{seconds:02} left{found}"
    )


def _show(report: dict[str, Any], folder: Path) -> None:
    found = ", ".join(
        f"{key.replace('_', '@')} {report[key]:.3f}"
        for key in ("recall_1", "recall_10", "recall_100")
        if key in report
    )
    click.echo(
        f"Done: {found}; precision {report['precision']:.3f}, recall {report['recall']:.3f}, F1 {report['f1']:.3f}."
    )
    click.echo(f"The report is {folder / 'report.md'}, the curve {folder / 'curve.png'}.")
    click.echo(f"To use it: recto encoders add {folder / 'encoder'}")


COMMANDS = (train,)
