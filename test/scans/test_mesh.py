"""Meshes that do not fit together."""

from __future__ import annotations

import numpy as np
import pytest

from reobj.errors import InputError
from reobj.scans.mesh import Mesh


@pytest.mark.parametrize(
    ("vertices", "faces", "instances", "said"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], np.zeros(3, np.uint16), "vertices"),
        (np.full((3, 3), np.nan), [[0, 1, 2]], np.zeros(3, np.uint16), "vertices"),
        (np.zeros((3, 3)), [[0, 1, 3]], np.zeros(3, np.uint16), "rows 0 to 2"),
        (np.zeros((3, 3)), [[0, 1]], np.zeros(3, np.uint16), "faces"),
        (np.zeros((3, 3)), [[0, 1, 2]], np.zeros(2, np.uint16), "instances"),
        (np.zeros((3, 3)), [[0, 1, 2]], np.zeros(3, np.int64), "uint16"),
    ],
)
def test_mesh_that_does_not_fit_together_is_refused(
    vertices: np.ndarray, faces: list, instances: np.ndarray, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Mesh(vertices, np.array(faces), instances)
