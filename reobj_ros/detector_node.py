"""detector_node: images in, instance masks out."""

from __future__ import annotations

import time
from functools import partial

from reobj_msgs.msg import InstanceMasks
from reobj_ros.input.cameras import CAMERAS, camera_names, prefix_of
from reobj_ros.input.detector_input import DetectorInput
from reobj_ros.input.frames import (
    DEPTH,
    FrameMaker,
    colour_frame,
    frame_makers,
    geometry_companions,
    subscribe_geometry,
    without_poses,
)
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.messages.conversions import masks_message
from reobj_ros.node.publishers import RESULTS
from reobj_ros.stages.stage_node import StageNode
from reobj_ros.stages.stages import DETECTOR, DEVICE, Stages

PARAMETERS = (*CAMERAS, *DEVICE, *DETECTOR, *DEPTH)


class DetectorNode(StageNode):
    """Finds the instances of each image and publishes their masks with the image's own header."""

    def __init__(self) -> None:
        super().__init__("detector_node", PARAMETERS)
        self._stages = Stages(self, "detector")

    def configure(self) -> None:
        """Loads the network, one for all cameras."""
        names = camera_names(self.settings)
        self._stages.choose_device()
        self._made = self._stages.detectors()
        self._detectors = {name: self._made.camera(name) for name in names}
        self._masks = {
            name: self.create_publisher(InstanceMasks, f"{prefix_of(name)}instances", RESULTS)
            for name in names
        }

    def activate(self) -> None:
        """Subscribes; to depth only for a detector that looks at it."""
        self._stages.wake()
        self.at_end(self._stages.sleep)
        geometry, names = without_poses(self.settings), list(self._masks)
        needed = names if self._stages.needs_depth else []
        frames = frame_makers(self, geometry, self.warn, needed)
        self.begin(
            str(self._stages.device), concerns=lambda: [c for f in frames.values() for c in f.concerns()]
        )
        for name in names:
            self._listen(name, self._made.input(name), frames.get(name))

    def _listen(self, name: str, given: DetectorInput | None, frames: FrameMaker | None) -> None:
        geometry, prefix = without_poses(self.settings), prefix_of(name)
        companions: dict[str, Companion] = {} if frames is None else geometry_companions(geometry)
        if given is not None:
            companions |= given.companions()
        process = partial(self._detect, name, given=given, frames=frames)
        inputs = self.listen("image", companions, process, name)
        inputs.subscribe_image("image", f"{prefix}image", "compressed", self.settings["image_transport"])
        if frames is not None:
            subscribe_geometry(inputs, geometry, prefix)
        if given is not None:
            given.subscribe(self, inputs, prefix)

    def _detect(
        self, name: str, joined: Joined, given: DetectorInput | None, frames: FrameMaker | None
    ) -> None:
        frame = colour_frame(joined) if frames is None else frames.with_colour(joined)
        if given is not None:
            given.feed(joined)
        started = time.perf_counter()
        instances = self._detectors[name].detect(frame)
        instances.check_size(frame.height, frame.width)
        self.diagnostics.latency({"detect": (time.perf_counter() - started) * 1e3})
        self._masks[name].publish(masks_message(instances, joined.primary.header))
