"""Group score table, concentration of value and moves, each by hand on a few customers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from training.concentration import concentrate
from training.group_figures import Customers, group_figures
from training.moves import Moves, count_moves

NAN = np.nan
EIGHT = Customers(
    scores={
        "growth_potential": np.array([900.0, 800.0, 700.0, 500.0, 300.0, 200.0, 100.0, NAN]),
        "loyalty": np.array([100.0, 200.0, 500.0, 600.0, 700.0, 800.0, 900.0, NAN]),
        "future_contribution": np.array([400.0, NAN, 400.0, 400.0, 400.0, 400.0, 400.0, NAN]),
    },
    group=np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, NAN]),
    contribution=np.array([900.0, 100.0, 50.0, 0.0, 0.0, NAN, -50.0, NAN]),
    churn=np.array([0.1, 0.3, 0.2, NAN, NAN, NAN, NAN, NAN]),
)
"""Eight customers in three groups; the last cannot be scored."""


def test_the_group_score_table_by_hand() -> None:
    """Growth: (900 + 800) / 2 = 850, (700 + 500) / 2 = 600, (300 + 200 + 100) / 3 = 200; of all 3,500 / 7 = 500.
    Loyalty: 150, 550, 800; of all 3,800 / 7. Of three groups a quarter, rounded up, is one: one leads, one trails.
    """
    found = group_figures(EIGHT, (1, 2, 3), 0.25)
    assert found.means[:2].tolist() == [[850.0, 600.0, 200.0], [150.0, 550.0, 800.0]]
    assert found.population.tolist() == [500.0, 3800.0 / 7.0, 400.0]
    assert found.customers.tolist() == [2, 2, 3]
    assert found.shares.tolist() == [2 / 7, 2 / 7, 3 / 7]
    marks = [[found.mark(row, column) for column in range(3)] for row in range(2)]
    assert marks == [["leading", "", "trailing"], ["trailing", "", "leading"]]


def test_what_is_not_known_of_a_customer_is_left_out_of_the_mean() -> None:
    """Churn of group 1: (0.1 + 0.3) / 2; of group 2 only 0.2 is known; of group 3 nothing."""
    found = group_figures(EIGHT, (1, 2, 3), 0.25)
    assert found.churn[:2].tolist() == [0.2, 0.2]
    assert np.isnan(found.churn[2])
    assert found.row("future_contribution").tolist() == [400.0] * 3


def test_an_empty_group_has_no_mean_and_neither_leads_nor_trails() -> None:
    """Group 4 has nobody today: the marks go to the three others, as they do without it."""
    found, without = (group_figures(EIGHT, numbers, 0.25) for numbers in ((1, 2, 3, 4), (1, 2, 3)))
    assert found.customers.tolist() == [2, 2, 3, 0]
    assert np.isnan(found.means[:, 3]).all()
    assert np.isnan(found.churn[3])
    assert [found.mark(row, 3) for row in range(3)] == [""] * 3
    assert found.leading[:, :3].tolist() == without.leading.tolist()
    assert found.population.tolist() == without.population.tolist()


def test_one_group_alone_is_not_marked() -> None:
    found = group_figures(EIGHT, (1,), 0.25)
    assert not found.leading.any()
    assert not found.trailing.any()


def test_concentration_by_hand() -> None:
    """900 + 100 + 50 + 0 + 0 - 50 = 1,000 of six customers. A fifth of six, rounded up, is two: they bring 1,000, all
    of it. The first alone brings 90%: one customer is enough for 80%.
    """
    found = concentrate(EIGHT.contribution)
    assert found.running.tolist() == [900.0, 1000.0, 1050.0, 1050.0, 1050.0, 1000.0]
    assert (found.customers, found.total, found.fifth, found.fifth_share) == (6, 1000.0, 2, 1.0)
    assert (found.for_most, found.losing, found.earned, found.lost) == (1, 1, 1050.0, -50.0)
    customers, brought = found.curve()
    assert customers.tolist() == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert brought.tolist() == pytest.approx([0, 0.9, 1.0, 1.05, 1.05, 1.05, 1.0])


@pytest.mark.parametrize(("values", "needed"), [([80.0, 20.0], 1), ([79.0, 21.0], 2), ([50.0] * 10, 8)])
def test_the_fewest_customers_who_bring_80_percent(values: list[float], needed: int) -> None:
    """80 of 100 is 80%; 79 is not; of ten alike it takes eight."""
    assert concentrate(np.array(values)).for_most == needed


@pytest.mark.parametrize("values", [[], [NAN], [0.0, 0.0], [10.0, -10.0], [10.0, -30.0]])
def test_a_book_that_brings_nothing_has_no_shares(values: list[float]) -> None:
    assert not concentrate(np.array(values)).can_share


def test_the_curve_of_many_customers_keeps_its_ends() -> None:
    customers, brought = concentrate(np.ones(10_007)).curve(100)
    assert (len(customers), customers[0], customers[-1], brought[-1]) == (100, 0.0, 1.0, 1.0)


def test_moves_by_hand() -> None:
    """a stays, b rises, c falls, d and e fall together, f is new, g is gone, h is in none at both dates."""
    before = {"a": "key", "b": "general", "c": "key", "d": "general", "e": "general", "g": "exit", "h": None}
    now = {
        "a": "key",
        "b": "key",
        "c": "exit",
        "d": "exit",
        "e": "exit",
        "f": "general",
        "g": None,
        "h": None,
    }
    tiers = ("key", "general", "exit")
    counts = count_moves(before, now, tiers)
    assert counts.tolist() == [[1, 0, 1, 0], [1, 0, 2, 0], [0, 0, 0, 1], [0, 1, 0, 0]]
    moves = Moves(date(2026, 10, 1), date(2026, 11, 1), tiers, counts)
    assert (moves.up, moves.down, moves.moved, moves.stayed) == (1, 3, 4, 1)
