"""The primitive shapes that furniture is built from.

Flat surfaces are cut into cells of at most ``step`` metres, because light is baked per vertex.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reobj.scans.simulator.mesh import Floats, Mesh, grid_mesh, merge

STEP = 0.12  #: metres; finer where a caller asks for it
SHARP = np.cos(np.deg2rad(50))  #: profile corners sharper than this keep their edge


def patch(corner: ArrayLike, edge_u: ArrayLike, edge_v: ArrayLike, step: float = STEP) -> Mesh:
    """A flat parallelogram; its normal is ``edge_u x edge_v``."""
    corner, edge_u, edge_v = (np.asarray(a, np.float64) for a in (corner, edge_u, edge_v))
    length_u, length_v = float(np.linalg.norm(edge_u)), float(np.linalg.norm(edge_v))
    u = np.linspace(0, 1, 1 + max(1, int(np.ceil(length_u / step - 1e-6))))
    v = np.linspace(0, 1, 1 + max(1, int(np.ceil(length_v / step - 1e-6))))
    points = corner + u[None, :, None] * edge_u + v[:, None, None] * edge_v
    normal = np.cross(edge_u, edge_v)
    uv = np.stack(np.broadcast_arrays(u[None, :] * length_u, v[:, None] * length_v), axis=-1)
    return grid_mesh(points, normal / np.linalg.norm(normal), uv)


def box(size: Sequence[float], centre: Sequence[float] = (0, 0, 0), step: float = STEP) -> Mesh:
    """A cuboid; ``size`` and ``centre`` in metres."""
    x, y, z = np.diag(np.asarray(size, np.float64))
    low = np.asarray(centre, np.float64) - (x + y + z) / 2
    sides = [
        (low, y, x),
        (low + z, x, y),
        (low, x, z),
        (low + y + x, -x, z),
        (low + y, -y, z),
        (low + x, y, z),
    ]
    return merge([patch(corner, u, v, step) for corner, u, v in sides])


def block(low: Sequence[float], high: Sequence[float], step: float = STEP) -> Mesh:
    """A cuboid between two corners."""
    a, b = np.asarray(low, np.float64), np.asarray(high, np.float64)
    return box((b - a).tolist(), ((a + b) / 2).tolist(), step)


def _rounded_axis(half: float, radius: float, step: float) -> NDArray[np.float64]:
    """Grid coordinates along one edge: dense in the rounded rim, ``step`` in between."""
    inner = half - radius
    rim = inner + radius * np.tan(np.deg2rad([15.0, 30.0, 45.0]))
    middle = np.linspace(-inner, inner, 1 + max(1, int(np.ceil(2 * inner / step))))
    return np.concatenate([-rim[::-1], middle, rim])


def rounded_box(
    size: Sequence[float], radius: float, centre: Sequence[float] = (0, 0, 0), step: float = STEP
) -> Mesh:
    """A cuboid with round edges (cushions, cases): the box shrunk by ``radius``, then grown by it."""
    half = np.asarray(size, np.float64) / 2
    radius = float(min(radius, 0.98 * half.min()))
    inner = half - radius
    sides = []
    for axis in range(3):
        u_axis, v_axis = (axis + 1) % 3, (axis + 2) % 3
        u, v = _rounded_axis(half[u_axis], radius, step), _rounded_axis(half[v_axis], radius, step)
        for sign in (1.0, -1.0):
            q = np.empty((len(v), len(u), 3))
            q[..., axis] = sign * half[axis]
            q[..., u_axis] = sign * u[None, :]
            q[..., v_axis] = v[:, None]
            core = np.clip(q, -inner, inner)
            normal = (q - core) / np.linalg.norm(q - core, axis=-1, keepdims=True)
            uv = np.stack([q[..., u_axis], q[..., v_axis]], axis=-1)
            sides.append(grid_mesh(core + radius * normal + np.asarray(centre), normal, uv))
    return merge(sides)


def lathe(profile: Sequence[tuple[float, float]], segments: int = 20) -> Mesh:
    """A body of revolution about z. ``profile``: (radius, z) from bottom to top along the outside."""
    line = np.asarray(profile, np.float64)
    along = np.diff(line, axis=0)
    length = np.linalg.norm(along, axis=1, keepdims=True)
    flat = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.maximum(length, 1e-9)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    rings = []
    for i in range(len(along)):
        ends = np.stack([_joined(flat, i, i - 1), _joined(flat, i, i + 1)])
        radius, z = line[i : i + 2, 0], line[i : i + 2, 1]
        points = np.stack([*_swept(radius, circle), np.broadcast_to(z[:, None], (2, segments + 1))], axis=-1)
        normals = np.stack(
            [*_swept(ends[:, 0], circle), np.broadcast_to(ends[:, 1:], (2, segments + 1))], axis=-1
        )
        around = angle[None, :] * max(line[:, 0].max(), 1e-3)
        start = float(length[:i].sum())
        uv = np.stack(np.broadcast_arrays(around, np.array([[start], [start + length[i, 0]]])), axis=-1)
        rings.append(grid_mesh(points, normals, uv))
    return merge(rings)


def _joined(flat: NDArray[np.float64], i: int, j: int) -> NDArray[np.float64]:
    """Profile normal at the corner of segments i and j: their mean, or i's own at a sharp edge."""
    if not 0 <= j < len(flat) or flat[i] @ flat[j] < SHARP:
        return flat[i]
    mean = flat[i] + flat[j]
    return mean / np.linalg.norm(mean)


def _swept(radius: NDArray[np.float64], circle: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return radius[:, None] * circle[None, :, 0], radius[:, None] * circle[None, :, 1]


def cylinder(radius: float, height: float, segments: int = 14, top: float | None = None) -> Mesh:
    """A closed cylinder standing on z = 0, or a cone frustum with another ``top`` radius."""
    upper = radius if top is None else top
    return lathe([(0.0, 0.0), (radius, 0.0), (upper, height), (0.0, height)], segments)


def tube(points: Sequence[Sequence[float]], radius: float, segments: int = 8) -> Mesh:
    """A round bar along a bent line of at least two points (chair frames, handles, stems)."""
    line = np.asarray(points, np.float64)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    helper = np.array([0.31, 0.87, 0.38])  # no bar of the catalog runs along it
    side = np.cross(tangent, helper)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(tangent, side)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    normals = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    uv = np.stack(np.broadcast_arrays(angle[None, :] * radius, run[:, None]), axis=-1)
    return grid_mesh(line[:, None] + radius * normals, normals, uv)


def ribbon(line: Floats | NDArray[np.float64], widths: ArrayLike, across: ArrayLike) -> Mesh:
    """A thin bent strip (leaves): centre ``line`` (N, 3), half ``widths`` (N,), direction ``across`` (3,)."""
    line, half = np.asarray(line, np.float64), np.asarray(widths, np.float64)[:, None]
    direction = np.asarray(across, np.float64)
    points = np.stack([line - half * direction, line, line + half * direction], axis=1)
    points[:, 1, 2] -= 0.25 * half[:, 0]  # the fold along the middle
    tangent = np.gradient(line, axis=0)
    normal = np.cross(direction, tangent)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    run = np.linspace(0, 0.2, len(line))
    uv = np.stack(np.broadcast_arrays(np.array([-0.5, 0.0, 0.5])[None] * half, run[:, None]), axis=-1)
    return grid_mesh(points, normal[:, None], uv)


def ball(radius: float, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
    """A sphere around a point."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
    return lathe([(radius * float(np.cos(a)), radius * float(np.sin(a))) for a in angle], 14).moved(x, y, z)


def facing(width: float, height: float, y: float = 0.0, z: float = 0.0) -> Mesh:
    """A picture plane that faces -y, its image upright in [0, 1]."""
    sheet = patch((-width / 2, y, z), (width, 0, 0), (0, 0, height)).fitted(width, height)
    upright = np.stack([sheet.uv[:, 0], 1 - sheet.uv[:, 1]], axis=1).astype(np.float32)
    return Mesh(sheet.vertices, sheet.normals, upright, sheet.faces, sheet.materials)
