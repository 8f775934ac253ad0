"""The one table of the topics in a bag: names, types, QoS and frames.

Names are those of the nodes' relative topics in the root namespace, so that
``ros2 bag play`` needs no remapping. What is true but unknown to a robot lies
below ``/ground_truth``: only evaluation and the label-image detector read it.
"""

from __future__ import annotations

from dataclasses import dataclass

MAP_FRAME = "map"
CAMERA_LINK = "camera_link"  #: the camera's body: x forward, y left, z up (REP 103)
OPTICAL_FRAME = "camera_optical_frame"  #: x right, y down, z forward (REP 103)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes:
        name: absolute.
        msgtype: such as ``sensor_msgs/msg/Image``.
        latched: TRANSIENT_LOCAL, so that a late subscriber gets the last message; else VOLATILE.
            Always RELIABLE, which best-effort subscribers take too.
    """

    name: str
    msgtype: str
    latched: bool = False


_IMAGE = "sensor_msgs/msg/Image"
_COMPRESSED = "sensor_msgs/msg/CompressedImage"

IMAGE = Topic("/image", _IMAGE)
IMAGE_COMPRESSED = Topic("/image/compressed", _COMPRESSED)
DEPTH = Topic("/depth", _IMAGE)
DEPTH_COMPRESSED = Topic("/depth/compressedDepth", _COMPRESSED)
CAMERA_INFO = Topic("/camera_info", "sensor_msgs/msg/CameraInfo")
POSE = Topic("/pose", "geometry_msgs/msg/PoseStamped")
TF = Topic("/tf", "tf2_msgs/msg/TFMessage")
TF_STATIC = Topic("/tf_static", "tf2_msgs/msg/TFMessage", latched=True)
INSTANCES = Topic("/ground_truth/instances", _IMAGE)
INSTANCES_COMPRESSED = Topic("/ground_truth/instances/compressed", _COMPRESSED)
LABELS = Topic("/ground_truth/labels", _IMAGE)
LABELS_COMPRESSED = Topic("/ground_truth/labels/compressed", _COMPRESSED)
LABEL_NAMES = Topic("/ground_truth/label_names", "std_msgs/msg/String", latched=True)


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Where to look in a bag. None: do not look.

    Images may be raw or compressed: beside ``/image``, ``/image/compressed`` is tried, and for depth
    ``/depth/compressedDepth`` too. A name that differs from the default must be in the bag.
    """

    image: str = IMAGE.name
    depth: str | None = DEPTH.name
    camera_info: str | None = CAMERA_INFO.name
    pose: str | None = POSE.name
    tf: str | None = TF.name
    tf_static: str | None = TF_STATIC.name
    instances: str | None = INSTANCES.name
    label_names: str | None = LABEL_NAMES.name
