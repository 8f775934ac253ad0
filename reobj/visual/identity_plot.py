"""The reliability plot: how often decisions were right, by how sure the system was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reobj.errors import InputError, mismatch
from reobj.evaluation.calibration_error import ReliabilityBin

#: Square points of the marker of a bin with all decisions of its run, and of the least marker.
_ALL, _LEAST = 420.0, 12.0


def reliability_figure(runs: Mapping[str, Sequence[ReliabilityBin]]) -> Figure:
    """One line per run; the larger a marker, the more decisions are in its bin.

    Args:
        runs: by name; the bins of ``reliability``.

    Raises:
        InputError: no run.
    """
    if not runs:
        raise InputError(mismatch("runs", "at least one", "none"))
    figure = Figure(figsize=(7.5, 5.2), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen, and without pyplot's list of all open figures
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="calibrated")
    for name, bins in runs.items():
        known = [
            (b.confidence, b.accuracy, b.count)
            for b in bins
            if b.confidence is not None and b.accuracy is not None
        ]
        total = sum(count for _, _, count in known)
        sure, right = [c for c, _, _ in known], [a for _, a, _ in known]
        (line,) = axes.plot(sure, right, linewidth=1.2, label=name)
        areas = [max(_ALL * count / total, _LEAST) for _, _, count in known]
        axes.scatter(sure, right, s=areas, color=line.get_color(), alpha=0.7)
    axes.set(
        title="Reliability of MATCH and NEW",
        xlabel="probability that the system gave",
        ylabel="part that was right",
        xlim=(0, 1.02),
        ylim=(0, 1.05),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", fontsize="small")
    return figure
