from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from reobj.detection.onnx.onnx_detector import OnnxConfig, OnnxDetector
from reobj.errors import ConfigError, InputError, ModelError
from reobj.types import Frame, Instances

pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
pytest.importorskip("onnx", reason="the package onnx is not installed, which makes the models")

from onnx_models import fixed, red_finder

NAMES = ("chair", "cup")


def frame() -> Frame:
    """48 x 32 pixels, a red rectangle in black."""
    colour = np.zeros((32, 48, 3), np.uint8)
    colour[8:20, 12:30, 0] = 255
    return Frame(colour, 0)


def run(model: Path, **options: object) -> Instances:
    return OnnxDetector(OnnxConfig(model=str(model), **options), "cpu").detect(frame())  # type: ignore[arg-type]


def yolo_table(*candidates: tuple[float, ...]) -> np.ndarray:
    """(1, rows, A): candidates one a column, some of no score behind them."""
    table = np.array(candidates, np.float32).T
    return np.concatenate([table, np.zeros((len(table), 5), np.float32)], axis=1)[None]


def yolo_seg(path: Path) -> Path:
    """Sees 96 x 96: the image twice as large, in the rows 16 to 80. Two prototypes: left and right half."""
    prototypes = np.full((1, 2, 24, 24), -10, np.float32)
    prototypes[0, 0, :, :12] = prototypes[0, 1, :, 12:] = 10
    table = yolo_table(
        (40, 40, 48, 16, 0.1, 0.9, 1, 0),  # 16 to 64 by 32 to 48: a cup, its left part
        (40, 41, 48, 16, 0.1, 0.8, 1, 0),  # the same again
        (72, 64, 16, 16, 0.7, 0.2, 0, 1),  # 64 to 80 by 56 to 72: a chair, to the right
        (40, 40, 48, 16, 0.85, 0.1, 1, 0),  # the first one as a chair
        (20, 20, 8, 8, 0.3, 0.2, 1, 0),  # not sure
    )
    return fixed(path, (1, 3, 96, 96), {"output0": table, "output1": prototypes}, NAMES)


def test_yolo_seg_gives_boxes_and_masks_in_pixels_of_the_image(tmp_path: Path) -> None:
    found = run(yolo_seg(tmp_path / "model.onnx"))
    assert found.labels == ("cup", "chair")
    np.testing.assert_allclose(found.scores, [0.9, 0.7], atol=1e-6)
    np.testing.assert_allclose(found.boxes, [[8, 8, 32, 16], [32, 20, 40, 28]])
    expected = np.zeros((32, 48), int)
    expected[8:16, 8:24] = 1  # the left half of the image
    expected[20:28, 32:40] = 2
    np.testing.assert_array_equal(found.label_image, expected)


def test_limits_hold_for_onnx_models_too(tmp_path: Path) -> None:
    model = yolo_seg(tmp_path / "model.onnx")
    assert run(model, labels=("chair",), max_overlap=1.0).labels == ("chair",)
    assert run(model, min_score=0.8).labels == ("cup",)
    assert run(model, min_area=100 / (32 * 48)).labels == ("cup",)


def test_yolo_without_masks_recovers_them_from_the_boxes(tmp_path: Path) -> None:
    table = yolo_table((42, 44, 36, 24, 0.1, 0.9))  # the red rectangle
    found = run(fixed(tmp_path / "model.onnx", (1, 3, 96, 96), {"output0": table}, NAMES))
    np.testing.assert_allclose(found.boxes, [[12, 8, 30, 20]])
    red = frame().colour[..., 0] > 0
    assert ((found.label_image == 1) & red).sum() / ((found.label_image == 1) | red).sum() > 0.9


@pytest.mark.parametrize("shape", [(3, "height", "width"), (3, 32, 48), (1, 3, 32, 48)])
def test_mask_rcnn_of_the_images_size_gives_exact_masks(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    found = run(red_finder(tmp_path / "model.onnx", shape, (12, 8, 30, 20), ("none", *NAMES)))
    assert found.labels == ("chair",) and found.boxes.tolist() == [[12, 8, 30, 20]]
    np.testing.assert_array_equal(found.label_image, frame().colour[..., 0] > 0)


def test_what_a_model_of_another_size_sees_is_scaled_and_scaled_back(tmp_path: Path) -> None:
    model = red_finder(tmp_path / "model.onnx", (1, 3, 96, 96), (24, 32, 60, 56), ("none", *NAMES))
    found = run(model)
    np.testing.assert_allclose(found.boxes, [[12, 8, 30, 20]])
    assert ((found.label_image > 0) == (frame().colour[..., 0] > 0)).mean() > 0.98


def test_no_fixed_size_is_filled_up_to_the_configured_one(tmp_path: Path) -> None:
    box = (8 * 4 / 3, 0, 16, 16)
    model = red_finder(tmp_path / "model.onnx", ("batch", 3, "h", "w"), box, ("none", *NAMES))
    found = run(model, input_size=64)  # 48 -> 64 and 32 -> 43, 10 rows of grey above
    np.testing.assert_allclose(found.boxes, [[8, 0, 12, 6 * 32 / 43]], atol=1e-5)


def test_names_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("mug\nglass\n")
    model = fixed(tmp_path / "model.onnx", (1, 3, 96, 96), {"o": yolo_table((42, 44, 36, 24, 0.1, 0.9))})
    assert run(model, label_file=str(tmp_path / "names.txt")).labels == ("glass",)
    (tmp_path / "nameless.txt").write_text("\nglass\n\n")  # class 0 has no name, as a background may
    assert run(model, label_file=str(tmp_path / "nameless.txt")).labels == ("glass",)
    with pytest.raises(ModelError, match=r"names in its metadata, or detector\.label_file, got neither"):
        run(model)
    with pytest.raises(ModelError, match=r"label_file /nowhere: cannot be read"):
        run(model, label_file="/nowhere")


def test_another_number_of_classes_is_said(tmp_path: Path) -> None:
    table = yolo_table((42, 44, 36, 24, 0.1, 0.9))
    model = fixed(tmp_path / "model.onnx", (1, 3, 96, 96), {"o": table}, (*NAMES, "bowl"))
    with pytest.raises(ModelError, match=r"4 \+ 3 classes \+ 0 masks = 7 rows, got 6"):
        run(model)


def test_nothing_found_is_no_error(tmp_path: Path) -> None:
    nothing = {"boxes": (0, 4), "scores": (0,), "masks": (0, 1, 0, 0)}
    values = {name: np.zeros(shape, np.float32) for name, shape in nothing.items()}
    model = fixed(tmp_path / "none.onnx", (3, 32, 48), {**values, "labels": np.zeros(0, np.int64)}, NAMES)
    assert len(run(model)) == 0
    table = np.zeros((1, 6, 0), np.float32)
    assert len(run(fixed(tmp_path / "empty.onnx", (1, 3, 32, 48), {"o": table}, NAMES))) == 0


def test_a_candidate_that_is_not_finite_is_dropped(tmp_path: Path) -> None:
    table = yolo_table((np.nan, 44, 36, 24, 0.1, 0.9), (42, 44, 36, 24, 0.6, np.nan))
    assert len(run(fixed(tmp_path / "model.onnx", (1, 3, 96, 96), {"o": table}, NAMES))) == 0


@pytest.mark.parametrize(
    ("shape", "values", "message"),
    [
        ((1, 3, 32, 48), {"a": np.zeros((1, 6, 8, 8), np.float32)}, r"outputs.*yolo_seg.*\(1, 6, 8, 8\)"),
        ((2, 3, 32, 48), {"a": np.zeros((1, 6, 8), np.float32)}, r"input image: expected \(1, 3, H, W\)"),
        ((1, 1, 32, 48), {"a": np.zeros((1, 6, 8), np.float32)}, r"input image: expected \(1, 3, H, W\)"),
    ],
)
def test_models_of_other_shapes_are_refused_at_the_start(
    tmp_path: Path, shape: tuple[int, ...], values: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        run(fixed(tmp_path / "model.onnx", shape, values, NAMES))


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(ModelError, match=r"a file that exists, got '.*model\.onnx'"):
        run(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"model\.onnx: cannot be opened"):
        run(path)
    with pytest.raises(ModelError, match=r"detector\.model: expected the path"):
        OnnxDetector(OnnxConfig(), "cpu")


def test_the_device_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "reobj"):
        run(yolo_seg(tmp_path / "small.onnx"))
    assert "detector small.onnx on cpu" in caplog.text


def test_without_the_package_the_cure_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match="pip install onnxruntime"):
        run(tmp_path / "model.onnx")


def test_sizes_that_networks_cannot_halve_are_refused() -> None:
    with pytest.raises(InputError, match="input_size: expected a multiple of 32, got 500"):
        OnnxConfig(input_size=500)
