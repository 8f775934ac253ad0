"""live_node: all stages in one process. Images in; object ids, map and events out."""

from __future__ import annotations

from typing import Any

from reobj.association.desk.map_desk import MapDesk
from reobj.pipeline import Pipeline
from reobj_ros.input.cameras import CAMERAS, camera_names
from reobj_ros.input.frames import GEOMETRY, frame_makers
from reobj_ros.live_camera import LiveCamera
from reobj_ros.map.loop_closures import LOOP_CLOSURES, LoopClosures
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.map.map_services import MapServices
from reobj_ros.stages.stage_node import StageNode
from reobj_ros.stages.stages import DETECTOR, DEVICE, ENCODER, MAP, Stages

PARAMETERS = (*CAMERAS, *DEVICE, *DETECTOR, *ENCODER, *GEOMETRY, *LOOP_CLOSURES, *MAP)


class LiveNode(StageNode):
    """The whole pipeline; no image crosses a topic between its stages."""

    def __init__(self) -> None:
        super().__init__("live_node", PARAMETERS)
        self._stages = Stages(self, "detector", "encoder", "association")

    def configure(self) -> None:
        """Loads networks and map."""
        stages, names = self._stages, camera_names(self.settings)
        stages.choose_device()
        self._associator, self._detectors = stages.associator(), stages.detectors()
        encoder = stages.encoder()
        stages.open_map(self._associator, encoder.model)
        self.at_end(stages.close_map)
        self._outputs = MapOutputs(self, self._associator, self.settings["map_frame"])
        self._desk = MapDesk(self._associator, encoder)
        self._cameras: dict[str, LiveCamera] = {}
        for name in names:
            pipeline = Pipeline(self._detectors.camera(name), encoder, self._associator.camera(name))
            self._cameras[name] = LiveCamera(self, name, pipeline, self._outputs)

    def activate(self) -> None:
        """Subscribes, and offers the services."""
        self._frames = frame_makers(self, self.settings, self.warn, list(self._cameras))
        self._stages.wake()
        self.at_end(self._stages.sleep)
        self._map = MapServices(self, self._desk, self._outputs)
        self._loops = LoopClosures(self, self._desk, self._outputs, list(self._cameras))
        self.at_end(self._associator.reset_tracks)  # the map stays
        self.at_end(self._loops.stop)
        self.begin(str(self._stages.device), concerns=self._concerns, values=self._outputs.size)
        for name, camera in self._cameras.items():
            camera.listen(self._map, self._loops, self._frames[name], self._detectors.input(name))
        self._loops.subscribe(next(iter(self.inputs.values())))

    def tune(self, values: dict[str, Any]) -> None:
        """New thresholds hold from the next frame on."""
        self._stages.tune(values)

    def _concerns(self) -> list[str]:
        """What somebody should look after: the map's file, and what is left out of the frames."""
        return [self._map.concern(), *(c for frames in self._frames.values() for c in frames.concerns())]
