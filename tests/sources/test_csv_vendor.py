"""Exports of a vendor's pages: their real headers, their money, their period in the file's name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import BadFile
from steelyard.sources.csv.kinds import read_csv

PERIOD = "fb01cd94-335a-4e06-80cd-af774ef7f65e-2026-06-01-to-2026-06-30"
# The header of an export of 2026, and the shorter one of the year before.
NOW = (
    "user_email,account_uuid,product,model,total_requests,total_prompt_tokens,"
    "total_completion_tokens,total_net_spend_usd,total_gross_spend_usd,user_id,"
    "total_uncached_input_tokens,total_cache_read_tokens,total_cache_write_5m_tokens,"
    "total_cache_write_1h_tokens,total_web_search_count,slack_channel_id,teams_channel_id"
)
BEFORE = "Email,Account UUID,Product,Model,Model Family,Net Spend,Gross Spend"


def read(tmp_path: Path, kind: str, text: str, name: str) -> Any:
    path = tmp_path / name
    path.write_text(text)
    return read_csv(kind, path)


def spend(tmp_path: Path, text: str, period: str = PERIOD) -> Any:
    return read(tmp_path, "spend", text, f"spend-report-{period}.csv")


def test_a_spend_report_of_today(tmp_path: Path) -> None:
    rows = [
        "Ada@X.com,u1,Claude Code,claude-opus-5,9,9,9,12.3456789,15.5,user_01,1,1,1,1,0,,",
        "ada@x.com,u1,Chat,claude-opus-5,9,9,9,0.1,0.1,user_01,1,1,1,1,0,,",
        "ada@x.com,u1,Claude Tag,claude-opus-5,9,9,9,1,1,user_01,1,1,1,1,0,C1,",
        "ada@x.com,u1,Claude Tag,claude-opus-5,9,9,9,2,2,user_01,1,1,1,1,0,C2,",
        "(org service usage),(org service),(other),,0,0,0,0.25,0.25,,0,0,0,0,0,,",
    ]
    found = spend(tmp_path, "\n".join([NOW, *rows]))
    assert (found.wrong, found.rows, len(found.records)) == (0, 5, 5)
    assert sum(line.amount_nanos for line in found.records) == 15_695_678_900
    assert {line.assistant for line in found.records} == {
        "claude-code",
        "claude-chat",
        "claude-in-slack",
        "claude-other",
    }
    first = found.records[0]
    assert (first.actor, first.list_nanos, first.final) == (
        "email:ada@x.com",
        15_500_000_000,
        False,
    )
    assert (first.first_day, first.last_day) == (dt.date(2026, 6, 1), dt.date(2026, 6, 30))
    assert found.records[-1].actor == ""


def test_a_spend_report_of_before(tmp_path: Path) -> None:
    text = f'{BEFORE}\nada@x.com,u1,Office Agents,claude-opus-5,opus,"$1,234.50",$1300\n'
    (line,) = spend(tmp_path, text).records
    assert (line.amount_nanos, line.list_nanos) == (1_234_500_000_000, 1_300_000_000_000)
    assert (line.assistant, line.model) == ("claude-office", "claude-opus-5")


def test_a_months_export_replaces_the_one_made_in_the_middle_of_it(tmp_path: Path) -> None:
    row = "ada@x.com,u1,Chat,claude-opus-5,opus,{},9\n"
    middle = spend(tmp_path, f"{BEFORE}\n{row.format(4)}", "2026-06-01-to-2026-06-13")
    whole = spend(tmp_path, f"{BEFORE}\n{row.format(7)}", "2026-06-01-to-2026-06-30")
    other = spend(tmp_path, f"{BEFORE}\n{row.format(7)}", "2026-07-01-to-2026-07-31")
    assert middle.records[0].key == whole.records[0].key != other.records[0].key


def test_lines_that_say_their_day_go_before_the_name(tmp_path: Path) -> None:
    text = "Usage Date,Model,Member Email,Cost (USD)\n2026-06-03,m,ada@x.com,12.50\n"
    (line,) = spend(tmp_path, text).records
    assert (line.first_day, line.last_day) == (dt.date(2026, 6, 3), dt.date(2026, 6, 3))
    assert line.amount_nanos == 12_500_000_000


def test_a_file_that_says_no_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="which days") as error:
        read(tmp_path, "spend", f"{BEFORE}\n", "report.csv")
    assert "first_day and last_day" in error.value.hint


def test_a_report_without_its_money_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no column total_net_spend_usd"):
        spend(tmp_path, "user_email,product\n")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("ada,u1,Chat,m,f,1,1", "neither an e-mail"),
        ("ada@x.com,u1,Chat,m,f,free,1", "not an amount in US dollars"),
        ('ada@x.com,u1,Chat,m,f,"1,5",1', "not an amount in US dollars"),
        ("ada@x.com,u1,Chat,m,f,,1", "total_net_spend_usd is empty"),
    ],
)
def test_a_wrong_row_is_named(row: str, says: str, tmp_path: Path) -> None:
    found = spend(tmp_path, f"{BEFORE}\n{row}\nbob@x.com,u2,Chat,m,f,1,1\n")
    assert len(found.records) == 1
    assert [problem.line for problem in found.problems] == [2]
    assert says in found.problems[0].message


def users(tmp_path: Path, text: str) -> Any:
    return read(tmp_path, "vendor-users", text, "claude_code_team_2026_03_01_to_2026_03_31.csv")


def test_users_of_the_console(tmp_path: Path) -> None:
    text = 'User,Spend this Month (USD),Lines this Month\nAda@X.com,$135.85,"35,497"\n'
    account, day, line = users(tmp_path, text).records
    assert (account.account, account.email) == ("email:ada@x.com", "ada@x.com")
    assert (day.day, day.lines_added, day.actor) == (
        dt.date(2026, 3, 31),
        35_497,
        "email:ada@x.com",
    )
    assert (line.amount_nanos, line.final) == (135_850_000_000, False)
    assert (line.first_day, line.last_day) == (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


def test_users_with_their_pull_requests(tmp_path: Path) -> None:
    text = "Email,PRs with CC,All PRs,Lines with CC,All Lines\nada@x.com,24,30,5200,6800\n"
    _, day = users(tmp_path, text).records
    assert (day.pull_requests, day.lines_added, day.sessions) == (24, 5200, None)
    assert (day.assistant, day.model) == ("claude-code", "")


def test_a_list_of_members_gives_names_only(tmp_path: Path) -> None:
    text = "Name,Email,Role,Status,Seat Tier\nAda Lovelace,ada@x.com,User,Active,Premium\n"
    (account,) = users(tmp_path, text).records
    assert (account.kind, account.name) == ("accounts", "Ada Lovelace")
