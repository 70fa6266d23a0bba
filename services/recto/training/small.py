"""Train `recto_small` on drawn covers: `python -m recto.training.small --out DIR`.

Run it again with the same folder to go on where it stopped.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from recto.training.options import Options


def main() -> None:
    """Command line: every option of `Options`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of covers, checkpoint and log")
    for entry in fields(Options):
        parser.add_argument(
            f"--{entry.name.replace('_', '-')}", type=type(entry.default), default=entry.default
        )
    arguments = vars(parser.parse_args())
    # Only here: worker processes import this module too, and torch would take each of them seconds and memory.
    from recto.training.run import train

    train(arguments.pop("out"), Options(**arguments))


if __name__ == "__main__":
    main()
