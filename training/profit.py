"""What a churn score is worth in money, when those at the top are offered something to stay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

FloatArray = NDArray[np.float64]

POLICY = {"lifetime_value", "incentive", "contact_cost", "acceptance_alpha", "acceptance_beta"}


def expected_maximum_profit(label: FloatArray, score: FloatArray, policy: Mapping[str, float]) -> float:
    """Expected maximum profit of a retention campaign (EMPC), per customer of the base, in units of the policy's money.

    The best share of the base from the top of the score is contacted, all of them at a cost. A churner accepts with a
    probability that is not known: it is drawn from Beta(acceptance_alpha, acceptance_beta), and for each value the best
    share is chosen anew. Who accepts costs the incentive and keeps his lifetime value; a customer who would have stayed
    takes the incentive for certain. 0 (nobody is contacted) is the least that can come.

    Parameters
    ----------
    label
        1 = has left, 0 = has stayed, (rows,).
    score
        Higher = more likely to leave, (rows,); only its order counts.
    policy
        `profit` of features/policy/targets.yaml, which says what each number is.

    Raises
    ------
    TrainingError
        No rows, or a number of the policy is missing or unknown.

    Source: Verbraken, Verbeke, Baesens (2013), A novel profit maximizing metric for measuring classification
    performance of customer churn prediction models, IEEE TKDE 25(5), 961-973; worked out by empulse.
    """
    if set(policy) != POLICY:
        raise TrainingError(
            f"features/policy/targets.yaml, profit: expected {', '.join(sorted(POLICY))}; "
            f"got {', '.join(sorted(policy))}"
        )
    if not len(label):
        raise TrainingError("expected maximum profit: expected one row or more; got none")
    from empulse.metrics import empc_score

    return float(
        empc_score(
            label,
            score,
            alpha=policy["acceptance_alpha"],
            beta=policy["acceptance_beta"],
            clv=policy["lifetime_value"],
            incentive_cost=policy["incentive"],
            contact_cost=policy["contact_cost"],
        )
    )
