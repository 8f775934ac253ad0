from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reobj.encoding.plain_data import plain_data
from reobj.errors import InputError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_plain_stays_as_it_is(value: Any) -> None:
    assert json.loads(json.dumps(plain_data(value, "x"))) == value


def test_tuples_numpy_numbers_and_paths_become_plain() -> None:
    given_data = {"a": (1, np.float32(0.5)), "b": np.int64(3), "c": Path("x/y"), "d": np.bool_(True)}
    found = plain_data(given_data, "x")
    assert found == {"a": [1, 0.5], "b": 3, "c": "x/y", "d": True}
    assert type(found["b"]) is int and type(found["d"]) is bool


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), np.float32("nan")])
def test_a_number_that_json_does_not_have_is_none(value: float) -> None:
    assert plain_data([value], "x") == [None]


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), np.zeros(3)])
def test_anything_else_is_named(value: object) -> None:
    with pytest.raises(InputError, match=r"x\.a\[1\]: expected plain data"):
        plain_data({"a": [0, value]}, "x")


def test_keys_must_be_texts() -> None:
    with pytest.raises(InputError, match=r"x\.a: expected keys that are texts, got 1"):
        plain_data({"a": {1: 2}}, "x")
