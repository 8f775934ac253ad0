"""Writes docs/nodes.md from the nodes' own tables: python tools/node_docs.py [--check]."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from reobj.detection.imperfections import ImperfectionConfig
from reobj.detection.registry import DETECTORS
from reobj.encoding.registry import ENCODERS
from reobj_ros import (
    association_node,
    detector_node,
    encoder_node,
    live_node,
    record_node,
    replay_node,
    trainer_node,
)
from reobj_ros.input.inputs import INPUT_PARAMETERS
from reobj_ros.map.map_services import SERVICES
from reobj_ros.node.config_parameters import config_parameters
from reobj_ros.node.managed import LIFE
from reobj_ros.node.parameters import Parameter
from reobj_ros.stages.stages import ASSOCIATION, PROPAGATION
from reobj_ros.training.trainer_settings import PARAMETERS, STORED

PAGE = Path(__file__).parent.parent / "docs/nodes.md"

HEAD = """# Nodes

<!-- Written by tools/node_docs.py: change the tables in reobj_ros/ and run it again. -->

Topic names are relative: they can be remapped and take the node's namespace, but for `/diagnostics`,
`/clock`, `/tf` and `/tf_static`, which are global by convention.

All nodes are [managed](https://design.ros2.org/articles/node_lifecycle.html). *Configure* loads weights and
opens files, *activate* subscribes and offers the services, *deactivate* ends the subscriptions and the
short-term tracks and frees the memory of a GPU, *cleanup* and *shutdown* close the map. A node brings itself
to active at its start, so that it is back after a respawn, too; with `autostart: false` it waits for a
lifecycle manager, such as Nav2's. A node that cannot be configured says why: on its own it ends with exit
code 1, under a manager it stays unconfigured and can be tried again.

Several cameras can look at one map: with `cameras: [front, left]` the topics of each camera are below its
name, as `front/image`, `front/camera_info`, `front/objects` and `front/overlay`. Each has its own tracks, and
an object has one id for all. The map is common to them: `object_map`, `events`, `markers`, the services,
and so is `odom`. Images of different cameras need not come at one moment, but their stamps must be of one
clock. The stages take the cameras in turn; a slow or silent one keeps no other waiting.

A parameter changes at the time that its table says: at any moment, while the node is unconfigured, or
never after the start. A value of another type, out of range or at a wrong time is refused with a reason;
at the start it ends the node with one line that names it. A name in a file that is almost one of the node's
is warned of.

Masks, embeddings and objects carry exactly the stamp and frame id of their image. What comes from
another node of reobj is reliable; the camera's topics have the reliability that the parameter of that
name says, and each of them can be changed by its own `qos_overrides` parameters. When several frames
wait for a stage, the oldest one is dropped and counted on `/diagnostics`.
"""


@dataclass(frozen=True)
class Topic:
    """One row of a list of topics or services."""

    name: str
    kind: str
    meaning: str


IMAGE = Topic(
    "`image` or `image/compressed`",
    "sensor_msgs/Image, CompressedImage",
    "colour: rgb8, bgr8, rgba8, bgra8, mono8, mono16, YUV 4:2:2, Bayer of 8 bit, and what an installed "
    "cv_bridge reads; JPEG or PNG",
)
TRUTH = (
    Topic(
        "`ground_truth/instances` or `.../compressed`",
        "sensor_msgs/Image, CompressedImage",
        "true masks; only with `detector.name: label_image`",
    ),
    Topic(
        "`ground_truth/label_names`",
        "std_msgs/String, latched",
        "JSON of instance ids to labels; only with `detector.name: label_image`",
    ),
)
GIVEN = (
    Topic(
        "`masks`",
        "reobj_msgs/InstanceMasks",
        "[masks of another node](bringup.md#your-own-segmenter), with exactly the stamp of their image; only "
        "with `detector.name: masks`",
    ),
    Topic(
        "`segments` or `segments/compressed`",
        "sensor_msgs/Image, CompressedImage",
        "or its label image, 8UC1, 16UC1, 32SC1 or PNG; with `detector.source: segments` or `detections`",
    ),
    Topic(
        "`segments/detections`",
        "vision_msgs/Detection2DArray",
        "classes and scores of what is in `segments`, `detector.source: detections`; or alone, `boxes`",
    ),
)
GEOMETRY = (
    Topic(
        "`depth` or `depth/compressedDepth`",
        "sensor_msgs/Image, CompressedImage",
        "16UC1 or mono16 in millimetres, 32FC1 in metres; registered to colour here if it is not; optional",
    ),
    Topic(
        "`camera_info`",
        "sensor_msgs/CameraInfo",
        "of the colour camera; a lens is plumb_bob, rational_polynomial or equidistant; optional, needed "
        "to use depth",
    ),
    Topic(
        "`depth_camera_info`",
        "sensor_msgs/CameraInfo",
        "of the depth camera, where depth is not registered to colour",
    ),
    Topic(
        "`pose`",
        "geometry_msgs/PoseStamped",
        "of the camera's optical frame, or of `pose_frame`, in the map; with `pose_source: topic`",
    ),
    Topic(
        "`odom`",
        "nav_msgs/Odometry",
        "of `pose_frame`, or else of its child_frame_id, in the map; with `pose_source: odometry`",
    ),
    Topic(
        "`/tf`",
        "tf2_msgs/TFMessage",
        "from the image's frame to `map_frame`; with `pose_source: tf`",
    ),
    Topic(
        "`/tf_static`",
        "tf2_msgs/TFMessage",
        "the same; and where the cameras are from each other and from `pose_frame`",
    ),
)
DEPTH = tuple(
    replace(topic, meaning=f"{topic.meaning}; only with `detector.name: depth_segments`")
    for topic in GEOMETRY
    if "depth" in topic.name or topic.name == "`camera_info`"
)
LOOP_CLOSURES = Topic(
    "`corrected_path`",
    "nav_msgs/Path",
    "poses of key frames as SLAM knows them now, in `map_frame`, each with the stamp of its image: "
    "the map moves with them; optional. With `corrected_path_frame` one path is for all cameras",
)
MASKS = Topic("`instances`", "reobj_msgs/InstanceMasks", "what the detector found")
EMBEDDINGS = Topic("`embeddings`", "reobj_msgs/ObjectEmbeddings", "one row per instance")
RESULTS = (
    Topic("`objects`", "reobj_msgs/TrackedObjects", "which object each instance is"),
    Topic("`events`", "reobj_msgs/ObjectEvent", "what happened to the map"),
    Topic(
        "`object_map`",
        "reobj_msgs/ObjectMap, latched",
        "all objects, merged and deleted ones too: at the start, at events, twice a second at most; less "
        "often from 500 objects on",
    ),
    Topic(
        "`markers`",
        "visualization_msgs/MarkerArray, latched",
        "the map for RViz: 200 objects twice a second at most, first those that changed, the others in turn; "
        "they vanish some seconds after the node died; made only while somebody looks",
    ),
    Topic(
        "`overlay` or `overlay/compressed`",
        "sensor_msgs/Image, CompressedImage",
        "image with masks and ids; made only while somebody looks",
    ),
    Topic(
        "`detections`",
        "vision_msgs/Detection2DArray",
        "boxes in the image, with the object's id (empty while not known), the label and the detector's "
        "score; where vision_msgs is installed, and only while somebody listens",
    ),
    Topic(
        "`detections_3d`",
        "vision_msgs/Detection3DArray",
        "what is in view, in `map_frame`, with the place, covariance, orientation and size that the map has "
        "of it; the same otherwise",
    ),
    Topic(
        "`landmark_detections`",
        "rtabmap_msgs/LandmarkDetections",
        "where the camera sees the identified objects, [for RTAB-Map](maps.md#helping-slam-to-close-one); "
        "where rtabmap_msgs is installed, and only while somebody listens",
    ),
)
PLAYED = (
    replace(IMAGE, meaning="of a bag that is being played; all of these only with `source: topics`"),
    Topic(
        "`ground_truth/instances` or `.../compressed`",
        "sensor_msgs/Image, CompressedImage",
        "which object each pixel shows; needed",
    ),
    Topic(
        "`ground_truth/label_names`",
        "std_msgs/String, latched",
        "JSON of instance ids to labels; needed. It tells one recording from the next",
    ),
    Topic("`instances`", "reobj_msgs/InstanceMasks", "masks of a detector; with `masks: detector`"),
    *(topic for topic in GEOMETRY if "depth" not in topic.name),
)
DIAGNOSTICS = Topic(
    "`/diagnostics`",
    "diagnostic_msgs/DiagnosticArray",
    "once a second: frames received, processed, failed, and dropped (overtaken by newer ones while a stage "
    "was busy, or unmatched); rates; milliseconds per stage; memory; size of the map; in words what somebody "
    "should look after. By diagnostic_updater where that is installed",
)

MEANINGS = {
    "save_map": "write the map to a file; without a path make sure that the file in use is up to date",
    "load_map": "replace the map by that of a file, or merge that in",
    "reset_map": "forget the tracks, and the map unless it is to be kept",
    "merge_objects": "several objects are one; old ids stand for the first from now on",
    "split_object": "undo a merge or a split by its event, or take a track out of an object",
    "rename_object": "give an object a name",
    "delete_object": "remove an object for good",
    "find_objects": "by id, label, name, region or example image (that only with an encoder: live_node)",
    "explain_object": "why a track got its id: the evidence, the runner-up, pictures",
}
MAP_SERVICES = tuple(
    Topic(f"`{name}`", f"reobj_msgs/{kind.__name__}", MEANINGS[name]) for name, kind in SERVICES.items()
)


@dataclass(frozen=True)
class NodePage:
    """What the page says about one node, beside the first lines of its module."""

    module: Any
    subscribed: tuple[Topic, ...]
    published: tuple[Topic, ...]
    parameters: tuple[Parameter, ...]
    stages: tuple[str, ...] = ()
    services: tuple[Topic, ...] = ()


PAGES = (
    NodePage(
        live_node,
        (IMAGE, *GEOMETRY, LOOP_CLOSURES, *GIVEN, *TRUTH),
        (*RESULTS, MASKS, EMBEDDINGS, DIAGNOSTICS),
        (*INPUT_PARAMETERS, *live_node.PARAMETERS),
        ("detector", "encoder", "association"),
        MAP_SERVICES,
    ),
    NodePage(
        detector_node,
        (IMAGE, *DEPTH, *GIVEN, *TRUTH),
        (MASKS, DIAGNOSTICS),
        (*INPUT_PARAMETERS, *detector_node.PARAMETERS),
        ("detector",),
    ),
    NodePage(
        encoder_node,
        (IMAGE, MASKS),
        (EMBEDDINGS, DIAGNOSTICS),
        (*INPUT_PARAMETERS, *encoder_node.PARAMETERS),
        ("encoder",),
    ),
    NodePage(
        association_node,
        (
            EMBEDDINGS,
            MASKS,
            *GEOMETRY,
            LOOP_CLOSURES,
            Topic("`image` or `image/compressed`", IMAGE.kind, "only while somebody looks at `overlay`"),
        ),
        (*RESULTS, DIAGNOSTICS),
        (*INPUT_PARAMETERS, *association_node.PARAMETERS),
        ("encoder", "association"),
        MAP_SERVICES,
    ),
    NodePage(
        replay_node,
        (Topic("`objects`", "reobj_msgs/TrackedObjects", "the answer to an image; only with `lock_step`"),),
        (
            Topic(
                "all topics of the bag",
                "as recorded",
                "under their own names; latched ones are latched again",
            ),
            Topic("`/clock`", "rosgraph_msgs/Clock", "the bag's time at each image; with `publish_clock`"),
        ),
        replay_node.PARAMETERS,
    ),
    NodePage(
        record_node,
        tuple(
            Topic(
                f"`{t.name if t is record_node.DIAGNOSTICS else t.name.lstrip('/')}`",
                t.msgtype.replace("/msg/", "/"),
                "recorded",
            )
            for t in record_node.TOPICS
        ),
        (),
        record_node.PARAMETERS,
    ),
    NodePage(
        trainer_node,
        PLAYED,
        (
            Topic(
                "`training_progress`",
                "reobj_msgs/TrainingProgress, latched",
                "what is being done and how far it is, several times a second at most and once at least",
            ),
            DIAGNOSTICS,
        ),
        (*INPUT_PARAMETERS, *PARAMETERS, *STORED),
        services=(
            Topic(
                "`~/start`",
                "std_srvs/Trigger",
                "train now on what was gathered, or go on from the checkpoint after STOPPED or FAILED",
            ),
            Topic(
                "`~/stop`",
                "std_srvs/Trigger",
                "end with a checkpoint, or with the views gathered so far; Ctrl-C does the same",
            ),
        ),
    ),
)


def page() -> str:
    """The whole of docs/nodes.md."""
    stages = [
        *(
            options("detector", f"Detector `{name}`", entry.config())
            for name, entry in sorted(DETECTORS.items())
        ),
        options("detector.propagation", "Key frames, with `detector.propagate`", PROPAGATION),
        options("detector.imperfections", "Mistakes added with `detector.imperfect`", ImperfectionConfig()),
        *(
            options("encoder", f"Encoder `{name}`", entry.config())
            for name, entry in sorted(ENCODERS.items())
        ),
        f"### Association\n\n{parameters(ASSOCIATION)}",
    ]
    return "\n".join([HEAD, *map(node_section, PAGES), "## Parameters of the stages\n", *stages])


def node_section(node: NodePage) -> str:
    """Heading, sentence and the lists of one node."""
    name, _, sentence = " ".join((node.module.__doc__ or "").split()).partition(": ")
    parts = [f"## {name}\n", f"{sentence[0].upper()}{sentence[1:]}\n"]
    parts += ["**Subscribed**\n", topics(node.subscribed)]
    parts += ["**Published**\n", topics(node.published)]
    if node.services:
        parts += ["**Services**\n", table(("service", "type", "meaning"), rows_of(node.services))]
    parts += ["**Parameters**\n", parameters((*LIFE, *node.parameters))]
    if node.stages:
        names = ", ".join(f"`{stage}.*`" for stage in node.stages)
        parts.append(f"And those of the [stages](#parameters-of-the-stages): {names}.\n")
    return "\n".join(parts)


def options(prefix: str, title: str, config: Any) -> str:
    """The parameters of one configuration."""
    rows = config_parameters(prefix, config)
    return f"### {title}\n\n{parameters(rows)}" if rows else ""


def topics(rows: Iterable[Topic]) -> str:
    """A table of topics."""
    return table(("topic", "type", "meaning"), rows_of(rows))


def rows_of(rows: Iterable[Topic]) -> list[tuple[str, ...]]:
    """The cells of a list of topics or services."""
    return [(row.name, row.kind, row.meaning) for row in rows]


def parameters(rows: Iterable[Parameter]) -> str:
    """A table of parameters."""
    cells = [
        (f"`{r.name}`", kind_of(r.default), shown(r.default), r.range(), r.when(), r.description)
        for r in rows
    ]
    return table(("name", "type", "default", "range", "changes", "meaning"), cells)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; "None." without rows."""
    if not rows:
        return "None.\n"
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def kind_of(default: Any) -> str:
    """A default's type as ROS names it."""
    names = {bool: "bool", int: "int", float: "double", str: "string"}
    return f"{names[type(default[0])]}[]" if isinstance(default, list) else names[type(default)]


def shown(default: Any) -> str:
    """A default as in a YAML file."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return f"[{', '.join(map(shown, default))}]" if default != [""] else "[]"
    return str(default) if default != "" else '""'


def main() -> int:
    """Writes the page, or says with --check whether it is up to date."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"docs/{PAGE.name} is out of date: run python tools/node_docs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
