"""An analysis as text for people: the sentence first, then figures, checks and warnings.

Rounds for reading; --format json carries ten digits.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

UNKNOWN = "unknown"
WIDE = 100
PLACES = (("headline", "headline"), ("beside", "beside"), ("diagnostics", "diagnostic"))
N_WORDS = {"units": "unit", "clusters": "cluster", "periods": "period"}
Said = Mapping[str, Any]


def analysis_text(said: Said) -> str:
    """The whole analysis of its JSON."""
    verdict = said["verdict"]
    parts = [
        paragraph(verdict["sentence"]),
        paragraph(f"Evidence: {verdict['evidence'] or 'none'}. {_observed(said)}"),
        paragraph(verdict.get("answerable", "")),
        estimates_text(said),
        _guardrails(said.get("guardrails", ())),
        _power(said.get("power") or {}),
        checks_text(said.get("checks", ())),
        _plan(said.get("plan")),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def paragraph(text: str) -> str:
    return textwrap.fill(text, WIDE) if text else ""


def _observed(said: Said) -> str:
    n = said["n"]
    counted = [_counted(n.get(key), word) for key, word in N_WORDS.items()]
    treated = f"{n['treated']:,} treated" if n.get("treated") is not None else ""
    return f"Design: {said['design']}. {', '.join(filter(None, [*counted, treated]))}."


def _counted(count: int | None, word: str) -> str:
    return "" if count is None else f"{count:,} {word}{'' if count == 1 else 's'}"


def estimates(said: Said) -> list[tuple[str, Said]]:
    """Every estimate with its place: headline, beside or diagnostic."""
    found = []
    for key, word in PLACES:
        each = said.get(key)
        found += [(word, one) for one in (each if isinstance(each, list) else [each]) if one]
    return found


def estimates_text(said: Said) -> str:
    """A line an estimate; steps of the event study are only counted."""
    all_ = estimates(said)
    shown = [(place, each) for place, each in all_ if "[" not in each["estimator"]]
    if not shown:
        return ""
    level = any(each["scale"] == "level" for _, each in shown)
    head = ("", "estimator", "effect", "95 % interval", *(["in %"] if level else []), "p", "by")
    rows: list[tuple[str, ...]] = [head]
    rows += [(place, *_cells(each, level)) for place, each in shown]
    steps = len(all_) - len(shown)
    more = f"\nEvent study: {steps} steps, in --format json and csv." if steps else ""
    return table(rows) + more


def _cells(each: Said, level: bool) -> tuple[str, ...]:
    """Ratios in percent; differences in units of the outcome, and then in percent."""
    if each["scale"] == "log":
        effect, ends = pct(each["effect_pct"]), [pct(end) for end in each["ci_pct"]]
    else:
        effect, ends = number(each["estimate"]), [number(end) for end in each["ci"]]
    interval = f"{ends[0]} to {ends[1]}" if UNKNOWN not in ends else UNKNOWN
    p = UNKNOWN if each["p"] is None else "<0.001" if each["p"] < 0.001 else f"{each['p']:.3f}"
    more = [pct(each["effect_pct"])] if level else []
    return each["estimator"], effect, interval, *more, p, each["inference"]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Cells in columns, nothing cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def pct(value: float | None) -> str:
    """A signed percentage with one decimal, none from 100 on."""
    if value is None:
        return UNKNOWN
    shown = 0.0 if abs(value) < 0.05 else value
    return f"{shown:+,.{0 if abs(value) >= 100 else 1}f} %".replace("-", "−")


def number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.4g}".replace("-", "−")


def share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.0f} %"


def _guardrails(guardrails: Sequence[Said]) -> str:
    """What must not get worse, each with its p among all of them (Holm)."""
    if not guardrails:
        return ""
    rows: list[tuple[str, ...]] = [("guardrail", "better", "effect", "95 % interval", "p (Holm)")]
    rows += [_guardrail(each) for each in guardrails if each["estimate"]]
    unknown = [f"{each['metric']}: {each['why']}" for each in guardrails if not each["estimate"]]
    told = table(rows) if len(rows) > 1 else "No guardrail can be judged."
    return "\n".join([told, *map(paragraph, unknown)])


def _guardrail(each: Said) -> tuple[str, ...]:
    _, effect, interval, *_ = _cells(each["estimate"], False)
    p = UNKNOWN if each["p_holm"] is None else f"{each['p_holm']:.3f}"
    return each["metric"], each["direction"], effect, interval, p


def _plan(plan: Said | None) -> str:
    if not plan:
        return ""
    when = {True: "before the start", False: "after the start", None: "without a start"}
    saved = f"saved on {plan['saved_at'][:10]}, {when[plan['registered_before_start']]}"
    return f"Plan {plan['name']}, version {plan['version']} ({plan['digest'][:12]}), {saved}."


def _power(power: Said) -> str:
    if power.get("mde_pct") is None:
        return ""
    told = f"Such a study sees an effect of {pct(power['mde_pct'])} or more with 80 % power"
    at = [f"{pct(float(e))} with {share(p)}" for e, p in power.get("power_at", {}).items()]
    return paragraph(f"{told}{'; a true ' if at else ''}{', '.join(at)}.")


def checks_text(checks: Iterable[Said]) -> str:
    """A paragraph a check, what is wrong first."""
    order = {"fail": 0, "warn": 1, "ok": 2, "not_run": 3}
    words = {"fail": "FAIL", "warn": "WARN", "ok": "ok", "not_run": "not run"}
    lines = []
    for each in sorted(checks, key=lambda check: order.get(check["status"], 4)):
        head = f"{words.get(each['status'], each['status']):<8}"
        text = f"{head}{each['name'].replace('_', ' ')}: {each['detail']}"
        lines.append(textwrap.fill(text, WIDE, subsequent_indent=" " * 8))
    return "Checks\n" + "\n".join(lines) if lines else ""


def estimate_rows(said: Said) -> list[dict[str, Any]]:
    """Every estimate as a flat row, for CSV."""
    rows = []
    for place, each in estimates(said):
        flat = {key: value for key, value in each.items() if key not in ("ci", "ci_pct")}
        ends = dict(zip(("ci_low", "ci_high"), each["ci"], strict=True))
        ends |= dict(zip(("ci_low_pct", "ci_high_pct"), each["ci_pct"], strict=True))
        rows.append({"place": place, **flat, **ends})
    return rows
