"""What an explanation costs, and the rule of one standard error."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.test_choose import _months
from training.budget import REFITS, measure
from training.errors import TrainingError
from training.fit import enough_trees, fit
from training.leaks import check_leaks
from training.recipe import Recipe

RECIPE = Recipe(seed=2, max_trees=40, min_rows_in_leaf=20)


def test_the_smallest_number_of_trees_within_one_standard_error_of_the_best() -> None:
    """Best at 3. One tree is 1.0 and 2.0 behind: mean 1.5, error 0.5. Two are 0.1 and -0.1: mean 0, error 0.1."""
    assert enough_trees(np.array([[2.0, 1.1, 1.0], [3.0, 0.9, 1.0]])) == 2
    assert enough_trees(np.array([[2.0, 1.5, 1.0], [2.0, 1.5, 1.0]])) == 3
    assert enough_trees(np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])) == 1


def test_depth_is_no_gain_where_one_feature_tells_all_and_reasons_are_steady() -> None:
    rows = _months(4, 300)
    fitted = fit("probability", rows, RECIPE)
    families = {name: ("one" if name == "a" else "other") for name in rows.names}
    found = measure(fitted, rows, rows, RECIPE, families)
    assert found.rows == len(rows)
    assert found.depth_cost.low <= found.depth_cost.value <= found.depth_cost.high
    assert found.depth_cost.value == pytest.approx(found.deep - found.shallow)
    assert found.depth_cost.value < 0.01
    assert found.agreement_top > 0.95
    assert REFITS == 10


def test_reasons_of_noise_are_not_steady() -> None:
    rows = _months(4, 300)
    rows.label[:] = np.random.default_rng(3).integers(0, 2, len(rows))
    rows.label[:400] = rows.values[:400, 0] > 0  # enough for a calibration to find something
    fitted = fit("probability", rows, RECIPE)
    families = {name: name for name in rows.names}
    noisy = measure(fitted, rows, rows, RECIPE, families)
    assert noisy.agreement_all < 0.9


def test_without_families_steadiness_is_not_measured() -> None:
    rows = _months(3, 150)
    found = measure(fit("probability", rows, RECIPE), rows, rows, RECIPE, {})
    assert np.isnan(found.agreement_top)


def test_a_feature_that_alone_tells_the_event_stops_the_run_by_name() -> None:
    rows = _months(3, 100)
    check_leaks("churn", "probability", rows, 0.995)
    rows.values[:, 4] = np.where(rows.label > 0.5, np.nan, 1.0)  # filled only for those who stayed
    with pytest.raises(TrainingError, match=r"got e \(AUC 1\.0000\)\. A feature that tells this much"):
        check_leaks("churn", "probability", rows, 0.995)
