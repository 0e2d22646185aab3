"""`steelyard demo`: a company that does not exist, to try everything on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import settings
from steelyard.cli.serve import LISTENERS
from steelyard.errors import UsageError

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.demo import Shape

EXAMPLES = examples(
    "steelyard demo",
    "steelyard demo --people 400 --web 127.0.0.1:8490",
    "steelyard demo --data ./demo --people 10 --weeks 8 --no-serve",
    "steelyard demo --remove",
)
WHAT, WHERE = "Which company", "Where"
People = Annotated[
    int, typer.Option(metavar="N", help="How many work there.", rich_help_panel=WHAT)
]
Weeks = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many weeks are known. [default: 26; 6 above 1,000 people]",
        rich_help_panel=WHAT,
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="Another is another company.", rich_help_panel=WHAT)
]
End = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The last day. [default: yesterday]", rich_help_panel=WHAT),
]


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Data folder, empty. [default: one of its own beside the user's]",
            rich_help_panel=WHERE,
        ),
    ] = None,
    people: People = 120,
    weeks: Weeks = None,
    seed: Seed = 7,
    end: End = None,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Pages and API. [default: 127.0.0.1:8480]",
            rich_help_panel=LISTENERS,
        ),
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Only load it.", rich_help_panel=LISTENERS)
    ] = False,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Delete it again; what came in beside it stays.", rich_help_panel=WHERE
        ),
    ] = False,
) -> None:
    """Load a made-up company, known to the last figure, and serve its pages."""
    from steelyard import app
    from steelyard.config import demo_data

    # Databases that the settings name elsewhere are the real ones.
    apart = {} if data else {"warehouse": "", "state": ""}
    found = settings(data or demo_data(), web=web, **apart)
    if remove:
        with app.connect(found) as doors:
            gone = doors.remove_demo()
        talk.say("The demo company is removed." if gone else "There is no demo company here.")
        return
    _load(found, _shape(people, weeks, seed, end))
    if not no_serve:
        app.serve(found, talk.say)


def _shape(people: int, weeks: int | None, seed: int, end: str | None) -> Shape:
    from steelyard.demo import Shape
    from steelyard.metrics.period import parse_day

    last = parse_day(end) if end else dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    return Shape.of(last, people, weeks or 0, seed)


def _load(found: Settings, shape: Shape) -> None:
    """Load it, unless it is here. What a crash left half done is begun anew."""
    from steelyard.app import control, demo
    from steelyard.app.house import House

    if control.is_running(found):
        raise UsageError(
            f"A server runs on {found.data}.",
            "Load the demo company on its page Get started, or stop it first.",
        )
    mark = demo.read_mark(found)
    if mark and mark.stage == "loaded":
        talk.say(f"The demo company is here: {mark.people} people, {mark.weeks} weeks.")
        return
    with House.open(found, workers=1) as house:
        if mark:
            demo.remove(house)
        talk.say(f"{shape.people} people, {shape.weeks} weeks up to {shape.end}, in {found.data}")
        demo.load(house, shape, _told())
    talk.say("The demo company is loaded. `steelyard demo --remove` removes it.")


def _told() -> Callable[[str, int, int], None]:
    """A line when something new begins."""
    said: set[str] = set()

    def update(words: str, done: int, total: int) -> None:
        if words not in said:
            said.add(words)
            talk.say(f"{words} …")

    return update
