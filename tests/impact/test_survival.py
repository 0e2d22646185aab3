"""Cox regression and Kaplan-Meier: published figures, a second way to the same, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steelyard.impact.panel import Trial
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study
from steelyard.impact.survival import cox, kaplan_meier

STUDY = Study(kind="duration")

# Fox 2002, "Cox Proportional-Hazards Regression for Survival Data" (web appendix to An R and S-PLUS
# Companion to Applied Regression): Rossi, Berk and Lenihan's 432 prisoners, one year after release.
FOX_FIN = -0.3794
# Freireich et al. 1963 (in Cox 1972): weeks in remission of 21 patients with 6-MP and 21 with
# placebo; 0 = still in remission. Cox's estimate with Efron's ties: 1.57 (R's survival: 1.5721).
SIX_MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
# Kaplan-Meier of the 6-MP arm: Kleinbaum and Klein, Survival Analysis, chapter 2
SIX_MP_KM = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}


def rossi(clustered: bool = False) -> Trial:
    from lifelines.datasets import load_rossi

    told = load_rossi()
    n = len(told)
    known = {name: told[name].to_numpy(float) for name in told if name not in ("week", "fin")}
    cluster = np.arange(n) % 24 if clustered else np.arange(n)
    return Trial(
        outcome=told["week"].to_numpy(float),
        treated=told["fin"].to_numpy() == 1,
        block=np.zeros(n, dtype=np.int64),
        cluster=cluster,
        blocks=("",),
        clusters=tuple(map(str, range(int(cluster.max()) + 1))),
        clustered=clustered,
        covariates={("event" if name == "arrest" else name): v for name, v in known.items()},
    )


def leukemia() -> Trial:
    n = 42
    return Trial(
        outcome=np.array(SIX_MP + PLACEBO, dtype=float),
        treated=np.arange(n) >= 21,
        block=np.arange(n) % 3,
        cluster=np.arange(n),
        blocks=("a", "b", "c"),
        clusters=tuple(map(str, range(n))),
        covariates={"event": np.array(SIX_MP_ENDED + [1] * 21, dtype=float)},
    )


def said(trial: Trial) -> Estimate:
    found = cox(trial, STUDY)
    assert isinstance(found, Estimate)
    return found


def test_published_hazard_ratios() -> None:
    assert said(rossi()).estimate == pytest.approx(FOX_FIN, abs=5e-5)
    assert said(leukemia()).estimate == pytest.approx(1.5721, abs=5e-5)


def test_the_robust_error_is_the_sandwich_over_tasks() -> None:
    """By hand from score residuals: the only covariate, no ties."""
    rng = np.random.default_rng(3)
    time = rng.exponential(1, 60)
    x = (np.arange(60) % 2).astype(float)
    n = len(time)
    found = said(
        Trial(
            time,
            x > 0,
            np.zeros(n, np.int64),
            np.arange(n),
            ("",),
            tuple(map(str, range(n))),
            covariates={"event": np.ones(n)},
        )
    )
    b = found.estimate
    assert b is not None and found.se is not None
    risk = np.exp(b * x)
    total = np.array([risk[time >= t].sum() for t in time])
    mean = np.array([(risk * x)[time >= t].sum() for t in time]) / total
    score = x - mean
    for i in range(n):
        past = time <= time[i]
        score[i] -= (risk[i] / total[past] * (x[i] - mean[past])).sum()
    information = (mean - mean**2).sum()
    assert found.se == pytest.approx(
        np.sqrt((score**2).sum() * n / (n - 1)) / information, rel=1e-3
    )


def test_few_clusters_by_jackknife_and_its_words() -> None:
    found = said(rossi(clustered=True))
    assert found.inference == "jackknife over 24 clusters, t(23)"
    assert found.estimate == pytest.approx(FOX_FIN, abs=5e-5)
    assert found.se is not None and 0.1 < found.se < 0.35


def test_other_units_of_time_other_order_and_other_names_say_the_same() -> None:
    trial = rossi()
    first = said(trial)
    turn = np.random.default_rng(1).permutation(trial.n)
    turned = replace(
        trial,
        outcome=trial.outcome[turn] / 7,
        treated=trial.treated[turn],
        cluster=trial.cluster[turn] + 5,
        covariates={name: values[turn] for name, values in trial.covariates.items()},
    )
    again = said(turned)
    assert (first.estimate, first.se) == pytest.approx((again.estimate, again.se), rel=1e-6)


def test_the_other_side_is_the_other_sign() -> None:
    other = said(replace(leukemia(), treated=~leukemia().treated))
    assert other.estimate == pytest.approx(-1.5721, abs=5e-5)


def test_blocks_are_compared_within() -> None:
    found = said(replace(leukemia(), blocked=True))
    assert found.estimate is not None and 0.01 < abs(found.estimate - 1.5721) < 0.5


def test_pairs_in_which_one_side_always_ends_first_have_no_finite_ratio() -> None:
    paired = replace(leukemia(), blocked=True, block=np.tile(np.arange(21), 2))
    found = cox(paired, STUDY)
    assert isinstance(found, CannotSay) and found.code == "no_convergence"


def test_what_is_not_said_to_have_ended_is_not_guessed() -> None:
    found = cox(replace(leukemia(), covariates={}), STUDY)
    assert isinstance(found, CannotSay) and found.code == "no_event"


def test_an_arm_where_nothing_ended_is_refused() -> None:
    trial = leukemia()
    ended = np.where(trial.treated, trial.covariates["event"], 0.0)
    found = cox(replace(trial, covariates={"event": ended}), STUDY)
    assert isinstance(found, CannotSay) and found.code == "too_few_events"


def test_kaplan_meier_as_published_and_as_lifelines_has_it() -> None:
    from lifelines import KaplanMeierFitter

    rows = {row["time"]: row for row in kaplan_meier(SIX_MP, SIX_MP_ENDED, range(21))}
    assert {t: round(rows[t]["share"], 4) for t in SIX_MP_KM} == SIX_MP_KM
    theirs = KaplanMeierFitter().fit(SIX_MP, SIX_MP_ENDED).survival_function_["KM_estimate"]
    for time, row in rows.items():
        assert row["share"] == pytest.approx(theirs[time])
        assert row["low"] <= row["share"] <= row["high"]
    assert rows[6]["at_risk"] == 21 and rows[35]["at_risk"] == 1


def test_the_band_counts_developers_not_lines() -> None:
    """The same lines, once each of its own, once all of one of four developers."""
    rng = np.random.default_rng(5)
    developer = np.repeat(np.arange(4), 100)
    time = rng.exponential(np.array([1.0, 2.0, 4.0, 8.0])[developer])
    ended = np.ones(400, dtype=bool)

    def width(cluster: object) -> float:
        rows = kaplan_meier(time, ended, cluster)  # type: ignore[arg-type]
        middle = min(rows, key=lambda row: abs(row["share"] - 0.5))
        return float(middle["high"] - middle["low"])

    assert width(developer) > 2 * width(np.arange(400))


def test_young_lines_are_censored_not_surviving() -> None:
    """Half of the lines were only watched for a day: the curve of those watched long stays."""
    rng = np.random.default_rng(8)
    life = rng.exponential(10, 4000)
    watched = np.where(np.arange(4000) % 2, 1.0, 50.0)
    rows = kaplan_meier(np.minimum(life, watched), life <= watched, np.arange(4000))
    at_ten = [row["share"] for row in rows if row["time"] <= 10][-1]
    assert at_ten == pytest.approx(np.exp(-1), abs=0.03)
    assert len(rows) <= 200


def test_one_developer_has_no_band() -> None:
    assert kaplan_meier([1.0, 2.0], [1, 0], [0, 0])[0]["low"] is None
