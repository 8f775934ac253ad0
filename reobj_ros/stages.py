"""Makes the stages of a node from its parameters: the same configuration as offline."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.config import build_associator, build_detector, build_encoder, parse_config
from reobj.detection.base import Detector
from reobj.detection.imperfections import ImperfectionConfig
from reobj.detection.registry import DETECTORS, detector_entry
from reobj.devices import describe_device, resolve_device
from reobj.encoding.base import Encoder
from reobj.encoding.registry import DEFAULT_ENCODER, ENCODERS, encoder_entry
from reobj.types import ModelId
from reobj_ros.config_parameters import config_parameters, nested
from reobj_ros.parameters import Parameter, declare
from reobj_ros.stage_node import StageNode
from reobj_ros.transforms import PoseSource
from reobj_ros.truth_input import TruthInput

DEVICE = (Parameter("device", "auto", "of the networks: auto, cpu, cuda or cuda:N"),)
DETECTOR = (
    Parameter(
        "detector.name", "mask_rcnn", "which detector finds the masks", choices=tuple(sorted(DETECTORS))
    ),
    Parameter("detector.imperfect", False, "add the mistakes of detector.imperfections, to try the rest on"),
)
ENCODER = (
    Parameter(
        "encoder.name",
        DEFAULT_ENCODER,
        "which encoder makes the embeddings",
        choices=tuple(sorted(ENCODERS)),
    ),
)
MAP = (
    Parameter(
        "map_file",
        "",
        "the object map lives in this file and is there again after a restart; made when it is not there; "
        "empty = the map ends with the node",
    ),
)


class Stages:
    """Declares the parameters of each stage that the node asks for, and makes it.

    Args:
        node: whose ``settings`` hold the names of detector and encoder, and the device.

    Raises:
        ReobjError: from each method, when the stage cannot be made; the message names the parameter.
    """

    def __init__(self, node: StageNode) -> None:
        self._node = node
        self._settings = node.settings
        self.truth: TruthInput | None = None
        self.device: torch.device | None = None
        if "device" in self._settings:
            self.device = resolve_device(self._settings["device"])
            node.get_logger().info(f"running on {describe_device(self.device)}")
            if self.device.type == "cpu" and torch.cuda.is_available():
                node.get_logger().warning("a GPU is there and not used: set device to auto or cuda")

    def detector(self) -> Detector:
        """The detector; ``self.truth`` is set where it reads label images."""
        name = self._settings["detector.name"]
        entry = detector_entry(name)
        values = self._declare("detector", entry.config())
        section: dict[str, Any] = {"name": name, **values}
        if self._settings["detector.imperfect"]:
            section["imperfections"] = self._declare("detector.imperfections", ImperfectionConfig())
        if entry.needs_truth:
            self.truth = TruthInput(self._node.warn)
        lookup = None if self.truth is None else self.truth.buffer
        return build_detector(parse_config({"detector": section}), str(self.device), lookup)

    def encoder(self) -> Encoder:
        """The encoder."""
        made = build_encoder(parse_config({"encoder": self._encoder_section}), str(self.device))
        self._node.get_logger().info(f"encoder {made.model}")
        return made

    def associator(self) -> MapAssociator:
        """The associator with an empty map; it reads what was measured of the encoder's model."""
        values = self._declare("association", AssociatorConfig())
        return build_associator(parse_config({"encoder": self._encoder_section, "association": values}))

    def open_map(self, associator: MapAssociator, model: ModelId | None = None) -> None:
        """Takes the map up where its file left it, and writes on.

        Args:
            associator: with an empty map.
            model: of the embeddings to come, where that is known.

        Raises:
            ReobjError: the file is damaged, in use, of a newer version or another model, or not writable.
        """
        if path := self._settings["map_file"]:
            count = associator.keeper.open(Path(path).expanduser().absolute(), model)
            self._node.get_logger().info(f"map file {path}: {count} objects")

    @cached_property
    def _encoder_section(self) -> dict[str, Any]:
        """Declared once per node, whichever stages ask for it."""
        name = self._settings["encoder.name"]
        return {"name": name, **self._declare("encoder", encoder_entry(name).config())}

    def pose_source(self) -> PoseSource | None:
        """What looks poses up in tf; None when they come as messages or not at all."""
        if self._settings["pose_source"] != "tf":
            return None
        settings = self._settings
        return PoseSource(self._node, settings["map_frame"], settings["tf_wait"], self._node.warn)

    def _declare(self, prefix: str, config: Any) -> dict[str, Any]:
        """Declares one parameter per field of a configuration and gives them as nested mappings."""
        return nested(declare(self._node, config_parameters(prefix, config)), prefix)
