"""The sheet of factors of a bundle: which factors a bank has, and that every score adds up for everyone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.definitions import FEATURES
from features.policy.factors import FACTORS, read_factors
from serving.bundle import Bundle, FeatureFrame
from serving.factor_sheet import CardFactor, ModelFactor, ValueFactor
from serving.manifest import TargetSpec
from tests.packed import pack
from tests.trained import NAMES, all_trained, population
from training.factors import CONTRIBUTION, TERMS, plan_sheet

FloatArray = NDArray[np.float64]
POLICY = read_factors(date(2026, 1, 1))
LINES = tuple(name for name, _ in TERMS.values())
CREDIT = ("credit_utilisation", "arrears_now_days")
OWN = (CONTRIBUTION, *LINES, *CREDIT)
ROWS = 100_000
ALONE = 400


def target(key: str, kind: str = "probability") -> TargetSpec:
    name, _, days = key.partition("_")
    return TargetSpec(key, name, int(days), 0, kind, None)  # type: ignore[arg-type]


EVERY = (
    target("churn_90"), target("churn_180"), target("growth_180", "amount"), target("loyalty_360", "share"),
    target("default_360"),
)  # fmt: skip


def own_features(rows: int, seed: int) -> FloatArray:
    """Contribution with its lines, and credit: half of the customers earn nothing, one in ten is not observed."""
    draw = np.random.default_rng(seed)
    lines = np.where(
        draw.random((rows, len(LINES))) < 0.5, 0.0, draw.lognormal(10, 2, (rows, len(LINES))).round()
    )
    signs = np.array([sign for _, sign in TERMS.values()])
    total = (lines * signs).sum(axis=1) + draw.integers(-3, 4, rows)
    total[draw.random(rows) < 0.1] = np.nan
    use = np.where(draw.random(rows) < 0.6, np.nan, draw.random(rows).round(3))
    late = np.where(draw.random(rows) < 0.9, 0.0, draw.integers(1, 200, rows))
    return np.column_stack([total, lines, use, late])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of the invented population with all five factors, credit by its card."""
    reference = np.hstack([population(1_200, 3).values, own_features(1_200, 4)])
    place = tmp_path_factory.mktemp("factors") / "bundle"
    pack(place, all_trained(), reference, more=OWN, policy=POLICY)
    return Bundle.load(place)


def test_scores_of_everyone_add_up_and_are_the_same_alone(bundle: Bundle) -> None:
    values = np.hstack([population(ROWS, 5).values, own_features(ROWS, 6)])
    ids = tuple(map(str, range(ROWS)))
    names = (*NAMES, *OWN)
    together = bundle.predict(FeatureFrame(ids, "2026-11-01", names, values), "numba", 2).scored
    assert together is not None
    assert tuple(together.factors) == FACTORS
    for name, told in together.factors.items():
        total = told.start.copy()
        for points in told.parts.values():
            total = total + points
        is_known = ~np.isnan(told.score)
        assert (total[is_known] == told.score[is_known]).all(), name
        assert (told.score[is_known] % 1 == 0).all()
        assert 0.0 <= told.score[is_known].min() <= told.score[is_known].max() <= 1000.0
    print(f"factors: {ROWS:,} customers x {len(together.factors)} factors add up")
    for row in range(ALONE):
        frame = FeatureFrame(ids[row : row + 1], "2026-11-01", names, values[row : row + 1])
        alone = bundle.predict(frame, "numpy").scored
        assert alone is not None
        assert alone.composite.tobytes() == together.composite[row : row + 1].tobytes()
        for name, told in alone.factors.items():
            other = together.factors[name]
            assert told.score.tobytes() == other.score[row : row + 1].tobytes()
            for part, points in told.parts.items():
                assert points.tobytes() == other.parts[part][row : row + 1].tobytes(), (name, part)


def test_the_reference_lies_evenly_between_0_and_1000(bundle: Bundle) -> None:
    """By construction: the median of a factor without masses is 500, a tenth of the reference lies under 100."""
    values = np.hstack([population(1_200, 3).values, own_features(1_200, 4)])
    scored = bundle.predict(FeatureFrame(tuple(map(str, range(1_200))), "d", (*NAMES, *OWN), values)).scored
    assert scored is not None
    loyalty = scored.factors["loyalty"].score
    assert np.median(loyalty) == pytest.approx(500.0, abs=5.0)
    assert (loyalty < 100).mean() == pytest.approx(0.1, abs=0.01)


def test_without_a_contribution_neither_value_nor_composite_is_made_up() -> None:
    sheet = plan_sheet((*NAMES, *CREDIT), EVERY, POLICY)
    assert [factor.name for factor in sheet.factors] == ["credit", "loyalty", "growth_potential"]
    assert sheet.left_out == {
        "current_contribution": "no_contribution",
        "future_contribution": "no_contribution",
    }


def test_the_default_model_is_the_credit_factor_where_there_is_one() -> None:
    """More risk is less credit; without the model the card has the lines whose features the bank has."""
    credit = {factor.name: factor for factor in plan_sheet(OWN, EVERY, POLICY).factors}["credit"]
    assert isinstance(credit, ModelFactor)
    assert (credit.model, credit.sign) == ("default_360", -1)
    card = {factor.name: factor for factor in plan_sheet(OWN, EVERY[:4], POLICY).factors}["credit"]
    assert isinstance(card, CardFactor)
    assert {line.feature for line in card.lines} == set(CREDIT)


def test_a_bank_without_loans_or_signals_has_no_credit_factor() -> None:
    assert plan_sheet((CONTRIBUTION, *LINES), EVERY[:4], POLICY).left_out == {"credit": "no_credit"}


def test_the_value_horizon_is_cut_into_periods_of_the_shortest_churn_horizon() -> None:
    """1,080 days of 90 each: 12 periods. The middle of the first is day 45: a quarter of 180 days of growth is in."""
    value = {factor.name: factor for factor in plan_sheet(OWN, EVERY, POLICY).factors}["future_contribution"]
    assert isinstance(value, ValueFactor)
    assert (value.churn, value.steps, len(value.discount)) == (("churn_90", "churn_180"), (1, 2), 12)
    assert value.arrived[:3] == (0.25, 0.75, 1.0)
    assert value.discount[0] == pytest.approx(1.06 ** (-45 / 365))
    assert value.period_share == pytest.approx(90 / 365)


def test_every_feature_of_the_factors_is_in_the_catalogue() -> None:
    known = {feature.name for feature in FEATURES}
    assert {CONTRIBUTION, *LINES, *(line.feature for line in POLICY.card)} <= known


def test_another_card_gives_other_scores_and_the_same_model_scores(bundle: Bundle, tmp_path: Path) -> None:
    """Policy is pinned in the bundle: a new one needs a new bundle, and touches only its own factor."""
    line = replace(POLICY.card[0], feature="arrears_now_days", starts=(1.0,), points=(9, 0), missing=5)
    reference = np.hstack([population(1_200, 3).values, own_features(1_200, 4)])
    pack(tmp_path / "bundle", all_trained(), reference, more=OWN, policy=replace(POLICY, card=(line,)))
    values = np.hstack([population(50, 5).values, own_features(50, 6)])
    frame = FeatureFrame(tuple(map(str, range(50))), "d", (*NAMES, *OWN), values)
    one, other = bundle.predict(frame).scored, Bundle.load(tmp_path / "bundle").predict(frame).scored
    assert one is not None
    assert other is not None
    assert (one.factors["loyalty"].score == other.factors["loyalty"].score).all()
    assert (one.factors["credit"].score != other.factors["credit"].score).any()
