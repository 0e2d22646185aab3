"""What the pipeline says of the demo company is what truly happened there, to the nano-dollar."""

from __future__ import annotations

import pytest
from tests.demo.company import Loaded, shared_demo

from steelyard.metrics import Question

CLAUDE = "claude-code"


@pytest.fixture(scope="module")
def demo() -> Loaded:
    return shared_demo()


def ask(demo: Loaded, *metrics: str, by: tuple[str, ...] = (), **where: str) -> list[dict]:
    shape = demo.company.shape
    filters = {name: (value,) for name, value in where.items()}
    question = Question(metrics, by=by, start=shape.first, end=shape.end, where=filters)
    return list(demo.house.ask(question).records())


def figures(demo: Loaded, metric: str, by: str) -> dict[str, float]:
    """Rows that are not empty, by one dimension."""
    rows = ask(demo, metric, by=(by,))
    return {str(row[by] or ""): row[metric] for row in rows if row[metric]}


def test_nothing_was_set_aside(demo: Loaded) -> None:
    assert demo.house.inbox.poison() == []


def test_spend_is_the_list_price_to_the_nano_dollar(demo: Loaded) -> None:
    sql = "select sum(list_nanos), sum(tokens) from usage"
    tokens = demo.truth.tokens
    told = demo.house.warehouse.query(sql)[0]
    assert tuple(map(int, told)) == (tokens.list_nanos.sum(), tokens.tokens.sum())
    assert tokens.list_nanos.sum() == demo.truth.sessions.list_nanos.sum() > 10**9


@pytest.mark.parametrize(
    "by", ["person", "team", "model", "token_type", "assistant", "query_source", "effort", "day"]
)
def test_tokens_by_every_dimension(demo: Loaded, by: str) -> None:
    tokens = demo.truth.tokens
    if by in ("query_source", "effort"):
        tokens = tokens[tokens.assistant == CLAUDE]
        rows = ask(demo, "tokens", by=(by,), assistant=CLAUDE)
        told = {str(row[by] or ""): row["tokens"] for row in rows if row["tokens"]}
    else:
        told = figures(demo, "tokens", by)
    true = tokens.groupby(by).tokens.sum()
    assert told == {str(key): value for key, value in true.items() if value}


@pytest.mark.parametrize("by", ["person", "team", "assistant", "day"])
def test_spend_and_sessions(demo: Loaded, by: str) -> None:
    groups = demo.truth.sessions.groupby(by)
    spent = {str(k): v / 1e9 for k, v in groups.list_nanos.sum().items()}
    assert figures(demo, "spend_usd", by) == pytest.approx(spent, abs=1e-12)
    assert figures(demo, "sessions", by) == {str(k): v for k, v in groups.session.count().items()}


def test_what_sessions_were_made_of(demo: Loaded) -> None:
    sessions, claude = demo.truth.sessions, demo.truth.sessions.query("assistant == @CLAUDE")
    gemini = sessions[sessions.assistant == "gemini-cli"]
    errors = demo.truth.errors
    true = {
        "prompts": sessions.prompts.sum(),
        "api_requests": sessions.requests.sum(),
        "api_errors": (errors.assistant == CLAUDE).sum() if len(errors) else 0,
        "active_people": sessions.person.nunique(),
        "session_starts": len(claude) + len(gemini),
        "commits_by_assistant": claude.commits.sum(),
        "prs_by_assistant": claude.pull_requests.sum(),
        "edit_decisions": len(demo.truth.decisions),
    }
    told = ask(demo, *true)[0]
    assert {name: told[name] for name in true} == true


def test_active_minutes_and_lines(demo: Loaded) -> None:
    claude = demo.truth.sessions.query("assistant == @CLAUDE")
    minutes = (claude.active_user.sum() + claude.active_cli.sum()) / 60
    told = ask(demo, "active_minutes", "lines_suggested", assistant=CLAUDE)[0]
    assert told["active_minutes"] == pytest.approx(minutes)
    assert told["lines_suggested"] == claude.lines_added.sum() + claude.lines_removed.sum()


def test_what_shipped(demo: Loaded) -> None:
    shape, truth = demo.company.shape, demo.truth

    def inside(days: object) -> int:
        return int(days.between(shape.first, shape.end).sum())  # type: ignore[attr-defined]

    true = {
        "prs_merged": len(truth.pull_requests),
        "commits": inside(truth.commits.day),
        "reviews": inside(truth.reviews.day),
        "issues_created": inside(truth.issues.created),
        "issues_resolved": inside(truth.issues.resolved.dropna()),
        "deployments": truth.deployments.succeeded.sum(),
        "incidents": len(truth.incidents),
        "reverts": (truth.pull_requests.reverts != "").sum(),
        "hours_logged": truth.worklogs.hours.sum(),
        "spend_billed_usd": truth.bills.amount_nanos.sum() / 1e9,
        "headcount": truth.people.ended.isna().sum(),
    }
    true = {name: value for name, value in true.items() if value}  # no incident at all is unknown
    told = ask(demo, *true)[0]
    assert {name: told[name] for name in true} == pytest.approx(true, abs=1e-9)


def test_merged_pull_requests_by_person_and_team(demo: Loaded) -> None:
    for by in ("person", "team", "repo"):
        true = demo.truth.pull_requests.groupby(by).key.count()
        assert figures(demo, "prs_merged", by) == true.to_dict()


def test_deployments_hold_what_was_merged_before(demo: Loaded) -> None:
    told = ask(demo, "lead_time_hours_p50", "pr_cycle_hours_p50")[0]
    assert told["lead_time_hours_p50"] > 0
    assert told["pr_cycle_hours_p50"] == pytest.approx(
        demo.truth.pull_requests.cycle_hours.median(), rel=1e-6
    )


def test_everybody_is_known_and_nobody_else(demo: Loaded) -> None:
    assert demo.house.unmatched() == 0
    people = {row[0] for row in demo.house.warehouse.query("select distinct person from people")}
    assert people == set(demo.truth.people.person)
