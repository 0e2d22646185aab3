"""What importers read becomes bodies in the inbox, like everything else that comes in.

So an import is durable, can be repeated and interrupted, and works beside a running server.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from steelyard.app.work_bodies import page_bodies
from steelyard.errors import BadFile, Refused
from steelyard.receiver.body import NewBody
from steelyard.receiver.content import strip
from steelyard.receiver.inflate import deflate, inflate
from steelyard.sources.csv.people import Problem as PeopleProblem
from steelyard.sources.csv.people import read_people
from steelyard.sources.otlp_files import OtlpFile, find_bodies

if TYPE_CHECKING:
    from steelyard.receiver.inbox import Inbox
    from steelyard.sources.transcripts.marks import ResumeState

Update = Callable[[int, int], None]
_AT_ONCE = 200
_IPC = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class OtlpReport:
    """What `import otlp` did. `repeated` bodies had been imported before."""

    bodies: int
    repeated: int
    unreadable: int
    records: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class TranscriptsReport:
    """What `import transcripts` did, per assistant and in all."""

    files: int
    skipped: int
    requests: int
    prompts: int
    tool_results: int
    malformed: int
    unreadable: int
    tools: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class CsvReport:
    """What `import csv` of a kind other than people did. `wrong` counts mistakes, of which
    `problems` names the first; rows with one were left out."""

    kind: str
    rows: int
    records: int
    wrong: int
    problems: tuple[PeopleProblem, ...] = ()


@dataclass(frozen=True)
class PeopleReport:
    """What `import csv people` did. `people` were imported; `unmatched` people work and are not
    among those imported, now or before."""

    people: int
    rows: int
    wrong: int
    left_out: tuple[str, ...] = ()
    problems: tuple[PeopleProblem, ...] = ()
    unmatched: int = 0


def put_otlp(
    inbox: Inbox, paths: Sequence[Path], update: Update
) -> tuple[OtlpReport, frozenset[int]]:
    """OTLP bodies from files into the inbox, stripped of content like the receiver does.

    The numbers of the bodies that were new come with the report: a server beside takes others.
    """
    files = find_bodies(paths)
    before = inbox.status().received
    problems: list[str] = []
    numbers: list[int] = []
    done = 0
    waiting = iter(files)
    while group := list(islice(waiting, _AT_ONCE)):
        prepared = (_prepared(file, problems) for file in group)
        numbers += inbox.put([body for body in prepared if body])
        done += len(group)
        update(done, len(files))
    new = frozenset(number for number in numbers if number > before)
    report = OtlpReport(
        bodies=len(new),
        repeated=len(numbers) - len(new),
        unreadable=len(problems),
        problems=tuple(problems[:50]),
    )
    return report, new


def _prepared(file: OtlpFile, problems: list[str]) -> NewBody | None:
    data, compression = file.read()
    try:
        payload = inflate(data, compression)
        clean = strip(file.signal, file.encoding, payload)
    except (Refused, ValueError) as error:
        problems.append(f"{file.path}: {error}")
        return None
    if clean is not payload or not compression:
        data, compression = deflate(clean), "gzip"
    return NewBody(file.signal, file.encoding, data, compression)


def put_transcripts(
    inbox: Inbox, path: Path | None, person: str | None, marks: Path, update: Update
) -> TranscriptsReport:
    """Session files into the inbox; `marks` remembers which files have been read."""
    from steelyard.sources.transcripts.read import read_transcripts  # heavy, and rarely wanted

    resume = _load_marks(marks)
    summary = None
    batches = read_transcripts(
        path, person=person, resume=resume, progress=lambda p: update(p.bytes, p.bytes_total)
    )
    for batch in batches:
        if batch.table.num_rows:
            inbox.put([NewBody("records", "arrow", to_ipc(batch.table, "events"))])
        resume = resume.after(batch.marks)
        _save_marks(marks, resume)
        summary = batch.summary or summary
    if summary is None:
        raise BadFile("No session files were read.", "Name a folder or file.")
    return TranscriptsReport(
        files=summary.total("files"),
        skipped=summary.skipped,
        requests=summary.total("requests"),
        prompts=summary.total("prompts"),
        tool_results=summary.total("tool_results"),
        malformed=summary.malformed,
        unreadable=summary.unreadable,
        tools={tool: asdict(tally) for tool, tally in summary.tools.items()},
        problems=tuple(f"{p.path}:{p.line}: {p.reason}" for p in summary.problems),
    )


def put_people(inbox: Inbox, file: Path) -> PeopleReport:
    """A people file into the inbox; wrong rows are reported and leave their person as it was."""
    found = read_people(file)
    if found.people:
        # The time makes each import a body of its own: A, then B, then A again ends with A.
        at = dt.datetime.now(dt.UTC).isoformat()
        inbox.put([NewBody("people", "arrow", to_ipc(found.table, "people", imported_at=at))])
    return PeopleReport(
        people=found.people,
        rows=found.table.num_rows,
        wrong=found.wrong,
        left_out=found.left_out,
        problems=found.problems,
    )


def put_csv(inbox: Inbox, kind: str, file: Path, source: str) -> CsvReport:
    """A file of any other kind into the inbox, as records of the source `csv` or another name."""
    from steelyard.sources.csv.kinds import read_csv

    found = read_csv(kind, file)
    at = dt.datetime.now(dt.UTC)
    if found.records:
        inbox.put(page_bodies(source, found.records, at, f"csv:{at.isoformat()}"))
    return CsvReport(kind, found.rows, len(found.records), found.wrong, found.problems)


def to_ipc(table: pa.Table, name: str, **more: str) -> bytes:
    """An Arrow IPC stream that says which table its rows belong to."""
    table = table.replace_schema_metadata({"table": name, **more})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_IPC) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _load_marks(path: Path) -> ResumeState:
    from steelyard.sources.transcripts.marks import ResumeState

    try:
        return ResumeState.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ResumeState()
    except (OSError, ValueError, TypeError):
        return ResumeState()  # marks only save time: without them everything is read again


def _save_marks(path: Path, state: ResumeState) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state.to_json()))
    new.replace(path)
