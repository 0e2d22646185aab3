"""Whole analyses: published figures through the front door, one JSON shape, the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steelyard.impact.analyze import analyze
from steelyard.impact.checks.names import CHECKS
from steelyard.impact.read import Columns, read_panel, read_trial
from steelyard.impact.result import Analysis
from steelyard.impact.study import Study

KEYS = [
    "design",
    "estimand",
    "n",
    "headline",
    "beside",
    "diagnostics",
    "verdict",
    "power",
    "checks",
    "warnings",
]
ESTIMATE = [
    "estimator",
    "scale",
    "estimate",
    "se",
    "ci",
    "effect_pct",
    "ci_pct",
    "p",
    "inference",
]


def table(path: Path) -> pd.DataFrame:
    found = pd.read_csv(path, dtype=str, keep_default_na=False)
    found.index = pd.RangeIndex(2, len(found) + 2)
    return found


def found(analysis: Analysis, name: str) -> dict[str, Any]:
    """The estimate of that name, the headline first; others may differ in inference only."""
    said = analysis.to_json()
    every = [said["headline"], *said["beside"], *said["diagnostics"]]
    return dict(next(each for each in every if each and each["estimator"] == name))


@pytest.fixture(scope="module")
def metr(shared: Path) -> Analysis:
    """METR 2025 as published: total time, missing post-review time filled with the arm's mean."""
    tasks = table(shared / "datasets" / "metr2025.csv")
    review = pd.to_numeric(tasks.post_review_implementation_time, errors="coerce")
    filled = review.fillna(review.groupby(tasks.ai_treatment).transform("mean"))
    tasks["total"] = (tasks.initial_implementation_time.astype(float) + filled).astype(str)
    columns = Columns(
        "total", treated="ai_treatment", block="dev_id", covariates=("predicted_time_no_ai",)
    )
    trial = read_trial(tasks, columns, "duration")
    known = ("predicted_time_no_ai",)
    return analyze(
        trial, Study(kind="duration", covariates=known, outcome="total time", unit="task")
    )


def test_metr_as_published(metr: Analysis) -> None:
    # Becker et al. 2025: +18.8 %, HC3 interval +1.3 to +39.4.
    headline = found(metr, "log_duration")
    assert headline["estimate"] == pytest.approx(0.17261, abs=5e-6)
    assert headline["effect_pct"] == pytest.approx(18.8, abs=0.05)
    assert headline["ci_pct"] == pytest.approx([1.3, 39.4], abs=0.05)
    assert metr.design == "rct"
    assert metr.verdict.code == "effect"
    assert {each.name for each in metr.checks} <= {name for name, _ in CHECKS}
    assert "Treatment lengthened total time: +18.8 %" in metr.verdict.sentence


def test_a_trial_without_lots_is_an_association(shared: Path) -> None:
    tasks = table(shared / "datasets" / "metr2025.csv")
    trial = read_trial(
        tasks, Columns("initial_implementation_time", treated="ai_treatment"), "duration"
    )
    analysis = analyze(trial, Study(kind="duration"))
    assert analysis.headline is None
    assert analysis.verdict.code == "not_identified"
    assert "association" in analysis.verdict.sentence
    assert [each.estimator for each in analysis.diagnostics] == ["log_duration"]


def counties(shared: Path, **said: Any) -> Analysis:
    columns = Columns(
        "lemp",
        unit="countyreal",
        time="year",
        adopted="first_treat",
        covariates=said.get("covariates", ()),
    )
    panel = read_panel(table(shared / "datasets" / "mpdta.csv"), columns, "amount")
    return analyze(panel, Study(kind="amount", outcome="lemp", unit="county", **said))


@pytest.mark.parametrize(
    ("control", "covariates", "estimate", "se"),
    [
        ("never", (), -0.0400, 0.0120),
        ("not_yet", (), -0.0398, 0.0121),
        ("never", ("lpop",), -0.0418, 0.0115),
    ],
)
def test_callaway_and_santanna_as_published(
    shared: Path, control: str, covariates: tuple[str, ...], estimate: float, se: float
) -> None:
    # The vignette of R's did on its data mpdta, "simple" aggregate.
    analysis = counties(shared, control=control, covariates=covariates)
    cs = found(analysis, "callaway_santanna")
    assert (cs["estimate"], cs["se"]) == pytest.approx((estimate, se), abs=2e-4)


def test_counties_event_study_imputation_and_twfe_as_published(shared: Path) -> None:
    analysis = counties(shared, control="never")
    assert analysis.design == "waves"
    assert analysis.headline is not None and analysis.headline.estimator == "imputation"
    effects = [found(analysis, f"callaway_santanna[{t:+d}]")["estimate"] for t in range(4)]
    assert effects == pytest.approx([-0.0199, -0.0510, -0.1373, -0.1008], abs=6e-5)
    assert "Treatment lowered lemp: −0.0477 (95 % interval" in analysis.verdict.sentence
    bjs, twfe = found(analysis, "imputation"), found(analysis, "twfe")
    assert (bjs["estimate"], bjs["se"]) == pytest.approx((-0.0477, 0.0132), abs=1e-4)
    assert (twfe["estimate"], twfe["se"]) == pytest.approx((-0.0365, 0.0133), abs=1e-4)
    assert "twfe_is_diagnostic" in [each.code for each in analysis.warnings]


def small(effect: float = 0.5, waves: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for unit in range(40):
        start = (12 if unit % 2 else 99) if not waves else (12, 16, 20, 99)[unit % 4]
        for t in range(24):
            mean = 3 * np.exp(0.3 * (unit % 5) / 5 + effect * (t >= start))
            rows.append((f"d{unit}", t, rng.poisson(mean), start if start < 99 else ""))
    said = pd.DataFrame(rows, columns=["dev", "week", "prs", "since"]).astype(str)
    said.index = pd.RangeIndex(2, len(said) + 2)
    return said


SMALL = Columns("prs", unit="dev", time="week", adopted="since")


@pytest.mark.parametrize("design", ["rct", "volunteers", "waves"])
def test_an_analysis_has_every_part_in_one_shape(design: str) -> None:
    panel = read_panel(small(waves=design == "waves"), SMALL, "count")
    analysis = analyze(panel, Study(design=design, outcome="prs", unit="developer"))  # type: ignore[arg-type]
    said = analysis.to_json()
    assert list(said) == KEYS
    assert analysis.verdict.code == "effect"
    for each in [said["headline"], *said["beside"], *said["diagnostics"]]:
        assert list(each) == ESTIMATE
    assert said["headline"]["effect_pct"] == pytest.approx(65, abs=25)
    assert said["n"]["units"] == 40 and said["n"]["periods"] == 24
    assert said["power"]["mde_pct"] > 0
    names = [each["name"] for each in said["checks"]]
    assert len(names) == len(set(names)) and "pre_trend" in names and "disagreement" in names
    assert set(names) <= {name for name, _ in CHECKS}
    assert not any("passed" in each["detail"] for each in said["checks"])
    json.dumps(said, allow_nan=False)


def test_everybody_at_once_has_no_headline() -> None:
    rows = small()
    panel = read_panel(rows[rows.since != ""], SMALL, "count")
    analysis = analyze(panel, Study(outcome="prs"))
    assert analysis.design == "once" and analysis.headline is None
    assert analysis.verdict.code == "not_identified"
    assert [each.estimator for each in analysis.diagnostics] == ["interrupted_time_series"]
    assert "series" in analysis.pictures


def test_one_cluster_on_a_side_is_refused() -> None:
    rows = small()
    rows["team"] = np.where(rows.since == "", "a", "b")
    columns = Columns("prs", unit="dev", time="week", adopted="since", cluster="team")
    analysis = analyze(read_panel(rows, columns, "count"), Study(outcome="prs", cluster="team"))
    assert analysis.verdict.code == "refused" and analysis.headline is None
    assert "starts in 1 and is absent in 1 teams" in analysis.verdict.sentence


PRINT = """
import json, sys
from tests.impact.test_analyze import SMALL, small
from steelyard.impact.analyze import analyze
from steelyard.impact.read import read_panel
from steelyard.impact.study import Study
for design, waves in (("rct", False), ("waves", True)):
    table = small(waves=waves)
    if sys.argv[1] == "shuffled":
        table = table.sample(frac=1, random_state=3)
    said = analyze(read_panel(table, SMALL, "count"), Study(design=design)).to_json()
    print(json.dumps(said, allow_nan=False))
"""


def test_the_same_table_gives_the_same_bytes() -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINT, order],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in (("0", "as it is"), ("1", "as it is"), ("2", "shuffled"))
    ]
    assert printed[0] == printed[1] == printed[2] != ""


def test_log1p_stands_beside_and_never_leads() -> None:
    panel = read_panel(small(), SMALL, "count")
    plain, logged = (
        analyze(panel, Study(design="rct", transform=transform), pictures=False)  # type: ignore[arg-type]
        for transform in ("none", "log1p")
    )
    assert logged.headline == plain.headline
    assert [each.estimator for each in logged.beside if each not in plain.beside] == [
        "ancova_log1p"
    ]
    assert "log1p" in [note.code for note in logged.warnings]


def test_looks_widen_the_headline_and_lower_the_level() -> None:
    panel = read_panel(small(effect=0.22), SMALL, "count")
    end, look, any_time = (
        analyze(panel, Study(design="rct", **said), pictures=False)
        for said in ({}, {"looks": (4, 1)}, {"always_valid": True})  # type: ignore[arg-type]
    )
    heads = [each.headline for each in (end, look, any_time)]
    assert all(head is not None for head in heads)
    widths = [head.ci[1] - head.ci[0] for head in heads]  # type: ignore[union-attr,operator]
    assert widths[1] > widths[0] and widths[2] > widths[0]
    assert "look 1 of 4" in heads[1].inference and "always valid" in heads[2].inference  # type: ignore[union-attr]
    assert look.power == end.power
    assert end.verdict.code == "effect" and look.verdict.code == "no_detectable_effect"


def test_open_tasks_are_read_as_open() -> None:
    rng = np.random.default_rng(2)
    hours = rng.exponential(8, 200)
    rows = pd.DataFrame(
        {
            "h": np.minimum(hours, 12) * np.where(np.arange(200) % 2, 0.5, 1),
            "ai": np.arange(200) % 2,
            "event": (hours < 12).astype(int),
        }
    ).astype(str)
    trial = read_trial(rows, Columns("h", treated="ai", covariates=("event",)), "duration")
    study = Study(kind="duration", design="rct", covariates=("event",), outcome="the merge")
    refused = analyze(trial, study)
    assert refused.verdict.code == "refused" and "--estimator survival" in refused.verdict.sentence
    sooner = analyze(trial, replace(study, estimator="survival"))
    assert sooner.headline is not None and sooner.beside == []
    assert sooner.verdict.sentence.startswith("Treatment made the merge end sooner: +")
