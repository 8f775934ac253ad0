"""Queries with what each model found for them, as pictures for the page."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from reobj.evaluation.comparison import Examined, Questions
from reobj.evaluation.reranking import RerankConfig
from reobj.evaluation.retrieval_matches import Match, choose_queries, top_matches
from reobj.visual.retrieval_page import Example, Line, Tile
from reobj.visual.retrieval_pictures import ViewPictures

WRONG, RIGHT = 12, 6  #: queries of each protocol that are shown
SHOWN = 5  #: views of the gallery


@dataclass
class ExampleCollector:
    """Takes the models of a comparison one after the other; the first one decides which queries are shown.

    Attributes:
        pictures: of the store that was asked about.
        questions: that were asked.
        reranking: as it was answered.
    """

    pictures: ViewPictures
    questions: Questions
    reranking: RerankConfig | None
    _queries: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    _rows: dict[str, list[int]] = field(default_factory=dict)
    _lines: dict[str, list[list[Line]]] = field(default_factory=dict)

    def add(self, examined: Examined) -> None:
        """Makes the pictures of one model's answers."""
        for protocol, index in self.questions.indices.items():
            answers = examined.answers[protocol]
            if protocol not in self._queries:
                self._queries[protocol] = choose_queries(examined.views, answers.retrieval, WRONG, RIGHT)
            queries = self._queries[protocol]
            matches = top_matches(examined.views, index, queries, SHOWN, self.reranking)
            self._rows[protocol] = [match.query for match in matches]
            lines = self._lines.setdefault(protocol, [[] for _ in matches])
            for found, match in zip(lines, matches, strict=True):
                found.append(self._line(examined, match))

    def examples(self, protocol: str) -> list[Example]:
        """The queries of a protocol, failures of the first model first."""
        shown = zip(self._rows[protocol], self._lines[protocol], strict=True)
        return [Example(self._name(row), self._tile(row, None), lines) for row, lines in shown]

    def _line(self, examined: Examined, match: Match) -> Line:
        tiles = [
            self._tile(row, right)
            for row, right in zip(match.gallery.tolist(), match.right.tolist(), strict=True)
        ]
        return Line(examined.subject.name, match.positive_rank, tiles, self._explained(examined, match))

    def _explained(self, examined: Examined, match: Match) -> list[Tile]:
        number = self.questions.folds[match.query] if len(examined.networks) > 1 else 0
        network = examined.networks[int(number)]
        device = next(network.parameters()).device
        target = torch.from_numpy(examined.views.embeddings[match.gallery[0]]).to(device)
        row = int(self.questions.rows[match.query])
        found = self.pictures.explained(network, examined.subject.spec, row, target)
        return [Tile(jpeg, stream) for stream, jpeg in found.items()]

    def _tile(self, row: int, right: bool | None) -> Tile:
        return Tile(self.pictures.tile(int(self.questions.rows[row])), self._name(row), right)

    def _name(self, row: int) -> str:
        views = self.questions.views
        label, scene = views.label_names[views.labels[row]], views.scene_names[views.scenes[row]]
        return f"{label} {views.instances[row]}, {scene}, frame {views.frames[row]}"
