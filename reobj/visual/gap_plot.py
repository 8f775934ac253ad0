"""J and F of followed masks by frames after their key frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from reobj.evaluation.segmentation_run import Method
    from reobj.evaluation.segmentation_tables import MethodScores


def gap_figure(scores: Mapping[Method, MethodScores]) -> Figure:
    """Two plots side by side, one line per method in each."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen, and without pyplot's list of all open figures
    for axes, name in zip(figure.subplots(1, 2), ("j", "f"), strict=True):
        for method, found in scores.items():
            values = getattr(found, f"{name}_by_gap")
            axes.plot(range(1, len(values) + 1), values, marker="o", markersize=2.5, label=method.value)
        axes.set(xlabel="frames after the key frame", ylabel=name.upper(), ylim=(None, 1.01))
        axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize="small")
    return figure
