"""The values that flow between the stages of the pipeline.

    Frame -> Detector -> Instances -> Encoder -> Embeddings -> Associator -> FrameResult

All of them check their arrays when they are made, so that a stage may trust
what it is given. They are treated as immutable: nobody writes into their arrays.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reobj.distortion import Distortion
from reobj.errors import InputError, mismatch


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera, or one with a lens that bends the image.

    Attributes:
        fx, fy: focal lengths in pixels, > 0.
        cx, cy: principal point in pixels.
        width, height: size of the image in pixels that the numbers belong to.
        distortion: of the lens; None where straight lines are straight in the image.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: Distortion | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite([self.fx, self.fy, self.cx, self.cy]).all() and self.fx > 0 and self.fy > 0):
            raise InputError(
                mismatch("intrinsics", "finite values with fx, fy > 0", (self.fx, self.fy, self.cx, self.cy))
            )

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix K, (3, 3) float64."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], dtype=np.float64)

    def resized(self, width: int, height: int) -> Intrinsics:
        """The same camera for an image of another size (pixel centres at +0.5)."""
        sx, sy = width / self.width, height / self.height
        fx, fy = self.fx * sx, self.fy * sy
        cx, cy = (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5
        return replace(self, fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height)

    def rays(self, u: NDArray[Any], v: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Lines of sight x / z and y / z of pixels u, v, arrays of one shape."""
        x, y = (u - self.cx) / self.fx, (v - self.cy) / self.fy
        return (x, y) if self.distortion is None else self.distortion.straighten(x, y)

    def project(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pixels u, v that show the lines of sight x / z and y / z, arrays of one shape."""
        if self.distortion is not None:
            x, y = self.distortion.bend(x, y)
        return x * self.fx + self.cx, y * self.fy + self.cy


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One moment of one camera.

    Attributes:
        colour: (H, W, 3) uint8, RGB.
        stamp_ns: time of exposure in integer nanoseconds, >= 0.
        frame_id: name of the camera's optical frame.
        depth: (H, W) float32 metres registered to colour, 0 or NaN where unknown; None without depth.
        intrinsics: of the colour image; None when unknown.
        pose: (4, 4) float64 camera-to-map (optical frame: x right, y down, z forward); None without pose.
    """

    colour: NDArray[np.uint8]
    stamp_ns: int
    frame_id: str = "camera"
    depth: NDArray[np.float32] | None = None
    intrinsics: Intrinsics | None = None
    pose: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        c = self.colour
        if c.ndim != 3 or c.shape[2] != 3 or c.dtype != np.uint8 or 0 in c.shape:
            raise InputError(
                mismatch("colour image", "(H, W, 3) uint8 with H, W > 0", f"{c.shape} {c.dtype}")
            )
        if self.stamp_ns < 0:
            raise InputError(mismatch("stamp_ns", "an integer >= 0", self.stamp_ns))
        if self.depth is not None and (self.depth.shape != c.shape[:2] or self.depth.dtype != np.float32):
            expected = f"{c.shape[:2]} float32, the size of the colour image"
            raise InputError(mismatch("depth image", expected, f"{self.depth.shape} {self.depth.dtype}"))
        if self.pose is not None:
            check_pose(self.pose)

    @classmethod
    def without_colour(cls, height: int, width: int, stamp_ns: int, frame_id: str) -> Frame:
        """A black frame that takes no memory, for stages that never look at pixels."""
        return cls(np.broadcast_to(np.uint8(0), (height, width, 3)), stamp_ns, frame_id)

    @property
    def height(self) -> int:
        return self.colour.shape[0]

    @property
    def width(self) -> int:
        return self.colour.shape[1]


def check_pose(pose: NDArray[np.float64]) -> None:
    """Raises InputError unless ``pose`` is a finite (4, 4) rigid transform."""
    if pose.shape != (4, 4) or not np.isfinite(pose).all():
        raise InputError(
            mismatch(
                "pose", "a finite (4, 4) matrix", f"shape {pose.shape}, finite: {np.isfinite(pose).all()}"
            )
        )
    rotation = pose[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise InputError(
            mismatch(
                "pose",
                "a rotation (orthonormal, determinant 1)",
                f"determinant {np.linalg.det(rotation):.4f}",
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class LabelImage:
    """The true instances of one image. Only evaluation and the label-image detector see it.

    Attributes:
        ids: (H, W) uint16, true instance id, 0 = none.
        labels: label of each id that may occur in ``ids``.
    """

    ids: NDArray[np.uint16]
    labels: Mapping[int, str]

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.dtype != np.uint16 or 0 in self.ids.shape:
            raise InputError(
                mismatch("label image", "(H, W) uint16 with H, W > 0", f"{self.ids.shape} {self.ids.dtype}")
            )


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """What a detector found in one frame. Identity is not here.

    Attributes:
        boxes: (N, 4) float32 pixels x0 y0 x1 y1, half-open.
        label_image: (H, W) uint16, 0 = background, i = instance i - 1.
        labels: N class names.
        scores: (N,) float32 in [0, 1].
    """

    boxes: NDArray[np.float32]
    label_image: NDArray[np.uint16]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.labels)
        if self.boxes.shape != (n, 4) or self.boxes.dtype != np.float32:
            raise InputError(mismatch("boxes", f"({n}, 4) float32", f"{self.boxes.shape} {self.boxes.dtype}"))
        if self.scores.shape != (n,) or self.scores.dtype != np.float32:
            raise InputError(
                mismatch("scores", f"({n},) float32", f"{self.scores.shape} {self.scores.dtype}")
            )
        if not np.isfinite(self.boxes).all() or not np.isfinite(self.scores).all():
            raise InputError(mismatch("boxes and scores", "finite values", "NaN or infinity"))
        if self.label_image.ndim != 2 or self.label_image.dtype != np.uint16:
            raise InputError(
                mismatch("label image", "(H, W) uint16", f"{self.label_image.shape} {self.label_image.dtype}")
            )

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def empty(cls, height: int, width: int) -> Instances:
        return cls(
            np.zeros((0, 4), np.float32), np.zeros((height, width), np.uint16), (), np.zeros(0, np.float32)
        )

    def check_size(self, height: int, width: int) -> None:
        """Raises InputError unless the masks have the size of their image."""
        if self.label_image.shape != (height, width):
            h, w = self.label_image.shape
            raise InputError(mismatch("masks", f"{width}x{height} pixels as their image", f"{w}x{h}"))


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which network made an embedding. Embeddings of different models never meet.

    Attributes:
        name: architecture and variant, as in the encoder registry.
        content_hash: hexadecimal hash of configuration and weights.
        dim: length of an embedding.
    """

    name: str
    content_hash: str
    dim: int

    def __str__(self) -> str:
        return f"{self.name}@{self.content_hash[:12]}"


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """One embedding per instance of a frame.

    Attributes:
        data: (N, D) float32, each row of length 1.
        model: the network that made them.
    """

    data: NDArray[np.float32]
    model: ModelId

    def __post_init__(self) -> None:
        if self.data.ndim != 2 or self.data.shape[1] != self.model.dim or self.data.dtype != np.float32:
            expected = f"(N, {self.model.dim}) float32"
            raise InputError(mismatch("embeddings", expected, f"{self.data.shape} {self.data.dtype}"))
        norms = np.linalg.norm(self.data, axis=1)
        if not np.allclose(norms, 1.0, atol=1e-2):
            worst = norms[np.argmax(np.abs(np.nan_to_num(norms, nan=np.inf) - 1.0))]
            raise InputError(
                mismatch("embeddings", "finite rows of length 1", f"a row of length {worst:.3g}")
            )

    def __len__(self) -> int:
        return len(self.data)


class TrackState(enum.IntEnum):
    """Life of a short-term track (Wojke et al. 2017, section 2.1)."""

    TENTATIVE = 0
    CONFIRMED = 1


class DecisionKind(enum.IntEnum):
    """What association says of one instance."""

    DEFER = 0  #: not sure yet, object_id is 0
    MATCH = 1  #: an object of the map
    NEW = 2  #: an object that was not in the map


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an object was, or was not, chosen: log-likelihood ratios against "any other object".

    Attributes:
        object_id: the candidate, 0 for "new".
        terms: natural-log contribution of each kind of evidence ("appearance", "position", "label", ...).
    """

    object_id: int
    terms: Mapping[str, float]

    @property
    def total(self) -> float:
        return float(sum(self.terms.values()))


@dataclass(frozen=True, slots=True)
class Decision:
    """MATCH(object_id, probability), NEW(object_id) or DEFER, and why.

    Attributes:
        kind: the decision.
        object_id: > 0, or 0 for DEFER.
        probability: in [0, 1], that the decision is right.
        chosen, runner_up: the evidence for the first and the second candidate, where there was one.
    """

    kind: DecisionKind
    object_id: int = 0
    probability: float = 0.0
    chosen: Evidence | None = None
    runner_up: Evidence | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrackedObject:
    """One instance of a frame with its identity.

    Attributes:
        index: row in the frame's Instances and Embeddings.
        track_id: short-term track, > 0.
        state: of that track.
        decision: which object it is.
        position: (3,) float64 metres in the map, centre of the visible surface; None without depth and pose.
        covariance: (3, 3) float64 square metres; None like position.
    """

    index: int
    track_id: int
    state: TrackState
    decision: Decision
    position: NDArray[np.float64] | None = None
    covariance: NDArray[np.float64] | None = None

    @property
    def object_id(self) -> int:
        return self.decision.object_id


class EventKind(enum.IntEnum):
    """What happens to objects of the map. Same values as reobj_msgs/ObjectEvent."""

    CREATED = 1
    REIDENTIFIED = 2
    MERGED = 3
    SPLIT = 4
    RETIRED = 5
    RENAMED = 6
    DELETED = 7
    MOVED = 8
    ABSENT = 9
    UNDONE = 10


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to the object map.

    Attributes:
        kind: what happened.
        stamp_ns: when, on the clock of the images.
        object_ids: the objects concerned, the resulting one first.
        track_id: the track that caused it, 0 if none.
        probability: in [0, 1], 1 for what a person did.
        absence_ns: REIDENTIFIED: time since the object was last seen; else 0.
        event_id: > 0, increasing, never reused; 0 until the map's history has it.
        name: RENAMED: the new name; else empty.
        pose_then, pose_now: REIDENTIFIED: (4, 4) camera to map at the last view before, and now; None
            where not known. Together they are a candidate for a loop closure.
        details: why, and what is needed to undo it: anything that JSON can hold.

    Raises:
        InputError: JSON cannot hold the details.
    """

    kind: EventKind
    stamp_ns: int
    object_ids: tuple[int, ...]
    track_id: int = 0
    probability: float = 1.0
    absence_ns: int = 0
    event_id: int = 0
    name: str = ""
    pose_then: NDArray[np.float64] | None = field(default=None, compare=False)
    pose_now: NDArray[np.float64] | None = field(default=None, compare=False)
    details: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        try:
            json.dumps(self.details, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputError(f"details of an event: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """All that the pipeline says about one frame.

    Attributes:
        stamp_ns, frame_id: of the frame.
        instances, embeddings: of the stages before association, row by row.
        objects: at most one per instance; an instance without one is not tracked.
        events: what happened to the map because of this frame.
        latency_ms: milliseconds per stage ("detect", "encode", "associate").
    """

    stamp_ns: int
    frame_id: str
    instances: Instances
    embeddings: Embeddings
    objects: tuple[TrackedObject, ...]
    events: tuple[Event, ...] = ()
    latency_ms: Mapping[str, float] = field(default_factory=dict)
