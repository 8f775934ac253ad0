"""The exceptions that reobj raises on purpose.

Each message says what was expected and what came. A node turns a ``ReobjError``
into one log line and keeps running; the command line prints it without a
traceback. Anything else that is raised is a bug.
"""

from __future__ import annotations


class ReobjError(Exception):
    """Base of every error that reobj raises on purpose."""


class InputError(ReobjError, ValueError):
    """An array, message or argument has another shape, type or value than expected."""


class UnknownObjectError(InputError):
    """An id stands for no living object of the map: never given out, deleted, or merged into another."""


class CannotLinkError(InputError):
    """Objects that were seen in one image cannot be made one."""


class ScanError(ReobjError):
    """A scan on disk is missing, damaged or of an unknown version."""


class BagError(ReobjError):
    """A rosbag is missing, damaged, or lacks a topic or encoding that is needed."""


class ViewsError(ReobjError):
    """A folder of views is missing, damaged or of an unknown version."""


class MapFileError(ReobjError):
    """A map file is missing, damaged or in use by another process."""


class MapVersionError(MapFileError):
    """A map file was made by a newer version."""


class MapModelError(MapFileError):
    """A map holds embeddings of another model; embeddings of different models never meet."""


class ModelError(ReobjError):
    """A network, its weights or its configuration cannot be used."""


class DeviceError(ReobjError):
    """The requested compute device does not exist here."""


class ConfigError(ReobjError):
    """A configuration value is unknown or out of range; the message names its key."""


class TrainingError(ReobjError):
    """A training run cannot go on; its last good checkpoint is kept."""


class StorageError(ReobjError):
    """A file could not be written; what stood there before is untouched."""


def mismatch(what: str, expected: object, got: object) -> str:
    """The one wording of every "expected ..., got ..." message."""
    return f"{what}: expected {expected}, got {got}"
