"""The cameras of a node: their names, and what that makes of the names of topics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reobj.errors import ConfigError, mismatch
from reobj_ros.node.parameters import Parameter

CAMERAS = (
    Parameter(
        "cameras",
        [""],
        "names of the cameras that look at one map, as [front, left]; the topics of each are then below its "
        "name, as front/image. None: one camera, whose topics are as listed here",
    ),
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)*")


def camera_names(settings: Mapping[str, Any]) -> list[str]:
    """The cameras of a node, by the values of its parameters; one without a name where none is named.

    Raises:
        ConfigError: a name that is given twice, or can be no part of a topic's.
    """
    names: list[str] = settings["cameras"] or [""]
    right = names == [""] or all(_NAME.fullmatch(name) for name in names)
    if not right or len(set(names)) < len(names):
        expected = "different names that can begin that of a topic"
        raise ConfigError(mismatch("parameter cameras", expected, names))
    return names


def prefix_of(camera: str) -> str:
    """What stands before the topics of a camera: nothing where it has no name."""
    return f"{camera}/" if camera else ""
