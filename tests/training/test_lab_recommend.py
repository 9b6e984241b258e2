"""The lab's recommendation: each test on both sides of its limit, which definition wins, what is said if none does."""

from __future__ import annotations

from datetime import date

import pytest

from features.policy import policy_text
from features.policy.lab import LabLimits, parse_lab, read_lab
from features.policy.tree import PolicyError
from training.lab import Definition
from training.lab_figures import Alarms, Finding, Lead, Rate
from training.lab_recommend import judge_finding, recommend

LIMITS = LabLimits(least_events=20, base_rate_low=0.01, base_rate_high=0.5, spread=2.0, false_alarms=0.25)


def a_finding(
    *events: int,
    rows: int = 1000,
    back: int = 5,
    followed: int = 20,
    leads: dict[int, int] | None = None,
    clause: str = "late",
    days: float = 60,
    is_own: bool = False,
) -> Finding:
    definition = Definition("default", 360, clause, (("late_days", days),), is_own)
    rates = tuple(Rate(day, rows, count) for day, count in enumerate(events))
    return Finding(definition, rates, Lead(40, leads or {0: 9, 30: 11}, None), Alarms(followed, back), None)


def failed(finding: Finding, gap: int = 0) -> list[str]:
    return [test.test for test in judge_finding(finding, LIMITS, gap).failed]


def test_what_keeps_every_limit_fits() -> None:
    """20 of 1000 and 40 of 1000: mean 3%, spread 2; 5 of 20 back: 25%; 11 of 20 fell 30 days before: median 30."""
    judged = judge_finding(a_finding(20, 40), LIMITS, 0)
    assert judged.fits
    values = {test.test: test.value for test in judged.tests}
    assert values == {
        "events": 20,
        "base_rate": pytest.approx(0.03),
        "spread": 2.0,
        "false_alarms": 0.25,
        "lead": 30,
    }


@pytest.mark.parametrize(
    ("finding", "test"),
    [
        (a_finding(19, 38), "events"),
        (a_finding(1181, 1181, rows=1200), "events"),
        (a_finding(20, 20, rows=2100), "base_rate"),
        (a_finding(501, 501), "base_rate"),
        (a_finding(20, 41), "spread"),
        (a_finding(20, 40, back=6), "false_alarms"),
        (a_finding(20, 40, leads={0: 10, 30: 10}), "lead"),
    ],
)
def test_just_beyond_a_limit_fails(finding: Finding, test: str) -> None:
    assert test in failed(finding)


def test_what_is_measured_on_too_few_does_not_hold() -> None:
    assert failed(a_finding(20, 40, followed=19, back=0)) == ["false_alarms"]
    assert failed(a_finding(20, 40, leads={30: 19})) == ["lead"]
    assert failed(a_finding(20)) == ["spread"]
    assert {test.value for test in judge_finding(a_finding(20), LIMITS, 0).failed} == {None}


def test_the_lead_has_to_be_longer_than_the_gap() -> None:
    assert failed(a_finding(20, 40), gap=29) == []
    assert failed(a_finding(20, 40), gap=30) == ["lead"]


def test_an_event_without_a_day_of_its_own_is_not_asked_for_a_lead() -> None:
    assert failed(a_finding(20, 40, leads={0: 20}, clause="low")) == []


def test_the_least_strict_of_those_that_fit_is_recommended() -> None:
    """50 a date calls more than 30; 60 a date calls more still, but 6 of 20 come back."""
    found = [a_finding(30, 30, days=90), a_finding(50, 50, days=60), a_finding(60, 60, days=30, back=6)]
    made = recommend(found, LIMITS, 0)
    assert made.best is not None
    assert made.best.finding is found[1]
    assert made.nearest is None
    assert (made.failing("false_alarms"), made.failing("events")) == (1, 0)
    turned = recommend(found[::-1], LIMITS, 0)
    assert turned.best is not None
    assert turned.best.finding is found[1]


def test_of_equals_the_policys_own_comes_first() -> None:
    found = [a_finding(30, 30, days=30), a_finding(30, 30, days=60, is_own=True), a_finding(30, 30, days=90)]
    made = recommend(found, LIMITS, 0)
    assert made.best is made.own
    assert made.best is not None
    assert made.best.finding is found[1]


def test_where_none_fits_the_one_that_fails_the_fewest_tests_is_named() -> None:
    found = [a_finding(5, 15), a_finding(20, 41), a_finding(19, 60, back=9)]
    made = recommend(found, LIMITS, 0)
    assert made.best is None
    assert made.nearest is not None
    assert made.nearest.finding is found[1]
    assert made.failing("spread") == 3


def test_the_policy_in_force_is_that_of_the_day() -> None:
    text = policy_text("lab").replace(
        "{from: 2000-01-01, value: 0.25, unit: share,",
        "{from: 2000-01-01, value: 0.25, unit: share, source: x}\n    - {from: 2026-05-01, value: 0.1, unit: share,",
    )
    before, after = (parse_lab(text, "lab.yaml", day) for day in (date(2026, 4, 30), date(2026, 5, 1)))
    assert (before.limits.false_alarms, after.limits.false_alarms) == (0.25, 0.1)
    assert isinstance(read_lab(date(2026, 1, 1)).measures.lead_blocks, int)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("inactive_run_days:", "inactive_days:", "expected one of the 6 names"),
        ("values: [30, 60, 90, 120, 180], unit: days", "values: [30, 60], unit: weeks", "expected the unit 'days'"),
        ("values: [0.2, 0.4, 0.6]", "values: [0.2, 40]", "expected 0 to 1 (share)"),
        ("values: [0.1, 0.25, 0.5]", "values: []", "expected a list such as [30, 60]"),
        ("values: [0, 0.25, 0.5], unit", "value: 0.5, unit", "expected from, values, unit and source"),
        ("from: 2000-01-01, values: [30, 60, 90], unit", "from: 2027-01-01, values: [30, 60, 90], unit",
         "expected a value of default.late_days on 2026-01-01"),
        ("  spread:", "  spreads:", "expected one of the 5 names"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_right_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    text = policy_text("lab")
    assert text.count(old) == 1
    with pytest.raises(PolicyError) as refusal:
        parse_lab(text.replace(old, new), "lab.yaml", date(2026, 1, 1))
    assert said in str(refusal.value)
    assert "lab.yaml, line " in str(refusal.value)
