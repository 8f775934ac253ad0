"""Where the weights of Mask R-CNN come from, and which classes they know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn
from torchvision.models import WeightsEnum, detection
from torchvision.models.detection import MaskRCNN

from reobj.detection.mask_rcnn.detector_file import load_detector
from reobj.detection.mask_rcnn.shipped_detectors import detector_folder, shipped_detectors
from reobj.detection.mask_rcnn.torchvision_networks import NETWORKS, build_network, network_entry
from reobj.errors import ModelError, mismatch
from reobj.weights import SUFFIXES, State, download_weights, load_into, read_weights

#: Names of COCO's classes by the network's class index, as torchvision publishes them with its weights.
COCO_LABELS: tuple[str, ...] = tuple(detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"])

_BACKGROUND = COCO_LABELS[0]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedNetwork:
    """A network with its weights, on the CPU.

    Attributes:
        network: in torchvision's form.
        names: of its classes by index; the first is the background.
        input_size: shorter side in pixels that it was trained with.
        architecture: as in ``NETWORKS``.
    """

    network: MaskRCNN
    names: tuple[str, ...]
    input_size: int
    architecture: str


def published_weights(network: str) -> WeightsEnum:
    """The weights trained on COCO that torchvision publishes of a network.

    Raises:
        ModelError: unknown network, or there are none.
    """
    published = network_entry(network).coco
    if published is None:
        known = ", ".join(name for name, entry in NETWORKS.items() if entry.coco is not None)
        raise ModelError(
            f"weights coco: torchvision has none of {network}, only of {known}; give a folder that "
            "reobj train-detector wrote"
        )
    return published


def load_network(network: str, weights: str) -> LoadedNetwork:
    """The network with its weights.

    Args:
        network: its name; not looked at where the weights are a folder.
        weights: ``coco``, ``random``, the name of a detector that ships, a folder of ``save_detector``, or a
            file.

    Raises:
        ModelError: the weights cannot be had, or belong to another network.
    """
    folder = None if weights in ("coco", "random") else detector_folder(weights)
    if folder is not None:
        card, loaded = load_detector(folder)
        spec = card.spec
        return LoadedNetwork(loaded, (_BACKGROUND, *spec.labels), spec.input_size, spec.network)
    size = network_entry(network).input_size
    built = build_network(network, len(COCO_LABELS) - 1, size)
    if weights == "coco":
        published = published_weights(network)
        _load(built, download_weights(published), str(published))
    elif weights.endswith(SUFFIXES):
        _load(built, read_weights(Path(weights).expanduser()), weights)
    elif weights != "random":
        names = ", ".join(["coco", *shipped_detectors()])
        expected = f"{names}, a folder of reobj train-detector, or a file {', '.join(SUFFIXES)}"
        raise ModelError(mismatch("weights", expected, repr(weights)))
    return LoadedNetwork(built, COCO_LABELS, size, network)


def _load(network: nn.Module, state: State, origin: str) -> None:
    """Loads weights whose batch normalisation may have been frozen when they were trained.

    Those (torchvision's first version) lack the counters of batches, and were made with an epsilon of 0.
    """
    counters = {k: v for k, v in network.state_dict().items() if k.endswith("num_batches_tracked")}
    load_into(network, {**counters, **state}, origin)
    if counters and not counters.keys() & state.keys():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 0.0
