"""Claude Enterprise Analytics: late days, revised figures, scopes, expiring cursors."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.sources.anthropic_reading import NOW, nanos, of, reading
from tests.standins.anthropic import ADMIN_KEY, ENTERPRISE_KEY, TOKENS, Anthropic
from tests.standins.server import Answer

from steelyard.errors import SourceChanged, SourceDenied
from steelyard.model import BillingLine, UsageDay
from steelyard.sources.anthropic.enterprise import moving_since

KIND = "claude-enterprise"
PEOPLE = ("Ada", "Bob", "Eve")
TOOLS = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool", "teleport_tool")


def day_of(name: str, day: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A person's day in the shape of `analytics/users`: every block there, zeros not null."""
    return {
        "date": day,
        "user": {
            "id": f"user_01{name}",
            "email_address": f"{name}@Example.com",
            "type": "user",
        },
        "web_search_count": 0,
        "claude_code_metrics": {
            "core_metrics": {
                "commit_count": 2,
                "distinct_session_count": number,
                "lines_of_code": {"added_count": 10 * number, "removed_count": 1},
                "pull_request_count": 1,
            },
            "tool_actions": {tool: {"accepted_count": 2, "rejected_count": 1} for tool in TOOLS},
        },
        "chat_metrics": {"message_count": 7, "distinct_conversation_count": 3},
        "cowork_metrics": {"message_count": 0, "distinct_session_count": 0, "action_count": 0},
        "design_metrics": {"message_count": 0, "distinct_session_count": 0},
        "science_metrics": {"message_count": 0, "distinct_session_count": 0},
        "office_metrics": {
            app: {"message_count": 1, "distinct_session_count": 1} for app in ("excel", "word")
        },
        **more,
    }


def actor(name: str) -> dict[str, Any]:
    return {
        "type": "user_actor",
        "user_id": f"user_01{name}",
        "email_address": f"{name}@Example.com",
        "name": name,
        "deleted": False,
    }


def used(name: str, day: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "date": day,
        "actor": actor(name),
        "product": "claude_code",
        "model": "claude-opus-5",
        "context_window": "0-200k",
        "uncached_input_tokens": 100 * number,
        "output_tokens": number,
        "cache_read_input_tokens": 9_000_000_001,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "web_search_requests": 1,
        **more,
    }


def cost(name: str, day: str, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "date": day,
        "actor": actor(name),
        "product": "claude_code",
        "model": "claude-opus-5",
        "cost_type": "tokens",
        "token_type": "output_tokens",
        "amount": amount,
        "list_amount": f"{amount}1",
        **more,
    }


def world(days: int = 45) -> Anthropic:
    made = Anthropic(NOW)
    for back in range(days):
        day = (NOW.date() - dt.timedelta(back)).isoformat()
        for number, name in enumerate(PEOPLE, 1):
            made.activity.append(day_of(name, day, number + back))
            made.seat_usage += [
                used(name, day, number + back),
                used(name, day, 5, context_window="200k-1M"),
                used(name, day, 2, product="chat"),
            ]
            made.seat_costs += [
                cost(name, day, f"{number}.0000001"),
                cost(name, day, "0.25", token_type="uncached_input_tokens"),
                cost(name, day, "2.5", cost_type="web_search", token_type=None),
                cost(name, day, "1.1", product="cowork"),
            ]
    made.groups = [
        {
            "id": f"rbac_group_{team}",
            "name": team,
            "source_type": "scim",
            "members": [{"user_id": f"user_01{n}", "email": f"{n}@Example.com"} for n in names],
        }
        for team, names in (("payments", PEOPLE[:2]), ("checkout", PEOPLE[1:]), ("empty", ()))
    ]
    return made


def open_source(of_world: Anthropic, key: str = ENTERPRISE_KEY, **options: Any) -> Any:
    return reading(KIND, of_world, key, **{"since": "2026-11-10", **options})


def within(rows: list[dict[str, Any]], last: str, first: str = "2026-11-10") -> list[Any]:
    return [row for row in rows if first <= row["date"] <= last]


def test_activity_is_the_vendors_up_to_the_newest_day() -> None:
    with open_source(world()) as source:
        records: list[UsageDay] = of(source.all("activity"), "usage_days")
    rows = within(source.world.activity, "2026-11-19")
    code = [r for r in records if r.assistant == "claude-code"]
    assert len(code) == len(rows) == 30
    cores = [row["claude_code_metrics"]["core_metrics"] for row in rows]
    assert sum(r.sessions or 0 for r in code) == sum(c["distinct_session_count"] for c in cores)
    added = sum(core["lines_of_code"]["added_count"] for core in cores)
    assert sum(r.lines_added or 0 for r in code) == added
    assert {(r.commits, r.pull_requests, r.accepted, r.rejected) for r in code} == {(2, 1, 10, 5)}
    assert {r.model for r in records} == {""}


def test_other_products_are_assistants_of_their_own_and_zeros_make_no_record() -> None:
    with open_source(world(2)) as source:
        found = source.all("activity")
        records = of(found, "usage_days")
    assert {
        (r.assistant, r.messages, r.sessions) for r in records if r.actor == "account:user_01Bob"
    } == {
        ("claude-code", None, 3),
        ("claude-chat", 7, 3),
        ("claude-office", 2, 2),
    }
    accounts = {(a.account, a.email) for a in of(found, "accounts")}
    assert ("account:user_01Ada", "ada@example.com") in accounts


def test_before_the_vendor_has_built_yesterday_the_pass_ends_with_a_note() -> None:
    with open_source(world()) as source:
        source.world.now = NOW.replace(hour=9)
        pages = source.pages("activity")
        assert pages[-1].notes == ("Activity is there up to 2026-11-18.",)
        assert pages[-1].cursor <= "2026-11-19"
        days = {r.day.isoformat() for p in pages for r in p.records if isinstance(r, UsageDay)}
        assert max(days) == "2026-11-18"
        source.world.now = NOW
        later = of(source.all("activity", pages[-1].cursor), "usage_days")
    assert "2026-11-19" in {record.day.isoformat() for record in later}


def test_nothing_is_asked_for_before_2026() -> None:
    with open_source(world(), since="2025-06-01") as source:
        source.world.now = dt.datetime(2026, 1, 20, 12, tzinfo=dt.UTC)
        for name in ("activity", "usage", "costs"):
            source.pages(name)
        seen = [r.one("date") or r.one("starting_at")[:10] for r in source.server.seen]
    assert min(seen) == "2026-01-01"


def test_every_token_is_the_vendors() -> None:
    with open_source(world(), since="2026-10-10") as source:
        records: list[UsageDay] = of(source.all("usage"), "usage_days")
    rows = within(source.world.seat_usage, "2026-11-19", "2026-10-10")
    ours = ("input_tokens", "output_tokens", "cache_read_tokens")
    for name, mine in zip(TOKENS, ours, strict=True):
        assert sum(getattr(r, mine) for r in records) == sum(row[name] for row in rows)
    assert sum(r.cache_creation_tokens or 0 for r in records) == 7 * len(rows)
    assert sum(r.cache_creation_1h_tokens or 0 for r in records) == 4 * len(rows)
    assert {(r.assistant, r.actor) for r in records} == {
        (assistant, f"account:user_01{name}")
        for assistant in ("claude-code", "claude-chat")
        for name in PEOPLE
    }


def test_every_nano_dollar_is_the_vendors() -> None:
    with open_source(world(), since="2026-10-10") as source:
        lines: list[BillingLine] = of(source.all("costs"), "billing_lines")
    rows = within(source.world.seat_costs, "2026-11-19", "2026-10-10")
    assert sum(line.amount_nanos for line in lines) == sum(nanos(row["amount"]) for row in rows)
    listed = sum(nanos(row["list_amount"]) for row in rows)
    assert sum(line.list_nanos or 0 for line in lines) == listed
    assert {(line.assistant, line.cost_type) for line in lines} == {
        ("claude-code", "tokens"),
        ("claude-code", "web_search"),
        ("claude-cowork", "tokens"),
    }


def test_what_came_after_the_vendors_refresh_is_left_for_later() -> None:
    with open_source(world()) as source:
        source.world.refreshed = dt.datetime(2026, 11, 18, 20, tzinfo=dt.UTC)
        pages = source.pages("costs")
        days = {
            r.first_day.isoformat() for p in pages for r in p.records if r.kind == "billing_lines"
        }
        assert max(days) == "2026-11-17"
        source.world.refreshed = None
        known = {(r.kind, r.key): r for page in pages for r in page.records}
        known |= source.all("costs", pages[-1].cursor)
        assert known == source.all("costs")


@pytest.mark.parametrize(
    ("day", "oldest"),
    [
        ("2026-11-20", "2026-10-21"),
        ("2026-11-08", "2026-10-01"),
        ("2026-11-09", "2026-10-10"),
        ("2026-11-01", "2026-10-01"),
        ("2026-10-31", "2026-10-01"),
        ("2026-03-08", "2026-02-01"),
    ],
)
def test_figures_move_for_thirty_days_and_until_the_week_after_their_month(
    day: str, oldest: str
) -> None:
    assert moving_since(dt.date.fromisoformat(day)).isoformat() == oldest


def test_revised_costs_replace_and_become_final() -> None:
    with open_source(world(), since="2026-10-10") as source:
        first = source.pages("costs")
        lines = [r for p in first for r in p.records if isinstance(r, BillingLine)]
        assert min(r.first_day for r in lines if not r.final) == dt.date(2026, 10, 21)
        assert max(r.first_day for r in lines if r.final) == dt.date(2026, 10, 20)
        for row in source.world.seat_costs:
            if row["date"] == "2026-10-25":
                row["amount"] = "50"
        source.world.now += dt.timedelta(20)
        known = {(r.kind, r.key): r for page in first for r in page.records}
        known |= source.all("costs", first[-1].cursor)
        revised = [r for r in of(known, "billing_lines") if r.first_day == dt.date(2026, 10, 25)]
        total = sum(row["date"] == "2026-10-25" for row in source.world.seat_costs)
    assert sum(line.amount_nanos for line in revised) == nanos("50") * total
    assert {line.final for line in revised} == {True}


def test_days_before_since_are_never_read() -> None:
    with open_source(world()) as source:
        cursor = source.pages("costs")[-1].cursor
        assert cursor == "2026-11-10"
        source.pages("costs", cursor)
        begun = {request.one("starting_at")[:10] for request in source.server.seen}
    assert begun == {"2026-11-10"}


def test_ranges_are_at_most_31_days() -> None:
    with open_source(world(), since="2026-08-01") as source:
        source.all("usage")
        spans = [
            dt.datetime.fromisoformat(r.one("ending_at"))
            - dt.datetime.fromisoformat(r.one("starting_at"))
            for r in source.server.seen
        ]
    assert max(spans) == dt.timedelta(31)


@pytest.mark.parametrize("stream", ["activity", "usage", "costs"])
def test_killed_after_any_page_the_result_is_the_same(stream: str) -> None:
    short = world(4)
    short.most = 8 if stream != "activity" else 2
    with open_source(short, since="2026-11-17") as source:
        assert source.survives_interruptions(stream)


def test_again_brings_increments_only() -> None:
    with open_source(world()) as source:
        cursor = source.pages("activity")[-1].cursor
        before = len(source.server.seen)
        source.pages("activity", cursor)
        again = [request.one("date") for request in source.server.seen[before:]]
    assert again == ["2026-11-17", "2026-11-18", "2026-11-19"]


def test_a_cursor_that_expires_begins_the_window_anew() -> None:
    short = world(4)
    short.most = 8
    with open_source(short, since="2026-11-17") as source:
        clean = source.all("costs")
        pages = source.stream("costs").pages(None, NOW)
        known = {(r.kind, r.key): r for r in next(pages).records}
        source.world.expire_cursors()
        known |= {(r.kind, r.key): r for page in pages for r in page.records}
    assert known == clean


def test_sixty_a_minute_are_kept_to_by_waiting_as_asked() -> None:
    limited = world(30)
    limited.per_minute = 10
    with open_source(limited, since="2026-10-25") as source:
        records = of(source.all("activity"), "usage_days")
    assert len({record.day for record in records}) == 26
    assert source.waits
    assert set(source.waits) == {60.0}


def test_trouble_and_cuts_are_waited_out() -> None:
    with open_source(world(3)) as source:
        clean = source.all("usage")
        source.server.trouble += [Answer({}, 529), Answer({"data": []}, cut=True)]
        assert source.all("usage") == clean
    assert len(source.waits) == 2


def test_groups_become_memberships() -> None:
    with open_source(world(1)) as source:
        source.world.most = 1
        pages = source.pages("groups")
    members = {(r.team, r.member) for page in pages for r in page.records}
    assert members == {
        ("payments", "email:ada@example.com"),
        ("payments", "email:bob@example.com"),
        ("checkout", "email:bob@example.com"),
        ("checkout", "email:eve@example.com"),
    }
    assert pages[-1].cursor == ""


def test_without_the_scope_groups_are_a_note_until_they_were_read_once() -> None:
    with open_source(world(1)) as source:
        source.world.scopes = ("read:analytics",)
        (page,) = source.pages("groups")
        assert page.records == ()
        assert "Needed: read:rbac_groups" in page.notes[0]
        (again,) = source.pages("groups", page.cursor)
        assert again == page
        with pytest.raises(SourceDenied, match="read:rbac_groups"):
            source.pages("groups", "")


def test_checks_say_which_scope_is_missing() -> None:
    with open_source(world(6)) as source:
        assert [check.ok for check in source.source.check()] == [True] * 4
        source.world.scopes = ("read:rbac_groups",)
        checks = list(source.source.check())
        assert [check.ok for check in checks] == [False, False, False, True]
        assert "Scopes held: read:rbac_groups. Needed: read:analytics" in checks[0].detail


def test_a_console_key_is_said_to_be_one() -> None:
    with open_source(world(1), key=ADMIN_KEY) as source:
        checks = list(source.source.check())
        assert [check.ok for check in checks] == [False] * 4
        assert all("Claude Enterprise key (sk-ant-api01-…)" in check.hint for check in checks)
        with pytest.raises(SourceDenied, match="does not accept"):
            source.pages("activity")


def test_services_of_the_vendor_are_nobody_and_deleted_people_stay_people() -> None:
    service = {"user_id": "user_01Sec", "name": "Claude Security", "email_address": None}
    gone = {"user_id": "user_01Old", "name": "Deleted User", "email": None, "deleted": True}
    small = Anthropic(NOW)
    small.seat_usage = [used("Ada", "2026-11-18", actor=who) for who in (service, gone)]
    with open_source(small) as source:
        accounts = {a.account: a.bot for a in of(source.all("usage"), "accounts")}
    assert accounts == {"account:user_01Sec": True, "account:user_01Old": False}


@pytest.mark.parametrize(
    ("stream", "row", "says"),
    [
        ("activity", {"user": {}}, "has no `user.id`"),
        ("usage", {"actor": actor("Ada")}, "has no `starting_at`"),
        ("costs", {"actor": {}, "starting_at": "2026-11-18T00:00:00Z", "amount": "1"}, "user_id"),
    ],
)
def test_a_changed_shape_is_named(stream: str, row: dict[str, Any], says: str) -> None:
    with open_source(Anthropic(NOW)) as source:
        source.server.trouble.append(Answer({"data": [row]}))
        with pytest.raises(SourceChanged, match=f"Anthropic's .*{says}"):
            source.pages(stream)


def test_the_stand_in_refuses_what_the_vendor_refuses() -> None:
    with open_source(world()) as source:
        api: Any = source.source.api
        base = "/v1/organizations/analytics"
        wide = {
            "starting_at": "2026-10-01T00:00:00Z",
            "ending_at": "2026-11-05T00:00:00Z",
            "bucket_width": "1d",
        }
        for path, params, says in (
            ("/users", {"date": "2025-12-31"}, "2026-01-01"),
            ("/users", {"date": "2026-11-20"}, "most recent day is 2026-11-19"),
            ("/users", {}, "is required"),
            ("/user_cost_report", wide, "at most 31 days"),
            ("/user_cost_report", {**wide, "starting_at": "2025-12-01T00:00:00Z"}, "365 days"),
            ("/user_usage_report", {**wide, "group_by[]": "cost_type"}, "not one of"),
        ):
            with pytest.raises(Exception, match=says):
                api.get(base + path, params)
        with pytest.raises(Exception, match="anthropic-beta"):
            api.get("/v1/organizations/rbac_groups", {})


def test_another_mistake_is_not_taken_for_a_day_that_is_not_there_yet() -> None:
    with open_source(world(1)) as source:
        error = {"type": "error", "error": {"message": "filter: no such dimension"}}
        source.server.trouble.append(Answer(error, 400))
        with pytest.raises(Exception, match="no such dimension"):
            source.pages("activity")


def test_streams_say_what_they_bring() -> None:
    with open_source(Anthropic(NOW)) as source:
        streams = source.source.streams()
    assert [stream.name for stream in streams] == ["activity", "usage", "costs", "groups"]
    assert [stream.name for stream in streams if stream.snapshot] == ["groups"]
