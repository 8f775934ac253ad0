"""What the papers report on ScanNet, to stand beside our rows and never among them.

Their queries and galleries are not published, so no row here is reproduced by any protocol of ours; they say
how large the differences between setups were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RE_OBJ = "Bansal et al. 2019, table 2"
WHERE_ABLATION = "Bansal et al. 2021, table 2"
WHERE_BASELINES = "Bansal et al. 2021, table 4"


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One row of a paper's table.

    Attributes:
        method: as the table calls it, with the setup where there are several.
        network: the same method by the name of our registry; None where we have none.
        setup: "no-train", "full", "concat"; "" where the paper has only one.
        source: paper and table.
        ranks: by rank, the part of the queries in [0, 1]; only what the paper prints.
    """

    method: str
    network: str | None
    setup: str
    source: str
    ranks: Mapping[int, float]

    def figures(self) -> dict[str, float | None]:
        """The ratios by the names that ``RetrievalScores.figures`` gives them."""
        return {f"rank-{rank}": value for rank, value in self.ranks.items()}


def _row(
    method: str, network: str | None, setup: str, source: str, ranks: tuple[int, ...], *percent: float
) -> PaperRow:
    return PaperRow(method, network, setup, source, {r: p / 100 for r, p in zip(ranks, percent, strict=True)})


_CMC = (1, 5, 20, 50)
_PERSONS = (1, 5, 10, 20)

PAPER_ROWS = (
    _row("re-OBJ, no-train", "reobj", "no-train", RE_OBJ, _CMC, 55.66, 66.67, 77.46, 89.67),
    _row("re-OBJ, full", "reobj", "full", RE_OBJ, _CMC, 60.75, 69.61, 80.90, 95.21),
    _row("re-OBJ, concat", "reobj", "concat", RE_OBJ, _CMC, 77.85, 91.55, 98.36, 99.80),
    _row("DeepSORT", "deepsort", "", RE_OBJ, (1,), 49.60),
    _row("ViT attention, no-train", "attention", "no-train", WHERE_ABLATION, _CMC, 68.7, 77.06, 81.78, 92.71),
    _row("ViT attention, full", "attention", "full", WHERE_ABLATION, _CMC, 75.79, 88, 91.22, 96.25),
    _row("ViT attention, concat", "attention", "concat", WHERE_ABLATION, _CMC, 83.89, 94.61, 99.42, 100),
    _row("OSNet", "osnet", "", WHERE_BASELINES, _PERSONS, 69, 85.7, 89, 91.3),
    _row("DGNet", None, "", WHERE_BASELINES, _PERSONS, 58.3, 76, 83.7, 92.4),
)
