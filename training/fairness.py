"""Whether a score means the same in each group of customers: by sex, and by age."""

from __future__ import annotations

from itertools import combinations
from math import isnan

import numpy as np
from numpy.typing import NDArray

from features.policy.gate import GatePolicy
from training.challenge import (
    Check,
    Forecast,
    Group,
    Outcomes,
    State,
    ends_of,
    facts_of,
    figures_of,
    is_enough,
)
from training.evaluate import HEADLINE
from training.resample import Figure, FloatArray, Interval, of_all, over_draws, ratio, spread


def fairness(rows: Outcomes, attribute: str, draws: FloatArray, policy: GatePolicy) -> Check:
    """How much further one group's forecast lies above its outcome than another's, beyond their different rates.

    The gap of a group is its mean forecast minus its mean outcome, so that groups which truly differ in their rate do
    not differ in their gap. The figure is the difference of two groups' gaps over the smaller of the rate of all and
    its complement: that of the pair which refuses, else the largest.

    It says that a score means the same in each group. It does not say that groups are given the high band equally
    often, which with different rates no calibrated score can do.

    Source: own choice; Kleinberg, Mullainathan, Raghavan (2016), Inherent trade-offs in the fair determination of risk
    scores.
    """
    named = np.array(rows.groups[attribute], dtype=object)
    masks = {name: named == name for name in sorted(set(rows.groups[attribute]) - {""})}
    groups = tuple(_group(rows, name, mask, policy) for name, mask in masks.items())
    judged = sorted((group for group in groups if group.is_judged), key=lambda group: group.gap)
    figure, limit = f"gap_{attribute}", policy.bounds["fairness.gap"]
    facts = facts_of(rows)
    if len(judged) < 2:
        return Check(
            "fairness", rows.key, figure, "not_measured", bounds=(None, limit), facts=facts, groups=groups
        )
    scale = _scale(rows)
    drawn = {group.name: over_draws(_gap_figure(rows, masks[group.name], scale), draws) for group in judged}
    pairs = [
        (spread((most.gap - least.gap) / scale[1], drawn[most.name] - drawn[least.name]), least, most)
        for least, most in combinations(judged, 2)
    ]
    found, least, most = max(pairs, key=lambda pair: (_is_unfair(pair[0], limit), pair[0].value))
    facts |= {"most": most.name, "least": least.name, "most_gap": most.gap, "least_gap": least.gap}
    if rows.kind == "amount":  # a few large balances decide it: shown, with no bound that would hold
        return Check(
            "fairness", rows.key, figure, "reported", found.value, ends_of(found), facts=facts, groups=groups
        )
    state: State = "failed" if _is_unfair(found, limit) else "passed"
    return Check(
        "fairness", rows.key, figure, state, found.value, ends_of(found), (None, limit), facts, groups
    )


def _is_unfair(found: Interval, limit: float) -> bool:
    """Whether a difference is beyond the bound, and beyond chance."""
    return found.value > limit and found.low > 0


def _scale(rows: Outcomes) -> tuple[float, float]:
    """What a gap's mean is divided by to be shown, and what the difference of gaps is divided by to be judged."""
    if rows.kind == "amount":
        return max(float(np.abs(rows.level).mean()), 1.0), 1.0
    rate = float(rows.label.mean())
    return 1.0, max(min(rate, 1.0 - rate), 1.0 / len(rows.label))


def _group(rows: Outcomes, name: str, mask: NDArray[np.bool_], policy: GatePolicy) -> Group:
    label, value = rows.label[mask], rows.challenger.value[mask]
    ends = rows.challenger.ends
    part = Outcomes(
        rows.key, rows.kind, rows.as_of, (), label, rows.level[mask], {},
        Forecast(value, None if ends is None else (ends[0][mask], ends[1][mask])), None,
    )  # fmt: skip
    ranking = of_all(figures_of(part, part.challenger)[HEADLINE[rows.kind]], len(label))
    is_high = rows.challenger.is_high
    outcome, forecast = float(label.mean()), float(value.mean())
    return Group(
        name=name, rows=len(label), outcome=outcome, forecast=forecast,
        gap=(forecast - outcome) / _scale(rows)[0], ranking=None if isnan(ranking) else ranking,
        high_share=None if is_high is None else float(is_high[mask].mean()),
        is_judged=is_enough(rows, mask, policy),
    )  # fmt: skip


def _gap_figure(rows: Outcomes, mask: NDArray[np.bool_], scale: tuple[float, float]) -> Figure:
    error = np.where(mask, rows.challenger.value - rows.label, 0.0) / (scale[0] * scale[1])
    return ratio(error, mask.astype(np.float64))
