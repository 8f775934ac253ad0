"""What is compared: kinds of masks, inputs and systems."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reobj.association.base import Associator
from reobj.association.tracks.deepsort import deepsort_associator
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.config import DetectorSection, PipelineConfig, build_associator
from reobj.detection.imperfections import ImperfectionConfig
from reobj.detection.mask_rcnn.mask_rcnn import MaskRCNNConfig
from reobj.evaluation.identity_drift import DriftConfig, PoseDrift
from reobj.offline import Mode
from reobj.types import Frame

#: Frames that tracks live unseen in DeepSORT with a long memory.
LONG_MEMORY = 10_000


class Masks(str, enum.Enum):
    """Where instances come from."""

    true = "true"  #: the true masks
    imperfect = "imperfect"  #: true masks with a detector's mistakes, see ImperfectionConfig
    detector = "detector"  #: that of a configuration, Mask R-CNN by default

    def section(self, detector: DetectorSection | None = None) -> DetectorSection:
        """The detector's configuration; ``detector`` in place of Mask R-CNN."""
        if self is Masks.detector:
            return detector or DetectorSection("mask_rcnn", MaskRCNNConfig())
        return DetectorSection(
            imperfections=ImperfectionConfig() if self is Masks.imperfect else None,
        )


class Inputs(str, enum.Enum):
    """What a run may see of each frame."""

    colour = "colour"
    colour_depth = "colour_depth"
    colour_depth_pose = "colour_depth_pose"
    drifting_pose = "drifting_pose"

    @property
    def mode(self) -> Mode:
        """Which parts of the frame these are."""
        return Mode.colour_depth_pose if self is Inputs.drifting_pose else Mode(self.value)


class System(str, enum.Enum):
    """Who gives the ids."""

    reobj = "reobj"
    deepsort = "deepsort"  #: as its paper configures it
    deepsort_long = "deepsort_long"  #: the same with tracks that live for LONG_MEMORY frames unseen
    ceiling = "ceiling"  #: the true ids of these very instances: what their masks allow at best

    @property
    def looks_further(self) -> bool:
        """Whether it makes use of depth and pose; the others are run once, with colour."""
        return self is System.reobj


@dataclass(frozen=True, slots=True)
class RunKey:
    """One line of the table."""

    masks: Masks
    system: System
    inputs: Inputs

    def __str__(self) -> str:
        return f"{self.masks.value} masks, {self.system.value}, {self.inputs.value}"


def run_keys(masks: Masks, systems: tuple[System, ...], inputs: tuple[Inputs, ...]) -> tuple[RunKey, ...]:
    """The runs over one kind of masks: each system with all inputs that it makes use of."""
    return tuple(
        RunKey(masks, system, item)
        for system in systems
        for item in (inputs if system.looks_further else (Inputs.colour,))
    )


def make_associator(system: System, config: PipelineConfig) -> Associator | None:
    """Of the system, with nothing in its memory; None for the ceiling, which needs none."""
    if system is System.ceiling:
        return None
    if system is System.reobj:
        return build_associator(config)
    paper = TrackerConfig.deepsort_paper()
    return deepsort_associator(paper if system is System.deepsort else replace(paper, max_age=LONG_MEMORY))


class InputLimiter:
    """Gives the frames of one recording as the runs may see them, all runs the same drift."""

    def __init__(self, inputs: tuple[Inputs, ...], drift: DriftConfig) -> None:
        self._inputs = inputs
        self._drift = PoseDrift(drift)

    def frames(self, frame: Frame) -> Mapping[Inputs, Frame]:
        """The next frame, by inputs."""
        found = {item: item.mode.limit(frame) for item in self._inputs}
        if Inputs.drifting_pose in found:
            pose = self._drift.pose(frame)
            found[Inputs.drifting_pose] = replace(found[Inputs.drifting_pose], pose=pose)
        return found
