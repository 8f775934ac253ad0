import math
from dataclasses import replace

import numpy as np
import pytest

from reobj.association.tracks.motion import CameraMotion
from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import ConfigError, InputError
from reobj.types import Instances, Intrinsics, TrackState

PAPER = TrackerConfig.deepsort_paper()
A, B, C = np.eye(3, 8, dtype=np.float32)
STEP = 100_000_000


def at(*corners, size=40, labels=None):
    boxes = np.array([(x, y, x + size, y + size) for x, y in corners], np.float32).reshape(-1, 4)
    n = len(boxes)
    return Instances(boxes, np.zeros((4, 4), np.uint16), labels or ("chair",) * n, np.ones(n, np.float32))


def looks(*rows):
    return np.array(rows, np.float32).reshape(-1, 8)


class Run:
    def __init__(self, config=PAPER):
        self.tracker, self.stamp = Tracker(config), 0

    def __call__(self, found, embeddings, **more):
        """Track ids by detection."""
        tracks = self.tracker.update(self.stamp, found, embeddings, **more)
        self.stamp += STEP
        assert [t.index for t in tracks] == list(range(len(found)))
        self.states = [t.state for t in tracks]
        return [t.track_id for t in tracks]


@pytest.fixture(params=[PAPER, TrackerConfig()], ids=["paper", "ours"])
def run(request):
    return Run(request.param)


@pytest.mark.parametrize("hits", [1, 2, 3])
def test_a_track_is_confirmed_at_its_nth_hit(hits):
    run, states = Run(replace(PAPER, n_init=hits)), []
    for _ in range(4):
        run(at((10, 10)), looks(A))
        states += run.states
    assert states == [TrackState.TENTATIVE] * (hits - 1) + [TrackState.CONFIRMED] * (5 - hits)


def test_a_tentative_track_ends_at_its_first_miss(run):
    first = run(at((10, 10)), looks(A))
    run(at(), looks())
    assert run.tracker.track_ids == frozenset()
    assert run(at((10, 10)), looks(A)) != first


def test_a_confirmed_track_survives_exactly_max_age_misses():
    run = Run(replace(PAPER, max_age=5))
    for _ in range(3):
        ids = run(at((10, 10)), looks(A))
    for _ in range(5):
        run(at(), looks())
    assert run.tracker.track_ids == frozenset(ids)
    run(at(), looks())
    assert run.tracker.track_ids == frozenset()


def test_two_objects_that_cross_keep_their_tracks_by_appearance(run):
    for x in range(0, 100, 5):
        ids = run(at((x, 10), (100 - x, 12)), looks(A, B))
        assert ids == [1, 2]


def test_a_track_is_found_again_after_an_occlusion(run):
    for x in range(0, 40, 4):
        before = run(at((x, 10)), looks(A))
    for _ in range(8):
        run(at(), looks())
    assert run(at((40 + 32, 10)), looks(A)) == before


def test_the_track_seen_more_recently_is_served_first():
    run = Run(replace(PAPER, max_cosine_distance=0.5))
    near = np.sqrt(1 - 0.7**2)
    for _ in range(4):
        run(at((10, 10), (18, 10)), looks(A, B))
    run(at((18, 10)), looks(B))  # track 1 is hidden for one frame
    # looks more like track 1 than like track 2, which was seen last
    detection = 0.8 * A + 0.6 * B
    assert detection @ A > detection @ B > near - 0.2
    assert run(at((18, 10)), looks(detection)) == [2]


def test_a_detection_outside_the_motion_gate_starts_a_track_in_spite_of_its_looks(run):
    for _ in range(4):
        run(at((10, 10)), looks(A))
    assert run(at((500, 400)), looks(A)) == [2]


def test_an_occluder_with_another_look_does_not_get_the_track_in_our_configuration():
    for config, expected in ((PAPER, [1]), (TrackerConfig(), [2])):
        run = Run(config)
        for _ in range(4):
            run(at((10, 10)), looks(A))
        assert run(at((12, 10)), looks(B)) == expected


def test_another_label_counts_against_a_pair_in_our_configuration():
    run = Run(TrackerConfig())
    for _ in range(4):
        run(at((10, 10), (22, 10), labels=("chair", "table")), looks(A, A))
    assert run(at((16, 10), (16, 10), labels=("table", "chair")), looks(A, A)) == [2, 1]


def test_ids_are_never_reused_even_after_a_reset(run):
    seen = set()
    for _ in range(5):
        new = run(at((10, 10), (200, 10)), looks(A, B))
        assert not seen & set(new)
        seen |= set(new)
        run.tracker.reset()


def test_two_trackers_have_ids_of_their_own():
    assert Run()(at((10, 10)), looks(A)) == Run()(at((10, 10)), looks(A)) == [1]


def test_the_same_input_gives_the_same_tracks():
    def once():
        rng, run, ids = np.random.default_rng(3), Run(TrackerConfig()), []
        for _ in range(60):
            n = int(rng.integers(0, 12))
            e = rng.standard_normal((n, 8))
            e /= np.linalg.norm(e, axis=1, keepdims=True)
            ids.append(run(at(*rng.uniform(0, 200, (n, 2))), e.astype(np.float32)))
        return ids

    assert once() == once()


def test_a_stamp_that_goes_back_ends_all_tracks(run):
    for _ in range(3):
        before = run(at((10, 10)), looks(A))
    run.stamp = 0
    assert run(at((10, 10)), looks(A)) != before


def test_a_long_pause_ends_all_tracks_in_our_configuration_only():
    for config, kept in ((PAPER, True), (TrackerConfig(), False)):
        run = Run(config)
        for _ in range(3):
            before = run(at((10, 10)), looks(A))
        run.stamp += 60_000_000_000
        assert (run(at((10, 10)), looks(A)) == before) == kept


def test_five_hundred_detections_of_which_none_comes_back_leave_nothing():
    rng, run = np.random.default_rng(0), Run(TrackerConfig())
    e = rng.standard_normal((500, 8))
    e = (e / np.linalg.norm(e, axis=1, keepdims=True)).astype(np.float32)
    assert len(set(run(at(*rng.uniform(0, 5000, (500, 2))), e))) == 500
    run(at(), looks())
    assert run.tracker.track_ids == frozenset()


def test_embeddings_of_another_count_or_length_are_refused_and_change_nothing(run):
    run(at((10, 10)), looks(A))
    with pytest.raises(InputError, match="one per instance"):
        run.tracker.update(run.stamp, at((10, 10)), looks(A, B))
    with pytest.raises(InputError, match="length 8"):
        run.tracker.update(run.stamp, at((10, 10)), np.ones((1, 3), np.float32))
    assert run(at((10, 10)), looks(A)) == [1]


def test_the_motion_of_the_camera_carries_a_track_over_a_turn():
    camera = Intrinsics(500.0, 500.0, 320.0, 240.0, 640, 480)
    turned = np.eye(4)
    angle = math.radians(20)
    turned[:3, :3] = [
        [math.cos(angle), 0, math.sin(angle)],
        [0, 1, 0],
        [-math.sin(angle), 0, math.cos(angle)],
    ]
    motion = CameraMotion.between(np.eye(4), turned, camera)
    shifted = 500 * math.tan(-angle)
    for camera_motion, expected in ((motion, [1]), (None, [2])):
        run = Run(TrackerConfig())
        for _ in range(4):
            run(at((300, 220)), looks(A), depths=np.array([2.0]))
        found = at((300 + shifted, 220))
        assert run(found, looks(A), camera_motion=camera_motion, depths=np.array([2.0])) == expected


def test_something_much_nearer_in_the_same_place_of_the_image_is_another_track():
    for depths, expected in (([2.1], [1]), ([1.0], [2]), ([4.0], [2]), ([np.nan], [1])):
        run = Run(TrackerConfig())
        for _ in range(4):
            run(at((300, 220)), looks(A), depths=np.array([2.0]))
        assert run(at((300, 220)), looks(A), depths=np.array(depths)) == expected


def test_without_a_pose_a_turn_that_all_boxes_show_is_followed_in_our_configuration():
    corners = np.array([(100, 100), (300, 150), (500, 120)])
    for config, followed in ((TrackerConfig(), True), (PAPER, False)):
        run = Run(config)
        for _ in range(4):
            before = run(at(*corners), looks(A, B, C))
        assert (run(at(*(corners - (70, 20))), looks(A, B, C)) == before) == followed


def test_a_track_that_gets_behind_the_camera_ends():
    camera = Intrinsics(500.0, 500.0, 320.0, 240.0, 640, 480)
    run, forward = Run(), np.eye(4)
    for _ in range(3):
        run(at((300, 220)), looks(A), depths=np.array([2.0]))
    forward[2, 3] = 5.0
    run(at(), looks(), camera_motion=CameraMotion.between(np.eye(4), forward, camera))
    assert run.tracker.track_ids == frozenset()


@pytest.mark.parametrize(
    "bad", [{"max_age": 0}, {"motion_weight": 1.5}, {"max_gap_s": -1.0}, {"overlap": "area"}]
)
def test_a_configuration_out_of_range_names_its_key(bad):
    with pytest.raises(ConfigError, match=next(iter(bad))):
        TrackerConfig(**bad)
