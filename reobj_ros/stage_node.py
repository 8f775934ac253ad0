"""What the nodes with a stage of the pipeline have in common."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping

from reobj.errors import ReobjError
from reobj_ros.diagnostics import Diagnostics, Vitals
from reobj_ros.inputs import INPUT_PARAMETERS, Inputs
from reobj_ros.managed import ManagedNode
from reobj_ros.parameters import Parameter
from reobj_ros.stamp_join import Companion, Joined
from reobj_ros.throttle import Throttle
from reobj_ros.worker import Worker

REPEAT_S = 5.0
"""The same kind of bad frame is logged at most so often, in seconds; diagnostics count each of them."""


class StageNode(ManagedNode):
    """A node that joins its inputs by stamp and works on them off the executor.

    A subclass makes its stages and publishers in ``configure``, calls ``listen`` in ``activate`` and
    writes ``process``.
    """

    def __init__(self, name: str, table: Iterable[Parameter]) -> None:
        super().__init__(name, [*INPUT_PARAMETERS, *table])
        self.diagnostics: Diagnostics
        self.worker: Worker[Joined]
        self.inputs: Inputs
        self._may_log = Throttle(REPEAT_S)

    def listen(
        self,
        primary: str,
        companions: dict[str, Companion],
        hardware_id: str = "",
        keep: int = 1,
        concern: Callable[[], str] = str,
        values: Callable[[], Mapping[str, float | str]] = dict,
    ) -> None:
        """Starts the worker and makes ``self.inputs``; call it in ``activate``, before the subscriptions.

        Args:
            primary, companions: as for ``Inputs``.
            hardware_id: the device, for diagnostics.
            keep: moments that wait for the worker at most. 1 is for a camera, of which the newest image
                counts; where each one counts, more of them wait on the way there too.
            concern, values: for diagnostics, see Vitals.
        """
        self.worker = Worker(self._process, self._failed, self.get_name(), keep)
        self.inputs = Inputs(self, primary, companions, self._received, self.settings, max(5, keep))
        told = Vitals(
            overtaken=lambda: self.worker.dropped,
            unmatched=lambda: self.inputs.join.dropped,
            values=values,
            problem=self.problem,
            concerns=lambda: [concern()],
        )
        self.diagnostics = Diagnostics(self, hardware_id, told)

    def process(self, joined: Joined) -> None:
        """Works on one moment, in the worker's thread. ReobjErrors are logged, the node goes on."""
        raise NotImplementedError

    def problem(self) -> str:
        """A sentence while the node as a whole has failed, for diagnostics; bad frames are no such thing."""
        return ""

    def warn(self, text: str) -> None:
        """Logs a warning; of those that are alike up to the first colon, one every five seconds."""
        if self._may_log(text):
            self.get_logger().warning(text)

    def _received(self, joined: Joined) -> None:
        self.diagnostics.count("received")
        self.worker.submit(joined)

    def _process(self, joined: Joined) -> None:
        self.process(joined)
        self.diagnostics.count("processed")

    def _failed(self, error: Exception) -> None:
        self.diagnostics.count("failed")
        if not self._may_log(str(error)):
            return
        if isinstance(error, ReobjError):
            self.get_logger().error(f"frame skipped: {error}")
        else:
            detail = "".join(traceback.format_exception(error))
            self.get_logger().error(f"frame skipped, please report this as a bug: {detail}")

    def deactivate(self) -> None:
        """Ends the inputs and stops the worker, after the frame that it works on."""
        if self.is_listening:
            self.inputs.close()
            self.worker.stop()
            del self.worker, self.inputs

    @property
    def is_listening(self) -> bool:
        """Whether it has inputs."""
        return hasattr(self, "inputs")
