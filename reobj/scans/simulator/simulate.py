"""Renders a simulated indoor scan into a folder of ScanNet's form."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from reobj.errors import InputError, mismatch
from reobj.files import write_text
from reobj.processes import available_cores
from reobj.progress import Progress, silent
from reobj.scans.mesh import Mesh
from reobj.scans.simulator.atlas import build_atlas
from reobj.scans.simulator.bake import bake
from reobj.scans.simulator.camera_effects import GREY_WEIGHTS, JPEG_QUALITY, exposure_drift
from reobj.scans.simulator.description import describe
from reobj.scans.simulator.film import Shot
from reobj.scans.simulator.labels import LABEL_IDS
from reobj.scans.simulator.layouts import build_scene
from reobj.scans.simulator.rays import RayCaster
from reobj.scans.simulator.scene import Scene
from reobj.scans.simulator.walk import Walk, plan_walk
from reobj.scans.simulator.workers import frames as film_frames
from reobj.scans.simulator.world import World, assemble
from reobj.scans.writer import ScanNetWriter
from reobj.types import Intrinsics

FOCAL = 577.0 / 640.0  #: focal length in image widths: that of ScanNet's depth camera
MIN_SIZE = 32  #: pixels
DESCRIPTION = "scene.json"


def simulate(
    out: Path | str,
    seed: int,
    frames: int | None = None,
    size: tuple[int, int] = (640, 480),
    layout: str = "random",
    fps: float = 10.0,
    workers: int | None = None,
    progress: Progress = silent,
) -> Path:
    """Makes a room, walks through it with a simulated RGB-D camera and writes the scan.

    The same arguments give the same bytes whatever the number of workers. Beside ScanNet's files the
    folder gets ``scene.json``: the room, the walk, and for each object its model, so that it is
    known which objects are true copies of each other.

    Args:
        out: the scan's folder; its last part names the files. An old one is replaced.
        seed: of everything: room, furniture, textures, light, path, noise.
        frames: number of frames; None for a whole walk, 45 to 90 s.
        size: width and height of the colour and depth images in pixels.
        layout: one of ``layouts.LAYOUTS``.
        fps: frames per second; the camera walks at 0.5 m/s whatever the rate.
        workers: processes that render; None for one per core. With more than one, a script
            that calls this needs the usual ``if __name__ == "__main__":``.
        progress: called after each frame.

    Returns:
        The folder.

    Raises:
        InputError: an argument out of range.
        ReobjError: a rendering process died.
        StorageError: the operating system refused a write; nothing is left behind.
    """
    _check(frames, size, fps, workers)
    scene = build_scene(seed, layout)
    walk = plan_walk(scene, frames, fps)
    camera, world, folder = _camera(*size), assemble(scene), Path(out)
    with ScanNetWriter(
        folder,
        camera,
        camera,
        {p.object_id: p.model.label for p in scene.objects},
        label_ids=LABEL_IDS,
        sensor_name="reobj simulator",
        jpeg_quality=JPEG_QUALITY,
        mesh=Mesh(world.vertices, world.faces, world.vertex_object_id),
    ) as scan:
        shot = _prepare(scene, world, walk, camera, fps)
        with closing(film_frames(shot, workers or available_cores())) as made:
            for i, frame in enumerate(made):
                stamp_us = round(i * 1e6 / fps)
                scan.add(stamp_us, frame.jpeg, frame.depth_mm, walk.poses[i], frame.object_id, frame.label_id)
                progress(i + 1, len(walk))
    write_text(folder / DESCRIPTION, describe(scene, walk, fps))
    return folder


def _check(frames: int | None, size: tuple[int, int], fps: float, workers: int | None) -> None:
    if frames is not None and frames < 1:
        raise InputError(mismatch("frames", "at least 1", frames))
    if min(size) < MIN_SIZE:
        raise InputError(mismatch("size", f"at least {MIN_SIZE}x{MIN_SIZE} pixels", f"{size[0]}x{size[1]}"))
    if not (np.isfinite(fps) and 0 < fps <= 1000):
        raise InputError(mismatch("fps", "above 0, at most 1000", fps))
    if workers is not None and workers < 1:
        raise InputError(mismatch("workers", "at least 1", workers))


def _camera(width: int, height: int) -> Intrinsics:
    focal = FOCAL * width
    return Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, width, height)


def _prepare(scene: Scene, world: World, walk: Walk, camera: Intrinsics, fps: float) -> Shot:
    """Everything that is computed once per scan: textures, light, exposure."""
    atlas = build_atlas(world.textures)
    albedo = atlas.means[world.texture]
    light = bake(world, scene.lamps, RayCaster(world.vertices, world.faces), albedo)
    exposure = exposure_drift(
        len(walk), fps, _level(world, albedo * light[world.faces].mean(axis=1)), scene.seed
    )
    return Shot(scene.seed, world, light, atlas, camera, walk, exposure)


def _level(world: World, leaving: np.ndarray) -> float:
    """Median light of the scene by area: what a light meter in its middle would say."""
    corners = world.corners()
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    luminance = leaving @ GREY_WEIGHTS
    order = np.argsort(luminance)
    run = np.cumsum(area[order])
    return max(float(luminance[order[np.searchsorted(run, run[-1] / 2)]]), 1e-6)
