"""Between the types of ``reobj`` and the messages of ``reobj_msgs``. All message building is here."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from reobj.association.map.map_object import MapObject
from reobj.errors import InputError, mismatch
from reobj.scans.message_arrays import label_image_from
from reobj.scans.message_poses import matrix_to_pose
from reobj.training.report import TrainReport
from reobj.types import Embeddings, Event, EventKind, FrameResult, Instances, ModelId
from reobj_msgs.msg import (
    Instance,
    InstanceMasks,
    ObjectEmbeddings,
    ObjectEvent,
    TrackedObject,
    TrackedObjects,
    TrainingProgress,
)
from reobj_msgs.msg import MapObject as MapObjectMessage
from reobj_ros.messages.stamps import header as make_header
from reobj_ros.messages.stamps import to_duration, to_time


def image_message(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    """An Image of a C-contiguous (H, W) or (H, W, C) array.

    The data go over as ``array.array``, which rclpy copies as a block; a list would be
    converted number by number.
    """
    message = Image(header=header, height=pixels.shape[0], width=pixels.shape[1], encoding=encoding)
    message.step = pixels.strides[0]
    message.data = array("B", np.ascontiguousarray(pixels).tobytes())
    return message


def jpeg_message(pixels: NDArray[np.uint8], header: Header) -> CompressedImage:
    """A CompressedImage, in JPEG, of an (H, W, 3) RGB array."""
    data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return CompressedImage(header=header, format="jpeg", data=array("B", data.tobytes()))


def instance_messages(instances: Instances) -> list[Instance]:
    """The instances without their masks."""
    boxes, scores = instances.boxes, instances.scores.tolist()
    return [
        Instance(label=label, score=score, box=box)
        for label, score, box in zip(instances.labels, scores, boxes, strict=True)
    ]


def masks_message(instances: Instances, header: Header) -> InstanceMasks:
    """Instances with their label image; ``header`` is that of the source image."""
    return InstanceMasks(
        header=header,
        masks=image_message(instances.label_image, "16UC1", header),
        instances=instance_messages(instances),
    )


def instances_from(message: InstanceMasks) -> Instances:
    """Back from the message. Raises InputError on other encodings or values out of range."""
    label_image = label_image_from(message.masks)
    highest = int(label_image.max(initial=0))
    if highest > len(message.instances):
        raise InputError(
            mismatch("masks", f"values of at most {len(message.instances)}, the instances", highest)
        )
    return Instances(
        boxes=np.array([i.box for i in message.instances], np.float32).reshape(-1, 4),
        label_image=label_image,
        labels=tuple(i.label for i in message.instances),
        scores=np.array([i.score for i in message.instances], np.float32),
    )


def embeddings_message(embeddings: Embeddings, instances: list[Instance], header: Header) -> ObjectEmbeddings:
    """Embeddings as one flat array, with the instances they belong to."""
    return ObjectEmbeddings(
        header=header,
        model=embeddings.model.name,
        model_hash=embeddings.model.content_hash,
        dim=embeddings.model.dim,
        data=array("f", embeddings.data.tobytes()),
        instances=instances,
    )


def embeddings_from(message: ObjectEmbeddings) -> Embeddings:
    """Back from the message. Raises InputError when the sizes do not fit or a row is not of length 1."""
    model = ModelId(message.model, message.model_hash, message.dim)
    data = np.frombuffer(message.data, np.float32)
    if data.size != len(message.instances) * model.dim:
        expected = f"{len(message.instances)} instances x {model.dim} values"
        raise InputError(mismatch("embeddings", expected, f"{data.size} values"))
    return Embeddings(data.reshape(len(message.instances), model.dim), model)


def objects_message(
    result: FrameResult, header: Header, map_frame: str, instances: list[Instance]
) -> TrackedObjects:
    """The identities of a frame; ``instances`` are its instance messages, made once."""
    objects = []
    for tracked in result.objects:
        message = TrackedObject(
            object_id=tracked.object_id,
            track_id=tracked.track_id,
            state=int(tracked.state),
            decision=int(tracked.decision.kind),
            probability=float(tracked.decision.probability),
            index=tracked.index,
            instance=instances[tracked.index],
            has_position=tracked.position is not None,
        )
        if tracked.position is not None:
            message.position = point(tracked.position)
        if tracked.covariance is not None:
            message.covariance = tracked.covariance.ravel()
        objects.append(message)
    return TrackedObjects(header=header, map_frame=map_frame, objects=objects)


def event_message(event: Event, frame_id: str) -> ObjectEvent:
    """One event of the map; ``frame_id`` is that of the image that caused it."""
    message = ObjectEvent(
        header=make_header(event.stamp_ns, frame_id),
        event_id=event.details["undone"] if event.kind == EventKind.UNDONE else event.event_id,
        kind=int(event.kind),
        object_ids=array("Q", event.object_ids),
        track_id=event.track_id,
        probability=float(event.probability),
        absence=to_duration(event.absence_ns),
        name=event.name,
    )
    if event.pose_then is not None and event.pose_now is not None:
        message.has_poses = True
        message.pose_then, message.pose_now = pose(event.pose_then), pose(event.pose_now)
    return message


def map_object_message(item: MapObject) -> MapObjectMessage:
    """One object of the map."""
    message = MapObjectMessage(
        object_id=item.object_id,
        uuid=item.uuid,
        name=item.name,
        label=item.label,
        label_share=float(item.label_share),
        has_position=item.position is not None,
        views=item.views,
        visits=item.visits,
        prototypes=item.prototypes,
        first_seen=to_time(item.first_seen_ns),
        last_seen=to_time(item.last_seen_ns),
        state=int(item.state),
        merged_into=item.merged_into,
    )
    if item.position is not None:
        message.position = point(item.position)
    if item.covariance is not None:
        message.covariance = item.covariance.ravel()
    if item.extent is not None:
        message.extent = vector(item.extent)
    if item.orientation is not None:
        message.orientation = quaternion(item.orientation)
    return message


def progress_message(report: TrainReport, header: Header) -> TrainingProgress:
    """How far a training run is; the message has the fields of the report, its score as rank-1."""
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    changed = {"state": int(report.state), "rank1": fields.pop("score")}
    return TrainingProgress(header=header, **fields | changed)


def vector(xyz: NDArray[np.float64]) -> Vector3:
    """A Vector3 of a (3,) array."""
    return Vector3(**dict(zip("xyz", map(float, xyz), strict=True)))


def point(xyz: NDArray[np.float64]) -> Point:
    """A Point of a (3,) array in metres."""
    return Point(**dict(zip("xyz", map(float, xyz), strict=True)))


def quaternion(xyzw: NDArray[np.float64]) -> Quaternion:
    """A Quaternion of a (4,) array."""
    return Quaternion(**dict(zip("xyzw", map(float, xyzw), strict=True)))


def pose(matrix: NDArray[np.float64]) -> Pose:
    """A Pose of a rigid (4, 4) transform."""
    position, orientation = matrix_to_pose(matrix)
    return Pose(position=point(position), orientation=quaternion(orientation))


UNKNOWN_ROTATION = 9999.0
"""Variance, in square radians, of a rotation that is not known; RTAB-Map ignores one from here on."""


def placed(
    position: NDArray[np.float64],
    covariance: NDArray[np.float64] | None,
    orientation: NDArray[np.float64] | None = None,
) -> PoseWithCovariance:
    """A pose of which only the position has been estimated.

    Args:
        position: (3,) metres.
        covariance: (3, 3) square metres, of the position; None leaves it 0.
        orientation: (4,) quaternion x, y, z, w; None for the identity.
    """
    message = PoseWithCovariance(pose=Pose(position=point(position)))
    if orientation is not None:
        message.pose.orientation = quaternion(orientation)
    both = np.diag([0.0, 0.0, 0.0, *(UNKNOWN_ROTATION,) * 3])
    if covariance is not None:
        both[:3, :3] = covariance
    message.covariance = both.ravel()
    return message
