"""A walk through the room: where the camera is and where it looks, at every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from reobj.scans.simulator.freespace import FreeSpace, resampled, shortest_loop
from reobj.scans.simulator.scene import Scene

SPEED = 0.5  #: metres per second
MAX_TURN = np.deg2rad(55)  #: radians per second about the vertical
LOOK_SECONDS = 3.2  #: seconds that one point of interest is looked at, the turn towards it included
LAPS = 2.4  #: laps of the default walk: every place is left and seen again at least twice
MIN_SECONDS, MAX_SECONDS = 45.0, 90.0  #: of the default walk

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The camera's path.

    Attributes:
        poses: (N, 4, 4) float64 camera-to-map (x right, y down, z forward).
        turn_rate: (N, 3) radians per second, and
        velocity: (N, 3) metres per second, both in the camera's frame: what blurs a moving camera's image.
    """

    poses: Array
    turn_rate: Array
    velocity: Array

    def __len__(self) -> int:
        return len(self.poses)


def plan_walk(scene: Scene, frames: int | None, fps: float) -> Walk:
    """Plans a walk at 0.5 m/s that leaves places and comes back to them.

    The position follows a loop around the furniture, again and again; the gaze goes over the
    points of interest, in another order on every round, so that each is left and seen again, from
    elsewhere. A short walk has fewer points of interest, not less of coming back.

    Args:
        scene: the room.
        frames: length of the walk; None for a whole walk of ``LAPS`` laps, 45 to 90 s.
        fps: frames per second.
    """
    rng = np.random.default_rng([scene.seed, 77])
    space = FreeSpace(scene)
    loop = shortest_loop(space, rng)
    length = float(np.linalg.norm(np.diff(loop, axis=0), axis=1).sum())
    if frames is None:
        frames = round(fps * float(np.clip(LAPS * length / SPEED, MIN_SECONDS, MAX_SECONDS)))
    times = np.arange(frames) / fps
    ground = resampled(loop, SPEED * times)
    sight = _gaze(scene.stations, ground, times, rng)
    eye = _eye_height(times, rng)
    poses = _poses(np.column_stack([ground, eye]), sight, times, rng)
    return Walk(poses, *_motion(poses, fps))


def _gaze(stations: Array, ground: Array, times: Array, rng: np.random.Generator) -> Array:
    """(N, 2) heading and downward tilt in radians, turning at most ``MAX_TURN``."""
    step = float(times[1] - times[0]) if len(times) > 1 else 0.1
    duration = len(times) * step
    count = int(np.clip(duration / 3 / LOOK_SECONDS, min(2, len(stations)), len(stations)))
    # With two points there are three looks: there, away, and back again.
    look = duration / 3 if count == 2 else LOOK_SECONDS
    # The points that lie furthest apart, seen from the start: a short walk must really look away.
    chosen = stations[_spread(stations, ground[0], count)]
    order = _visiting_order(count, int(duration / look) + 2, rng)
    slot = np.minimum((times / look).astype(int), len(order) - 1)
    target = chosen[order[slot]]
    offset = target - ground
    reach = np.linalg.norm(offset, axis=1)
    wanted = np.arctan2(offset[:, 1], offset[:, 0])
    heading = _limited(wanted, MAX_TURN * 0.9 * step)
    heading = gaussian_filter1d(heading, 0.25 / step, mode="nearest")
    tilt = np.clip(np.arctan2(0.85, np.maximum(reach, 0.8)), 0.16, 0.6)
    tilt = gaussian_filter1d(tilt, 0.6 / step, mode="nearest")
    return np.column_stack([heading, tilt])


def _spread(points: Array, start: Array, count: int) -> NDArray[np.intp]:
    """Indices of ``count`` points whose directions from ``start`` differ most, greedily."""
    angle = np.arctan2(points[:, 1] - start[1], points[:, 0] - start[0])
    chosen = [int(np.argmin(np.linalg.norm(points - start, axis=1)))]
    while len(chosen) < count:
        apart = np.abs((angle[:, None] - angle[chosen] + np.pi) % (2 * np.pi) - np.pi).min(axis=1)
        apart[chosen] = -1
        chosen.append(int(np.argmax(apart)))
    return np.array(chosen)


def _visiting_order(count: int, visits: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rounds over all points, each in another order, none twice in a row."""
    order: list[int] = list(range(count))
    while len(order) < visits:
        following = rng.permutation(count)
        if count > 1 and following[0] == order[-1]:
            following = np.roll(following, 1)
        order.extend(int(i) for i in following)
    return np.array(order)


def _limited(wanted: Array, most: float) -> Array:
    """Follows an angle by steps of at most ``most``, the short way round."""
    heading = np.empty_like(wanted)
    heading[0] = wanted[0]
    for i in range(1, len(wanted)):
        gap = (wanted[i] - heading[i - 1] + np.pi) % (2 * np.pi) - np.pi
        heading[i] = heading[i - 1] + np.clip(0.35 * gap, -most, most)
    return heading


def _eye_height(times: Array, rng: np.random.Generator) -> Array:
    """(N,) metres: held at 1.3 to 1.5 m, drifting slowly, with the bobbing of steps."""
    base, drift, phase = rng.uniform([1.3, 0.03, 0], [1.48, 0.07, 2 * np.pi])
    return base + drift * np.sin(2 * np.pi * times / 17 + phase) + 0.008 * np.sin(2 * np.pi * 1.6 * times)


def _poses(eyes: Array, sight: Array, times: Array, rng: np.random.Generator) -> Array:
    """(N, 4, 4) poses from positions, headings and tilts, with a hand's small shake."""
    phase = rng.uniform(0, 2 * np.pi, 3)
    heading = sight[:, 0] + 0.006 * np.sin(2 * np.pi * 1.1 * times + phase[0])
    tilt = sight[:, 1] + 0.006 * np.sin(2 * np.pi * 1.6 * times + phase[1])
    roll = 0.02 * np.sin(2 * np.pi * 0.23 * times + phase[2])
    forward = np.stack(
        [np.cos(heading) * np.cos(tilt), np.sin(heading) * np.cos(tilt), -np.sin(tilt)], axis=1
    )
    level = np.stack([np.sin(heading), -np.cos(heading), np.zeros_like(heading)], axis=1)
    below = np.cross(forward, level)
    c, s = np.cos(roll)[:, None], np.sin(roll)[:, None]
    poses = np.tile(np.eye(4), (len(times), 1, 1))
    poses[:, :3, 0], poses[:, :3, 1], poses[:, :3, 2] = c * level + s * below, c * below - s * level, forward
    poses[:, :3, 3] = eyes
    return poses


def _motion(poses: Array, fps: float) -> tuple[Array, Array]:
    """Turn rate and velocity in the camera's frame, (N, 3) each, by central differences."""
    if len(poses) < 2:
        return np.zeros((len(poses), 3)), np.zeros((len(poses), 3))
    rotation = poses[:, :3, :3]
    change = np.gradient(rotation, 1 / fps, axis=0)
    skew = np.einsum("nji,njk->nik", rotation, change)  # R^T dR/dt = [w]x for small steps
    turn = (
        np.stack(
            [skew[:, 2, 1] - skew[:, 1, 2], skew[:, 0, 2] - skew[:, 2, 0], skew[:, 1, 0] - skew[:, 0, 1]],
            axis=1,
        )
        / 2
    )
    velocity = np.einsum("nji,nj->ni", rotation, np.gradient(poses[:, :3, 3], 1 / fps, axis=0))
    return turn, velocity
