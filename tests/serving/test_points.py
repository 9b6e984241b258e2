"""Scores and the whole points that add up to them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from serving.points import ScoreMap, family_sums, tell, whole_points
from training.factors import score_map

FloatArray = NDArray[np.float64]
AMOUNTS = st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda value: round(value, 2))


def test_points_lead_from_the_start_to_the_score() -> None:
    """Map 0 -> 0, 10 -> 1000: 100 points per unit. Base 2 = 200; effects +3 and -1: value 4 = 400 = 200 + 300 - 100."""
    straight = ScoreMap(value=(0.0, 10.0), score=(0.0, 1000.0))
    told = tell(straight, np.array([4.0]), np.array([2.0]), np.array([[3.0, -1.0]]), ("a", "b"))
    assert (told.score.item(), told.start.item()) == (400.0, 200.0)
    assert {part: points.item() for part, points in told.parts.items()} == {"a": 300.0, "b": -100.0}


def test_beyond_the_ends_the_score_is_held_and_the_points_still_add_up() -> None:
    """From 200 to the top: 800 points over effects of +20 and -4 (16 units in all, 50 a unit): +1000 and -200."""
    straight = ScoreMap(value=(0.0, 10.0), score=(0.0, 1000.0))
    told = tell(straight, np.array([18.0]), np.array([2.0]), np.array([[20.0, -4.0]]), ("a", "b"))
    assert told.score.item() == 1000.0
    assert [points.item() for points in told.parts.values()] == [1000.0, -200.0]


def test_where_effects_cancel_the_slope_of_the_place_counts() -> None:
    """Value = base = 2 on a map of 100 a unit: +3 and -3 are +300 and -300."""
    straight = ScoreMap(value=(0.0, 10.0), score=(0.0, 1000.0))
    told = tell(straight, np.array([2.0]), np.array([2.0]), np.array([[3.0, -3.0]]), ("a", "b"))
    assert [points.item() for points in told.parts.values()] == [300.0, -300.0]


def test_what_is_missing_goes_to_the_largest_cut_off() -> None:
    """1.5 + 0.7 - 0.2 = 2: cut to 1, 0 and 0; the one that is missing goes to 0.7, which lost most."""
    assert whole_points(np.array([[1.5, 0.7, -0.2]]), np.array([2.0])).tolist() == [[1.0, 1.0, -0.0]]


def test_a_value_that_is_not_known_has_no_score() -> None:
    straight = ScoreMap(value=(0.0, 10.0), score=(0.0, 1000.0))
    told = tell(straight, np.array([np.nan]), np.array([2.0]), np.array([[np.nan, 1.0]]), ("a", "b"))
    assert np.isnan(told.score).all()
    assert np.isnan(told.start).all()


def test_a_mass_lies_at_the_middle_of_its_ranks() -> None:
    """Of 10 customers 6 have nothing: ranks 0 to 6 of 10, the middle is 3 = 300; the others 650, 750, 850, 950."""
    found = score_map(np.array([0.0] * 6 + [1.0, 2.0, 3.0, 400.0]))
    assert found.of(np.array([0.0, 1.0, 2.0, 3.0, 400.0])).tolist() == [300.0, 650.0, 750.0, 850.0, 950.0]
    assert found.of(np.array([-50.0, 9e9])).tolist() == [300.0, 950.0]


def test_a_family_alone_and_in_a_million_has_the_same_bits() -> None:
    draw = np.random.default_rng(1)
    contributions = draw.normal(size=(2_000, 60)) * 10.0 ** draw.integers(-9, 9, (2_000, 60))
    codes = draw.integers(0, 7, 60).astype(np.intp)
    together = family_sums(contributions, codes, 7)
    alone = np.vstack([family_sums(contributions[row : row + 1], codes, 7) for row in range(len(together))])
    assert together.tobytes() == alone.tobytes()


@given(
    reference=arrays(np.float64, st.integers(1, 60), elements=AMOUNTS),
    base=AMOUNTS,
    effects=arrays(np.float64, st.integers(1, 8), elements=AMOUNTS),
)
def test_points_add_up_and_no_part_changes_its_sign(
    reference: FloatArray, base: float, effects: FloatArray
) -> None:
    value = np.array([base])
    for effect in effects:
        value = value + effect
    names = tuple(map(str, range(len(effects))))
    told = tell(score_map(reference), value, np.array([base]), effects[None, :], names)
    parts = np.array([points.item() for points in told.parts.values()])
    assert told.start.item() + parts.sum() == told.score.item()
    assert 0.0 <= told.score.item() <= 1000.0
    assert (parts * effects >= 0.0).all()


@given(reference=arrays(np.float64, st.integers(1, 200), elements=AMOUNTS), asked=st.tuples(AMOUNTS, AMOUNTS))
def test_a_larger_value_never_scores_less(reference: FloatArray, asked: tuple[float, float]) -> None:
    low, high = score_map(reference).of(np.sort(np.array(asked))).tolist()
    assert low <= high
