"""Makes the stages of a node from its parameters: the same configuration as offline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.tuning import LIVE
from reobj.config import PipelineConfig, build_associator, build_encoder, parse_config
from reobj.detection.imperfections import ImperfectionConfig
from reobj.detection.propagation import PropagationConfig
from reobj.detection.registry import AUTO, DETECTORS, choose_detector, detector_entry
from reobj.devices import describe_device, resolve_device
from reobj.encoding.registry import DEFAULT_ENCODER, ENCODERS, encoder_entry
from reobj.errors import ReobjError
from reobj.types import ModelId
from reobj_ros.node.config_parameters import config_parameters, nested
from reobj_ros.node.parameters import Parameter
from reobj_ros.node.vitals import idle_gpu
from reobj_ros.stages.detectors import CameraDetectors, make_detectors
from reobj_ros.stages.networks import Held, HeldEncoder
from reobj_ros.stages.stage_node import StageNode

DEVICE = (Parameter("device", "auto", "of the networks: auto, cpu, cuda or cuda:N"),)
DETECTOR = (
    Parameter(
        "detector.name",
        AUTO,
        "which detector finds the masks; auto: mask_rcnn where its weights can be had, else depth_segments",
        choices=(AUTO, *sorted(DETECTORS)),
    ),
    Parameter(
        "detector.propagate",
        "auto",
        "run the detector on key frames, beside the images, and carry its masks along in between, as "
        "detector.propagation says; masks of another node are carried to every image; auto: a network's are",
        choices=("auto", "on", "off"),
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

PROPAGATION = PropagationConfig(background=True)  #: unless a parameter says otherwise


ASSOCIATION = tuple(
    config_parameters("association", AssociatorConfig(), live={f"association.{name}" for name in LIVE})
)


class Stages:
    """Makes the stages of a node from its parameters, each time anew that the node is configured.

    Args:
        node: whose ``settings`` hold the names of detector and encoder, and the device.
        sections: of whose parameters the node has all: detector, encoder, association.

    Raises:
        ReobjError: from each method, when the stage cannot be made; the message names the parameter.
    """

    def __init__(self, node: StageNode, *sections: str) -> None:
        self._node = node
        self._settings = node.settings
        self.device: torch.device | None = None
        self._networks: list[Held[Any]] = []
        self._detectors: CameraDetectors | None = None
        self._associator: MapAssociator | None = None
        for section in sections:
            getattr(self, f"_{section}_section")()

    def choose_device(self) -> None:
        """Finds the device of the networks, and says which it is."""
        self.device = resolve_device(self._settings["device"])
        self._networks = []
        self._node.get_logger().info(f"running on {describe_device(self.device)}")
        if unused := idle_gpu(str(self.device)):
            self._node.get_logger().warning(unused)

    def detectors(self) -> CameraDetectors:
        """The detectors of the node's cameras."""
        name = choose_detector(self._settings["detector.name"])
        self._detector_entry = detector_entry(name)
        config = parse_config({"detector": self._detector_options(name)})
        self._detectors = made = make_detectors(self._node, config, str(self.device))
        self._networks.extend(made.networks)
        self._node.at_end(made.close)
        return made

    @property
    def needs_depth(self) -> bool:
        """Whether the detector that was made looks at depth."""
        return self._detector_entry.needs_depth

    def encoder(self) -> HeldEncoder:
        """The encoder."""
        config = parse_config({"encoder": self._encoder_section()})
        made = HeldEncoder(lambda: build_encoder(config, str(self.device)))
        self._networks.append(made)
        self._node.get_logger().info(f"encoder {made.model}")
        return made

    def wake(self) -> None:
        """Loads the networks that sleep, before the first frame needs them."""
        for network in self._networks:
            network.get()

    def sleep(self) -> None:
        """Forgets masks, and frees the memory of the networks where it is that of a GPU for others."""
        if self._detectors is not None:
            self._detectors.reset()
        if self.device is not None and self.device.type == "cuda":
            for network in self._networks:
                network.put_down()
            torch.cuda.empty_cache()

    def associator(self) -> MapAssociator:
        """The associator with an empty map; it reads what was measured of the encoder's model."""
        self._associator = build_associator(self._association_config(self._association_section()))
        return self._associator

    def tune(self, values: Mapping[str, Any]) -> None:
        """Takes over live parameters of association. Raises ConfigError on values that it cannot have."""
        if self._associator is not None and any(name.startswith("association.") for name in values):
            section = nested({**self._settings, **values}, "association")
            self._associator.tune(self._association_config(section).association)

    def _association_config(self, section: dict[str, Any]) -> PipelineConfig:
        return parse_config({"encoder": self._encoder_section(), "association": section})

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

    def close_map(self) -> None:
        """Writes what is left of the map and gives its file free."""
        associator, self._associator = self._associator, None
        if associator is None:
            return
        try:
            with associator.lock:
                associator.keeper.close()
        except ReobjError as error:
            self._node.get_logger().error(f"the end of the map is lost: {error}")

    def _detector_section(self) -> dict[str, Any]:
        """Declares the options of the detector; for ``auto`` they wait until it is chosen."""
        name = self._settings["detector.name"]
        return {} if name == AUTO else self._detector_options(name)

    def _detector_options(self, name: str) -> dict[str, Any]:
        section: dict[str, Any] = {"name": name, **self._declare("detector", detector_entry(name).config())}
        if self._settings["detector.imperfect"]:
            section["imperfections"] = self._declare("detector.imperfections", ImperfectionConfig())
        if self._propagates(name):
            section["propagation"] = self._declare("detector.propagation", PROPAGATION)
        return section

    def _propagates(self, name: str) -> bool:
        wanted = self._settings["detector.propagate"]
        return wanted == "on" or (wanted == "auto" and detector_entry(name).slow)

    def _encoder_section(self) -> dict[str, Any]:
        name = self._settings["encoder.name"]
        return {"name": name, **self._declare("encoder", encoder_entry(name).config())}

    def _association_section(self) -> dict[str, Any]:
        return nested(self._node.own_parameters.declare(ASSOCIATION), "association")

    def _declare(self, prefix: str, config: Any) -> dict[str, Any]:
        """Declares one parameter per field of a configuration and gives them as nested mappings."""
        return nested(self._node.own_parameters.declare(config_parameters(prefix, config)), prefix)
