"""The gate's checks, each worked out by hand, and a worse challenger refused by each of them in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from features.policy.gate import GatePolicy, read_gate
from training.challenge import Case, Check, Forecast, Outcomes, Scores
from training.gate_words import sentence
from training.promote import failed, judge, stability_index

DAY = date(2026, 8, 1)
POLICY = read_gate(date(2026, 11, 1))
FloatArray = NDArray[np.float64]


def _rows(
    label: FloatArray,
    challenger: FloatArray,
    champion: FloatArray | None,
    groups: Mapping[str, tuple[str, ...]] | None = None,
) -> Outcomes:
    return Outcomes(
        "churn_90", "probability", DAY, tuple(f"C{row:04d}" for row in range(len(label))), label,
        np.full(len(label), np.nan), groups or {}, Forecast(challenger, None, challenger >= 0.15),
        None if champion is None else Forecast(champion),
    )  # fmt: skip


def _case(*rows: Outcomes, scores: tuple[Scores, ...] = ()) -> Case:
    return Case(rows, scores, {}, has_champion=any(one.champion is not None for one in rows))


def _only(checks: tuple[Check, ...], code: str, figure: str) -> Check:
    (found,) = (check for check in checks if (check.code, check.figure) == (code, figure))
    return found


def _repeated(pattern: list[float], times: int) -> FloatArray:
    return np.array(pattern * times, dtype=np.float64)


def test_a_challenger_that_ranks_the_wrong_way_round_is_refused() -> None:
    """Every tenth leaves; the champion gives leavers 0.5 and others 0.05 (AUC 1), the challenger the opposite (0)."""
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 30)
    champion = np.where(label == 1, 0.5, 0.05)
    check = _only(judge(_case(_rows(label, 0.55 - champion, champion)), POLICY), "quality", "auc")
    assert (check.state, check.value, check.interval) == ("failed", -1.0, (-1.0, -1.0))
    assert check.facts == {
        "rows": 300,
        "events": 30,
        "as_of": "2026-08-01",
        "challenger": 0.0,
        "champion": 1.0,
    }
    assert "AUC 0.000, champion 1.000, on 300 customers (30 events)" in sentence(check, "en")
    assert "整个区间低于 0 即拒绝" in sentence(check, "zh")


def test_an_equal_challenger_passes_and_so_does_one_worse_by_chance_only() -> None:
    """One pair of 30 x 270 in the wrong order: 1 / 8,100 worse, but so little that some draws lack it: the end is 0."""
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 30)
    champion = np.where(label == 1, 0.5, 0.05)
    challenger = champion.copy()
    challenger[0], challenger[1] = 0.20, 0.25
    same = _only(judge(_case(_rows(label, champion, champion)), POLICY), "quality", "auc")
    assert (same.state, same.value) == ("passed", 0.0)
    worse = _only(judge(_case(_rows(label, challenger, champion)), POLICY), "quality", "auc")
    assert worse.value == pytest.approx(-1 / 8100)
    assert worse.interval is not None
    assert worse.interval[1] == 0.0
    assert worse.state == "passed"


def test_without_a_champion_only_the_bounds_are_held() -> None:
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 30)
    checks = judge(_case(_rows(label, np.where(label == 1, 0.98, 0.01), None)), POLICY)
    assert _only(checks, "quality", "no_champion").state == "reported"
    assert not failed(checks)


def test_without_an_event_nothing_is_compared_and_that_is_refused() -> None:
    label = np.zeros(300)
    checks = judge(_case(_rows(label, label + 0.1, label + 0.2)), POLICY)
    assert _only(checks, "quality", "auc").state == "not_measured"
    assert [(check.code, check.figure) for check in failed(checks)] == [("comparison", "nothing_compared")]


def test_a_forecast_three_times_the_rate_is_refused_as_badly_calibrated() -> None:
    """Rate 0.1, forecast 0.3 for everybody: ratio 3.0; every bin differs by 0.2 in the mean over its customers.

    The bins hold 30 customers each, in their order, 3 of them with the event: 10 x |0.3 - 0.1| / 10 = 0.2.
    """
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 30)
    checks = judge(_case(_rows(label, np.full(300, 0.3), None)), POLICY)
    error, ratio = _only(checks, "calibration", "ece"), _only(checks, "calibration", "rate_ratio")
    assert error.value == pytest.approx(0.2)
    assert ratio.value == pytest.approx(3.0)
    assert (error.state, ratio.state) == ("failed", "failed")


@pytest.mark.parametrize(("forecast", "state"), [(0.15, "passed"), (0.151, "failed")])
def test_the_calibration_error_is_held_to_its_bound(forecast: float, state: str) -> None:
    """Rate 0.1 in every bin, so the error is forecast - 0.1: 0.05 is allowed, 0.051 is not."""
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 300)
    forecasts = np.full(3000, np.nextafter(forecast, 0))
    assert _only(judge(_case(_rows(label, forecasts, None)), POLICY), "calibration", "ece").state == state


@pytest.mark.parametrize(("times", "state"), [(10, "passed"), (100, "failed")])
def test_a_ratio_beyond_its_bound_by_chance_is_not_refused(times: int, state: str) -> None:
    """0.055 forecast, 0.1 came: 0.55 is below 0.6. Of 10 events many draws have 5 or fewer; of 100 none has 55."""
    label = _repeated([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], times)
    check = _only(
        judge(_case(_rows(label, np.full(10 * times, 0.055), None)), POLICY), "calibration", "rate_ratio"
    )
    assert check.value == pytest.approx(0.55)
    assert check.state == state


def test_growth_is_held_to_its_total_and_to_its_interval() -> None:
    """Everybody had 100 and has 100 again; forecast +30: 130 over 100. The interval [10, 50] holds nobody's 0."""
    rows = Outcomes(
        "growth_180", "amount", DAY, tuple(f"C{row}" for row in range(200)), np.zeros(200), np.full(200, 100.0), {},
        Forecast(np.full(200, 30.0), (np.full(200, 10.0), np.full(200, 50.0))), None,
    )  # fmt: skip
    checks = judge(_case(rows), POLICY)
    total, coverage = _only(checks, "calibration", "total_ratio"), _only(checks, "calibration", "coverage")
    assert (total.value, total.state) == (pytest.approx(1.3), "failed")
    assert (coverage.value, coverage.state) == (0.0, "failed")


@pytest.mark.parametrize(
    ("now", "value", "state"), [((60, 40), 0.0405, "passed"), ((75, 25), 0.2747, "failed")]
)
def test_scores_that_moved_are_refused(now: tuple[int, int], value: float, state: str) -> None:
    """(0.6 - 0.5) ln 1.2 + (0.4 - 0.5) ln 0.8 = 0.0182 + 0.0223; (0.75 - 0.5) ln 1.5 + (0.25 - 0.5) ln 0.5 = 0.2747."""
    before, counts = np.array([500, 500]), 10 * np.array(now)
    assert stability_index(before, counts) == pytest.approx(value, abs=5e-5)
    check = _only(
        judge(_case(scores=(Scores("churn_90", DAY, before, counts),)), POLICY), "stability", "score_shift"
    )
    assert check.state == state


@pytest.mark.parametrize(("agreement", "state"), [(None, "not_measured"), (0.5, "passed"), (0.499, "failed")])
def test_reasons_are_held_to_their_bound_where_they_were_measured(
    agreement: float | None, state: str
) -> None:
    counts = np.array([100, 100])
    scores = Scores("churn_90", DAY, counts, counts, None, agreement)
    assert _only(judge(_case(scores=(scores,)), POLICY), "stability", "reason_agreement").state == state


SEXES = ("F",) * 200 + ("M",) * 200


def test_groups_that_differ_in_their_rate_are_no_unfairness() -> None:
    """F leave at 0.1 and M at 0.3, and that is what is forecast: both gaps 0."""
    label = np.concatenate([_repeated([1] + [0] * 9, 20), _repeated([1, 1, 1] + [0] * 7, 20)])
    forecast = np.array([0.1] * 200 + [0.3] * 200)
    check = _only(judge(_case(_rows(label, forecast, None, {"sex": SEXES})), POLICY), "fairness", "gap_sex")
    assert check.value == pytest.approx(0.0)
    assert check.state == "passed"
    first, second = check.groups
    assert (first.name, first.rows, first.outcome, first.high_share) == ("F", 200, 0.1, 0.0)
    assert first.forecast == pytest.approx(0.1)
    assert (second.outcome, second.high_share, second.ranking) == (0.3, 1.0, 0.5)


@pytest.mark.parametrize(("forecast", "value", "state"), [(0.14, 0.4, "passed"), (0.16, 0.6, "failed")])
def test_a_group_whose_risk_is_overstated_is_unfairness(forecast: float, value: float, state: str) -> None:
    """Both leave at 0.1; M are forecast at 0.14 or 0.16: gaps 0 and 0.04 or 0.06, over the rate 0.1: 0.4 or 0.6."""
    label = _repeated([1] + [0] * 9, 400)
    sexes = ("F",) * 2000 + ("M",) * 2000
    forecasts = np.array([0.1] * 2000 + [forecast] * 2000)
    check = _only(judge(_case(_rows(label, forecasts, None, {"sex": sexes})), POLICY), "fairness", "gap_sex")
    assert check.value == pytest.approx(value)
    assert check.state == state
    assert (check.facts["most"], check.facts["least"]) == ("M", "F")


def test_a_small_group_is_shown_and_not_judged() -> None:
    """99 customers aged 60 and more, forecast at 0.9: below the least count of 100; with one more, refused.

    100 customers of whom 9 leave are too few events to judge; with 12 there are enough.
    """
    for small, leavers, state in ((99, 12, "not_measured"), (100, 12, "failed"), (100, 9, "not_measured")):
        label = np.concatenate([np.arange(400 - small) % 10 == 0, np.arange(small) < leavers]).astype(
            np.float64
        )
        ages = ("30-44",) * (400 - small) + ("60+",) * small
        forecast = np.array([0.1] * (400 - small) + [0.9] * small)
        check = _only(
            judge(_case(_rows(label, forecast, None, {"age": ages})), POLICY), "fairness", "gap_age"
        )
        assert check.state == state
        assert [group.rows for group in check.groups] == [400 - small, small]


def test_the_pair_that_refuses_is_named_though_a_smaller_group_lies_further_off() -> None:
    """Gaps: A 0, B 0.08 of 2,000 customers, C 0.1 of 100. C lies further off, but may as well lie at 0; B may not.

    The rate of all is (200 + 200 + 50) / 4,100, so the figure of A and B is 0.08 / 0.1098 = 0.729.
    """
    label = np.concatenate([_repeated([1] + [0] * 9, 400), _repeated([1, 0], 50)])
    forecast = np.array([0.10] * 2000 + [0.18] * 2000 + [0.2] * 50 + [1.0] * 50)
    groups = {"age": ("A",) * 2000 + ("B",) * 2000 + ("C",) * 100}
    check = _only(judge(_case(_rows(label, forecast, None, groups)), POLICY), "fairness", "gap_age")
    assert [group.gap for group in check.groups] == pytest.approx([0.0, 0.08, 0.1])
    assert (check.state, check.facts["most"], check.facts["least"]) == ("failed", "B", "A")
    assert check.value == pytest.approx(0.729, abs=5e-4)


def _good(seed: int = 1) -> tuple[Outcomes, Scores]:
    """2,000 customers, risks that are what is forecast; the champion knows a little less."""
    draw = np.random.default_rng(seed)
    risk = draw.normal(-2.5, 1.0, 2000)
    truth = 1 / (1 + np.exp(-risk))
    label = (draw.random(2000) < truth).astype(np.float64)
    champion = 1 / (1 + np.exp(-(risk + draw.normal(0, 0.3, 2000))))
    sexes = tuple("FM"[place % 2] for place in range(2000))
    counts = np.full(10, 200)
    return _rows(label, truth, champion, {"sex": sexes}), Scores("churn_90", DAY, counts, counts, 0.9, 0.8)


def _changed(rows: Outcomes, challenger: FloatArray) -> Outcomes:
    return replace(rows, challenger=Forecast(challenger, None, challenger >= 0.15))


def test_a_good_challenger_passes_every_check() -> None:
    rows, scores = _good()
    checks = judge(_case(rows, scores=(scores,)), POLICY)
    assert not failed(checks)
    assert {check.code for check in checks if check.state == "passed"} == {
        "quality",
        "calibration",
        "stability",
        "fairness",
    }


@pytest.mark.parametrize("worse", ["quality", "calibration", "stability", "fairness", "comparison"])
def test_a_worse_challenger_is_refused_by_each_check_in_turn(worse: str) -> None:
    """Each is the good one with one thing spoilt, and refused by that check alone, with its figures in words.

    quality: the forecast of chance, whose mean is right; calibration: twice the risk, whose order is right; stability:
    scores that moved; fairness: women up and men down, mean and order nearly right; comparison: a model is missing.
    """
    rows, scores = _good()
    truth, obstacles = rows.challenger.value, {}
    if worse == "quality":
        rows = _changed(rows, np.full(2000, truth.mean()) + np.linspace(-0.01, 0.01, 2000))
    elif worse == "calibration":
        rows = _changed(rows, np.minimum(2.0 * truth, 1.0))
    elif worse == "stability":
        scores = replace(scores, now=np.array([600, 600, 200, 200, 100, 100, 50, 50, 50, 50]))
    elif worse == "fairness":
        is_woman = np.array([name == "F" for name in rows.groups["sex"]])
        rows = _changed(rows, truth * np.where(is_woman, 1.35, 0.65))
    else:
        obstacles = {"growth_180": ("lost_model", {})}
    case = Case((rows,), (scores,), obstacles, has_champion=rows.champion is not None)
    checks = judge(case, POLICY)
    assert {check.code for check in failed(checks)} == {worse}
    for check in failed(checks):
        for language in ("en", "zh"):
            assert "{" not in sentence(check, language)
    assert any(check.value is not None for check in failed(checks)) or worse == "comparison"


def test_every_bound_is_in_force_from_its_date() -> None:
    assert isinstance(POLICY, GatePolicy)
    assert POLICY.bounds["stability.score_shift"] == 0.25
