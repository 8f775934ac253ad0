"""All networks by name. A new one is a file of its own and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from reobj.encoding.network_appearance import AppearanceConfig, AppearanceNetwork
from reobj.encoding.network_attention import AttentionConfig, make_attention
from reobj.encoding.network_inherent import InherentConfig, make_inherent
from reobj.encoding.network_maskreid import MaskReID, MaskReIDConfig
from reobj.encoding.network_osnet import OSNet, OSNetConfig
from reobj.encoding.network_reobj import ReobjConfig, make_reobj
from reobj.encoding.network_small import Small, SmallConfig
from reobj.errors import ModelError, mismatch


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """How a network is made.

    What is made maps ``Crops`` to embeddings (N, ``dim``) float32, row by row in evaluation mode, has the
    attributes ``dim`` and ``setup``, and ``explain_layers()``: the last layer with places of each stream.

    Attributes:
        config: dataclass of its configuration, complete by default; it has a ``setup``.
        make: ``make(config, crop_size)``; weights are drawn from torch's global generator.
    """

    config: type[Any]
    make: Callable[[Any, int], nn.Module]


def _of_any_size(config: type[Any], network: Callable[[Any], nn.Module]) -> NetworkEntry:
    """A network that is the same for crops of every size."""
    return NetworkEntry(config, lambda values, _crop_size: network(values))


NETWORKS: dict[str, NetworkEntry] = {
    "reobj": NetworkEntry(ReobjConfig, make_reobj),
    "attention": NetworkEntry(AttentionConfig, make_attention),
    "maskreid": _of_any_size(MaskReIDConfig, MaskReID),
    "inherent": NetworkEntry(InherentConfig, make_inherent),
    "osnet": _of_any_size(OSNetConfig, OSNet),
    "appearance": NetworkEntry(AppearanceConfig, AppearanceNetwork),
    "small": _of_any_size(SmallConfig, Small),
}


def network_entry(name: str) -> NetworkEntry:
    """Raises ModelError for an unknown name, with those that are known."""
    if name not in NETWORKS:
        raise ModelError(mismatch("network", f"one of {', '.join(sorted(NETWORKS))}", repr(name)))
    return NETWORKS[name]
