"""Fitting: the same rows and seed give the same model, and a served prediction is the fitted one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.dataset import Dataset, codes_seen, without_unseen
from training.errors import TrainingError
from training.fit import check_labels, fit
from training.recipe import Recipe
from training.rows import Scale, teaching_features
from training.splits import customer_folds

QUICK = Recipe(seed=3, max_trees=30, min_rows_in_leaf=20)
OTHER = Recipe(seed=4, max_trees=30, min_rows_in_leaf=20)


def _rows(count: int = 900, seed: int = 1) -> Dataset:
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(count, 4))
    values[draw.random((count, 4)) < 0.1] = np.nan
    values[:, 3] = 7.0
    signal = np.nan_to_num(values[:, 0]) - 0.5 * np.nan_to_num(values[:, 1])
    label = (signal + draw.normal(size=count) > 0.5).astype(np.float64)
    return Dataset(
        customer_ids=tuple(f"C{place % 300}" for place in range(count)),
        as_of=np.full(count, np.datetime64("2026-01-01")),
        names=("a", "b", "c", "flat"),
        values=values,
        label=label,
        level=np.abs(signal) * 1000.0,
    )


def test_the_same_rows_and_seed_give_the_same_model() -> None:
    first, again, other = (
        fit("probability", _rows(), recipe) for recipe in (QUICK, QUICK, Recipe(seed=4, max_trees=30))
    )
    assert first.booster_text == again.booster_text
    assert first.calibration == again.calibration
    assert first.booster_text != other.booster_text


def test_a_constant_feature_is_no_input() -> None:
    assert teaching_features(_rows()) == ("a", "b", "c")


def test_a_growth_margin_is_in_minor_units_and_inside_its_interval_as_often_as_promised() -> None:
    rows = _rows()
    scale = Scale(("a",), 100.0)
    fitted = fit("amount", rows, QUICK, scale=scale, interval_level=0.8)
    assert fitted.interval is not None
    low, high = fitted.interval
    expected = fitted.predict(rows)
    inside = (rows.label >= expected + low * scale.of(rows)) & (
        rows.label <= expected + high * scale.of(rows)
    )
    assert 0.7 <= inside.mean() <= 0.95
    assert np.array_equal(expected, np.rint(fitted.margin(rows)))


@pytest.mark.parametrize(("positive", "is_enough"), [(19, False), (20, True)])
def test_fewer_than_twenty_events_teach_nothing(positive: int, is_enough: bool) -> None:
    rows = _rows()
    rows.label[:] = 0.0
    rows.label[:positive] = 1.0
    if is_enough:
        check_labels("churn", rows, 20)
    else:
        with pytest.raises(TrainingError, match="got 19 of 900 with it"):
            check_labels("churn", rows, 20)


def test_a_code_that_no_training_row_has_is_null_in_the_test_rows_too() -> None:
    train, test = _rows(), _rows(seed=2)
    train.values[:, 2] = np.resize([0.0, 2.0, np.nan], len(train))
    test.values[:, 2] = np.resize([0.0, 1.0, 2.0, 3.0], len(test))
    seen = codes_seen([train], ["c"])
    assert seen == {"c": frozenset({0, 2})}
    assert np.isnan(without_unseen(test, seen).values[:4, 2]).tolist() == [False, True, False, True]


def test_each_fold_says_how_its_model_did_on_customers_it_has_not_seen() -> None:
    """The loss at the best number of trees is LightGBM's log loss there, so it lies below that of the base rate."""
    rows = _rows()
    fitted = fit("probability", rows, QUICK)
    assert [fold.name for fold in fitted.folds] == ["auc"] * QUICK.folds
    assert sum(fold.rows for fold in fitted.folds) == len(rows)
    base = rows.label.mean()
    chance = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    for fold in fitted.folds:
        assert 0.6 < fold.value < 0.9
        assert fold.loss < chance
        assert 1 <= fold.trees <= QUICK.max_trees
    assert [fold.name for fold in fit("amount", rows, QUICK, scale=Scale(("a",), 100.0)).folds] == [
        "spearman"
    ] * 3


def test_a_fold_without_an_event_has_no_auc() -> None:
    rows, recipe = _rows(), replace(QUICK, folds=6)
    rows.label[customer_folds(rows.customer_ids, 6, recipe.seed) == 1] = 0.0
    values = [one.value for one in fit("probability", rows, recipe).folds]
    assert [place for place, value in enumerate(values) if np.isnan(value)] == [1]
