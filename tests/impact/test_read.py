"""Tables become panels: what is handled is said, what is not understood names its line."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steelyard.errors import BadPanel, SteelyardError, UnknownName
from steelyard.impact.read import Columns, read_panel, read_trial

COLUMNS = Columns("prs", unit="dev", time="week", adopted="since", cluster="team")
WEEKS = ("2025-12-15", "2025-12-22", "2025-12-29", "2026-01-05")


def table(rows: list[dict[str, object]]) -> pd.DataFrame:
    found = pd.DataFrame(rows).astype(str)
    found.index = pd.RangeIndex(2, len(found) + 2)
    return found


def rows(since: dict[str, str] | None = None) -> list[dict[str, object]]:
    since = since or {"ann": "2025-12-29", "bob": "", "cy": "2026-01-05"}
    return [
        {"dev": dev, "week": week, "prs": 10 * i + t, "since": since[dev], "team": f"t{i % 2}"}
        for i, dev in enumerate(since)
        for t, week in enumerate(WEEKS)
    ]


def test_cells_starts_and_clusters_are_where_the_table_says() -> None:
    panel = read_panel(table(rows()), COLUMNS, "count")
    assert panel.periods == WEEKS
    by_unit = dict(zip(panel.units, range(panel.n), strict=True))
    assert panel.outcome[by_unit["cy"]].tolist() == [20, 21, 22, 23]
    assert {u: int(panel.start[i]) for u, i in by_unit.items()} == {"ann": 2, "bob": 4, "cy": 3}
    assert panel.clusters[panel.cluster[by_unit["bob"]]] == "t1"
    assert panel.groups == 2 and panel.clustered
    assert panel.event_time[by_unit["ann"]].tolist() == [-2, -1, 0, 1]


def test_rows_in_any_order_and_units_under_any_name_give_the_same_panel() -> None:
    said = rows()
    shuffled = random.Random(1).sample(said, len(said))
    names = {"ann": "zz", "bob": "aa", "cy": "mm"}
    renamed = [row | {"dev": names[str(row["dev"])]} for row in said]
    first = read_panel(table(said), COLUMNS, "count")
    for other in (shuffled, renamed):
        again = read_panel(table(other), COLUMNS, "count")
        np.testing.assert_array_equal(first.outcome, again.outcome)
        np.testing.assert_array_equal(first.start, again.start)
        np.testing.assert_array_equal(first.cluster, again.cluster)


def test_a_missing_row_is_missing_and_an_empty_outcome_too() -> None:
    said = rows()
    del said[1]
    said[0] |= {"prs": ""}
    panel = read_panel(table(said), COLUMNS, "count")
    ann = panel.units.index("ann")
    assert np.isnan(panel.outcome[ann]).tolist() == [True, True, False, False]
    assert [note.code for note in panel.notes] == ["empty_outcomes"]


def test_a_gap_on_the_calendar_keeps_its_length() -> None:
    said = [row for row in rows() if row["week"] != "2025-12-22"]
    panel = read_panel(table(said), COLUMNS, "count")
    assert panel.steps.tolist() == [0, 2, 3]
    assert [note.code for note in panel.notes] == ["gap_in_time"]


@pytest.mark.parametrize(
    ("times", "steps"),
    [
        (("202511", "202512", "202601"), [0, 1, 2]),
        (("2025-11", "2025-12", "2026-02"), [0, 1, 3]),
        (("2025-W51", "2025-W52", "2026-W01"), [0, 1, 2]),
        (("2003", "2004", "2006"), [0, 1, 3]),
        (("2026-01-01", "2026-01-02", "2026-01-04"), [0, 1, 3]),
    ],
)
def test_times_are_counted_on_their_own_calendar(times: tuple[str, ...], steps: list[int]) -> None:
    said = [
        {"u": u, "t": t, "y": 1, "a": times[1] if u == "x" else "0"} for u in "xy" for t in times
    ]
    panel = read_panel(table(said), Columns("y", unit="u", time="t", adopted="a"), "count")
    assert panel.steps.tolist() == steps
    assert sorted(panel.start.tolist()) == [1, 3]


def test_a_start_inside_a_period_counts_from_that_period() -> None:
    panel = read_panel(table(rows({"ann": "2025-12-31", "bob": ""})), COLUMNS, "count")
    assert sorted(panel.start.tolist()) == [2, 4]
    assert "start_inside_period" in [note.code for note in panel.notes]


def test_a_start_after_the_window_is_none_within_it() -> None:
    panel = read_panel(table(rows({"ann": "2026-03-02", "bob": "2025-12-22"})), COLUMNS, "count")
    assert sorted(panel.start.tolist()) == [1, 4]
    early = read_panel(table(rows({"ann": "2024-03-02", "bob": ""})), COLUMNS, "count")
    assert sorted(early.start.tolist()) == [0, 4]


def test_between_two_periods() -> None:
    panel = read_panel(table(rows()), COLUMNS, "count", "2025-12-22", "2025-12-29")
    assert panel.periods == WEEKS[1:3]
    with pytest.raises(SteelyardError, match="No rows from"):
        read_panel(table(rows()), COLUMNS, "count", "2030-01-01")


def flagged(*on: int) -> pd.DataFrame:
    columns = zip(WEEKS, on, strict=True)
    treated = [{"dev": "ann", "week": w, "prs": 1, "on": flag} for w, flag in columns]
    return table(treated + [{"dev": "bob", "week": w, "prs": 1, "on": 0} for w in WEEKS])


def test_a_flag_switches_on_and_stays() -> None:
    columns = Columns("prs", unit="dev", time="week", treated="on")
    assert sorted(read_panel(flagged(0, 0, 1, 1), columns, "count").start.tolist()) == [2, 4]
    with pytest.raises(BadPanel, match="Line 4: The treatment of ann switches off at 2025-12-29"):
        read_panel(flagged(0, 1, 0, 1), columns, "count")


def test_a_start_that_fell_into_a_gap_is_that_of_the_others() -> None:
    columns = Columns("prs", unit="dev", time="week", treated="on")
    seen = [
        {"dev": dev, "week": week, "prs": 1, "on": int(dev != "dan" and week >= WEEKS[1])}
        for dev in ("ann", "bob", "cy", "dan")
        for week in WEEKS
    ]
    del seen[1]  # ann's first treated week
    panel = read_panel(table(seen), columns, "count")
    assert sorted(panel.start.tolist()) == [1, 1, 1, 4]
    assert [note.code for note in panel.notes] == ["start_in_gap"]


def test_durations_are_mean_logarithms_of_items() -> None:
    said = [
        {"dev": "ann", "week": WEEKS[0], "h": 2, "since": WEEKS[1]},
        {"dev": "ann", "week": WEEKS[0], "h": 8, "since": WEEKS[1]},
        {"dev": "ann", "week": WEEKS[1], "h": 1, "since": WEEKS[1]},
    ]
    panel = read_panel(
        table(said), Columns("h", unit="dev", time="week", adopted="since"), "duration"
    )
    assert panel.outcome[0] == pytest.approx([np.log(4), 0])
    assert panel.weight is not None and panel.weight[0].tolist() == [2, 1]


def test_covariates_are_what_was_known_before_anybody_started() -> None:
    said = [row | {"size": t} for t, row in zip([0, 2, 90, 90] * 3, rows(), strict=True)]
    columns = Columns(
        "prs", unit="dev", time="week", adopted="since", covariates=("size",), exact=("team",)
    )
    panel = read_panel(table(said), columns, "count")
    assert panel.covariates["size"].tolist() == [1, 1, 1]
    assert sorted(panel.traits["team"].tolist()) == ["t0", "t0", "t1"]


BAD = [
    ("prs", "many", "count", "Line 3: 'many' in prs is not a number"),
    ("prs", "1,000", "count", "Line 3: '1,000' in prs is not a number"),
    ("prs", "inf", "amount", "Line 3: 'inf' in prs is not a number"),
    ("prs", "-1", "count", "Line 3: A count cannot be negative: -1 in prs"),
    ("prs", "0", "duration", "A duration must be above 0"),
    ("prs", "2", "share", "A share is from 0 to 1"),
    ("week", "soon", "count", "'soon' in the time column is no day"),
    ("week", "", "count", "Line 3: week is empty"),
    ("dev", "", "count", "Line 3: dev is empty"),
    ("team", "", "count", "Line 3: team is empty"),
    ("since", "2026-01-05", "count", "Line 3: ann has more than one value in since"),
    ("since", "later", "count", "since cannot be read on the calendar of week"),
    ("week", "2025-12-15", "count", "Line 3: ann has more than one row for 2025-12-15"),
]


@pytest.mark.parametrize(("column", "value", "kind", "told"), BAD)
def test_what_cannot_be_understood_names_its_line(
    column: str, value: str, kind: str, told: str
) -> None:
    said = rows()
    said[1] |= {column: value}
    if column == "since":
        said[0] |= {"since": "2025-12-29"}
    with pytest.raises(BadPanel) as caught:
        read_panel(table(said), COLUMNS, kind)  # type: ignore[arg-type]
    assert told in caught.value.message
    assert caught.value.hint or column in ("week", "dev", "team")


def test_a_column_that_is_not_there_is_named_with_its_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        read_panel(table(rows()), Columns("prz", unit="dev", time="week", adopted="since"), "count")
    assert caught.value.near == ["prs"]


def test_a_unit_that_changes_its_team_stays_with_the_first() -> None:
    said = rows()
    said[3] |= {"team": "t1"}
    panel = read_panel(table(said), COLUMNS, "count")
    assert panel.clusters[panel.cluster[panel.units.index("ann")]] == "t0"
    assert [note.code for note in panel.notes] == ["moved_units"]


def test_tasks_of_a_trial_keep_blocks_and_covariates(shared: Path) -> None:
    found = pd.read_csv(shared / "datasets" / "metr2025.csv", dtype=str, keep_default_na=False)
    found.index = pd.RangeIndex(2, len(found) + 2)
    columns = Columns(
        "initial_implementation_time",
        treated="ai_treatment",
        block="dev_id",
        covariates=("predicted_time_no_ai",),
    )
    trial = read_trial(found, columns, "duration")
    assert (trial.n, len(trial.blocks), int(trial.treated.sum())) == (246, 16, 136)
    again = read_trial(found.sample(frac=1, random_state=1), columns, "duration")
    np.testing.assert_array_equal(trial.outcome, again.outcome)
    np.testing.assert_array_equal(trial.block, again.block)


def test_the_counties_of_the_teaching_data(shared: Path) -> None:
    found = pd.read_csv(shared / "datasets" / "mpdta.csv", dtype=str, keep_default_na=False)
    columns = Columns("lemp", unit="countyreal", time="year", adopted="first_treat")
    panel = read_panel(found, columns, "amount")
    assert (panel.n, panel.length) == (500, 5)
    assert panel.dates.tolist() == [1, 3, 4]
    assert int(panel.never.sum()) == 309
