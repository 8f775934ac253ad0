from __future__ import annotations

import os

import pytest

from reobj.errors import InputError
from reobj.evaluation.memory import check_memory


def test_what_fits_is_let_through() -> None:
    check_memory(os.sysconf("SC_PAGE_SIZE"), "a page", "nothing")


def test_what_does_not_fit_is_refused_with_the_remedy() -> None:
    with pytest.raises(
        InputError, match=r"embeddings: expected at most the \d+ GB .* got 1000000 GB: take fewer"
    ):
        check_memory(1e15, "embeddings", "take fewer")
