"""The five factors: what each is made of, by hand."""

import numpy as np
import pytest

from serving.errors import BundleError
from serving.factor_sheet import CardFactor, CardLine, FactorSheet, ModelFactor, SumFactor, ValueFactor
from serving.factors import Factors
from serving.manifest import FeatureSpec, TargetSpec
from serving.model import ModelOutput
from serving.points import ScoreMap

MAP = ScoreMap(value=(0.0, 1000.0), score=(0.0, 1000.0))
WEIGHTS = {
    "current_contribution": 0.2, "future_contribution": 0.2, "credit": 0.2, "loyalty": 0.2, "growth_potential": 0.2,
}  # fmt: skip


def feature(name: str, family: str = "balances") -> FeatureSpec:
    return FeatureSpec(name, "float64", "money", family, "g", None, None, None, False)


def target(key: str, kind: str = "probability") -> TargetSpec:
    name, _, days = key.partition("_")
    return TargetSpec(key, name, int(days), 0, kind, None)  # type: ignore[arg-type]


def output(prediction: float, contributions: list[float], base: float = 0.0) -> ModelOutput:
    margin = np.array([base + sum(contributions)])
    return ModelOutput(
        margin,
        np.array([prediction]),
        None,
        None,
        None,
        np.zeros(1),
        np.array([base]),
        np.array([contributions]),
    )


FEATURES = (feature("total"), feature("deposits"), feature("cost"), feature("late", "credit"))
TARGETS = (
    target("churn_90"),
    target("churn_180"),
    target("growth_180", "amount"),
    target("loyalty_360", "share"),
)
CURRENT = SumFactor(
    "current_contribution", MAP, "total", {"deposits": ("deposits", 1), "service_cost": ("cost", -1)},
    {"deposits": 300.0, "service_cost": -50.0, "other": 0.0},
)  # fmt: skip
CARD = CardFactor(
    "credit", MAP, (CardLine("late", "arrears", (1.0, 31.0), (500, 300, 100), 400),), {"arrears": 450.0}
)
VALUE = ValueFactor(
    "future_contribution", MAP, "total", ("churn_90", "churn_180"), (1, 2), "growth_180", 0.25,
    (1.0, 0.9, 0.8), (0.5, 1.0, 1.0), 0.02, {"current": 100.0, "growth": 0.0, "stays": 0.6, "earns": 0.01},
)  # fmt: skip
SHEET = FactorSheet(
    (CURRENT, VALUE, CARD, ModelFactor("loyalty", MAP, "loyalty_360", 1),
     ModelFactor("growth_potential", MAP, "growth_180", 1)),
    WEIGHTS, {},
)  # fmt: skip
OUTPUTS = {
    "churn_90": output(0.2, [0.0] * 4),
    "churn_180": output(0.4, [0.0] * 4),
    "growth_180": output(200.0, [0.0, 150.0, 0.0, -50.0], base=100.0),
    "loyalty_360": output(0.7, [0.0, 0.0, 0.0, 300.0], base=400.0),
}


def test_current_contribution_is_its_parts_and_what_they_leave() -> None:
    """600 = 500 deposits - 20 cost + 120 that no part names; usual 300 - 50 = 250: 250 + 200 + 30 + 120 = 600."""
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[600.0, 500.0, 20.0, 0.0]]), OUTPUTS)
    current = told.factors["current_contribution"]
    assert (current.value.item(), current.score.item(), current.start.item()) == (600.0, 600.0, 250.0)
    parts = {name: points.item() for name, points in current.parts.items()}
    assert parts == {"deposits": 200.0, "service_cost": 30.0, "other": 120.0}


@pytest.mark.parametrize(
    ("late", "points"), [(0.0, 500.0), (1.0, 300.0), (30.0, 300.0), (31.0, 100.0), (np.nan, 400.0)]
)
def test_the_card_gives_the_points_of_the_step(late: float, points: float) -> None:
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[600.0, 500.0, 20.0, late]]), OUTPUTS)
    credit = told.factors["credit"]
    assert (credit.value.item(), credit.score.item(), credit.start.item()) == (points, points, 450.0)
    assert credit.parts["arrears"].item() == points - 450.0


def test_a_model_factor_is_told_by_family_and_shows_what_the_model_predicts() -> None:
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[600.0, 500.0, 20.0, 0.0]]), OUTPUTS)
    growth = told.factors["growth_potential"]
    assert (growth.value.item(), growth.score.item(), growth.start.item()) == (200.0, 200.0, 100.0)
    assert {name: points.item() for name, points in growth.parts.items()} == {
        "balances": 150.0,
        "credit": -50.0,
    }


def test_future_contribution_follows_the_retention_curve() -> None:
    """Three quarters of 0.25 years. Kept after each: 0.8, 0.6, then on at 0.6 / 0.8: 0.45.

    Middles 0.9, 0.7, 0.525, discounted by 1, 0.9, 0.8 and a quarter of a year each:
    stays = 0.25 x (0.9 + 0.63 + 0.42) = 0.4875; growth earns 0.02 a year on 0.5, 1, 1 of it:
    earns = 0.02 x 0.25 x (0.45 + 0.63 + 0.42) = 0.0075. Value 600 x 0.4875 + 200 x 0.0075 = 294.
    Usual: 100 x 0.6 + 0 = 60. Parts: (600-100) x (0.4875+0.6)/2 = 271.875;
    (0.4875-0.6) x (600+100)/2 + (0.0075-0.01) x (200+0)/2 = -39.625; (200-0) x (0.0075+0.01)/2 = 1.75; in all 234.
    Rounded: 271 and -39 and 1, with +1 left for the largest positive rest, that of 271.875: 272 - 39 + 1 = 234.
    """
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[600.0, 500.0, 20.0, 0.0]]), OUTPUTS)
    future = told.factors["future_contribution"]
    assert future.value.item() == pytest.approx(294.0)
    assert (future.score.item(), future.start.item()) == (294.0, 60.0)
    parts = {name: points.item() for name, points in future.parts.items()}
    assert parts == {"current_contribution": 272.0, "churn": -39.0, "growth": 1.0}


def test_the_composite_is_the_weighted_mean() -> None:
    """0.2 x (600 + 294 + 500 + 700 + 200) = 458.8."""
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[600.0, 500.0, 20.0, 0.0]]), OUTPUTS)
    assert told.composite.item() == 459.0


def test_without_a_contribution_there_is_neither_value_nor_composite() -> None:
    told = Factors(SHEET, FEATURES, TARGETS).of(np.array([[np.nan, 500.0, 20.0, 0.0]]), OUTPUTS)
    assert np.isnan(told.factors["current_contribution"].score.item())
    assert np.isnan(told.factors["future_contribution"].score.item())
    assert np.isnan(told.composite.item())
    assert told.factors["credit"].score.item() == 500.0


def test_a_sheet_that_names_what_the_bundle_lacks_is_refused() -> None:
    with pytest.raises(BundleError, match=r"factors\.json: expected features of the bundle"):
        Factors(SHEET, FEATURES[1:], TARGETS)
    with pytest.raises(BundleError, match=r"factors\.json: expected models of the bundle"):
        Factors(SHEET, FEATURES, TARGETS[1:])
