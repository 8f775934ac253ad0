"""Makes the frames of a scan one by one: clean view, camera effects, coding. Runs in worker processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.atlas import Atlas
from reobj.scans.simulator.camera_effects import Exposure, encode_jpeg, motion_blur, optical_flow, photograph
from reobj.scans.simulator.depth_effects import measured
from reobj.scans.simulator.mesh import Floats
from reobj.scans.simulator.render import Renderer
from reobj.scans.simulator.walk import Walk
from reobj.scans.simulator.world import World
from reobj.types import Intrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """All that the frames of one scan are made from.

    Attributes:
        seed: of the noise, together with the frame's index.
        world, light, atlas: the scene, see ``Renderer``.
        camera: pinhole of colour and depth.
        walk: poses and motion.
        exposure: drift over the walk.
    """

    seed: int
    world: World
    light: Floats
    atlas: Atlas
    camera: Intrinsics
    walk: Walk
    exposure: Exposure


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """One finished frame.

    Attributes:
        jpeg: colour.
        depth_mm: (H, W) uint16, 0 where unknown.
        object_id: (H, W) uint8.
        label_id: (H, W) uint16.
    """

    jpeg: bytes
    depth_mm: NDArray[np.uint16]
    object_id: NDArray[np.uint8]
    label_id: NDArray[np.uint16]


class Film:
    """Makes any frame of a shot; a frame depends on nothing but the shot and its index."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        self._renderer = Renderer(shot.world, shot.light, shot.atlas, shot.camera)

    def frame(self, index: int) -> Exposed:
        """The frame at ``index`` of the walk."""
        shot, walk = self._shot, self._shot.walk
        rng = np.random.default_rng([shot.seed, 79, index])
        view = self._renderer.render(walk.poses[index])
        flow = optical_flow(view.depth, shot.camera, walk.turn_rate[index], walk.velocity[index])
        image = photograph(motion_blur(view.colour, flow), shot.exposure, index, rng)
        return Exposed(encode_jpeg(image), measured(view, rng), view.object_id, view.label_id)
