"""`steelyard impact match`: pairs alike before, how alike, and what they differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer
from steelyard.cli.impact_words import Said, checks_text, estimates_text, number, paragraph, table
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.output import Output
from steelyard.errors import BadValue, UsageError

if TYPE_CHECKING:
    from steelyard.impact.candidates import Candidates
    from steelyard.impact.match import Matching
    from steelyard.impact.panel import Panel
    from steelyard.impact.study import Study

MATCH_EXAMPLES = examples(
    "steelyard impact match --panel people.csv --unit id --treated ai --covariates age,velocity"
    " --exact level,domain --caliper 0.2",
    "steelyard impact match --panel w.csv --unit dev --time week --outcome prs --adopted first"
    " --exact level",
    "steelyard impact match --plan pilot",
)
ROW = "unit of this row"

Caliper = Annotated[
    str, o.option("How", "In SDs of the treated, or none.", "--caliper", metavar="N|none")
]
Distance = Annotated[
    Literal["propensity", "mahalanobis", "standardised"] | None,
    o.option("How", "Of a table.", "--distance", metavar="propensity|mahalanobis|standardised"),
]


def match(
    panel: o.PanelFile = "",
    unit: o.PanelUnit = "",
    time: o.Time = "",
    outcome: o.Outcome = "",
    treated: o.Treated = "",
    adopted: o.Adopted = "",
    cluster: o.Cluster = "",
    weight: o.Weight = "",
    covariates: o.Covariates = "",
    exact: o.Exact = "",
    start: o.From = "",
    end: o.To = "",
    kind: o.Kind = None,
    caliper: Caliper = "0.25",
    distance: Distance = None,
    seed: o.Seed = o.SEED,
    plan: o.Plan = "",
    charts: o.Charts = None,
    format: o.Format = None,
    output: Output = None,
    data: Data = None,
) -> None:
    """Pair treated units with others alike before, and say how alike they are."""
    said = dict(locals())
    if bool(panel) == bool(plan):
        raise UsageError("Neither or both of a file and a plan.", "Give --panel FILE or --plan.")
    found = _match(*(_planned(said) if plan else _from_file(said)), said)
    answer(found.to_json(), format, output, match_text, lambda all_: all_["balance"])
    if charts is not None:
        from steelyard.cli.impact_charts import write_charts
        from steelyard.reports.impact import love

        write_charts([love([row.to_json() for row in found.balance])], charts)


def _match(observed: Panel | Candidates, study: Study, said: dict[str, Any]) -> Matching:
    from steelyard.impact.match import match as run

    return run(observed, study, _caliper(said["caliper"]), said["distance"])


def _caliper(text: str) -> float | None:
    if text.lower() in ("none", "off"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise BadValue(f"{text!r} is no caliper.", "A number above 0, such as 0.25, or none.")
    return value


def _from_file(said: dict[str, Any]) -> tuple[Panel | Candidates, Study]:
    """A panel where there is a time column, else a table with one row a unit."""
    from steelyard.impact.panel import Panel

    if not said["time"]:
        return _table(said)
    observed = o.observed(said["panel"], said)
    if not isinstance(observed, Panel):
        raise UsageError("A panel is matched by unit and time.", "Give --unit and --time.")
    return observed, o.study(said)


def _table(said: dict[str, Any]) -> tuple[Candidates, Study]:
    from steelyard.cli.panel_file import read_table
    from steelyard.impact.candidates import read_candidates

    if not said["treated"]:
        raise UsageError("It is not said who is treated.", "Give --treated COL: 1 or 0 a row.")
    covariates, exact = o.split(said["covariates"]), o.split(said["exact"])
    single = said["unit"], said["treated"], said["outcome"]
    table = read_table(said["panel"], (*single, *covariates, *exact))
    unit = said["unit"] or ROW
    if not said["unit"]:
        table[ROW] = [f"line {line}" for line in table.index]
    found = read_candidates(table, unit, said["treated"], covariates, exact, said["outcome"])
    return found, o.study({**said, "outcome": said["outcome"] or "outcome"})


def _planned(said: dict[str, Any]) -> tuple[Panel, Study]:
    from steelyard.app import open_studies

    with open_studies(settings(said["data"])) as studies:
        return studies.for_matching(said["plan"], o.split(said["exact"]))


def match_text(said: Said) -> str:
    """The sentence, the balance before and after, the estimate, then checks."""
    n = said["n"]
    told = f"{n['pairs']:,} pairs of {n['treated']:,} treated and {n['controls']:,} others"
    head = ("covariate", "treated", "control", "SMD before", "after", "variance ratio")
    rows = [head, *map(_balance, said["balance"])]
    estimate = {"headline": said["estimate"]}
    parts = [
        paragraph(said["verdict"]["sentence"]),
        paragraph(said["verdict"].get("answerable", "")),
        f"{told}: {100 * said['coverage']:.0f} % of the treated have a partner.",
        table(rows) if said["balance"] else "",
        estimates_text(estimate),
        _ties(said["ties"]),
        checks_text(said["checks"]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _balance(row: Said) -> tuple[str, ...]:
    names = ("mean_treated", "mean_control", "smd_before", "smd_after", "variance_ratio")
    return row["covariate"], *(number(row[name]) for name in names)


def _ties(ties: Said) -> str:
    if not ties.get("draws") or ties["low"] is None:
        return ""
    ends = f"{number(ties['low'])} to {number(ties['high'])}"
    return f"Over {ties['draws']} ways of breaking ties the estimate is {ends}."
