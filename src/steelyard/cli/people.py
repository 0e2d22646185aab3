"""`steelyard people`: who works here, which identities are whose, and what waits for a decision."""

from __future__ import annotations

import datetime as dt
import getpass
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
from steelyard.errors import BadValue, SteelyardError, UsageError

if TYPE_CHECKING:
    from steelyard.app.house import Doors
    from steelyard.app.life import ForgetReport
    from steelyard.people.doors import PeopleDoors
    from steelyard.people.listing import Listed, Time
    from steelyard.people.review import Choice, Proposal, Review
    from steelyard.people.unmatched import Unmatched
    from steelyard.state.decision import Decision

LIST_EXAMPLES = examples(
    "steelyard people list", "steelyard people list --on 2026-03-31 --format json"
)
SHOW_EXAMPLES = examples(
    "steelyard people show ada@example.com", "steelyard people show github:ada"
)
REVIEW_EXAMPLES = examples(
    "steelyard people review",
    "steelyard people review --accept 3",
    "steelyard people review --link github:octo ada@example.com",
)
EXPORT_EXAMPLES = examples(
    "steelyard people export ada@example.com -o ada.zip",
    "steelyard people export github:ada -o ada.zip",
)
FORGET_EXAMPLES = examples(
    "steelyard people forget ada@example.com",
    "steelyard people forget ada@example.com --with-work --yes",
)
COVERAGE_EXAMPLES = examples("steelyard people coverage", "steelyard people coverage --format json")
NANOS = 1_000_000_000

Person = Annotated[str, typer.Argument(metavar="PERSON", help="An e-mail, a name or a reference.")]
On = Annotated[
    str,
    typer.Option(metavar="DATE", help="As of this day; left out, today.", rich_help_panel="Which"),
]
Accept = Annotated[
    int | None,
    typer.Option(metavar="N", help="Proposal N is right.", rich_help_panel="Decide"),
]
Reject = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Proposal N is wrong; it is not made again.", rich_help_panel="Decide"
    ),
]
Link = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="REF PERSON", help="The reference is this person's.", rich_help_panel="Decide"
    ),
]
Unlink = Annotated[
    str | None,
    typer.Option(
        metavar="REF", help="The reference is not whose it is now.", rich_help_panel="Decide"
    ),
]


def list_people(
    on: On = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Those who have left, too.", rich_help_panel="Which")
    ] = False,
    data: Data = None,
    format: Format = "table",
) -> None:
    """List everybody whom a directory or file knows, with team, manager and roll-up manager."""
    with _house(data) as house:
        found = [each for each in house.people_list(_day(on)) if all_ or each.employed]
    if format == "json":
        talk.print_json(found)
    elif found:
        heads = ("person", "name", "team", "manager", "roll-up", "identities", "last work")
        talk.print_rows([heads, *map(_listed, found)])
    else:
        talk.say("Nobody is known yet: `steelyard import csv people FILE`, or add a directory.")


def show(
    person: Person,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Show a person: each identity and why it is theirs, and what was so since when."""
    with _house(data) as house:
        found = house.people_show(person)
    if format == "json":
        talk.print_json(found)
        return
    print(f"{found.person}  {found.name or '(in no directory)'}")
    if found.identities:
        talk.print_rows(
            [("identity", "because"), *((k.reference, k.reason) for k in found.identities)]
        )
    if found.times:
        heads = ("from", "to", "team", "role", "manager", "roll-up", "staff")
        talk.print_rows([heads, *map(_time, found.times)])
    _print_decisions(found.decisions)


def review(
    accept: Accept = None,
    reject: Reject = None,
    link: Link = None,
    unlink: Unlink = None,
    limit: Annotated[
        int,
        typer.Option(min=1, help="Unmatched references to look at.", rich_help_panel="Which"),
    ] = 100,
    data: Data = None,
    format: Format = "table",
) -> None:
    """See who unknown accounts and addresses may be, and decide. Nothing is joined unasked."""
    choice = _choice(accept, reject, link, unlink)
    with _house(data) as house:
        if choice is not None:
            _say_decision(house.people_decide(choice, getpass.getuser()), format == "json")
            return
        found = house.people_review(limit)
        if format == "json":
            talk.print_json(found)
            return
        _print_review(found)
        if found.proposals and sys.stdin.isatty() and sys.stdout.isatty():
            _ask(house)


def coverage(data: Data = None, format: Format = "table") -> None:
    """Show what share of spend, sessions, commits and people is matched, and what is not."""
    with _house(data) as house:
        found = house.people_coverage(_day(""))
    if format == "json":
        shares = {each.what: each.share for each in found.shares}
        plain = {"shares": shares, "staff": found.staff, "silent": found.silent}
        talk.print_json({**plain, "unmatched": found.unmatched})
        return
    told = ((s.what, "unknown" if s.share is None else f"{s.share:.1%}") for s in found.shares)
    talk.print_rows([("of", "matched"), *told])
    talk.say(f"{found.staff:,} people are employed, {found.silent:,} of them without any work yet.")
    if found.unmatched:
        talk.print_rows(
            [("unmatched", *_WORK), *((u.reference, *_work(u)) for u in found.unmatched)]
        )
        talk.say("`steelyard people review` says who they may be.")


def export(
    person: Person,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE.zip", help="Where to.", rich_help_panel="Output"),
    ] = None,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Write everything that is kept of a person: a zip of CSV files, for that person."""
    with _house(data) as house:
        name = re.sub(r"[^\w.@-]+", "-", house.people_show(person).person)
        file = out or Path(f"{name}.zip")
        report = house.people_export(person, file)
    if format == "json":
        talk.print_json({"file": str(file), "tables": report.tables})
        return
    rows = [("kept in", "rows"), *((name, f"{n:,}") for name, n in report.tables.items())]
    talk.print_rows(rows)
    talk.say(f"Wrote {file}; manifest.json in it says what each file is.")


def forget(
    person: Person,
    with_work: Annotated[
        bool,
        typer.Option(
            "--with-work",
            help="Delete their work as well; left out, it stays as nobody's, so that totals do.",
            rich_help_panel="Erase",
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask.", rich_help_panel="Erase")
    ] = False,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Erase a person from everything that is kept here, for good, and let nothing of them in again.

    Copies elsewhere are named, so that they can be deleted by hand.
    """
    with _house(data) as house:
        found = house.people_show(person)
        if not yes:
            _confirm(found.person, found.name, with_work)
        report = house.people_forget(person, with_work)
    if format == "json":
        talk.print_json(report)
        return
    if report.rows:
        talk.print_rows(
            [("erased from", "rows"), *((name, f"{n:,}") for name, n in report.rows.items())]
        )
    talk.say(_said(report))
    for copy in report.copies:
        print(f"{copy.kind}  {copy.path}  {copy.made_at:%Y-%m-%d}")


def _confirm(person: str, name: str, with_work: bool) -> None:
    """Raises UsageError where nobody is there to ask."""
    if not sys.stdin.isatty():
        raise UsageError("Forgetting somebody asks before it does.", "Add --yes to confirm.")
    work = "and all their work" if with_work else "; their work stays as nobody's"
    typer.confirm(f"Erase {name or person} ({person}) {work}? It cannot be undone", abort=True)


def _said(report: ForgetReport) -> str:
    if not report.known:
        text = "Nothing was kept of them. They are on the list of whom nothing is let in."
    elif report.with_work:
        text = "Forgotten, and their work with them: totals are smaller than before."
    else:
        text = "Forgotten. Their work stays in totals as nobody's, in groups no more."
    if report.bodies:
        text += f" {report.bodies:,} requests in the inbox that held them were dropped."
    if report.copies:
        text += " These copies were made since they were first seen; delete or replace them:"
    return text


@contextmanager
def _house(data: Path | None) -> Iterator[Doors]:
    from steelyard.app import connect

    with connect(settings(data)) as house:
        yield house


def _choice(
    accept: int | None, reject: int | None, link: tuple[str, str] | None, unlink: str | None
) -> Choice | None:
    from steelyard.people.review import Choice

    said = [each for each in (accept, reject, link, unlink) if each is not None]
    if len(said) > 1:
        raise UsageError("Several decisions at once.", "Give one of the options.")
    return Choice(accept, reject, link, unlink) if said else None


def _ask(house: PeopleDoors) -> None:
    """Decisions one by one, until an empty line."""
    from steelyard.people.review import Choice

    while True:
        text = typer.prompt("Accept N, reject -N, Enter to end", default="", show_default=False)
        if not text.strip():
            return
        try:
            number = int(text)
            choice = Choice(accept=number) if number > 0 else Choice(reject=-number)
            _say_decision(house.people_decide(choice, getpass.getuser()), False)
        except ValueError:
            talk.say(f"{text!r} is not a number.")
        except SteelyardError as error:
            talk.complain(error, False)


def _say_decision(decision: Decision, as_json: bool) -> None:
    if as_json:
        talk.print_json(decision)
        return
    verb = "is" if decision.same else "is not"
    talk.say(f"{decision.reference} {verb} {decision.person}.")


def _print_review(found: Review) -> None:
    if found.proposals:
        talk.print_rows(
            [
                ("n", "unknown", "may be", "score", "because", *_WORK),
                *map(_proposal, found.proposals),
            ]
        )
    else:
        talk.say("Nothing is proposed.")
    if found.unknown:
        talk.print_rows(
            [("nobody is like", *_WORK), *((u.reference, *_work(u)) for u in found.unknown)]
        )
    for claimed in found.claimed:
        print(f"{claimed.reference} is claimed by {', '.join(claimed.people)}, so it is nobody's.")
    for each in found.contradictions:
        print(f"{each.reference} was decided to be {each.person}; {each.other} speaks against it:")
        print(f"  {each.reason}.")
    _print_decisions(found.decisions)


def _print_decisions(decisions: tuple[Decision, ...]) -> None:
    for each in decisions:
        verb = "is" if each.same else "is not"
        print(f"{each.reference} {verb} {each.person}: decided by {each.by} on {each.at:%Y-%m-%d}")


_WORK = ("spend", "sessions", "commits", "items")


def _work(each: Unmatched | Proposal) -> tuple[str, ...]:
    spend = "unknown" if each.nanos is None else f"${each.nanos / NANOS:,.2f}"
    return spend, f"{each.sessions:,}", f"{each.commits:,}", f"{each.items:,}"


def _proposal(each: Proposal) -> tuple[str, ...]:
    who = f"{each.name} <{each.person}>" if each.name else each.person
    because = "; ".join(each.reasons)
    return str(each.number), each.reference, who, f"{each.score:.2f}", because, *_work(each)


def _listed(each: Listed) -> tuple[str, ...]:
    last = str(each.last_work or "none")
    return (
        each.person,
        each.name,
        each.team,
        each.manager,
        each.rollup,
        str(each.identities),
        last,
    )


def _time(each: Time) -> tuple[str, ...]:
    start = "ever" if each.valid_from.year == 1970 else str(each.valid_from)
    end = "now" if each.valid_to.year == 9999 else str(each.valid_to)
    counted = "yes" if each.counted else "no"
    return (start, end, each.team, each.role, each.manager, each.rollup, counted)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text) if text else dt.datetime.now(dt.UTC).date()
    except ValueError:
        raise BadValue(f"{text!r} is not a date.", "Write it like 2026-03-31.") from None
