"""Data can lower a design, never raise it; what cannot be analysed comes back as a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steelyard.errors import UnknownName, UsageError
from steelyard.impact.analyze import analyze
from steelyard.impact.choose import choose
from steelyard.impact.design import Settled, arms, settle, settle_trial
from steelyard.impact.methods import METHODS, NAIVE, method
from steelyard.impact.panel import Panel, Trial
from steelyard.impact.result import CannotSay, log_estimate
from steelyard.impact.study import DESIGNS, KINDS, Design, Study
from steelyard.impact.verdict import conclude, effect_words, figure, needed

T = 6


def panel(*starts: int, observed: float = 3.0, teams: int = 0) -> Panel:
    n = len(starts)
    cluster = np.arange(n) if not teams else np.arange(n) % teams
    return Panel(
        outcome=np.full((n, T), observed) + np.arange(T),
        start=np.array(starts),
        cluster=cluster,
        steps=np.arange(T),
        units=tuple(f"d{i}" for i in range(n)),
        periods=tuple(f"w{t}" for t in range(T)),
        clusters=tuple(f"c{i}" for i in range(len(set(cluster.tolist())))),
    )


@pytest.mark.parametrize(
    ("starts", "said", "found", "code"),
    [
        ((3, 3, T, T), None, "volunteers", "design_read"),
        ((2, 4, T, T), None, "waves", "design_read"),
        ((3, 3, 3, 3), None, "once", "design_read"),
        ((3, 3, T, T), "rct", "rct", None),
        ((3, 3, T, T), "waves", "volunteers", "design_lowered"),
        ((3, 3, T, T), "once", "once", None),
        ((2, 4, T, T), "rct", "waves", "design_lowered"),
        ((2, 4, T, T), "volunteers", "volunteers", None),
        ((3, 3, 3, 3), "rct", "once", "design_lowered"),
        ((3, 3, 3, 3), "volunteers", "once", "design_lowered"),
    ],
)
def test_a_design_is_read_or_lowered_and_said(
    starts: tuple[int, ...], said: Design | None, found: Design, code: str | None
) -> None:
    settled = settle(panel(*starts), Study(design=said))
    assert isinstance(settled, Settled)
    assert settled.design == found
    assert [note.code for note in settled.notes] == ([code] if code else [])


def test_a_design_is_never_raised() -> None:
    for said in DESIGNS:
        for starts in ((3, 3, T, T), (2, 4, T, T), (3, 3, 3, 3)):
            settled = settle(panel(*starts), Study(design=said))
            assert isinstance(settled, Settled)
            assert DESIGNS.index(settled.design) >= DESIGNS.index(said)


def test_nobody_treated_and_nobody_seen_before_are_refused() -> None:
    none = settle(panel(T, T, T), Study())
    assert isinstance(none, CannotSay) and none.code == "no_treated"
    always = settle(panel(0, 0, T, T), Study())
    assert isinstance(always, CannotSay) and always.code == "no_baseline"
    assert "users against non-users" in always.message


def test_nothing_counted_is_refused() -> None:
    zeros = replace(panel(3, 3, T, T), outcome=np.zeros((4, T)))
    refused = settle(zeros, Study(outcome="prs"))
    assert isinstance(refused, CannotSay)
    assert (refused.code, refused.message) == (
        "no_counts",
        "Every prs is 0 or missing: nothing to compare.",
    )
    assert isinstance(settle(zeros, Study(kind="amount")), Settled)


def test_those_always_treated_are_left_out_and_counted() -> None:
    settled = settle(panel(0, 3, 3, T, T), Study())
    assert isinstance(settled, Settled)
    assert settled.panel.n == 4
    (note,) = [each for each in settled.notes if each.code == "always_treated"]
    assert note.message.startswith("1 units")


def test_rows_are_no_units() -> None:
    rows = panel(3, 3, T, T)
    seen_once = np.full((4, T), np.nan)
    seen_once[np.arange(4), [1, 4, 1, 4]] = 1
    refused = settle(replace(rows, outcome=seen_once), Study())
    assert isinstance(refused, CannotSay) and refused.code == "rows_as_units"


def test_arms_are_counted_in_clusters() -> None:
    assert arms(panel(3, 3, T, T)) == (2, 2)
    assert arms(panel(3, 3, T, T, teams=2)) == (2, 2)
    assert arms(panel(3, T, 3, T, teams=2)) == (1, 1)
    assert arms(panel(2, 4, 4)) == (3, 2)


def test_every_design_and_kind_has_a_headline_that_is_for_it() -> None:
    many = [3] * 6 + [T] * 6
    waves = [2] * 3 + [3] * 3 + [T] * 6
    for design, starts in (("rct", many), ("waves", waves), ("volunteers", many)):
        for kind in KINDS:
            choice = choose(panel(*starts), Study(kind=kind), design)  # type: ignore[arg-type]
            assert choice.headline is not None
            assert kind in choice.headline.kinds and design in choice.headline.designs
    assert choose(panel(*[3] * 6), Study(), "once").headline is None


def test_an_estimator_asked_for_leads_only_where_it_may() -> None:
    waves = panel(*[2] * 3, *[3] * 3, *[T] * 6)
    asked = choose(waves, Study(estimator="CS"), "waves")
    assert asked.headline is not None and asked.headline.name == "callaway_santanna"
    assert [each.name for each in asked.beside] == ["poisson_imputation"]
    unfit = choose(waves, Study(estimator="twfe"), "waves")
    assert unfit.headline is not None and unfit.headline.name == "poisson_imputation"
    assert [each.name for each in unfit.diagnostics] == ["twfe"]
    (note,) = unfit.notes
    assert note.code == "estimator_unsuited" and "diagnostic only" in note.message


def test_an_estimator_of_tasks_reads_no_panel() -> None:
    with pytest.raises(UsageError, match="survival needs single tasks"):
        choose(panel(3, 3, T, T), Study(kind="duration", estimator="survival"), "rct")
    with pytest.raises(UsageError, match="poisson_did needs a panel"):
        analyze(trial(True), Study(estimator="poisson_did"))


def test_few_treated_units_get_a_synthetic_control() -> None:
    choice = choose(panel(3, *[T] * 8), Study(kind="amount"), "volunteers")
    assert choice.headline is not None and choice.headline.name == "synthetic_did"


def test_methods_are_found_by_name_and_alias_and_naive_ones_are_refused() -> None:
    assert method("Callaway-SantAnna").name == "callaway_santanna"
    names = [name for each in METHODS for name in (each.name, *each.aliases)]
    assert len(names) == len(set(names))
    for name, reason in NAIVE.items():
        with pytest.raises(UsageError) as caught:
            method(name)
        assert caught.value.message == reason
    with pytest.raises(UnknownName):
        method("magic")


def test_every_method_can_be_run() -> None:
    for each in METHODS:
        assert callable(each.run)


def trial(blocked: bool) -> Trial:
    codes = np.zeros(4, dtype=int)
    own = np.arange(4)
    flags = np.array([True, False, True, False])
    names = ("a", "b", "c", "d")
    return Trial(np.ones(4), flags, codes, own, ("x",), names, blocked=blocked)


def test_tasks_without_lots_are_an_association() -> None:
    found = settle_trial(trial(False), Study())
    assert found is not None and found.code == "association"
    assert settle_trial(trial(True), Study()) is None
    assert settle_trial(trial(False), Study(design="rct")) is None
    one = settle_trial(replace(trial(True), treated=np.ones(4, dtype=bool)), Study())
    assert one is not None and one.code == "one_arm"


STUDY = Study(outcome="merged pull requests", unit="developer")


@pytest.mark.parametrize(
    ("b", "se", "p", "code", "said"),
    [
        (0.2, 0.05, 0.001, "effect", "Treatment raised merged pull requests: +22.1 %"),
        (-0.2, 0.05, 0.001, "effect", "Treatment lowered merged pull requests: −18.1 %"),
        (0.05, 0.2, 0.8, "no_detectable_effect", "can be told from chance: +5.1 %"),
    ],
)
def test_the_sentence_follows_the_estimate(
    b: float, se: float, p: float, code: str, said: str
) -> None:
    headline = log_estimate("poisson_did", b, se, (b - 2 * se, b + 2 * se), p, "t(10)")
    verdict = conclude("rct", headline, STUDY, {"mde_pct": 60.0}, 50)
    assert verdict.code == code
    assert said in verdict.sentence
    assert ("+60.0 % or more would have been seen" in verdict.sentence) == (p > 0.05)
    assert ("1,800 developers" in verdict.answerable) == (p > 0.05)


def test_an_assumption_is_part_of_the_sentence() -> None:
    headline = log_estimate("matched_did", 0.3, 0.05, (0.2, 0.4), 0.001, "t(10)")
    verdict = conclude("volunteers", headline, STUDY, {}, 50)
    assert verdict.evidence == "assumption-based"
    assert "an assumption nobody can test" in verdict.sentence


def test_no_interval_no_verdict() -> None:
    headline = log_estimate("poisson_did", 0.3, None, (None, None), None, "none")
    assert conclude("rct", headline, STUDY, {}, 50).code == "refused"
    assert effect_words(headline, STUDY) == "+35.0 % (interval unknown)"


def test_figures_have_as_many_digits_as_they_can_bear() -> None:
    assert [figure(v) for v in (0.123, 4.56, 136.4, -0.5, -1234.5)] == [
        "+0.12",
        "+4.6",
        "+136",
        "−0.50",
        "−1,234",
    ]
    assert needed(9.0, 50, STUDY) == ""
