"""Facts of a made-up company of the size that N recorded events would give, made by SQL.

Equal sizes give equal facts. What is made is said by `made`; the proportions are those of Claude
Code: 300 events a session, half of them model calls, a quarter tool calls. `company_work` adds what
shipped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Any

from benchmarks import company_work

from steelyard.ledger.refresh import Options
from steelyard.metrics.facts import TELEMETRY_FACTS

EVENTS_PER_SESSION = 300
DAYS = 180
LAST_DAY = dt.date(2026, 11, 22)
TEAMS = 40
ROLL_UPS = ("06_segments.sql", "07_days.sql")  # the server's own
NOT_FACTS = ("applied", "data_version", "prices", "schema_version", "models")

# Every fact begins with the session's ten columns; x(...) draws from a row's number.
SETTING = f"""
create or replace temp macro x(n, salt, size) as (hash(n * 2654435761 + salt) % size)::bigint;
create or replace temp table s as
select n, date '{LAST_DAY}' - x(n, 1, {DAYS})::int as day,
  'person' || x(n, 2, $people) || '@example.com' as person, 'claude-code' as assistant,
  'anthropic' as provider, printf('%016x', hash(n)) as session,
  '2.1.' || (300 + x(n, 3, 30)) as app_version,
  ['vscode', 'iterm2', 'ghostty', 'xterm'][1 + x(n, 4, 4)] as terminal,
  'github.com/acme/repo' || x(n, 5, 200) as repo, '' as plan, 'events' as witness,
  ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-4-5'][1 + x(n, 6, 3)] as model
from range($sessions) t(n);
"""
_HEAD = "s.* exclude (n, model)"
_CALL = (
    "s.model, ['main', 'subagent', 'auxiliary'][1 + x(i, 7, 3)] as query_source,"
    " 'high' as effort, '' as speed, '' as agent, '' as skill, '' as plugin, '' as mcp_server"
)
_TYPES = "(values ('input', 3), ('output', 2), ('cacheRead', 80), ('cacheCreation', 9)) k(t, m)"
STATEMENTS = {
    "requests": f"""
      select {_HEAD}, {_CALL}, '' as status, '' as error, x(i, 8, 200) > 0 as ok,
        500 + x(i, 9, 20000)::double as latency_ms, 5000 + x(i, 10, 200000) as context_tokens
      from range($sessions * 150) t(i) join s on s.n = i // 150""",
    "tool_calls": f"""
      select {_HEAD}, ['Read', 'Edit', 'Write', 'Bash', 'Grep', 'Glob'][1 + x(i, 11, 6)] as tool,
        '' as mcp_server, if(x(i, 12, 25) = 0, 'false', 'true') as success, 1 as calls,
        5 + x(i, 13, 4000)::double as duration_ms
      from range($sessions * 70) t(i) join s on s.n = i // 70""",
    "usage": f"""
      select {_HEAD}, s.model as model_reported, {_CALL}, k.t as token_type,
        if(k.t = 'cacheCreation', '5m', '') as cache_ttl, (20000 + x(i, 14, 50000)) * k.m as tokens,
        (20000 + x(i, 14, 50000)) * k.m * 3000 as list_nanos,
        (20000 + x(i, 14, 50000)) * k.m * 5000 as input_nanos, 0 as unpriced_tokens
      from range($sessions * 2) t(i) join s on s.n = i // 2, {_TYPES}""",
    "costs": f"""
      select {_HEAD}, s.model as model_reported, {_CALL}, x(i, 15, 900000000) as reported_nanos
      from range($sessions * 2) t(i) join s on s.n = i // 2""",
    "witnesses": f"""
      select {_HEAD}, s.model, k.t as token_type, 40000 * k.m as tokens,
        40000 * k.m as ledger_tokens
      from range($sessions) t(i) join s on s.n = i, {_TYPES}""",
    "decisions": f"""
      select {_HEAD}, ['Edit', 'Write', 'Bash'][1 + x(i, 16, 3)] as tool,
        if(x(i, 17, 8) = 0, 'reject', 'accept') as decision,
        ['config', 'user_temporary', 'user_permanent'][1 + x(i, 18, 3)] as source,
        ['Python', 'TypeScript', 'Go', ''][1 + x(i, 19, 4)] as language,
        x(i, 16, 3) < 2 as is_edit, x(i, 18, 3) > 0 as by_person, 1 + x(i, 20, 20) as decisions
      from range($sessions * 6) t(i) join s on s.n = i // 6""",
    "counters": f"""
      select {_HEAD},
        ['active_seconds', 'lines', 'lines', 'commits', 'pull_requests',
          'session_starts'][1 + i % 6] as counter,
        ['cli', 'added', 'removed', '', '', 'fresh'][1 + i % 6] as type, '' as model, '' as tool,
        1 + x(i, 21, 400)::double as amount
      from range($sessions * 6) t(i) join s on s.n = i // 6""",
    "prompts": f"""
      select {_HEAD}, 10 as prompts, 10 as measured_prompts, 900 as chars,
        2 as short_prompts from s""",
    "session_days": f"""
      select {_HEAD}, true as worked, true as by_telemetry, false as by_transcript,
        s.day::timestamp + interval 9 hour as first_time,
        s.day::timestamp + interval 9 hour + to_minutes(x(n, 22, 200)) as last_time, 10 as prompts,
        150 as requests, 70 as tool_calls, 1 as api_errors, 1 as person_rejections,
        12 as accepted_edits, 15 as approved_edits, 18 as edit_decisions, 1 as commits,
        x(n, 23, 4) // 3 as pull_requests, 900.0 as active_seconds, 5000000 as tokens,
        9000000000 as list_nanos, 90000 as context_tokens_max from s""",
    "sessions": f"""
      select {_HEAD}, '<100k' as session_size, '>30m' as session_duration,
        x(n, 22, 200)::double as minutes, 9000000000 as list_nanos, 5000000 as tokens,
        90000 as context_tokens_max, 1 as commits, false as is_large, false as is_stuck from s""",
    "person_days": """
      select day, person, assistant, true as by_telemetry, false as by_transcript,
        count(*) as sessions, count(*) as commits from s group by all""",
    "people_seen": "select person, min(day) as first_day, max(day) as last_day from s group by 1",
    "people": f"""
      select 'person' || n || '@example.com' as person, person as email, 'Person ' || n as name,
        'team ' || (n % {TEAMS}) as team, 'department ' || (n % 6) as department, '' as role,
        '' as level, '' as manager, '' as rollup, '' as office, '' as country,
        null::date as start_date, null::date as end_date, date '2020-01-01' as valid_from,
        date '9999-12-31' as valid_to from range($people) t(n)""",
}


def build(warehouse: Any, events: int) -> dict[str, int]:
    """Fill an empty warehouse; rows made, by table."""
    sizes = {"sessions": events // EVENTS_PER_SESSION, "people": people(events)}
    work = company_work.statements(LAST_DAY, DAYS, sizes["people"])
    with warehouse.transaction() as cursor:
        _run(cursor, SETTING, sizes)
        for table, sql in (STATEMENTS | work).items():
            _run(cursor, f"insert into {table} by name {sql} order by 1", sizes)
        _run(cursor, "create or replace temp table todo as select distinct day from s", {})
        _run(cursor, f"create or replace temp table weeks as {_WEEKS}", {})
        for name in ROLL_UPS:
            script = resources.files("steelyard.ledger").joinpath("sql", name).read_text()
            _run(cursor, script, asdict(Options()))
        _run(cursor, _CHANGED, {})
    counts = {table: count for table, count in warehouse.counts().items() if count}
    missing = {fact.table for fact in TELEMETRY_FACTS.values()} - counts.keys()
    assert not missing, f"nothing was made for {missing}"
    return {table: count for table, count in counts.items() if table not in NOT_FACTS}


_WEEKS = "select distinct date_trunc('week', day)::date as week from s"
_CHANGED = "update data_version set version = version + 1, refreshed_at = now()::timestamp"


def _run(cursor: Any, script: str, values: Mapping[str, Any]) -> None:
    for statement in cursor.extract_statements(script):
        wanted = {name: values[name] for name in statement.named_parameters}
        cursor.execute(statement, wanted or None)


def people(events: int) -> int:
    """One for each 20,000 events, as half a year of daily use gives; 50 at least."""
    return max(50, events // 20_000)


def made(rows: dict[str, int], events: int) -> str:
    total = sum(rows.values())
    return (
        f"{events / 1e6:.0f} M events' worth of facts: {total:,} rows, of {people(events):,} people"
        f" over {DAYS} days ({rows['requests']:,} requests, {rows['tool_calls']:,} tool calls,"
        f" {rows['usage']:,} usage, {rows['sessions']:,} sessions)"
    )
