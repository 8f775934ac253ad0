"""Crops of all instances of a frame in one batched call, against loops over the instances.

    python benchmarks/crops.py

200 instances of a 640x480 frame into 224x224 foreground and background images, normalised float32.
The loops do the same work with cv2.resize, and with torchvision's resized_crop.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import torch
from torchvision.transforms.v2.functional import normalize, resized_crop

from reobj.detection.masks import boxes_of
from reobj.devices import describe_device, resolve_device
from reobj.encoding.context import PAPER_CONTEXT
from reobj.encoding.crops import IMAGENET_MEAN, IMAGENET_STD, CropCutter
from reobj.types import Frame, Instances


def make_scene(count: int, seed: int = 0) -> tuple[Frame, Instances]:
    """A noisy 640x480 frame with ``count`` ellipses of 30 to 160 pixels, some of them hidden in part."""
    rng = np.random.default_rng(seed)
    label_image = np.zeros((480, 640), np.uint16)
    for number in range(1, count + 1):
        centre, axes = rng.integers((0, 0), (640, 480)), rng.integers(15, 80, 2)
        cv2.ellipse(label_image, centre.tolist(), axes.tolist(), 0, 0, 360, number, -1)
    boxes = boxes_of(label_image, count)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    frame = Frame(rng.integers(0, 255, (480, 640, 3), dtype=np.uint8), 0)
    return frame, Instances(boxes, label_image, ("chair",) * count, np.ones(count, np.float32))


def grown_boxes(frame: Frame, instances: Instances) -> np.ndarray:
    """The paper's boxes as whole pixels within the image, (N, 4) int."""
    limit = [frame.width, frame.height] * 2
    return np.clip(np.rint(PAPER_CONTEXT.grow(instances.boxes)), 0, limit).astype(int)


def cv2_loop(frame: Frame, instances: Instances, size: int, device: torch.device) -> torch.Tensor:
    """One instance at a time, as scripts around OpenCV do it. (2, N, 3, S, S)."""
    mean, std = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)
    out = np.empty((2, len(instances), 3, size, size), np.float32)
    for row, (x0, y0, x1, y1) in enumerate(grown_boxes(frame, instances)):
        crop = cv2.resize(frame.colour[y0:y1, x0:x1], (size, size), interpolation=cv2.INTER_LINEAR)
        mask = (instances.label_image[y0:y1, x0:x1] == row + 1).astype(np.uint8)
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
        for side, kept in enumerate((mask, 1 - mask)):
            image = (crop * kept[..., None]).astype(np.float32) / 255
            out[side, row] = ((image - mean) / std).transpose(2, 0, 1)
    return torch.from_numpy(out).to(device)


def torchvision_loop(frame: Frame, instances: Instances, size: int, device: torch.device) -> torch.Tensor:
    """One instance at a time with torchvision on the device. (2, N, 3, S, S)."""
    colour = torch.from_numpy(frame.colour).to(device).permute(2, 0, 1).float() / 255
    ids = torch.from_numpy(instances.label_image.astype(np.int32)).to(device)
    out: list[list[torch.Tensor]] = [[], []]
    for row, (x0, y0, x1, y1) in enumerate(grown_boxes(frame, instances).tolist()):
        where = (y0, x0, y1 - y0, x1 - x0, [size, size])
        crop = resized_crop(colour, *where, antialias=True)
        mask = resized_crop((ids == row + 1).float()[None], *where, antialias=True).round()
        for side, kept in enumerate((mask, 1 - mask)):
            out[side].append(normalize(crop * kept, list(IMAGENET_MEAN), list(IMAGENET_STD)))
    return torch.stack([torch.stack(images) for images in out])


def best_ms(call: Callable[[], object], repeats: int, device: torch.device) -> float:
    """The fastest of some calls after one to warm up, milliseconds."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1e3 * (time.perf_counter() - start))
    return min(times[1:])


def main() -> None:
    """Prints one table per device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--size", type=int, default=224, help="side of the crops in pixels")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    frame, instances = make_scene(options.instances)
    for name in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        device = resolve_device(name)
        reusing, fresh = (
            CropCutter(options.size, PAPER_CONTEXT, device, reuse=reuse) for reuse in (True, False)
        )
        calls: dict[str, Callable[[], object]] = {
            "one call, memory reused": partial(reusing, frame, instances),
            "one call, fresh memory": partial(fresh, frame, instances),
            "loop, cv2.resize": partial(cv2_loop, frame, instances, options.size, device),
            "loop, resized_crop": partial(torchvision_loop, frame, instances, options.size, device),
        }
        print(f"{options.instances} instances, {options.size}x{options.size}, {describe_device(device)}")
        times = {what: best_ms(call, options.repeats, device) for what, call in calls.items()}
        for what, spent in times.items():
            print(f"  {what:26} {spent:8.1f} ms   x {spent / times['one call, memory reused']:.2f}")


if __name__ == "__main__":
    main()
