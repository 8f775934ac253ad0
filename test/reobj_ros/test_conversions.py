from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("reobj_msgs", reason="needs reobj_msgs, built by make setup")

from rclpy.serialization import deserialize_message, serialize_message
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CompressedImage

from reobj.association.map.map_object import MapObject, ObjectState
from reobj.errors import InputError
from reobj.scans.message_arrays import compressed_to_rgb
from reobj.scans.message_poses import pose_to_matrix
from reobj.training.report import TrainReport, TrainState
from reobj.types import (
    Decision,
    DecisionKind,
    Embeddings,
    Event,
    EventKind,
    FrameResult,
    Instances,
    ModelId,
    TrackState,
)
from reobj.types import TrackedObject as Tracked
from reobj_msgs.msg import (
    InstanceMasks,
    ObjectEmbeddings,
    ObjectEvent,
    TrackedObject,
    TrackedObjects,
    TrainingProgress,
)
from reobj_msgs.msg import MapObject as MapObjectMessage
from reobj_ros.messages import conversions as c
from reobj_ros.messages.stamps import header, to_duration, to_ns, to_time

HEADER = header(1_500_000_007, "camera_optical_frame")


def two_instances() -> Instances:
    label_image = np.zeros((6, 8), np.uint16)
    label_image[1:3, 1:4] = 1
    label_image[3:6, 5:8] = 2
    boxes = np.array([[1, 1, 4, 3], [5, 3, 8, 6]], np.float32)
    return Instances(boxes, label_image, ("chair", "cup"), np.array([0.9, 0.5], np.float32))


def over_the_wire(message: object) -> object:
    return deserialize_message(serialize_message(message), type(message))


def test_masks_come_back_as_they_were() -> None:
    before = two_instances()
    message = over_the_wire(c.masks_message(before, HEADER))
    assert isinstance(message, InstanceMasks)
    after = c.instances_from(message)
    np.testing.assert_array_equal(after.label_image, before.label_image)
    np.testing.assert_array_equal(after.boxes, before.boxes)
    np.testing.assert_array_equal(after.scores, before.scores)
    assert after.labels == before.labels
    assert message.header == HEADER == message.masks.header


def test_no_instances_come_back_as_none() -> None:
    message = over_the_wire(c.masks_message(Instances.empty(4, 5), HEADER))
    assert len(c.instances_from(message)) == 0  # type: ignore[arg-type]


def test_a_mask_without_its_instance_is_refused() -> None:
    message = c.masks_message(two_instances(), HEADER)
    message.instances = message.instances[:1]
    with pytest.raises(InputError, match="at most 1, the instances, got 2"):
        c.instances_from(message)


def test_embeddings_come_back_as_they_were() -> None:
    data = np.eye(2, 4, dtype=np.float32)
    before = Embeddings(data, ModelId("small", "abc123", 4))
    instances = c.instance_messages(two_instances())
    message = over_the_wire(c.embeddings_message(before, instances, HEADER))
    assert isinstance(message, ObjectEmbeddings)
    after = c.embeddings_from(message)
    np.testing.assert_array_equal(after.data, data)
    assert after.model == before.model and message.header == HEADER


@pytest.mark.parametrize("values", [[np.nan] * 8, [0.0] * 8, [1.0] * 7])
def test_bad_embeddings_are_refused(values: list[float]) -> None:
    message = ObjectEmbeddings(
        model="m", model_hash="h", dim=4, data=values, instances=c.instance_messages(two_instances())
    )
    with pytest.raises(InputError, match="embeddings: expected"):
        c.embeddings_from(message)


def test_objects_carry_decision_track_and_position() -> None:
    instances = two_instances()
    covariance = np.diag([0.01, 0.02, 0.03])
    tracked = Tracked(
        index=1,
        track_id=7,
        state=TrackState.CONFIRMED,
        decision=Decision(DecisionKind.MATCH, 2**40, 0.75),
        position=np.array([1.0, 2.0, 3.0]),
        covariance=covariance,
    )
    result = FrameResult(
        5, "camera", instances, Embeddings(np.eye(2, dtype=np.float32), ModelId("m", "h", 2)), (tracked,)
    )
    message = over_the_wire(c.objects_message(result, HEADER, "map", c.instance_messages(instances)))
    assert isinstance(message, TrackedObjects)
    (item,) = message.objects
    assert (item.object_id, item.track_id, item.index) == (2**40, 7, 1)
    assert (item.decision, item.state) == (TrackedObject.MATCH, TrackedObject.CONFIRMED)
    assert (item.position.x, item.position.y, item.position.z, item.has_position) == (1.0, 2.0, 3.0, True)
    assert item.instance.label == "cup" and item.probability == pytest.approx(0.75)
    np.testing.assert_array_equal(np.reshape(item.covariance, (3, 3)), covariance)
    assert message.map_frame == "map"


def test_an_event_keeps_its_ids_and_absence() -> None:
    event = Event(EventKind.REIDENTIFIED, 3_000_000_001, (2**40, 3), 9, 0.5, 4_500_000_000, event_id=12)
    message = over_the_wire(c.event_message(event, "camera"))
    assert isinstance(message, ObjectEvent)
    assert list(message.object_ids) == [2**40, 3]
    assert (message.event_id, message.kind, message.track_id) == (12, ObjectEvent.REIDENTIFIED, 9)
    assert to_ns(message.absence) == 4_500_000_000 and to_ns(message.header.stamp) == 3_000_000_001
    assert not message.has_poses


def test_the_poses_of_a_revisit_are_both_there_or_none() -> None:
    then, now = np.eye(4), np.eye(4)
    now[:3, 3] = 1.0, 2.0, 3.0
    now[:3, :3] = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    event = Event(EventKind.REIDENTIFIED, 1, (3,), pose_then=then, pose_now=now)
    message = over_the_wire(c.event_message(event, "camera"))
    assert message.has_poses and message.pose_then.position.x == 0.0 and message.pose_now.position.z == 3.0
    np.testing.assert_allclose(pose_to_matrix(message.pose_now), now, atol=1e-9)
    only_now = Event(EventKind.REIDENTIFIED, 1, (3,), pose_now=now)
    assert not c.event_message(only_now, "camera").has_poses


def test_an_undone_event_names_the_event_that_was_undone_and_a_renamed_one_the_name() -> None:
    undone = Event(EventKind.UNDONE, 1, (3, 4), event_id=9, details={"undone": 7})
    assert c.event_message(undone, "").event_id == 7
    renamed = Event(EventKind.RENAMED, 1, (3,), event_id=9, name="the red one")
    assert over_the_wire(c.event_message(renamed, "")).name == "the red one"


@pytest.mark.parametrize("kind", EventKind)
def test_event_kinds_have_the_values_of_the_message(kind: EventKind) -> None:
    assert getattr(ObjectEvent, kind.name) == kind.value


@pytest.mark.parametrize("state", ObjectState)
def test_object_states_have_the_values_of_the_message(state: ObjectState) -> None:
    assert getattr(MapObjectMessage, state.name) == state.value


@pytest.mark.parametrize("kind", DecisionKind)
def test_decisions_have_the_values_of_the_message(kind: DecisionKind) -> None:
    assert getattr(TrackedObject, kind.name) == kind.value


@pytest.mark.parametrize("state", TrackState)
def test_track_states_have_the_values_of_the_message(state: TrackState) -> None:
    assert getattr(TrackedObject, state.name) == state.value


def map_object(position: np.ndarray | None) -> MapObject:
    known = position is not None
    return MapObject(
        object_id=12,
        uuid="0b5e2f2a-9d2e-4c52-8c55-3a2f3f3d7d11",
        name="",
        label="chair",
        label_share=0.8,
        position=position,
        covariance=np.eye(3) if known else None,
        extent=np.array([0.5, 0.4, 0.9]) if known else None,
        orientation=np.array([0.0, 0.0, 0.6, 0.8]) if known else None,
        views=30,
        visits=2,
        prototypes=5,
        first_seen_ns=1_000_000_000,
        last_seen_ns=2_500_000_000,
    )


def test_a_map_object_with_a_position() -> None:
    message = c.map_object_message(map_object(np.array([1.0, 2.0, 0.5])))
    assert (message.object_id, message.label, message.visits) == (12, "chair", 2)
    assert message.has_position and message.position.y == 2.0 and message.extent.z == 0.9
    assert to_ns(message.last_seen) == 2_500_000_000
    assert (message.orientation.z, message.orientation.w) == (0.6, 0.8)


def test_a_map_object_without_a_position() -> None:
    assert not c.map_object_message(map_object(None)).has_position


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_come_back_to_the_nanosecond(stamp_ns: int) -> None:
    assert to_ns(to_time(stamp_ns)) == stamp_ns == to_ns(to_duration(stamp_ns))


@given(npst.arrays(np.uint16, npst.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_an_image_message_holds_the_bytes_of_the_array(pixels: np.ndarray) -> None:
    message = c.image_message(pixels, "16UC1", HEADER)
    back = np.frombuffer(message.data, np.uint16).reshape(message.height, message.width)
    np.testing.assert_array_equal(back, pixels)
    assert message.step == message.width * 2


def test_a_jpeg_keeps_colours_and_their_order() -> None:
    pixels = np.full((40, 60, 3), (200, 100, 20), np.uint8)
    message = over_the_wire(c.jpeg_message(pixels, HEADER))
    assert isinstance(message, CompressedImage)
    assert message.header == HEADER and message.format == "jpeg"
    np.testing.assert_allclose(compressed_to_rgb(message).astype(int), pixels, atol=4)


def test_a_report_of_a_training_becomes_a_message_with_all_its_fields() -> None:
    report = TrainReport(
        TrainState.VALIDATING, 1, 3, 40, 120, 0.5, 0.75, 80.0, 900, "out/checkpoint", "all well"
    )
    message = over_the_wire(c.progress_message(report, HEADER))
    assert isinstance(message, TrainingProgress)
    assert message.header == HEADER
    assert message.state == TrainingProgress.VALIDATING
    assert (message.epoch, message.epochs, message.step, message.steps) == (1, 3, 40, 120)
    assert (message.loss, message.rank1, message.images_per_second) == (0.5, 0.75, 80.0)
    assert (message.views, message.checkpoint, message.message) == (900, "out/checkpoint", "all well")


@pytest.mark.parametrize("state", TrainState)
def test_the_states_of_a_training_are_those_of_the_message(state: TrainState) -> None:
    assert getattr(TrainingProgress, state.name) == state
