"""Light on every vertex, computed once per scene: soft shadows and one bounce.

Direct light is an integral over the lamps, the bounce an integral over the hemisphere, both by
quadrature with the same points for every vertex, so that flat surfaces carry no noise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reobj.progress import Progress, silent
from reobj.scans.simulator.mesh import Floats
from reobj.scans.simulator.rays import RayCaster
from reobj.scans.simulator.scene import Lamp
from reobj.scans.simulator.world import World

LAMP_GRID = 3  #: sample points along each side of a lamp
DIRECTIONS = 40  #: hemisphere samples of the bounce
LIFT = 0.002  #: metres between a surface and its light sample
INWARD = 0.15  #: share of the way from a vertex to the middle of its faces: keeps samples out of corners
LATER_BOUNCES = 1.7  #: 1 / (1 - mean albedo of about 0.4): what the second and later bounces add


def bake(
    world: World, lamps: tuple[Lamp, ...], caster: RayCaster, albedo: Floats, progress: Progress = silent
) -> Floats:
    """Irradiance / pi at each vertex, (V, 3) float32: reflected light is this times the colour.

    Args:
        world: the scene.
        lamps: all light sources.
        caster: of the same world.
        albedo: (F, 3) mean linear colour of each face.
        progress: counts sample rounds.
    """
    points = _sample_points(world)
    samples = list(_lamp_samples(lamps))
    total = len(samples) + DIRECTIONS
    light = np.zeros_like(points)
    for i, (position, normal, power) in enumerate(samples):
        _add_lamp(light, points, world.normals, caster, position, normal, power)
        progress(i + 1, total)
    glowing = world.glow > 0
    leaving = albedo * light[world.faces].mean(axis=1) * LATER_BOUNCES
    leaving[glowing] = 0  # lamps are in the direct light already
    bounce = np.zeros_like(light)
    for i, direction in enumerate(_hemisphere(DIRECTIONS)):
        rays = _to_world(world.normals, direction)
        face = caster.first_face(points, rays)
        bounce += np.where((face >= 0)[:, None], leaving[face], 0)
        progress(len(samples) + i + 1, total)
    return (light + bounce / np.float32(DIRECTIONS)).astype(np.float32)


def _sample_points(world: World) -> Floats:
    """(V, 3): each vertex a little off its surface and away from the rim of its faces."""
    middle = np.zeros_like(world.vertices)
    count = np.zeros(len(world.vertices), np.float32)
    centroid = world.corners().mean(axis=1)
    for corner in range(3):
        index = world.faces[:, corner]
        for axis in range(3):
            middle[:, axis] += np.bincount(index, centroid[:, axis], len(middle)).astype(np.float32)
        count += np.bincount(index, minlength=len(middle)).astype(np.float32)
    middle /= np.maximum(count, 1)[:, None]
    return world.vertices + INWARD * (middle - world.vertices) + np.float32(LIFT) * world.normals


def _lamp_samples(lamps: tuple[Lamp, ...]) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Position, normal and radiance times area of points spread over each lamp."""
    steps = (np.arange(LAMP_GRID, dtype=np.float32) + 0.5) / LAMP_GRID
    for lamp in lamps:
        normal = np.cross(lamp.edge_u, lamp.edge_v)
        area = float(np.linalg.norm(normal))
        for u in steps:
            for v in steps:
                position = lamp.corner + u * lamp.edge_u + v * lamp.edge_v
                yield position, normal / area, lamp.radiance * np.float32(area / LAMP_GRID**2)


def _add_lamp(
    light: Floats,
    points: Floats,
    normals: Floats,
    caster: RayCaster,
    position: Floats,
    normal: Floats,
    power: Floats,
) -> None:
    """Adds what one lamp point sends to every vertex that sees it."""
    towards = position - points
    squared = np.einsum("ij,ij->i", towards, towards)
    cosines = np.einsum("ij,ij->i", towards, normals) * -(towards @ normal)
    lit = np.flatnonzero((cosines > 0) & (towards @ normal < 0))
    visible = lit[~caster.blocked(points[lit], towards[lit])]
    # The two cosines carry one factor of the distance each; 0.04 m^2 tames points next to the lamp.
    share = cosines[visible] / (np.pi * squared[visible] * np.maximum(squared[visible], 0.04))
    light[visible] += share[:, None] * power


def _hemisphere(count: int) -> Floats:
    """(count, 3) directions about +z, as dense as the cosine of the angle (golden-angle spiral)."""
    i = np.arange(count) + 0.5
    radius, angle = np.sqrt(i / count), i * np.pi * (3 - np.sqrt(5))
    z = np.sqrt(1 - radius**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1).astype(np.float32)


def _to_world(normals: Floats, direction: Floats) -> Floats:
    """One local direction in the frame of each normal, (V, 3).

    Duff et al. 2017, "Building an orthonormal basis, revisited".
    """
    x, y, z = normals.T
    sign = np.where(z >= 0, np.float32(1), np.float32(-1))
    a = -1 / (sign + z)
    b = x * y * a
    first = np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1)
    second = np.stack([b, sign + y * y * a, -y], axis=1)
    return direction[0] * first + direction[1] * second + direction[2] * normals
