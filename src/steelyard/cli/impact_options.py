"""The options that the commands below `impact` share, and how they become a Study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from steelyard.cli import talk
from steelyard.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.impact.columns import Columns
    from steelyard.impact.panel import Panel, Trial
    from steelyard.impact.study import Study

Kinds = Literal["count", "duration", "amount", "share"]
Designs = Literal["rct", "waves", "volunteers", "once"]
Units = Literal["person", "team"]
Formats = Literal["table", "json", "csv"]


def option(panel: str, help: str, *names: str, metavar: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel)


def _data(help: str, *names: str, metavar: str = "COL") -> Any:
    return option("Data", help, *names, metavar=metavar)


def _how(help: str, *names: str, metavar: str) -> Any:
    return option("How", help, *names, metavar=metavar)


PanelFile = Annotated[str, _data("CSV or Parquet; - reads stdin.", "--panel", metavar="FILE")]
PanelUnit = Annotated[str, _data("Whose rows they are: developer, team.", "--unit")]
Time = Annotated[str, _data("Day, week, month or number of the period.", "--time")]
Outcome = Annotated[str, _data("What is to be explained.", "--outcome")]
Treated = Annotated[str, _data("1 in rows under treatment, 0 in others.", "--treated")]
Adopted = Annotated[str, _data("Each unit's first treated period; empty: never.", "--adopted")]
Cluster = Annotated[str, _data("What treatment was assigned to, such as team.", "--cluster")]
Block = Annotated[str, _data("Single tasks: within what they were drawn.", "--block")]
Weight = Annotated[str, _data("How many items a row is the mean of.", "--weight")]
Covariates = Annotated[
    str, _data("Known before; with commas; log(x) or raw(x).", "--covariates", metavar="COL,…")
]
Exact = Annotated[str, _data("Must agree within a matched pair.", "--exact", metavar="COL,…")]
From = Annotated[str, _data("First period.", "--from", metavar="PERIOD")]
To = Annotated[str, _data("Last period.", "--to", metavar="PERIOD")]
Kind = Annotated[
    Kinds | None,
    _how(
        "What the outcome is. Left out: count of whole numbers, else amount.",
        "--kind",
        metavar="count|duration|amount|share",
    ),
]
DesignSaid = Annotated[
    Designs | None,
    _how("Left out: read from the data.", "--design", metavar="rct|waves|volunteers|once"),
]
Control = Annotated[
    Literal["never", "not_yet"],
    _how("Who is compared with.", "--control", metavar="never|not_yet"),
]
Transform = Annotated[
    Literal["none", "log1p"], _how("log1p is shown beside, never first.", metavar="none|log1p")
]
Estimator = Annotated[str, _how("Ask for one by name.", "--estimator", metavar="NAME")]
Looks = Annotated[
    str,
    _how("This look of so many planned: 2/4; any: read at any time.", "--looks", metavar="N/M|any"),
]
Seed = Annotated[int, _how("Of all random draws.", metavar="N")]
Plan = Annotated[str, option("Warehouse", "A saved plan.", "--plan", metavar="NAME")]
Metric = Annotated[
    str, option("Warehouse", "A metric of the catalogue.", "--metric", metavar="METRIC")
]
Charts = Annotated[
    Path | None, option("Output", "Write charts as SVG files.", "--charts", metavar="DIR")
]
Format = Annotated[
    Formats | None,
    option(
        "Output",
        "How to print; left out, by the file's name, else a table.",
        "--format",
        metavar="table|json|csv",
    ),
]
SEED = 20261122
ANY = "any"


def split(text: str) -> tuple[str, ...]:
    """Words with commas between them; commas within brackets part nothing."""
    parts, depth, word = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append(word)
            word = ""
        else:
            word += letter
    return tuple(part.strip() for part in (*parts, word) if part.strip())


def in_words(column: str) -> str:
    """A column's name as a word in a sentence: `dev_id` is a dev, `prs_merged` prs merged."""
    words = [w for w in column.replace("-", "_").split("_") if w and w.lower() != "id"]
    return " ".join(words) or column


def columns(said: dict[str, Any]) -> Columns:
    """Which column holds what, from the options as they were given."""
    from steelyard.impact.columns import Columns

    names = ("unit", "time", "treated", "adopted", "cluster", "block", "weight")
    if not said["outcome"]:
        raise UsageError("It is not said what is to be explained.", "Give --outcome COL.")
    each: dict[str, Any] = {name: said.get(name, "") for name in names}
    each |= {name: split(said.get(name, "")) for name in ("covariates", "exact")}
    return Columns(said["outcome"], **each)


def wanted(found: Columns) -> list[str]:
    """Every column that is needed of the file."""
    from steelyard.impact.columns import bare

    single = (found.outcome, found.unit, found.time, found.treated, found.adopted)
    more = (found.cluster, found.block, found.weight, *map(bare, found.covariates), *found.exact)
    return [name for name in (*single, *more) if name]


def study(said: dict[str, Any]) -> Study:
    """What is asked, from the options as they were given."""
    from steelyard.impact.methods import method
    from steelyard.impact.study import Study

    estimator = method(said["estimator"]).name if said.get("estimator") else None
    return Study(
        kind=said["kind"] or "count",
        design=said.get("design"),
        control=said.get("control", "not_yet"),
        transform=said.get("transform", "none"),
        estimator=estimator,
        covariates=split(said.get("covariates", "")),
        matched_on=split(said.get("exact", "")),
        looks=looks(said.get("looks", "")),
        always_valid=said.get("looks") == ANY,
        outcome=in_words(said["outcome"]),
        unit=in_words(said.get("unit", "")) if said.get("unit") else "unit",
        cluster=in_words(said.get("cluster", "")) if said.get("cluster") else "",
        seed=said.get("seed", SEED),
    )


def looks(text: str) -> tuple[int, int] | None:
    """`2/4` is the second of four planned looks: (4, 2)."""
    if text in ("", ANY):
        return None
    this, slash, planned = text.partition("/")
    if not slash or not (this.isdigit() and planned.isdigit() and 1 <= int(this) <= int(planned)):
        raise UsageError(
            f"{text!r} is no look.", "Write 2/4 for the second of four planned, or any."
        )
    return int(planned), int(this)


def is_trial(found: Columns) -> bool:
    """Single tasks: drawn within blocks, or rows that belong to no period."""
    return bool(found.block) or not (found.time or found.adopted)


def _kind(table: pd.DataFrame, outcome: str) -> str:
    """What an outcome is taken for where nobody says: what has fractions is no count."""
    from steelyard.impact.columns import numbers

    values = numbers(table, outcome)
    if not (values % 1 > 0).any():
        return "count"
    talk.say(f"Warning: {outcome} has fractions and is read as an amount; --kind says otherwise.")
    return "amount"


def observed(file: str, said: dict[str, Any]) -> Panel | Trial:
    """The panel or trial of a file."""
    from steelyard.cli.panel_file import read_table
    from steelyard.impact.read import read_panel, read_trial

    found = columns(said)
    table: pd.DataFrame = read_table(file, wanted(found))
    said["kind"] = said["kind"] or _kind(table, found.outcome)
    if is_trial(found):
        if not found.block:  # tasks of one developer are alike
            found = replace(found, cluster=found.cluster or found.unit)
        return read_trial(table, found, said["kind"])
    return read_panel(table, found, said["kind"], said.get("start", ""), said.get("end", ""))


NOBODY = "treated nobody"


def baseline(file: str, said: dict[str, Any]) -> Panel | Trial:
    """The same where who was treated may be left out: then nobody was."""
    from steelyard.cli.panel_file import read_table
    from steelyard.impact.read import read_panel

    found = columns(said)
    if found.treated or found.adopted or is_trial(found):
        return observed(file, said)
    table = read_table(file, wanted(found))
    said["kind"] = said["kind"] or _kind(table, found.outcome)
    table[NOBODY] = "0"
    found = replace(found, treated=NOBODY)
    return read_panel(table, found, said["kind"], said.get("start", ""), said.get("end", ""))
