"""The simulated scene as JSON: what evaluation may want to know beyond ScanNet's files."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from reobj.scans.simulator.scene import Placement, Scene
from reobj.scans.simulator.walk import Walk


def describe(scene: Scene, walk: Walk, fps: float) -> str:
    """JSON text; lengths in metres, angles in radians, light in linear units.

    ``objects[i].model`` is equal for identical objects: same mesh, same colours.
    """
    steps = np.linalg.norm(np.diff(walk.poses[:, :3, 3], axis=0), axis=1)
    content = {
        "seed": scene.seed,
        "layout": scene.layout,
        "room": {"width": scene.room.width, "depth": scene.room.depth, "height": scene.room.height},
        "objects": [_object(p) for p in scene.objects],
        "lamps": [
            {
                "centre": _numbers(lamp.corner + (lamp.edge_u + lamp.edge_v) / 2),
                "radiance": _numbers(lamp.radiance),
            }
            for lamp in scene.lamps
        ],
        "walk": {"frames": len(walk), "fps": fps, "metres": round(float(steps.sum()), 4)},
    }
    return json.dumps(content, indent=1) + "\n"


def _object(placement: Placement) -> dict[str, Any]:
    return {
        "id": placement.object_id,
        "label": placement.model.label,
        "model": placement.model.name,
        "centre": _numbers(placement.centre),
        "extent": _numbers(placement.model.size),
        "yaw": round(placement.yaw, 5),
    }


def _numbers(values: Any) -> list[float]:
    return [round(float(v), 5) for v in values]
