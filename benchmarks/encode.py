"""Instances per second of each network in batches, against the same network fed crop by crop.

    python benchmarks/encode.py                                   # all networks, CPU and CUDA
    python benchmarks/encode.py --networks small reobj --batches 1 32 --device cpu --compile

Both streams of each network (setup `concat`), weights as drawn, on crops that already lie on the
device; fp32 (TF32 on CUDA), and half by autocast (fp16 on CUDA as the encoder runs it, bf16 on a
CPU). "of limit" is the network's floating point operations per second over those of the fastest product
of two large matrices of that type on this machine. A batch that would take longer than --longest is
left out (-). Every figure is the best of several calls; a busy machine spoils them all the same.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from reobj.devices import describe_device, resolve_device
from reobj.encoding.crops import Crops
from reobj.encoding.networks import NETWORKS, network_entry

#: Batch sizes by default.
BATCHES = (1, 4, 16, 64, 256)
#: Sides of the square matrices whose product sets the limit: large enough, and quick enough.
PRODUCT = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192)}
#: What "half" means.
HALF = {"cpu": torch.bfloat16, "cuda": torch.float16}


def make_network(name: str, size: int) -> nn.Module:
    """A network with its default configuration and weights as drawn, in evaluation mode."""
    entry = network_entry(name)
    config = entry.config()
    if hasattr(config, "weights"):
        config = dataclasses.replace(config, weights="none")
    network: nn.Module = entry.make(config, size)
    return network.eval()


def make_crops(count: int, size: int, device: torch.device) -> Crops:
    """Noise with the mask over the middle half."""
    generator = torch.Generator().manual_seed(0)
    colour = torch.randn(count, 3, size, size, generator=generator)
    mask = torch.zeros(count, 1, size, size)
    mask[..., size // 4 : -size // 4, size // 4 : -size // 4] = 1
    return Crops(colour * mask, colour * (1 - mask), mask, torch.ones_like(mask, dtype=torch.bool)).to(device)


def count_flops(network: nn.Module, size: int) -> int:
    """Floating point operations for one instance: two for each multiplication with an addition."""
    crops = make_crops(1, size, torch.device("meta"))
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # the counter does not know attention's fused kernel
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            copy.deepcopy(network).to("meta")(crops)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return int(counter.get_total_flops())


def rate(call: Callable[[], object], per_call: int, seconds: float, device: torch.device) -> float:
    """Things done per second: the best of at least two calls over about ``seconds``, after one to warm up."""
    times = [_timed(call, device)]
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        times.append(_timed(call, device))
    return per_call / min(times[1:])


def _timed(call: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def product_rate(device: torch.device, kind: torch.dtype, seconds: float) -> float:
    """Floating point operations per second of the fastest matrix product."""
    best = 0.0
    for side in PRODUCT[device.type]:
        a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
        best = max(best, rate(partial(torch.mm, a, b), 2 * side**3, seconds, device))
    return best


class Measurement:
    """One network on one device in one precision.

    Args:
        network: in evaluation mode.
        flops: of one instance.
        crops: as many as the largest batch.
        kind: of its arithmetic.
        limit: floating point operations per second of the device.
        options: of the command line.
    """

    def __init__(
        self,
        network: nn.Module,
        flops: int,
        crops: Crops,
        kind: torch.dtype,
        limit: float,
        options: argparse.Namespace,
    ) -> None:
        self._device = crops.mask.device
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._flops, self._crops, self._kind, self._limit = flops, crops, kind, limit
        self._options = options

    def print_rows(self, label: str) -> None:
        """A row per batch size, and one for the compiled network where asked for."""
        single = known = self._rate(1, self._network)
        largest = 1
        for batch in sorted(self._options.batches):
            if batch > 1 and batch / known > self._options.longest:
                print(f"{label}{batch:6}          -", flush=True)
                continue
            known, largest = single if batch == 1 else self._rate(batch, self._network), batch
            self._print(f"{label}{batch:6}", known, single)
        if self._options.compile:
            self._print_compiled(f"{label}{largest:6}", largest, single)

    def _print_compiled(self, label: str, batch: int, single: float) -> None:
        start = time.perf_counter()
        compiled = torch.compile(self._network, dynamic=True)
        self._embed(compiled, batch)
        spent = time.perf_counter() - start
        self._print(label, self._rate(batch, compiled), single, f"compiled in {spent:.0f} s")

    def _rate(self, batch: int, network: Callable[[Crops], torch.Tensor]) -> float:
        return rate(partial(self._embed, network, batch), batch, self._options.seconds, self._device)

    @torch.inference_mode()
    def _embed(self, network: Callable[[Crops], torch.Tensor], batch: int) -> None:
        half = self._kind is not torch.float32
        with torch.autocast(self._device.type, HALF[self._device.type], enabled=half):
            network(self._crops.first(batch))

    def _print(self, label: str, found: float, single: float, note: str = "") -> None:
        share = found * self._flops / self._limit
        print(f"{label}{found:11.1f}{found / single:14.2f}{share:10.1%}  {note}".rstrip(), flush=True)


def print_device(device: torch.device, options: argparse.Namespace) -> None:
    """The table of one device."""
    # TF32, where a GPU has it: convolutions take it anyway
    torch.set_float32_matmul_precision("high" if device.type == "cuda" else "highest")
    kinds = {"fp32": torch.float32, str(HALF[device.type]).removeprefix("torch."): HALF[device.type]}
    limits = {name: product_rate(device, kind, options.seconds) for name, kind in kinds.items()}
    shown = ", ".join(f"{name} {limit / 1e12:.3g}" for name, limit in limits.items())
    print(f"\n{describe_device(device)}, crops of {options.size} pixels; matrix product TFLOP/s: {shown}")
    print("network        GFLOP  type       batch  instances/s  x one by one  of limit")
    crops = make_crops(max(options.batches), options.size, device)
    for network_name in options.networks:
        network = make_network(network_name, options.size)
        flops = count_flops(network, options.size)
        for kind_name, kind in kinds.items():
            label = f"{network_name:12}{flops / 1e9:8.2f}  {kind_name:9}"
            Measurement(network, flops, crops, kind, limits[kind_name], options).print_rows(label)


def main() -> None:
    """Prints one table per device."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=sorted(NETWORKS), default=sorted(NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument(
        "--device", help="cpu, cuda or cuda:N; by default the CPU, and CUDA where there is one"
    )
    parser.add_argument("--size", type=int, default=128, help="side of the crops in pixels")
    parser.add_argument("--seconds", type=float, default=0.3, help="spent on each figure")
    parser.add_argument("--longest", type=float, default=1.0, help="seconds that one call may take")
    parser.add_argument("--compile", action="store_true", help="the largest batch through torch.compile too")
    options = parser.parse_args()
    there = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for name in [options.device] if options.device else there:
        print_device(resolve_device(name), options)


if __name__ == "__main__":
    main()
