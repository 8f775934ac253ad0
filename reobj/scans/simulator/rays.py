"""Ray casting on all triangles of a world (Embree through embreex)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray

from reobj.scans.simulator.mesh import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What rays met first.

    Attributes:
        face: (N,) int32, -1 for nothing.
        u, v: (N,) float32, barycentric weights of the face's second and third corner.
        distance: (N,) float32, in lengths of the ray's direction.
        normal: (N, 3) float32, the face's own normal, length 1, on the side the ray came from.
    """

    face: NDArray[np.int32]
    u: Floats
    v: Floats
    distance: Floats
    normal: Floats


class RayCaster:
    """Casts rays at triangles.

    Args:
        vertices: (V, 3) float32.
        faces: (F, 3) int32.
    """

    def __init__(self, vertices: Floats, faces: NDArray[np.int32]) -> None:
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, vertices, faces)

    def hits(self, origins: Floats, directions: Floats) -> Hits:
        """First hits of (N, 3) rays."""
        found = self._scene.run(origins, directions, output=True)
        normal = found["Ng"]
        length = np.sqrt(np.einsum("ij,ij->i", normal, normal))
        away = np.einsum("ij,ij->i", normal, directions) > 0
        normal = normal / np.where(away, -length, np.maximum(length, 1e-20))[:, None]
        return Hits(found["primID"], found["u"], found["v"], found["tfar"], normal)

    def first_face(self, origins: Floats, directions: Floats) -> NDArray[np.int32]:
        """(N,) first face on each ray, -1 for none."""
        return self._scene.run(origins, directions, query="INTERSECT")

    def blocked(self, origins: Floats, towards: Floats) -> NDArray[np.bool_]:
        """(N,) whether something stands between each origin and ``origin + towards``."""
        reach = np.ones(len(origins), np.float32)
        return self._scene.run(origins, towards, reach, query="OCCLUDED") >= 0
