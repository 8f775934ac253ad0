"""Building scenes side by side: in processes of this machine, or on a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from reobj.errors import ConfigError, ReobjError, mismatch
from reobj.processes import single_threaded_children, start_worker
from reobj.views.index import SceneOutcome
from reobj.views.scene_build import SceneTask, build_scene


def build_locally(tasks: Sequence[SceneTask], workers: int) -> Iterator[SceneOutcome]:
    """Outcomes as they come, from that many processes; with one worker from this process.

    Raises:
        ReobjError: what ``build_scene`` raises, or a process died.
    """
    if workers == 1 or len(tasks) < 2:
        yield from map(build_scene, tasks)
        return
    # "spawn": a fork of a process that runs torch or ROS threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=start_worker)
    try:
        with single_threaded_children():
            futures = [pool.submit(build_scene, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        message = "building views: a process ended unexpectedly (out of memory?)"
        raise ReobjError(f"{message}; what is finished is kept, run it again") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def build_on_ray(tasks: Sequence[SceneTask], address: str, workers: int | None) -> Iterator[SceneOutcome]:
    """Outcomes as they come, one task of Ray per scene. All machines have to see the same folders.

    Args:
        tasks: of the build.
        address: of the cluster, as for ``ray.init``; "local" starts one on this machine and ends it.
        workers: of a local one; None for one per core.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at this address.
        ReobjError: what ``build_scene`` raises, or a worker died.
    """
    ray = _ray()
    started = _join(ray, address, workers)
    try:
        gpus = 1 if any(task.settings.detector and task.device.startswith("cuda") for task in tasks) else 0
        remote = ray.remote(build_scene).options(num_cpus=1, num_gpus=gpus)
        waiting = [remote.remote(task) for task in tasks]
        while waiting:
            done, waiting = ray.wait(waiting)
            yield _result(ray, done[0])
    finally:
        if started:
            ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--ray needs the package ray, which is not installed: pip install ray") from error
    return ray


def _join(ray: Any, address: str, workers: int | None) -> bool:
    """Connects to the cluster, unless this process is connected already; returns whether it did."""
    if ray.is_initialized():
        return False
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "warning"}
    if address == "local":
        options |= {"num_cpus": workers, "include_dashboard": False}
        # A cluster of ours reports nothing to Ray's makers unless asked to.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address=address, **options)
    except Exception as error:  # Ray raises nothing narrower when its processes do not come up in time
        reason = str(error).strip().splitlines()[:1]
        expected = "the address of a running Ray cluster, or local and time to start one"
        raise ConfigError(mismatch("--ray", expected, f"{address!r}: {''.join(reason)}")) from error
    return True


def _result(ray: Any, reference: Any) -> SceneOutcome:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ReobjError):
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        raise ReobjError(f"building views: a worker of Ray failed, run it again: {error}") from error
