"""Claude Code Analytics: several rows a person and day, one day a call, money exact."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.sources.anthropic_reading import NOW, Reading, nanos, of, reading
from tests.standins.anthropic import ADMIN_KEY, ENTERPRISE_KEY, Anthropic
from tests.standins.server import Answer

from steelyard.errors import SourceChanged, SourceDenied, SourceLimited, Unreachable
from steelyard.model import UsageDay

KIND = "claude-code-analytics"
PATH = "/v1/organizations/usage_report/claude_code"
TOOLS = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool", "teleport_tool")


def row(day: str, email: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A row in the API's shape; `number` makes its figures differ."""
    return {
        "date": f"{day}T00:00:00Z",
        "actor": {"type": "user_actor", "email_address": email},
        "organization_id": "org_1",
        "customer_type": "api",
        "subscription_type": None,
        "is_remote": False,
        "terminal_type": "vscode",
        "core_metrics": {
            "num_sessions": number,
            "lines_of_code": {"added": 10 * number, "removed": number},
            "commits_by_claude_code": 2,
            "pull_requests_by_claude_code": 1,
        },
        "tool_actions": {tool: {"accepted": number, "rejected": 1} for tool in TOOLS},
        "model_breakdown": [
            {
                "model": model,
                "tokens": {
                    "input": 100 * number,
                    "output": 30,
                    "cache_read": 9_000_000_001,
                    "cache_creation": 7,
                },
                "estimated_cost": {"currency": "USD", "amount": number + 0.1234567},
            }
            for model in ("claude-opus-5", "claude-haiku-4-5")
        ],
        **more,
    }


def world(days: int = 5) -> Anthropic:
    """Three people on each of the last days; Ada works in two terminals, and remotely."""
    rows = []
    for back in range(days):
        day = (NOW.date() - dt.timedelta(back)).isoformat()
        rows += [
            row(day, "Ada@Example.com", 1 + back),
            row(day, "Ada@Example.com", 2 + back, terminal_type="iTerm.app"),
            row(day, "Ada@Example.com", 3 + back, is_remote=True),
            row(day, "Ada@Example.com", 4, customer_type="subscription", subscription_type="team"),
            row(day, "bob@example.com", 5),
            row(day, "", 6, actor={"type": "api_actor", "api_key_name": "ci"}),
        ]
    return Anthropic(NOW, claude_code=rows, most=4)


def open_source(of_world: Anthropic, key: str = ADMIN_KEY, **options: Any) -> Any:
    return reading(KIND, of_world, key, **{"since": "2026-11-15", **options})


def usage(source: Reading) -> list[UsageDay]:
    return of(source.all("usage"), "usage_days")


def test_every_sum_is_the_vendors() -> None:
    with open_source(world()) as source:
        records, rows = usage(source), source.world.claude_code
    uses = [use for row in rows for use in row["model_breakdown"]]
    assert len(records) == len(rows) + len(uses)
    cost = sum(nanos(use["estimated_cost"]["amount"]) for use in uses)
    assert sum(record.list_nanos or 0 for record in records) == cost
    tokens = sum(use["tokens"]["cache_read"] for use in uses)
    assert sum(record.cache_read_tokens or 0 for record in records) == tokens
    sessions = sum(row["core_metrics"]["num_sessions"] for row in rows)
    assert sum(record.sessions or 0 for record in records) == sessions
    accepted = sum(tool["accepted"] for row in rows for tool in row["tool_actions"].values())
    assert sum(record.accepted or 0 for record in records) == accepted


def test_a_row_becomes_a_record_per_model_and_one_for_the_rest() -> None:
    single = Anthropic(NOW, claude_code=[row("2026-11-19", "Ada@Example.com", 3)])
    with open_source(single) as source:
        rest, *models = sorted(usage(source), key=lambda record: record.model)
        accounts = of(source.all("usage"), "accounts")
    assert (rest.model, rest.actor, rest.assistant) == ("", "email:ada@example.com", "claude-code")
    assert (rest.sessions, rest.lines_added, rest.lines_removed) == (3, 30, 3)
    assert (rest.commits, rest.pull_requests, rest.accepted, rest.rejected) == (2, 1, 15, 5)
    assert (rest.input_tokens, rest.list_nanos) == (None, None)
    assert (rest.terminal, rest.remote, rest.customer_type) == ("vscode", False, "api")
    assert [model.list_nanos for model in models] == [31_234_567, 31_234_567]
    assert [(m.input_tokens, m.cache_creation_tokens, m.sessions) for m in models] == [
        (300, 7, None),
        (300, 7, None),
    ]
    assert rest.day == dt.date(2026, 11, 19)
    assert [(a.account, a.email) for a in accounts] == [
        ("email:ada@example.com", "ada@example.com")
    ]


def test_a_key_is_an_actor_by_its_name_and_nobody() -> None:
    with open_source(world(1)) as source:
        keys = [record for record in usage(source) if record.api_key]
    assert {(record.api_key, record.actor) for record in keys} == {("ci", "")}


def test_one_day_a_call_at_the_documented_path_with_version_and_agent() -> None:
    with open_source(world(), since="2026-11-18") as source:
        source.all("usage")
        seen = source.server.seen
    assert {request.path for request in seen} == {PATH}
    days = [request.one("starting_at") for request in seen if not request.one("page")]
    assert days == ["2026-11-18", "2026-11-19", "2026-11-20"]
    assert {request.headers["anthropic-version"] for request in seen} == {"2023-06-01"}
    assert all(request.headers["user-agent"].startswith("Steelyard/") for request in seen)
    assert all("ending_at" not in request.query for request in seen)


def test_the_first_run_reads_ninety_days() -> None:
    with open_source(world(), since=None) as source:
        pages = source.pages("usage")
        assert source.server.seen[0].one("starting_at") == "2026-08-22"
    assert (pages[-1].done, pages[-1].total) == (91, 91)


def test_the_next_run_reads_the_last_days_again_and_nothing_is_lost() -> None:
    with open_source(world()) as source:
        first = source.pages("usage")
        before = len(source.server.seen)
        late = row("2026-11-19", "late@example.com", 9)
        source.world.claude_code += [late, row("2026-11-21", "ada@example.com", 1)]
        source.world.now += dt.timedelta(1)
        more = source.all("usage", first[-1].cursor)
        asked = {request.one("starting_at") for request in source.server.seen[before:]}
        assert asked == {"2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"}
        known = {(r.kind, r.key): r for page in first for r in page.records} | more
        assert known == source.all("usage")
    assert "email:late@example.com" in {record.actor for record in of(more, "usage_days")}


def test_a_run_long_after_the_last_one_leaves_no_gap() -> None:
    with open_source(Anthropic(NOW), since=None) as source:
        source.world.claude_code.append(row("2026-11-25", "ada@example.com"))
        source.world.now += dt.timedelta(100)
        assert len(of(source.all("usage", "2026-11-18"), "usage_days")) == 3


def test_what_is_younger_than_an_hour_comes_with_a_later_run() -> None:
    young = row("2026-11-20", "ada@example.com", _at=NOW - dt.timedelta(minutes=30))
    with open_source(Anthropic(NOW, claude_code=[young])) as source:
        pages = source.pages("usage")
        assert not any(page.records for page in pages)
        source.world.advance(3600)
        assert len(of(source.all("usage", pages[-1].cursor), "usage_days")) == 3


def test_killed_after_any_page_the_result_is_the_same() -> None:
    with open_source(world(), since="2026-11-15") as source:
        assert source.survives_interruptions("usage")


def test_a_page_stays_as_it_was_while_the_world_moves() -> None:
    with open_source(world(1), since="2026-11-20") as source:
        pages = source.stream("usage").pages(None, NOW)
        rows = len([r for r in next(pages).records if isinstance(r, UsageDay) and not r.model])
        del source.world.claude_code[0]
        rows += sum(isinstance(r, UsageDay) and not r.model for p in pages for r in p.records)
    assert rows == 6


def test_limits_trouble_and_cuts_are_waited_out() -> None:
    with open_source(world(2), since="2026-11-19") as source:
        clean = source.all("usage")
        source.server.trouble += [
            Answer({"type": "error"}, 429, {"retry-after": "17"}),
            Answer({"type": "error"}, 529),
            Answer({"type": "error"}, 500),
            Answer({"data": []}, cut=True),
        ]
        assert source.all("usage") == clean
    assert source.waits[0] == 17
    assert len(source.waits) == 4


def test_a_limit_longer_than_our_patience_ends_the_run() -> None:
    with open_source(world()) as source:
        source.server.trouble.append(Answer({}, 429, {"retry-after": "86400"}))
        with pytest.raises(SourceLimited, match="86400"):
            source.pages("usage")


def test_a_server_that_stays_broken_is_unreachable() -> None:
    with open_source(world()) as source:
        source.server.trouble += [Answer({}, 529)] * 6
        with pytest.raises(Unreachable, match="529"):
            source.pages("usage")


def test_unknown_fields_do_no_harm_and_missing_counts_are_unknown() -> None:
    bare = {"date": "2026-11-19T00:00:00Z", "actor": {"email_address": "a@b.c"}, "new": [1]}
    with open_source(Anthropic(NOW, claude_code=[bare])) as source:
        (record,) = usage(source)
    assert (record.sessions, record.accepted, record.lines_added) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"date": None}, "date"),
        ({"actor": "ada"}, "actor"),
        ({"model_breakdown": [{"tokens": {}}]}, "model"),
        ({"core_metrics": {"num_sessions": "many"}}, "num_sessions"),
        ({"model_breakdown": [{"model": "m", "estimated_cost": {"currency": "USD"}}]}, "amount"),
    ],
)
def test_a_changed_shape_is_named(change: dict[str, Any], says: str) -> None:
    with open_source(Anthropic(NOW)) as source:
        changed = {**row("2026-11-19", "a@b.c"), **change}
        answer = {"data": [changed], "has_more": False, "next_page": None}
        source.server.trouble.append(Answer(answer))
        with pytest.raises(SourceChanged, match=f"Anthropic's Claude Code row.*{says}"):
            source.pages("usage")


def test_an_answer_without_data_or_without_its_next_page_is_named() -> None:
    with open_source(world()) as source:
        source.server.trouble.append(Answer({"rows": []}))
        with pytest.raises(SourceChanged, match="has no `data`"):
            source.pages("usage")
        source.server.trouble.append(Answer({"data": [], "has_more": True}))
        with pytest.raises(SourceChanged, match="names no next page"):
            source.pages("usage")


def test_a_wrong_key_is_told_from_a_key_of_the_other_world() -> None:
    with open_source(world(), key="sk-ant-admin01-revoked") as source:
        (check,) = source.source.check()
        assert (check.ok, "does not accept" in check.detail) == (False, True)
        assert "revoked" in check.hint
        with pytest.raises(SourceDenied, match="invalid x-api-key"):
            source.pages("usage")
    with open_source(world(), key=ENTERPRISE_KEY) as source:
        (check,) = source.source.check()
    assert "Scopes held: read:analytics, read:rbac_groups. Needed: org:admin" in check.detail
    assert "Admin API key (sk-ant-admin01-…)" in check.hint
    assert "sk-ant-api01-enterprise" not in check.hint + check.detail


def test_a_good_key_passes_with_one_small_call() -> None:
    with open_source(world()) as source:
        assert [check.ok for check in source.source.check()] == [True]
        assert [request.one("limit") for request in source.server.seen] == ["1"]


def test_the_path_that_circulates_is_not_found() -> None:
    with open_source(world()) as source:
        api = source.source.api  # type: ignore[attr-defined]
        with pytest.raises(Exception, match="404"):
            api.get("/v1/organizations/org_1/usage/claude_code", {"starting_at": "2026-11-19"})


@pytest.mark.parametrize("hours", [-30, -2, 2, 30])
def test_a_vendor_whose_clock_is_wrong_loses_nothing(hours: int) -> None:
    with open_source(world()) as source:
        source.world.now = NOW + dt.timedelta(hours=hours)
        pages = list(source.stream("usage").pages(None, NOW))
        source.world.now = NOW
        more = source.all("usage", pages[-1].cursor)
        known = {(r.kind, r.key): r for page in pages for r in page.records} | more
        assert known == source.all("usage")
