"""association_node: embeddings, masks, depth and pose in; object ids, map and events out."""

from __future__ import annotations

from typing import Any

from reobj.association.desk.map_desk import MapDesk
from reobj_ros.association_camera import AssociationCamera
from reobj_ros.input.cameras import CAMERAS, camera_names
from reobj_ros.input.frames import GEOMETRY, frame_makers
from reobj_ros.map.loop_closures import LOOP_CLOSURES, LoopClosures
from reobj_ros.map.map_outputs import MapOutputs
from reobj_ros.map.map_services import MapServices
from reobj_ros.node.steady_timer import steady_timer
from reobj_ros.stages.stage_node import StageNode
from reobj_ros.stages.stages import ENCODER, MAP, Stages

PARAMETERS = (*CAMERAS, *ENCODER, *GEOMETRY, *LOOP_CLOSURES, *MAP)


class AssociationNode(StageNode):
    """Says which object each instance is.

    Of the encoder's parameters it needs none but the model, to read what was measured of it.
    """

    def __init__(self) -> None:
        super().__init__("association_node", PARAMETERS)
        self._stages = Stages(self, "encoder", "association")

    def configure(self) -> None:
        """Opens the map."""
        names = camera_names(self.settings)
        self._associator = self._stages.associator()
        self._stages.open_map(self._associator)
        self.at_end(self._stages.close_map)
        self._outputs = MapOutputs(self, self._associator, self.settings["map_frame"])
        self._desk = MapDesk(self._associator)
        self._cameras = {
            name: AssociationCamera(self, self._associator.camera(name), self._outputs) for name in names
        }

    def activate(self) -> None:
        """Subscribes, and offers the services."""
        self._frames = frame_makers(self, self.settings, self.warn, list(self._cameras))
        self._map = MapServices(self, self._desk, self._outputs)
        self._loops = LoopClosures(self, self._desk, self._outputs, list(self._cameras))
        self.at_end(self._associator.reset_tracks)  # the map stays
        self.at_end(self._loops.stop)
        self.begin(concerns=self._concerns, values=self._outputs.size)
        for name, camera in self._cameras.items():
            camera.listen(self._map, self._loops, self._frames[name])
        self._loops.subscribe(next(iter(self.inputs.values())))
        steady_timer(self, 0.5, self._follow_overlays)

    def tune(self, values: dict[str, Any]) -> None:
        """New thresholds hold from the next frame on."""
        self._stages.tune(values)

    def _follow_overlays(self) -> None:
        for camera in self._cameras.values():
            camera.follow_overlay()

    def _concerns(self) -> list[str]:
        """What somebody should look after: the map's file, and what is left out of the frames."""
        return [self._map.concern(), *(c for frames in self._frames.values() for c in frames.concerns())]
