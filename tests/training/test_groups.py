"""Groups of customers: what they are numbered and named by, and that a number keeps its meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from features.policy import read_policy
from serving.errors import BundleError
from serving.groups import Groups, GroupTexts, read_groups
from serving.manifest import canonical_json
from training.groups import compare_counts, fit_groups, read_group_policy

FloatArray = NDArray[np.float64]
POLICY = read_group_policy()


def people(count: int, seed: int, spread: float = 60.0) -> FloatArray:
    """Scores of customers around nine corners of the scale."""
    draw = np.random.default_rng(seed)
    corners = np.random.default_rng(99).uniform(100.0, 900.0, (9, 4))
    scores = corners[draw.integers(0, 9, count)] + draw.normal(0.0, spread, (count, 4))
    return np.clip(np.rint(scores), 0.0, 1000.0)


def test_groups_are_numbered_by_descending_mean() -> None:
    """Three kinds of customers with means of 800, 500 and 200."""
    scores = np.repeat([[500.0] * 4, [800.0] * 4, [200.0] * 4], 10, axis=0)
    groups = fit_groups(scores, replace(POLICY, count=3), seed=1)
    assert groups.numbers == (1, 2, 3)
    assert [centre[0] for centre in groups.centres] == [800.0, 500.0, 200.0]
    assert groups.nearest(np.array([[790.0] * 4, [210.0] * 4])).tolist() == [1.0, 3.0]


def test_a_refit_keeps_the_numbers_whatever_their_new_order_of_means() -> None:
    """The group of 500 rises above the one of 520: each keeps its number, though their order has turned."""
    before = np.repeat([[520.0] * 4, [500.0, 500.0, 500.0, 100.0]], 10, axis=0)
    last = fit_groups(before, replace(POLICY, count=2), seed=1)
    after = np.repeat([[520.0] * 4, [760.0, 760.0, 760.0, 100.0]], 10, axis=0)
    again = fit_groups(after, replace(POLICY, count=2), seed=1, last=last)
    assert last.nearest(before[-1:]).item() == again.nearest(after[-1:]).item() == 2.0


def test_customers_whose_scores_did_not_change_keep_their_group_at_the_next_refit() -> None:
    """100,000 customers; by the next month a tenth has other scores, and one in fifty is new."""
    before = people(100_000, seed=1)
    last = fit_groups(before, POLICY, seed=1)
    draw = np.random.default_rng(2)
    after = before.copy()
    moved = draw.random(len(before)) < 0.1
    after[moved] = np.clip(after[moved] + np.rint(draw.normal(0, 80, (moved.sum(), 4))), 0, 1000)
    grown = np.vstack([after, people(2_000, seed=3)])
    again = fit_groups(grown, POLICY, seed=7, last=last)
    same = last.nearest(before[~moved]) == again.nearest(before[~moved])
    print(f"groups: {same.mean():.4f} of {len(same):,} customers with unchanged scores keep their number")
    assert same.mean() >= 0.95


def test_a_group_that_is_no_longer_there_retires_its_number() -> None:
    """Four kinds of customers, then three: the fourth number is not given to anyone."""
    before = np.repeat([[900.0] * 4, [700.0] * 4, [300.0] * 4, [50.0] * 4], 10, axis=0)
    last = fit_groups(before, replace(POLICY, count=4), seed=1)
    again = fit_groups(before[:30], replace(POLICY, count=4), seed=1, last=last)
    assert (last.numbers, again.numbers, again.is_fewer) == ((1, 2, 3, 4), (1, 2, 3), True)


def test_fewer_kinds_of_customers_than_groups_make_fewer_groups() -> None:
    groups = fit_groups(np.array([[100.0] * 4, [900.0] * 4]), POLICY, seed=1)
    assert (len(groups.centres), groups.is_fewer) == (2, True)


def test_a_customer_with_an_unknown_score_is_in_no_group() -> None:
    groups = fit_groups(people(500, seed=1), POLICY, seed=1)
    assert np.isnan(groups.nearest(np.array([[np.nan, 1.0, 1.0, 1.0]])).item())


def test_the_same_customers_and_seed_give_the_same_groups() -> None:
    scores = people(5_000, seed=4)
    assert canonical_json(fit_groups(scores, POLICY, seed=3)) == canonical_json(
        fit_groups(scores, POLICY, seed=3)
    )


def test_a_group_is_named_by_its_marks_in_both_languages() -> None:
    groups = Groups(
        ("loyalty", "credit"), (1, 2, 3), ((900.0, 500.0), (500.0, 100.0), (400.0, 300.0)),
        {"1": ("loyalty", "credit"), "2": (), "3": ()}, {"1": (), "2": ("credit",), "3": ()}, is_fewer=False,
    )  # fmt: skip
    words = read_policy("texts")["factors"]
    english, chinese = (GroupTexts(groups, words, language) for language in ("en", "zh"))
    assert [english.name(number) for number in (1, 2, 3)] == [
        "leading: Loyalty, Credit", "trailing: Credit", "in the middle on every factor",
    ]  # fmt: skip
    assert [chinese.name(number) for number in (1, 2, 3)] == ["忠诚度、信用度领先", "信用度落后", "各项居中"]


def test_groups_over_a_factor_that_the_bundle_lacks_are_refused() -> None:
    groups = fit_groups(people(500, seed=1), POLICY, seed=1)
    text = canonical_json(groups).decode()
    assert read_groups(text, POLICY.factors) == groups
    with pytest.raises(BundleError, match="expected factors of the bundle"):
        read_groups(text, ("loyalty",))


def test_counts_are_compared_by_how_well_and_how_steadily_they_part() -> None:
    """Nine clear kinds of customers: nine groups part them better, and more steadily, than five."""
    found = compare_counts(people(1_500, seed=1, spread=15.0), (5, 9), seed=1)
    assert found[9]["silhouette"] > found[5]["silhouette"]
    assert found[9]["stability"] >= 0.9
