"""The state of a training run: what a step changes, what validation decides, and how it is kept."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from recto.errors import BadInput
from recto.settings import Settings
from recto_lab.training.checkpoint import load_checkpoint, save_atomically
from recto_lab.training.checks import chosen_device
from recto_lab.training.config import Config
from recto_lab.training.curves import cut_after
from recto_lab.training.inputs import Batch
from recto_lab.training.losses import Classification, make_loss
from recto_lab.training.networks import build, embedding_size, normalisation
from recto_lab.training.optimising import make_optimiser, rate_share
from recto_lab.training.parallel import Stepper
from recto_lab.training.sources import Split
from recto_lab.training.validation import Judge
from recto_lab.training.world import World


class Run:
    """Network, loss and optimiser of one training, and how they are kept."""

    def __init__(
        self, out: Path, config: Config, split: Split, settings: Settings, base: Path, world: World
    ) -> None:
        self.out, self.config, self.split, self.world = out, config, split, world
        self.device = world.local_device(chosen_device(config.hardware.device))
        torch.manual_seed(config.seed)
        colours = normalisation(config.network.backbone)
        network = build(config.network, settings, base)
        self.network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        dimension = embedding_size(network, config.network)
        self.loss = make_loss(config.loss, dimension, len(split.training.names)).to(self.device)
        self.optimiser = make_optimiser(config, [self.network, self.loss])
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
