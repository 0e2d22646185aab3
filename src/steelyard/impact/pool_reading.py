"""Where the studies of a pool come from: analyses as JSON, or rows of a table.

What cannot be pooled is left out and named; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from steelyard.errors import BadPanel
from steelyard.impact.assumptions import Z95
from steelyard.impact.pool import Pooled, Result, pool
from steelyard.impact.result import UNKNOWN, CannotSay, Note


def from_analyses(analyses: Mapping[str, Mapping[str, Any]]) -> Pooled | CannotSay:
    """Pools analyses (name -> their JSON) by their headlines on the log scale.

    Those without such a headline, or whose effect was not identified, are left out and named.
    """
    taken: list[Result] = []
    notes: list[Note] = []
    for name, analysis in sorted(analyses.items()):
        headline, verdict = analysis.get("headline") or {}, analysis.get("verdict") or {}
        reason = _unfit(headline, str(verdict.get("code", "")))
        if reason:
            notes.append(Note("left_out", f"{name} is left out: {reason}."))
            continue
        se = _wide(headline)
        evidence = str(verdict.get("evidence", ""))
        taken.append(Result(name, float(headline["estimate"]), se, evidence))
    if len({each.evidence for each in taken}) > 1:
        notes.append(
            Note(
                "mixed_evidence",
                "The studies differ in how sure each is by its design; pooling does not mend the"
                " weaker ones.",
            )
        )
    return pool(taken, "log", notes)


def _unfit(headline: Mapping[str, Any], code: str) -> str:
    if code in ("not_identified", "refused"):
        return "it does not say what caused its change"
    if headline.get("estimate") is None or not headline.get("se"):
        return "it has no estimate with a standard error"
    return "" if headline.get("scale") == "log" else "its headline is not a ratio"


def _wide(headline: Mapping[str, Any]) -> float:
    """The standard error; wider where few clusters made the study's own interval wide."""
    low, high = headline.get("ci") or UNKNOWN
    if low is None or high is None:
        return float(headline["se"])
    return max(float(headline["se"]), (float(high) - float(low)) / (2 * Z95))


NAMES = ("study", "name", "trial", "label", "id")
ESTIMATES = ("estimate", "yi", "log_ratio", "effect", "b", "te")
ERRORS = ("se", "sei", "std_error", "stderr", "sete")
VARIANCES = ("vi", "variance", "var")


def read_results(rows: Sequence[Mapping[str, str]]) -> list[Result]:
    """Studies from a table: name, estimate, and se, variance (vi) or ci_low and ci_high."""
    found = []
    for line, row in enumerate(rows, start=2):
        low = {key.strip().lower(): value for key, value in row.items()}
        name = next((low[key] for key in NAMES if low.get(key)), f"study {line - 1}")
        estimate = _number(low, ESTIMATES, line)
        if estimate is None:
            raise BadPanel("there is no estimate.", f"Name its column {ESTIMATES[0]}.", line)
        found.append(Result(name, estimate, _error(low, line)))
    return found


def _error(row: Mapping[str, str], line: int) -> float:
    se, variance = _number(row, ERRORS, line), _number(row, VARIANCES, line)
    low, high = _number(row, ("ci_low", "ci_lower", "low"), line), None
    if low is not None:
        high = _number(row, ("ci_high", "ci_upper", "high"), line)
    if se is not None:
        return se
    if variance is not None and variance > 0:
        return float(np.sqrt(variance))
    if low is not None and high is not None:
        return (high - low) / (2 * Z95)
    raise BadPanel("there is no standard error.", "Name its column se, vi, or ci_low.", line)


def _number(row: Mapping[str, str], names: Sequence[str], line: int) -> float | None:
    text = next((row[key] for key in names if row.get(key) not in (None, "")), None)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise BadPanel(f"{text!r} is not a number.", row=line) from None
