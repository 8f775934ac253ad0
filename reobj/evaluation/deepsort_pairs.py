"""DeepSORT asked the papers' question: is each object of an image followed into another image of its scene?

Bansal et al. 2019 (section 4, "Comparison with deepSort") and 2021 (section 4) give DeepSORT random pairs
of images of one scene and count "the percentage of matched object instances across all the image pairs":
tracks as a matcher that has only a rank 1. Both are silent on the rest. Chosen here:

- both images of a pair are two consecutive frames for a tracker that starts anew with each pair;
- the tracker has the parameters of its paper, but confirms a track at its first hit. With three hits, as
  published, no track of the first image would be confirmed in the second one, and appearance, the part
  that is compared, would never be asked;
- a detection of the second image counts if its object is in the first one, too; it is right if it got the
  track that the object started there. Pairs of images without a common object say nothing and are not drawn.

The motion gate of DeepSORT stays, which is why it fails on pairs from afar: it was made for the next frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reobj.association.tracks.tracker import Tracker
from reobj.association.tracks.tracker_config import TrackerConfig
from reobj.errors import InputError, mismatch
from reobj.evaluation.retrieval_views import Views
from reobj.progress import Progress, silent
from reobj.types import Instances

FRAME_NS = 33_333_333  #: between the two images of a pair, as far as the tracker knows
_ROUNDS = 20  #: of drawing pairs, until those that share an object are given up


@dataclass(frozen=True, slots=True)
class PairScores:
    """What the pairs came to.

    Attributes:
        rank1: the part of ``detections`` that got the right track, in [0, 1].
        detections: of the second images, whose object is in the first image, too.
        pairs: number of image pairs.
    """

    rank1: float
    detections: int
    pairs: int


def image_numbers(views: Views) -> NDArray[np.int64]:
    """(N,) int64: the image that each view is from, 0, 1, ... without gaps, by scene and frame."""
    keys = np.stack([views.scenes, views.frames], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def draw_pairs(views: Views, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Different random pairs of images of one scene that share an object.

    Args:
        views: all detections; embeddings are not looked at.
        count: pairs wanted; fewer come where there are no more.
        seed: of the draw.

    Returns:
        (P, 2) int64 numbers of images, as ``image_numbers`` counts them; first and second image differ.

    Raises:
        InputError: no two images of a scene share an object.
    """
    images, identities = image_numbers(views), views.identities()
    shape = (int(images.max(initial=-1)) + 1, int(identities.max(initial=-1)) + 1)
    shown = sparse.csr_matrix((np.ones(len(views)), (images, identities)), shape)
    # images are numbered scene by scene, so that those of a scene are a range
    scene_of = np.zeros(shape[0], np.int64)
    scene_of[images] = views.scenes
    low, high = np.searchsorted(scene_of, scene_of), np.searchsorted(scene_of, scene_of, "right")
    random = np.random.default_rng(seed)
    found: NDArray[np.int64] = np.zeros((0, 2), np.int64)
    for _ in range(_ROUNDS if shape[0] else 0):
        first = random.integers(0, shape[0], 4 * count)
        second = random.integers(low[first], high[first])
        common = np.asarray(shown[first].multiply(shown[second]).sum(axis=1)).reshape(-1)
        drawn = np.stack([first, second], axis=1)[(common > 0) & (first != second)]
        found = _unrepeated(np.concatenate([found, drawn]))
        if len(found) >= count:
            break
    if not len(found):
        raise InputError(mismatch("views", "two images of one scene with a common object", "none"))
    return found[:count]


def rows_of_pairs(views: Views, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(K,) int64 ascending: the views of all images of ``pairs``, those that need embeddings."""
    return np.flatnonzero(np.isin(image_numbers(views), pairs))


def score_pairs(
    views: Views,
    boxes: NDArray[np.float32],
    pairs: NDArray[np.int64],
    config: TrackerConfig | None = None,
    progress: Progress = silent,
) -> PairScores:
    """Tracks through each pair of images.

    Args:
        views: all detections of the images, with embeddings of an appearance network.
        boxes: (N, 4) float32 pixels x0 y0 x1 y1 of the views.
        pairs: (P, 2) numbers of images of these views, as ``image_numbers`` counts them.
        config: of the tracker; None takes that of the paper, confirmed at the first hit.
        progress: counts pairs.

    Raises:
        InputError: the boxes are of other views, an embedding has no direction, or no pair shares an object.
    """
    if boxes.shape != (len(views), 4):
        raise InputError(mismatch("boxes", (len(views), 4), boxes.shape))
    lengths = np.linalg.norm(views.embeddings, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise InputError(mismatch("embeddings", "rows longer than 0", "a row of zeros"))
    unit = (views.embeddings / lengths).astype(np.float32)
    config = config or replace(TrackerConfig.deepsort_paper(), n_init=1)
    images, identities = image_numbers(views), views.identities()
    order = np.argsort(images, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(images[order])) + 1)
    right = asked = 0
    for done, (first, second) in enumerate(pairs.tolist(), start=1):
        tracker = Tracker(config)
        tracks = []
        for place, rows in enumerate((members[first], members[second])):
            instances = _instances(views, boxes, rows)
            reported = tracker.update(place * FRAME_NS, instances, unit[rows])
            tracks.append({int(identities[rows[track.index]]): track.track_id for track in reported})
        known = tracks[0].keys() & tracks[1].keys()
        right += sum(tracks[0][identity] == tracks[1][identity] for identity in known)
        asked += len(known)
        progress(done, len(pairs))
    if not asked:
        raise InputError(mismatch("image pairs", "some with a common object", f"none in {len(pairs)} pairs"))
    return PairScores(right / asked, asked, len(pairs))


def _instances(views: Views, boxes: NDArray[np.float32], rows: NDArray[np.int64]) -> Instances:
    """The detections of an image; a tracker never looks at masks."""
    labels = tuple(views.label_names[label] for label in views.labels[rows].tolist())
    scores = np.ones(len(rows), np.float32)
    return Instances(boxes[rows], np.zeros((1, 1), np.uint16), labels, scores)


def _unrepeated(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Without repetitions, in the order in which they came."""
    return pairs[np.sort(np.unique(pairs, axis=0, return_index=True)[1])]
