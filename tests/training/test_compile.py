from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.tables import MISSING_NAN, MISSING_NONE, MISSING_ZERO, ZERO, explain_numpy
from tests.models import draw_rows, model_text, signal, train, tree_text
from training.compile import TOLERANCE, compile_booster, proof_rows, prove
from training.errors import CompileError

STUMP = tree_text([0], [2.0], [(-1, -2)], [(10.0, 30), (-2.0, 10)], [40])
TWO_FEATURES = tree_text([0, 1], [0.0, 0.0], [(1, -2), (-1, -3)], [(8.0, 10), (4.0, 20), (0.0, 10)], [40, 20])


def test_one_split_gives_the_difference_from_the_expected_value() -> None:
    """Expected value (30 x 10 + 10 x -2) / 40 = 7: a row on the left is 10 - 7 = 3 above it, one on the right
    -2 - 7 = -9. At 2.0 exactly, and where nothing was observed, the row goes left."""
    compiled = compile_booster(model_text([STUMP]), ("a", "b"))
    rows = np.array([[2.0, 5.0], [np.nextafter(2.0, 3.0), 5.0], [np.nan, np.nan]])
    contributions, margin = explain_numpy(compiled, rows)
    assert compiled.base == 7.0
    assert contributions.tolist() == [[3.0, 0.0], [-9.0, 0.0], [3.0, 0.0]]
    assert margin.tolist() == [10.0, -2.0, 10.0]


def test_two_features_share_what_they_do_together() -> None:
    """a <= 0 leads to b <= 0 ? 8 : 0 (10 rows each), a > 0 to 4 (20 rows): expected (80 + 0 + 80) / 40 = 4.

    Row a, b <= 0: knowing a alone is worth 4 (mean of 8 and 0), b alone 0.5 x 8 + 0.5 x 4 = 6, both 8. So a
    gets ((4 - 4) + (8 - 6)) / 2 = 1 and b ((6 - 4) + (8 - 4)) / 2 = 3.
    Row a > 0, b <= 0: a alone 4, b alone 6, both 4. So a gets ((4 - 4) + (4 - 6)) / 2 = -1 and b
    ((6 - 4) + (4 - 4)) / 2 = 1.
    """
    compiled = compile_booster(model_text([TWO_FEATURES]), ("a", "b"))
    contributions, margin = explain_numpy(compiled, np.array([[-1.0, -1.0], [1.0, -1.0]]))
    assert compiled.base == 4.0
    assert contributions.tolist() == [[1.0, 3.0], [-1.0, 1.0]]
    assert margin.tolist() == [8.0, 4.0]


def test_a_tree_without_splits_moves_the_base_only() -> None:
    constant = tree_text([], [], [], [(0.5, 40)], [])
    compiled = compile_booster(model_text([STUMP, constant]), ("a", "b"))
    assert compiled.base == 7.5
    assert explain_numpy(compiled, np.array([[0.0, 0.0]]))[1].tolist() == [10.5]


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [({}, MISSING_NAN), ({"use_missing": False}, MISSING_NONE), ({"zero_as_missing": True}, MISSING_ZERO)],
)
def test_every_treatment_of_missing_values_is_reproduced(parameters: dict[str, bool], missing: int) -> None:
    values = draw_rows(5, 800)
    booster = train(values, (signal(values, 6) > 0).astype(float), **parameters)
    compiled = compile_booster(booster.model_to_string(), booster.feature_name())
    used = compiled.missing_type[compiled.split_feature >= 0]
    assert (used == missing).any()
    assert prove(compiled, booster, values).rows > 1_000


def test_the_zero_threshold_is_the_one_that_lightgbm_reads_rows_with() -> None:
    """A value of +-1e-35 (as float32) is 0 when LightGBM reads a dense row, its outer neighbour is not."""
    edges = [ZERO, np.nextafter(ZERO, 1.0), -ZERO, np.nextafter(-ZERO, -1.0), 0.0, -0.0]
    values = draw_rows(7, 600, features=2)
    booster = train(values, (signal(values, 8) > 0).astype(float), zero_as_missing=True)
    compiled = compile_booster(booster.model_to_string(), booster.feature_name())
    rows = np.array([[a, b] for a in edges for b in (*edges, 1.0, np.nan)])
    assert explain_numpy(compiled, rows)[1] == pytest.approx(booster.predict(rows, raw_score=True), abs=1e-13)


@given(
    seed=st.integers(0, 2**31),
    rows=st.integers(40, 400),
    features=st.integers(1, 8),
    leaves=st.integers(2, 8),
    trees=st.integers(1, 25),
    parameters=st.sampled_from(
        [
            {},
            {"objective": "regression"},
            {"use_missing": False},
            {"zero_as_missing": True},
            {"boosting": "dart"},
            {"bagging_fraction": 0.6, "bagging_freq": 1, "feature_fraction": 0.7},
            {"min_data_in_leaf": 1, "lambda_l2": 0.0, "max_bin": 7},
            {"boost_from_average": False, "objective": "cross_entropy"},
        ]
    ),
)
@settings(max_examples=200, deadline=None)
def test_tables_equal_lightgbm_on_random_models(
    seed: int, rows: int, features: int, leaves: int, trees: int, parameters: dict[str, object]
) -> None:
    values = draw_rows(seed, rows, features)
    strength = signal(values, seed + 1)
    label = strength if parameters.get("objective") == "regression" else (strength > 0).astype(float)
    booster = train(values, label, trees, **{"num_leaves": leaves, "seed": seed % 1000, **parameters})
    compiled = compile_booster(booster.model_to_string(), booster.feature_name())
    proof = prove(compiled, booster, values, seed)
    assert max(proof.margin, proof.contribution, proof.base) <= TOLERANCE


def test_proof_rows_hold_every_threshold_and_its_neighbours() -> None:
    compiled = compile_booster(model_text([STUMP, TWO_FEATURES]), ("a", "b"))
    rows = proof_rows(compiled, np.array([[1.0, 1.0]]), seed=1)
    for value in (2.0, np.nextafter(2.0, 3), np.nextafter(2.0, 1), 1e308, -1e308, ZERO, -ZERO, 5e-324):
        assert (rows[:, 0] == value).any()
    assert np.isnan(rows).all(axis=1).any()
    assert np.signbit(rows[:, 0][rows[:, 0] == 0.0]).any()


def test_tables_of_another_model_are_refused() -> None:
    values = draw_rows(5, 400)
    booster = train(values, (signal(values, 6) > 0).astype(float), trees=10)
    other = train(values, (signal(values, 7) > 0).astype(float), trees=10)
    compiled = compile_booster(other.model_to_string(), other.feature_name())
    with pytest.raises(
        CompileError, match=r"proof over \d+ rows, margin: expected a difference of at most 1e-12"
    ):
        prove(compiled, booster, values)


def test_one_wrong_value_in_a_table_is_refused() -> None:
    values = draw_rows(5, 400)
    booster = train(values, (signal(values, 6) > 0).astype(float), trees=10)
    compiled = compile_booster(booster.model_to_string(), booster.feature_name())
    table = compiled.table.copy()
    table[3] *= 1 + 1e-9
    with pytest.raises(CompileError, match="margin"):
        prove(replace(compiled, table=table), booster, values)


def test_reordered_columns_are_refused() -> None:
    with pytest.raises(CompileError, match=r"column 0 is 'a', not 'b'\. Compile with the columns"):
        compile_booster(model_text([STUMP]), ("b", "a"))
    with pytest.raises(
        CompileError, match="expected the 3 features given, in their order; got 2: the rest is equal"
    ):
        compile_booster(model_text([STUMP]), ("a", "b", "c"))


def _text(**parameters: object) -> str:
    values = draw_rows(9, 300, 5)
    label = np.arange(300.0) % 3 if "num_class" in parameters else (signal(values, 2) > 0).astype(float)
    if parameters.pop("coded", False):
        values[:, 0] = np.arange(300) % 20
        label = (np.arange(300) % 20 % 2).astype(float)
        data = lgb.Dataset(values, label, categorical_feature=[0])
        return str(
            lgb.train({"objective": "binary", "max_depth": 2, "verbosity": -1}, data, 2).model_to_string()
        )
    return str(train(values, label, 3, **parameters).model_to_string())


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"max_depth": 4, "num_leaves": 5, "min_data_in_leaf": 1},
            "tree 0: expected at most 3 splits on every path",
        ),
        ({"max_depth": 5, "num_leaves": 20}, "tree 0: expected at most 7 splits; got"),
        ({"objective": "multiclass", "num_class": 3}, "num_class: expected 1, got '3'"),
        (
            {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
            "a sum of trees, got one with average_output",
        ),
        (
            {"linear_tree": True, "objective": "regression"},
            "tree .: expected constant leaves; got linear ones",
        ),
        ({"coded": True}, "numerical splits only; got splits on categories"),
    ],
)
def test_other_models_are_refused(parameters: dict[str, object], expected: str) -> None:
    text = _text(**parameters)
    names = next(line for line in text.splitlines() if line.startswith("feature_names=")).partition("=")[2]
    with pytest.raises(CompileError, match=expected):
        compile_booster(text, names.split(" "))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"leaf_value": "10.0 nan"}, "finite leaf values"),
        ({"leaf_value": "10.0"}, "2 leaves and 1 splits"),
        ({"leaf_value": "10.0 x"}, "as numbers"),
        ({"threshold": "nan"}, "thresholds that are numbers"),
        ({"split_feature": "2"}, "features 0 to 1"),
        ({"decision_type": "1"}, "numerical decision types"),
        ({"decision_type": "12"}, "numerical decision types"),
        ({"left_child": "0"}, "row counts that add up"),
        ({"right_child": "-1", "leaf_count": "20 20"}, "every split and leaf once"),
        ({"left_child": "-3"}, "children that exist"),
        ({"left_child": "-2"}, "row counts that add up"),
        ({"leaf_count": "40 0"}, "at least one row"),
        ({"internal_count": "41"}, "row counts that add up"),
    ],
)
def test_damaged_trees_are_refused(change: dict[str, str], expected: str) -> None:
    with pytest.raises(CompileError, match=expected):
        compile_booster(model_text([{**STUMP, **change}]), ("a", "b"))


@pytest.mark.parametrize(
    "text",
    ["", "tree\n", "tree\nversion=v4\n\nend of trees\n", model_text([STUMP]).replace("Tree=0", "Tree=1")],
)
def test_texts_that_are_no_model_are_refused(text: str) -> None:
    with pytest.raises(CompileError, match="expected LightGBM's text"):
        compile_booster(text, ("a", "b"))
