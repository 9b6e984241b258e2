"""The gate: what a challenger has to show before it may serve, on rows that neither model was trained on.

Pure: labels and forecasts in, checks out. Of every figure the same draws of customers are made for both models, so that
their difference has an interval of its own (`training/resample.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray

from features.policy.gate import GatePolicy
from training.backtest import ROUNDS
from training.challenge import (
    Case,
    Check,
    Facts,
    Outcomes,
    Scores,
    State,
    ends_of,
    facts_of,
    figures_of,
    is_enough,
)
from training.evaluate import HEADLINE
from training.fairness import fairness
from training.resample import FloatArray, customer_draws, of_all, over_draws, ratio, spread

LEAST_SHARE = 1e-4
"""What an empty bin counts as in the index of stability, as Evidently does for the monitor."""

SEED = 1


def judge(case: Case, policy: GatePolicy) -> tuple[Check, ...]:
    """Look at a challenger from every side; it may be promoted where no check failed."""
    found = [
        Check("comparison", key, name, "failed", facts=dict(values))
        for key, (name, values) in case.obstacles.items()
    ]
    for rows in case.outcomes:
        draws = customer_draws(rows.customer_ids, ROUNDS, SEED)
        if not {rows.key, ""} & set(case.obstacles):
            found.append(_quality(rows, draws, has_champion=case.has_champion))
        found += _calibration(rows, draws, policy)
        found += (fairness(rows, name, draws, policy) for name in rows.groups)
    for scores in case.scores:
        found += _stability(scores, policy)
    compared = [check for check in found if check.code == "quality" and check.value is not None]
    if case.has_champion and not compared and not case.obstacles:
        found.insert(0, Check("comparison", "", "nothing_compared", "failed"))
    return tuple(found)


def failed(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks that refuse."""
    return tuple(check for check in checks if check.state == "failed")


def _quality(rows: Outcomes, draws: FloatArray, *, has_champion: bool) -> Check:
    """The headline figure, challenger minus champion: refused where the whole interval lies below 0."""
    name = HEADLINE[rows.kind]
    facts = facts_of(rows)
    if rows.champion is None:
        figure = "no_champion" if not has_champion else "new_model"
        own = of_all(figures_of(rows, rows.challenger)[name], len(rows.label))
        return Check(
            "quality",
            rows.key,
            figure,
            "reported",
            None,
            facts=facts if isnan(own) else {**facts, "challenger": own},
        )
    mine, other = (figures_of(rows, forecast)[name] for forecast in (rows.challenger, rows.champion))
    values = [of_all(figure, len(rows.label)) for figure in (mine, other)]
    if isnan(values[0] - values[1]):
        return Check("quality", rows.key, name, "not_measured", facts=facts)
    found = spread(values[0] - values[1], over_draws(mine, draws) - over_draws(other, draws))
    facts |= {"challenger": values[0], "champion": values[1]}
    state: State = "failed" if found.high < 0 else "passed"
    return Check("quality", rows.key, name, state, found.value, ends_of(found), (0.0, None), facts)


def _calibration(rows: Outcomes, draws: FloatArray, policy: GatePolicy) -> Iterator[Check]:
    """Forecast against outcome, all together and in parts, within the bounds."""
    figures, bound = figures_of(rows, rows.challenger), policy.bounds
    facts = facts_of(rows)
    limits: dict[str, tuple[float | None, float | None]] = {}
    if rows.kind == "probability":
        figures = {**figures, "rate_ratio": ratio(rows.challenger.value, rows.label)}
        limits["ece"] = (None, bound["calibration.probability_error"])
        limits["rate_ratio"] = (bound["calibration.rate_low"], bound["calibration.rate_high"])
    elif rows.kind == "share":
        limits["ece"] = (None, bound["calibration.share_error"])
    else:
        limits["total_ratio"] = (bound["calibration.total_low"], bound["calibration.total_high"])
        if "coverage" in figures:
            limits["coverage"] = (bound["calibration.coverage_low"], bound["calibration.coverage_high"])
    for name, (low, high) in limits.items():
        if not is_enough(rows, np.ones(len(rows.label), dtype=np.bool_), policy):
            yield Check("calibration", rows.key, name, "not_measured", bounds=(low, high), facts=facts)
            continue
        value = of_all(figures[name], len(rows.label))
        found = spread(value, over_draws(figures[name], draws))
        is_beyond = (low is not None and value < low) or (high is not None and value > high)
        is_chance = name.endswith("_ratio") and found.low <= 1.0 <= found.high
        state: State = "failed" if is_beyond and not is_chance else "passed"
        yield Check("calibration", rows.key, name, state, value, ends_of(found), (low, high), facts)


def _stability(scores: Scores, policy: GatePolicy) -> Iterator[Check]:
    """Scores of today's customers against the reference's; reasons from training to training; the top tenth."""
    limit = policy.bounds["stability.score_shift"]
    facts: Facts = {"as_of": scores.as_of.isoformat(), "rows": int(scores.now.sum())}
    if min(scores.before.sum(), scores.now.sum()) < policy.minimum_rows:
        yield Check("stability", scores.key, "score_shift", "not_measured", bounds=(None, limit), facts=facts)
    else:
        index = stability_index(scores.before, scores.now)
        state: State = "failed" if index > limit else "passed"
        yield Check("stability", scores.key, "score_shift", state, index, None, (None, limit), facts)
    least, agreement = policy.bounds["stability.reason_agreement"], scores.reason_agreement
    state = "not_measured" if agreement is None else "failed" if agreement < least else "passed"
    yield Check("stability", scores.key, "reason_agreement", state, agreement, None, (least, None))
    if scores.top_agreement is not None:
        yield Check("stability", scores.key, "top_agreement", "reported", scores.top_agreement, facts=facts)


def stability_index(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    """Population stability index of two counts over the same bins; an empty bin counts as 0.01%.

    Source: Siddiqi (2006), Credit Risk Scorecards: sum of (now - before) x ln(now / before) over shares.

    Examples
    --------
    >>> stability_index(np.array([50, 50]), np.array([50, 50]))
    0.0
    >>> round(stability_index(np.array([50, 50]), np.array([75, 25])), 4)  # 0.25 ln 1.5 - 0.25 ln 0.5
    0.2747
    """
    shares = [np.maximum(counts / counts.sum(), LEAST_SHARE) for counts in (before, now)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def top_agreement(mine: FloatArray, other: FloatArray) -> float:
    """Share of the highest tenth by `other` that is in the highest tenth by `mine`; at least one customer.

    Examples
    --------
    >>> scores = np.arange(20.0)
    >>> top_agreement(scores, scores), top_agreement(scores, np.roll(scores, 1)), top_agreement(scores, -scores)
    (1.0, 0.5, 0.0)
    """
    count = max(1, len(mine) // 10)
    top = [set(np.argsort(-values, kind="stable")[:count].tolist()) for values in (mine, other)]
    return len(top[0] & top[1]) / count
