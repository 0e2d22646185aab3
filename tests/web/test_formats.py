"""Numbers as text."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.web import formats


@pytest.mark.parametrize(
    ("usd", "long", "short"),
    [
        (0, "$0.00", "$0.00"),
        (0.0064456, "$0.00645", "$0.00645"),
        (0.0012, "$0.0012", "$0.0012"),
        (0.0999, "$0.10", "$0.10"),
        (0.000001, "<$0.0001", "<$0.0001"),
        (12.39, "$12.39", "$12.39"),
        (999.4, "$999.40", "$999.40"),
        (9610.4, "$9,610.40", "$9,610"),
        (9999.7, "$9,999.70", "$10.0k"),
        (115_034.2, "$115,034.20", "$115k"),
        (1_234_567, "$1,234,567.00", "$1.2M"),
        (-18.5, "−$18.50", "−$18.50"),
    ],
)
def test_money(usd: float, long: str, short: str) -> None:
    assert formats.money(usd) == long
    assert formats.short_money(usd) == short


def test_unknown_is_never_zero() -> None:
    assert formats.value(None, "USD") == "unknown"
    assert formats.short(None, "tokens") == "unknown"


@pytest.mark.parametrize(
    ("part", "said"),
    [(0, "0%"), (1, "100%"), (0.9996, ">99.9%"), (0.0004, "<0.1%"), (0.5, "50.0%")],
)
def test_shares_round_to_0_and_100_only_when_exact(part: float, said: str) -> None:
    assert formats.share(part) == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (131, 100, "↑ 31%"),
        (50, 100, "↓ 50%"),
        (100.2, 100, "no change"),
        (5, 0, "new"),
        (0, 0, ""),
        (None, 3, ""),
        (3, None, ""),
        (1200, 100, "↑ 12×"),
    ],
)
def test_change(now: float | None, before: float | None, said: str) -> None:
    assert formats.change(now, before) == said


@given(st.integers(min_value=0, max_value=10**15))
def test_short_counts_stay_short(number: int) -> None:
    assert len(formats.short_count(number)) <= 6 or number >= 10**14


def test_spans_and_ages() -> None:
    assert formats.span(dt.date(2026, 10, 26), dt.date(2026, 11, 22)) == "26 Oct – 22 Nov 2026"
    assert formats.span(dt.date(2025, 12, 30), dt.date(2026, 1, 2)) == "30 Dec 2025 – 2 Jan 2026"
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    assert formats.ago(now - dt.timedelta(seconds=14), now) == "14 s ago"
    assert formats.ago(now - dt.timedelta(hours=30), now) == "1 d ago"
    assert formats.ago(None, now) == "never"
