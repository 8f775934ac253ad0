"""What all nodes have in common: a managed life cycle, and parameters that refuse what is wrong."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from typing import Any

from rclpy.exceptions import ParameterException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from reobj.errors import ReobjError
from reobj_ros.node.belongings import Belongings
from reobj_ros.node.library_log import LibraryLog
from reobj_ros.node.node_settings import NodeSettings
from reobj_ros.node.parameters import Parameter

LIFE = (
    Parameter(
        "autostart",
        True,
        "become active at the start, and again after a respawn; false = wait for a lifecycle manager",
        fixed=True,
    ),
)


class ManagedNode(LifecycleNode):
    """A lifecycle node (https://design.ros2.org/articles/node_lifecycle.html) whose subclass writes what it
    does on the way up: ``configure`` and ``activate``.

    Publishers, subscriptions, services and timers made in ``configure`` and ``activate`` are destroyed by the
    opposite transition. Publishers made in ``configure`` are silent while the node is inactive.

    Args:
        name: of the node.
        table: its parameters.

    Attributes:
        settings: the values of the parameters by name, always the present ones.
        own_parameters: declares more of them.
        exit_code, finished: for ``spin.run``: the process ends, with this code.
    """

    def __init__(self, name: str, table: Iterable[Parameter]) -> None:
        super().__init__(name)
        self._library_log = LibraryLog(self.get_logger())
        self._library_log.open()
        self.exit_code, self.finished = 0, False
        self._configured: Belongings | None = None
        self._activated: Belongings | None = None
        self._configuring = False
        self.own_parameters = NodeSettings(self, lambda: self.is_configured, self.tune)
        self.settings: dict[str, Any] = self.own_parameters.values
        self.own_parameters.declare((*LIFE, *table))

    def configure(self) -> None:
        """Loads and allocates. ReobjErrors are logged, and the node stays unconfigured."""

    def activate(self) -> None:
        """Subscribes and starts."""

    def at_end(self, end: Callable[[], object]) -> None:
        """Has something ended by the opposite transition, or when this one fails later; the last one first.

        Call it in ``configure`` or ``activate`` for each thing that is no publisher, subscription, service
        or timer, as soon as there is something to end.
        """
        scope = self._activated or self._configured
        assert scope is not None, "only while the node is configured or activated"
        scope.end_with(end)

    def tune(self, values: dict[str, Any]) -> None:
        """New values of live parameters, before they stand in ``settings``; ConfigError refuses them."""

    @property
    def is_configured(self) -> bool:
        """Whether it is inactive or active."""
        return self._configured is not None

    @property
    def is_active(self) -> bool:
        """Whether it works."""
        return self._activated is not None

    def start(self) -> bool:
        """Brings the node to active, where its parameters want that; False when it cannot be."""
        if not self.settings["autostart"]:
            self.get_logger().info("unconfigured: waiting for a lifecycle manager")
            return True
        wanted = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == wanted and self.trigger_activate() == wanted

    def create_publisher(self, *args: Any, **kwargs: Any) -> Any:
        """As rclpy's; made while the node is configured, it publishes only while the node is active."""
        if getattr(self, "_configuring", False):  # rclpy makes its own before this class is ready
            return self.create_lifecycle_publisher(*args, **kwargs)
        return super().create_publisher(*args, **kwargs)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unconfigured to inactive."""
        self._configured, self._configuring = Belongings(self), True
        try:
            self.configure()
        except Exception as error:
            self._refuse("configured", error)
            self._clean_up()
            return TransitionCallbackReturn.FAILURE
        finally:
            self._configuring = False
        for name, meant in self.own_parameters.misspelt().items():
            self.get_logger().warning(f"parameter {name} does not exist and is ignored; is {meant} meant?")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Inactive to active."""
        self._activated = Belongings(self)
        super().on_activate(state)
        try:
            self.activate()
        except Exception as error:
            self._refuse("activated", error)
            self._stop()
            super().on_deactivate(state)
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Active to inactive."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Inactive to unconfigured."""
        self._clean_up()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Any state to finalized."""
        self._stop()
        self._clean_up()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """A transition raised: back to unconfigured."""
        self._stop()
        self._clean_up()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Ends in order, whatever the state."""
        self._stop()
        self._clean_up()
        self._library_log.close()
        super().destroy_node()

    def _stop(self) -> None:
        scope, self._activated = self._activated, None
        if scope is not None:
            scope.destroy(lambda error: self._refuse("deactivated in order", error))

    def _clean_up(self) -> None:
        scope, self._configured = self._configured, None
        if scope is not None:
            scope.destroy(lambda error: self._refuse("cleaned up in order", error))

    def _refuse(self, what: str, error: Exception) -> None:
        if isinstance(error, (ReobjError, ParameterException)):
            self.get_logger().error(f"cannot be {what}: {error}")
        else:
            detail = "".join(traceback.format_exception(error))
            self.get_logger().error(f"cannot be {what}, please report this as a bug: {detail}")
