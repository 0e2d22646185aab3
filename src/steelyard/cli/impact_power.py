"""`steelyard impact power`: what a study could see, before anybody starts one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer, refused
from steelyard.cli.impact_words import Said, paragraph, pct, share, table
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.output import Output
from steelyard.errors import BadPanel, UsageError

if TYPE_CHECKING:
    from steelyard.impact.panel import Panel
    from steelyard.impact.study import Study

POWER_EXAMPLES = examples(
    "steelyard impact power --metric prs_merged --n-treated 25 --n-control 25 --effect-pct 10",
    "steelyard impact power --panel w.csv --unit dev --time week --outcome prs --n-treated 50",
)

USUAL = {"n_treated": 25, "weeks_before": 12, "weeks_after": 12, "effect_pct": 10.0}
NTreated = Annotated[
    int | None,
    o.option("Study", "Units with treatment; else the plan's, or 25.", "--n-treated", metavar="N"),
]
NControl = Annotated[
    int | None, o.option("Study", "Units without; left out, as many.", "--n-control", metavar="N")
]
Before = Annotated[
    int | None, o.option("Study", "Weeks before; else 12.", "--weeks-before", metavar="N")
]
After = Annotated[
    int | None, o.option("Study", "Weeks after; else 12.", "--weeks-after", metavar="N")
]
Effect = Annotated[
    float | None,
    o.option("Study", "A true effect to be seen; else 10.", "--effect-pct", metavar="PCT"),
]
AssignedBy = Annotated[
    Literal["unit", "cluster"] | None,
    o.option("Study", "What lots are drawn over.", "--assigned-by", metavar="unit|cluster"),
]
Draws = Annotated[int, o.option("Study", "Placebo studies.", metavar="N")]
CurveSaid = Annotated[
    bool,
    typer.Option(
        "--curve/--no-curve",
        help="Also over other numbers of people and weeks.",
        rich_help_panel="Study",
    ),
]


def power(
    panel: o.PanelFile = "",
    unit: o.PanelUnit = "",
    time: o.Time = "",
    outcome: o.Outcome = "",
    treated: o.Treated = "",
    adopted: o.Adopted = "",
    cluster: o.Cluster = "",
    weight: o.Weight = "",
    start: o.From = "",
    end: o.To = "",
    kind: o.Kind = None,
    estimator: o.Estimator = "",
    seed: o.Seed = o.SEED,
    n_treated: NTreated = None,
    n_control: NControl = None,
    weeks_before: Before = None,
    weeks_after: After = None,
    effect_pct: Effect = None,
    assigned_by: AssignedBy = None,
    draws: Draws = 2_000,
    curve: CurveSaid = True,
    plan: o.Plan = "",
    metric: o.Metric = "",
    format: o.Format = None,
    output: Output = None,
    data: Data = None,
) -> None:
    """Say which effect a study of so many people and weeks would see, by placebo studies."""
    said = dict(locals())
    if sum(map(bool, (panel, metric and not plan, plan))) != 1:
        raise UsageError("What to compute it on?", "Give --panel FILE, --metric METRIC or --plan.")
    observed, study, usual = _from_file(panel, said) if panel else _from_house(said)
    sizes = {name: usual[name] if said[name] is None else said[name] for name in usual}
    answer(_power(observed, study, {**said, **sizes}), format, output, power_text, _rows)


Sized = tuple["Panel", "Study", dict[str, Any]]  # and what sizes are where none are said


def _from_file(file: str, said: dict[str, Any]) -> Sized:
    """The panel; who was treated may be left out: then nobody was."""
    from steelyard.impact.panel import Panel

    found = o.baseline(file, said)
    if not isinstance(found, Panel):
        raise BadPanel("Power needs units over periods.", "--unit and --time, one row each.")
    return found, o.study(said), USUAL


def _from_house(said: dict[str, Any]) -> Sized:
    from steelyard.app import open_studies

    with open_studies(settings(said["data"])) as studies:
        if said["plan"]:
            panel, study = studies.observed(said["plan"], said["metric"])
            return panel, study, studies.size(said["plan"], panel)
        asked = said["metric"], said["unit"] or "person", said["cluster"]
        return *studies.baseline(*asked, said["start"], said["end"]), USUAL


def _power(panel: Panel, study: Study, said: dict[str, Any]) -> dict[str, Any]:
    from steelyard.impact.power import power as run
    from steelyard.impact.result import CannotSay

    control = said["n_treated"] if said["n_control"] is None else said["n_control"]
    sizes = said["n_treated"], control, said["weeks_before"], said["weeks_after"]
    draws, seed, by = said["draws"], said["seed"], said["assigned_by"]
    found = run(panel, study, *sizes, said["effect_pct"], draws, seed, by)
    if isinstance(found, CannotSay):
        return {"mde_pct": None, "power": None, "curve": [], **refused(found)}
    if said["curve"]:
        from steelyard.impact.curve import curve

        rows = curve(
            panel,
            study,
            weeks_before=said["weeks_before"],
            effect_pct=said["effect_pct"],
            control_ratio=control / said["n_treated"],
            seed=seed,
            assigned_by=by,
        )
        found = replace(found, curve=rows)
    return found.to_json()


def power_text(said: Said) -> str:
    """The sentence, then power at the effect asked for, then the curve."""
    parts = [paragraph(said["verdict"]["sentence"])]
    if said["power"] is not None:
        alarms = said["false_alarms"]
        told = f"False alarms without any effect: {share(alarms['rate'])}"
        parts.append(f"{told} ± {100 * alarms['mc_se']:.1f}, {said['draws']:,} placebo studies.")
    if said["curve"]:
        head = ("treated", "control", "weeks after", "detectable", "power")
        parts.append(table([head, *map(_point, said["curve"])]))
    return "\n\n".join(parts) + "\n"


def _point(row: Said) -> tuple[str, ...]:
    sizes = (row["n_treated"], row["n_control"], row["weeks_after"])
    return *map(str, sizes), pct(row["mde_pct"]), share(row["power"])


def _rows(said: Said) -> list[Said]:
    if said["curve"]:
        return [dict(row) for row in said["curve"]]
    asked = said.get("asked", {})
    flat = {key: said.get(key) for key in ("mde_pct", "power", "effect_pct", "exaggeration")}
    return [{**asked, **flat}]
