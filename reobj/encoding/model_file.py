"""A trained encoder on disk: a folder with model.json (what it is) and model.safetensors (its weights).

Loading never executes code: the architecture is looked up by name in the registry, the weights are
plain tensors. The content hash covers the specification and the tensors as they are stored, so that
embeddings of two models never meet. Calibration, training and scores are not part of it: measuring a
model again does not make another one of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from reobj.card_file import CARD_FILE, WEIGHTS_FILE, read_card_file, write_model_files
from reobj.encoding.context import ContextSpec
from reobj.encoding.model_spec import (
    ModelSpec,
    build_network,
    parse_model_spec,
    spec_mapping,
    without_pretraining,
)
from reobj.encoding.plain_data import plain_data
from reobj.encoding.similarity import SimilarityCalibration
from reobj.errors import ConfigError, ModelError, mismatch
from reobj.settings import from_mapping
from reobj.types import ModelId
from reobj.weights import content_hash, load_into, read_weights, storable

FORMAT, VERSION = "reobj model", 1

#: Keys of model.json that make the specification.
_SPEC_KEYS = ("network", "options", "crop_size", "context")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a trained model without looking at its weights.

    Attributes:
        name: of the model, e.g. ``small``; goes with its embeddings.
        spec: what it is built from. Its ``weights`` say nothing of where pretrained ones came from.
        dim: length of an embedding.
        hash: SHA-256 over specification and stored tensors, hexadecimal.
        calibration: what its similarities mean; None where that was not measured.
        training: how it was made: configuration, data, date. Plain data for people to read.
        scores: what was measured of it. Plain data for people to read.
    """

    name: str
    spec: ModelSpec
    dim: int
    hash: str
    calibration: SimilarityCalibration | None
    training: Mapping[str, Any]
    scores: Mapping[str, Any]

    @property
    def model_id(self) -> ModelId:
        """What its embeddings are marked with."""
        return ModelId(self.name, self.hash, self.dim)


def save_model(
    folder: Path | str,
    name: str,
    spec: ModelSpec,
    network: nn.Module,
    calibration: SimilarityCalibration | None,
    training: Mapping[str, Any],
    scores: Mapping[str, Any],
    half: bool = False,
) -> ModelCard:
    """Writes a model. One that stood there before is replaced when both files are complete, not earlier.

    Args:
        folder: made if it is not there; other files in it stay.
        name: of the model.
        spec: what the network was built from.
        network: with the attribute ``dim``.
        calibration, training, scores: see ``ModelCard``. A number that is not finite becomes null.
        half: store the parameters in float16: half the size, and each weight to 3 digits.

    Raises:
        ModelError: a weight that is not finite, or too large for float16.
        InputError: ``training`` or ``scores`` hold something that JSON cannot say.
        StorageError: the files cannot be written.
    """
    spec = without_pretraining(spec)
    state = storable(network, half)
    card = ModelCard(
        name,
        spec,
        int(network.dim),  # type: ignore[arg-type]
        _hash(spec_mapping(spec), state),
        calibration,
        plain_data(training, "training"),
        plain_data(scores, "scores"),
    )
    write_model_files(folder, _card_mapping(card), state)
    return card


def read_card(folder: Path | str) -> ModelCard:
    """Reads and checks model.json alone.

    Raises:
        ModelError: no model there, another version, an unknown network or key, or a wrong value.
    """
    return _parse_card(folder, read_card_file(Path(folder) / CARD_FILE, FORMAT, VERSION))


def load_model(folder: Path | str) -> tuple[ModelCard, nn.Module]:
    """Reads a model. Its network is on the CPU, in float32, in evaluation mode. Fetches nothing.

    Raises:
        ModelError: what ``read_card`` raises; weights that are missing, damaged, of another architecture,
            or not those that the card was written for.
    """
    data = read_card_file(Path(folder) / CARD_FILE, FORMAT, VERSION)
    card, path = _parse_card(folder, data), Path(folder) / WEIGHTS_FILE
    state = read_weights(path)
    network = build_network(without_pretraining(card.spec))
    if network.dim != card.dim:
        raise ModelError(mismatch(f"model {Path(folder) / CARD_FILE}: dim", network.dim, card.dim))
    load_into(network, state, str(path))
    found = _hash({key: data[key] for key in _SPEC_KEYS}, state)
    if found != card.hash:
        what = f"model {folder}: content hash of {CARD_FILE} and {WEIGHTS_FILE}"
        raise ModelError(mismatch(what, card.hash, found))
    return card, network.eval()


def _hash(spec: Mapping[str, Any], state: Mapping[str, Tensor]) -> str:
    """Of the specification as it is written: an option that comes later, with a default, changes nothing."""
    return content_hash({"version": VERSION, **spec}, state)


def _card_mapping(card: ModelCard) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": card.name,
        **spec_mapping(card.spec),
        "dim": card.dim,
        "hash": card.hash,
        "calibration": None if card.calibration is None else asdict(card.calibration),
        "training": card.training,
        "scores": card.scores,
    }


@dataclass(frozen=True, slots=True)
class _PlainCard:
    """All keys of model.json."""

    format: str
    version: int
    name: str
    network: str
    options: dict
    crop_size: int
    context: ContextSpec
    dim: int
    hash: str
    calibration: SimilarityCalibration | None
    training: dict
    scores: dict


def _parse_card(folder: Path | str, data: Mapping[str, Any]) -> ModelCard:
    try:
        plain = from_mapping(_PlainCard, data, "")
        spec = parse_model_spec({key: data[key] for key in _SPEC_KEYS}, "")
    except ConfigError as error:
        raise ModelError(f"model {Path(folder) / CARD_FILE}: {error}") from error
    return ModelCard(plain.name, spec, plain.dim, plain.hash, plain.calibration, plain.training, plain.scores)
