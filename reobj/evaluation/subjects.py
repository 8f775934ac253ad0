"""The models that are compared: trained ones, cross-validated ones, and networks that nobody trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from torch import nn

from reobj.encoding.context import PAPER_CONTEXT
from reobj.encoding.model_file import load_model, read_card
from reobj.encoding.model_spec import ModelSpec, build_network
from reobj.encoding.networks import network_entry
from reobj.encoding.shipped import model_folder
from reobj.errors import ModelError, mismatch
from reobj.evaluation.folds import FOLDS_FILE, Folds, fold_model, read_folds

NO_TRAIN = "no-train"
#: Side of the crops of a network that nobody trained, as in the papers.
PAPER_CROP = 224


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A model as the tables name it.

    Attributes:
        name: unlike that of the others.
        spec: what it is built from and what its crops show; the same for all folds.
        load: makes the network on the CPU; one for each fold, or one for all.
        folds: which scenes each of several networks has not seen; None of one network.
    """

    name: str
    spec: ModelSpec
    load: tuple[Callable[[], nn.Module], ...]
    folds: Folds | None = None

    @property
    def setup(self) -> str:
        """Such as "concat"; "" of a network that has only one."""
        return str(getattr(self.spec.options, "setup", ""))


def open_subject(reference: str, weights: str = "imagenet") -> Subject:
    """The model that a person means by a word.

    Args:
        reference: a model folder, a folder of a cross-validation (with folds.json), the name of a model
            that ships, or ``NETWORK:no-train`` for a network of the registry as its backbone comes, with
            the crops of the papers (224 pixels, 10 pixels of context).
        weights: of the backbone of ``NETWORK:no-train``, as in the options of that network.

    Raises:
        ModelError: there is no such model or network, its card is wrong, or folds of different models.
        StorageError: a damaged folds.json.
    """
    network, colon, setup = reference.partition(":")
    if colon and not Path(reference).exists():
        if setup != NO_TRAIN:
            raise ModelError(mismatch(f"model {reference}", f"NETWORK:{NO_TRAIN}", repr(setup)))
        spec = untrained_spec(network, weights)
        return Subject(reference, spec, (partial(build_network, spec),))
    folder = Path(reference)
    if (folder / FOLDS_FILE).is_file():
        return _cross_validated(folder)
    folder = model_folder(reference)
    card = read_card(folder)
    return Subject(card.name, card.spec, (partial(_network_in, folder),))


def untrained_spec(network: str, weights: str) -> ModelSpec:
    """A network of the registry with its default options, set up for no training.

    Raises:
        ModelError: an unknown network.
    """
    options = network_entry(network).config()
    wanted = {"setup": NO_TRAIN, "weights": weights}
    known = {field.name for field in dataclasses.fields(options)}
    options = dataclasses.replace(options, **{key: value for key, value in wanted.items() if key in known})
    return ModelSpec(network, options, PAPER_CROP, PAPER_CONTEXT)


def distinct(subjects: list[Subject]) -> list[Subject]:
    """The same with different names: those that are alike are numbered."""
    names = [subject.name for subject in subjects]
    return [
        dataclasses.replace(subject, name=f"{subject.name} ({names[:place].count(subject.name) + 1})")
        if names.count(subject.name) > 1
        else subject
        for place, subject in enumerate(subjects)
    ]


def _cross_validated(folder: Path) -> Subject:
    folds = read_folds(folder)
    models = [fold_model(folder, number) for number in range(len(folds.scenes))]
    cards = [read_card(path) for path in models]
    if any(card.spec != cards[0].spec for card in cards):
        raise ModelError(mismatch(f"models of {folder}", "one specification for all folds", "several"))
    return Subject(folder.name, cards[0].spec, tuple(partial(_network_in, path) for path in models), folds)


def _network_in(folder: Path) -> nn.Module:
    return load_model(folder)[1]
