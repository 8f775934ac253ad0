from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from reobj.errors import ConfigError, InputError
from reobj.settings import from_mapping


@dataclass(frozen=True)
class Inner:
    sides: tuple[int, int] = (1, 2)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.sides) < 0:
            raise InputError("sides: expected values >= 0")


@dataclass(frozen=True)
class Outer:
    share: float = 0.5
    count: int = 3
    on: bool = True
    kind: Literal["a", "b"] = "a"
    limit: int | None = None
    inner: Inner = field(default_factory=Inner)


@dataclass(frozen=True)
class Required:
    count: int


def test_keys_that_are_left_out_keep_their_defaults() -> None:
    assert from_mapping(Outer, {"count": 7}, "stage") == Outer(count=7)


def test_nested_values_are_converted() -> None:
    data = {"share": 1, "kind": "b", "limit": 4, "inner": {"sides": [3, 4], "names": ["x"]}}
    assert from_mapping(Outer, data, "stage") == Outer(1.0, 3, True, "b", 4, Inner((3, 4), ("x",)))
    assert isinstance(from_mapping(Outer, {"share": 1}, "stage").share, float)


def test_none_is_taken_where_it_is_allowed() -> None:
    assert from_mapping(Outer, {"limit": None}, "stage").limit is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"size": 1}, r"stage\.size: unknown key, expected one of share"),
        ({"inner": {"side": 1}}, r"stage\.inner\.side: unknown key"),
        ({"count": "3"}, r"stage\.count: expected int, got '3' \(str\)"),
        ({"count": 1.5}, r"stage\.count: expected int"),
        ({"count": True}, r"stage\.count: expected int"),
        ({"on": 1}, r"stage\.on: expected bool"),
        ({"share": None}, r"stage\.share: expected float"),
        ({"kind": "c"}, r"stage\.kind: expected one of a, b"),
        ({"limit": "x"}, r"stage\.limit: expected int"),
        ({"inner": 3}, r"stage\.inner: expected a mapping"),
        ({"inner": {"sides": 3}}, r"stage\.inner\.sides: expected a list"),
        ({"inner": {"sides": [1]}}, r"stage\.inner\.sides: expected a list of 2"),
        ({"inner": {"names": ["x", 2]}}, r"stage\.inner\.names\[1\]: expected str"),
        ({"inner": {"sides": [-1, 2]}}, r"stage\.inner: sides: expected values >= 0"),
        ([], r"stage: expected a mapping"),
    ],
)
def test_errors_name_the_key(data: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_mapping(Outer, data, "stage")


def test_a_required_key_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"stage: expected all required keys, missing of count"):
        from_mapping(Required, {}, "stage")
