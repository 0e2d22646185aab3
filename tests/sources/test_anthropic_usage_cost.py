"""Usage & Cost of the Console: tokens per account and key, and every cent of the cost report."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from tests.sources.anthropic_reading import NOW, nanos, of, reading
from tests.standins.anthropic import ADMIN_KEY, ENTERPRISE_KEY, TOKENS, Anthropic
from tests.standins.server import Answer

from steelyard.errors import SourceChanged, SourceDenied
from steelyard.model import BillingLine, UsageDay

KIND = "anthropic-usage-cost"
CODE, OTHER = "wrkspc_code", "wrkspc_app"
MODELS = ("claude-opus-5", "claude-haiku-4-5")


def message(day: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """Usage of a day; the context window splits what the source does not ask to be split."""
    return {
        "date": day,
        "account_id": "user_01Ada",
        "api_key_id": None,
        "workspace_id": CODE,
        "model": MODELS[0],
        "context_window": "0-200k",
        "uncached_input_tokens": 100 * number,
        "output_tokens": 10 * number,
        "cache_read_input_tokens": 9_000_000_001 * number,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "web_search_requests": 2,
        **more,
    }


def cost(day: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "date": day,
        "amount": amount,
        "workspace_id": CODE,
        "description": "Claude Opus 5 Usage - Input Tokens",
        "cost_type": "tokens",
        "model": MODELS[0],
        "token_type": "uncached_input_tokens",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "global",
        **more,
    }


def world(days: int = 40) -> Anthropic:
    made = Anthropic(NOW)
    made.users = [
        {"id": "user_01Ada", "email": "Ada@Example.com", "name": "Ada", "role": "developer"},
        {"id": "user_01Bob", "email": "bob@example.com", "name": "Bob", "role": "claude_code_user"},
        {"id": "user_01Eve", "email": "eve@example.com", "name": None, "role": "billing"},
    ]
    made.workspaces = [
        {"id": CODE, "name": "Claude Code", "archived_at": None},
        {"id": OTHER, "name": "Shop", "archived_at": "2026-11-01T00:00:00Z"},
    ]
    made.api_keys = [{"id": "apikey_01", "name": "ci", "workspace_id": OTHER, "status": "active"}]
    for back in range(days):
        day = (NOW.date() - dt.timedelta(back)).isoformat()
        made.messages += [
            message(day, 1 + back),
            message(day, 2, context_window="200k-1M"),
            message(day, 3, model=MODELS[1]),
            message(day, 4, account_id="user_01Bob"),
            message(day, 5, account_id=None, api_key_id="apikey_01", workspace_id=OTHER),
            message(day, 6, account_id=None, workspace_id=None),
        ]
        made.costs += [
            cost(day, "123.4500001"),
            cost(day, f"{back}.7", model=MODELS[1], description="Haiku"),
            cost(day, "0.0000001", token_type="cache_creation.ephemeral_1h_input_tokens"),
            cost(day, "-3.5", workspace_id=None, description="Credit", cost_type="session_usage"),
            cost(day, "10", workspace_id=OTHER, cost_type="web_search", token_type=None),
        ]
    return made


def open_source(of_world: Anthropic, key: str = ADMIN_KEY, **options: Any) -> Any:
    return reading(KIND, of_world, key, **{"since": "2026-10-15", **options})


def since(rows: list[dict[str, Any]], day: str = "2026-10-15") -> list[dict[str, Any]]:
    return [row for row in rows if row["date"] >= day]


def test_every_token_is_the_vendors() -> None:
    with open_source(world()) as source:
        records: list[UsageDay] = of(source.all("usage"), "usage_days")
    rows = since(source.world.messages)
    assert len(records) == 5 * len({row["date"] for row in rows})
    ours = ("input_tokens", "output_tokens", "cache_read_tokens")
    for name, mine in zip(TOKENS, ours, strict=True):
        assert sum(getattr(r, mine) for r in records) == sum(row[name] for row in rows)
    assert sum(r.cache_creation_tokens or 0 for r in records) == 7 * len(rows)
    assert sum(r.cache_creation_1h_tokens or 0 for r in records) == 4 * len(rows)
    assert sum(r.web_searches or 0 for r in records) == 2 * len(rows)


def test_every_nano_dollar_is_the_vendors() -> None:
    with open_source(world()) as source:
        lines: list[BillingLine] = of(source.all("costs"), "billing_lines")
    rows = since(source.world.costs)
    assert sum(line.amount_nanos for line in lines) == sum(nanos(row["amount"]) for row in rows)
    exact = sum(Decimal(row["amount"]) for row in rows)
    assert Decimal(sum(line.amount_nanos for line in lines)) == exact * 10**7
    assert len(lines) == len(rows)


def test_only_the_workspace_called_claude_code_is_claude_code() -> None:
    with open_source(world(1)) as source:
        usage, lines = (
            of(source.all("usage"), "usage_days"),
            of(source.all("costs"), "billing_lines"),
        )
    assert {(r.workspace, r.assistant) for r in usage} == {
        ("Claude Code", "claude-code"),
        ("Shop", "anthropic-api"),
        ("Default", "anthropic-api"),
    }
    assert {(r.workspace, r.assistant) for r in lines} == {
        (r.workspace, r.assistant) for r in usage
    }


def test_other_workspaces_can_be_named_as_claude_codes() -> None:
    with open_source(world(1), claude_code_workspaces="claude code, SHOP") as source:
        usage = of(source.all("usage"), "usage_days")
    assert {r.workspace for r in usage if r.assistant == "claude-code"} == {"Claude Code", "Shop"}


def test_people_are_accounts_and_keys_have_names() -> None:
    with open_source(world(1)) as source:
        usage = of(source.all("usage"), "usage_days")
    assert {(r.actor, r.api_key) for r in usage} == {
        ("account:user_01Ada", ""),
        ("account:user_01Bob", ""),
        ("", "ci"),
        ("", ""),
    }


def test_a_cost_line_says_what_it_was_for() -> None:
    with open_source(world(1)) as source:
        lines = of(source.all("costs"), "billing_lines")
    line = next(line for line in lines if line.amount_nanos == 1_234_500_001)
    assert (line.first_day, line.last_day) == (NOW.date(), NOW.date())
    assert (line.cost_type, line.token_type, line.model) == ("tokens", "input", MODELS[0])
    assert (line.provider, line.currency, line.actor) == ("anthropic", "USD", "")
    assert line.description == "Claude Opus 5 Usage - Input Tokens"
    assert [line.amount_nanos for line in lines if line.token_type == "cacheCreation"] == [1]
    assert [line.amount_nanos for line in lines if line.description == "Credit"] == [-35_000_000]


def test_rows_of_one_description_are_summed() -> None:
    twice = {"amount": "1.5", "description": "Same", "currency": "USD"}
    bucket = {"starting_at": "2026-11-20T00:00:00Z", "results": [twice, twice]}
    with open_source(Anthropic(NOW)) as source:
        pages = source.stream("costs").pages("2026-11-20", NOW)
        source.server.trouble += [Answer({"data": []}), Answer({"data": []})]
        source.server.trouble.append(Answer({"data": [bucket], "has_more": False}))
        (line,) = [record for page in pages for record in page.records]
    assert line.amount_nanos == 30_000_000


def test_days_that_still_move_are_not_final_and_become_so() -> None:
    with open_source(world()) as source:
        first = source.pages("costs")
        lines = [line for page in first for line in page.records]
        moving = {line.first_day.isoformat() for line in lines if not line.final}
        assert moving == {"2026-11-18", "2026-11-19", "2026-11-20"}
        source.world.now += dt.timedelta(7)
        later = of(source.all("costs", first[-1].cursor), "billing_lines")
    assert {line.final for line in later if line.first_day.isoformat() in moving} == {True}


def test_a_later_run_reads_the_last_days_again_and_sees_corrections() -> None:
    with open_source(world()) as source:
        first = source.pages("costs")
        source.world.costs.append(cost("2026-11-19", "1", description="Late"))
        source.world.costs.append(cost("2026-11-21", "2"))
        source.world.now += dt.timedelta(1)
        known = {(r.kind, r.key): r for page in first for r in page.records}
        known |= source.all("costs", first[-1].cursor)
        assert sum(r.amount_nanos for r in known.values()) == sum(
            nanos(row["amount"]) for row in since(source.world.costs)
        )


def test_at_most_31_days_a_call_and_today_is_among_them() -> None:
    with open_source(world(), since="2026-08-01") as source:
        source.all("usage")
        calls = [r for r in source.server.seen if r.path.endswith("/usage_report/messages")]
    spans = [(r.one("starting_at")[:10], r.one("ending_at")[:10]) for r in calls]
    assert spans[0] == ("2026-08-01", "2026-09-01")
    assert spans[-1][1] == "2026-11-21"
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
    assert {tuple(r.query["group_by[]"]) for r in calls} == {
        ("account_id", "api_key_id", "model", "workspace_id")
    }


@pytest.mark.parametrize("stream", ["usage", "costs"])
def test_killed_after_any_page_the_result_is_the_same(stream: str) -> None:
    short = world(8)
    short.most = 3
    with open_source(short, since="2026-11-12") as source:
        assert source.survives_interruptions(stream)


def test_users_become_accounts_page_by_page() -> None:
    paged = world(0)
    paged.most = 2
    with open_source(paged) as source:
        pages = source.pages("accounts")
        assert [len(page.records) for page in pages] == [2, 1]
        assert pages[-1].cursor == ""
        assert source.stream("accounts").snapshot
    accounts = {r.account: (r.email, r.name) for page in pages for r in page.records}
    assert accounts == {
        "account:user_01Ada": ("ada@example.com", "Ada"),
        "account:user_01Bob": ("bob@example.com", "Bob"),
        "account:user_01Eve": ("eve@example.com", ""),
    }


def test_a_cursor_that_expires_in_the_middle_begins_the_window_anew() -> None:
    short = world(8)
    short.most = 3
    with open_source(short, since="2026-11-12") as source:
        clean = source.all("costs")
        begun = len(source.server.seen)
        source.server.trouble += [Answer({"data": []}), Answer({"data": []})]  # names
        pages = source.stream("costs").pages(None, NOW)
        known = {(r.kind, r.key): r for r in next(pages).records}
        source.server.trouble.append(Answer({"type": "error"}, 410))
        known |= {(r.kind, r.key): r for page in pages for r in page.records}
        firsts = [r for r in source.server.seen[begun:] if r.path.endswith("cost_report")]
    assert known.keys() == clean.keys()
    assert sum(not request.one("page") for request in firsts) == 2


def test_a_cursor_that_always_expires_is_an_error_not_a_loop() -> None:
    with open_source(world(1)) as source:
        source.server.trouble += [Answer({"data": []}), Answer({"data": []})]
        source.server.trouble += [Answer({"type": "error"}, 410)] * 9
        with pytest.raises(Exception, match="410"):
            source.pages("costs")
        assert 1 <= len(source.server.trouble) <= 6


def test_limits_trouble_and_cuts_are_waited_out() -> None:
    with open_source(world(3)) as source:
        clean = source.all("usage")
        source.server.trouble += [
            Answer({}, 429, {"retry-after": "5"}),
            Answer({}, 529),
            Answer({"data": []}, cut=True),
        ]
        assert source.all("usage") == clean
    assert (source.waits[0], len(source.waits)) == (5, 3)


@pytest.mark.parametrize(
    ("stream", "bucket", "says"),
    [
        ("usage", {"results": []}, "has no `starting_at`"),
        ("costs", {"starting_at": "2026-11-20T00:00:00Z", "results": [{}]}, "has no `amount`"),
        (
            "costs",
            {"starting_at": "2026-11-20T00:00:00Z", "results": [{"amount": "a lot"}]},
            "amount",
        ),
    ],
)
def test_a_changed_shape_is_named(stream: str, bucket: dict[str, Any], says: str) -> None:
    with open_source(Anthropic(NOW)) as source:
        source.server.trouble += [Answer({"data": []}), Answer({"data": []})]
        source.server.trouble.append(Answer({"data": [bucket]}))
        with pytest.raises(SourceChanged, match=f"Anthropic's .*{says}"):
            source.pages(stream)


def test_checks_say_what_each_stream_needs() -> None:
    with open_source(world(1)) as source:
        checks = list(source.source.check())
    assert [check.ok for check in checks] == [True] * 5
    with open_source(world(1), key=ENTERPRISE_KEY) as source:
        checks = list(source.source.check())
        assert [check.ok for check in checks] == [False] * 5
        assert all("Admin API key" in check.hint for check in checks)
        with pytest.raises(SourceDenied, match="Needed: org:admin"):
            source.pages("costs")


def test_the_stand_in_refuses_what_the_vendor_refuses() -> None:
    with open_source(world()) as source:
        api = source.source.api
        base = "/v1/organizations"
        pages = {"starting_at": "2026-11-01T00:00:00Z", "limit": 3}
        token = api.get(f"{base}/cost_report", pages)["next_page"]
        for path, params, says in (
            ("/cost_report", {**pages, "limit": 4, "page": token}, "other parameters"),
            ("/cost_report", {**pages, "page": "page_!"}, "not a cursor"),
            ("/cost_report", {**pages, "limit": 32}, "between 1 and 31"),
            ("/cost_report", {**pages, "group_by[]": "account_id"}, "not one of"),
            ("/usage_report/messages", {"starting_at": "2026-11-01"}, "no zone"),
            ("/users", {"after_id": "user_none"}, "not in the list"),
        ):
            with pytest.raises(Exception, match=says):
                api.get(base + path, params)
