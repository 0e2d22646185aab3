"""A generated month of facts: about 200 people, four teams, three assistants, the same each time.

It holds what is awkward on purpose: unknown prices, people nobody imported, a change of team in
mid-month, clients that send metrics only, phantom sessions, text with quotes.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .work_world import Work

FIRST, LAST = dt.date(2026, 9, 28), dt.date(2026, 11, 1)
START, END = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
REFRESHED = dt.datetime(2026, 11, 2, 5, 30)  # the warehouse keeps UTC without a zone
DAY = dt.timedelta(days=1)
FOREVER = dt.date(9999, 12, 31)
TEAMS = ("payments", "search", "o'brien\\core", "")
MODELS = ("claude-opus-5-5", "claude-haiku-4-5", "house-model")  # the last has no price
NANOS = {"input": 5000, "output": 25000, "cacheRead": 500, "cacheCreation": 6250}

Row = dict[str, Any]


class World:
    """`tables` maps a fact to its rows."""

    def __init__(self, seed: int = 7, people: int = 200) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[Row]] = defaultdict(list)
        for number in range(people):
            self._person(number)
        self._roll_up()
        self.tables |= Work(seed, people, days(FIRST, LAST)).tables
        self.tables["data_version"] = [{"version": 3, "refreshed_at": REFRESHED}]

    def _person(self, number: int) -> None:
        person = f"p{number:03d}@acme.example"
        if number % 10 != 9:  # every tenth was never imported
            self._imported(number, person)
        if number % 7 != 6:  # every seventh never works
            keen, begins = self.random.random(), self.random.randrange(-20, 34)
            for day in days(FIRST, LAST):
                if (day - FIRST).days >= begins and self.random.random() < keen:
                    self._person_day(person, day, number)

    def _imported(self, number: int, person: str) -> None:
        started = FIRST - self.random.randrange(0, 2000) * DAY
        row = {
            "person": person,
            "email": person,
            "name": f"Person {number}",
            "team": TEAMS[number % 4],
            "department": f"department {number % 3}",
            "role": ("engineer", "designer")[number % 2],
            "level": f"L{number % 5}",
            "manager": f"manager {number % 11}",
            "rollup": f"rollup {number % 2}",
            "office": f"office {number % 3}",
            "country": ("DE", "NZ")[number % 2],
            "start_date": None if number % 13 == 0 else started,
            "end_date": dt.date(2026, 10, 20) if number % 17 == 0 else None,
            "valid_from": dt.date(2000, 1, 1),
            "valid_to": FOREVER,
        }
        moved = dt.date(2026, 10, 15)
        if number % 8 == 0:
            self.tables["people"].append(row | {"valid_to": moved - DAY})
            row = row | {"team": "search", "valid_from": moved}
        self.tables["people"].append(row)

    def _person_day(self, person: str, day: dt.date, number: int) -> None:
        for index in range(self.random.randrange(1, 3)):
            assistant = "codex" if number % 5 == 0 and index else "claude-code"
            common = {
                "day": day,
                "person": person,
                "assistant": assistant,
                "provider": ("anthropic", "bedrock")[number % 2],
                "session": f"s-{number}-{day:%m%d}-{index}",
                "app_version": f"2.1.{300 + number % 4}",
                "terminal": ("vscode", "iTerm.app", "")[number % 3],
                "repo": ("acme/app", "acme/it's \\ odd", "")[number % 3],
                "plan": ("max", "")[number % 2],
                "witness": "metrics" if number % 6 == 0 else "events",
            }
            self._session(common, number)

    def _session(self, common: Row, number: int) -> None:
        chance = self.random
        calls = chance.randrange(0, 4)
        for _ in range(calls):
            self._call(common)
        if common["assistant"] == "claude-code":
            self._counters(common)
        if common["witness"] == "events":
            length = chance.randrange(1, 400)
            short = int(length < 20)
            self.tables["prompts"].append(
                common
                | {"prompts": 2, "measured_prompts": 1, "chars": length}
                | {"short_prompts": short}
            )
            self._tools(common)
        self._decisions(common)
        self._session_rows(common, calls, number)

    def _call(self, common: Row) -> None:
        chance = self.random
        model = chance.choice(MODELS)
        what = {
            "model": model,
            "query_source": chance.choice(("main", "subagent")),
            "effort": chance.choice(("high", "")),
            "speed": "",
            "agent": chance.choice(("custom", "")),
            "skill": "",
            "plugin": chance.choice(("third-party", "")),
            "mcp_server": "",
        }
        reported = {"model_reported": model + chance.choice(("", "[1m]"))}
        for kind, nanos in NANOS.items():
            self._usage(common, what | reported, kind, nanos)
        if chance.random() < 0.1:
            free = {"token_type": "webSearch", "cache_ttl": "", "tokens": 0, "input_nanos": None}
            paid = {"list_nanos": 10_000_000, "unpriced_tokens": 0}
            self.tables["usage"].append(common | what | reported | free | paid)
        if common["assistant"] == "claude-code":
            cost = {"reported_nanos": chance.randrange(10**6, 10**9)}
            self.tables["costs"].append(common | what | reported | cost)
        if common["witness"] == "events":
            ok = chance.random() < 0.9
            outcome = {"ok": ok, "status": "" if ok else "529", "error": "" if ok else "overloaded"}
            seen = {"latency_ms": chance.uniform(200, 60_000), "context_tokens": 1000}
            self.tables["requests"].append(common | what | outcome | seen)

    def _usage(self, common: Row, what: Row, kind: str, nanos: int) -> None:
        tokens = self.random.randrange(0, 90_000)
        priced = what["model"] != "house-model"
        ttl = self.random.choice(("5m", "1h")) if kind == "cacheCreation" else ""
        self.tables["usage"].append(
            common
            | what
            | {
                "token_type": kind,
                "cache_ttl": ttl,
                "tokens": tokens,
                "list_nanos": tokens * nanos if priced else None,
                "input_nanos": tokens * NANOS["input"] if priced else None,
                "unpriced_tokens": 0 if priced else tokens,
            }
        )
        for witness in ("metrics", "transcripts"):
            seen = {"witness": witness, "model": what["model"], "token_type": kind}
            counts = {"tokens": tokens - self.random.randrange(0, 3), "ledger_tokens": tokens}
            self.tables["witnesses"].append(common | seen | counts)

    def _counters(self, common: Row) -> None:
        chance = self.random
        blank = common | {"type": "", "model": "", "tool": ""}
        add = self.tables["counters"].append
        start = chance.choice(("fresh", "resume", "agents_view"))
        add(blank | {"counter": "session_starts", "type": start, "amount": 1.0})
        for kind in ("user", "cli"):
            seconds = round(chance.uniform(0, 900), 3)
            add(blank | {"counter": "active_seconds", "type": kind, "amount": seconds})
        if chance.random() < 0.5:
            for kind in ("added", "removed"):
                what = {"type": kind, "model": MODELS[0], "amount": float(chance.randrange(200))}
                add(blank | {"counter": "lines"} | what)
        if chance.random() < 0.3:
            add(blank | {"counter": "commits", "amount": float(chance.randrange(1, 4))})
        if chance.random() < 0.1:
            add(blank | {"counter": "pull_requests", "amount": 1.0})

    def _tools(self, common: Row) -> None:
        chance = self.random
        for _ in range(chance.randrange(0, 4)):
            tool, ok = chance.choice(("Bash", "Edit", "Read")), chance.choice(("true", "false", ""))
            call = {"tool": tool, "mcp_server": "", "success": ok, "calls": 1}
            self.tables["tool_calls"].append(
                common | call | {"duration_ms": chance.choice((None, chance.uniform(1, 9000)))}
            )

    def _decisions(self, common: Row) -> None:
        chance = self.random
        for _ in range(chance.randrange(0, 3)):
            tool = chance.choice(("Edit", "Write", "Bash"))
            source = chance.choice(("config", "hook", "user_temporary", "user_reject"))
            said = "reject" if source == "user_reject" else chance.choice(("accept", "reject"))
            self.tables["decisions"].append(
                common
                | {"tool": tool, "decision": said, "source": source, "language": "Python"}
                | {"is_edit": tool != "Bash", "by_person": source.startswith("user_")}
                | {"decisions": chance.randrange(1, 5)}
            )

    def _session_rows(self, common: Row, calls: int, number: int) -> None:
        chance = self.random
        worked, size = calls > 0, chance.choice((50_000, 300_000, 700_000, None))
        seen = {"worked": worked, "by_telemetry": number % 4 != 3, "by_transcript": number % 3 == 0}
        seen["by_other"] = seen["by_transcript"] or number % 5 == 0
        zeros = ("prompts", "requests", "tool_calls", "api_errors", "person_rejections")
        zeros += ("accepted_edits", "approved_edits", "edit_decisions", "commits")
        zeros += ("pull_requests", "tokens")
        rest = {"first_time": None, "last_time": None, "active_seconds": 0.0}
        rest |= {"list_nanos": None, "context_tokens_max": size}
        self.tables["session_days"].append(common | seen | dict.fromkeys(zeros, 0) | rest)
        if worked:
            minutes = chance.uniform(0, 90)
            self.tables["sessions"].append(
                common
                | {"session_size": size_class(size), "session_duration": duration_class(minutes)}
                | {"minutes": minutes, "context_tokens_max": size, "tokens": 0, "commits": 0}
                | {"list_nanos": chance.choice((None, chance.randrange(1, 10**10)))}
                | {"is_large": None if size is None else size > 500_000}
                | {"is_stuck": chance.choice((True, False, None))}
            )

    def _roll_up(self) -> None:
        seen: dict[tuple[Any, ...], Row] = {}
        for row in self.tables["session_days"]:
            if row["worked"]:
                key = row["day"], row["person"], row["assistant"]
                said = {"day": key[0], "person": key[1], "assistant": key[2], "sessions": 1}
                flags = {name: row[name] for name in ("by_telemetry", "by_transcript", "by_other")}
                seen[key] = said | flags | {"commits": 0}
        self.tables["person_days"] = list(seen.values())
        for person in sorted({row["person"] for row in seen.values()}):
            worked = sorted(row["day"] for row in seen.values() if row["person"] == person)
            known = {"person": person, "first_day": worked[0], "last_day": worked[-1]}
            self.tables["people_seen"].append(known)
            for week in days(FIRST, LAST)[::7]:
                segment = self.random.choice(("autonomous", "minimal", "conversational"))
                row = {"person": person, "week": week, "segment": segment}
                self.tables["segments"].append(row)

    def rows(self, table: str, start: dt.date = START, end: dt.date = END) -> Iterator[Row]:
        """The table's rows of these days."""
        return (row for row in self.tables[table] if start <= row["day"] <= end)


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


def size_class(tokens: int | None) -> str:
    if tokens is None:
        return ""
    return "<100k" if tokens < 100_000 else "100k-500k" if tokens < 500_000 else "500k-1M"


def duration_class(minutes: float) -> str:
    return "<5m" if minutes < 5 else "5-30m" if minutes <= 30 else ">30m"
