"""Named questions: figures against pandas over the generated month, and each known trap."""

from __future__ import annotations

import datetime as dt
import json
import math
import pickle
import re
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from steelyard.errors import UnknownName, UsageError
from steelyard.metrics import Question, ask
from steelyard.metrics.period import last_full_month
from steelyard.metrics.questions import (
    QUESTIONS,
    Panel,
    QuestionAnswer,
    Terms,
    answer_question,
    parse_terms,
)
from steelyard.metrics.questions.pricing import tier

from .engines import ChdbStore, DuckStore
from .test_joined import DAY, Listening, committed, person, put, spent
from .world import END, NOW, START, World

MONTH = Terms(START, END)
LATER = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def panel(answer: QuestionAnswer, name: str) -> Panel:
    return next(panel for panel in answer.panels if panel.name == name)


def by_group(found: Panel) -> dict[str, dict[str, Any]]:
    names = [column.name for column in found.columns]
    rows = (*found.rows, *([found.total] if found.total else []))
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in rows}


def frame(world: World, table: str) -> pd.DataFrame:
    """The month's rows with each person's team and role on that day."""
    rows = pd.DataFrame(world.rows(table))
    people = pd.DataFrame(world.tables["people"])[
        ["person", "team", "role", "valid_from", "valid_to"]
    ]
    joined = rows.reset_index().merge(people, on="person", how="left")
    on_day = (joined.valid_from <= joined.day) & (joined.day <= joined.valid_to)
    valid = joined[on_day].set_index("index")[["team", "role"]]
    return rows.join(valid).fillna({"team": "", "role": ""})


def linearised(tops: pd.Series[Any], bottoms: pd.Series[Any]) -> tuple[float, float, float]:
    """A ratio and its interval, from the covariances: Var = (Syy - 2rSxy + r²Sxx) · n / X²."""
    both = pd.concat([tops, bottoms], axis=1).fillna(0.0)
    both = both[(both != 0).any(axis=1)].astype(float)
    n, (y, x) = len(both), both.sum()
    cov, r = both.cov().to_numpy(), y / x
    variance = n * (cov[0, 0] - 2 * r * cov[0, 1] + r * r * cov[1, 1]) / x**2
    half = stats.t.ppf(0.975, n - 1) * math.sqrt(variance)
    return r, max(0.0, r - half), r + half


def check(row: dict[str, Any], name: str, wanted: tuple[float, float, float]) -> None:
    assert (row[name], row["low"], row["high"]) == tuple(
        pytest.approx(value, rel=1e-6) for value in wanted
    )


def test_cost_per_commit_by_team_is_pandas(world: World, duck: DuckStore) -> None:
    found = by_group(panel(answer_question(duck, "roi", MONTH, NOW), "cost_per_commit_by_team"))
    usage, commits = frame(world, "usage"), frame(world, "work_commits")
    for team in ("payments", "search", "o'brien\\core"):
        spend = usage[usage.team == team].groupby("person").list_nanos.sum() / 1e9
        made = commits[commits.team == team].groupby("person").size()
        check(found[team], "cost_per_commit", linearised(spend, made))
    spend = usage.groupby("person").list_nanos.sum() / 1e9
    check(found["all"], "cost_per_commit", linearised(spend, commits.groupby("person").size()))
    assert found["all"]["commits"] == len(commits)


def test_acceptance_by_role_is_pandas_and_only_of_people(world: World, duck: DuckStore) -> None:
    answer = answer_question(duck, "experience", MONTH, NOW)
    found = by_group(panel(answer, "accept_rate_by_role"))
    decided = frame(world, "decisions")
    asked = decided[decided.is_edit & decided.by_person]
    for role in ("engineer", "designer"):
        mine = asked[asked.role == role]
        accepted = mine[mine.decision == "accept"].groupby("person").decisions.sum()
        every = mine.groupby("person").decisions.sum()
        check(found[role], "accept_rate", linearised(accepted, every))
    assert found["all"]["edits"] == asked.decisions.sum() < decided.decisions.sum()


def test_adoption_is_of_the_people_employed(world: World, duck: DuckStore) -> None:
    found = by_group(panel(answer_question(duck, "adoption", MONTH, NOW), "adoption_by_team"))
    staff = pd.DataFrame(world.tables["people"])
    staff = staff[(staff.valid_from <= END) & (staff.valid_to >= END)]
    staff = staff[staff.start_date.isna() | (staff.start_date <= END)]
    staff = staff[staff.end_date.isna() | (staff.end_date >= END)]
    active = staff.person.isin({row["person"] for row in world.rows("person_days")})
    assert (found["all"]["people"], found["all"]["adopted_share"]) == (
        len(staff),
        pytest.approx(active.mean()),
    )
    for team, mine in active.groupby(staff.team):
        if team and len(mine) >= 5:
            assert found[team]["adopted_share"] == pytest.approx(mine.mean())
            assert found[team]["low"] <= mine.mean() <= found[team]["high"]
    # Nothing is recorded before the month, so nothing is said of a change.
    assert all(row["change_points"] is None for row in found.values())


def staffed(store: DuckStore, sizes: dict[str, tuple[int, int, int]]) -> None:
    """Departments as (people, active in September, active in October)."""
    for name, (size, then, now) in sizes.items():
        for n in range(size):
            person(store, who := f"{name}{n}@acme.example", "", department=name)
            for month, active in ((9, then), (10, now)):
                if n < active:
                    day = dt.date(2026, month, 1)
                    put(store, "person_days", person=who, assistant="codex", day=day)


def test_a_group_stalls_below_the_whole_by_more_than_chance(empty: DuckStore) -> None:
    staffed(
        empty,
        {
            "Legal": (40, 4, 4),  # low, and stays so
            "Sales": (40, 0, 12),  # low, and rises
            "Art": (6, 2, 2),  # low by what six people vary by
            "Code": (60, 54, 54),
            "Tiny": (4, 0, 0),
        },
    )
    answer = answer_question(empty, "adoption", Terms(dt.date(2026, 10, 1), END), NOW)
    found = by_group(panel(answer, "adoption_by_department"))
    assert {name for name, row in found.items() if row["note"] == "stalls"} == {"Legal"}
    assert "It stalls in Legal: below that" in answer.sentence
    assert found["Sales"]["change_points"] == pytest.approx(30)
    assert found["Sales"]["change_low"] > 0 > found["Legal"]["change_low"]
    assert found["Tiny"]["adopted_share"] is None and "fewer than 5" in found["Tiny"]["note"]


def test_medians_by_team_are_of_bugs_alone(world: World, duck: DuckStore) -> None:
    found = by_group(panel(answer_question(duck, "bugs", MONTH, NOW), "resolution_by_team"))
    issues = frame(world, "work_issues")
    bugs = issues[(issues.event == "resolved") & issues.issue_type.str.lower().isin(["bug"])]
    hours = bugs.resolution_hours.dropna().astype(float)
    exact = stats.quantile_test(hours, q=0, p=0.5).confidence_interval(0.95)
    whole = found["all"]
    assert (whole["resolution_hours_p50"], whole["bugs"]) == (
        pytest.approx(hours.median()),
        len(hours),
    )
    assert (whole["low"], whole["high"]) == (pytest.approx(exact.low), pytest.approx(exact.high))


def test_means_per_developer_are_pandas(world: World, duck: DuckStore) -> None:
    found = by_group(panel(answer_question(duck, "roi", MONTH, NOW), "per_developer"))
    usage = frame(world, "usage")
    spend = usage.groupby("person").list_nanos.sum(min_count=1).dropna() / 1e9
    low, high = stats.t.interval(0.95, len(spend) - 1, spend.mean(), stats.sem(spend))
    check(found["spend"], "mean", (spend.mean(), low, high))
    assert found["commits"]["total"] == (frame(world, "work_commits").person != "").sum()


@pytest.mark.parametrize("name", ["roi", "experience", "stuck", "bugs"])
def test_totals_are_the_catalogues_figures(name: str, duck: DuckStore) -> None:
    checked = 0
    for each in answer_question(duck, name, MONTH, NOW).panels:
        at = each.index("value")
        if each.total is None or at is None or not each.columns[at].metric:
            continue
        metric = each.columns[at].metric
        if metric != each.columns[at].name or "resolution" in metric:
            continue
        whole = ask(duck, Question((metric,), START, END), NOW).value(metric)
        assert each.total[at] == pytest.approx(whole, rel=1e-9), each.name
        checked += 1
    assert checked or name == "bugs"


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_answered_on_clickhouse_too(
    name: str, duck: DuckStore, clickhouse: ChdbStore
) -> None:
    one, other = (answer_question(store, name, MONTH, NOW) for store in (duck, clickhouse))
    assert [p.name for p in one.panels] == [p.name for p in other.panels]
    for mine, theirs in zip(one.panels, other.panels, strict=True):
        assert len(mine.rows) == len(theirs.rows), mine.name
        for row, same in zip(sorted(mine.rows, key=str), sorted(theirs.rows, key=str), strict=True):
            for cell, also in zip(row, same, strict=True):
                assert cell == (pytest.approx(also) if isinstance(also, float) else also)


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_recorded_is_said_and_is_not_zero(name: str, empty: DuckStore) -> None:
    answer = answer_question(empty, name, MONTH, NOW)
    assert re.search(r"\bno\b|not known|cannot be said|nothing", answer.sentence, re.IGNORECASE)
    for each in answer.panels:
        at = each.index("value")
        assert all(row[at or 0] is None for row in each.rows if at is not None), each.name
        assert each.title
    json.dumps(answer.to_json())
    assert answer.csv().startswith("question,panel,group,figure")


@pytest.mark.parametrize("name", QUESTIONS)
def test_both_sides_look_at_the_same_days(name: str, duck: DuckStore) -> None:
    """Seven days of cost are never set against thirty days of issues."""
    store = Listening(duck)
    answer_question(store, name, Terms(END - dt.timedelta(days=6), END), NOW)
    found = {
        days
        for sql in store.asked
        for days in re.findall(
            r"\b(?:f\.)?day BETWEEN CAST\('(\S+)' AS DATE\) AND CAST\('(\S+)' AS DATE\)", sql
        )
    }
    week = ("2026-10-25", "2026-10-31")
    month = ("2026-10-01", "2026-10-31")
    before = ("2026-10-18", "2026-10-24")  # what a change is one from
    allowed = {"pricing": {week, month}, "adoption": {week, before}}.get(name, {week})
    if name == "experience":  # its weeks since first use say that they look further back
        found = {days for days in found if days[0] > "2026-10-20"}
    found.discard(("2000-01-01", "2026-10-31"))  # since when people are known
    assert found and found <= allowed


def test_plans_are_set_against_a_whole_month_never_a_week(empty: DuckStore) -> None:
    for number in range(6):
        person(empty, f"p{number}", "payments")
        spent(empty, f"p{number}", 30, day=dt.date(2026, 10, 2))
        spent(empty, f"p{number}", 90, day=dt.date(2026, 10, 28))
        spent(empty, f"p{number}", 500, day=dt.date(2026, 11, 18))
    week = Terms(dt.date(2026, 11, 14), dt.date(2026, 11, 20))
    found = panel(answer_question(empty, "pricing", week, LATER), "spend_tiers")
    assert by_group(found)["$100–200"]["count"] == 6
    assert "October 2026" in found.subtitle


def test_the_last_full_month_is_over() -> None:
    assert last_full_month(dt.date(2026, 11, 29))[1] == dt.date(2026, 10, 31)
    assert last_full_month(dt.date(2026, 11, 30)) == (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert [tier(usd) for usd in (0, 19.99, 20, 100, 100.01, 200, 200.01)] == [
        *("<$20", "<$20", "$20–100", "$20–100", "$100–200", "$100–200", ">$200")
    ]


def test_what_a_setting_decided_is_no_acceptance(empty: DuckStore) -> None:
    for number in range(6):
        who = {"person": f"p{number}", "tool": "Edit", "is_edit": True}
        put(empty, "decisions", decision="accept", source="config", decisions=90, **who)
        said = {"decision": "accept" if number else "reject", "source": "user_temporary"}
        put(empty, "decisions", by_person=True, decisions=1, **who | said)
    answer = answer_question(empty, "experience", Terms(DAY, DAY), NOW)
    assert by_group(panel(answer, "accept_rate_by_role"))["all"]["accept_rate"] == 5 / 6
    stuck = answer_question(empty, "stuck", Terms(DAY, DAY), NOW)
    assert by_group(panel(stuck, "rejections_by_tool"))["Edit"]["tool_reject_rate"] == 1 / 6


def session(store: DuckStore, name: str, size: str, **more: Any) -> None:
    common = {"person": name, "session": f"s-{name}-{size}"}
    put(store, "sessions", session_size=size, **common | more)
    put(store, "session_days", worked=True, by_telemetry=True, **common | {"tokens": 9_000_000})


def test_a_session_is_as_large_as_its_largest_context(empty: DuckStore) -> None:
    for number in range(6):
        session(empty, f"p{number}", "<100k", context_tokens_max=90_000, is_large=False)
    found = panel(answer_question(empty, "stuck", Terms(DAY, DAY), NOW), "session_sizes")
    assert by_group(found)["<100k"]["share"] == 1.0
    assert by_group(found)[">1M"]["share"] == 0.0


def test_long_sessions_without_result(empty: DuckStore) -> None:
    for number in range(8):
        flags = {"session_duration": ">30m" if number < 6 else "5-30m", "minutes": 50.0}
        session(empty, f"p{number}", "<100k", commits=int(number == 0), **flags)
    put(
        *(empty, "session_days"),
        person="p1",
        session="s-p1-<100k",
        worked=True,
        approved_edits=3,
    )
    found = panel(
        answer_question(empty, "stuck", Terms(DAY, DAY), NOW), "long_without_result_by_team"
    )
    whole = by_group(found)["all"]
    assert (whole["long_without_result_share"], whole["sessions"]) == (4 / 6, 6)


def test_more_than_ten_rejections_by_tool(empty: DuckStore) -> None:
    for number, (edits, shells) in enumerate([(6, 5), (10, 0), (2, 30)]):
        for tool, count in (("Edit", edits), ("Bash", shells)):
            who = {"person": f"p{number}", "session": f"s{number}", "tool": tool}
            said = {"decision": "reject", "source": "user_reject", "by_person": True}
            put(empty, "decisions", decisions=count, **who | said)
    found = panel(answer_question(empty, "stuck", Terms(DAY, DAY), NOW), "many_rejections_by_tool")
    assert found.rows[0][:3] == ("Bash", 2, 35)
    assert found.rows[1][:3] == ("Edit", 2, 8)
    assert found.title.startswith("2 sessions have more than 10 rejections")


@pytest.fixture
def floors(empty: DuckStore) -> DuckStore:
    """Six people in payments, four in search."""
    for number in range(10):
        name = f"p{number}"
        person(empty, name, "payments" if number < 6 else "search")
        spent(empty, name, 10 * (number + 1))
        committed(empty, name, 1 + number % 3)
    return empty


def test_small_groups_are_not_shown_but_count_in_the_total(floors: DuckStore) -> None:
    found = by_group(
        panel(answer_question(floors, "roi", Terms(DAY, DAY), NOW), "cost_per_commit_by_team")
    )
    assert found["payments"]["people"] == 6
    search = found["search"]
    assert search["note"] == "fewer than 5 people"
    assert [search[n] for n in ("cost_per_commit", "low", "high", "people", "commits")] == [
        None
    ] * 5
    assert (found["all"]["people"], found["all"]["commits"]) == (10, 19)


def test_filters_do_not_get_below_the_floor(floors: DuckStore) -> None:
    terms = Terms(DAY, DAY, (("team", ("search",)),))
    answer = answer_question(floors, "roi", terms, NOW)
    assert answer.sentence == "Not shown: fewer than 5 people are left by the filters."
    assert all(panel.hidden and not panel.rows and not panel.total for panel in answer.panels)
    assert "$" not in answer.csv()


def bugs_of(store: DuckStore, assisted: str, hours: list[float], kind: str = "BUG") -> None:
    for number, taken in enumerate(hours):
        what = {"person": f"{assisted}{number % 7}", "issue": f"{assisted}-{number}"}
        what |= {"event": "resolved", "issue_type": kind, "assisted": assisted}
        put(store, "work_issues", resolution_hours=taken, **what)


def test_faster_is_association_with_both_intervals(empty: DuckStore) -> None:
    bugs_of(empty, "yes", [float(n) for n in range(1, 31)])
    bugs_of(empty, "no", [float(n) for n in range(51, 81)])
    bugs_of(empty, "no", [5000.0] * 9, kind="Story")
    answer = answer_question(empty, "bugs", Terms(DAY, DAY), NOW)
    found = panel(answer, "resolution_with_and_without")
    rows = by_group(found)
    assert rows["with an assistant"]["resolution_hours_p50"] == 15.5
    assert rows["without a mark of one"]["resolution_hours_p50"] == 65.5
    assert rows["without a mark of one"]["bugs"] == 30
    gap = rows["difference"]
    assert gap["resolution_hours_p50"] == -50.0
    assert gap["low"] < -50 < gap["high"] < 0
    assert found.association
    assert "association, not effect" in answer.sentence
    assert not re.search(r"\b(because|caused|thanks to|makes)\b", answer.sentence)


def test_a_difference_within_chance_is_said_to_be_that(empty: DuckStore) -> None:
    bugs_of(empty, "yes", [float(n) for n in range(1, 31)])
    bugs_of(empty, "no", [float(n) for n in range(2, 32)])
    answer = answer_question(empty, "bugs", Terms(DAY, DAY), NOW)
    assert "cannot be told from no difference" in answer.sentence


def test_weeks_since_first_use_compare_the_same_people(empty: DuckStore) -> None:
    first = dt.date(2026, 6, 1)
    for number in range(12):
        who = {"person": f"p{number}"}
        for week in range(13):
            day = first + dt.timedelta(weeks=week)
            if number >= 8 and week > 3:
                continue  # they left
            accepted = 5 + number % 3 + (2 if week > 7 else 0)
            put(empty, "person_days", by_telemetry=True, day=day, **who)
            for decision, count in (("accept", accepted), ("reject", 10 - accepted)):
                said = {"decision": decision, "source": "user_temporary", "by_person": True}
                edit = {"tool": "Edit", "is_edit": True, "decisions": count, "day": day}
                put(empty, "decisions", **who | said | edit)
    terms = Terms(dt.date(2026, 8, 20), dt.date(2026, 8, 31))
    answer = answer_question(empty, "experience", terms, NOW)
    found = panel(answer, "acceptance_by_weeks_since_first_use")
    assert [row[0] for row in found.rows] == list(range(1, 14))
    assert [row[4] for row in found.rows] == [12] * 4 + [8] * 9
    assert "The same 8 people's acceptance" in answer.sentence
    assert "20.0 points higher" in answer.sentence
    assert found.association


def test_bills_are_beside_list_price_never_added(empty: DuckStore) -> None:
    spent(empty, "ann", 80)
    put(empty, "bills", usd_nanos=100 * 10**9, amount_nanos=100 * 10**9, currency="USD")
    answer = answer_question(empty, "reconciliation", Terms(DAY, DAY), NOW)
    whole = by_group(panel(answer, "by_assistant"))["all"]
    assert (whole["spend_usd"], whole["spend_billed_usd"]) == (80.0, 100.0)
    assert whole["billed_over_list"] == 1.25
    assert whole["spend_reported_usd"] is None


def test_the_bill_is_explained_in_parts_that_sum_to_it(duck: DuckStore) -> None:
    found = panel(answer_question(duck, "reconciliation", MONTH, NOW), "from_list_to_bill")
    parts = [row[1] for row in found.rows if isinstance(row[1], float)]
    assert found.total is not None
    assert sum(parts) == pytest.approx(found.total[1])
    search = Terms(START, END, (("team", ("search",)),))
    narrowed = answer_question(duck, "reconciliation", search, NOW)
    assert "from_list_to_bill" not in [each.name for each in narrowed.panels]


def test_no_saving_is_claimed_without_todays_plan(duck: DuckStore) -> None:
    """Plans are looked at for the whole month, and only of those the filters leave."""
    week = Terms(END - dt.timedelta(days=6), END)
    found = panel(answer_question(duck, "pricing", week, NOW), "plan_fit")
    assert found.title.startswith("No saving can be claimed: today's plan is known of none")
    assert "October 2026" in found.subtitle
    search = Terms(START, END, (("team", ("search",)),))
    narrowed = panel(answer_question(duck, "pricing", search, NOW), "plan_fit")
    assert narrowed.n is not None and found.n is not None and narrowed.n < found.n
    model = Terms(START, END, (("model", ("claude-opus-5-5",)),))
    assert "plan_fit" not in [p.name for p in answer_question(duck, "pricing", model, NOW).panels]


def test_teams_that_differ_are_named_and_others_are_not(empty: DuckStore) -> None:
    for number in range(24):
        team = "dear" if number < 12 else "cheap"
        person(empty, f"p{number}", team)
        spent(empty, f"p{number}", (100 if number < 12 else 10) + number % 5)
        committed(empty, f"p{number}", 2)
    found = answer_question(empty, "roi", Terms(DAY, DAY), NOW)
    title = panel(found, "cost_per_commit_by_team").title
    assert title == "Dear has the highest cost per commit, $50.88; cheap has $6.04"


def test_what_filters_do_not_apply_to_is_left_out_and_named(duck: DuckStore) -> None:
    terms = Terms(START, END, (("project", ("ACME",)),))
    answer = answer_question(duck, "bugs", terms, NOW)
    assert "cost_per_issue_by_team" not in [each.name for each in answer.panels]
    note = next(n for n in answer.warnings if n.code == "filter_does_not_apply")
    assert "cost_per_issue" in note.affects
    with pytest.raises(UsageError, match="cannot be filtered by model"):
        answer_question(duck, "bugs", Terms(START, END, (("model", ("x",)),)), NOW)


def test_names_are_checked_and_terms_travel() -> None:
    terms = parse_terms(NOW.date(), period="7d", where=["team=payments", "team=search"])
    assert terms.where == (("team", ("payments", "search")),)
    assert pickle.loads(pickle.dumps(terms)) == terms
    store = DuckStore()
    with pytest.raises(UnknownName):
        answer_question(store, "rio", MONTH, NOW)
    with pytest.raises(UnknownName):
        answer_question(store, "roi", Terms(START, END, (("teem", ("x",)),)), NOW)


def test_the_same_question_is_answered_from_memory(duck: DuckStore) -> None:
    assert answer_question(duck, "roi", MONTH, NOW) is answer_question(duck, "roi", MONTH, NOW)
