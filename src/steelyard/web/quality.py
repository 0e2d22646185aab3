"""Can these figures be trusted? Coverage, freshness, what is missing, with links."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from steelyard.metrics import Answer
from steelyard.state.sources import KnownSource
from steelyard.web.answers import Line
from steelyard.web.formats import count, day, share, short_count

LATE = 2  # days without data, after which it is said to be late
GOOD = 0.9  # of people matched, of person-days with telemetry


@dataclass(frozen=True)
class Mark:
    """One thing to know. `state` is good, or low where figures must be read with it in mind;
    empty where it is not known."""

    label: str
    text: str
    url: str
    state: str = ""


def marks(
    answer: Answer, totals: Line, failing: tuple[KnownSource, ...], today: dt.date
) -> list[Mark]:
    """What the page's totals rest on; `failing` are the sources that cannot be read."""
    coverage = answer.coverage
    found = [_fresh(coverage.last_day, today), _matched(coverage.people_matched)]
    if (seen := totals.number("telemetry_coverage")) is not None:
        state = "good" if seen >= GOOD else "low"
        found.append(Mark("Use seen by telemetry", share(seen), "/sources", state))
    if (silent := coverage.silent_people) is not None:
        found.append(Mark("People without any use", count(silent), "/adoption"))
    if unpriced := totals.number("unpriced_tokens"):
        text = f"{short_count(unpriced)} tokens"
        found.append(Mark("Without a known price", text, "/spend?by=model", "low"))
    if failing:
        names = ", ".join(each.name for each in failing[:3])
        found.append(Mark("Sources that cannot be read", names, "/sources", "low"))
    return found


def _fresh(last: dt.date | None, today: dt.date) -> Mark:
    if last is None:
        return Mark("Last data", "none in this period", "/sources", "low")
    late = (today - last).days
    text = "today, not over yet" if late <= 0 else day(last, year=True)
    return Mark("Last data", text, "/sources", "good" if late <= LATE else "low")


def _matched(part: float | None) -> Mark:
    if part is None:
        return Mark("People", "none imported: no teams", "/people", "low")
    state = "good" if part >= GOOD else "low"
    return Mark("Active people known by name", share(part), "/people", state)
