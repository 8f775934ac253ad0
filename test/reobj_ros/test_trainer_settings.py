from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gathered import CHAIRS, frame, tiny_config, truth, views

from reobj.encoding.context import ContextSpec
from reobj.errors import ConfigError, ReobjError, ViewsError
from reobj.training.report import never, no_report
from reobj.views.build import ViewBuildConfig
from reobj_ros.training.trainer_settings import PARAMETERS, STORED, source_of, training_plan, view_config

Settings = dict[str, Any]
CROP = ContextSpec(ratio=2.0, square=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """All defaults, with what is needed."""
    config = tiny_config(tmp_path / "tiny.yaml")
    needed = {"config": str(config), "output": str(tmp_path / "out"), "device": "cpu"}
    return {row.name: row.default for row in PARAMETERS} | needed


def stored(**changes: Any) -> Settings:
    return {row.name: row.default for row in STORED} | {f"view.{key}": v for key, v in changes.items()}


def test_the_parameters_become_a_plan(settings: Settings, tmp_path: Path) -> None:
    folder = views(tmp_path / "validation", CHAIRS)
    plan = training_plan(settings | {"validation": [str(folder)]})
    assert plan.config.budget.steps == 2
    assert (plan.out, plan.validation, plan.device) == (tmp_path / "out", (folder,), "cpu")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"config": ""}, "parameter config: expected a path, got nothing"),
        ({"output": ""}, "parameter output: expected a path, got nothing"),
        ({"config": "nowhere.yaml"}, "nowhere.yaml: cannot be read"),
        ({"device": "cuda:99"}, "device"),
        ({"validation": ["nowhere"]}, "nowhere"),
    ],
)
def test_what_is_wrong_is_named(settings: Settings, changes: Settings, says: str) -> None:
    with pytest.raises(ReobjError, match=says):
        training_plan(settings | changes)


def test_an_unknown_key_of_the_configuration_is_named(settings: Settings) -> None:
    config = Path(settings["config"])
    config.write_text(config.read_text() + "\nlearning_rate: 1\n")
    with pytest.raises(ConfigError, match="learning_rate: unknown key"):
        training_plan(settings)


def test_views_show_what_the_parameters_say(settings: Settings) -> None:
    made = view_config(settings | stored(every=5, exclude=["plant"]), CROP).settings
    assert (made.every, made.exclude, made.detector) == (5, ("plant",), None)
    assert made.context.ratio == 3.0


def test_masks_of_a_detector_name_it(settings: Settings) -> None:
    made = view_config(settings | stored() | {"masks": "detector", "detector.name": "label_image"}, CROP)
    assert made.settings.detector == {"name": "label_image"}


@pytest.mark.parametrize(
    ("ratio", "square", "crop"),
    [
        (1.5, True, CROP),
        (2.0, False, CROP),
        (3.0, True, ContextSpec(ratio=2.5, pixels=600)),
    ],
    ids=["less", "not square", "pixels"],
)
def test_views_that_show_less_than_the_crops_are_refused_before_they_are_made(
    settings: Settings, ratio: float, square: bool, crop: ContextSpec
) -> None:
    values = stored() | {"view.context.ratio": ratio, "view.context.square": square}
    with pytest.raises(ConfigError, match=r"parameter view\.context: expected at least that of the crops"):
        view_config(settings | values, crop)


def test_views_that_show_just_as_much_will_do(settings: Settings) -> None:
    assert view_config(settings | stored() | {"view.context.ratio": 2.0}, CROP).settings.context == CROP


def test_folders_of_views_are_taken_as_they_are(settings: Settings, tmp_path: Path) -> None:
    folder = views(tmp_path / "views", CHAIRS)
    chosen = settings | {"source": "views", "views": [str(folder)]}
    source, gatherer = source_of(chosen, tmp_path / "out", ViewBuildConfig())
    assert gatherer is None
    assert list(source(no_report, never)) == [folder]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"source": "views"}, ConfigError, "parameter views: expected at least one path with source views"),
        ({"source": "views", "views": ["nowhere"]}, ViewsError, "nowhere"),
        ({"source": "bags"}, ConfigError, "parameter bags: expected at least one path with source bags"),
        ({"source": "bags", "bags": ["no_bag"]}, ConfigError, "got no_bag, where nothing is"),
    ],
)
def test_a_source_that_is_not_there_is_named(
    settings: Settings, tmp_path: Path, changes: Settings, error: type[ReobjError], says: str
) -> None:
    with pytest.raises(error, match=says):
        source_of(settings | changes, tmp_path / "out", ViewBuildConfig())


def test_views_from_topics_are_gathered_below_the_output(settings: Settings, tmp_path: Path) -> None:
    source, gatherer = source_of(settings | {"source": "topics"}, tmp_path / "out", ViewBuildConfig())
    assert gatherer is not None
    gatherer.add(frame(1), None, truth())
    assert list(source(no_report, never)) == [tmp_path / "out/views"]


def test_a_run_that_goes_on_takes_the_views_that_were_gathered(settings: Settings, tmp_path: Path) -> None:
    folder = views(tmp_path / "out/views", CHAIRS)
    chosen = settings | {"source": "topics"}
    with pytest.raises(ConfigError, match="has views already: set resume"):
        source_of(chosen, tmp_path / "out", ViewBuildConfig())
    source, gatherer = source_of(chosen | {"resume": True}, tmp_path / "out", ViewBuildConfig())
    assert gatherer is None
    assert list(source(no_report, never)) == [folder]
