from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch import BLOCK
from serving.errors import BundleError
from serving.rank import Ranking, strongest
from serving.tables import CHUNK, CompiledModel, FloatArray, explain_numba, explain_numpy, read_arrays
from tests.models import draw_rows, signal, train
from training.compile import compile_booster, proof_rows

NOBODY = np.zeros(12, dtype=np.bool_)


def has_same_bits(left: FloatArray, right: FloatArray) -> bool:
    """Equal to the last bit, signs of zero included."""
    return left.shape == right.shape and left.tobytes() == right.tobytes()


@cache
def compiled() -> CompiledModel:
    values = draw_rows(1, 2_000)
    booster = train(values, (signal(values, 2) > 0).astype(float), 80)
    return compile_booster(booster.model_to_string(), booster.feature_name())


@cache
def rows() -> FloatArray:
    return np.vstack([draw_rows(11, 1_000), proof_rows(compiled(), draw_rows(12, 50), seed=3)])


def test_both_engines_give_the_same_bits_for_every_number_of_rows() -> None:
    contributions, margin = explain_numpy(compiled(), rows())
    sizes = [*range(301), CHUNK * 40, BLOCK * 2, BLOCK * 2 + 1, len(rows())]
    for size in sizes:
        found = explain_numba(compiled(), rows()[:size])
        assert has_same_bits(found[0], contributions[:size])
        assert has_same_bits(found[1], margin[:size])
    print(f"{len(sizes)} batch sizes, 0 bits differ")


def test_a_row_alone_has_the_bits_it_has_in_a_batch() -> None:
    contributions, margin = explain_numpy(compiled(), rows())
    for row in range(0, len(rows()), 7):
        for explain in (explain_numpy, explain_numba):
            found = explain(compiled(), rows()[row : row + 1])
            assert has_same_bits(found[0][0], contributions[row])
            assert has_same_bits(found[1], margin[row : row + 1])


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_change_no_bit(threads: int) -> None:
    expected = explain_numpy(compiled(), rows())
    found = explain_numba(compiled(), rows(), threads=threads)
    assert has_same_bits(found[0], expected[0])
    assert has_same_bits(found[1], expected[1])


@given(start=st.integers(0, 900), size=st.integers(0, 600), seed=st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_a_scale_multiplies_base_and_contributions(start: int, size: int, seed: int) -> None:
    part = rows()[start : start + size]
    scale = np.exp(np.random.default_rng(seed).normal(10.0, 5.0, size=len(part)))
    plain, _ = explain_numpy(compiled(), part)
    contributions, margin = explain_numpy(compiled(), part, scale)
    batch = explain_numba(compiled(), part, scale)
    assert has_same_bits(contributions, plain * scale[:, None])
    assert has_same_bits(batch[0], contributions)
    assert has_same_bits(batch[1], margin)
    total = compiled().base * scale
    for feature in range(12):
        total = total + contributions[:, feature]
    assert has_same_bits(margin, total)


def test_rows_may_be_read_only_or_lie_in_any_layout() -> None:
    frozen = np.asfortranarray(rows()[:300])
    frozen.setflags(write=False)
    assert has_same_bits(explain_numba(compiled(), frozen)[1], explain_numpy(compiled(), rows()[:300])[1])


def test_a_model_over_more_columns_says_the_same() -> None:
    names = ("x", *compiled().names[:5], "y", *compiled().names[5:], "z")
    place = [names.index(name) for name in compiled().names]
    wide = np.full((200, len(names)), 7.0)
    wide[:, place] = rows()[:200]
    contributions, margin = explain_numpy(compiled().over(names), wide)
    assert has_same_bits(
        np.ascontiguousarray(contributions[:, place]), explain_numpy(compiled(), rows()[:200])[0]
    )
    assert has_same_bits(margin, explain_numpy(compiled(), rows()[:200])[1])
    assert not contributions[:, [0, 6, len(names) - 1]].any()


def test_a_model_over_other_columns_is_refused() -> None:
    with pytest.raises(BundleError, match=r"got \['f0'\]\. List the bundle's features in catalogue order"):
        compiled().over(compiled().names[1:])
    with pytest.raises(BundleError, match="got another order"):
        compiled().over(compiled().names[::-1])


def test_stored_arrays_are_the_same_model() -> None:
    again = read_arrays(compiled().names, compiled().arrays())
    assert has_same_bits(explain_numpy(again, rows())[1], explain_numpy(compiled(), rows())[1])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("table", np.nan, "finite table"),
        ("threshold", np.nan, "thresholds that are numbers"),
        ("split_feature", 12, "split_feature between -1 and 11"),
        ("shap_feature", -2, "shap_feature between -1 and 11"),
        ("shap_feature", 3, "distinct features within a tree"),
        ("missing_type", 3, "missing_type 0, 1 or 2"),
        ("base", np.inf, "a finite base"),
    ],
)
def test_tables_out_of_range_are_refused(name: str, value: float, expected: str) -> None:
    arrays = {key: array.copy() for key, array in compiled().arrays().items()}
    arrays[name][0] = value
    with pytest.raises(BundleError, match=expected):
        read_arrays(compiled().names, arrays)


def test_tables_of_another_type_or_shape_are_refused() -> None:
    arrays = compiled().arrays()
    with pytest.raises(
        BundleError, match=r"table threshold: expected float64 of shape \(80, 7\), got float32"
    ):
        read_arrays(compiled().names, {**arrays, "threshold": arrays["threshold"].astype(np.float32)})
    with pytest.raises(BundleError, match=r"table table: expected float64 of shape \(80, 128, 7\)"):
        read_arrays(compiled().names, {**arrays, "table": arrays["table"][:-1]})
    with pytest.raises(BundleError, match="expected arrays"):
        read_arrays(compiled().names, {**arrays, "more": arrays["table"]})
    with pytest.raises(BundleError, match="used slots first"):
        replace(
            compiled(), split_feature=np.roll(np.where(np.arange(7) < 6, compiled().split_feature, -1), 1, 1)
        )


def rank_by_hand(effects: list[float], silent: set[int], count: int) -> tuple[list[int], float]:
    """Sort by size, earlier first; the rest is added up in order."""
    shown = sorted(
        (i for i in range(len(effects)) if effects[i] and i not in silent), key=lambda i: -abs(effects[i])
    )
    shown = shown[:count]
    rest = 0.0
    for i, effect in enumerate(effects):
        rest += 0.0 if i in shown else effect
    return shown + [-1] * (count - len(shown)), rest


def test_the_strongest_effects_come_first_and_the_rest_is_added_up() -> None:
    """Of |-3| > |2| = |-2| > |1| the two largest are -3 and the earlier 2; 1 - 2 + 5 (protected) are 4."""
    effects = np.array([[1.0, 2.0, -2.0, -3.0, 0.0, 5.0]])
    silent = np.array([False, False, False, False, False, True])
    for engine in ("numpy", "numba"):
        found = strongest(effects, silent, 2, engine)
        assert found.feature.tolist() == [[3, 1]]
        assert found.effect.tolist() == [[-3.0, 2.0]]
        assert found.other.tolist() == [4.0]


def test_features_without_effect_are_never_shown() -> None:
    for engine in ("numpy", "numba"):
        found = strongest(np.array([[0.0, -0.0, 0.25]]), np.zeros(3, dtype=np.bool_), 5, engine)
        assert found.feature.tolist() == [[2, -1, -1, -1, -1]]
        assert found.effect.tolist() == [[0.25, 0.0, 0.0, 0.0, 0.0]]
        assert found.other.tolist() == [0.0]


@pytest.mark.parametrize("count", [-1, 21])
def test_more_than_twenty_reasons_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="reasons: expected 0 to 20"):
        strongest(np.zeros((1, 12)), NOBODY, count)


@given(
    effects=st.lists(
        st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 1e12, 1e-12]), min_size=9, max_size=9),
        max_size=20,
    ),
    silent=st.sets(st.integers(0, 8)),
    count=st.integers(0, 20),
)
@settings(max_examples=150, deadline=None)
def test_both_engines_rank_as_by_hand(effects: list[list[float]], silent: set[int], count: int) -> None:
    array = np.array(effects).reshape(len(effects), 9)
    mask = np.isin(np.arange(9), list(silent))
    first, second = strongest(array, mask, count, "numpy"), strongest(array, mask, count, "numba", threads=2)
    for name in Ranking.__dataclass_fields__:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    for row, given_effects in enumerate(effects):
        feature, rest = rank_by_hand(given_effects, silent, count)
        assert first.feature[row].tolist() == feature
        assert first.other[row] == rest
