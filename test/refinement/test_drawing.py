"""What a person drew, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from painted_walk import PaintedWalk
from PIL import Image

from reobj.errors import InputError
from reobj.refinement.archive import FrameArchive
from reobj.refinement.drawing import read_drawing, write_pictures


def drawn(folder: Path, images: dict[str, np.ndarray], names: object) -> Path:
    for name, image in images.items():
        cv2.imwrite(str(folder / name), image)
    (folder / "labels.json").write_text(names if isinstance(names, str) else json.dumps(names))
    return folder


def ids(*values: int, size: tuple[int, int] = (8, 6), kind: type = np.uint8) -> np.ndarray:
    image = np.zeros(size[::-1], kind)
    image[0, : len(values)] = values
    return image


def test_images_of_8_and_16_bits_and_palettes_are_read(tmp_path: Path) -> None:
    drawn(tmp_path, {"12.png": ids(3), "7.png": ids(3, 200, kind=np.uint16)}, {"3": "cup", "200": "chair"})
    palette = Image.fromarray(ids(3), "P")
    palette.putpalette([255, 0, 0] * 256)
    palette.save(tmp_path / "0.png")
    found = read_drawing(tmp_path, 13, (8, 6))
    assert list(found.images) == [0, 7, 12]
    assert found.images[7].tolist()[0][:3] == [3, 200, 0]
    assert found.images[0][0, 0] == 3
    assert found.names == {3: "cup", 200: "chair"}


@pytest.mark.parametrize(
    ("images", "names", "says"),
    [
        (
            {"0.png": ids(1, size=(4, 4))},
            {"1": "cup"},
            "0.png: expected 8x6 pixels, as the recording, got 4x4",
        ),
        ({"13.png": ids(1)}, {"1": "cup"}, "13.png: expected a frame number from 0 to 12, got 13"),
        ({"frame1.png": ids(1)}, {"1": "cup"}, "expected a name such as 120.png, for frame 120"),
        ({"0.png": ids(1, 2)}, {"1": "cup"}, "expected a name in labels.json for every id, got none for [2]"),
        ({"0.png": ids()}, {"1": "cup"}, "at least one object, got 1 images, all empty"),
        ({}, {"1": "cup"}, "at least one object, got 0 images, all empty"),
        ({"0.png": ids(300, kind=np.uint16)}, {"300": "cup"}, "expected ids from 0 to 255, got 300"),
        ({"0.png": np.zeros((6, 8, 3), np.uint8)}, {"1": "cup"}, "expected one channel of 8 or 16 bits"),
        ({"0.png": ids(1)}, "{", "labels.json: expected a JSON object such as"),
        ({"0.png": ids(1)}, {"one": "cup"}, "labels.json: expected a JSON object such as"),
        ({"0.png": ids(1)}, {"1": 5}, "labels.json: expected names that are text, got [5]"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, images: dict[str, np.ndarray], names: object, says: str
) -> None:
    with pytest.raises(InputError) as error:
        read_drawing(drawn(tmp_path, images, names), 13, (8, 6))
    assert says in str(error.value)


def test_a_damaged_image_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    drawn(tmp_path, {}, {"1": "cup"})
    (tmp_path / "3.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"3\.png: expected a PNG image"):
        read_drawing(tmp_path, 13, (8, 6))
    with pytest.raises(InputError, match="expected a folder of"):
        read_drawing(tmp_path / "nowhere", 13, (8, 6))


def test_pictures_to_draw_in_have_the_numbers_of_their_frames(tmp_path: Path) -> None:
    walk = PaintedWalk(5)
    with FrameArchive(walk) as archive:
        write_pictures(archive, [3, 1], tmp_path)
        with pytest.raises(InputError, match="from 0 to 4, got 5"):
            write_pictures(archive, [5], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.jpg", "3.jpg"]
    picture = cv2.cvtColor(cv2.imread(str(tmp_path / "3.jpg")), cv2.COLOR_BGR2RGB).astype(int)
    assert np.abs(picture - walk.frame(3).colour).mean() < 6
