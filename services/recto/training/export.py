"""Make the shipped file of a trained network: `python -m recto.training.export CHECKPOINT FILE`.

Batch normalisation is folded into the convolutions and the numbers are kept in half precision: 2.4 MB.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import click
import torch

from recto.encoders.small_network import SmallNetwork, fold
from recto.training.checkpoint import load_checkpoint, save_atomically


def export(checkpoint: Path, target: Path) -> str:
    """Write the shipped form of the network in a checkpoint and return its SHA-256.

    Raises:
        FileNotFoundError: there is no such checkpoint.
    """
    kept = load_checkpoint(checkpoint)
    if kept is None:
        raise FileNotFoundError(checkpoint)
    network = SmallNetwork()
    network.load_state_dict(kept["network"])
    state = {name: value.half().contiguous() for name, value in fold(network).state_dict().items()}
    save_atomically(state, target)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sha256 = export(arguments.checkpoint, arguments.file)
    click.echo(f"{arguments.file}: {arguments.file.stat().st_size} bytes, sha256 {sha256}")


if __name__ == "__main__":
    main()
