"""``reobj evaluate segmentation``: masks followed over recordings or DAVIS, with tables and scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reobj.detection.label_image import LabelImageConfig
from reobj.detection.propagation import PropagationConfig, make_flow
from reobj.errors import InputError, mismatch
from reobj.evaluation.segmentation_run import VOID, FollowedObject, SegmentationSettings, follow_masks
from reobj.evaluation.segmentation_tables import (
    TextTable,
    scores_of,
    segmentation_data,
    segmentation_tables,
)
from reobj.files import write_text
from reobj.progress import Progress, silent
from reobj.scans.base import FrameSource
from reobj.scans.davis import davis_sequences, is_davis
from reobj.scans.opening import open_source
from reobj.visual.cmc_plot import write_cmc_png
from reobj.visual.gap_plot import gap_figure

TABLE_FILE, SCORES_FILE, PLOT_FILE = "segmentation.md", "scores.json", "segmentation.png"

#: in DAVIS every object counts, however small
_EVERY_OBJECT = LabelImageConfig(min_area=0.0, min_area_at_border=0.0, exclude=(VOID,))


@dataclass(frozen=True, slots=True)
class SegmentationReportConfig:
    """What is evaluated.

    Attributes:
        sources: recordings with true instances, and folders in the layout of DAVIS 2017.
        out: folder of segmentation.md, segmentation.png and scores.json.
        settings: what is run over each.
        flow: of ``PropagationConfig``, and
        weights: of it.
        device: of a flow network.
        command: for the scores.
    """

    sources: tuple[Path, ...]
    out: Path
    settings: SegmentationSettings = field(default_factory=SegmentationSettings)
    flow: str = "auto"
    weights: str = "torchvision"
    device: str = "auto"
    command: str = ""


def evaluate_segmentation(config: SegmentationReportConfig, progress: Progress = silent) -> list[TextTable]:
    """Runs everything and writes the results into ``config.out``.

    Args:
        config: see there.
        progress: counts recordings.

    Raises:
        InputError: no recording, one without truth, or none with an object that can be followed.
        ReobjError: a recording is damaged, the flow cannot be had, or a file could not be written.
    """
    flow = make_flow(PropagationConfig(flow=config.flow, weights=config.weights), config.device)
    runs = [run for path in config.sources for run in _runs(path, config.settings)]
    objects: list[FollowedObject] = []
    for done, (source, settings) in enumerate(runs, start=1):
        objects += follow_masks(source, settings, flow)
        progress(done, len(runs))
    if not objects:
        raise InputError(mismatch("recordings", "an object in view for two frames", "none"))
    scores = scores_of(objects)
    tables = segmentation_tables(scores)
    text = "\n".join(f"## {table.title}\n\n{table.markdown()}" for table in tables)
    write_text(config.out / TABLE_FILE, text)
    data = {"command": config.command, "sources": [s.name for s, _ in runs], "gap": config.settings.gap}
    write_text(config.out / SCORES_FILE, json.dumps({**data, "methods": segmentation_data(scores)}, indent=1))
    write_cmc_png(config.out / PLOT_FILE, gap_figure(scores))
    return tables


def _runs(path: Path, settings: SegmentationSettings) -> Sequence[tuple[FrameSource, SegmentationSettings]]:
    """The recordings at a path, each with what counts as an object in it."""
    if is_davis(path):
        return [(s, replace(settings, objects=_EVERY_OBJECT)) for s in davis_sequences(path)]
    return [(open_source(path), settings)]
