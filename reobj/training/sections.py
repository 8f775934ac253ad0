"""The sections of a training configuration; ``reobj.training.config`` puts them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reobj.errors import ConfigError, mismatch


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """What a batch is made of, on each device: ``identities * views + singles`` views.

    Attributes:
        identities: P, objects that are shown several times, >= 1.
        views: K, views of each of them, >= 2.
        singles: further objects that are shown once: negatives only (MaskReID's batch is P = 1 and many
            of these), >= 0.
        scenes: number of scenes a batch is drawn from, >= 1. Fewer scenes, harder negatives.
        same_class: share of the objects that are drawn together with all objects of their scene and
            class, in [0, 1]: the identical chairs. The rest are any objects of the batch's scenes.
        min_gap: frames between two views of one object, where it has such views, >= 0. More asks for
            recognition from other sides.
        transformed: a positive is the anchor once more, augmented in another way, in place of another view
            ("Where Did I See It?", section 3).
    """

    identities: int = 32
    views: int = 4
    singles: int = 0
    scenes: int = 4
    same_class: float = 0.75
    min_gap: int = 0
    transformed: bool = False

    def __post_init__(self) -> None:
        at_least("identities", self.identities, 1)
        at_least("views", self.views, 2)
        at_least("singles", self.singles, 0)
        at_least("scenes", self.scenes, 1)
        within("same_class", self.same_class, 0, 1)
        at_least("min_gap", self.min_gap, 0)

    @property
    def batch(self) -> int:
        """Views in a batch."""
        return self.identities * self.views + self.singles


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How views are varied. 0 everywhere leaves them as they are.

    Attributes:
        shift: the crop is moved by up to this share of its side, in [0, 0.5].
        zoom: the crop's side, and with it the context, grows or shrinks by up to a factor of ``1 + zoom``,
            in [0, 4].
        flip: probability that all of a scene's views in a batch are mirrored, in [0, 1]. A mirrored room
            is another room, so either everything in it is mirrored or nothing.
        brightness, contrast, colour: the image's values, their spread, and each channel's gain are scaled
            by up to ``1 +- this``, in [0, 1).
        mask: the mask's edge wanders in and out by up to this share of the crop's side, in [0, 0.25], as
            that of a detector does.
        erase: probability that a rectangle of one colour covers part of the view, in [0, 1].
        drop_foreground, drop_background: probability that one of the two is black altogether, in [0, 1],
            so that the network does not lean on one alone; together <= 1.
    """

    shift: float = 0.05
    zoom: float = 0.15
    flip: float = 0.5
    brightness: float = 0.3
    contrast: float = 0.3
    colour: float = 0.1
    mask: float = 0.03
    erase: float = 0.1
    drop_foreground: float = 0.0
    drop_background: float = 0.0

    def __post_init__(self) -> None:
        within("shift", self.shift, 0, 0.5)
        within("zoom", self.zoom, 0, 4)
        within("mask", self.mask, 0, 0.25)
        for key in ("brightness", "contrast", "colour"):
            within(key, getattr(self, key), 0, 0.99)
        for key in ("flip", "erase", "drop_foreground", "drop_background"):
            within(key, getattr(self, key), 0, 1)
        within("drop_foreground + drop_background", self.drop_foreground + self.drop_background, 0, 1)


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """How the weights move.

    Attributes:
        name: adamw, or sgd (Nesterov's form is not used).
        lr: the highest learning rate, > 0.
        momentum: of sgd; beta1 of adamw, in [0, 1).
        weight_decay: >= 0; not applied to biases and to the scales of normalisation layers.
        warmup: share of the budget in which the learning rate rises from 0, in [0, 1).
        schedule: cosine falls to 0 at the end of the budget; constant stays.
        clip: largest length of the whole gradient, > 0; None does not clip.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.05
    warmup: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    clip: float | None = 5.0

    def __post_init__(self) -> None:
        above("lr", self.lr)
        within("momentum", self.momentum, 0, 0.9999)
        within("weight_decay", self.weight_decay, 0, 1e6)
        within("warmup", self.warmup, 0, 0.99)
        if self.clip is not None:
            above("clip", self.clip)


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """How long to train. With both limits the one that is reached first counts.

    Attributes:
        steps: optimiser steps, >= 1; None for no limit.
        max_minutes: of training, > 0, validation not counted; None for no limit. The learning rate then
            follows the time, and two runs are no longer equal.
        validate_every: steps between two validations, each of which leaves a checkpoint, >= 1.
        patience: validations without a better rank-1 before training ends early, >= 1; None trains on.
    """

    steps: int | None = 10000
    max_minutes: float | None = None
    validate_every: int = 500
    patience: int | None = None

    def __post_init__(self) -> None:
        if self.steps is None and self.max_minutes is None:
            raise ConfigError(mismatch("steps, max_minutes", "at least one of them", "neither"))
        if self.steps is not None:
            at_least("steps", self.steps, 1)
        if self.max_minutes is not None:
            above("max_minutes", self.max_minutes)
        at_least("validate_every", self.validate_every, 1)
        if self.patience is not None:
            at_least("patience", self.patience, 1)


@dataclass(frozen=True, slots=True)
class ValidationConfig:
    """What rank-1 and the calibration are measured on.

    Attributes:
        holdout: share of the scenes that is kept from training where no validation views are given,
            in (0, 1).
        min_gap: frames; views of one object are further apart than this, >= 0. None takes 50 frames at
            30 Hz by the stamps, as the published protocol.
        max_views: views that are looked at, as whole scenes: one more is taken while there are fewer, >= 1.
    """

    holdout: float = 0.15
    min_gap: int | None = None
    max_views: int = 4000

    def __post_init__(self) -> None:
        within("holdout", self.holdout, 0.001, 0.999)
        if self.min_gap is not None:
            at_least("min_gap", self.min_gap, 0)
        at_least("max_views", self.max_views, 1)


def at_least(key: str, value: int, least: int) -> None:
    """Raises ConfigError unless ``value`` >= ``least``."""
    if value < least:
        raise ConfigError(mismatch(key, f"a whole number >= {least}", value))


def within(key: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError unless ``value`` is in [``low``, ``high``]."""
    if not low <= value <= high:  # also refuses NaN
        raise ConfigError(mismatch(key, f"a number in [{low:g}, {high:g}]", value))


def above(key: str, value: float) -> None:
    """Raises ConfigError unless ``value`` is finite and > 0."""
    if not 0 < value < float("inf"):
        raise ConfigError(mismatch(key, "a number > 0", value))
