"""What is trained: the network together with its loss, and the state to go back to after a bad step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reobj.encoding.crops import Crops
from reobj.encoding.model_spec import build_network
from reobj.losses.registry import loss_entry
from reobj.training.config import TrainConfig


class Learner(nn.Module):
    """Crops to loss in one module, so that a distributed run synchronises the parameters of both.

    Args:
        network: crops to embeddings.
        loss: embeddings and identities to a scalar; may have parameters.
    """

    def __init__(self, network: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.network, self.loss = network, loss

    def forward(
        self, foreground: Tensor, background: Tensor, mask: Tensor, inside: Tensor, objects: Tensor
    ) -> Tensor:
        """() float32: the loss of a batch. The tensors are those of ``Crops``, objects (B,) int64.

        They come one by one, as a wrapper that changes precision or device looks for tensors.
        """
        loss: Tensor = self.loss(self.network(Crops(foreground, background, mask, inside)), objects)
        return loss


class BufferGuard:
    """Running statistics as they were before a batch whose loss turned out not to be finite.

    The forward pass has moved them by then, and a NaN there would stay for ever.
    """

    def __init__(self, module: nn.Module) -> None:
        self._buffers = list(module.buffers())
        self._kept = [buffer.clone() for buffer in self._buffers]

    @torch.no_grad()
    def keep(self) -> None:
        """Takes the present state as good."""
        for kept, buffer in zip(self._kept, self._buffers, strict=True):
            kept.copy_(buffer)

    @torch.no_grad()
    def restore(self) -> None:
        """Goes back to the last good state."""
        for kept, buffer in zip(self._kept, self._buffers, strict=True):
            buffer.copy_(kept)


def make_learner(config: TrainConfig, classes: int) -> Learner:
    """The network and the loss of a run, on the CPU; equal for equal seeds.

    Args:
        config: of the run.
        classes: number of objects of the training set, for a loss with a classifier. A mirrored object
            stays in its class.

    Raises:
        ModelError: options that do not go together, or pretrained weights that cannot be had.
    """
    network = build_network(config.model, config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed + 1)
        loss = loss_entry(config.loss.name).make(config.loss.options, int(network.dim), classes)  # type: ignore[arg-type]
    return Learner(network, loss).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
