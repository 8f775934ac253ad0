"""What the nodes with a stage of the pipeline have in common."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from reobj.errors import ReobjError
from reobj_ros.input.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.input.stamp_join import Companion, Joined
from reobj_ros.node.diagnostics import Diagnostics, Vitals
from reobj_ros.node.managed import ManagedNode
from reobj_ros.node.parameters import Parameter
from reobj_ros.node.throttle import Throttle
from reobj_ros.node.worker import Worker

Process = Callable[[Joined], None]

REPEAT_S = 5.0
"""The same kind of bad frame is logged at most so often, in seconds; diagnostics count each of them."""


class StageNode(ManagedNode):
    """A node that joins its inputs by stamp and works on them off the executor.

    A subclass makes its stages and publishers in ``configure``; in ``activate`` it calls ``begin``, and
    ``listen`` for each camera.

    Attributes:
        inputs: by the name of the camera.
    """

    def __init__(self, name: str, table: Iterable[Parameter]) -> None:
        super().__init__(name, [*INPUT_PARAMETERS, *table])
        self.diagnostics: Diagnostics
        self.worker: Worker[tuple[Process, Joined, str]]
        self.inputs: dict[str, Inputs] = {}
        self._may_log = Throttle(REPEAT_S)
        self._working_on = ""  # topic of the present frame

    def begin(
        self,
        hardware_id: str = "",
        keep: int = 1,
        concerns: Callable[[], Iterable[str]] = tuple,
        values: Callable[[], Mapping[str, float | str]] = dict,
    ) -> None:
        """Starts the worker and the diagnostics.

        Args:
            hardware_id: the device, for diagnostics.
            keep: moments of a camera that wait for the worker at most. 1 is for one of which the newest
                image counts; where each one counts, more of them wait on the way there too.
            concerns, values: for diagnostics, see Vitals.
        """
        self._keep = max(5, keep)
        self.worker = Worker(self._process, self._failed, self.get_name(), keep)
        self.at_end(self.worker.stop)  # after the frame that it works on
        self.at_end(self.inputs.clear)
        self.at_end(self.close_inputs)
        told = Vitals(
            overtaken=lambda: self.worker.dropped,
            unmatched=lambda: sum(inputs.join.dropped for inputs in self.inputs.values()),
            rates=lambda: {k: rate for inputs in self.inputs.values() for k, rate in inputs.rates().items()},
            values=values,
            problem=self.problem,
            concerns=lambda: [*concerns(), *(c for i in self.inputs.values() for c in i.concerns())],
        )
        self.diagnostics = Diagnostics(self, hardware_id, told)

    def listen(
        self, primary: str, companions: dict[str, Companion], process: Process, camera: str = ""
    ) -> Inputs:
        """Makes the inputs of a camera; what is joined waits for the worker in a queue of this camera.

        Args:
            primary, companions: as for ``Inputs``.
            process: works on one moment, in the worker's thread. ReobjErrors are logged, the node goes on.
            camera: its name.

        Returns:
            The inputs, without subscriptions.
        """
        emit = partial(self._received, camera, process)
        self.inputs[camera] = made = Inputs(self, primary, companions, emit, self.settings, self._keep)
        return made

    def problem(self) -> str:
        """A sentence while the node as a whole has failed, for diagnostics; bad frames are no such thing."""
        return ""

    def warn(self, text: str) -> None:
        """Logs a warning; of those that are alike up to the first colon, one every five seconds."""
        if self._may_log(text):
            self.get_logger().warning(text)

    def _received(self, camera: str, process: Process, joined: Joined) -> None:
        self.diagnostics.count("received")
        self.worker.submit((process, joined, self.inputs[camera].primary_topic), camera)

    def _process(self, item: tuple[Process, Joined, str]) -> None:
        process, joined, self._working_on = item
        process(joined)
        self.diagnostics.count("processed")

    def _failed(self, error: Exception) -> None:
        self.diagnostics.count("failed")
        if not self._may_log(str(error)):
            return
        if isinstance(error, ReobjError):
            self.get_logger().error(f"{self._working_on}: frame skipped: {error}")
        else:
            detail = "".join(traceback.format_exception(error))
            self.get_logger().error(f"frame skipped, please report this as a bug: {detail}")

    def close_inputs(self) -> None:
        """Ends all inputs; what waits for the worker is still worked on."""
        for inputs in self.inputs.values():
            inputs.close()
