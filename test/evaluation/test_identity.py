"""Scores against hand calculations on a row of ten cells."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.evaluation.identity import IdentityConfig, IdentityEvaluator, IdentityScores
from reobj.types import Decision, DecisionKind, Instances, LabelImage, TrackedObject, TrackState

#: Height and width of a frame: a row of ten cells of 10 x 10 pixels, one object in each.
SIZE = (10, 100)
SECOND = 1_000_000_000


def true_frame(ids: Mapping[int, int], labels: Mapping[int, str] | None = None) -> LabelImage:
    """A label image with true id ``ids[cell]`` in each cell."""
    image = np.zeros(SIZE, np.uint16)
    for cell, true_id in ids.items():
        image[:, 10 * cell : 10 * cell + 10] = true_id
    return LabelImage(image, labels or dict.fromkeys(ids.values(), "chair"))


def instances_in(cells: Sequence[int], columns: int = 10) -> Instances:
    """One instance per cell that covers its first ``columns`` columns."""
    image = np.zeros(SIZE, np.uint16)
    for number, cell in enumerate(cells, 1):
        image[:, 10 * cell : 10 * cell + columns] = number
    boxes = np.array([[10 * c, 0, 10 * c + columns, 10] for c in cells], np.float32).reshape(-1, 4)
    return Instances(boxes, image, ("chair",) * len(cells), np.ones(len(cells), np.float32))


def tracked(index: int, object_id: int, track_id: int = 1) -> TrackedObject:
    """A confirmed track; object id 0 is a deferred one."""
    kind = DecisionKind.MATCH if object_id else DecisionKind.DEFER
    return TrackedObject(index, track_id, TrackState.CONFIRMED, Decision(kind, object_id, 0.9))


def run(
    *frames: tuple[dict[int, int], dict[int, int]], config: IdentityConfig | None = None
) -> IdentityScores:
    """Scores of frames one second apart: (true id by cell, object id by cell; 0 = deferred)."""
    evaluator = IdentityEvaluator(config)
    for number, (truth, given) in enumerate(frames):
        objects = [tracked(row, object_id, row + 1) for row, object_id in enumerate(given.values())]
        evaluator.add(number * SECOND, true_frame(truth), instances_in(list(given)), objects)
    return evaluator.scores()


def test_a_perfect_run_scores_one_everywhere() -> None:
    scores = run(*[({0: 1, 3: 2}, {0: 11, 3: 12})] * 4)
    perfect = (scores.idf1, scores.hota, scores.assa, scores.assre, scores.asspr, scores.deta)
    assert perfect == (1.0,) * 6
    assert (scores.id_switches, scores.map_objects, scores.duplicates, scores.deferred) == (0, 2, 0, 0.0)
    assert (scores.frames, scores.objects_true) == (4, 2)


def test_an_id_that_changes_halfway_is_half_right_one_switch_and_one_duplicate() -> None:
    scores = run(*[({0: 1}, {0: 11})] * 2, *[({0: 1}, {0: 12})] * 2)
    # IDTP = 2 of 4; the two other detections are IDFN and IDFP
    assert (scores.idf1, scores.idp, scores.idr) == (0.5, 0.5, 0.5)
    # each detection: TPA 2, FNA 2, FPA 0 -> A = 2/4; DetA = 1
    assert scores.assa == pytest.approx(0.5)
    assert scores.assre == pytest.approx(0.5)
    assert scores.asspr == pytest.approx(1.0)
    assert scores.hota == pytest.approx(math.sqrt(0.5))
    assert (scores.id_switches, scores.map_objects, scores.duplicates) == (1, 2, 1)


def test_two_objects_with_swapped_ids_switch_twice() -> None:
    scores = run(*[({0: 1, 5: 2}, {0: 11, 5: 12})] * 3, ({0: 1, 5: 2}, {0: 12, 5: 11}))
    assert scores.id_switches == 2
    assert scores.idf1 == pytest.approx(6 / 8)
    assert scores.duplicates == 0


def test_a_deferred_instance_is_a_missed_object_and_no_prediction() -> None:
    scores = run(*[({0: 1}, {0: 0})] * 1, *[({0: 1}, {0: 11})] * 3)
    # IDTP 3, IDFN 1, IDFP 0
    assert scores.idp == 1.0
    assert scores.idr == pytest.approx(3 / 4)
    assert scores.deta == pytest.approx(3 / 4)
    assert scores.asspr == 1.0
    assert scores.deferred == pytest.approx(1 / 4)


def test_an_instance_that_is_not_tracked_counts_as_deferred() -> None:
    evaluator = IdentityEvaluator()
    evaluator.add(0, true_frame({0: 1}), instances_in([0]), [])
    scores = evaluator.scores()
    assert (scores.deferred, scores.map_objects, scores.idf1) == (1.0, 0, 0.0)


def test_an_id_on_nothing_is_a_false_positive() -> None:
    scores = run(*[({0: 1}, {0: 11, 7: 12})] * 2)
    assert scores.idp == pytest.approx(2 / 4)
    assert scores.idr == 1.0
    assert (scores.map_objects, scores.duplicates) == (2, 0)


def test_objects_too_small_are_not_asked_for_and_ids_on_them_are_not_held_against_the_run() -> None:
    # a cell is a tenth of the image
    scores = run(*[({0: 1, 4: 2}, {0: 11, 4: 12})] * 2, config=IdentityConfig(min_visible=0.2))
    assert (scores.objects_true, scores.idf1, scores.hota) == (0, None, None)
    assert scores.map_objects == 2


def test_a_loose_mask_over_a_small_object_is_not_held_against_the_run() -> None:
    evaluator = IdentityEvaluator(IdentityConfig(min_visible=0.08))
    truth = np.zeros((10, 100), np.uint16)
    truth[:, 0:10] = 1
    truth[:5, 20:30] = 2  # half a cell: too small, and half of the second mask lies on it
    masks = instances_in([0, 2])
    evaluator.add(0, LabelImage(truth, {}), masks, [tracked(0, 11), tracked(1, 12, 2)])
    assert evaluator.scores().idp == 1.0


def test_structure_is_background() -> None:
    evaluator = IdentityEvaluator()
    truth = true_frame({0: 1, 5: 2}, {1: "chair", 2: "wall"})
    matched = evaluator.add(0, truth, instances_in([0, 5]), [tracked(0, 11), tracked(1, 12, 2)])
    assert matched.tolist() == [1, 0]
    assert evaluator.scores().objects_true == 1
    assert evaluator.scores().idp == pytest.approx(1 / 2)


def test_frames_tell_which_true_object_each_instance_shows() -> None:
    evaluator = IdentityEvaluator()
    assert evaluator.add(0, true_frame({3: 9, 6: 4}), instances_in([6, 1, 3]), []).tolist() == [4, 0, 9]


def test_a_revisit_with_the_old_id_is_right_and_one_with_another_is_not() -> None:
    away = [({}, {})] * 3
    seen = {0: 1, 5: 2}
    scores = run((seen, {0: 11, 5: 12}), *away, (seen, {0: 11, 5: 13}))
    assert (scores.revisits, scores.revisits_known, scores.revisit_claims, scores.revisits_right) == (
        2,
        2,
        1,
        1,
    )
    assert (scores.revisit_recall, scores.revisit_precision) == (0.5, 1.0)


def test_a_run_without_revisits_has_neither_recall_nor_precision() -> None:
    scores = run(({0: 1}, {0: 11}))
    assert (scores.revisits, scores.revisit_recall, scores.revisit_precision) == (0, None, None)


def test_a_run_without_frames_has_no_ratios() -> None:
    scores = IdentityEvaluator().scores()
    assert (scores.idf1, scores.hota, scores.frames, scores.id_switches) == (None, None, 0, 0)


def test_scores_equal_trackeval_over_dense_matrices() -> None:
    from trackeval.metrics import CLEAR, HOTA, Identity

    random = np.random.default_rng(3)
    evaluator = IdentityEvaluator(IdentityConfig(min_visible=0.0))
    gt_ids, tracker_ids, similarity = [], [], []
    for number in range(40):
        cells = random.choice(10, 6, replace=False)
        given = random.choice(8, 6, replace=False) + 1
        columns = int(random.integers(4, 11))  # IoU columns / 10 with the object in the same cell
        objects = [tracked(row, int(i), row + 1) for row, i in enumerate(given)]
        truth = true_frame({int(c): int(c) + 1 for c in cells[:5]})
        evaluator.add(number * SECOND, truth, instances_in([int(c) for c in cells], columns), objects)
        gt_ids.append(np.sort(cells[:5]))
        tracker_ids.append(given - 1)
        similarity.append((np.sort(cells[:5])[:, None] == cells[None]) * columns / 10)
    data = {
        "num_timesteps": 40,
        "num_gt_ids": 10,
        "num_tracker_ids": 8,
        "num_gt_dets": 200,
        "num_tracker_dets": 240,
        "gt_ids": gt_ids,
        "tracker_ids": tracker_ids,
        "similarity_scores": similarity,
    }
    hota = HOTA().eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    scores = evaluator.scores()
    assert scores.hota == pytest.approx(hota["HOTA"].mean(), abs=1e-9)
    assert scores.assa == pytest.approx(hota["AssA"].mean(), abs=1e-9)
    assert scores.idf1 == pytest.approx(identity["IDF1"], abs=1e-9)
    assert scores.id_switches == CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)["IDSW"]


def test_trackeval_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(({0: 1}, {0: 11}))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stamp_ns", [0, SECOND])
def test_a_stamp_that_does_not_grow_is_refused_and_changes_nothing(stamp_ns: int) -> None:
    evaluator = IdentityEvaluator()
    evaluator.add(SECOND, true_frame({0: 1}), instances_in([0]), [tracked(0, 11)])
    with pytest.raises(InputError, match=f"expected > {SECOND}.*got {stamp_ns}"):
        evaluator.add(stamp_ns, true_frame({0: 1}), instances_in([0]), [tracked(0, 12)])
    assert (evaluator.scores().frames, evaluator.scores().map_objects) == (1, 1)


def test_an_object_without_its_instance_is_refused() -> None:
    with pytest.raises(InputError, match="indices of 1 instances"):
        IdentityEvaluator().add(0, true_frame({0: 1}), instances_in([0]), [tracked(1, 11)])


def test_one_id_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(InputError, match="different ids"):
        IdentityEvaluator().add(
            0, true_frame({0: 1}), instances_in([0, 5]), [tracked(0, 11), tracked(1, 11, 2)]
        )


def test_a_part_of_the_image_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(InputError, match=r"min_visible.*got 1\.5"):
        IdentityConfig(min_visible=1.5)
