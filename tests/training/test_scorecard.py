"""The linear part: its steps by hand, and as LightGBM's trees the same margin, for every value and for none."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from training.compile import compile_booster, prove
from training.scorecard import LIMITS, Scorecard, Steps, blended, fit_scorecard

NAMES = ("a", "b", "c", "d")
SHALLOW = {"objective": "binary", "max_depth": 3, "num_leaves": 8, "min_data_in_leaf": 20, "verbosity": -1}


def _rows(seed: int, count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """A feature of many values with gaps, one of many without, one of three values, and a flag with gaps."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(count, 4))
    values[::7, 0] = np.nan
    values[:, 2] = draw.integers(0, 3, count)
    values[:, 3] = draw.integers(0, 2, count)
    values[::5, 3] = np.nan
    signal = np.nan_to_num(values[:, 0]) + 0.3 * values[:, 2] + np.isnan(values[:, 0])
    return values, (signal + draw.normal(size=count) > 0.5).astype(np.float64)


def test_a_scorecard_by_hand() -> None:
    """Three bins of one feature: up to 1, up to 2, above; the limits belong to the lower bin."""
    card = Scorecard(
        0.5, (Steps(0, np.array([1.0, 2.0]), np.array([-1.0, 0.0, 2.0]), np.array([3, 4, 5]), 0.25, 6),)
    )
    rows = np.array([[0.0], [1.0], [1.5], [2.0], [2.5], [np.nan]])
    assert card.margin(rows).tolist() == [-0.5, -0.5, 0.5, 0.5, 2.5, 0.75]


def test_a_feature_of_few_values_is_cut_between_them_and_ranks_are_mean_places() -> None:
    """Of 8 rows 4 are 0, 2 are 1, 2 are 5: mean ranks 2, 5, 7 of 8, so -0.5, 0.25 and 0.75 from -1 to 1."""
    column = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 5.0, 5.0])
    label = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    (part,) = fit_scorecard(column[:, None], label, None, is_amount=False).steps
    assert part.limits.tolist() == [0.5, 3.0]
    slope = part.values / np.array([-0.5, 0.25, 0.75])
    assert np.allclose(slope, slope[0], rtol=1e-12)
    assert part.counts.tolist() == [4, 2, 2]


def test_the_slopes_are_those_of_a_logistic_regression_on_ranks() -> None:
    values, label = _rows(1)
    flag = values[:, 2:3]
    card = fit_scorecard(flag, label, None, is_amount=False, strength=0.5)
    counts = np.bincount(flag[:, 0].astype(int))
    ranks = (np.cumsum(counts) - counts / 2) / len(flag) * 2 - 1
    expected = LogisticRegression(C=0.5, tol=1e-8).fit(ranks[flag[:, 0].astype(int)][:, None], label)
    assert card.steps[0].values == pytest.approx(expected.coef_[0, 0] * ranks, rel=1e-3)
    assert card.intercept == pytest.approx(expected.intercept_[0], rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.5, 1.0]), is_amount=st.booleans())
def test_as_trees_it_says_the_same(seed: int, share: float, is_amount: bool) -> None:
    """LightGBM, reading the blend, predicts both parts' mixture; tables compiled from it are proved against it."""
    values, label = _rows(seed, 300)
    booster = lgb.train(SHALLOW, lgb.Dataset(values, label, feature_name=list(NAMES)), 5)
    card = fit_scorecard(values, label, None, is_amount=is_amount, shapes={2: "coded", 3: "coded"})
    text = blended(booster.model_to_string(), card, share)
    both = lgb.Booster(model_str=text)
    edges = np.concatenate([part.limits for part in card.steps])[:300]
    tried = np.vstack([values, np.full((1, 4), np.nan), np.repeat(edges[:, None], 4, axis=1)])
    expected = (1 - share) * booster.predict(tried, raw_score=True) + share * card.margin(tried)
    assert both.predict(tried, raw_score=True) == pytest.approx(expected, abs=1e-12)
    prove(compile_booster(text, NAMES), both, values)


def test_no_feature_has_more_limits_than_its_trees_hold() -> None:
    values, label = _rows(3, 2_000)
    card = fit_scorecard(values, label, None, is_amount=False)
    assert max(len(part.limits) for part in card.steps) == LIMITS
    assert all(len(part.values) == len(part.limits) + 1 == len(part.counts) for part in card.steps)
    assert all(part.counts.min() > 0 for part in card.steps)


def test_a_slope_against_its_direction_is_left_out() -> None:
    values, label = _rows(4)
    kept = fit_scorecard(values, label, None, is_amount=False, shapes={0: "raising"})
    lost = fit_scorecard(values, label, None, is_amount=False, shapes={0: "lowering"})
    assert 0 in {part.feature for part in kept.steps}
    assert not any(part.values.any() for part in lost.steps if part.feature == 0)


def test_each_code_has_a_value_of_its_own() -> None:
    """Code 1 leaves, codes 0 and 2 stay: no slope says that, three values do."""
    codes = np.repeat([0.0, 1.0, 2.0], 40)
    label = np.where(codes == 1.0, 1.0, 0.0)
    label[::10] = 1.0 - label[::10]
    coded = fit_scorecard(codes[:, None], label, None, is_amount=False, strength=10.0, shapes={0: "coded"})
    low, high, low_too = coded.margin(np.array([[0.0], [1.0], [2.0]]))
    assert high > 1.0 > -1.0 > max(low, low_too)


def test_weights_are_those_of_a_weighted_regression() -> None:
    values, label = _rows(5)
    flag, weight = values[:, 2:3], np.where(np.arange(len(label)) < 200, 2.0, 1.0)
    card = fit_scorecard(flag, label, weight, is_amount=True, strength=0.25)
    counts = np.bincount(flag[:, 0].astype(int))
    ranks = (np.cumsum(counts) - counts / 2) / len(flag) * 2 - 1
    expected = Ridge(alpha=4.0).fit(ranks[flag[:, 0].astype(int)][:, None], label, sample_weight=weight)
    assert card.steps[0].values == pytest.approx(expected.coef_[0] * ranks)
