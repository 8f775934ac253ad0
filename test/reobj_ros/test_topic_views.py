"""Joined messages to views, and when there is enough; without a graph."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gathered import CHAIRS, detected_second, frame, truth
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import String

from reobj.errors import InputError
from reobj.views.settings import ViewSettings
from reobj.views.store import ViewStore
from reobj_ros.input.frames import GEOMETRY
from reobj_ros.input.stamp_join import Joined
from reobj_ros.input.truth_input import COMPANION
from reobj_ros.messages.conversions import image_message, masks_message
from reobj_ros.messages.stamps import header
from reobj_ros.training.gathering import Gatherer
from reobj_ros.training.topic_views import TopicViews

OWN = {"masks": "truth", "silence": 10.0, "enough_views": 0}
DEFAULTS = {row.name: row.default for row in GEOMETRY} | OWN


class Played:
    """The messages of a bag that come at a TopicViews."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.gatherer = Gatherer(folder, ViewSettings())
        node: Any = SimpleNamespace(
            settings=DEFAULTS | settings,
            warn=pytest.fail,
            resolve_topic_name=lambda topic: f"/{topic}",
            create_subscription=lambda *arguments: None,
        )
        self.topics = TopicViews(node, self.gatherer)

    def say_names(self) -> None:
        self.topics.truth.take_names(String(data=json.dumps(CHAIRS)))

    def show(self, stamp_s: float, **companions: Any) -> None:
        shown = frame(stamp_s)
        head = header(shown.stamp_ns, "camera")
        image, ids = image_message(shown.colour, "rgb8", head), image_message(truth().ids, "16UC1", head)
        self.topics.take(Joined(shown.stamp_ns, image, {COMPANION: ids, **companions}))


@pytest.fixture
def played(tmp_path: Path) -> Played:
    made = Played(tmp_path / "views")
    made.say_names()
    return made


def test_image_truth_and_names_become_views(played: Played) -> None:
    played.show(1)
    table = ViewStore(played.gatherer.finish()).table
    assert [table.label_names[label] for label in table.labels] == ["chair", "chair"]
    np.testing.assert_array_equal(table.boxes, [[5, 5, 30, 35], [40, 20, 75, 55]])
    assert np.isnan(table.directions).all()


def test_with_pose_and_camera_the_views_know_from_where_they_are_seen(played: Played) -> None:
    pose = PoseStamped(header=header(1_000_000_000, "map"))
    pose.pose.position.x, pose.pose.orientation.w = 3.0, 1.0
    info = CameraInfo(k=[80.0, 0.0, 39.5, 0.0, 80.0, 29.5, 0.0, 0.0, 1.0], width=80, height=60)
    played.show(1, pose=pose, camera_info=info)
    table = ViewStore(played.gatherer.finish()).table
    assert table.poses[0, 0, 3] == 3.0
    ray = np.array([(17.5 - 40) / 80, (20 - 30) / 80, 1.0])  # to the middle of the first box
    np.testing.assert_allclose(table.directions[0], ray / np.linalg.norm(ray), atol=1e-6)


def test_instances_of_a_detector_give_the_masks(tmp_path: Path) -> None:
    played = Played(tmp_path / "views", masks="detector")
    played.say_names()
    stamp = header(frame(1).stamp_ns, "camera")
    played.show(1, instances=masks_message(detected_second(), stamp))
    table = ViewStore(played.gatherer.finish()).table
    assert table.instances.tolist() == [2]
    np.testing.assert_array_equal(table.boxes[0], [41, 20, 75, 55])


def test_before_the_names_came_nothing_is_taken(tmp_path: Path) -> None:
    played = Played(tmp_path / "views")
    with pytest.raises(InputError, match="label names"):
        played.show(1)
    assert played.gatherer.frames == 0


def test_silence_is_counted_from_the_last_new_frame(played: Played) -> None:
    assert not played.topics.is_enough(100.0)  # no views yet, however long
    played.show(1)
    assert not played.topics.is_enough(200.0)
    assert not played.topics.is_enough(209.9)
    played.show(2)
    assert not played.topics.is_enough(211.0)
    played.show(1)  # again, of a looped bag
    assert played.topics.is_enough(221.0)


def test_with_enough_views_there_is_no_need_of_silence(tmp_path: Path) -> None:
    played = Played(tmp_path / "views", silence=0.0, enough_views=3)
    played.say_names()
    played.show(1)
    assert not played.topics.is_enough(0.0)
    assert not played.topics.is_enough(1e9)
    played.show(2)
    assert played.topics.is_enough(1e9)
