"""Triangle meshes and how they are moved and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles with what shading needs.

    Attributes:
        vertices: (V, 3) float32 metres, z up.
        normals: (V, 3) float32, length 1, on the outside.
        uv: (V, 2) float32, texture coordinates in metres along the surface.
        faces: (F, 3) int32, rows of ``vertices``, counter-clockwise from outside.
        materials: (F,) int32, index into the materials of the owner.
    """

    vertices: Floats
    normals: Floats
    uv: Floats
    faces: NDArray[np.int32]
    materials: NDArray[np.int32]

    @property
    def low(self) -> Floats:
        """(3,) lowest corner of the axis-aligned box."""
        return self.vertices.min(axis=0)

    @property
    def high(self) -> Floats:
        """(3,) highest corner of the axis-aligned box."""
        return self.vertices.max(axis=0)

    def painted(self, material: int) -> Mesh:
        """The same shape, all of one material."""
        return replace(self, materials=np.full(len(self.faces), material, np.int32))

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """Shifted by metres."""
        return replace(self, vertices=self.vertices + np.array([x, y, z], np.float32))

    def turned(self, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Mesh:
        """Turned about the origin, radians: first roll about x, then pitch about y, then yaw about z."""
        rotation = rotation_matrix(yaw, pitch, roll).astype(np.float32)
        return replace(self, vertices=self.vertices @ rotation.T, normals=self.normals @ rotation.T)

    def scaled(self, x: float, y: float, z: float) -> Mesh:
        """Stretched along the axes; factors > 0."""
        factors = np.array([x, y, z], np.float32)
        normals = self.normals / factors
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return replace(self, vertices=self.vertices * factors, normals=normals)

    def fitted(self, width: float, height: float) -> Mesh:
        """Texture coordinates scaled so that [0, 1] covers ``width`` by ``height`` metres (for pictures)."""
        return replace(self, uv=(self.uv / np.array([width, height])).astype(np.float32))


def rotation_matrix(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> NDArray[np.float64]:
    """(3, 3) rotation Rz(yaw) Ry(pitch) Rx(roll), radians."""
    cz, sz, cy, sy, cx, sx = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    return about_z @ about_y @ about_x


def merge(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh out of at least one."""
    offsets = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.uv for m in meshes]),
        np.concatenate([m.faces + np.int32(o) for m, o in zip(meshes, offsets, strict=True)]),
        np.concatenate([m.materials for m in meshes]),
    )


def grid_mesh(points: ArrayLike, normals: ArrayLike, uv: ArrayLike) -> Mesh:
    """A surface from a regular grid of points, (R, C, 3); counter-clockwise when C x R points outside."""
    points = np.asarray(points, np.float32)
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.stack([np.stack([a, b, c], -1), np.stack([a, c, d], -1)], axis=2).reshape(-1, 3)
    return Mesh(
        points.reshape(-1, 3),
        np.ascontiguousarray(np.broadcast_to(np.asarray(normals, np.float32), points.shape)).reshape(-1, 3),
        np.asarray(uv, np.float32).reshape(-1, 2),
        np.ascontiguousarray(faces),
        np.zeros(len(faces), np.int32),
    )
