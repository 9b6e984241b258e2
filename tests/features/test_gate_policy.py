"""The gate's policy: its bounds in force on a day, and what is refused in it."""

from __future__ import annotations

from datetime import date

import pytest

from features.policy import gate, parse_policy, policy_text
from features.policy.dated import parse_dated
from features.policy.gate import PolicyError, read_gate


def test_every_bound_has_a_value_a_unit_and_a_source() -> None:
    policy = read_gate(date(2026, 11, 1))
    assert policy.bounds["calibration.probability_error"] == 0.05
    assert policy.bounds["stability.score_shift"] == 0.25
    assert policy.bounds["calibration.rate_low"] < 1 < policy.bounds["calibration.rate_high"]
    assert policy.age_bands == (30, 45, 60)
    assert {"defect", "obligation"} <= set(policy.reasons)


def test_a_later_step_holds_from_its_date() -> None:
    line = "score_shift: ["
    step = '{from: 2026-07-01, value: 0.1, unit: psi, source: "committee"}'
    text = policy_text("gate").replace('above 0.25 a major shift"}]', f'above 0.25 a major shift"}}, {step}]')
    assert line in text
    series = parse_dated(text, "gate.yaml", "bounds", gate._MEASURES)["stability.score_shift"]
    assert [series.on(date(2026, 6, day)).millionths for day in (29, 30)] == [250_000, 250_000]
    assert series.on(date(2026, 7, 1)).millionths == 100_000


def test_a_bound_that_is_missing_or_unknown_is_refused_with_its_line() -> None:
    text = policy_text("gate")
    with pytest.raises(PolicyError, match=r"gate.yaml, line \d+: expected a value of fairness.gap in bounds"):
        parse_dated(text[: text.index("  fairness:")], "gate.yaml", "bounds", gate._MEASURES)
    with pytest.raises(PolicyError, match=r"such as .*score_shift.*; got stability.score_shfit"):
        parse_dated(text.replace("score_shift", "score_shfit"), "gate.yaml", "bounds", gate._MEASURES)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[30, 45, 60]", "[45, 30, 60]", "expected age_bands that rise"),
        ("defect: {en", "defect: {fr", "expected the reason defect in en and zh"),
    ],
)
def test_what_is_wrong_in_groups_and_reasons_is_refused(
    before: str, after: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = parse_policy(policy_text("gate").replace(before, after, 1), "gate.yaml")
    monkeypatch.setattr(gate, "read_policy", lambda _: changed)
    with pytest.raises(PolicyError, match=message):
        read_gate(date(2026, 11, 1))
