"""Folders in the layout of DAVIS 2017, written with Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reobj.errors import ScanError
from reobj.scans.davis import davis_sequences, is_davis


def write_sequence(root: Path, name: str, frames: int = 3, size: str = "480p") -> None:
    images, truth = (root / kind / size / name for kind in ("JPEGImages", "Annotations"))
    images.mkdir(parents=True)
    truth.mkdir(parents=True)
    for number in range(frames):
        colour = np.full((20, 30, 3), (200, 30, 10), np.uint8)
        Image.fromarray(colour).save(images / f"{number:05}.jpg")
        ids = np.zeros((20, 30), np.uint8)
        ids[4:9, 5 + number : 12 + number], ids[15, :] = 2, 255
        masks = Image.fromarray(ids)
        masks.putpalette(list(range(256)) * 3)
        masks.save(truth / f"{number:05}.png")


def test_frames_come_with_the_numbers_of_their_palette(tmp_path: Path) -> None:
    write_sequence(tmp_path, "dogs")
    (sequence,) = davis_sequences(tmp_path)
    assert is_davis(tmp_path) and sequence.name == "dogs" and len(sequence) == 3
    frames = list(sequence)
    assert [frame.stamp_ns for frame, _ in frames] == [0, 41_666_667, 83_333_333]
    np.testing.assert_allclose(frames[0][0].colour[10, 10], (200, 30, 10), atol=4)
    for number, (_, truth) in enumerate(frames):
        assert dict(truth.labels) == {2: "object", 255: "void"}
        assert (truth.ids[4:9, 5 + number : 12 + number] == 2).all()
        assert (truth.ids == 2).sum() == 35


def test_the_list_says_which_sequences_count(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_sequence(tmp_path, name)
    assert [s.name for s in davis_sequences(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "ImageSets" / "2017").mkdir(parents=True)
    (tmp_path / "ImageSets" / "2017" / "val.txt").write_text("c\na\n")
    assert [s.name for s in davis_sequences(tmp_path)] == ["c", "a"]


def test_480p_is_taken_before_other_sizes(tmp_path: Path) -> None:
    write_sequence(tmp_path, "a", size="1080p")
    assert davis_sequences(tmp_path)[0].images.parent.name == "1080p"
    write_sequence(tmp_path, "a")
    assert davis_sequences(tmp_path)[0].images.parent.name == "480p"


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, "a")
    (sequence,) = davis_sequences(tmp_path)
    truth = sequence.truth / "00001.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(truth)
    with pytest.raises(ScanError, match=r"00001.png: expected palette indices"):
        list(sequence)
    Image.fromarray(np.zeros((20, 31), np.uint8)).save(truth)
    with pytest.raises(ScanError, match=r"00001.jpg: expected the size of its masks"):
        list(sequence)
    truth.write_bytes(b"no image")
    with pytest.raises(ScanError, match=r"00001.png: expected masks"):
        list(sequence)
    (sequence.images / "00000.jpg").write_bytes(b"no image")
    with pytest.raises(ScanError, match=r"00000.jpg: expected an image"):
        list(sequence)
    (tmp_path / "JPEGImages" / "480p" / "without_masks").mkdir()
    with pytest.raises(ScanError, match="without_masks"):
        davis_sequences(tmp_path)


def test_an_empty_folder_of_images_holds_no_sequence(tmp_path: Path) -> None:
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "Annotations").mkdir()
    with pytest.raises(ScanError, match="480p"):
        davis_sequences(tmp_path)


def test_a_folder_without_masks_is_told_what_is_missing(tmp_path: Path) -> None:
    write_sequence(tmp_path, "dogs")
    (tmp_path / "Annotations").rename(tmp_path / "elsewhere")
    assert is_davis(tmp_path)
    with pytest.raises(ScanError, match="Annotations/480p/dogs: expected a folder of one sequence"):
        davis_sequences(tmp_path)


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    write_sequence(tmp_path, "dogs")
    for kind, suffix in (("JPEGImages", "jpg"), ("Annotations", "png")):
        path = tmp_path / kind / "480p" / "dogs" / f"00002.{suffix}"
        with Image.open(path) as image:
            image.crop((0, 0, 30, 10)).save(path)
    (sequence,) = davis_sequences(tmp_path)
    with pytest.raises(ScanError, match=r"00002\.jpg: expected the size .* \(20, 30\), got \(10, 30\)"):
        list(sequence)
