"""Where are people stuck? Rejections, costly and large sessions, long ones without result, errors.

Only decisions that people made count as rejections. A session's size is its largest single
context, never the sum of what was read from the cache.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from steelyard.metrics.catalogue import metric
from steelyard.metrics.measures import Count, Is, Sum
from steelyard.metrics.questions.asking import Asking, Part
from steelyard.metrics.questions.compare import (
    Compared,
    panel_of,
    ratio_of,
    ratio_panel,
    share_of,
    together,
)
from steelyard.metrics.questions.distribution import Spread, distribution_panel
from steelyard.metrics.questions.intervals import LEVEL
from steelyard.metrics.questions.panel import Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import BRACKETS, bracketed, figure

METRICS = (
    *("tool_reject_rate", "cost_per_session", "large_session_share", "stuck_session_share"),
    *("sessions", "api_errors"),
)
BY = "team"
SIZES = ("<100k", "100k-500k", "500k-1M", ">1M")
LONG = ">30m"
MANY = 10  # rejections in one session, above which it counts as stuck
_SHOWN = 20
_PEOPLE_ONLY = "Only decisions that people made; what a setting refused is no rejection."
_SIZE = "Size is the largest single context of a session, not the sum of cache reads."
_BEGAN = "Counted on the day the session began."


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    long = _long_sessions(asking)
    panels = [
        _without_result(asking, long),
        ratio_panel(asking, _rejected("team")),
        ratio_panel(asking, _rejected("tool")),
        ratio_panel(
            asking,
            Compared(
                *("cost_per_session_by_team", "cost_per_session", "team"),
                *("cost per session", "sessions"),
            ),
        ),
        distribution_panel(asking, _sizes()),
        ratio_panel(
            asking,
            Compared(
                *("large_sessions_by_team", "large_session_share", "team"),
                *("share of sessions over 500k of context", "sessions"),
                notes=(_SIZE, "Sessions of unknown size are left out."),
            ),
        ),
        _many_rejections(asking),
        _errors(asking),
    ]
    return _sentence(asking, long), panels


def _sentence(asking: Asking, long: list[Part] | None) -> str:
    said = []
    if long:
        share = bracketed(share_of(together(long), LEVEL), "share")
        said.append(f"{share} of sessions over 30 minutes ended without a commit or accepted edit")
    for name, text in (
        ("tool_reject_rate", "people rejected {} of what they were asked about"),
        ("large_session_share", "{} of sessions went over 500k of context"),
    ):
        if asking.carries(name):
            estimate = ratio_of([p for p in asking.parts(name) if p.bottom], LEVEL)
            if estimate.value is not None and not _few(asking, name):
                said.append(text.format(bracketed(estimate, "share")))
    if not said:
        return "No session of this period tells whether anybody is stuck."
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}. {BRACKETS} Reading and planning can look stuck."


def _few(asking: Asking, name: str) -> bool:
    people = {p.person for p in asking.parts(name) if p.person}
    return bool(asking.filtered) and len(people) < asking.terms.min_people


def _rejected(by: str) -> Compared:
    name, what = f"rejections_by_{by}", "share of decisions that were rejections"
    return Compared(name, "tool_reject_rate", by, what, "decisions", notes=(_PEOPLE_ONLY,))


def _sizes() -> Spread:
    subtitle = "Share of sessions by the largest single context, tokens · 95% intervals"
    notes = (_SIZE,)
    of = ("session_sizes", "sessions", "session_size", "sessions")
    return Spread(*of, SIZES, subtitle, "had a context of", notes)


def _long_sessions(asking: Asking) -> list[Part] | None:
    """Each long session by team and person: 1 without any result, else 0."""
    if not asking.carries("large_session_share", "team", "session", "session_duration"):
        return None
    held = dict(asking.terms.where).get("session_duration")
    if held is not None and LONG not in held:
        return []
    counted = (
        Count("sessions"),
        Sum("sessions", "commits"),
        Sum("session_days", "approved_edits"),
    )
    found = asking.narrowed("session_duration", (LONG,)).evaluated(
        counted, "team", "session", "person"
    )
    return [
        Part((key[0],), str(key[-1]), float(not commits and not edits), 1.0)
        for key, (sessions, commits, edits) in found.items()
        if sessions
    ]


def _without_result(asking: Asking, long: list[Part] | None) -> Panel | None:
    if long is None:
        return None
    about = Compared(
        *("long_without_result_by_team", "", "team"),
        *("share of sessions over 30 minutes without result", "sessions"),
        unit="share",
        figure="long_without_result_share",
        notes=(
            "Without result: no commit and no accepted edit, by whomever it was accepted.",
            _BEGAN,
        ),
    )
    return panel_of(asking, about, long, share_of)


def _many_rejections(asking: Asking) -> Panel | None:
    """Sessions with more than ten rejections by a person, and the tools that were rejected."""
    if not asking.carries("edit_decisions", "tool", "session", "decision"):
        return None
    said = dict(asking.terms.where).get("decision", ("reject",))
    rejected = Sum("decisions", "decisions", filters=(Is("by_person", True),))
    held = asking.narrowed("decision", [value for value in said if value == "reject"] or [""])
    found = held.evaluated((rejected,), "tool", "session", "person")
    per_session: Counter[object] = Counter()
    for (_, session, _person), (count,) in found.items():
        per_session[session] += int(count or 0) if session else 0
    stuck = {session for session, count in per_session.items() if count > MANY}
    return _tools_panel(
        {key: int(count or 0) for key, (count,) in found.items() if key[1] in stuck and count},
        len(stuck),
    )


def _tools_panel(found: dict[tuple[object, ...], int], stuck: int) -> Panel:
    rejections: Counter[str] = Counter()
    sessions: dict[str, set[object]] = defaultdict(set)
    for (tool, session, _), count in found.items():
        rejections[str(tool)] += count
        sessions[str(tool)].add(session)
    whole = sum(rejections.values())
    rows: tuple[Row, ...] = tuple(
        (tool or "tool not said", len(sessions[tool]), count, count / whole)
        for tool, count in rejections.most_common()
    )
    noun = "session has" if stuck == 1 else "sessions have"
    title = f"{stuck:,} {noun} more than {MANY} rejections"
    if rows:
        title += f"; {figure(rows[0][3], 'share')} of those are of {rows[0][0]}"  # type: ignore[arg-type]
    return Panel(
        "many_rejections_by_tool",
        title if stuck else f"No session has more than {MANY} rejections",
        f"Sessions with more than {MANY} rejections by a person, by the tool rejected",
        (
            PanelColumn("tool", "tool", "group"),
            PanelColumn("sessions", "sessions", "value"),
            PanelColumn("rejections", "rejections", "count"),
            PanelColumn("share", "share of rejections", "count", "share"),
        ),
        rows,
        len({person for _, _, person in found if person}) or None,
        metrics=("tool_reject_rate",),
        notes=(_PEOPLE_ONLY, "A session counts once for each tool that was rejected in it."),
    )


def _errors(asking: Asking) -> Panel | None:
    """Failed calls by error and model, with the share of the model's calls that failed so."""
    if not asking.carries("api_errors", "error", "status", "model"):
        return None
    failed = asking.amounts("api_errors", "error", "status", "model")
    errors: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for part in failed:
        key = str(part.group[0] or part.group[1] or "error not said"), str(part.group[2])
        errors[key] += int(part.top or 0)
        if part.top:
            people[key].add(part.person)
    calls = {key[0]: n for key, (n,) in asking.evaluated((Count("requests"),), "model").items()}
    least = asking.terms.min_people

    def _many(who: set[str]) -> int | None:
        return len(who) if len(who) >= least else None

    rows: tuple[Row, ...] = tuple(
        (
            error,
            model or "model not said",
            count,
            _over(count, calls.get(model)),
            _many(people[key]),
        )
        for key, count in errors.most_common(_SHOWN)
        if count
        for error, model in [key]
    )
    return Panel(
        "errors_by_model",
        _errors_title(rows, sum(errors.values()), bool(calls)),
        "Calls to a model that failed for good, by error and model",
        (
            PanelColumn("error", "error", "group"),
            PanelColumn("model", "model", "group"),
            PanelColumn("errors", "errors", "value", metric="api_errors"),
            PanelColumn("share", "share of the model's calls", "count", "share"),
            PanelColumn("people", "people", "people"),
        ),
        rows,
        len(set().union(*people.values())) if people else None,
        metrics=("api_errors",),
        notes=metric("api_errors").caveats,
    )


def _over(count: float, whole: float | None) -> float | None:
    return count / whole if whole else None


def _errors_title(rows: tuple[Row, ...], errors: int, has_calls: bool) -> str:
    if rows:
        most = f"{rows[0][0]} at {rows[0][1]}"
        return f"{errors:,} calls failed for good; most often {most}, {rows[0][2]:,} times"
    return "No call failed for good" if has_calls else "No calls to models were recorded"
