"""Message classes and definitions by the names of their types and packages."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def message_class(msgtype: str) -> Any | None:
    """The class of ``package/msg/Name``; None when it is not installed, or no message type."""
    try:
        package, kind, name = msgtype.split("/")
        return getattr(import_module(f"{package}.{kind}"), name)
    except (ValueError, ImportError, AttributeError):
        return None


def message_module(package: str) -> Any | None:
    """The module with the message classes of a package; None when it is not installed."""
    try:
        return import_module(f"{package}.msg")
    except ImportError:
        return None


def definition_folder(package: str) -> Path:
    """The folder of an installed package's .msg files.

    Found upwards from its Python module, as the ament index knows only sourced workspaces.

    Raises:
        ImportError: the package is not installed.
        FileNotFoundError: it has no definitions.
    """
    module = import_module(package)
    for prefix in Path(str(module.__file__)).parents:
        folder = prefix / "share" / package / "msg"
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"share/{package}/msg was found nowhere above {module.__file__}")
