"""What the map's desk says to each request: a code, a sentence, and what was asked for."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Generic, TypeVar

from reobj.errors import (
    CannotLinkError,
    InputError,
    MapFileError,
    MapModelError,
    MapVersionError,
    ReobjError,
    StorageError,
    UnknownObjectError,
)

T = TypeVar("T")

#: characters of a sentence; what a request held, such as a long path, does not all come back
_LONGEST = 400


class Code(enum.IntEnum):
    """How a request ended. Same values as in the services of reobj_msgs."""

    OK = 0
    UNKNOWN_OBJECT = 1
    INVALID_ARGUMENT = 2
    STORAGE_ERROR = 3
    WRONG_MODEL = 4
    WRONG_VERSION = 5
    CANNOT_LINK = 6
    NOTHING_FOUND = 7


class NothingFoundError(ReobjError):
    """A question was understood, and nothing answers it."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """To one request.

    Attributes:
        code: how it ended.
        message: one sentence for a person.
        value: what was asked for; None unless the code is OK.
    """

    code: Code
    message: str
    value: T | None = None


#: the first that fits counts, so a kind of error stands before what it is a kind of
_CODES: tuple[tuple[type[Exception], Code], ...] = (
    (UnknownObjectError, Code.UNKNOWN_OBJECT),
    (CannotLinkError, Code.CANNOT_LINK),
    (InputError, Code.INVALID_ARGUMENT),
    (MapModelError, Code.WRONG_MODEL),
    (MapVersionError, Code.WRONG_VERSION),
    (MapFileError, Code.STORAGE_ERROR),
    (StorageError, Code.STORAGE_ERROR),
    (OSError, Code.STORAGE_ERROR),
    (NothingFoundError, Code.NOTHING_FOUND),
)

#: what a request may raise that is answered with a code
ANSWERED = tuple(kind for kind, _ in _CODES)


def refusal(error: Exception) -> Answer[T]:
    """The answer to a request that raised one of ``ANSWERED``."""
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return Answer(code, sentence(str(error)))


def sentence(text: str) -> str:
    """One line of bounded length that any topic can carry."""
    line = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 4]} ..."
