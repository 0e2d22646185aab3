"""The pictures of an analysis, each titled with what it shows; made from values, never computed.

A picture whose rows an analysis does not have is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import UnknownName
from steelyard.impact.methods import method
from steelyard.impact.result import Analysis, Estimate
from steelyard.impact.verdict import figure
from steelyard.reports import charts
from steelyard.reports.picture import Column, Picture

if TYPE_CHECKING:
    from steelyard.impact.pool import Pooled
    from steelyard.impact.roi import Return

Rows = Sequence[Mapping[str, Any]]
INTERVAL = (Column("low", "From", "percent"), Column("high", "To", "percent"))
IN_UNITS = (Column("low", "From"), Column("high", "To"))


def pictures(analysis: Analysis, curve: Rows = (), balance: Rows = ()) -> tuple[Picture, ...]:
    """Every picture that the analysis, the power curve and the balance have rows for."""
    found = (
        estimates(analysis),
        course(analysis.pictures.get("counterfactual", ())),
        series(analysis.pictures.get("series", ())),
        events(analysis),
        power(curve),
        love(balance or analysis.pictures.get("balance", ())),
    )
    return tuple(each for each in found if each is not None)


def title_of(estimator: str) -> str:
    """An estimator in words: "poisson_did" is Poisson difference-in-differences."""
    try:
        return method(estimator).title
    except UnknownName:
        words = estimator.replace("_", " ")
        return words[:1].upper() + words[1:]


# Estimates side by side.


def estimates(analysis: Analysis) -> Picture | None:
    """The headline, what stands beside it, and diagnostics; single event times are elsewhere."""
    told = [("headline", analysis.headline)] if analysis.headline else []
    told += [("beside", each) for each in analysis.beside]
    told += [("diagnostic", each) for each in analysis.diagnostics if "[" not in each.estimator]
    percent = all(each.effect_pct is not None for _, each in told if each)
    rows = _apart([_estimate(role, each, percent) for role, each in told if each])
    if not rows:
        return None
    unit = "Effect in percent" if percent else "Effect in units of the outcome"
    return Picture(
        "estimates",
        _agreement([row for row in rows if row["role"] != "diagnostic"]),
        f"{unit} with 95 % intervals; grey: diagnostics only",
        charts.forest(percent),
        rows,
        (
            Column("label", "Estimator", "words"),
            Column("estimate", "Effect", "percent" if percent else "number"),
            *(INTERVAL if percent else IN_UNITS),
            Column("p", "p"),
            Column("inference", "Interval by", "words"),
        ),
    )


def _estimate(role: str, one: Estimate, percent: bool) -> dict[str, Any]:
    ends = one.ci_pct if percent else one.ci
    return {
        "label": title_of(one.estimator),
        "estimator": one.estimator,
        "role": role,
        "estimate": one.effect_pct if percent else one.estimate,
        "low": ends[0],
        "high": ends[1],
        "p": one.p,
        "inference": one.inference,
        "weight": 0.25,
    }


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An estimator that is there twice, under another inference, has an entry each time."""
    names: set[str] = set()
    for row in rows:
        if row["label"] in names:
            row["label"] += f" ({row['inference'].split(',')[0]})"
        names.add(row["label"])
    return rows


def _agreement(rows: Rows) -> str:
    if not rows:
        return "Shown for completeness: none of these says what caused the change"
    signs = {row["estimate"] > 0 for row in rows if row["estimate"]}
    many = len({row["estimator"] for row in rows})
    if many == 1:
        return "One estimator fits this design"
    if len(signs) > 1:
        return f"The {many} estimators that fit this design disagree on the direction"
    way = "up" if True in signs else "down"
    which = "Both" if many == 2 else f"All {many}"
    return f"{which} estimators that fit this design point {way}"


# What was, and what would have been.


def course(rows: Rows) -> Picture | None:
    """Observed means of the treated, and what they would have been without treatment.

    Rows: period, observed, would_be, low, high, treated (how many units then are).
    """
    if not rows:
        return None
    counts = [0, *(row["treated"] for row in rows)]
    drawn = [
        {
            "period": row["period"],
            "observed": row["observed"],
            "expected": row["would_be"],
            "low": row["low"],
            "high": row["high"],
            "treated": row["treated"],
            "begins": row["treated"] > counts[at],
        }
        for at, row in enumerate(rows)
    ]
    known = [row for row in drawn if row["low"] is not None and row["observed"] is not None]
    outside = sum(1 for row in known if not row["low"] <= row["observed"] <= row["high"])
    title = f"After the start, {outside or 'none'} of {len(known)} periods lie outside the band"
    return Picture(
        "counterfactual",
        title if known else "What was, and what would have been",
        "Mean per period of the units treated at some time; band: 95 % interval of what would have"
        " been, period by period; dotted: starts",
        charts.counterfactual(bool(known)),
        drawn,
        (
            Column("period", "Period", "words"),
            Column("observed", "As it was"),
            Column("expected", "Without treatment"),
            *IN_UNITS,
            Column("treated", "Treated units", "count"),
        ),
    )


def series(rows: Rows) -> Picture | None:
    """Everybody together before and after one date: what changed, not what changed it."""
    if not rows:
        return None
    begun = [row.get("continued") is not None for row in rows]
    drawn = [
        {
            "period": row["period"],
            "observed": row["observed"],
            "expected": row["continued"] if begun[at] else row["fitted"],
            "low": None,
            "high": None,
            "begins": begun[at] and not any(begun[:at]),
        }
        for at, row in enumerate(rows)
    ]
    return Picture(
        "series",
        "What changed, not what changed it: everybody started at once",
        "Mean of all units per period; the trend before, continued as if nothing had happened",
        charts.counterfactual(False, "Trend continued"),
        drawn,
        (
            Column("period", "Period", "words"),
            Column("observed", "As it was"),
            Column("expected", "Trend continued"),
        ),
    )


def events(analysis: Analysis) -> Picture | None:
    """Effects by periods since the start; those before it should hold zero."""
    rows = analysis.pictures.get("event_study", ())
    if not rows:
        return None
    percent = bool(analysis.headline and analysis.headline.scale == "log")
    before = [row for row in rows if row["time"] < 0 and row["low"] is not None]
    off = sum(1 for row in before if not row["low"] <= 0 <= row["high"])
    title = f"Before the start, {off or 'none'} of {len(before)} periods differ from zero"
    return Picture(
        "event-study",
        title if before else "Effect by periods since the start",
        f"Effect {'in percent' if percent else 'in units'} by periods since the start, 95 %"
        " intervals; grey: before. No difference seen is not proof of parallel trends",
        charts.event_study(percent),
        rows,
        (
            Column("time", "Periods since start", "count"),
            Column("estimate", "Effect", "percent" if percent else "number"),
            *(INTERVAL if percent else IN_UNITS),
        ),
    )


# Before the study.


def power(rows: Rows) -> Picture | None:
    """The smallest effect seen with 80 % power, over people a side, a line a length."""
    known = [row for row in rows if row.get("mde_pct") is not None]
    if not known:
        return None
    drawn = [
        {
            "people": row["n_treated"],
            "weeks": f"{row['weeks_after']} weeks",
            "mde": row["mde_pct"],
            "power": None if row.get("power") is None else 100 * row["power"],
        }
        for row in known
    ]
    best = min(drawn, key=lambda row: float(row["mde"]))
    return Picture(
        "power",
        f"{best['people']:,} a side for {best['weeks']} would see {figure(best['mde'])} % or more",
        "Smallest effect seen in 8 of 10 studies, by people with treatment (control alike) and"
        " weeks after the start",
        charts.power_curve(),
        drawn,
        (
            Column("people", "People with treatment", "count"),
            Column("weeks", "Length", "words"),
            Column("mde", "Smallest effect seen", "percent"),
        ),
    )


def love(balance: Rows) -> Picture | None:
    """Standardised differences between the sides before and after matching.

    Rows: covariate, smd_before, smd_after (None where nobody is matched).
    """
    rows: list[dict[str, Any]] = []
    for each in balance:
        for side, key in (("Before matching", "smd_before"), ("After matching", "smd_after")):
            if each[key] is not None:
                rows.append({"name": each["covariate"], "side": side, "smd": each[key]})
    if not rows:
        return None
    left = [row for row in rows if row["side"] == "After matching"]
    worst = max(left or rows, key=lambda row: abs(row["smd"]))
    where = "after matching" if left else "without a match"
    return Picture(
        "balance",
        f"Largest difference {where}: {abs(worst['smd']):.2f} standard deviations"
        f" ({worst['name']})",
        "Difference between the sides in standard deviations; dotted: ±0.25, beyond which"
        " adjusting cannot be trusted",
        charts.love_plot(),
        rows,
        (
            Column("name", "Known before", "words"),
            Column("side", "When", "words"),
            Column("smd", "Difference (SD)"),
        ),
    )


# Worth, and several studies.


def tornado(found: Return) -> Picture | None:
    """How far the return moves with each input alone."""
    from steelyard.impact.roi import NAMES

    if not found.tornado or found.roi.median is None:
        return None
    rows = [
        {
            "label": NAMES[each.name],
            "low": 100 * each.roi_low,
            "high": 100 * each.roi_high,
            "middle": 100 * found.roi.median,
            "from": each.low,
            "to": each.high,
        }
        for each in found.tornado
    ]
    return Picture(
        "tornado",
        f"What matters most is the {rows[0]['label']}",
        "Return on full cost when one input goes from its 5th to its 95th percentile, all others"
        " at their median",
        charts.tornado(),
        rows,
        (
            Column("label", "Input", "words"),
            Column("from", "Input low"),
            Column("to", "Input high"),
            Column("low", "Return at low", "percent"),
            Column("high", "Return at high", "percent"),
        ),
    )


def pooled(found: Pooled) -> Picture:
    """The studies, their mean, and where a next one would lie."""
    said = found.to_json()
    percent = found.scale == "log"
    value, ends = ("effect_pct", "ci_pct") if percent else ("estimate", "ci")
    rows = [
        _study(one["name"], "study", one[value], one[ends], one["weight_pct"] / 100)
        for one in said["studies"]
    ]
    head, after = said["headline"], said["prediction"][ends]
    rows.append(_study("All together", "headline", head[value], head[ends], 0.4))
    if after[0] is not None:
        rows.append(_study("A next study", "prediction", None, after, 0.0))
    return Picture(
        "pool",
        found.verdict.sentence.split(". ")[0],
        "Effect of each study with its 95 % interval; the size of a mark is its weight",
        charts.forest(percent),
        rows,
        (
            Column("label", "Study", "words"),
            Column("estimate", "Effect", "percent" if percent else "number"),
            *(INTERVAL if percent else IN_UNITS),
        ),
    )


def _study(
    label: str, role: str, estimate: float | None, ends: Sequence[float | None], weight: float
) -> dict[str, Any]:
    return {
        "label": label,
        "role": role,
        "estimate": estimate,
        "low": ends[0],
        "high": ends[1],
        "weight": weight,
    }
