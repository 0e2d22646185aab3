"""Return on full cost against closed forms, and what it must never say."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from steelyard.errors import BadValue
from steelyard.impact.assumptions import (
    Assumptions,
    Effect,
    Range,
    effect_from_analysis,
    effect_from_pct,
    point,
    read_range,
    read_share,
)
from steelyard.impact.roi import Return, roi

EXACT = Assumptions(
    people=point(100),
    weeks=point(26),
    hours=point(30),
    rate=point(100),
    realisation=point(0.5),
    spend=point(200_000),
    seats=point(60_000),
    training=point(40_000),
)
TEN = Effect(math.log(1.1), 0.02)


def codes(found: Return) -> list[str]:
    return [note.code for note in found.warnings]


def test_single_numbers_give_the_exact_return() -> None:
    """100 x 26 x 30 h x 10 % x 100 x 0.5 = 390,000; cost 300,000; 40,000 over 5,000 a week."""
    found = roi(EXACT, Effect(math.log(1.1), None))
    assert found.value.median == pytest.approx(390_000)
    assert found.cost.ci90 == pytest.approx((300_000, 300_000))
    assert found.roi.median == pytest.approx(0.3)
    assert found.roi.ci90 == pytest.approx((0.3, 0.3))
    assert found.payback_weeks.median == pytest.approx(40_000 / 5_000)
    assert found.p_loss == 0 and found.never == 0 and found.tornado == ()


def test_product_of_lognormals_has_its_closed_quantiles() -> None:
    people = Range(80, 125, "lognormal")
    rate = Range(50, 200, "lognormal")
    found = roi(replace(EXACT, people=people, rate=rate), Effect(math.log(1.1), None))
    spread = math.hypot(math.log(125 / 80) / 2, math.log(4) / 2)  # at 90 %
    assert found.value.median == pytest.approx(390_000, rel=0.005)
    low, high = found.value.ci90
    assert low == pytest.approx(390_000 * math.exp(-spread), rel=0.015)
    assert high == pytest.approx(390_000 * math.exp(spread), rel=0.015)


def test_probability_of_a_loss_is_that_of_the_normal_effect() -> None:
    """Break-even at an effect of 0.1 x 300/390; effect normal 0.1 (0.05): P = Phi(-0.4615)."""
    found = roi(EXACT, Effect(0.1, 0.05, scale="level"))
    assert found.p_loss == pytest.approx(0.32222, abs=0.003)
    # never paid back: value below running cost, 0.1 x 260/390
    assert found.never == pytest.approx(0.25249, abs=0.003)


def test_value_of_output_instead_of_hours() -> None:
    given = Assumptions(
        people=point(10),
        weeks=point(10),
        output=point(2),
        value_per_output=point(1000),
        realisation=point(0.5),
        seats=point(5_000),
    )
    found = roi(given, Effect(0.1, None, scale="level"))
    assert found.value.median == pytest.approx(10 * 10 * 2 * 0.1 * 1000 * 0.5)
    assert "hours" not in found.assumptions
    with pytest.raises(BadValue, match="needs both"):
        replace(given, output=None)


def test_less_time_is_value_and_more_time_is_loss() -> None:
    saved = roi(EXACT, effect_from_pct(-10, (-15, -5), of="time"))
    lost = roi(EXACT, effect_from_pct(19, (1, 39), of="time"))
    assert saved.value.median == pytest.approx(390_000, rel=0.01)
    assert lost.code == "loses" and "cost more than they bring" in lost.sentence
    assert lost.payback_weeks.median is None and lost.never > 0.95


def test_money_scales_out_of_the_return() -> None:
    given = replace(EXACT, rate=read_range("80..120"), spend=read_range("150000..250000"))
    cents = replace(
        EXACT,
        rate=read_range("8000..12000"),
        spend=read_range("15000000..25000000"),
        seats=point(6_000_000),
        training=point(4_000_000),
    )
    one, other = roi(given, TEN), roi(cents, TEN)
    assert one.roi.median == pytest.approx(other.roi.median)
    assert one.p_loss == other.p_loss


def test_larger_realisation_never_lowers_the_return_of_a_gain() -> None:
    returns = [
        roi(replace(EXACT, realisation=read_share(text)), TEN).roi.median
        for text in ("0.1..0.3", "0.3..0.5", "0.5..0.7")
    ]
    assert returns == sorted(returns)


def test_tornado_is_sorted_and_exact() -> None:
    given = replace(EXACT, realisation=read_share("0.4..0.6"), rate=read_range("95..105"))
    found = roi(given, TEN)
    assert [each.name for each in found.tornado] == ["effect", "realisation", "rate"]
    by_name = {each.name: each for each in found.tornado}
    middle = math.sqrt(95 * 105) / 100  # the rate's median
    assert by_name["realisation"].roi_low == pytest.approx(0.4 * 780_000 * middle / 300_000 - 1)
    assert by_name["effect"].high == pytest.approx(math.expm1(math.log(1.1) + 1.644854 * 0.02))
    assert "What matters most is the effect" in found.sentence


@pytest.mark.parametrize("shape", ["normal", "lognormal", "triangular"])
def test_every_shape_holds_90_percent_between_its_ends(shape: str) -> None:
    given = Range(0.3, 0.7, shape)  # type: ignore[arg-type]
    low, high = given.at(np.array([0.05, 0.95]))
    assert (low, high) == pytest.approx((0.3, 0.7))


def test_same_seed_same_bytes_and_other_seed_nearly_the_same() -> None:
    given = replace(EXACT, realisation=read_share("0.3..0.7"))
    one = roi(given, TEN)
    assert json.dumps(one.to_json()) == json.dumps(roi(given, TEN).to_json())
    assert roi(given, TEN, seed=1).roi.median == pytest.approx(one.roi.median, abs=0.01)


def test_an_effect_nobody_identified_stays_an_assumption() -> None:
    analysis = {
        "headline": {
            "estimator": "interrupted_time_series",
            "scale": "log",
            "effect_pct": 20.0,
            "ci_pct": [10.0, 31.0],
        },
        "verdict": {"code": "not_identified", "evidence": "none"},
    }
    found = roi(EXACT, effect_from_analysis(analysis))
    assert found.code == "assumption_only"
    assert found.to_json()["verdict"]["evidence"] == "assumption only"
    assert "which nothing here has shown" in found.sentence
    assert "effect_not_identified" in codes(found)


def test_an_analysis_without_an_estimate_cannot_be_valued() -> None:
    with pytest.raises(BadValue, match="nothing to be valued"):
        effect_from_analysis({"headline": None, "verdict": {"code": "refused"}})


def test_width_of_an_effect_is_that_of_its_interval() -> None:
    effect = effect_from_pct(8, (2, 14))
    assert effect.estimate == pytest.approx(math.log(1.08))
    assert effect.se == pytest.approx(math.log(1.14 / 1.02) / 3.919928, rel=1e-6)
    with pytest.raises(BadValue):
        effect_from_pct(8, (9, 14))


def test_doubtful_inputs_are_said() -> None:
    found = roi(replace(EXACT, realisation=point(1.0)), effect_from_pct(5, (-4, 15)))
    assert {"full_realisation", "effect_uncertain", "effect_stated"} <= set(codes(found))
    default = replace(EXACT, realisation=Assumptions.realisation)
    assert "default_realisation" in codes(roi(default, TEN))
    assert "single_numbers" in codes(found)


def test_no_cost_is_no_return() -> None:
    with pytest.raises(BadValue, match="cost above 0"):
        Assumptions(people=point(1), weeks=point(1), hours=point(1), rate=point(1))


@pytest.mark.parametrize("text", ["many", "7..3", "1..2..3", "nan..1", ""])
def test_unreadable_ranges_are_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read_range(text)


def test_ranges_and_shares_are_read() -> None:
    assert read_range("40_000") == point(40_000)
    assert read_range("1,000..2,000") == Range(1000, 2000, "lognormal")
    assert read_range("-5..5").shape == "normal"
    assert read_share("30%..70%") == Range(0.3, 0.7, "triangular")
    with pytest.raises(BadValue):
        read_share("0.5..1.5")


def test_printed_form_has_the_stated_keys() -> None:
    said = roi(EXACT, TEN).to_json()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    keys = {"roi", "payback_weeks", "p_loss", "value", "cost", "tornado", "assumptions", "verdict"}
    assert keys | {"warnings", "net"} == set(said)
    assert {"name", "low", "high", "source"} <= set(said["assumptions"][0])
    assert {"code", "sentence", "evidence"} == set(said["verdict"])
