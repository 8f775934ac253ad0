from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from reobj.association.associator_config import AssociatorConfig
from reobj.config import parse_config
from reobj.detection.registry import DETECTORS
from reobj.encoding.registry import ENCODERS
from reobj_ros.node.config_parameters import attribute_meanings, config_parameters, nested


@dataclass(frozen=True)
class Inner:
    """Inside.

    Attributes:
        depth_m: how deep, metres.
    """

    depth_m: float = 2.0


@dataclass(frozen=True)
class Outer:
    """Outside.

    Attributes:
        low, high: the two ends,
            both inclusive.
        side: which one.
        inner: what is inside.
        words: some texts.
    """

    low: int = 1
    high: int = 9
    side: Literal["left", "right"] = "left"
    inner: Inner = field(default_factory=Inner)
    words: tuple[str, ...] = ()
    unset: float | None = None


def test_each_field_is_a_parameter_with_the_meaning_from_the_docstring() -> None:
    rows = {row.name: row for row in config_parameters("top", Outer())}
    assert list(rows) == ["top.low", "top.high", "top.side", "top.inner.depth_m", "top.words"]
    assert rows["top.high"].description == "the two ends, both inclusive."
    assert rows["top.inner.depth_m"].description == "how deep, metres."
    assert rows["top.side"].choices == ("left", "right")
    assert rows["top.low"].default == 1


def test_a_field_that_is_inherited_keeps_its_meaning() -> None:
    @dataclass(frozen=True)
    class Deeper(Inner):
        """Further inside.

        Attributes:
            width_m: how wide, metres.
        """

        width_m: float = 1.0

    rows = {row.name: row.description for row in config_parameters("top", Deeper())}
    assert rows == {"top.depth_m": "how deep, metres.", "top.width_m": "how wide, metres."}


def test_a_docstring_without_attributes_means_nothing() -> None:
    assert attribute_meanings("Only this.") == {}


def test_what_follows_the_attributes_is_not_read() -> None:
    docstring = "X.\n\nAttributes:\n    a: first.\n\n    b: second.\n\nRaises:\n    Error: never.\n"
    assert attribute_meanings(docstring) == {"a": "first.", "b": "second."}


def test_values_are_nested_as_in_a_yaml_file() -> None:
    values = {"top.low": 2, "top.inner.depth_m": 1.5, "top.words": [""], "other.x": 1}
    assert nested(values, "top") == {"low": 2, "inner": {"depth_m": 1.5}, "words": []}


@pytest.mark.parametrize(
    ("section", "config", "name"),
    [
        ("association", AssociatorConfig(), None),
        *(("detector", entry.config(), name) for name, entry in DETECTORS.items()),
        *(("encoder", entry.config(), name) for name, entry in ENCODERS.items()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_defaults_as_parameters_make_the_default_configuration(
    section: str, config: object, name: str | None
) -> None:
    rows = config_parameters(section, config)
    assert all(row.description for row in rows)
    values = nested({row.name: row.checked(row.default) for row in rows}, section)
    parsed = parse_config({section: values if name is None else {"name": name, **values}})
    made = getattr(parsed, section)
    assert (made if name is None else made.options) == config
