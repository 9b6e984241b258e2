"""The five factors of a customer's value, each a score 0-1000 told in points, from features and model outputs.

Which factors a bundle has, and their maps, stand in its `factors.json`. Current contribution is a sum of features,
credit a card of points or the default model, loyalty and growth potential are models; future contribution is derived
from current contribution, churn and growth. Pure and row by row: a customer alone has the same bits as in a million.

Source: five-factor.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from features.policy.factors import FACTORS
from serving.factor_sheet import (
    FACTORS_DOCUMENT,
    OTHER,
    CardFactor,
    Factor,
    FactorSheet,
    ModelFactor,
    SumFactor,
    ValueFactor,
    check_sheet,
)
from serving.manifest import STRICT, FeatureSpec, TargetSpec, parse
from serving.points import Told, family_sums, tell
from serving.tables import FloatArray

if TYPE_CHECKING:
    from serving.model import ModelOutput


@dataclass(frozen=True, config={**STRICT, "arbitrary_types_allowed": True}, eq=False)
class Scored:
    """Factors of some customers by name, and the composite score; NaN where a factor is not known."""

    factors: Mapping[str, Told]
    composite: NDArray[np.float64]


class Factors:
    """The factors of one bundle, ready to be asked."""

    def __init__(
        self, sheet: FactorSheet, features: Sequence[FeatureSpec], targets: Sequence[TargetSpec]
    ) -> None:
        self.sheet = sheet
        self._place = {feature.name: place for place, feature in enumerate(features)}
        check_sheet(sheet, set(self._place), {target.key for target in targets})
        self.families = tuple(dict.fromkeys(feature.family for feature in features))
        self._codes = np.array([self.families.index(feature.family) for feature in features], np.intp)

    @classmethod
    def parse(cls, text: str, features: Sequence[FeatureSpec], targets: Sequence[TargetSpec]) -> Factors:
        """Read `factors.json`.

        Raises
        ------
        BundleError
            It is no sheet of factors, or names what the bundle does not have.
        """
        return cls(parse(text.encode(), FactorSheet, FACTORS_DOCUMENT), features, targets)

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """By factor, the names of its parts in their order."""
        return {factor.name: self._parts(factor) for factor in self.sheet.factors}

    def _parts(self, factor: Factor) -> tuple[str, ...]:
        if isinstance(factor, ModelFactor):
            return self.families
        if isinstance(factor, SumFactor):
            return (*factor.terms, OTHER)
        if isinstance(factor, CardFactor):
            return tuple(dict.fromkeys(line.part for line in factor.lines))
        return ("current_contribution", "churn", *(["growth"] if factor.growth else []))

    def of(self, values: FloatArray, outputs: Mapping[str, ModelOutput]) -> Scored:
        """Score some customers.

        Parameters
        ----------
        values
            (n, features) of the bundle, in its order.
        outputs
            What its models say of the same rows.
        """
        told: dict[str, Told] = {}
        for factor in self.sheet.factors:
            value, base, effects = self.measured(factor, values, outputs)
            found = tell(factor.map, value, base, effects, self.parts[factor.name])
            if isinstance(factor, ModelFactor):  # the map reads margins, people what they stand for
                found = replace(found, value=outputs[factor.model].prediction)
            told[factor.name] = found
        return Scored(told, self._composite(told, len(values)))

    def measured(
        self, factor: Factor, values: FloatArray, outputs: Mapping[str, ModelOutput]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what a factor's map reads of each row, the base it starts from, and its effects.

        Shapes (n,), (n,), (n, parts).
        """
        if isinstance(factor, ModelFactor):
            output = outputs[factor.model]
            sums = family_sums(output.contributions, self._codes, len(self.families))
            return factor.sign * output.margin, factor.sign * output.base, factor.sign * sums
        if isinstance(factor, SumFactor):
            return self._summed(factor, values)
        if isinstance(factor, CardFactor):
            return self._carded(factor, values)
        return self._carried(factor, values, outputs)

    def _summed(self, factor: SumFactor, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        total = values[:, self._place[factor.total]]
        columns = [
            sign * np.nan_to_num(values[:, self._place[feature]], nan=0.0)
            for feature, sign in factor.terms.values()
        ]
        rest = total.copy()
        for column in columns:
            rest = rest - column
        return _against(total, [*columns, rest], [factor.base[part] for part in (*factor.terms, OTHER)])

    def _carded(self, factor: CardFactor, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        sums = {part: np.zeros(len(values)) for part in self.parts[factor.name]}
        for line in factor.lines:
            sums[line.part] = sums[line.part] + line.of(values[:, self._place[line.feature]])
        total = np.zeros(len(values))
        for column in sums.values():
            total = total + column
        return _against(total, list(sums.values()), [factor.base[part] for part in sums])

    def _carried(
        self, factor: ValueFactor, values: FloatArray, outputs: Mapping[str, ModelOutput]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        current = values[:, self._place[factor.current]]
        stays, earns = carried(factor, [outputs[key].prediction for key in factor.churn])
        grown = np.zeros(len(values)) if factor.growth is None else outputs[factor.growth].prediction
        base = factor.base
        # Each product is split evenly between its two factors: together exactly the product's change.
        ofs = [
            (current - base["current"]) * ((stays + base["stays"]) / 2.0),
            (stays - base["stays"]) * ((current + base["current"]) / 2.0)
            + (earns - base["earns"]) * ((grown + base["growth"]) / 2.0),
            (grown - base["growth"]) * ((earns + base["earns"]) / 2.0),
        ]
        effects = np.column_stack(ofs[: len(self.parts[factor.name])])
        start = base["current"] * base["stays"] + base["growth"] * base["earns"]
        return current * stays + grown * earns, np.full(len(values), start), effects

    def _composite(self, told: Mapping[str, Told], rows: int) -> FloatArray:
        if set(told) < set(FACTORS):
            return np.full(rows, np.nan)
        total = np.zeros(rows)
        for name, weight in self.sheet.weights.items():
            total = total + weight * told[name].score
        return np.rint(total)


def carried(factor: ValueFactor, churn: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return per row what one unit of yearly contribution, and one unit of growth, come to over the value horizon.

    Both are discounted and weighted with the share of customers who are still there.
    """
    rows, periods = len(churn[0]), len(factor.discount)
    kept = np.ones((rows, periods + 1))
    rate = np.ones(rows)
    ends = (*factor.steps[1:], periods)
    for first, last, one in zip(factor.steps, ends, churn, strict=True):
        before = kept[:, first - 1]
        kept[:, first] = 1.0 - one
        rate = np.divide(kept[:, first], before, out=np.zeros(rows), where=before > 0.0)
        kept[:, first + 1 : last + 1] = rate[
            :, None
        ]  # on at the last known rate, until a horizon says otherwise
        np.multiply.accumulate(kept[:, first : last + 1], axis=1, out=kept[:, first : last + 1])
    weight = np.array(factor.discount) * factor.period_share
    middle = (kept[:, :-1] + kept[:, 1:]) / 2.0 * weight
    earned = middle * (np.array(factor.arrived) * factor.growth_margin)
    return np.add.accumulate(middle, axis=1)[:, -1], np.add.accumulate(earned, axis=1)[:, -1]


def _against(
    total: FloatArray, columns: Sequence[FloatArray], usual: Sequence[float]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the total, the total of the usual parts, and how far each part lies from its usual value."""
    base = 0.0
    for one in usual:
        base = base + one
    effects = np.column_stack([column - one for column, one in zip(columns, usual, strict=True)])
    return total, np.full(len(total), base), effects
