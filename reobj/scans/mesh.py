"""The mesh of a scan: ``_vh_clean_2.ply`` and the segments that give its vertices to instances."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch

GREY = 200  # ScanNet's vertices have a colour; a mesh that comes without one is light grey
SEGMENTS_SUFFIX = "_vh_clean_2.0.010000.segs.json"
VERTEX = np.dtype([("xyz", "<f4", 3), ("rgba", "u1", 4)])
FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A scene's surface with its instances.

    Attributes:
        vertices: (V, 3) float, metres in the scan's world.
        faces: (F, 3) integer, rows of ``vertices``.
        instances: (V,) uint8 or uint16, instance id of each vertex, 0 = none.
    """

    vertices: NDArray[np.floating]
    faces: NDArray[np.integer]
    instances: NDArray[np.uint8] | NDArray[np.uint16]

    def __post_init__(self) -> None:
        n = len(self.vertices)
        if self.vertices.shape != (n, 3) or not np.isfinite(self.vertices).all():
            raise InputError(mismatch("mesh vertices", "(V, 3) finite", self.vertices.shape))
        if self.instances.shape != (n,) or self.instances.dtype not in (np.uint8, np.uint16):
            got = f"{self.instances.shape} {self.instances.dtype}"
            raise InputError(mismatch("instances of the mesh", f"({n},) uint8 or uint16", got))
        if self.faces.ndim != 2 or self.faces.shape[1] != 3:
            raise InputError(mismatch("mesh faces", "(F, 3)", self.faces.shape))
        if len(self.faces) and not 0 <= self.faces.min() <= self.faces.max() < n:
            got = f"{self.faces.min()} to {self.faces.max()}"
            raise InputError(mismatch("mesh faces", f"rows 0 to {n - 1} of the vertices", got))


def write_mesh(folder: Path, name: str, mesh: Mesh) -> None:
    """Writes ``NAME_vh_clean_2.ply`` (binary) and its ``segs.json``, one segment per instance."""
    write_ply(folder / f"{name}_vh_clean_2.ply", mesh)
    segments = {"sceneId": f"scannet.{name}", "segIndices": mesh.instances.tolist()}
    (folder / f"{name}{SEGMENTS_SUFFIX}").write_text(json.dumps(segments), encoding="utf-8")


def write_ply(path: Path, mesh: Mesh) -> None:
    """Writes the vertices and faces as binary little-endian PLY."""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(mesh.vertices)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n"
        f"element face {len(mesh.faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    vertices = np.zeros(len(mesh.vertices), VERTEX)
    vertices["xyz"], vertices["rgba"] = mesh.vertices, (GREY, GREY, GREY, 255)
    faces = np.zeros(len(mesh.faces), FACE)
    faces["count"], faces["corners"] = 3, mesh.faces
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        vertices.tofile(file)
        faces.tofile(file)
