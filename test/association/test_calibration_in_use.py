from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from reobj.association.associator import MapAssociator
from reobj.association.associator_config import AssociatorConfig
from reobj.association.calibration import AppearanceCalibration
from reobj.association.calibration_in_use import CalibrationConfig, CalibrationInUse, ThresholdConfig
from reobj.association.decisions import Thresholds
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import ConfigError
from reobj.types import ModelId

OWN = SimilarityCalibration(slope=30.0, offset=-24.0, match=0.65, new=0.95, pairs=100, error=0.02)
KNOWN, FOREIGN = ModelId("small", "aa", 8), ModelId("small", "bb", 8)
S = np.array([0.2, 0.8, 1.0])


def in_use(source: str = "model", **thresholds: float) -> CalibrationInUse:
    config = CalibrationConfig(source, slope=5.0, offset=-1.0)  # type: ignore[arg-type]
    return CalibrationInUse(config, ThresholdConfig(**thresholds), {KNOWN.content_hash: OWN})


def test_a_model_that_was_measured_brings_its_calibration_and_thresholds() -> None:
    used = in_use()
    used.use(KNOWN)
    np.testing.assert_allclose(used.log_ratio(S), 30 * S - 24)
    assert used.thresholds == Thresholds(match=0.65, new=0.95, new_prior=0.1)
    assert not used.learning


def test_a_foreign_model_is_learned_with_the_usual_thresholds(caplog: pytest.LogCaptureFixture) -> None:
    used = in_use()
    used.use(FOREIGN)
    np.testing.assert_array_equal(used.log_ratio(S), AppearanceCalibration().log_ratio(S))
    assert used.thresholds == Thresholds(0.8, 0.8, 0.1)
    assert used.learning
    assert "small@bb" in caplog.text  # a warning: it is not the model that was configured


def test_an_encoder_that_is_never_measured_is_no_reason_to_warn(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        CalibrationInUse(CalibrationConfig(), ThresholdConfig(), {}).use(FOREIGN)
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_what_a_model_brings_does_not_stay_for_the_next_one() -> None:
    used = in_use()
    used.use(KNOWN)
    used.clear()
    used.use(FOREIGN)
    assert used.learning
    assert used.thresholds == Thresholds()


def test_the_same_model_again_keeps_what_was_learned() -> None:
    used = in_use()
    used.use(FOREIGN)
    similarity = np.full((4, 4), 0.1) + 0.8 * np.eye(4)
    for _ in range(100):
        used.learn(similarity, ["chair"] * 4)
        used.use(FOREIGN)
    assert used.log_ratio(np.array(0.5)) > 0 > AppearanceCalibration().log_ratio(np.array(0.5))


def test_learned_does_not_look_at_the_model() -> None:
    used = in_use("learned")
    used.use(KNOWN)
    assert used.learning
    assert used.thresholds == Thresholds()


def test_given_takes_slope_and_offset_of_the_configuration() -> None:
    used = in_use("given")
    used.use(KNOWN)
    np.testing.assert_allclose(used.log_ratio(S), 5 * S - 1)
    assert not used.learning
    assert used.thresholds == Thresholds()


def test_a_threshold_that_is_set_holds_against_the_models() -> None:
    used = in_use(match=0.9)
    used.use(KNOWN)
    assert used.thresholds == Thresholds(match=0.9, new=0.95)


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (CalibrationConfig, {"slope": -1.0}),
        (CalibrationConfig, {"slope": float("inf")}),
        (CalibrationConfig, {"offset": float("nan")}),
        (ThresholdConfig, {"match": 1.5}),
        (ThresholdConfig, {"new": -0.1}),
        (ThresholdConfig, {"new_prior": 0.0}),
    ],
)
def test_values_out_of_range_are_named(kind: Any, bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(bad))}: expected"):
        kind(**bad)


def test_the_associator_decides_by_what_was_measured_of_the_model(
    make_world: Any, make_walk: Any, distinct: Any, model: ModelId
) -> None:
    """With a model whose similarities say nothing, looks alone bring no object back, at any threshold."""

    def returning(own: SimilarityCalibration) -> set[int]:
        associator = MapAssociator(AssociatorConfig(), {model.content_hash: own})
        row = np.array([[-1.0, 0.0, 3.0], [0.0, 0.0, 3.0], [1.0, 0.0, 3.0]])
        walk = make_walk(make_world(row, distinct(3)), associator, extras=False)
        walk.step(frames=5)
        walk.step(hidden={0, 1, 2}, frames=40)
        walk.step(frames=15)
        return set(walk.last.values())

    says_all = SimilarityCalibration(40.0, -20.0, 0.8, 0.8, 100, 0.0)
    says_nothing = SimilarityCalibration(0.0, 0.0, 0.999, 0.8, 100, 0.0)
    assert returning(says_all) == {1, 2, 3}
    assert not returning(says_nothing) & {1, 2, 3}
