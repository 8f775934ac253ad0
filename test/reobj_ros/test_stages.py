from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reobj.card_file import WEIGHTS_FILE
from reobj.encoding.similarity import SimilarityCalibration
from reobj.types import Embeddings, Frame, Instances, ModelId
from reobj_ros.messages.conversions import embeddings_from, embeddings_message
from reobj_ros.messages.stamps import header
from reobj_ros.node.node_settings import NodeSettings
from reobj_ros.stages.stages import DEVICE, ENCODER, Stages

CALIBRATION = SimilarityCalibration(slope=30.0, offset=-24.0, match=0.65, new=0.95, pairs=100, error=0.02)
TinyModel = Callable[..., Any]
MakeStages = Callable[..., Stages]


@pytest.fixture
def stages(make_node: Callable[..., Any]) -> MakeStages:
    """Stages of a node with parameters ``name=value``."""

    def make(table: Any = ENCODER, **parameters: str) -> Stages:
        node = make_node(*(part for item in parameters.items() for part in ("-p", "{}:={}".format(*item))))
        node.own_parameters = NodeSettings(node, lambda: False, lambda values: None)
        node.settings = node.own_parameters.values
        node.own_parameters.declare(table)
        node.warn = node.get_logger().warning
        return Stages(node)

    return make


def says(associator: Any, model: ModelId, similarity: float) -> float:
    """The log-likelihood ratio that holds after a message without instances."""
    nothing = Embeddings(np.zeros((0, model.dim), np.float32), model)
    embeddings = embeddings_from(embeddings_message(nothing, [], header(0, "camera")))
    frame = Frame.without_colour(48, 64, 0, "camera")
    associator.update(frame, Instances.empty(48, 64), embeddings)
    return float(associator.evidence["appearance"].calibration.log_ratio(np.array(similarity)))


def test_an_association_node_reads_what_was_measured_of_the_encoders_model(
    stages: MakeStages, tiny_model: TinyModel, tmp_path: Path
) -> None:
    card = tiny_model(calibration=CALIBRATION)
    (tmp_path / "tiny" / WEIGHTS_FILE).unlink()  # the network runs in another node
    made = stages(**{"encoder.name": "trained", "encoder.model": str(tmp_path / "tiny")}).associator()
    assert says(made, card.model_id, 0.9) == pytest.approx(30 * 0.9 - 24)


def test_an_association_node_without_the_model_learns(stages: MakeStages, tiny_model: TinyModel) -> None:
    card = tiny_model(calibration=CALIBRATION)
    made = stages(**{"encoder.name": "trained", "encoder.model": "on/another/machine"}).associator()
    assert says(made, card.model_id, 0.9) == pytest.approx(20 * 0.9 - 14)


def test_a_calibration_can_be_given_as_parameters(stages: MakeStages, tiny_model: TinyModel) -> None:
    card = tiny_model(calibration=CALIBRATION)
    given = {"source": "given", "slope": "8.0", "offset": "-5.0"}
    made = stages(**{f"association.calibration.{key}": value for key, value in given.items()}).associator()
    assert says(made, card.model_id, 0.9) == pytest.approx(8 * 0.9 - 5)


def test_one_node_may_ask_for_encoder_and_associator(
    stages: MakeStages, tiny_model: TinyModel, tmp_path: Path
) -> None:
    card = tiny_model(calibration=CALIBRATION)
    parameters = {"encoder.name": "trained", "encoder.model": str(tmp_path / "tiny"), "device": "cpu"}
    both = stages((*DEVICE, *ENCODER), **parameters)
    both.choose_device()
    associator, encoder = both.associator(), both.encoder()
    assert encoder.model == card.model_id
    assert says(associator, encoder.model, 0.9) == pytest.approx(30 * 0.9 - 24)
