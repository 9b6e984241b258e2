"""The sheet of factors that a bundle carries, `factors.json`: what each factor is made of, and its map to scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from features.policy.factors import FACTORS
from serving.errors import BundleError
from serving.manifest import STRICT
from serving.points import ScoreMap
from serving.tables import FloatArray

FACTORS_DOCUMENT = "factors.json"
OTHER = "other"


@dataclass(frozen=True, config=STRICT)
class ModelFactor:
    """A factor that is a model's margin: its parts are the feature families. `sign` -1: more margin, less score."""

    name: str
    map: ScoreMap
    model: str
    sign: Literal[1, -1]
    kind: Literal["model"] = "model"


@dataclass(frozen=True, config=STRICT)
class SumFactor:
    """A factor that is a feature: `terms` are by part the feature and its sign, `base` each part's usual value.

    What the terms leave of `total` is the part `other`. Minor units. A term that is null counts as none of it.
    """

    name: str
    map: ScoreMap
    total: str
    terms: Mapping[str, tuple[str, Literal[1, -1]]]
    base: Mapping[str, float]
    kind: Literal["sum"] = "sum"


@dataclass(frozen=True, config=STRICT)
class CardLine:
    """Points of one feature by steps: see `features.policy.factors.Characteristic`."""

    feature: str
    part: str
    starts: tuple[float, ...]
    points: tuple[int, ...]
    missing: int

    def of(self, column: FloatArray) -> FloatArray:
        """Points of each value."""
        points = np.array(self.points, dtype=np.float64)[np.searchsorted(self.starts, column, side="right")]
        return np.where(np.isnan(column), float(self.missing), points)


@dataclass(frozen=True, config=STRICT)
class CardFactor:
    """A factor that is a card of points; `base` are each part's usual points."""

    name: str
    map: ScoreMap
    lines: tuple[CardLine, ...]
    base: Mapping[str, float]
    kind: Literal["card"] = "card"


@dataclass(frozen=True, config=STRICT)
class ValueFactor:
    """What a customer earns over the value horizon: current contribution and growth, carried by the retention curve.

    The horizon is cut into periods of the shortest churn horizon. Retention at the end of the first two is 1 - churn at
    that horizon; after the last known one it goes on with the last known rate. A period counts what is there in its
    middle, times its `discount` (a number per period). Growth comes evenly over the growth model's horizon (`arrived`:
    the share that is there in the middle of each period) and stays; it earns `growth_margin` a year.

    `churn`: keys of the churn models, shortest horizon first, each a whole number (`steps`) of periods. `base`: the
    usual contribution, growth, and carried sums.
    """

    name: str
    map: ScoreMap
    current: str
    churn: tuple[str, ...]
    steps: tuple[int, ...]
    growth: str | None
    period_share: float
    discount: tuple[float, ...]
    arrived: tuple[float, ...]
    growth_margin: float
    base: Mapping[str, float]
    kind: Literal["value"] = "value"


Factor = ModelFactor | SumFactor | CardFactor | ValueFactor


@dataclass(frozen=True, config=STRICT)
class FactorSheet:
    """Content of `factors.json`: the factors that this bank has, the weights of the composite, and what is left out.

    `left_out` says by factor in words why the bank has none; where there is any, there is no composite.
    """

    factors: tuple[Annotated[Factor, Field(discriminator="kind")], ...]
    weights: Mapping[str, float]
    left_out: Mapping[str, str]

    @property
    def features(self) -> tuple[str, ...]:
        """Features that the factors read, each once."""
        found: list[str] = []
        for factor in self.factors:
            if isinstance(factor, SumFactor):
                found += [factor.total, *(feature for feature, _ in factor.terms.values())]
            elif isinstance(factor, CardFactor):
                found += [line.feature for line in factor.lines]
        return tuple(dict.fromkeys(found))


def check_sheet(sheet: FactorSheet, features: set[str], keys: set[str]) -> None:
    """Refuse a sheet that names what the bundle does not have.

    Raises
    ------
    BundleError
        Says which rule is broken.
    """
    names = [factor.name for factor in sheet.factors]
    asked: set[str] = set()
    for factor in sheet.factors:
        factor.map.check(f"{FACTORS_DOCUMENT}, {factor.name}")
        if isinstance(factor, ModelFactor):
            asked.add(factor.model)
        elif isinstance(factor, ValueFactor):
            asked |= {*factor.churn, *([factor.growth] if factor.growth else [])}
    rules = {
        f"factors among {', '.join(FACTORS)}, each once": len(set(names)) == len(names)
        and set(names) <= set(FACTORS),
        "models of the bundle": asked <= keys,
        "features of the bundle": set(sheet.features) <= features,
        "weights of the five factors": not sheet.weights or set(sheet.weights) == set(FACTORS),
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise BundleError(f"{FACTORS_DOCUMENT}: expected {'; '.join(broken)}. Train the bundle again.")
