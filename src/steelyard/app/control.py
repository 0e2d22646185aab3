"""How commands reach the server that holds their data folder.

The server listens on a socket that only its user can open, with a key in a file that only its
user can read. Calls are the methods of `Doors`; imports put bodies into the shared inbox directly
and only ask the server to settle them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from steelyard.app.importing import (
    CsvReport,
    OtlpReport,
    PeopleReport,
    TranscriptsReport,
    Update,
    put_csv,
    put_otlp,
    put_people,
    put_transcripts,
)
from steelyard.errors import SteelyardError, Unreachable
from steelyard.receiver.inbox import Inbox

if TYPE_CHECKING:
    from steelyard.app.backup import BackupReport, ExportReport
    from steelyard.app.house import House
    from steelyard.app.life import ForgetReport
    from steelyard.app.syncing import SyncReport
    from steelyard.app.syncing import Update as SyncUpdate
    from steelyard.config import Settings
    from steelyard.metrics import Answer, Question
    from steelyard.metrics.panel import PanelQuestion, UnitWeeks
    from steelyard.metrics.questions import QuestionAnswer, Terms
    from steelyard.people.coverage import Coverage
    from steelyard.people.listing import Listed, Shown
    from steelyard.people.review import Choice, Review
    from steelyard.state.decision import Decision

_CALLS = frozenset(
    {
        "ask",
        "answer_question",
        "unit_weeks",
        "facts_version",
        "check_writes",
        "settle",
        "unmatched",
        "seen_people",
        "forget_source",
        "remove_demo",
        "people_list",
        "people_show",
        "people_coverage",
        "people_review",
        "people_decide",
        "people_forget",
        "people_export",
        "backup",
        "export",
        "rebuild",
        "trouble",
    }
)
_CONNECT_SECONDS = 2.0
_SOCKET_PATH_MAX = 100  # the kernel's limit is 108 bytes


@dataclass(frozen=True)
class Address:
    """Where a running server is reached; written to `server.json` in the data folder."""

    pid: int
    socket: str
    key: str
    web: str = ""
    otlp_http: str = ""
    otlp_grpc: str = ""


def address_file(settings: Settings) -> Path:
    return settings.data / "server.json"


def new_address(settings: Settings) -> Address:
    path = settings.data / "control.sock"
    if len(str(path).encode()) > _SOCKET_PATH_MAX:
        path = Path(tempfile.mkdtemp(prefix="steelyard-")) / "control.sock"
    return Address(os.getpid(), str(path), secrets.token_hex(32))


def write_address(settings: Settings, address: Address) -> None:
    file = address_file(settings)
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(address)))
    new.replace(file)


def read_address(settings: Settings) -> Address | None:
    """The server on the data folder, if there is one and it listens.

    Its process number says nothing: in another container it may be nobody's or somebody else's.
    """
    try:
        address = Address(**json.loads(address_file(settings).read_bytes()))
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_CONNECT_SECONDS)
            line.connect(address.socket)
    except TimeoutError:
        return address  # many ask at once
    except (OSError, ValueError, TypeError):
        return None
    return address


def is_running(settings: Settings) -> bool:
    return reach(settings) is not None


def reach(settings: Settings) -> Remote | None:
    """A stand-in for the server on the data folder; None when none answers."""
    address = read_address(settings)
    if address is None:
        return None
    remote = Remote(settings, address)
    try:
        remote.call("ping")
    except (OSError, EOFError, Unreachable):
        return None  # an old file of a server that was killed
    return remote


class Remote:
    """`Doors` through a running server."""

    def __init__(self, settings: Settings, address: Address) -> None:
        self.settings, self.address = settings, address

    def call(self, name: str, *arguments: Any) -> Any:
        """One call; raises what the server raised, Unreachable when it went away."""
        try:
            with Client(self.address.socket, "AF_UNIX", authkey=self.address.key.encode()) as line:
                line.send((name, arguments))
                answer = line.recv()
        except (OSError, EOFError) as error:
            raise Unreachable(
                f"The server on {self.settings.data} does not answer: {error}.",
                "Look at its output; start it again with `steelyard serve`.",
            ) from error
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ask(self, question: Question) -> Answer:
        answer: Answer = self.call("ask", question)
        return answer

    def answer_question(self, name: str, terms: Terms) -> QuestionAnswer:
        answer: QuestionAnswer = self.call("answer_question", name, terms)
        return answer

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks:
        found: UnitWeeks = self.call("unit_weeks", question)
        return found

    def facts_version(self) -> int:
        version: int = self.call("facts_version")
        return version

    def import_otlp(self, paths: list[Path], update: Update) -> OtlpReport:
        with self._inbox() as inbox:
            report, new = put_otlp(inbox, paths, update)
        return replace(report, records=self.call("settle", new))

    def import_transcripts(
        self, path: Path | None, person: str | None, update: Update
    ) -> TranscriptsReport:
        marks = self.settings.marks_path
        with self._inbox() as inbox:
            report = put_transcripts(inbox, path, person, marks, update)
        self.call("settle")
        return report

    def import_people(self, file: Path) -> PeopleReport:
        with self._inbox() as inbox:
            report = put_people(inbox, file)
        self.call("settle")
        return replace(report, unmatched=self.call("unmatched"))

    def import_csv(self, kind: str, file: Path, source: str) -> CsvReport:
        with self._inbox() as inbox:
            report = put_csv(inbox, kind, file, source)
        self.call("settle")
        return report

    def sync(self, names: Sequence[str], update: SyncUpdate) -> list[SyncReport]:
        from steelyard.app.syncing import Runner
        from steelyard.state.database import open_state
        from steelyard.state.sources import Sources

        seen, unknown = self.call("seen_people")
        with (
            self._inbox() as inbox,
            contextlib.closing(open_state(self.settings.state_url)) as state,
        ):
            reports = Runner(inbox, Sources(state), update, seen=seen, unknown=unknown).sync_all(
                names
            )
        self.call("settle")
        return reports

    def forget_source(self, name: str) -> None:
        self.call("forget_source", name)

    def remove_demo(self) -> bool:
        gone: bool = self.call("remove_demo")
        return gone

    def people_list(self, day: dt.date) -> tuple[Listed, ...]:
        found: tuple[Listed, ...] = self.call("people_list", day)
        return found

    def people_show(self, text: str) -> Shown:
        found: Shown = self.call("people_show", text)
        return found

    def people_coverage(self, day: dt.date) -> Coverage:
        found: Coverage = self.call("people_coverage", day)
        return found

    def people_review(self, limit: int) -> Review:
        found: Review = self.call("people_review", limit)
        return found

    def people_decide(self, choice: Choice, by: str) -> Decision:
        found: Decision = self.call("people_decide", choice, by)
        return found

    def people_forget(self, person: str, with_work: bool) -> ForgetReport:
        report: ForgetReport = self.call("people_forget", person, with_work)
        return report

    def people_export(self, person: str, file: Path) -> ExportReport:
        report: ExportReport = self.call("people_export", person, file.absolute())
        return report

    def backup(self, file: Path) -> BackupReport:
        report: BackupReport = self.call("backup", file.absolute())
        return report

    def export(self, folder: Path) -> ExportReport:
        report: ExportReport = self.call("export", folder.absolute())
        return report

    def rebuild(self, update: Update) -> ExportReport:
        report: ExportReport = self.call("rebuild")
        return report

    @contextlib.contextmanager
    def _inbox(self) -> Iterator[Inbox]:
        self.call("check_writes")
        inbox = Inbox(self.settings.inbox_path, int(self.settings.inbox_max_bytes))
        try:
            yield inbox
        finally:
            inbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        return None


class Control(threading.Thread):
    """The server's side: answers one caller at a time, in a thread of its own."""

    def __init__(self, house: House, address: Address) -> None:
        super().__init__(name="control", daemon=True)
        self.house, self.address = house, address
        self._closing = False
        with contextlib.suppress(FileNotFoundError):
            Path(address.socket).unlink()
        self._listener = Listener(address.socket, "AF_UNIX", authkey=address.key.encode())
        Path(address.socket).chmod(0o600)

    def run(self) -> None:
        while not self._closing:
            try:
                with self._listener.accept() as line:
                    self._answer(line)
            except Exception:  # noqa: S112 - a stranger without the key, or a broken line
                continue

    def _answer(self, line: Connection) -> None:
        name, arguments = line.recv()
        if name == "ping":
            line.send(None)
            return
        try:
            if name not in _CALLS:
                raise Unreachable(f"The server knows no call {name!r}.", "Use the same version.")
            result = getattr(self.house, name)(*arguments)
        except SteelyardError as error:
            line.send(error)
            return
        except Exception as error:
            line.send(Unreachable(f"The server failed: {error}", "Look at its output."))
            return
        line.send(result)

    def close(self) -> None:
        """Stop answering; a line of our own wakes the thread that waits for one.

        Nothing is said on it: the thread may just have ended, and nobody would answer.
        """
        self._closing = True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(self.address.socket)
        self.join(5)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            Path(self.address.socket).unlink()
