import cv2
import numpy as np
import pytest

from reobj.errors import InputError
from reobj.types import Event, EventKind, Instances
from reobj.visual.colours import id_colour
from reobj.visual.reid_pictures import ReidCollector, ReidPicture, View


def brightness(jpeg: bytes) -> float:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return float(image[:5].mean())


def again(second: float, *object_ids: int, probability: float = 0.9) -> tuple[Event, ...]:
    return tuple(
        Event(EventKind.REIDENTIFIED, round(second * 1e9), (i,), 1, probability, round(second * 1e9))
        for i in object_ids
    )


def test_the_view_before_the_absence_is_then_and_the_one_after_is_now(scene) -> None:
    collector = ReidCollector()
    collector.add(*scene([7], 0.0, grey=60), true_ids=np.array([1]))
    collector.add(*scene([7], 10.0, grey=200), again(10, 7), np.array([1]))
    (picture,) = collector.pictures()
    assert (picture.object_id, picture.label, picture.right) == (7, "chair", True)
    assert picture.absence_ns == 10_000_000_000
    assert brightness(picture.then.jpeg) == pytest.approx(60, abs=4)
    assert brightness(picture.now.jpeg) == pytest.approx(200, abs=4)
    assert (picture.then.stamp_ns, picture.now.stamp_ns) == (0, 10_000_000_000)


def test_the_largest_view_of_each_visit_is_shown(scene) -> None:
    collector = ReidCollector()
    for second, grey, size in ((0.0, 60, 20), (1.0, 80, 40), (2.0, 100, 20)):
        collector.add(*scene([7], second, grey=grey, size=size))
    collector.add(*scene([7], 10.0, grey=200, size=20), again(10, 7))
    collector.add(*scene([7], 11.0, grey=240, size=40))
    (picture,) = collector.pictures()
    assert brightness(picture.then.jpeg) == pytest.approx(80, abs=4)
    assert brightness(picture.now.jpeg) == pytest.approx(240, abs=4)


def test_the_mask_is_outlined_in_the_colour_of_the_id(scene) -> None:
    collector = ReidCollector()
    collector.add(*scene([7], 0.0))
    collector.add(*scene([7], 10.0), again(10, 7))
    jpeg = collector.pictures()[0].now.jpeg
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    distance = np.abs(image.astype(int) - id_colour(7)).sum(axis=2)
    assert (distance < 90).sum() > 40  # of the 76 pixels around a square of 20


def test_a_short_absence_makes_no_picture(scene) -> None:
    collector = ReidCollector()
    collector.add(*scene([7], 0.0))
    collector.add(*scene([7], 2.9), again(2.9, 7))
    assert collector.pictures() == []


def test_other_objects_of_the_label_are_counted(scene) -> None:
    collector = ReidCollector()
    collector.add(*scene([7, 8, 9], 0.0))
    collector.add(*scene([4], 0.1, label="cup"))
    collector.add(*scene([7], 10.0), again(10, 7))
    assert collector.pictures()[0].lookalikes == 2


def test_memory_is_bounded_and_keeps_the_wrong_ones(scene) -> None:
    collector = ReidCollector(capacity=2)
    collector.add(*scene([1, 2, 3, 4], 0.0), true_ids=np.array([1, 2, 3, 4]))
    for second, object_id, true_id in ((5.0, 1, 9), (20.0, 2, 2), (30.0, 3, 3), (40.0, 4, 4)):
        collector.add(*scene([object_id], second), again(second, object_id), np.array([true_id]))
    kept = {(picture.object_id, picture.right) for picture in collector.pictures()}
    assert kept == {(4, True), (1, False)}


def test_objects_not_seen_for_longest_are_forgotten(scene) -> None:
    collector = ReidCollector(objects=1)
    collector.add(*scene([1], 0.0))
    collector.add(*scene([2], 1.0))
    collector.add(*scene([1], 10.0), again(10, 1))
    assert collector.pictures() == []


def test_more_objects_in_a_frame_than_are_kept_are_no_error(scene) -> None:
    collector = ReidCollector(objects=1)
    collector.add(*scene([1, 2], 0.0))
    collector.add(*scene([1, 2], 10.0), again(10, 1, 2))
    assert collector.pictures() == []


def picture(object_id: int, label: str, seconds: float, right: bool | None = True) -> ReidPicture:
    view = View(b"", 0, 1.0)
    return ReidPicture(object_id, label, round(seconds * 1e9), 0.9, right, 3, view, view)


def chosen(pictures: list[ReidPicture], count: int) -> list[int]:
    collector = ReidCollector()
    collector._pictures = pictures
    return [each.object_id for each in collector.pictures(count)]


def test_a_quarter_are_wrong_ones_and_they_come_last() -> None:
    pictures = [picture(i, "chair", 10 * i) for i in range(1, 9)]
    pictures += [picture(i, "chair", 10 * i, right=False) for i in range(11, 19)]
    shown = chosen(pictures, 8)
    assert [i > 10 for i in shown] == [False] * 6 + [True] * 2


def test_wrong_ones_fill_up_where_there_is_nothing_else() -> None:
    pictures = [picture(1, "chair", 10)] + [picture(i, "cup", 10, right=False) for i in (2, 3, 4)]
    assert sorted(chosen(pictures, 4)) == [1, 2, 3, 4]


def test_other_labels_come_before_the_same_one_again() -> None:
    pictures = [picture(1, "chair", 60), picture(2, "chair", 55), picture(3, "cup", 40)]
    assert chosen(pictures, 2) == [1, 3]


def test_masks_of_another_size_are_refused(scene) -> None:
    frame, _, _ = scene([])
    with pytest.raises(InputError, match="masks"):
        ReidCollector().add(frame, Instances.empty(50, 50), ())
