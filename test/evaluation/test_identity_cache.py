from pathlib import Path

import numpy as np
import pytest
from identity_frames import SIZE, instances_in, truth_of

from reobj.errors import StorageError
from reobj.evaluation.identity_cache import DetectedFrame, DetectedScan, load_detections, save_detections
from reobj.types import Embeddings, Instances, ModelId

MODEL = ModelId("m", "0123", 4)


def embeddings(count: int) -> Embeddings:
    return Embeddings(np.eye(4, dtype=np.float32)[np.arange(count) % 4], MODEL)


def detected_scan() -> DetectedScan:
    """Two instances of three objects; none of one; one without truth."""
    nothing = Instances.empty(*SIZE)
    frames = [
        DetectedFrame.of(5, instances_in([2, 4]), embeddings(2), truth_of({2: 7, 4: 9, 6: 1}, [2, 4])),
        DetectedFrame.of(6, nothing, embeddings(0), truth_of({1: 3}, [])),
        DetectedFrame.of(9, instances_in([1]), embeddings(1), None),
    ]
    return DetectedScan("scene", MODEL, frames, {7: "chair", 9: "cup"})


def test_a_scan_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    before = detected_scan()
    save_detections(tmp_path / "d.npz", before)
    after = load_detections(tmp_path / "d.npz")
    assert (after.name, after.model, after.true_labels) == (before.name, before.model, before.true_labels)
    for a, b in zip(after.frames, before.frames, strict=True):
        assert (a.stamp_ns, a.size, a.labels) == (b.stamp_ns, b.size, b.labels)
        for name in ("boxes", "scores", "label_image"):
            np.testing.assert_array_equal(getattr(a.instances(), name), getattr(b.instances(), name))
        np.testing.assert_array_equal(a.embeddings, b.embeddings)


def test_the_truth_comes_back_too(tmp_path: Path) -> None:
    save_detections(tmp_path / "d.npz", detected_scan())
    full, empty, unknown = (frame.truth for frame in load_detections(tmp_path / "d.npz").frames)
    assert full is not None and empty is not None and unknown is None
    assert full.matched.tolist() == [7, 9]
    assert full.overlaps.true_ids.tolist() == [1, 7, 9]
    assert full.overlaps.shared.tolist() == [[0, 100, 0], [0, 0, 100]]
    assert empty.overlaps.shared.shape == (0, 1)
    assert full.pixels == 1000


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(StorageError, match=r"d\.npz.*remove it"):
        load_detections(tmp_path / "d.npz")


def test_a_file_that_was_cut_off_is_said_to_be_damaged(tmp_path: Path) -> None:
    save_detections(tmp_path / "d.npz", detected_scan())
    whole = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match="remove it"):
        load_detections(tmp_path / "d.npz")
