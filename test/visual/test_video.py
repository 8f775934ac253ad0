from pathlib import Path

import av
import numpy as np
import pytest

from reobj.errors import InputError, StorageError
from reobj.visual.video import VideoWriter


def image(value: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def write(path: Path, *images: np.ndarray) -> None:
    with VideoWriter(path, fps=10) as video:
        for each in images:
            video.add(each)


def test_frames_come_back_in_order_with_their_brightness(tmp_path: Path) -> None:
    path = tmp_path / "run.mp4"
    write(path, *(image(value) for value in (30, 120, 220)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 10
        means = [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(stream)]
    np.testing.assert_allclose(means, (30, 120, 220), atol=4)


def test_odd_sizes_grow_by_a_row_and_a_column(tmp_path: Path) -> None:
    write(tmp_path / "odd.mp4", image(200, 47, 63))
    with av.open(str(tmp_path / "odd.mp4")) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (64, 48)
    assert frame.to_ndarray(format="rgb24")[-1, -1].mean() > 190


def test_a_run_that_fails_leaves_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "run.mp4"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="video image"):
        write(path, image(1), image(1)[:10])
    assert [p.name for p in tmp_path.iterdir()] == ["run.mp4"]
    assert path.read_bytes() == b"old"


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected \(64, 48\).*got \(32, 48\)"):
        write(tmp_path / "a.mp4", image(1), image(1, 48, 32))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [image(1)[:, :, 0], image(1).astype(np.float32), image(1)[:0]])
def test_what_is_no_rgb_image_is_refused(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"\(H, W, 3\) uint8"):
        write(tmp_path / "a.mp4", bad)


def test_a_video_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one image"):
        write(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fps", [0, -1, float("nan")])
def test_an_impossible_rate_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="fps"):
        VideoWriter(tmp_path / "a.mp4", fps=fps)


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match=r"a\.mp4"),
        VideoWriter(tmp_path / "file" / "a.mp4", fps=10) as video,
    ):
        video.add(image(1))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_on_full_disk(_: str, *args: object, **kwargs: object) -> object:
        return real_open("/dev/full", *args, **kwargs)

    real_open = av.open
    monkeypatch.setattr(av, "open", open_on_full_disk)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    with pytest.raises(StorageError, match="No space left"):
        write(tmp_path / "a.mp4", *[noise] * 5)
    assert not list(tmp_path.iterdir())
