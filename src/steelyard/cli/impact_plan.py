"""`steelyard impact plan`: write a study down before its data, and see what was written."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from steelyard.cli import impact_options as o
from steelyard.cli.impact_plan_words import list_plans, say_saved, show_plan
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import BadFile, BadValue, UsageError

if TYPE_CHECKING:
    from steelyard.impact.plan import Plan
    from steelyard.state.plans import Plans

PLAN_EXAMPLES = examples(
    "steelyard impact plan",
    "steelyard impact plan pilot --guided --start 2027-01-11 --treated payments,search"
    " --assigned-by team --design rct",
    "steelyard impact plan waves --design waves --waves payments=2027-01-11,search=2027-01-25"
    " --assigned-by team --metric prs_merged --guardrails reverts,pr_cycle_hours_p50",
    "steelyard impact plan pilot",
)


def _say(help: str, *names: str, metavar: str) -> Any:
    return o.option("Plan", help, *names, metavar=metavar)


Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Which plan; left out, all.")]
PlanUnit = Annotated[o.Units | None, _say("What a row is.", "--unit", metavar="person|team")]
AssignedBy = Annotated[
    o.Units | None, _say("What is given treatment.", "--assigned-by", metavar="person|team")
]
Start = Annotated[str, _say("The day all treated start.", "--start", metavar="DATE")]
Waves = Annotated[str, _say("Days by group.", "--waves", metavar="GROUP=DATE,…")]
TreatedNames = Annotated[str, _say("People or teams.", "--treated", metavar="NAME,…")]
ControlNames = Annotated[
    str, _say("Compared with; left out: everybody else.", "--control", metavar="NAME,…")
]
Treatment = Annotated[
    str,
    _say("What they start with; left out: coding assistants.", "--treatment", metavar="TEXT"),
]
Rule = Annotated[str, _say("How it was decided who is treated.", "--rule", metavar="TEXT")]
PrimaryMetric = Annotated[str, _say("The one metric.", "--metric", metavar="METRIC")]
Guardrails = Annotated[str, _say("What must not get worse.", "--guardrails", metavar="METRIC,…")]
Looks = Annotated[str, _say("Days on which results are read.", "--looks", metavar="DATE,…")]
LookRule = Annotated[
    Literal["planned", "always_valid"] | None,
    _say("How looks are paid for.", "--look-rule", metavar="planned|always_valid"),
]
Exclude = Annotated[str, _say("Left out, whatever they do.", "--exclude", metavar="NAME,…")]
MatchedOn = Annotated[
    str, _say("Must agree in pairs of volunteers.", "--match-on", metavar="TRAIT,…")
]
Weeks = Annotated[int | None, _say("Weeks before the start.", "--baseline-weeks", metavar="N")]
WeeksAfter = Annotated[int | None, _say("Weeks after it.", "--weeks-after", metavar="N")]
EffectPct = Annotated[
    float | None, _say("The effect that would matter.", "--effect-pct", metavar="PCT")
]
Guided = Annotated[
    bool,
    typer.Option(
        "--guided",
        help="12 weeks of baseline, a quarter after it, all metrics of work as guardrails.",
        rich_help_panel="Plan",
    ),
]
FromFile = Annotated[Path | None, _say("Read it from JSON instead.", "--from-file", metavar="FILE")]


def plan(
    name: Name = "",
    unit: PlanUnit = None,
    assigned_by: AssignedBy = None,
    design: o.DesignSaid = None,
    start: Start = "",
    waves: Waves = "",
    treated: TreatedNames = "",
    control: ControlNames = "",
    treatment: Treatment = "",
    rule: Rule = "",
    metric: PrimaryMetric = "",
    guardrails: Guardrails = "",
    baseline_weeks: Weeks = None,
    weeks_after: WeeksAfter = None,
    effect_pct: EffectPct = None,
    looks: Looks = "",
    look_rule: LookRule = None,
    exclude: Exclude = "",
    match_on: MatchedOn = "",
    title: Annotated[str, _say("In words.", "--title", metavar="TEXT")] = "",
    guided: Guided = False,
    from_file: FromFile = None,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Write a study down before its data; every version is kept. Without options, show it."""
    from steelyard.app import open_state_of
    from steelyard.app.studies import save, versions_of
    from steelyard.state.plans import Plans

    said = {key: value for key, value in locals().items() if key not in ("data", "format")}
    changed = _changes(said)
    with open_state_of(settings(data)) as state:
        plans = Plans(state)
        if not name:
            _nothing_else(changed)
            list_plans(plans, format == "json")
            return
        if not changed and not guided and from_file is None:
            show_plan(versions_of(plans, name), format == "json")
            return
        before = plans.list()
        wanted = _planned(name, said, changed, _newest(plans, name))
        version = save(plans, wanted, getpass.getuser())
        say_saved(version, version.digest in {each.digest for each in before}, format == "json")


def _changes(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, as fields of a plan."""
    lists = {"treated": "treated", "control": "control", "exclude": "exclusions"}
    lists |= {"looks": "looks", "match_on": "matched_on"}
    found: dict[str, Any] = {field: list(o.split(said[k])) for k, field in lists.items() if said[k]}
    single = {"unit": "unit", "assigned_by": "assigned_by", "design": "design", "start": "starts"}
    single |= {"treatment": "treatment"}
    single |= {"rule": "rule", "baseline_weeks": "baseline_weeks", "weeks_after": "weeks_after"}
    single |= {"effect_pct": "effect_pct", "look_rule": "look_rule", "title": "title"}
    found |= {field: said[k] for k, field in single.items() if said[k] not in ("", None)}
    if said["waves"]:
        found["waves"] = _waves(said["waves"])
    if said["metric"]:
        found["primary"] = _measures([said["metric"]])[0]
    if said["guardrails"]:
        found["guardrails"] = _measures(o.split(said["guardrails"]))
    return found


def _measures(names: Sequence[str]) -> list[dict[str, str]]:
    from steelyard.app.studies import kinds

    if any("," in name for name in names):
        raise BadValue(
            "Several primary metrics: the best of several is a lucky one.",
            "One --metric that answers the question; the others are --guardrails.",
        )
    return [each.to_json() for each in kinds(list(names))]


def _waves(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in o.split(text)]
    if not all(equals and day for _, equals, day in pairs):
        raise BadValue(f"{text!r} are no waves.", "--waves payments=2027-01-11,search=2027-01-25")
    return {group.strip(): day.strip() for group, _, day in pairs}


def _newest(plans: Plans, name: str) -> Plan | None:
    from steelyard.app.studies import versions_of

    known = {each.name for each in plans.list()}
    return versions_of(plans, name)[0].plan if name in known else None


def _planned(name: str, said: Mapping[str, Any], changed: dict[str, Any], old: Plan | None) -> Plan:
    """The newest version with what is said now; else a new plan."""
    from steelyard.impact.plan import read_plan

    if said["from_file"] is not None:
        return read_plan({**_read(said["from_file"]), "name": name, **changed})
    base = _template(name, changed, old) if said["guided"] else old.to_json() if old else {}
    if "waves" in changed:
        base = {**base, "starts": None, "treated": []}
    if "starts" in changed:
        base = {**base, "waves": []}
    if not base and "primary" not in changed:
        raise UsageError(
            f"There is no plan called {name!r} yet.",
            f"`steelyard impact plan {name} --metric prs_merged --start DATE …`, or --guided.",
        )
    return read_plan({**base, "name": name, **changed})


def _template(name: str, changed: Mapping[str, Any], old: Plan | None) -> dict[str, Any]:
    from steelyard.impact.planning import guided
    from steelyard.metrics.period import parse_day

    starts = changed.get("starts") or (old.starts.isoformat() if old and old.starts else "")
    if not starts and "waves" not in changed:
        raise UsageError("A guided plan needs a start.", "Give --start DATE.")
    primary: dict[str, Any] = changed.get("primary") or (old.primary.to_json() if old else {})
    found = guided(
        name,
        tuple(changed.get("treated", old.treated if old else ())),
        parse_day(starts) if starts else dt.date.max,
        metric=primary.get("metric", "prs_merged"),
        kind=primary.get("kind", "count"),
        drawn_by_lot=changed.get("design") in ("rct", "waves"),
    ).to_json()
    return {**(old.to_json() if old else {}), **found}


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadFile(f"{file} is no plan.", "`impact plan NAME --format json` prints one.")
    return found.get("plan", found)  # type: ignore[no-any-return]


def _nothing_else(changed: Mapping[str, Any]) -> None:
    if changed:
        raise UsageError("Options were given, but no plan.", "Name it: steelyard impact plan NAME")
