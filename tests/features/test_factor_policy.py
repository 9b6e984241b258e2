"""The policy of the five factors: cases that the business reads, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from features.policy import factors as factor_policy
from features.policy import tiers as tier_policy
from features.policy.factors import read_factors
from features.policy.tiers import read_tiers
from features.policy.tree import PolicyError
from serving.factor_sheet import CardLine
from tests.policy_cases import read_cases

DAY = date(2026, 1, 1)
CARD = {line.feature: line for line in read_factors(DAY).card}
CASES = [(feature, case) for feature, cases in read_cases("credit_points").items() for case in cases]


@pytest.mark.parametrize(("feature", "case"), CASES, ids=[f"{name}: {case['what']}" for name, case in CASES])
def test_credit_points_are_what_the_business_expects(feature: str, case: dict[str, Any]) -> None:
    line = CARD[feature]
    card = CardLine(line.feature, line.part, line.starts, line.points, line.missing)
    value = np.nan if case["value"] is None else float(case["value"])
    assert card.of(np.array([value])).tolist() == [case["points"]]


def test_every_line_of_the_card_has_cases_on_both_sides_of_every_step() -> None:
    print(f"credit points: {len(CASES)} cases")
    cases = read_cases("credit_points")
    assert set(cases) == set(CARD)
    for feature, line in CARD.items():
        values = {case["value"] for case in cases[feature]}
        assert None in values
        for start in line.starts:
            assert start in values, (feature, start)
            assert any(value is not None and value < start for value in values)


def test_weights_add_up_to_one() -> None:
    assert sum(read_factors(DAY).weights.values()) == pytest.approx(1.0)


def changed(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, *pair: str) -> None:
    """Let a policy file be read with a part of its text replaced."""
    from features.policy import parse_policy, policy_file, policy_text

    old, new = pair
    text = policy_text(name)
    assert old in text
    edited = text.replace(old, new)
    monkeypatch.setattr(module, "policy_text", lambda _: edited)
    monkeypatch.setattr(module, "read_policy", lambda _: parse_policy(edited, policy_file(name)))


def test_weights_that_do_not_add_up_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, factor_policy, "factors", "value: 0.2, unit: share", "value: 0.3, unit: share")
    with pytest.raises(PolicyError, match=r"weights that add up to 1 on 2026-01-01; got 1\.1"):
        read_factors(DAY)


def test_a_card_whose_steps_fall_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, factor_policy, "factors", "{below: 0.95, points: -40}", "{below: 0.7, points: -40}")
    with pytest.raises(PolicyError, match="repayment_on_time_share_365d: expected steps whose `below` rises"):
        read_factors(DAY)


def test_a_day_before_the_first_card_is_refused() -> None:
    with pytest.raises(PolicyError, match="1989"):
        read_factors(date(1989, 12, 31))
    assert read_factors(date(1990, 1, 1)).card


def test_tiers_whose_edges_do_not_rise_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "general_enter: [{from: 1990-01-01, value: "
    changed(monkeypatch, tier_policy, "tiers", f"{entry}400", f"{entry}800")
    with pytest.raises(PolicyError, match="leave and enter of exit, maintain, general, key to rise"):
        read_tiers(DAY)


def test_a_hard_rule_that_names_no_tier_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, tier_policy, "tiers", "at_most: maintain", "at_most: watch")
    with pytest.raises(PolicyError, match="hard rule open_hazard"):
        read_tiers(DAY)


def test_a_hard_rule_holds_from_its_day_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = "from: 1990-01-01\n    source", "from: 2026-01-01\n    until: 2026-02-01\n    source"
    changed(monkeypatch, tier_policy, "tiers", old, new)
    days = (date(2025, 12, 31), DAY, date(2026, 1, 31), date(2026, 2, 1))
    held = [[rule.code for rule in read_tiers(day).hard] for day in days]
    assert held == [[], ["open_hazard", "long_arrears"], ["open_hazard", "long_arrears"], []]
