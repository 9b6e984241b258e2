"""Customers whose states the bank keeps, and logs that begin late: the bank with states of `tests/bank.py`.

It has neither transactions nor balances nor snapshots: nobody in it has a history that could be scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from tests.bank import AS_OF, bank_with_states, before
from tests.compute import Features, compute


@pytest.fixture(scope="module")
def dates_with_states(tmp_path_factory: pytest.TempPathFactory) -> Mapping[date, Features]:
    """The bank with states at as_of, and 9 and 8 days before it."""
    found = compute(bank_with_states(), tmp_path_factory.mktemp("states")).at((AS_OF, before(9), before(8)))
    assert {status for _, statuses in found.values() for status in statuses.values()} == {"no_history"}
    return {as_of: features for as_of, (features, _) in found.items()}


@pytest.fixture
def with_states(dates_with_states: Mapping[date, Features]) -> Features:
    return dates_with_states[AS_OF]


def test_state_of_the_day_before_counts_and_of_the_as_of_day_not(with_states: Features) -> None:
    """`eve` became gold on day 1; `day` becomes diamond on day 0 and is platinum until then."""
    shown = {name: with_states[name]["card_level"] for name in ("eve", "day")}
    assert shown == {"eve": 1, "day": 2}
    assert (with_states["eve"]["is_managed"], with_states["day"]["is_managed"]) == (1, 0)
    assert (with_states["eve"]["credit_line"], with_states["day"]["credit_line"]) == (500, None)


def test_state_recorded_at_the_as_of_midnight_is_not_known(with_states: Features) -> None:
    assert (with_states["late"]["card_level"], with_states["late"]["is_micro"]) == (3, 0)


def test_customer_whose_first_state_is_of_the_as_of_day_is_left_out(with_states: Features) -> None:
    assert set(with_states) == {"eve", "day", "late"}


def test_count_is_null_where_the_log_starts_on_the_as_of_day(
    dates_with_states: Mapping[date, Features],
) -> None:
    """On the first day of `contacts` the log does not reach back; a day later it does, by one day."""
    on_the_day, day_after = dates_with_states[before(9)], dates_with_states[before(8)]
    names = ("contact_count_30d", "contact_history_days")
    assert [on_the_day["day"][name] for name in names] == [None, 0]
    assert [day_after["day"][name] for name in names] == [0, 1]


def test_count_is_null_where_the_table_is_empty(with_states: Features) -> None:
    """A table without a row and without a stated first day reaches back to no day at all."""
    assert [with_states["eve"][name] for name in ("signal_count_open", "signal_gap_days")] == [None, None]
