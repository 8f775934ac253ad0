"""A trained detector on disk: a folder with model.json (what it is) and model.safetensors (its weights).

Loading never executes code: the network is looked up by name, the weights are plain tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torchvision.models.detection import MaskRCNN

from reobj.card_file import CARD_FILE, WEIGHTS_FILE, read_card_file, write_model_files
from reobj.detection.mask_rcnn.torchvision_networks import build_network, network_entry
from reobj.encoding.plain_data import plain_data
from reobj.errors import ConfigError, InputError, ModelError, mismatch
from reobj.settings import from_mapping
from reobj.weights import State, content_hash, load_into, read_weights, storable

FORMAT, VERSION = "reobj detector", 1


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """What a detector is built from.

    Attributes:
        network: as in ``torchvision_networks.NETWORKS``.
        labels: names of the network's classes 1, 2, ...; class 0 is the background.
        input_size: shorter side in pixels that it was trained with.
    """

    network: str
    labels: tuple[str, ...]
    input_size: int

    def __post_init__(self) -> None:
        network_entry(self.network)
        if not self.labels or "" in self.labels or len(set(self.labels)) < len(self.labels):
            raise InputError(mismatch("labels", "at least one name, none empty, none twice", self.labels))
        if self.input_size < 1:
            raise InputError(mismatch("input_size", "an integer >= 1", self.input_size))


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """What is known of a trained detector without looking at its weights.

    Attributes:
        spec: what it is built from.
        hash: SHA-256 over specification and stored tensors, hexadecimal.
        training: how it was made: configuration, data, date. Plain data for people to read.
        scores: what was measured of it. Plain data for people to read.
    """

    spec: DetectorSpec
    hash: str
    training: Mapping[str, Any]
    scores: Mapping[str, Any]


def save_detector(
    folder: Path | str,
    network: nn.Module,
    spec: DetectorSpec,
    training: Mapping[str, Any] | None = None,
    scores: Mapping[str, Any] | None = None,
    half: bool = False,
) -> DetectorCard:
    """Writes a detector. One that stood there before is replaced when both files are complete, not earlier.

    Args:
        folder: made if it is not there; other files in it stay.
        network: built as ``spec`` says.
        spec: what it was built from.
        training, scores: see ``DetectorCard``. A number that is not finite becomes null.
        half: store the parameters in float16: half the size, and each weight to 3 digits.

    Raises:
        ModelError: a weight that is not finite, or too large for float16.
        InputError: ``training`` or ``scores`` hold something that JSON cannot say.
        StorageError: the files cannot be written.
    """
    state = storable(network, half)
    card = DetectorCard(
        spec, _hash(spec, state), plain_data(training or {}, "training"), plain_data(scores or {}, "scores")
    )
    content = {"format": FORMAT, "version": VERSION, **asdict(spec), "hash": card.hash}
    content |= {"training": card.training, "scores": card.scores}
    write_model_files(folder, content, state)
    return card


def read_detector_card(folder: Path | str) -> DetectorCard:
    """Reads and checks model.json alone.

    Raises:
        ModelError: no detector there, another version, an unknown network or key, or a wrong value.
    """
    path = Path(folder) / CARD_FILE
    data = read_card_file(path, FORMAT, VERSION)
    try:
        plain = from_mapping(_PlainCard, data, "")
        spec = DetectorSpec(plain.network, plain.labels, plain.input_size)
    except (ConfigError, InputError, ModelError) as error:
        raise ModelError(f"model {path}: {error}") from error
    return DetectorCard(spec, plain.hash, plain.training, plain.scores)


def load_detector(folder: Path | str) -> tuple[DetectorCard, MaskRCNN]:
    """Reads a detector. Its network is on the CPU, in float32, in evaluation mode. Fetches nothing.

    Raises:
        ModelError: what ``read_detector_card`` raises; weights that are missing, damaged, of another
            network, or not those that the card was written for.
    """
    card, path = read_detector_card(folder), Path(folder) / WEIGHTS_FILE
    state = read_weights(path)
    network = build_network(card.spec.network, len(card.spec.labels), card.spec.input_size)
    load_into(network, state, str(path))
    found = _hash(card.spec, state)
    if found != card.hash:
        what = f"model {folder}: content hash of {CARD_FILE} and {WEIGHTS_FILE}"
        raise ModelError(mismatch(what, card.hash, found))
    return card, network.eval()


def _hash(spec: DetectorSpec, state: State) -> str:
    return content_hash({"version": VERSION, **asdict(spec)}, state)


@dataclass(frozen=True, slots=True)
class _PlainCard:
    """All keys of model.json."""

    format: str
    version: int
    network: str
    labels: tuple[str, ...]
    input_size: int
    hash: str
    training: dict
    scores: dict
