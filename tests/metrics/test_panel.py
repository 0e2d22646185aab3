"""A metric as units by weeks: sums, zeros, what is unknown, and who belongs to it."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from steelyard.errors import UsageError
from steelyard.metrics import CATALOGUE, Question, ask
from steelyard.metrics.outcome import kind_of, outcomes
from steelyard.metrics.panel import PanelQuestion, UnitWeeks, unit_weeks

from .engines import ChdbStore, DuckStore
from .world import DAY, NOW, World

MONDAYS = tuple(dt.date(2026, 9, 28) + 7 * n * DAY for n in range(5))
LATER = NOW + dt.timedelta(days=1)


def cells(panel: UnitWeeks) -> dict[tuple[str, dt.date], float | None]:
    pairs = zip(panel.members, panel.values, strict=True)
    return {(m.name, w): v for m, row in pairs for w, v in zip(panel.weeks, row, strict=True)}


def asked(store: DuckStore, metric: str, *by: str) -> dict[tuple[object, ...], float]:
    question = Question((metric,), MONDAYS[0], MONDAYS[-1] + 6 * DAY, by)
    return {row[:-1]: float(row[-1]) for row in ask(store, question, NOW).rows if row[-1]}  # type: ignore[arg-type]


@pytest.mark.parametrize("metric", ["prs_merged", "commits", "spend_usd", "hours_logged"])
def test_cells_are_what_the_question_answers_by_person_and_week(
    duck: DuckStore, metric: str
) -> None:
    panel = unit_weeks(duck, PanelQuestion(metric), LATER)
    wanted = asked(duck, metric, "person", "week")
    found = {key: value for key, value in cells(panel).items() if value}
    assert panel.weeks == MONDAYS
    assert len(found) > 20
    assert found == pytest.approx({key: wanted[key] for key in found})
    outside = {who for who, week in set(wanted) - set(found)}
    people = {member.name for member in panel.members}
    left = {f"p{n:03d}@acme.example" for n in range(0, 200, 17)}
    assert outside & people <= left, "only weeks after somebody left may be missing"


def test_both_engines_say_the_same(duck: DuckStore, clickhouse: ChdbStore) -> None:
    for metric in ("prs_merged", "pr_cycle_hours_p50", "ai_pr_share"):
        one, other = (
            unit_weeks(store, PanelQuestion(metric), LATER) for store in (duck, clickhouse)
        )
        assert one.members == other.members
        assert one.items == other.items
        assert cells(one) == pytest.approx(cells(other), nan_ok=True)


def test_no_work_is_zero_only_for_somebody_employed(duck: DuckStore) -> None:
    found = cells(unit_weeks(duck, PanelQuestion("prs_merged"), LATER))
    gone = "p017@acme.example"  # left on Tuesday, 20 October
    assert [found[gone, week] is None for week in MONDAYS] == [False] * 3 + [True] * 2
    assert 0.0 in found.values()
    assert all(value is None or value >= 0 for value in found.values())


def test_a_week_that_is_not_over_is_left_out(duck: DuckStore) -> None:
    sunday = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    assert unit_weeks(duck, PanelQuestion("prs_merged"), sunday).weeks == MONDAYS[:-1]
    window = PanelQuestion("prs_merged", start=dt.date(2026, 10, 6), end=dt.date(2026, 10, 25))
    assert unit_weeks(duck, window, LATER).weeks == MONDAYS[2:4]


def test_everybody_keeps_the_team_of_the_day(duck: DuckStore) -> None:
    def team(on: dt.date) -> str:
        panel = unit_weeks(duck, PanelQuestion("prs_merged", on=on), LATER)
        return next(m for m in panel.members if m.name == "p008@acme.example").traits["team"]

    assert team(dt.date(2026, 10, 14)) == "payments"
    assert team(dt.date(2026, 10, 15)) == "search"


def test_a_team_is_the_sum_of_its_people(duck: DuckStore) -> None:
    people = unit_weeks(duck, PanelQuestion("prs_merged"), LATER)
    teams = cells(unit_weeks(duck, PanelQuestion("prs_merged", unit="team"), LATER))
    sums: dict[tuple[str, dt.date], float] = {}
    for member, row in zip(people.members, people.values, strict=True):
        for week, value in zip(people.weeks, row, strict=True):
            key = member.traits["team"], week
            sums[key] = sums.get(key, 0) + (value or 0)
    assert teams == {key: value for key, value in sums.items() if key[0]}


def test_shares_and_durations_know_their_items(duck: DuckStore) -> None:
    share = unit_weeks(duck, PanelQuestion("ai_pr_share"), LATER)
    prs = unit_weeks(duck, PanelQuestion("prs_merged"), LATER)
    assert share.items is not None
    for made, of, part in zip(prs.values, share.items, share.values, strict=True):
        assert [value or 0 for value in made] == list(of)
        assert [value is None for value in part] == [not n for n in of]
        assert all(value is None or 0 <= value <= 1 for value in part)
    times = unit_weeks(duck, PanelQuestion("pr_cycle_hours_p50"), LATER)
    sql = (
        "select avg(ln(cycle_hours)), count(*) from work_pull_requests where cycle_hours > 0"
        " and person = ? and date_trunc('week', day) = ?"
    )
    for member, values, items in zip(times.members, times.values, times.items or (), strict=True):
        for week, value, n in zip(times.weeks, values, items, strict=True):
            if value is not None:
                mean, count = duck.query(sql, [member.name, week])[0]
                assert (math.log(value), n) == (pytest.approx(mean), count)


def test_what_belongs_to_nobody_is_said(duck: DuckStore) -> None:
    panel = unit_weeks(duck, PanelQuestion("prs_merged"), LATER)
    inside = sum(value or 0 for row in panel.values for value in row)
    assert panel.known_share == pytest.approx(inside / asked(duck, "prs_merged")[()])
    assert [note.code for note in panel.warnings] == ["not_in_panel"]


def test_where_narrows_people_and_work(duck: DuckStore) -> None:
    of = {"role": ("engineer",), "repo": ("acme/app",)}
    panel = unit_weeks(duck, PanelQuestion("prs_merged", where=of), LATER)
    assert {member.traits["role"] for member in panel.members} == {"engineer"}
    sql = "select count(*) from work_pull_requests where repo = 'acme/app' and person = ?"
    first = panel.members[0].name
    assert sum(v or 0 for v in panel.values[0]) <= duck.query(sql, [first])[0][0]
    with pytest.raises(UsageError, match="cannot be filtered by workflow"):
        unit_weeks(duck, PanelQuestion("prs_merged", where={"workflow": ("x",)}), LATER)
    with pytest.raises(UsageError, match="Nobody is there with role=pilot"):
        unit_weeks(duck, PanelQuestion("prs_merged", where={"role": ("pilot",)}), LATER)


def test_telemetry_is_unknown_before_somebody_was_seen(duck: DuckStore, world: World) -> None:
    panel = unit_weeks(duck, PanelQuestion("sessions"), LATER)
    first = dict(duck.query("select person, min(first_day) from people_seen group by 1"))
    for (who, week), value in cells(panel).items():
        if first.get(who, dt.date.max) > week + 6 * DAY:
            assert value is None
    assert "telemetry_outcome" in [note.code for note in panel.warnings]


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("cost_per_pr", "both of its sides move"),
        ("prs_per_dev_week", "divided by headcount"),
        ("active_people", "counts people"),
        ("survey_score_avg", "never told by person"),
        ("tool_latency_ms_p95", "a tail"),
        ("witness_tokens", "add up across witness"),
    ],
)
def test_what_cannot_be_an_outcome_says_why(duck: DuckStore, metric: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        unit_weeks(duck, PanelQuestion(metric), LATER)
    assert "prs_merged" in raised.value.hint


def test_every_metric_is_an_outcome_or_says_why_not() -> None:
    found = set(outcomes())
    assert {"prs_merged", "pr_cycle_hours_p50", "rework_share", "hours_logged"} <= found
    assert found == {name for name in CATALOGUE if kind_of(name)}
    assert kind_of("no_such_metric") is None


def test_nothing_recorded_and_nobody_employed_are_said(empty: DuckStore) -> None:
    with pytest.raises(UsageError, match="Nothing is recorded"):
        unit_weeks(empty, PanelQuestion("prs_merged"), NOW)
    empty.query(
        "insert into work_reviews select day::date, 'a', '', 'r', 'no', 'approved', 'r#1'"
        " from range(date '2026-10-05', date '2026-10-20', interval 1 day) t(day)"
    )
    with pytest.raises(UsageError, match="Nobody is known to be employed"):
        unit_weeks(empty, PanelQuestion("reviews"), NOW)
