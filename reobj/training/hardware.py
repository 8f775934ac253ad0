"""Devices, precision and strategy of a run, by Lightning Fabric."""

from __future__ import annotations

import os

import torch
from lightning_fabric import Fabric

from reobj.devices import resolve_device
from reobj.errors import ConfigError, DeviceError, mismatch


def make_fabric(device: str = "auto", devices: int = 1, precision: str = "auto") -> Fabric:
    """Fabric for one device or several; not launched yet.

    Under ``torchrun`` the numbers of machines and of processes on each come from there, and ``devices``
    is not looked at.

    Args:
        device: as for ``resolve_device``; one device by its number only for ``devices`` = 1.
        devices: processes on this machine, each with a device of its own (on a CPU: its own threads).
        precision: as in ``TrainConfig``.

    Raises:
        DeviceError: a device that is not there, or not as many. ConfigError: 16-mixed on a CPU.
    """
    chosen = resolve_device(device)
    nodes, count = _processes(devices)
    if chosen.type == "cuda" and count > torch.cuda.device_count():
        raise DeviceError(mismatch("devices", f"at most {torch.cuda.device_count()} on this machine", count))
    if chosen.index is not None and count > 1:
        raise DeviceError(mismatch("device", "cuda without a number for several devices", device))
    which = [chosen.index] if chosen.index is not None else count
    strategy = "ddp" if nodes * count > 1 else "auto"
    return Fabric(
        accelerator=chosen.type,
        devices=which,
        num_nodes=nodes,
        strategy=strategy,
        precision=resolve_precision(precision, chosen),  # type: ignore[arg-type]
    )


def resolve_precision(precision: str, device: torch.device) -> str:
    """Fabric's name of a precision; "auto" as ``TrainConfig`` says.

    Raises:
        ConfigError: 16-mixed on a CPU.
    """
    if precision == "auto":
        if device.type != "cuda":
            return "32-true"
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    if precision == "16-mixed" and device.type != "cuda":
        raise ConfigError(mismatch("precision", "32 or bf16-mixed on a CPU", precision))
    return "32-true" if precision == "32" else precision


def _processes(devices: int) -> tuple[int, int]:
    """Number of machines, and of processes on this one."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return 1, devices
    here = int(os.environ["LOCAL_WORLD_SIZE"])
    return int(os.environ["WORLD_SIZE"]) // here, here
