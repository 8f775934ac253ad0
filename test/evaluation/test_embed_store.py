import numpy as np
import pytest
import torch
from tiny_store import small_spec, write_views
from torch import nn

from reobj.encoding.crops import Crops
from reobj.encoding.model_spec import build_network
from reobj.errors import InputError
from reobj.evaluation.embed_store import embed_views, views_of
from reobj.views.store import ViewStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ViewStore:
    return ViewStore(write_views(tmp_path_factory.mktemp("embed") / "views"))


def embed(network: nn.Module, store: ViewStore, rows: list[int], batch_size: int = 64) -> np.ndarray:
    views = embed_views(
        network, small_spec(), store, np.array(rows, np.int64), torch.device("cpu"), batch_size=batch_size
    )
    assert views.frames.tolist() == store.table.frames[rows].tolist()
    return views.embeddings


def test_embeddings_stand_at_their_rows_whatever_the_batches(store: ViewStore) -> None:
    network = build_network(small_spec(), 0)
    rows = [7, 0, 30, 12, 3]
    together, apart = embed(network, store, rows), embed(network, store, rows, batch_size=2)
    np.testing.assert_allclose(together, apart, atol=1e-5)
    np.testing.assert_allclose(embed(network, store, [12])[0], together[3], atol=1e-5)
    assert network.training  # as it was before


def test_the_progress_counts_views(store: ViewStore) -> None:
    seen: list[tuple[int, int]] = []
    network = build_network(small_spec(), 0)
    embed_views(
        network, small_spec(), store, np.arange(5), torch.device("cpu"),
        batch_size=2, progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_no_rows_give_no_embeddings_of_the_right_length(store: ViewStore) -> None:
    assert embed(build_network(small_spec(), 0), store, []).shape == (0, 8)


def test_views_without_poses_have_no_directions(store: ViewStore) -> None:
    views = views_of(store.table)
    assert views.directions is None
    assert views.embeddings.shape == (len(store), 0)


class Broken(nn.Module):
    """Gives NaN for the second crop."""

    dim = 2

    def forward(self, crops: Crops) -> torch.Tensor:
        result = torch.zeros(len(crops), 2)
        result[1] = torch.nan
        return result


def test_a_network_that_gives_nan_is_said(store: ViewStore) -> None:
    with pytest.raises(InputError, match="finite values, got NaN in 1 rows"):
        embed(Broken(), store, [0, 1, 2])
