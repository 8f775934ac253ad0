"""trainer_node: the ROS 2 face of ``reobj train``. Bags, views or a bag being played in; a model out."""

from __future__ import annotations

import time
from dataclasses import replace

from std_srvs.srv import Trigger

from reobj.errors import StorageError
from reobj.training.report import TrainReport, TrainState
from reobj_msgs.msg import TrainingProgress
from reobj_ros.input.stamp_join import Joined
from reobj_ros.messages.conversions import progress_message
from reobj_ros.messages.stamps import header
from reobj_ros.node.diagnostics import Diagnostics, Vitals
from reobj_ros.node.publishers import LATCHED
from reobj_ros.node.steady_timer import steady_timer
from reobj_ros.stages.stage_node import StageNode
from reobj_ros.training.topic_views import TopicViews
from reobj_ros.training.trainer_settings import PARAMETERS, STORED, source_of, training_plan, view_config
from reobj_ros.training.training_job import ENDS, TrainingJob
from reobj_ros.training.training_work import run_training

PERIOD_S = 1.0  #: between two looks at what there is; the last report goes out again at each of them
FOUND_S = 3.0  #: a node that ends by itself lives at least so long: who listens needs time to find it
STOP_S = 60.0  #: longest wait, when the node ends, for the present step or validation and the checkpoint


class TrainerNode(StageNode):
    """Gathers views, trains in a thread of its own, and says how far it is."""

    def __init__(self) -> None:
        super().__init__("trainer_node", (*PARAMETERS, *STORED))
        self._born_s = time.monotonic()

    def configure(self) -> None:
        """Looks whether all is there that the training needs."""
        self._plan = plan = training_plan(self.settings)
        views = view_config(self.settings, plan.config.model.context)
        self._said: tuple[TrainState | None, str] = (None, "")
        source, self._gatherer = source_of(self.settings, plan.out, views)
        self._progress = self.create_publisher(TrainingProgress, "training_progress", LATCHED)
        log = self.get_logger()
        self._job = TrainingJob(lambda *told: run_training(plan, source, *told), self._tell, log.error)

    def activate(self) -> None:
        """Listens to the topics, or trains; goes on where it was deactivated."""
        self.create_service(Trigger, "~/start", self._on_start)
        self.create_service(Trigger, "~/stop", self._on_stop)
        if self._gatherer is None or self._job.last.state in ENDS:
            self.diagnostics = Diagnostics(self, self._plan.device, Vitals(problem=self.problem))
            self._begin()
        else:
            self._topics = TopicViews(self, self._gatherer)
            self._topics.listen(self._plan.device, self._gather)
        self.at_end(self._stop_training)
        steady_timer(self, PERIOD_S, self._watch)

    def _stop_training(self) -> None:
        """Ends in order, with a checkpoint."""
        self._end()
        if not self._job.wait(STOP_S):
            self.get_logger().warning(f"the training did not end within {STOP_S:.0f} s and is given up")

    def _gather(self, joined: Joined) -> None:
        """Gathers the views of one moment; with a full disk that is the end of it."""
        started = time.perf_counter()
        try:
            self._topics.take(joined)
        except StorageError as error:
            self._job.fail(str(error))
        self.diagnostics.latency({"gather": (time.perf_counter() - started) * 1e3})

    def problem(self) -> str:
        """Why the training failed, while it has."""
        last = self._job.last
        return last.message if last.state is TrainState.FAILED else ""

    @property
    def _gathering(self) -> bool:
        """Whether frames are still waited for."""
        is_idle = not self._job.running and self._job.last.state is TrainState.GATHERING
        return self._gatherer is not None and is_idle

    def _watch(self) -> None:
        last = self._job.last
        if self._gathering and self._topics.is_enough(time.monotonic()):
            self._begin()
        elif self._gathering and self._gatherer is not None:
            count = self._gatherer
            message = f"{count.views} views of {count.frames} frames"
            self._publish(replace(last, views=count.views, message=message))
        else:
            self._publish(last)
        ended = last.state in ENDS and not self._job.running
        if self.settings["exit_at_end"] and ended and time.monotonic() - self._born_s > FOUND_S:
            self.exit_code = int(last.state is TrainState.FAILED)
            self.finished = True

    def _begin(self, stop: bool = False) -> bool:
        """Trains, from the checkpoint where it was begun before; ``stop``: only keeps what there is."""
        if self._gathering:
            self.close_inputs()
        again = self._job.last.state in ENDS
        return self._job.start(resume=again or self.settings["resume"], stop=stop)

    def _on_start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        state = self._job.last.state
        if self._job.running or state is TrainState.DONE:
            response.message = f"nothing to start: the state is {state.name}"
        elif self._gatherer is not None and not self._gatherer.views:
            response.message = "there are no views yet to train on"
        else:
            response.success = self._begin()
            response.message = "training" if response.success else "the last training still ends: ask again"
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._job.running or self._gathering:
            response.success, response.message = True, "stopping; training_progress tells when it has"
            self._end()
        else:
            response.message = f"nothing to stop: the state is {self._job.last.state.name}"
        return response

    def _end(self) -> None:
        """Asks for an end with a checkpoint, or with the views that were gathered so far."""
        if self._gathering:
            self._begin(stop=True)
        self._job.stop()

    def _tell(self, report: TrainReport) -> None:
        """Publishes a report, and logs what changes; in whichever thread it is made."""
        said, self._said = self._said, (report.state, report.message)
        if said != self._said:
            line = f"{report.state.name.lower()} {report.checkpoint}".rstrip()
            line = f"{line}: {report.message}" if report.message else line
            # In two lines, as rclpy lets each line of code log with one severity only.
            if report.state is TrainState.FAILED:
                self.get_logger().error(line)
            else:
                self.get_logger().info(line)
        self._publish(report)

    def _publish(self, report: TrainReport) -> None:
        self._progress.publish(progress_message(report, header(self.get_clock().now().nanoseconds, "")))
