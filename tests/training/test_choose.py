"""Choices and tuning look at earlier dates only, and a choice has to earn its place."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from training.choose import DATES, Judge, choose
from training.dataset import Dataset
from training.recipe import Recipe
from training.rows import moves, rows_of, teaching_features
from training.tune import TUNED, Tuning, tune

RECIPE = Recipe(seed=2, max_trees=40, min_rows_in_leaf=20)


def _months(months: int, customers: int, *, turns: bool = False, straight: bool = False) -> Dataset:
    """Customers at the first of several months; with `turns`, the effect of `a` changes its sign half-way.

    With `straight`, the label hangs on the sum of many features, each a little: a linear model's home ground.
    """
    draw = np.random.default_rng(7)
    rows = months * customers
    values = draw.normal(size=(rows, 8))
    month = np.repeat(np.arange(months), customers)
    slope = np.where(month >= months // 2, 1.0, -1.0) if turns else 1.0
    signal = values.sum(axis=1) * 0.5 if straight else slope * values[:, 0] * 2.0
    label = (signal + draw.normal(size=rows) > 0.0).astype(np.float64)
    first = np.datetime64("2025-01-01")
    return Dataset(
        customer_ids=tuple(f"C{place % customers}" for place in range(rows)),
        as_of=np.array([first + np.timedelta64(31 * int(each), "D") for each in month]),
        names=tuple("abcdefgh"),
        values=values,
        label=label,
        level=np.full(rows, np.nan),
    )


def test_a_validation_date_sees_only_rows_that_were_ripe_before_it() -> None:
    """12 months 31 days apart, purge 90 days: three steps back; the last three have 7, 8 and 9 to learn from."""
    judge = Judge("probability", _months(12, 80), 90, seed=1)
    newest = date(2025, 1, 1).toordinal() + 31 * 11
    assert [day.toordinal() for day in judge.dates] == [newest - 62, newest - 31, newest]
    for fold in judge._folds:
        assert fold.train.as_of.max() + np.timedelta64(90, "D") <= fold.test.as_of.min()
    assert [len(np.unique(fold.train.as_of)) for fold in judge._folds] == [7, 8, 9]


def test_without_an_earlier_date_customers_are_split() -> None:
    judge = Judge("probability", _months(2, 200), 90, seed=1)
    assert judge.dates == ()
    assert len(judge._folds) == DATES
    for fold in judge._folds:
        assert not set(fold.train.customer_ids) & set(fold.test.customer_ids)
    assert [trial.setting for trial in choose(judge, RECIPE).trials] == ["linear_share"] * 3


def test_where_behaviour_turned_old_rows_lose_weight() -> None:
    found = choose(Judge("probability", _months(24, 120, turns=True), 30, seed=1), RECIPE)
    assert found.recipe.half_life_days == 365
    taken = next(trial for trial in found.trials if trial.setting == "half_life_days")
    assert taken.is_taken
    assert taken.gain > taken.error


def test_where_every_feature_says_a_little_a_linear_part_joins() -> None:
    found = choose(Judge("probability", _months(10, 150, straight=True), 30, seed=1), RECIPE)
    assert found.recipe.linear_share > 0.0
    assert found.score > found.trials[0].score - found.trials[0].gain


def test_where_nothing_is_better_the_default_stays() -> None:
    found = choose(Judge("probability", _months(10, 100), 30, seed=1), RECIPE)
    kept = [trial for trial in found.trials if trial.is_taken]
    assert all(trial.gain > 2 * trial.error for trial in kept)
    assert found.recipe.half_life_days is None


def test_what_is_chosen_hangs_on_the_seed_alone() -> None:
    first, again = (choose(Judge("probability", _months(8, 100), 30, seed=1), RECIPE) for _ in range(2))
    assert first.trials == again.trials
    assert first.recipe == again.recipe


def test_how_far_a_feature_moved() -> None:
    """Of 9 dates the newest 3 are new: what is 0 before and 1 since moved by 1, what is drawn alike little."""
    rows = _months(9, 100)
    rows.values[:, 1] = rows.as_of >= np.unique(rows.as_of)[-3]
    moved = moves(rows, ["a", "b"])
    assert moved["b"] == 1.0
    assert moved["a"] < 0.1
    assert "b" not in teaching_features(rows, 0.3)
    assert "b" in teaching_features(rows)


def test_a_row_one_half_life_older_counts_half() -> None:
    rows = _months(2, 50)
    weight = rows_of(rows, Recipe(seed=1, half_life_days=31), None).weight
    assert weight is not None
    assert weight.tolist() == [0.5] * 50 + [1.0] * 50


def test_tuning_begins_with_the_default_and_never_ends_below_it() -> None:
    judge = Judge("probability", _months(8, 80), 30, seed=1)
    found = tune(judge, RECIPE, Tuning(trials=4, start={"learning_rate": 0.1, "unknown": 1}))
    assert found.trials == 4
    assert found.score >= found.began == judge.score(RECIPE)[0]
    changed = {name for name in TUNED if getattr(found.recipe, name) != getattr(RECIPE, name)}
    assert bool(changed) == (found.score > found.began)


def test_features_with_a_direction_keep_it() -> None:
    import lightgbm as lgb

    rows = rows_of(_months(3, 200), Recipe(seed=1, lowering=("a",), raising=("not_there",)), None)
    assert rows.constraints() == {"monotone_constraints": [-1, 0, 0, 0, 0, 0, 0, 0]}
    parameters = {**RECIPE.parameters("probability"), **rows.constraints()}
    booster = lgb.train(parameters, rows.part(), 20)
    steps = np.zeros((50, 8))
    steps[:, 0] = np.linspace(-3, 3, 50)
    assert (np.diff(booster.predict(steps, raw_score=True)) <= 0.0).all()


@pytest.mark.parametrize("kind", ["probability", "share"])
def test_a_label_that_never_varies_gives_no_validation_date(kind: str) -> None:
    rows = _months(8, 80)
    rows.label[:] = 1.0
    assert Judge(kind, rows, 30, seed=1).dates == ()  # type: ignore[arg-type]
