"""Starting the ROS 2 nodes as processes of their own, as the demo and the integration tests do.

Nothing of ROS is imported here: the nodes are run with this interpreter by their module names.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from reobj.environment import node_environment
from reobj.errors import ReobjError


class LiveRunError(ReobjError):
    """The nodes cannot be started, or one of them ended badly."""


class NodeProcesses:
    """Nodes in processes of their own, on a DDS domain that only they use, ended together.

        with NodeProcesses(log_folder) as nodes:
            nodes.start("live_node", {"device": "cpu"})
            nodes.start("replay_node", {"bag": "scan_bag"})
            nodes.wait("replay_node", timeout_s=60)

    Args:
        log_folder: each node's output goes to ``NAME.log`` there.
        domain_id: the DDS domain, 0..101; default: one that depends on the process id.

    Raises:
        LiveRunError: rclpy is not installed.
    """

    def __init__(self, log_folder: Path, domain_id: int | None = None) -> None:
        if importlib.util.find_spec("rclpy") is None:
            raise LiveRunError("the nodes need ROS 2: expected the package rclpy, got none; run `make setup`")
        self._log_folder = log_folder
        self._parameters = tempfile.TemporaryDirectory()
        self._environment = (
            os.environ
            | node_environment()
            | {
                "ROS_DOMAIN_ID": str(os.getpid() % 101 if domain_id is None else domain_id),
                "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
                "PYTHONUNBUFFERED": "1",
            }
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> NodeProcesses:
        self._log_folder.mkdir(parents=True, exist_ok=True)
        return self

    def start(
        self,
        node: str,
        parameters: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
        name: str = "",
    ) -> subprocess.Popen[bytes]:
        """Starts ``python -m reobj_ros NODE`` with parameters.

        Args:
            node: which one.
            parameters: of the node.
            arguments: further ``--ros-args``.
            name: by which the process is waited for and stopped; empty = the node's. Needed for a second one.
        """
        name = name or node
        file = Path(self._parameters.name) / f"{name}.yaml"
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": dict(parameters or {})}}))
        command = [
            sys.executable,
            "-m",
            "reobj_ros",
            node,
            "--ros-args",
            "--params-file",
            str(file),
            *arguments,
        ]
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        self._processes[name] = process
        return process

    def log(self, node: str) -> Path:
        """Where the node's output goes."""
        return self._log_folder / f"{node}.log"

    def wait(self, node: str, timeout_s: float) -> None:
        """Waits until a node ends by itself, watching the others.

        Raises:
            LiveRunError: it takes longer, fails, or another node ends meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        while self._processes[node].poll() is None:
            for other, process in self._processes.items():
                if other != node and process.poll() is not None:
                    raise self._failure(other, f"ended with code {process.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(node, f"did not end within {timeout_s:.0f} s")
            time.sleep(0.05)
        if self._processes[node].returncode:
            raise self._failure(node, f"ended with code {self._processes[node].returncode}")

    def stop(self, node: str, timeout_s: float = 20.0) -> int:
        """Ends a node as Ctrl-C does, by force after ``timeout_s``. Gives its exit code."""
        process = self._processes.pop(node)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in list(self._processes):
            self.stop(node)
        self._parameters.cleanup()

    def _failure(self, node: str, what: str) -> LiveRunError:
        tail = "\n".join(self.log(node).read_text(errors="replace").splitlines()[-12:])
        return LiveRunError(f"{node} {what}; its last lines:\n{tail}")
