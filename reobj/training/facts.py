"""What model.json says about how a model was made, whatever it is a model of."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import torch
from lightning_fabric import Fabric

from reobj import __version__
from reobj.training.checkpoint import Progressed

_PACKAGES = ("torch", "torchvision", "lightning-fabric")  #: whose versions model.json names


def run_facts(fabric: Fabric, progressed: Progressed) -> dict[str, Any]:
    """Steps, time, devices, date and versions as plain data."""
    return {
        "steps": progressed.step,
        "skipped_steps": progressed.skipped,
        "best_step": progressed.best_step,
        "seconds": round(progressed.seconds, 1),
        "devices": f"{fabric.world_size} x {_device_name(fabric.device)}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "versions": {"reobj": __version__, **{name: version(name) for name in _PACKAGES}},
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
