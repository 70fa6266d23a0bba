"""Several processes that train one network together, one for each GPU: `torchrun` starts them.

Embeddings are gathered, so that the loss sees the batch of all of them; gradients are added up.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn

from recto_lab.training.inputs import Batch


class World:
    """The processes that train together; only one, unless `torchrun` says otherwise."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @classmethod
    def from_torchrun(cls) -> World:
        """The processes that `torchrun` started, connected with each other."""
        if not dist.is_torchelastic_launched():
            return cls()
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def leads(self) -> bool:
        """Whether this process writes files and lines for all."""
        return self.rank == 0

    def local_device(self, device: torch.device) -> torch.device:
        """The GPU of this process, where there are several."""
        if device.type != "cuda" or self.size == 1:
            return device
        return torch.device("cuda", dist.get_node_local_rank())

    def gather(self, rows: Tensor) -> tuple[Tensor, slice]:
        """The rows (N, ...) of all processes in order, without gradient, and which of them are this one's. All have as
        many."""
        if self.size == 1:
            return rows, slice(0, len(rows))
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts), slice(self.rank * len(rows), (self.rank + 1) * len(rows))

    def gather_batch(self, batch: Batch) -> Batch:
        """The batch with the labels and rows of all processes, and the images of this one."""
        if self.size == 1:
            return batch
        offset = self.rank * 2 * len(batch.labels)
        gathered = (
            self.gather(part)[0] for part in (batch.labels, batch.catalogue + offset, batch.photos + offset)
        )
        return batch.with_rows(*gathered)

    def add_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Add up the gradients of all processes, in place."""
        if self.size == 1:
            return
        flat = torch.cat([parameter.grad.flatten() for parameter in parameters if parameter.grad is not None])
        dist.all_reduce(flat)
        start = 0
        for parameter in parameters:
            if parameter.grad is not None:
                count = parameter.grad.numel()
                parameter.grad.copy_(flat[start : start + count].view_as(parameter.grad))
                start += count

    def average_buffers(self, network: nn.Module) -> None:
        """Average batch statistics over all processes, in place."""
        if self.size == 1:
            return
        for buffer in network.buffers():
            if buffer.is_floating_point():
                dist.all_reduce(buffer)
                buffer.div_(self.size)

    def from_leader(self, value: float) -> float:
        """A number of the leading process, for all: so that all end at the same step."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Disconnect."""
        if self.size > 1:
            dist.destroy_process_group()
