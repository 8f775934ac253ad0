"""Index files: what is written comes back, on other rows too; damage is refused."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retrieval_data import table

from reobj.errors import InputError, StorageError
from reobj.evaluation.retrieval_index import Block, RetrievalIndex, read_index, write_index

ROWS = [(0, 1, 0, 0), (0, 1, 0, 60), (1, 1, 0, 0), (1, 2, 1, 60)]


def example() -> RetrievalIndex:
    pooled = Block(np.array([0, 1, 3]), np.array([0, 0, 1]), np.array([2, 3]))
    return RetrievalIndex("both", (pooled, Block.single(np.array([3]), np.array([3, 1]))))


def lists(index: RetrievalIndex) -> list[list[list[int]]]:
    return [[b.queries.tolist(), b.pools.tolist(), b.gallery.tolist()] for b in index.blocks]


def test_an_index_comes_back(tmp_path: Path) -> None:
    views = table(ROWS)
    write_index(tmp_path / "index.json", example(), views)
    back = read_index(tmp_path / "index.json", views)
    assert back.protocol == "both"
    assert lists(back) == lists(example())


def test_an_index_finds_its_views_in_another_order_and_among_others(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", example(), table(ROWS))
    back = read_index(tmp_path / "index.json", table([(0, 9, 0, 0), *reversed(ROWS)]))
    assert lists(back) == [[[4, 3, 1], [0, 0, 1], [2, 1]], [[1], [0], [1, 3]]]


def test_only_the_views_of_the_index_are_written(tmp_path: Path) -> None:
    index = RetrievalIndex("one", (Block.single(np.array([3]), np.array([1])),))
    write_index(tmp_path / "index.json", index, table(ROWS))
    content = json.loads((tmp_path / "index.json").read_text())
    assert content["views"] == {"scene": [0, 1], "instance": [1, 2], "frame": [60, 60], "label": [0, 1]}
    assert content["blocks"] == [{"query": [1], "pool": [0], "gallery": [0]}]
    assert (content["scenes"], content["labels"]) == (["a", "b"], ["chair", "cup", "wall"])


def test_an_index_without_questions_comes_back(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", RetrievalIndex("none", ()), table([]))
    assert read_index(tmp_path / "index.json", table([])).blocks == ()


def test_a_view_that_is_missing_is_named(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", example(), table(ROWS))
    with pytest.raises(InputError, match=r"index.json: .*none for \('b', 2, 60\)"):
        read_index(tmp_path / "index.json", table(ROWS[:3]))


def test_a_view_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    write_index(tmp_path / "index.json", example(), table(ROWS))
    with pytest.raises(InputError, match="one of them twice"):
        read_index(tmp_path / "index.json", table([*ROWS, ROWS[0]]))


def test_an_index_of_other_views_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rows of 3 views"):
        write_index(tmp_path / "index.json", example(), table(ROWS[:3]))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*index\.json"):
        read_index(tmp_path / "index.json", table(ROWS))


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    write_index(path, example(), table(ROWS))
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(StorageError, match=r"version 1, got .*2"):
        read_index(path, table(ROWS))


@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    write_index(path, example(), table(ROWS))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from([b"", b"-", b"9", b"]", b"\xff"]))
    path.write_bytes(raw)
    with suppress(StorageError, InputError):
        assert read_index(path, table(ROWS)).blocks


@pytest.mark.parametrize(
    "value", [[-1], [0.5], [[0]], ["a"], [99], None, {}, [True], [2**70], [0, 0]], ids=str
)
def test_a_gallery_that_is_no_list_of_views_is_refused(tmp_path: Path, value: object) -> None:
    path = tmp_path / "index.json"
    write_index(path, example(), table(ROWS))
    content = json.loads(path.read_text())
    content["blocks"][0]["gallery"] = value
    path.write_text(json.dumps(content))
    with pytest.raises((StorageError, InputError), match=r"index\.json"):
        read_index(path, table(ROWS))


@pytest.mark.parametrize("pools", [[1, 1], [0, 2], [1, 0], [0]])
def test_pools_with_gaps_are_refused(pools: list[int]) -> None:
    with pytest.raises(InputError, match="pools of an index"):
        Block(np.array([0, 1]), np.array(pools), np.array([2]))
