"""Message types for reading and writing bags without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from reobj.errors import BagError, mismatch


def standard_types() -> Typestore:
    """The messages that ROS 2 Jazzy ships; those used here are the same from Humble to Kilted."""
    return get_typestore(Stores.ROS2_JAZZY)


def types_with(folders: Sequence[Path | str]) -> Typestore:
    """The standard messages and those of packages, each given by its ``PACKAGE/msg`` folder.

    Raises:
        BagError: a folder without .msg files, or a definition that cannot be read.
    """
    store = standard_types()
    for folder in map(Path, folders):
        files = sorted(folder.glob("*.msg"))
        if not files:
            raise BagError(mismatch(str(folder), "a PACKAGE/msg folder with .msg files", "none there"))
        package = folder.resolve().parent.name
        for file in files:
            register(store, f"{package}/msg/{file.stem}", file.read_text(encoding="utf-8"))
    return store


def register(store: Typestore, msgtype: str, definition: str) -> None:
    """Adds a type by its definition, the text of its .msg file with or without the types it needs.

    Raises:
        BagError: not a message definition, or another one than the type already has.
    """
    try:
        store.register(get_types_from_msg(definition, msgtype))
    except (TypesysError, SyntaxError) as error:
        raise BagError(f"definition of {msgtype}: {error}") from error


def definition_of(store: Typestore, msgtype: str) -> tuple[str, str]:
    """The complete definition text and the type description hash (REP 2011) of a known type.

    Raises:
        BagError: the type, or one that it needs, is not known.
    """
    try:
        return store.generate_msgdef(msgtype, ros_version=2)[0], store.hash_rihs01(msgtype)
    except (TypesysError, KeyError) as error:
        expected = "a standard or registered one, like all that it needs"
        raise BagError(mismatch("message type", expected, f"{msgtype}: {error} is not")) from error
