"""The vectorised tracker against DeepSORT written as plain loops over single tracks and boxes."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from reobj.association.tracks.kalman import CHI2_95_4
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.types import Instances

DIM = 16
FORWARD = np.eye(8) + np.eye(8, k=4)
OURS = replace(TrackerConfig(), follow_camera=False)  # what boxes do together has tests of its own


def noise(height, weight_position, weight_velocity, aspect, aspect_velocity):
    stds = [weight_position * height] * 4 + [weight_velocity * height] * 4
    stds[2], stds[6] = aspect, aspect_velocity
    return np.diag(np.square(stds))


@dataclass
class PlainTrack:
    """The (8, 8) Kalman filter as the paper has it."""

    name: int
    label: str
    depth: float
    mean: np.ndarray
    covariance: np.ndarray
    looks: list
    hits: int = 1
    age: int = 0

    def predict(self):
        height = self.mean[3]
        self.mean = FORWARD @ self.mean
        process = noise(height, 1 / 20, 1 / 160, 1e-2, 1e-5)
        self.covariance = FORWARD @ self.covariance @ FORWARD.T + process
        self.age += 1

    def measured(self):
        spread = noise(self.mean[3], 1 / 20, 0, 1e-1, 0)[:4, :4]
        return self.mean[:4], self.covariance[:4, :4] + spread

    def mahalanobis(self, box):
        mean, covariance = self.measured()
        return float((box - mean) @ np.linalg.solve(covariance, box - mean))

    def correct(self, box):
        mean, covariance = self.measured()
        gain = self.covariance[:, :4] @ np.linalg.inv(covariance)
        self.mean = self.mean + gain @ (box - mean)
        self.covariance = self.covariance - gain @ covariance @ gain.T


def corners(box):
    x, y, aspect, height = box
    return x - aspect * height / 2, y - height / 2, x + aspect * height / 2, y + height / 2


def overlap(a, b):
    a, b = corners(a), corners(b)
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)) - width * height
    return width * height / union


class PlainTracker:
    def __init__(self, config):
        self.c, self.tracks, self.next = config, [], 1

    def update(self, boxes, labels, looks, depths):
        found = [np.array([(a + c) / 2, (b + d) / 2, (c - a) / (d - b), d - b]) for a, b, c, d in boxes]
        for track in self.tracks:
            track.predict()
        owner, c = {}, self.c
        confirmed = [t for t in self.tracks if t.hits >= c.n_init]
        for age in range(1, c.max_age + 1):
            tracks = [t for t in confirmed if t.age == age]
            costs = {
                (t.name, i): self.cascade_cost(t, found[i], labels[i], looks[i], depths[i])
                for t in tracks
                for i in range(len(found))
                if i not in owner
            }
            owner |= self.solve(tracks, costs, 1 + c.label_cost)
        taken = {t.name for t in owner.values()}
        free = [t for t in self.tracks if t.age == 1 and t.name not in taken]
        costs = {
            (t.name, i): self.overlap_cost(t, found[i], labels[i], looks[i], depths[i])
            for t in free
            for i in range(len(found))
            if i not in owner
        }
        owner |= self.solve(free, costs, 1 - c.min_iou + c.label_cost)
        for i, box in enumerate(found):
            self.take(owner, i, box, labels[i], looks[i], depths[i])
        self.tracks = [t for t in self.tracks if t.age <= (c.max_age if t.hits >= c.n_init else 0)]
        return [owner[i].name for i in range(len(found))]

    def take(self, owner, i, box, label, look, depth):
        if i in owner:
            track = owner[i]
            track.correct(box)
            track.hits, track.age = track.hits + 1, 0
            track.looks = [*track.looks, look][-self.c.budget :]
            track.depth = track.depth if math.isnan(depth) else depth
            return
        first = noise(box[3], 2 / 20, 10 / 160, 1e-2, 1e-5)
        owner[i] = PlainTrack(self.next, label, depth, np.append(box, np.zeros(4)), first, [look])
        self.next += 1
        self.tracks.append(owner[i])

    def elsewhere(self, track, depth):
        ratio = track.depth / depth
        return ratio > self.c.max_depth_ratio or ratio < 1 / self.c.max_depth_ratio

    def cascade_cost(self, track, box, label, look, depth):
        motion = track.mahalanobis(box) / CHI2_95_4
        apart = min(1 - float(e @ look) for e in track.looks) / self.c.max_cosine_distance
        if motion > 1 or apart > 1 or self.elsewhere(track, depth):
            return math.inf
        share = self.c.motion_weight
        return share * motion + (1 - share) * apart + self.c.label_cost * (label != track.label)

    def overlap_cost(self, track, box, label, look, depth):
        shared = overlap(track.mean[:4], box)
        apart = min(1 - float(e @ look) for e in track.looks)
        foreign = track.hits >= self.c.n_init and apart > self.c.max_overlap_cosine_distance
        if shared < self.c.min_iou or foreign or self.elsewhere(track, depth):
            return math.inf
        return 1 - shared + self.c.label_cost * (label != track.label)

    def solve(self, tracks, costs, gate):
        """Leaving one alone costs the gate, so a pair that costs more than that is worth nothing."""
        columns = sorted({i for _, i in costs})
        if not tracks or not columns:
            return {}
        table = np.array([[min(costs[t.name, i], gate) for i in columns] for t in tracks])
        chosen = zip(*linear_sum_assignment(table), strict=True)
        return {columns[c]: tracks[r] for r, c in chosen if costs[tracks[r].name, columns[c]] <= gate}


def scene(seed, frames=70, objects=14, hidden=4):
    """Boxes that cross each other, are hidden for some frames, look partly alike and wear wrong labels."""
    rng = np.random.default_rng(seed)
    centre, speed = rng.uniform(50, 350, (objects, 2)), rng.normal(0, 2, (objects, 2))
    half, until = rng.uniform(15, 35, (objects, 2)), np.zeros(objects)
    true_looks, true_depths = rng.standard_normal((objects, DIM)), rng.uniform(1, 5, objects)
    true_looks[::2] = true_looks[:1] + 0.5 * true_looks[::2]
    for k in range(frames):
        centre = centre + speed
        if k % 6 == 0:
            until[rng.choice(objects, hidden, replace=False)] = k + rng.integers(1, 15, hidden)
            centre[k % objects] = rng.uniform(50, 350, 2)  # one is put elsewhere
        ids = rng.permutation(np.flatnonzero(until <= k))
        boxes = np.concatenate([centre[ids] - half[ids], centre[ids] + half[ids]], axis=1)
        boxes = (boxes + rng.normal(0, 1.5, boxes.shape)).astype(np.float32)
        looks = true_looks[ids] + 0.3 * rng.standard_normal((len(ids), DIM))
        looks = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
        labels = tuple(np.where(rng.random(len(ids)) < 0.05, "stool", "chair").tolist())
        depths = np.where(rng.random(len(ids)) < 0.2, np.nan, true_depths[ids])
        yield boxes, labels, looks, depths


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    "config", [TrackerConfig.deepsort_paper(), OURS, replace(OURS, budget=4)], ids=["paper", "ours", "short"]
)
def test_it_gives_the_ids_of_the_plain_loops(config, seed):
    fast, plain = Tracker(config), PlainTracker(config)
    for k, (boxes, labels, looks, depths) in enumerate(scene(seed)):
        n = len(boxes)
        found = Instances(boxes, np.zeros((4, 4), np.uint16), labels, np.ones(n, np.float32))
        got = fast.update(k * 100_000_000, found, looks, depths=depths)
        assert [t.track_id for t in got] == plain.update(boxes.astype(float), labels, looks, depths), k
    assert plain.next > 18  # tracks were lost and begun on the way
