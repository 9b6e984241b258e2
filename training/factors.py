"""The sheet of factors of a new bundle: which factors the bank has, and where their scores lie in the reference.

A factor's map is fitted on the reference population, and stays as it is until another bundle is trained: 700 today and
700 next month mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.policy.factors import FACTORS, FactorPolicy
from serving.factor_sheet import (
    OTHER,
    CardFactor,
    CardLine,
    Factor,
    FactorSheet,
    ModelFactor,
    SumFactor,
    ValueFactor,
)
from serving.factors import Factors, carried
from serving.manifest import FeatureSpec, TargetSpec
from serving.model import Model, model_outputs
from serving.points import TOP, ScoreMap

FloatArray = NDArray[np.float64]

CONTRIBUTION = "contribution_total_365d"
TERMS: Mapping[str, tuple[str, int]] = {
    "deposits": ("contribution_deposits_365d", 1),
    "loans": ("contribution_loans_365d", 1),
    "investments": ("contribution_investments_365d", 1),
    "insurance": ("contribution_insurance_365d", 1),
    "payments": ("contribution_payments_365d", 1),
    "service_cost": ("contribution_cost_365d", -1),
    "expected_loss": ("contribution_expected_loss_365d", -1),
}
"""Parts of current contribution: the feature and its sign. Source: features/groups/contribution.py, its statement."""

KNOTS = 400
READ = (CONTRIBUTION, *(name for name, _ in TERMS.values()))
"""Features that current and future contribution are read from."""

MASS = 0.001
"""Share of the reference from which on customers with one value are a mass, which gets a knot of its own."""

YEAR = 365.0
STEP = 4_096
_FLAT = ScoreMap(value=(0.0,), score=(TOP / 2.0,))


def plan_sheet(names: Sequence[str], targets: Sequence[TargetSpec], policy: FactorPolicy) -> FactorSheet:
    """Choose the factors that a bank has; maps and usual values are those of `fit_sheet`, later.

    Parameters
    ----------
    names
        The features that the bank has.
    targets
        The models of the bundle.
    """
    keys = {target.target: target.key for target in reversed(targets)}
    churn = sorted(
        (target for target in targets if target.target == "churn" and target.horizon_days is not None),
        key=lambda target: target.horizon_days or 0,
    )
    found: list[Factor] = []
    left_out: dict[str, str] = {}
    if CONTRIBUTION in names:
        terms = {part: term for part, term in TERMS.items() if term[0] in names}
        base = dict.fromkeys((*terms, OTHER), 0.0)
        found.append(SumFactor("current_contribution", _FLAT, CONTRIBUTION, terms, base))  # type: ignore[arg-type]
    else:
        left_out["current_contribution"] = "no_contribution"
    if CONTRIBUTION in names and churn:
        growth = next((target for target in targets if target.target == "growth"), None)
        found.append(_value_factor(churn, growth, policy))
    else:
        left_out["future_contribution"] = "no_contribution" if CONTRIBUTION not in names else "no_churn"
    credit = _credit(names, keys, policy)
    if credit is None:
        left_out["credit"] = "no_credit"
    else:
        found.append(credit)
    for name, target in (("loyalty", "loyalty"), ("growth_potential", "growth")):
        if target in keys:
            found.append(ModelFactor(name, _FLAT, keys[target], 1))
        else:
            left_out[name] = "no_model"
    return FactorSheet(
        tuple(sorted(found, key=lambda one: FACTORS.index(one.name))), policy.weights, left_out
    )


def _credit(names: Sequence[str], keys: Mapping[str, str], policy: FactorPolicy) -> Factor | None:
    """The default model where there is one, else the card of points as far as the bank has its features."""
    if "default" in keys:
        return ModelFactor("credit", _FLAT, keys["default"], -1)
    lines = tuple(
        CardLine(line.feature, line.part, line.starts, line.points, line.missing)
        for line in policy.card
        if line.feature in names
    )
    if not lines:
        return None
    return CardFactor("credit", _FLAT, lines, dict.fromkeys((line.part for line in lines), 0.0))


def _value_factor(
    churn: Sequence[TargetSpec], growth: TargetSpec | None, policy: FactorPolicy
) -> ValueFactor:
    period = churn[0].horizon_days or 0
    kept = [target for target in churn if (target.horizon_days or 0) % period == 0]
    middles = (np.arange(policy.horizon_days // period) + 0.5) * period
    discount = (1.0 + policy.discount_rate) ** -(middles / YEAR)
    over = (growth.horizon_days or period) if growth else period
    return ValueFactor(
        name="future_contribution",
        map=_FLAT,
        current=CONTRIBUTION,
        churn=tuple(target.key for target in kept),
        steps=tuple((target.horizon_days or 0) // period for target in kept),
        growth=growth.key if growth else None,
        period_share=period / YEAR,
        discount=tuple(discount.tolist()),
        arrived=tuple(np.minimum(1.0, middles / over).tolist()),
        growth_margin=policy.growth_margin,
        base=dict.fromkeys(("current", "growth", "stays", "earns"), 0.0),
    )


def fit_sheet(
    plan: FactorSheet, features: Sequence[FeatureSpec], models: tuple[Model, ...], reference: FloatArray
) -> FactorSheet:
    """Fit usual values and maps on the reference population.

    Parameters
    ----------
    reference
        (n, features) in the order of `features`, NaN = null.
    """
    targets = [model.target for model in models]
    place = {feature.name: column for column, feature in enumerate(features)}
    slim = _slim_outputs(models, reference)
    with_bases = replace(plan, factors=tuple(_with_base(one, place, reference, slim) for one in plan.factors))
    factors = Factors(with_bases, features, targets)
    values: dict[str, list[FloatArray]] = {one.name: [] for one in plan.factors}
    for start in range(0, len(reference), STEP):
        rows = reference[start : start + STEP]
        outputs = model_outputs(models, rows)
        for one in with_bases.factors:
            values[one.name].append(factors.measured(one, rows, outputs)[0])
    fitted = tuple(
        replace(one, map=score_map(np.concatenate(values[one.name]))) for one in with_bases.factors
    )
    return replace(with_bases, factors=fitted)


def _slim_outputs(models: tuple[Model, ...], reference: FloatArray) -> dict[str, FloatArray]:
    """Predictions of all models, by key."""
    parts = [model_outputs(models, reference[s : s + STEP]) for s in range(0, len(reference), STEP)]
    return {
        model.target.key: np.concatenate([part[model.target.key].prediction for part in parts])
        for model in models
    }


def _with_base(
    factor: Factor, place: Mapping[str, int], reference: FloatArray, predictions: Mapping[str, FloatArray]
) -> Factor:
    """Set what is usual: the median of each part, so that a few large customers do not move the start."""
    if isinstance(factor, SumFactor):
        columns = {part: sign * reference[:, place[name]] for part, (name, sign) in factor.terms.items()}
        rest = reference[:, place[factor.total]] - np.nansum(list(columns.values()), axis=0)
        return replace(
            factor, base={part: _median(column) for part, column in {**columns, OTHER: rest}.items()}
        )
    if isinstance(factor, CardFactor):
        sums = dict.fromkeys(factor.base, np.zeros(len(reference)))
        for line in factor.lines:
            sums[line.part] = sums[line.part] + line.of(reference[:, place[line.feature]])
        return replace(factor, base={part: _median(column) for part, column in sums.items()})
    if isinstance(factor, ValueFactor):
        stays, earns = carried(factor, [predictions[key] for key in factor.churn])
        grown = 0.0 if factor.growth is None else _median(predictions[factor.growth])
        current = _median(reference[:, place[factor.current]])
        base = {"current": current, "growth": grown, "stays": _median(stays), "earns": _median(earns)}
        return replace(factor, base=base)
    return factor


def _median(column: FloatArray) -> float:
    """Median of what is observed; 0 where nothing is."""
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def score_map(reference: FloatArray) -> ScoreMap:
    """Return the map of values to positions, 0-1000, in a reference population; unobserved values are left out.

    A value's position is the middle of the ranks of all who share it. Where there are many values, knots lie at evenly
    spaced ranks, at every mass, and beside it, so that a mass does not smear into its neighbours.

    Examples
    --------
    >>> score_map(np.array([0.0, 0.0, 1.0, 5.0]))
    ScoreMap(value=(0.0, 1.0, 5.0), score=(250.0, 625.0, 875.0))
    """
    values, counts = np.unique(reference[~np.isnan(reference)], return_counts=True)
    if not len(values):
        return _FLAT
    after = np.cumsum(counts)
    position = (after - counts / 2.0) / after[-1] * TOP
    places = np.array(sorted(set(_knots(counts, after))))
    return ScoreMap(tuple(values[places].tolist()), tuple(position[places].tolist()))


def _knots(counts: NDArray[np.int64], after: NDArray[np.int64]) -> Iterator[int]:
    """Places of the values that get a knot."""
    last = len(counts) - 1
    ranks = np.linspace(0, after[-1] - 1, KNOTS)
    yield from np.searchsorted(after, ranks, side="right").tolist()
    for mass in np.flatnonzero(counts > max(1.0, MASS * after[-1])).tolist():
        yield from (max(0, mass - 1), mass, min(last, mass + 1))
