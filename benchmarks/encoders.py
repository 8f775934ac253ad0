"""Every network and setup, trained under one budget and asked the same questions about unseen rooms.

    python benchmarks/encoders.py --views VIEWS --validation VIEWS --test VIEWS --out OUT [--minutes 2.5]

Trains each row from nothing (no pretrained weights) on ``--threads`` CPU threads or the GPU for the same
time, with the same loss (SupCon), batches, crops and augmentation, so that the networks are what differs;
then asks both protocols. Finished rows in OUT are kept, so that it can be broken off, or run twice side by
side with different ``--networks``. ``--table`` only prints what is there, as Markdown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from reobj.devices import resolve_device
from reobj.evaluation.comparison import Questions, examine, questions_of
from reobj.evaluation.retrieval_run import Protocol
from reobj.evaluation.subjects import open_subject
from reobj.files import write_text
from reobj.progress import Progress, silent
from reobj.training.config import parse_train_config, read_mapping
from reobj.training.trainer import train
from reobj.views.store import ViewStore

CONFIGS = Path(__file__).parent.parent / "config" / "train"
SETUPS = ("no-train", "foreground", "background", "full", "concat")
RATIOS = (1.0, 1.5, 3.0)  #: context ratios of the ablation, beside the 2.0 of all other rows

#: Network: its configuration, and what is put in place of a trunk that two cores cannot train.
NETWORKS: dict[str, tuple[str, dict[str, object]]] = {
    "small": ("small", {}),
    "reobj": ("reobj-deploy", {"backbone": "resnet18", "weights": "none"}),
    "attention": ("attention-deploy", {"backbone": "deit_tiny_patch16_224", "weights": "none"}),
    "maskreid": ("maskreid-deploy", {"width": 16}),
    "inherent": ("inherent-deploy", {"weights": "none"}),
    "osnet": ("osnet", {"width": 0.5}),
    "appearance": ("appearance", {}),
}
#: Learning rates from nothing; the configurations' own are for pretrained trunks.
LEARNING_RATES = {"small": 2e-3, "attention": 5e-4}
OTHER_LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    network: str
    setup: str
    ratio: float = 2.0

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.network}-{self.setup}" + (f"-{self.ratio:g}" if self.ratio != 2 else "")


def rows_of(networks: list[str]) -> list[Row]:
    """All rows of some networks; the ablation over the context belongs to ``small``."""
    rows = [Row(network, setup) for network in networks for setup in SETUPS]
    return rows + [Row("small", "concat", ratio) for ratio in RATIOS if "small" in networks]


def configuration(row: Row, minutes: float, crop_size: int) -> dict[str, Any]:
    """The network's own configuration with the common loss, budget, batches and crops."""
    name, options = NETWORKS[row.network]
    data = read_mapping(CONFIGS / f"{name}.yaml")
    common = read_mapping(CONFIGS / "small.yaml")
    data["model"] |= {"crop_size": crop_size, "context": {"ratio": row.ratio, "square": True}}
    data["model"]["options"] |= {**options, "setup": row.setup}
    data |= {key: common[key] for key in ("loss", "sampler", "augment", "optimizer", "precision")}
    data["optimizer"]["lr"] = LEARNING_RATES.get(row.network, OTHER_LEARNING_RATE)
    data["workers"] = 1
    data["budget"] = {"steps": None, "max_minutes": minutes, "validate_every": 10**9}
    data["validation"] = {"max_views": 1500}
    return data


@contextmanager
def no_bar(title: str) -> Iterator[Progress]:
    """Shows nothing."""
    yield silent


def finish(row: Row, data: dict[str, Any], test: ViewStore, questions: Questions, **run: Any) -> None:
    """Trains a row, asks it, and writes ``scores.json`` into its folder."""
    folder = run["out"] / row.name
    if not (folder / "model.json").exists():
        train(
            parse_train_config(data),
            run["views"],
            run["validation"],
            folder,
            device=run["device"],
            resume=True,
        )
    device = resolve_device(run["device"])
    examined = examine(open_subject(str(folder)), test, questions, device, None, no_bar)
    card = json.loads((folder / "model.json").read_text())
    scores = {name: answers.scores.figures() for name, answers in examined.answers.items()}
    counts = {name: answers.scores.queries for name, answers in examined.answers.items()}
    parameters = sum(p.numel() for p in examined.networks[0].parameters())
    facts = {"steps": card["training"]["steps"], "parameters": parameters, "dim": card["dim"]}
    content = {"network": row.network, "setup": row.setup, "ratio": row.ratio, **facts}
    write_text(folder / "scores.json", json.dumps({**content, "queries": counts, "scores": scores}, indent=1))


def table(out: Path) -> str:
    """What is finished, as Markdown."""
    lines = [
        "| network | setup | context | weights, M | steps | same scene, same class: rank-1 | rank-5 | mAP "
        "| cross-scene: rank-1 | rank-5 | mAP |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows_of(list(NETWORKS)):
        path = out / row.name / "scores.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text())
        cells = [
            f"{100 * found['scores'][protocol][figure]:.1f}"
            for protocol in ("same-scene-same-class", "cross-scene")
            for figure in ("rank-1", "rank-5", "mAP")
        ]
        facts = (f"{found['parameters'] / 1e6:.1f}", str(found["steps"]))
        lines.append(" | ".join(["| " + row.network, row.setup, f"{row.ratio:g}", *facts, *cells]) + " |")
    return "\n".join(lines)


def main(
    views: Annotated[list[Path], typer.Option(help="Views to train on.")],
    validation: Annotated[list[Path], typer.Option(help="Views of other rooms, for the calibration.")],
    test: Annotated[list[Path], typer.Option(help="Views of rooms that nothing was trained or tuned on.")],
    out: Annotated[Path, typer.Option(help="Folder of all rows.")] = Path("out/encoders"),
    networks: Annotated[str, typer.Option(help="Separated by commas.")] = ",".join(NETWORKS),
    minutes: Annotated[float, typer.Option(help="Of training, for each row.")] = 2.5,
    crop_size: Annotated[int, typer.Option(help="Side of the crops in pixels.")] = 64,
    threads: Annotated[int, typer.Option(help="CPU threads of the network.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    only_table: Annotated[bool, typer.Option("--table", help="Only print what is finished.")] = False,
) -> None:
    """Train and measure all rows."""
    torch.set_num_threads(threads)
    if not only_table:
        store = ViewStore(test)
        questions = questions_of(store, list(Protocol))
        print(f"{len(questions.rows)} views of {len(questions.views.scene_names)} rooms ask", flush=True)
        for row in rows_of(networks.split(",")):
            if (out / row.name / "scores.json").exists():
                continue
            data = configuration(row, minutes, crop_size)
            run: dict[str, Any] = {"views": views, "validation": validation, "out": out, "device": device}
            finish(row, data, store, questions, **run)
            print(f"{row.name} finished", flush=True)
    print(table(out))


if __name__ == "__main__":
    typer.run(main)
