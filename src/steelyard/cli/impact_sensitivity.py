"""`steelyard impact sensitivity`: how wrong an assumption may be before the answer changes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from steelyard.cli import impact_options as o
from steelyard.cli.impact_answer import answer, refused
from steelyard.cli.impact_words import Said, checks_text, estimates_text, number, paragraph, table
from steelyard.cli.layout import examples
from steelyard.cli.output import Output
from steelyard.cli.panel_file import read_table
from steelyard.errors import BadPanel, BadValue, UnknownName, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.impact.result import CannotSay, EventStudy
    from steelyard.impact.sensitivity import Smoothness
    from steelyard.impact.study import Study

SENSITIVITY_EXAMPLES = examples(
    "steelyard impact sensitivity --panel w.csv --unit dev --time week --outcome prs"
    " --adopted first --cluster team",
    "steelyard impact sensitivity --event-study effects.csv --covariance sigma.csv --before 4"
    " --m 0,0.01,0.02",
)
TIMES = ("time", "event_time", "relative_time", "rel_time", "t", "k", "period")
EFFECTS = ("estimate", "effect", "coefficient", "coef", "beta", "betahat", "b", "att")
ERRORS = ("se", "std_error", "stderr", "std.error", "standard_error")

Effects = Annotated[
    str, o.option("Data", "Effects by time since the start.", "--event-study", metavar="FILE")
]
Covariance = Annotated[
    str, o.option("Data", "Their covariance; else from se.", "--covariance", metavar="FILE")
]
Before = Annotated[
    int | None, o.option("Data", "How many are before the start.", "--before", metavar="N")
]
Grid = Annotated[
    str, o.option("How", "Bends from step to step to allow for.", "--m", metavar="M,…")
]
Step = Annotated[
    int | None, o.option("How", "Effect at this step; else their mean.", "--step", metavar="N")
]


def sensitivity(
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
    design: o.DesignSaid = None,
    control: o.Control = "not_yet",
    event_study: Effects = "",
    covariance: Covariance = "",
    before: Before = None,
    m: Grid = "",
    step: Step = None,
    seed: o.Seed = o.SEED,
    format: o.Format = None,
    output: Output = None,
) -> None:
    """Say how far trends may bend, or how strong something unseen must be, to change the answer."""
    said = dict(locals())
    if bool(panel) == bool(event_study):
        raise UsageError("Neither or both of two files.", "Give --panel or --event-study.")
    found = _from_effects(said) if event_study else _from_panel(said)
    answer(found, format, output, sensitivity_text, _rows)


def _from_panel(said: dict[str, Any]) -> dict[str, Any]:
    """The panel's own event study and headline, as its analysis has them."""
    from steelyard.impact.analyze import unsure
    from steelyard.impact.panel import Panel
    from steelyard.impact.result import CannotSay

    observed, study = o.observed(said["panel"], said), o.study(said)
    if not isinstance(observed, Panel):
        raise UsageError("Trends need units over periods.", "Give --unit and --time.")
    headline, events, checks = unsure(observed, study)
    found = _smooth(events, study, said)
    told: list[dict[str, Any]] = [each.to_json() for each in checks]
    if isinstance(headline, CannotSay):
        return {**found, **refused(headline), "headline": None, "checks": told}
    return {**found, "headline": headline.to_json(), "checks": told}


def _from_effects(said: dict[str, Any]) -> dict[str, Any]:
    from steelyard.impact.sensitivity import from_arrays
    from steelyard.impact.study import Study

    effects, spread, before, notes = read_effects(
        said["event_study"], said["covariance"], said["before"]
    )
    found = _smooth(from_arrays(effects, spread, before), Study(kind="amount"), said)
    return {**found, "headline": None, "checks": [], "warnings": notes}


def _smooth(events: EventStudy | CannotSay, study: Study, said: dict[str, Any]) -> dict[str, Any]:
    from steelyard.impact.result import CannotSay
    from steelyard.impact.round import rounded
    from steelyard.impact.sensitivity import bent_trends, smoothness

    grid = _grid(said["m"]) if said["m"] else None
    if isinstance(events, CannotSay):
        return {"smoothness": None, **refused(events)}
    found = smoothness(events, grid, said["step"])
    if isinstance(found, CannotSay):
        return {"smoothness": None, **refused(found)}
    check = bent_trends(events, study)
    told = check.detail if said["step"] is None else _at_step(found, said["step"])
    verdict = {"code": check.status, "sentence": told, "evidence": "sensitivity"}
    return {"smoothness": rounded(found.to_json()), "verdict": verdict, "warnings": []}


def _at_step(found: Smoothness, step: int) -> str:
    if found.breakdown is None:
        return f"No bend that was looked at makes the effect at step {step} undecided."
    many = number(found.breakdown)
    return f"Once trends may bend by {many} from step to step, the effect at step {step} is open."


def _grid(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BadValue(f"{text!r} are no numbers.", "Write --m 0,0.01,0.02.") from None


def read_effects(
    file: str, covariance: str, before: int | None
) -> tuple[Any, Any, int, list[dict[str, str]]]:
    """Effects in order of time without the reference, their covariance, how many are before."""
    import numpy as np

    from steelyard.impact.columns import numbers

    data = read_table(file)
    effects, times = numbers(data, _named(data, EFFECTS, "estimate")), _times(data, before)
    order = np.argsort(times, kind="stable") if times is not None else np.arange(len(effects))
    if times is not None:
        order = order[times[order] != -1] if before is None else order
        before = int((times[order] < 0).sum()) if before is None else before
    if before is None:
        raise UsageError("Which effects are before the start?", "A column time, or --before N.")
    if not np.isfinite(effects[order]).all():
        raise BadPanel("An effect is missing.", "One number a row.")
    if covariance:
        spread = _matrix(covariance)
        if spread.shape[0] == len(effects) and len(order) <= len(effects):
            spread = spread[np.ix_(order, order)]
        return effects[order], spread, before, []
    errors = numbers(data, _named(data, ERRORS, "se"))[order]
    note = {
        "code": "no_covariance",
        "message": "Without --covariance the effects are taken as independent, which they are not.",
    }
    return effects[order], np.diag(errors**2), before, [note]


def _times(data: pd.DataFrame, before: int | None) -> Any:
    from steelyard.impact.columns import numbers

    found = [name for name in data.columns if str(name).strip().lower() in TIMES]
    return numbers(data, found[0]) if found else None


def _named(data: pd.DataFrame, known: Sequence[str], wanted: str) -> str:
    for name in data.columns:
        if str(name).strip().lower() in known:
            return str(name)
    if len(data.columns) == 1 and wanted == "estimate":
        return str(data.columns[0])
    raise UnknownName("column", wanted, map(str, data.columns), f"Name it {', '.join(known[:4])}.")


def _matrix(file: str) -> Any:
    """A square of numbers, with or without a header and a first column of names."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    rows = [row for row in csv.reader(io.StringIO(text)) if any(row)]
    named = bool(rows) and not all(map(_is_number, rows[0][1:] or rows[0]))
    if named or (rows and len(rows) == len(rows[0]) + 1):
        rows = rows[1:]
    if rows and len(rows[0]) == len(rows) + 1:
        rows = [row[1:] for row in rows]
    if not rows or any(len(row) != len(rows) or not all(map(_is_number, row)) for row in rows):
        raise BadPanel(f"{file} is no square of numbers.", "As many rows as columns, no names.")
    import numpy as np

    return np.array([[float(cell) for cell in row] for row in rows])


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def sensitivity_text(said: Said) -> str:
    """The sentence, intervals over a grid of bends, then what else must be believed."""
    parts = [paragraph(said["verdict"]["sentence"])]
    if said.get("headline"):
        parts.append(estimates_text(said))
    found = said["smoothness"]
    if found:
        rows = [("bend up to (M)", "95 % interval")]
        rows += [(number(row["m"]), " to ".join(map(number, row["ci"]))) for row in _rows_of(found)]
        parts.append(table(rows))
        least = found["breakdown_m"]
        told = "not within the bends looked at" if least is None else f"at M = {number(least)}"
        parts.append(f"No effect enters the interval {told}.")
    parts.append(checks_text(said["checks"]))
    return "\n\n".join(filter(None, parts)) + "\n"


def _rows_of(found: Said) -> list[Said]:
    return list(found["intervals"])


def _rows(said: Said) -> list[dict[str, Any]]:
    if not said["smoothness"]:
        return []
    pairs = ((row["m"], *row["ci"]) for row in said["smoothness"]["intervals"])
    return [{"m": m, "ci_low": low, "ci_high": high} for m, low, high in pairs]
