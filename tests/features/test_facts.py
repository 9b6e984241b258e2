"""Facts: what is in force, how complete and how old the file is, by hand. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.groups.codes import fact_codes
from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank


def fact(customer_id: str, code: str, days: int, value: float | None = 1.0, **more: Any) -> dict[str, Any]:
    row = {"customer_id": customer_id, "code": code, "noted_on": before(days), "value": value, "valid_until": None,
           "recorded_at": None}  # fmt: skip
    return {**row, **more}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    rows = [
        fact("A", "file_completeness", 400, 0.5),
        fact("A", "file_completeness", 30, 0.75, valid_until=before(0)),
        fact("A", "litigation", 100),
        fact("A", "exit_list", 90, None),
        fact("A", "dishonest_debtor", 80, 0.0),
        fact("A", "negative_list", 70),
        fact("A", "negative_list", 60, 0.0),
        fact("A", "loan_loss", 50, valid_until=before(1)),
        fact("A", "taxpayer", 2),
        fact("A", "taxpayer", 0),
        fact("A", "accounts_separate", 5, recorded_at=at(before(0), "00:00")),
        fact("B", "file_completeness", 30, 0.75, valid_until=before(1)),
        fact("B", "file_completeness", 10, None),
        fact("B", "child_at_school", 365),
        fact("B", "child_at_school", 366),
        fact("B", "anniversary", 1),
        fact("B", "marriage", 1, 0.0),
        fact("H", "headcount_on_payroll", 300, 80.0),
        fact("H", "headcount_on_payroll", 181, 100.0),
        fact("H", "headcount_on_payroll", 180, 999.0),
        fact("H", "headcount_on_payroll", 3, 75.0),
        fact("I", "headcount_on_payroll", 300, 80.0, valid_until=before(180)),
        fact("I", "headcount_on_payroll", 3, 40.0, valid_until=before(0)),
        fact("J", "headcount_on_payroll", 300, 80.0, valid_until=before(181)),
        fact("J", "headcount_on_payroll", 3, 40.0),
        fact("K", "headcount_on_payroll", 300, 80.0),
        fact("K", "headcount_on_payroll", 3, 40.0, valid_until=before(1)),
        fact("L", "headcount_on_payroll", 300, 0.0),
        fact("L", "headcount_on_payroll", 3, 40.0),
    ]
    customers = [
        {"customer_id": one, "kind": "micro", "opened_on": date(2020, 1, 1)}
        for one in ("A", "B", *"HIJKL", "none")
    ]
    bank = Bank({"customers": customers, "facts": rows}, ZONE, {"facts": DATA_FROM}, after(30))
    return compute(bank, tmp_path_factory.mktemp("facts")).at([AS_OF])[AS_OF][0]


def test_a_fact_holds_on_the_day_until_which_it_is_valid(found: Features) -> None:
    assert found["A"]["file_completeness"] == 0.75


def test_the_newest_note_of_a_code_counts_even_if_it_says_nothing(found: Features) -> None:
    assert found["B"]["file_completeness"] is None


def test_facts_in_force_are_the_newest_of_each_code(found: Features) -> None:
    """file_completeness, litigation, exit_list, dishonest_debtor, negative_list, taxpayer; loan_loss has passed.

    accounts_separate was recorded at the midnight of as_of.
    """
    assert (found["A"]["fact_count"], found["none"]["fact_count"]) == (6, 0)


def test_negative_facts_are_those_that_say_yes_or_give_no_value(found: Features) -> None:
    """litigation and exit_list; dishonest_debtor and negative_list say no by now."""
    assert (found["A"]["fact_count_negative"], found["none"]["fact_count_negative"]) == (2, 0)


def test_events_in_life_are_counted_note_by_note(found: Features) -> None:
    """One at the edge of the window, one the day before as_of; a 0 is none."""
    assert (found["B"]["fact_count_life_365d"], found["A"]["fact_count_life_365d"]) == (2, 0)


def test_the_file_is_as_old_as_its_last_note(found: Features) -> None:
    assert [found[one]["file_gap_days"] for one in ("A", "B", "H", "none")] == [2, 1, 3, None]


def test_headcount_is_compared_with_the_one_in_force_half_a_year_before(found: Features) -> None:
    """75 against 100: what was noted 180 days before was not known before that day."""
    assert (found["H"]["headcount_level"], found["H"]["headcount_trend_180d"]) == (75, 0.75)


def test_a_headcount_whose_time_has_passed_is_none(found: Features) -> None:
    """I: valid until as_of and until 180 days before it. J: passed then. K: passed now. L: nobody then."""
    levels = [found[one]["headcount_level"] for one in "IJKL"]
    trends = [found[one]["headcount_trend_180d"] for one in "IJKL"]
    assert levels == [40, 40, None, 40]
    assert trends == [0.5, None, None, None]


def test_every_role_of_a_code_is_told_and_an_unknown_one_refused() -> None:
    assert {"litigation", "exit_list", "dishonest_debtor"} <= set(fact_codes("negative"))
    with pytest.raises(
        ValueError, match="expected a code with counts_as ghost; got only change_asked, criterion"
    ):
        fact_codes("ghost")
