"""CMC curves: the part of queries answered at rank 1, 2, ..."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reobj.errors import InputError, mismatch
from reobj.files import write_bytes


def cmc_figure(title: str, curves: Mapping[str, NDArray[np.float64]]) -> Figure:
    """One line per model.

    Args:
        title: above the plot.
        curves: by name, (K,) ratios in [0, 1] at rank 1 to K.

    Raises:
        InputError: no curve.
    """
    if not curves:
        raise InputError(mismatch("curves", "at least one", "none"))
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen, and without pyplot's list of all open figures
    axes = figure.add_subplot()
    for name, curve in curves.items():
        axes.plot(np.arange(1, len(curve) + 1), 100 * curve, marker="o", markersize=2.5, label=name)
    axes.set(title=title, xlabel="rank", ylabel="queries answered (%)", ylim=(None, 101))
    axes.set_xticks([1, 5, 10, 20, 30, 40, 50])
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    return figure


def write_cmc_png(path: Path | str, figure: Figure) -> None:
    """Writes the plot as a PNG file. Raises StorageError."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=144)
    write_bytes(path, data.getvalue())


def cmc_svg(figure: Figure) -> bytes:
    """The plot as an SVG file, the same for the same curves."""
    data = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "reobj"}):
        figure.savefig(data, format="svg", metadata={"Date": None})
    return data.getvalue()
