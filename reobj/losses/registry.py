"""All losses by name. A new one is a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from reobj.errors import ConfigError, mismatch
from reobj.losses.inherent import InherentConfig, InherentLoss
from reobj.losses.maskreid_ranking import MaskReidRankingConfig, MaskReidRankingLoss
from reobj.losses.n_pair import NPairConfig, NPairLoss
from reobj.losses.sup_con import SupConConfig, SupConLoss
from reobj.losses.triplet import (
    BatchAllTripletLoss,
    BatchHardTripletLoss,
    MinedTripletConfig,
    TripletConfig,
    TripletLoss,
)
from reobj.settings import from_mapping


@dataclass(frozen=True, slots=True)
class LossEntry:
    """How a loss is made.

    Attributes:
        config: dataclass of its configuration, complete by default.
        make: ``make(config, dim, classes)``; most need neither ``dim`` nor ``classes``.
    """

    config: type[Any]
    make: Callable[[Any, int, int], nn.Module]


def _of_pairs(config: type[Any], loss: Callable[[Any], nn.Module]) -> LossEntry:
    """A loss that only compares embeddings, and has no parameters."""
    return LossEntry(config, lambda values, _dim, _classes: loss(values))


LOSSES: dict[str, LossEntry] = {
    "triplet": _of_pairs(TripletConfig, TripletLoss),
    "triplet_batch_hard": _of_pairs(MinedTripletConfig, BatchHardTripletLoss),
    "triplet_batch_all": _of_pairs(MinedTripletConfig, BatchAllTripletLoss),
    "n_pair": _of_pairs(NPairConfig, NPairLoss),
    "sup_con": _of_pairs(SupConConfig, SupConLoss),
    "maskreid_ranking": _of_pairs(MaskReidRankingConfig, MaskReidRankingLoss),
    "inherent": LossEntry(InherentConfig, InherentLoss),
}


def loss_entry(name: str) -> LossEntry:
    """Raises ConfigError for an unknown name, with those that are known."""
    if name not in LOSSES:
        raise ConfigError(mismatch("loss", f"one of {', '.join(sorted(LOSSES))}", repr(name)))
    return LOSSES[name]


def make_loss(name: str, dim: int, classes: int, **options: object) -> nn.Module:
    """A loss by name, e.g. ``make_loss("sup_con", 512, 1701, temperature=0.07)``.

    It is called with embeddings (B, D) and labels (B,), see ``CheckedBatch``. One with parameters
    (``inherent``) must be moved to the device and given to the optimiser.

    Args:
        name: as in ``LOSSES``.
        dim: length of an embedding.
        classes: number of identities of the training set.
        options: fields of its configuration; those left out keep their defaults.

    Raises:
        ConfigError: an unknown name or option, or a wrong value.
        InputError: ``dim`` or ``classes`` is not positive, where the loss needs them.
    """
    entry = loss_entry(name)
    return entry.make(from_mapping(entry.config, options, f"loss.{name}"), dim, classes)
