from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from reobj.association.associator import MapAssociator
from reobj.types import Embeddings, Frame, Instances, ModelId
from reobj_ros.node.vitals import idle_gpu, map_size, memory

MODEL = ModelId("test", "ab", 8)


def see(associator: MapAssociator, frames: int = 6) -> None:
    boxes = np.array([[10, 10, 30, 40]], np.float32)
    masks = np.zeros((60, 80), np.uint16)
    masks[10:40, 10:30] = 1
    instances = Instances(boxes, masks, ("chair",), np.ones(1, np.float32))
    embeddings = Embeddings(np.eye(8, dtype=np.float32)[:1], MODEL)
    for k in range(frames):
        frame = Frame(np.zeros((60, 80, 3), np.uint8), 1_000_000_000 + 100_000_000 * k)
        associator.update(frame, instances, embeddings)


def test_a_map_in_memory_has_no_file() -> None:
    associator = MapAssociator()
    see(associator)
    assert map_size(associator.keeper, 6) == {"map_objects": 1, "map_views": 6}


def test_the_file_of_a_map_has_its_size_with_the_log_beside_it_and_an_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    associator = MapAssociator()
    path = tmp_path / "a.map"
    associator.keeper.open(path)
    see(associator)
    log = path.with_name("a.map-wal")
    written_s = max(part.stat().st_mtime for part in (path, log) if part.exists())
    monkeypatch.setattr("time.time", lambda: written_s + 12.0)
    found = map_size(associator.keeper, 6)
    assert found["map_file_bytes"] == sum(os.path.getsize(part) for part in (path, log) if part.exists()) > 0
    assert 0.0 <= found["map_written_s_ago"] <= 12.0  # the writer may have written meanwhile
    associator.keeper.close()


def test_a_cpu_without_a_gpu_beside_it_is_no_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert idle_gpu("cpu") == ""


def test_a_gpu_in_use_is_no_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert idle_gpu("cuda:0") == ""
    assert idle_gpu("cpu")


def test_without_a_gpu_only_the_memory_of_the_process_is_told() -> None:
    assert set(memory("cpu")) == set(memory("")) == {"memory_mb"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_memory_of_the_gpu_is_told() -> None:
    before = memory("cuda:0")["gpu_memory_mb"]
    held = torch.zeros(4_000_000, device="cuda:0")
    after = memory("cuda:0")
    assert after["gpu_memory_mb"] - before == pytest.approx(held.nbytes / 1e6, rel=0.05)
    assert after["gpu_reserved_mb"] >= after["gpu_memory_mb"]
