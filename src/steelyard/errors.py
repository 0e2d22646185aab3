"""Every error a user can meet, in one tree.

SteelyardError                something the user can act on; prints as one sentence and a hint
├── UsageError                the question or command is wrong          (exit 2)
│   ├── UnknownName           a metric, dimension … that does not exist; suggests the nearest
│   ├── BadValue              a date, number or address that cannot be read
│   ├── BadFile               an input file or folder that cannot be used
│   └── BadPanel              rows that cannot be analysed as they are
├── ConfigError               settings or environment are wrong         (exit 2)
├── StoreError                a database or folder cannot be reached    (exit 3)
│   ├── NotBuilt              what is asked for follows from what came in, and is still to be built
│   └── NewerData             the data folder was written by a newer Steelyard
├── Unreachable               a server or source does not answer        (exit 3)
├── SourceError               a source answered, and it cannot be used  (exit 3)
│   ├── SourceDenied          a token that is wrong, expired or lacks a permission
│   ├── SourceChanged         an answer whose shape is not the documented one
│   └── SourceLimited         a rate limit that outlasts our patience
├── TimedOut                  it answered too late                      (exit 4)
└── Refused                   a receiver declines a body; carries the protocol's status

Errors take facts and build a sentence that says what happened; `hint` says what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class SteelyardError(Exception):
    """Base of the tree. `code` is stable and machine-readable, `hint` is the next step."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def as_json(self) -> dict[str, dict[str, str]]:
        """The one JSON error shape of the command line and the API."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes, whatever facts their own constructor takes."""
        return _again, (type(self), self.args, vars(self))


def _again(kind: type[SteelyardError], arguments: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind)
    error.args = arguments
    vars(error).update(state)
    return error


class UsageError(SteelyardError):
    code = "usage"
    exit_code = 2


class UnknownName(UsageError):
    """`kind` is what was looked for ("metric"), `known` where the nearest is suggested from."""

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
        guess = f"Did you mean {' or '.join(near)}?" if near else ""
        said = f"There is no {kind} called {name!r}."
        super().__init__(said, " ".join(filter(None, [guess, hint])))
        self.kind, self.name, self.near = kind, name, near


class BadValue(UsageError):
    code = "bad_value"


class BadFile(UsageError):
    code = "bad_file"


class BadPanel(UsageError):
    """`row` is the first line of the file that shows it (the header is line 1), where one does."""

    code = "bad_panel"

    def __init__(self, message: str, hint: str = "", row: int | None = None) -> None:
        super().__init__(message if row is None else f"Line {row}: {message}", hint)
        self.row = row


class ConfigError(SteelyardError):
    code = "config"
    exit_code = 2


class StoreError(SteelyardError):
    code = "store"
    exit_code = 3


class NotBuilt(StoreError):
    """Said to whoever asks in the first moments of a start; the next try is answered."""

    code = "not_built"


class NewerData(StoreError):
    """Raised before anything is touched, so that an older program cannot harm newer data."""

    code = "newer_data"

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} was written by a newer Steelyard"
            f" (schema {found}; this program knows {known}).",
            "Upgrade Steelyard, or restore a backup made by this version with `steelyard restore`.",
        )


class Unreachable(SteelyardError):
    code = "unreachable"
    exit_code = 3


class SourceError(SteelyardError):
    code = "source"
    exit_code = 3


class SourceDenied(SourceError):
    """`permission` names what is missing, where that is known."""

    code = "source_denied"

    def __init__(self, message: str, hint: str = "", permission: str = "") -> None:
        super().__init__(message, hint)
        self.permission = permission


class SourceChanged(SourceError):
    """Raised before anything of the answer is kept: the same page is read again next time."""

    code = "source_changed"


class SourceLimited(SourceError):
    code = "source_limited"


class TimedOut(SteelyardError):
    code = "timed_out"
    exit_code = 4


class Refused(SteelyardError):
    """A receiver declines a request. `status` is HTTP's; gRPC maps it by the OTLP specification."""

    code = "refused"

    def __init__(self, status: int, reason: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status, self.reason = status, reason
