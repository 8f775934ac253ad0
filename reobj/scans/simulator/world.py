"""The scene as flat arrays: what the ray caster and the shader work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.labels import LABEL_IDS
from reobj.scans.simulator.mesh import Floats, rotation_matrix
from reobj.scans.simulator.scene import Material, Placement, Scene, Texture


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """All triangles of a scene.

    Attributes:
        vertices, normals: (V, 3) float32, metres in the map.
        uv: (V, 2) float32, in texture images: 1 is one repetition.
        faces: (F, 3) int32.
        texture: (F,) int32, index into ``textures``.
        scale: (F,) float32, texture images per metre.
        gloss, depth_return, glow: (F,) float32, see ``Material``.
        object_id: (F,) uint8, 0 for the background.
        label_id: (F,) uint16, raw label id.
        textures: what is painted on the faces.
    """

    vertices: Floats
    normals: Floats
    uv: Floats
    faces: NDArray[np.int32]
    texture: NDArray[np.int32]
    scale: Floats
    gloss: Floats
    depth_return: Floats
    glow: Floats
    object_id: NDArray[np.uint8]
    label_id: NDArray[np.uint16]
    textures: tuple[Texture, ...]

    @property
    def vertex_object_id(self) -> NDArray[np.uint8]:
        """(V,) object id of each vertex; no vertex belongs to two things."""
        ids = np.zeros(len(self.vertices), np.uint8)
        ids[self.faces] = self.object_id[:, None]
        return ids

    def corners(self) -> Floats:
        """(F, 3, 3) the corners of each face."""
        return self.vertices[self.faces]


def assemble(scene: Scene) -> World:
    """Puts all placements into one world."""
    textures: dict[Texture, int] = {}
    parts = [_part(p, textures) for p in scene.placements]
    offsets = np.cumsum([0] + [len(part["vertices"]) for part in parts[:-1]])
    for part, offset in zip(parts, offsets, strict=True):
        part["faces"] = part["faces"] + np.int32(offset)
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return World(**joined, textures=tuple(textures))


def _part(placement: Placement, textures: dict[Texture, int]) -> dict[str, NDArray]:
    mesh, materials = placement.model.mesh, placement.model.materials
    turn = rotation_matrix(placement.yaw).astype(np.float32)
    numbers = np.array([textures.setdefault(m.texture, len(textures)) for m in materials], np.int32)
    scale = np.float32(1) / _values(materials, "repeat")
    vertex_scale = np.ones(len(mesh.vertices), np.float32)
    vertex_scale[mesh.faces] = scale[mesh.materials][:, None]
    return {
        "vertices": mesh.vertices @ turn.T + np.array(placement.position, np.float32),
        "normals": mesh.normals @ turn.T,
        "uv": mesh.uv * vertex_scale[:, None],
        "faces": mesh.faces,
        "texture": numbers[mesh.materials],
        "scale": _texture_density(placement, scale),
        "gloss": _values(materials, "gloss")[mesh.materials],
        "depth_return": _values(materials, "depth_return")[mesh.materials],
        "glow": _values(materials, "glow")[mesh.materials],
        "object_id": np.full(len(mesh.faces), placement.object_id, np.uint8),
        "label_id": np.full(len(mesh.faces), LABEL_IDS[placement.model.label], np.uint16),
    }


def _values(materials: tuple[Material, ...], name: str) -> Floats:
    return np.array([getattr(m, name) for m in materials], np.float32)


def _texture_density(placement: Placement, scale: Floats) -> Floats:
    """Texture images per metre on each face, from the areas of the face in space and in the image."""
    mesh = placement.model.mesh
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    ua, ub, uc = (mesh.uv[mesh.faces[:, i]] for i in range(3))
    (x1, y1), (x2, y2) = (ub - ua).T, (uc - ua).T
    stretch = np.sqrt(np.abs(x1 * y2 - x2 * y1) / np.maximum(area, 1e-12))
    return (scale[mesh.materials] * stretch).astype(np.float32)
