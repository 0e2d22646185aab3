"""`steelyard source`: the systems that are read for people, work and bills."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import BadValue, UsageError

if TYPE_CHECKING:
    from steelyard.app.syncing import SyncReport, Update
    from steelyard.state.sources import KnownSource, Sources

ADD_EXAMPLES = examples(
    "steelyard source add git ~/src/app",
    "steelyard source add github acme --set token=env:GITHUB_TOKEN --every 30m",
    "steelyard source add tempo --set token=file:/run/secrets/tempo --name hours",
)
KINDS_EXAMPLES = examples("steelyard source kinds", "steelyard source kinds github")
LIST_EXAMPLES = examples("steelyard source list", "steelyard source list --format json")
TEST_EXAMPLES = examples("steelyard source test", "steelyard source test github")
SYNC_EXAMPLES = examples("steelyard source sync", "steelyard source sync github jira")
REMOVE_EXAMPLES = examples("steelyard source remove okta", "steelyard source remove okta --forget")
_EVERY = re.compile(r"(\d+)\s*([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
HEADINGS = ("source", "kind", "status", "every", "records", "last success", "newest record")

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Left out: all.")]


def add(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="`source kinds` lists them.")],
    place: Annotated[
        str | None,
        typer.Argument(metavar="[PLACE]", help="The kind's first option: a path, site or name."),
    ] = None,
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="An option of the kind; secrets as env:NAME or file:PATH. May be given again.",
            rich_help_panel="What",
        ),
    ] = [],  # noqa: B006
    name: Annotated[
        str | None, typer.Option(help="Its name; left out, the kind.", rich_help_panel="What")
    ] = None,
    every: Annotated[
        str,
        typer.Option(help="How often a server reads it: 30m, 1h, 1d.", rich_help_panel="What"),
    ] = "1h",
    data: Data = None,
) -> None:
    """Add a source. Nothing is read yet; secrets are never stored, only where they are."""
    from steelyard.sources.registry import check_options, source_class

    said = dict(map(_option, set_))
    if place is not None:
        first = next(iter(source_class(kind).Options.model_fields))
        said = {first: place, **said}
    options = check_options(kind, _absolute(kind, said))
    with _sources(data) as sources:
        sources.add(name or kind, kind, options, _interval(every))
    talk.say(f"Added {name or kind}. `steelyard source test {name or kind}` tries it,")
    talk.say(f"`steelyard source sync {name or kind}` reads it now; a server every {every}.")


def kinds(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]")] = None, format: Format = "table"
) -> None:
    """List the kinds of sources, or the options of one."""
    from steelyard.sources import registry

    if kind is None:
        found = [{"kind": k, "title": registry.source_class(k).title} for k in registry.kinds()]
        if format == "json":
            talk.print_json(found)
        else:
            talk.print_rows([(row["kind"], row["title"]) for row in found])
        return
    rows = registry.describe(kind)
    if format == "json":
        talk.print_json(rows)
    else:
        talk.print_rows([(row.name, row.default, row.help) for row in rows])


def list_sources(data: Data = None, format: Format = "table") -> None:
    """List the sources with their health: how far each is, and what stops one."""
    with _sources(data) as sources:
        found = sources.list()
    if format == "json":
        talk.print_json([_plain(known) for known in found])
        return
    if not found:
        talk.say("There is no source yet: `steelyard source add KIND`; `source kinds` lists them.")
        return
    talk.print_rows([HEADINGS, *map(_row, found)])
    for known in found:
        for line in trouble(known):
            print(line)


def test(names: Names = None, data: Data = None, format: Format = "table") -> None:
    """Try a source and say exactly which permission or option is missing. Reads no data."""
    from steelyard.app.syncing import check_source

    with _sources(data) as sources:
        found = [sources.get(name) for name in names] if names else sources.list()
    results = {known.name: check_source(known.kind, known.options) for known in found}
    if format == "json":
        talk.print_json(results)
    else:
        for name, checks in results.items():
            for check in checks:
                mark = "ok  " if check.ok else "FAIL"
                print(f"{mark} {name}: {check.what}{': ' + check.detail if check.detail else ''}")
                if not check.ok and check.hint:
                    print(f"       {check.hint}")
    if any(not check.ok for checks in results.values() for check in checks):
        raise typer.Exit(1)


def sync(names: Names = None, data: Data = None, format: Format = "table") -> None:
    """Read what is new. Interrupted, the next run goes on where this one stopped."""
    from steelyard.app import connect

    with connect(settings(data)) as house, _progress() as update:
        reports = house.sync(names or [], update)
    if format == "json":
        talk.print_json(reports)
    elif not reports:
        talk.say("There is no source yet: `steelyard source add KIND`.")
    for report in reports:
        _tell(report, format)
    if any(report.failed for report in reports):
        raise typer.Exit(3)


def remove(
    name: Annotated[str, typer.Argument(help="As `source list` shows it.")],
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Delete what it told, too.", rich_help_panel="What"),
    ] = False,
    data: Data = None,
) -> None:
    """Stop reading a source. What it told stays, unless --forget."""
    from steelyard.app import connect

    with _sources(data) as sources:
        sources.remove(name)
    if forget:
        with connect(settings(data)) as house:
            house.forget_source(name)
    talk.say(f"Removed {name}." + (" What it told is deleted." if forget else ""))


def trouble(known: KnownSource) -> Iterator[str]:
    """A line for each thing that stopped streams, and for each to know of some."""
    for finding in known.findings:
        mark = "FAIL" if finding.is_problem else "note"
        where = "/".join((known.name, *([", ".join(finding.streams)] if finding.streams else [])))
        yield f"{mark} {where}: {finding.message} {finding.hint}".strip()


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadValue(f"{text!r} is not an option.", "Write --set name=value.")
    return name.strip(), value


def _absolute(kind: str, said: dict[str, str]) -> dict[str, str]:
    """Paths as seen from here: a server's folder may be another."""
    return {k: str(Path(v).expanduser().absolute()) if k == "path" else v for k, v in said.items()}


def _interval(text: str) -> dt.timedelta:
    match = _EVERY.fullmatch(text.strip())
    if not match or not int(match[1]):
        raise UsageError(f"{text!r} is not an interval.", "Write 30m, 1h or 1d.")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


@contextmanager
def _sources(data: Path | None) -> Iterator[Sources]:
    from steelyard.app import open_state_of
    from steelyard.state.sources import Sources

    with open_state_of(settings(data)) as state:
        yield Sources(state)


@contextmanager
def _progress() -> Iterator[Update]:
    """One bar a stream on a terminal; else nothing until the end."""
    if not talk.is_usual() or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[records]:,} records"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, object] = {}

        def update(
            source: str, stream: str, records: int, done: int | None, total: int | None
        ) -> None:
            key = f"{source}/{stream}"
            if key not in tasks:
                tasks[key] = bar.add_task(key, total=total, records=0)
            bar.update(tasks[key], completed=done or 0, total=total, records=records)  # type: ignore[arg-type]

        yield update


def _tell(report: SyncReport, format: str) -> None:
    if report.busy:
        talk.say(f"{report.source}: another process is reading it just now.")
    for stream in report.streams:
        rate = f", {stream.records / stream.seconds:,.0f}/s" if stream.seconds >= 1 else ""
        if stream.problem:
            said = f"{stream.problem.message} {stream.problem.hint}".strip()
            talk.say(f"{report.source}/{stream.stream}: stopped after {stream.records:,}. {said}")
        elif format == "table":
            talk.say(f"{report.source}/{stream.stream}: {stream.records:,} records{rate}")
        for note in stream.notes:
            talk.say(f"{report.source}/{stream.stream}: note: {note}")


def _row(known: KnownSource) -> tuple[str, ...]:
    records = sum(stream.records for stream in known.streams)
    newest = max((s.newest for s in known.streams if s.newest), default=None)
    every = f"{known.every.total_seconds() / 60:g}m"
    last = known.last_success
    return (
        known.name,
        known.kind,
        known.status,
        every,
        f"{records:,}",
        f"{last:%Y-%m-%d %H:%M}" if last else "never",
        f"{newest:%Y-%m-%d %H:%M}" if newest else "",
    )


def _plain(known: KnownSource) -> dict[str, object]:
    return {
        **{k: v for k, v in vars(known).items() if k != "every"},
        "every_seconds": int(known.every.total_seconds()),
        "status": known.status,
        "last_success": known.last_success,
    }
