"""A written bag through the player: order, times, lock-step, loop and stopping."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from reobj.errors import BagError
from reobj.scans.bag_raw import RawMessage
from reobj.scans.bag_results import ResultBagWriter
from reobj.scans.bag_topics import Topic
from reobj_ros.player import Player

MS = 1_000_000
STAMPS = [100 * MS, 200 * MS, 300 * MS]


def cdr(stamp_ns: int) -> bytes:
    """The beginning of a message with a header, little endian, frame id "c"."""
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    numbers = (seconds, nanoseconds, 2)
    return b"\0\1\0\0" + b"".join(n.to_bytes(4, "little") for n in numbers) + b"c\0"


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("player") / "bag"
    with ResultBagWriter(path) as writer:
        for name, kind in (
            ("/image", "Image"),
            ("/image/compressed", "CompressedImage"),
            ("/depth", "Image"),
        ):
            writer.add_topic(Topic(name, f"sensor_msgs/msg/{kind}"))
        for stamp_ns in STAMPS:
            writer.write("/depth", stamp_ns, cdr(stamp_ns))
            writer.write("/image", stamp_ns, cdr(stamp_ns))
            writer.write("/image/compressed", stamp_ns, cdr(stamp_ns))
    return path


class Heard:
    """Keeps what is published, and answers each image when it is told to."""

    def __init__(self, answers: bool = False) -> None:
        self.messages: list[RawMessage] = []
        self.at_s: list[float] = []
        self.player: Player | None = None
        self._answers = answers

    def __call__(self, message: RawMessage) -> None:
        self.messages.append(message)
        self.at_s.append(time.monotonic())
        if self._answers and message.topic == "/image" and self.player is not None:
            threading.Timer(0.01, self.player.answer, [message.stamp_ns]).start()

    @property
    def images(self) -> list[int]:
        return [m.stamp_ns for m in self.messages if m.topic == "/image"]


def test_every_message_comes_in_order_and_not_before_its_time(bag: Path) -> None:
    heard = Heard()
    started = time.monotonic()
    player = Player(bag, ["/image"], heard, rate=2.0)
    assert player.play()
    assert heard.images == STAMPS and player.frames == 3 and len(heard.messages) == 9
    due_s = [(m.stamp_ns - STAMPS[0]) / 1e9 / 2.0 for m in heard.messages]
    assert all(at - started >= due for at, due in zip(heard.at_s, due_s, strict=True))


def test_in_lock_step_each_image_waits_for_the_answer_to_the_one_before(bag: Path) -> None:
    heard = Heard()
    unanswered: list[int] = []
    player = Player(bag, ["/image", "/image/compressed"], heard, 1.0, 30.0, unanswered.append)
    thread = threading.Thread(target=player.play)
    thread.start()
    for count, stamp_ns in enumerate(STAMPS, 1):
        while len(heard.images) < count or heard.messages[-1].topic != (
            "/depth" if count < 3 else "/image/compressed"
        ):
            time.sleep(0.005)
        assert len(heard.images) == count  # both forms are one frame; the next depth may come already
        player.answer(stamp_ns)
    thread.join(10.0)
    assert not thread.is_alive()
    assert player.frames == 3 and not unanswered


def test_an_answer_to_another_image_is_none(bag: Path) -> None:
    heard, unanswered = Heard(), []
    player = Player(bag, ["/image"], heard, 1.0, 0.05, unanswered.append)
    player.answer(STAMPS[0])  # before it was shown
    assert player.play()
    assert unanswered == STAMPS and heard.images == STAMPS


def test_a_bag_can_be_played_again(bag: Path) -> None:
    heard = Heard(answers=True)
    heard.player = player = Player(bag, ["/image"], heard, 1.0, 30.0, pytest.fail)
    assert player.play() and player.play()
    assert heard.images == STAMPS * 2 and player.frames == 6


@pytest.mark.parametrize("step_timeout_s", [None, 600.0], ids=["while it waits", "in lock-step"])
def test_stopping_ends_any_waiting_at_once(bag: Path, step_timeout_s: float | None) -> None:
    heard = Heard()
    player = Player(bag, ["/image"], heard, rate=0.001, step_timeout_s=step_timeout_s)
    went_on: list[bool] = []
    thread = threading.Thread(target=lambda: went_on.append(player.play()))
    thread.start()
    while not heard.images:
        time.sleep(0.005)
    player.stop()
    thread.join(10.0)
    assert went_on == [False] and heard.images == STAMPS[:1]


def test_a_missing_bag_is_a_bag_error(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="nowhere"):
        Player(tmp_path / "nowhere", ["/image"], pytest.fail).play()
