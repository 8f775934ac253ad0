"""The network that a run starts from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torchvision.models.detection import MaskRCNN

from reobj.detection.mask_rcnn.detector_file import load_detector
from reobj.detection.mask_rcnn.mask_rcnn_weights import load_network
from reobj.detection.mask_rcnn.torchvision_networks import build_network, load_backbone, network_entry
from reobj.detector_training.config import DetectorTrainConfig
from reobj.errors import ConfigError, mismatch
from reobj.weights import State, download_weights

#: The layers whose rows belong to classes: of other classes nothing can be taken over.
_OF_CLASSES = ("roi_heads.box_predictor.", "roi_heads.mask_predictor.mask_fcn_logits.")
#: Share of a new batch in the running statistics: torchvision's 0.01 for MobileNet follows too slowly for a
#: run of some hundred steps.
_MOMENTUM = 0.1


def start_network(config: DetectorTrainConfig, labels: tuple[str, ...]) -> MaskRCNN:
    """The network of a run with the weights it starts from, on the CPU; equal for equal seeds.

    Args:
        config: of the run.
        labels: of the network's classes 1, 2, ...

    Raises:
        ModelError: the weights cannot be had, or belong to another network.
        ConfigError: the folder's network is not the one that was asked for.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = build_network(config.network, len(labels), config.size)
    if config.start == "backbone":
        load_backbone(network, download_weights(network_entry(config.network).backbone))
    elif config.start == "coco":
        _take_over(network, load_network(config.network, "coco").network.state_dict(), False)
    elif config.start != "random":
        card, trained = load_detector(Path(config.start).expanduser())
        if card.spec.network != config.network:
            raise ConfigError(
                mismatch("network", f"{card.spec.network} as in {config.start}", config.network)
            )
        _take_over(network, trained.state_dict(), card.spec.labels == labels)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = _MOMENTUM
    return network


def _take_over(network: nn.Module, state: State, classes: bool) -> None:
    """Copies the tensors of another network of the same kind; those of the classes if these are the same."""
    taken = {name: value for name, value in state.items() if classes or not name.startswith(_OF_CLASSES)}
    network.load_state_dict({**network.state_dict(), **taken})
