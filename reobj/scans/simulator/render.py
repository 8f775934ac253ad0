"""Renders clean images of a world: colour in linear light, exact depth, object and label ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reobj.scans.simulator.atlas import Atlas
from reobj.scans.simulator.mesh import Floats
from reobj.scans.simulator.noise import SIZE
from reobj.scans.simulator.rays import Hits, RayCaster
from reobj.scans.simulator.world import World
from reobj.types import Intrinsics

MIRROR = 0.04  #: gloss from which on a mirrored ray is cast
DULL = 3.0  #: mirrored lamps are at most this many times as bright as a white surface: real gloss is rough
SUBPIXEL = np.array([[-0.125, -0.375], [0.375, -0.125], [-0.375, 0.125], [0.125, 0.375]])
"""Rotated grid of four samples per pixel, used on edges."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """One view.

    Attributes:
        colour: (H, W, 3) float32, linear light.
        depth: (H, W) float32 metres along the optical axis.
        facing: (H, W) float32, cosine between the line of sight and the surface normal.
        depth_return: (H, W) float32, how well a depth camera sees the surface.
        object_id: (H, W) uint8, 0 = background.
        label_id: (H, W) uint16, raw label id.
    """

    colour: Floats
    depth: Floats
    facing: Floats
    depth_return: Floats
    object_id: NDArray[np.uint8]
    label_id: NDArray[np.uint16]


class Renderer:
    """Renders one world with baked light.

    Args:
        world: the triangles.
        light: (V, 3) irradiance / pi on each vertex, from ``bake``.
        atlas: the world's textures.
        camera: pinhole camera of all views.
    """

    def __init__(self, world: World, light: Floats, atlas: Atlas, camera: Intrinsics) -> None:
        self._world, self._atlas, self._camera = world, atlas, camera
        self._caster = RayCaster(world.vertices, world.faces)
        self._corners = np.concatenate([light, world.uv], axis=1)[world.faces].reshape(-1, 15)
        glow = world.glow[:, None]
        leaving = atlas.means[world.texture] * (light[world.faces].mean(axis=1) + glow)
        self._leaving = np.minimum(leaving, DULL * float(np.median(light)))
        height, width = camera.height, camera.width
        row, column = np.mgrid[0:height, 0:width]
        self._pixels = np.stack([column.ravel(), row.ravel()], axis=1).astype(np.float64)
        self._image_rays = self._sight(self._pixels)

    def render(self, pose: NDArray[np.float64]) -> Rendering:
        """The view from a (4, 4) camera-to-map pose."""
        camera, world = self._camera, self._world
        shape = (camera.height, camera.width)
        hits, colour, facing = self._shoot(self._image_rays, pose)
        depth = hits.distance.reshape(shape)
        edges = self._edges(hits, depth)
        self._smooth(colour, edges, pose)
        return Rendering(
            colour.reshape(*shape, 3),
            depth,
            facing.reshape(shape),
            world.depth_return[hits.face].reshape(shape),
            world.object_id[hits.face].reshape(shape),
            world.label_id[hits.face].reshape(shape),
        )

    def _sight(self, pixels: NDArray[np.float64]) -> Floats:
        """(N, 3) rays in the camera's frame; z = 1, so that distance along a ray is depth."""
        c = self._camera
        x, y = (pixels[:, 0] - c.cx) / c.fx, (pixels[:, 1] - c.cy) / c.fy
        return np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32)

    def _shoot(self, sight: Floats, pose: NDArray[np.float64]) -> tuple[Hits, Floats, Floats]:
        """Hits, linear colours and cosines of rays given in the camera's frame."""
        directions = _rotated(sight, pose)
        origins = np.ascontiguousarray(np.broadcast_to(pose[:3, 3].astype(np.float32), directions.shape))
        hits = self._caster.hits(origins, directions)
        length = np.sqrt(np.einsum("ij,ij->i", directions, directions))
        facing = np.clip(-np.einsum("ij,ij->i", hits.normal, directions) / length, 0.02, 1)
        colour = self._shade(hits, hits.distance * length, facing)
        self._mirror(colour, hits, origins, directions, facing)
        return hits, colour, facing

    def _shade(self, hits: Hits, distance: Floats, facing: Floats) -> Floats:
        """Diffuse and own light: texture times baked light."""
        face = hits.face
        corners = self._corners[face]
        weight = [(1 - hits.u - hits.v)[:, None], hits.u[:, None], hits.v[:, None]]
        mixed = corners[:, :5] * weight[0] + corners[:, 5:10] * weight[1] + corners[:, 10:] * weight[2]
        # A pixel's footprint is stretched by 1 / cosine one way only: the square root is the fair mean.
        texels = distance * (SIZE / self._camera.fx) * self._world.scale[face] / np.sqrt(facing)
        level = np.log2(np.maximum(texels, 1e-3)).astype(np.float32)
        paint = self._atlas.sample(self._world.texture[face], mixed[:, 3:], level)
        return paint * (mixed[:, :3] + self._world.glow[face][:, None])

    def _mirror(
        self, colour: Floats, hits: Hits, origins: Floats, directions: Floats, facing: Floats
    ) -> None:
        """Adds what glossy surfaces mirror (Schlick 1994), in the mean colour of what is seen there."""
        gloss = self._world.gloss[hits.face]
        shiny = np.flatnonzero(gloss >= MIRROR)
        normal, towards = hits.normal[shiny], directions[shiny]
        point = origins[shiny] + towards * hits.distance[shiny, None] + np.float32(1e-3) * normal
        bounced = towards - 2 * np.einsum("ij,ij->i", towards, normal)[:, None] * normal
        seen = self._caster.first_face(point, np.ascontiguousarray(bounced))
        share = gloss[shiny] + (1 - gloss[shiny]) * 0.5 * (1 - facing[shiny]) ** 5
        light = np.where((seen >= 0)[:, None], self._leaving[seen], 0)
        colour[shiny] += (light - colour[shiny]) * share[:, None]

    def _edges(self, hits: Hits, depth: Floats) -> NDArray[np.intp]:
        """Flat indices of pixels whose right or lower neighbour shows another surface."""
        shape, world = depth.shape, self._world
        surface = world.texture[hits.face].reshape(shape) * 256 + world.object_id[hits.face].reshape(shape)
        normal = hits.normal.reshape(*shape, 3)
        edge = np.zeros(shape, bool)
        for a, b in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
            step = np.abs(depth[a] - depth[b]) > 0.04 * np.minimum(depth[a], depth[b])
            bent = np.einsum("ijk,ijk->ij", normal[a], normal[b]) < 0.9
            differs = step | bent | (surface[a] != surface[b])
            edge[a] |= differs
            edge[b] |= differs
        return np.flatnonzero(edge)

    def _smooth(self, colour: Floats, edges: NDArray[np.intp], pose: NDArray[np.float64]) -> None:
        """Replaces the colour of edge pixels by the mean of four samples."""
        pixels = (self._pixels[edges][:, None] + SUBPIXEL).reshape(-1, 2)
        if len(pixels):
            _, samples, _ = self._shoot(self._sight(pixels), pose)
            # A lamp behind a rim must not outshine the other samples: what the sensor clips, clip first.
            colour[edges] = np.minimum(samples, 4.0).reshape(-1, 4, 3).mean(axis=1)


def _rotated(sight: Floats, pose: NDArray[np.float64]) -> Floats:
    """Camera rays in the map; spelled out, as BLAS may round differently with another number of threads."""
    r = pose[:3, :3].astype(np.float32)
    return sight[:, :1] * r[:, 0] + sight[:, 1:2] * r[:, 1] + sight[:, 2:] * r[:, 2]
