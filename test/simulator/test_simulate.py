import json
from pathlib import Path

import numpy as np
import pytest

from reobj.errors import InputError, StorageError
from reobj.scans.scannet import ScanNetScan
from reobj.scans.simulator import build_scene, simulate
from reobj.scans.simulator.labels import LABEL_IDS

FRAMES, SIZE, SEED = 6, (96, 72), 11


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("one") / "scene9000_00", SEED, FRAMES, SIZE, "office", workers=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_two_processes_write_the_same_bytes_as_one(folder: Path, tmp_path: Path) -> None:
    other = simulate(tmp_path / folder.name, SEED, FRAMES, SIZE, "office", workers=2)
    assert contents(other) == contents(folder)


def test_another_seed_writes_other_bytes(folder: Path, tmp_path: Path) -> None:
    other = simulate(tmp_path / folder.name, SEED + 1, 1, SIZE, "office", workers=1)
    assert contents(other)["scene.json"] != contents(folder)["scene.json"]
    with ScanNetScan(other) as a, ScanNetScan(folder) as b:
        assert not np.array_equal(a.frame(0).colour, b.frame(0).colour)


def test_the_scan_can_be_read_back(folder: Path) -> None:
    with ScanNetScan(folder) as scan:
        assert len(scan) == FRAMES
        assert [scan.stamp_ns(i) for i in range(FRAMES)] == [i * 100_000_000 for i in range(FRAMES)]
        frame = scan.frame(2)
        assert frame.colour.shape == (72, 96, 3)
        assert 20 < frame.colour.mean() < 200
        assert frame.depth is not None
        assert 0.3 < np.median(frame.depth[frame.depth > 0]) < 9
        scene = build_scene(SEED, "office")
        assert scan.label_names() == {p.object_id: p.model.label for p in scene.objects}
        assert set(scan.label_map) >= set(LABEL_IDS.values())


def test_instances_lie_inside_their_objects_boxes(folder: Path) -> None:
    scene = json.loads((folder / "scene.json").read_text())
    boxes = {o["id"]: o for o in scene["objects"]}
    checked = 0
    with ScanNetScan(folder) as scan:
        for i in range(len(scan)):
            frame, truth = scan.frame(i), scan.truth(i)
            assert truth is not None
            assert frame.depth is not None
            assert frame.intrinsics is not None
            assert frame.pose is not None
            for object_id in set(np.unique(truth.ids).tolist()) - {0}:
                rows, columns = np.nonzero((truth.ids == object_id) & (frame.depth > 0))
                if len(rows) < 12:
                    continue
                z = frame.depth[rows, columns]
                k = frame.intrinsics
                local = np.stack([(columns - k.cx) / k.fx * z, (rows - k.cy) / k.fy * z, z])
                world = frame.pose[:3, :3] @ local + frame.pose[:3, 3:]
                centre, extent = np.array(boxes[object_id]["centre"]), np.array(boxes[object_id]["extent"])
                reach = np.linalg.norm(extent) / 2 + 0.1
                inside = np.linalg.norm(world - centre[:, None], axis=0) < reach
                assert inside.mean() > 0.97, boxes[object_id]
                checked += 1
    assert checked >= 10


def test_label_images_agree_with_instances(folder: Path) -> None:
    with ScanNetScan(folder) as scan:
        names, raw, truth = scan.label_names(), scan.label_image_raw(0), scan.truth(0)
        assert raw is not None
        assert truth is not None
        for object_id in set(np.unique(truth.ids).tolist()) - {0}:
            assert (raw[truth.ids == object_id] == LABEL_IDS[names[object_id]]).all()
        assert (raw > 0).all()  # every pixel shows something


def test_scene_json_names_the_model_of_each_object(folder: Path) -> None:
    described = json.loads((folder / "scene.json").read_text())
    scene = build_scene(SEED, "office")
    assert [(o["id"], o["label"], o["model"]) for o in described["objects"]] == [
        (p.object_id, p.model.label, p.model.name) for p in scene.objects
    ]
    assert described["walk"]["metres"] == pytest.approx(0.05 * (FRAMES - 1), rel=0.05)


def test_progress_counts_every_frame(tmp_path: Path) -> None:
    said: list[tuple[int, int]] = []
    simulate(tmp_path / "s", 1, 2, (48, 36), "lounge", workers=1, progress=lambda a, b: said.append((a, b)))
    assert said == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    "change",
    [{"frames": 0}, {"size": (8, 8)}, {"fps": 0.0}, {"workers": 0}, {"layout": "castle"}, {"seed": -3}],
    ids=str,
)
def test_bad_arguments_are_named_and_nothing_is_written(change: dict, tmp_path: Path) -> None:
    arguments = {"seed": 1, "frames": 1, "size": (48, 36), "workers": 1} | change
    with pytest.raises(InputError, match="expected"):
        simulate(tmp_path / "s", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "s", 1, 8, (48, 36), "lounge", workers=2, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        simulate(tmp_path / "file" / "s", 1, 1, (48, 36), "lounge", workers=1)
