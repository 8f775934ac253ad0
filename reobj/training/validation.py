"""How well the network does on views it is not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import nn

from reobj.encoding.model_spec import ModelSpec
from reobj.evaluation.embed_store import views_of
from reobj.evaluation.protocols import cross_scene, same_scene_same_class
from reobj.evaluation.retrieval import RetrievalScores, retrieval_scores, retrieve
from reobj.evaluation.retrieval_run import select_apart
from reobj.evaluation.retrieval_views import Views
from reobj.training.data import ahead
from reobj.training.sections import ValidationConfig
from reobj.views.batch import ViewBatch, collate, to_crops
from reobj.views.cutting import cut_view
from reobj.views.store import ViewStore

_BATCH = 64  #: views at a time


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """What retrieval scores of the validation views; see ``reobj.evaluation.protocols``.

    Attributes:
        same_scene: same-scene same-class; None without two objects of one class with two views each.
        cross_scene: None without an object with two views.
    """

    same_scene: RetrievalScores | None
    cross_scene: RetrievalScores | None

    @property
    def rank1(self) -> float | None:
        """The figure that the best weights are chosen by: same-scene same-class where it is defined."""
        for scores in (self.same_scene, self.cross_scene):
            if scores is not None and scores.cmc[1] is not None:
                return scores.cmc[1]
        return None

    def figures(self) -> dict[str, Any]:
        """Plain data for model.json."""
        named = {"same-scene same-class": self.same_scene, "cross-scene": self.cross_scene}
        return {
            name: {**scores.figures(), "queries": scores.queries}
            for name, scores in named.items()
            if scores is not None
        }


class Validator:
    """Asks the same questions of the network again and again.

    Args:
        store: of all views.
        rows: (N,) int64, rows of the store that are not trained on.
        spec: what the network's crops show.
        config: which of the views are asked about.
        workers: threads that read and cut ahead.
    """

    def __init__(
        self,
        store: ViewStore,
        rows: NDArray[np.int64],
        spec: ModelSpec,
        config: ValidationConfig,
        workers: int,
    ) -> None:
        self._store, self._spec, self._workers = store, spec, workers
        kept = rows[select_apart(views_of(store.table.only(rows)), config.min_gap)] if len(rows) else rows
        self.rows = whole_scenes(kept, store.table.scenes[kept], config.max_views)
        self._views = views_of(store.table.only(self.rows))
        everything = np.arange(len(self.rows))
        self._questions = (
            same_scene_same_class(self._views, everything),
            cross_scene(self._views, everything),
        )

    def embed(self, network: nn.Module, fabric: Fabric) -> Views:
        """The validation views with their embeddings by ``network``, which comes back in training mode."""
        network.eval()
        found = []
        with torch.no_grad(), fabric.autocast():
            starts = range(0, len(self.rows), _BATCH)
            for batch in ahead(self._batch, starts, self._workers):
                found.append(network(to_crops(batch, fabric.device)).float().cpu().numpy())
        network.train()
        return replace(self._views, embeddings=np.concatenate(found)) if found else self._views

    def scores(self, views: Views) -> ValidationScores:
        """The scores of embedded views."""
        same, cross = (
            retrieval_scores(retrieve(views, index).ranked) if index.blocks else None
            for index in self._questions
        )
        return ValidationScores(same, cross)

    def _batch(self, start: int) -> ViewBatch:
        rows = self.rows[start : start + _BATCH].tolist()
        spec = self._spec
        return collate([cut_view(self._store.read(row), spec.context, spec.crop_size) for row in rows])


def whole_scenes(rows: NDArray[np.int64], scenes: NDArray[np.int64], enough: int) -> NDArray[np.int64]:
    """The rows of the first scenes that together have ``enough`` or more; all, if there are not as many."""
    names, position, counts = np.unique(scenes, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return rows[(before < enough)[position]] if len(names) else rows
