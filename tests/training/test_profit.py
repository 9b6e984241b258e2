"""Expected maximum profit: by hand, and against the definition worked out value by value of the acceptance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from features.policy import read_policy
from training.errors import TrainingError
from training.profit import FloatArray, expected_maximum_profit

POLICY = {
    "lifetime_value": 200.0,
    "incentive": 10.0,
    "contact_cost": 1.0,
    "acceptance_alpha": 6.0,
    "acceptance_beta": 14.0,
}


def _by_definition(label: FloatArray, score: FloatArray, policy: dict[str, float]) -> float:
    """The best cut of the ranking at each of 20,000 equally likely acceptances, and their mean."""
    order = np.argsort(-score, kind="stable")
    left = np.append(0.0, np.cumsum(label[order]))
    stayed = np.append(0.0, np.cumsum(1.0 - label[order]))
    places = (np.arange(20_000) + 0.5) / 20_000
    accepted = beta(policy["acceptance_alpha"], policy["acceptance_beta"]).ppf(places)
    kept = accepted * (policy["lifetime_value"] - policy["incentive"]) - policy["contact_cost"]
    lost = policy["incentive"] + policy["contact_cost"]
    return float((kept[:, None] * left - lost * stayed).max(axis=1).mean() / len(label))


def test_a_perfect_order_of_one_leaver_and_one_who_stays() -> None:
    """Ask the leaver only: 0.3 x (200 - 10) - 1 = 56, over two customers 28."""
    found = expected_maximum_profit(np.array([1.0, 0.0]), np.array([0.9, 0.1]), POLICY)
    assert found == pytest.approx(28.0, abs=1e-6)


def test_with_nobody_to_keep_nobody_is_asked() -> None:
    assert expected_maximum_profit(np.zeros(3), np.arange(3.0), POLICY) == 0.0


@pytest.mark.parametrize(
    "changed", [{}, {"incentive": 60.0}, {"acceptance_alpha": 1.0}, {"contact_cost": 8.0}]
)
def test_it_is_the_mean_of_the_best_cuts(changed: dict[str, float]) -> None:
    rng = np.random.default_rng(4)
    label = (rng.random(300) < 0.2).astype(np.float64)
    score = rng.random(300) + 0.5 * label
    policy = {**POLICY, **changed}
    expected = _by_definition(label, score, policy)
    assert expected_maximum_profit(label, score, policy) == pytest.approx(expected, rel=1e-3)


def test_only_the_order_of_the_score_counts() -> None:
    rng = np.random.default_rng(5)
    label = (rng.random(200) < 0.3).astype(np.float64)
    score = rng.random(200)
    assert expected_maximum_profit(label, np.exp(9.0 * score), POLICY) == pytest.approx(
        expected_maximum_profit(label, score, POLICY), rel=1e-12
    )


def test_the_policy_file_has_what_is_read() -> None:
    assert (
        expected_maximum_profit(np.array([1.0, 0.0]), np.array([0.9, 0.1]), read_policy("targets")["profit"])
        > 0.0
    )


def test_a_policy_that_lacks_a_number_is_refused() -> None:
    policy = {name: value for name, value in POLICY.items() if name != "incentive"}
    with pytest.raises(TrainingError, match=r"targets\.yaml, profit: expected .*incentive"):
        expected_maximum_profit(np.ones(1), np.ones(1), policy)


def test_no_rows_are_refused() -> None:
    with pytest.raises(TrainingError, match="expected one row or more"):
        expected_maximum_profit(np.empty(0), np.empty(0), POLICY)
