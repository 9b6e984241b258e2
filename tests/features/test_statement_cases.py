"""Measures of statements by hand, around each edge: one bank, a customer per case, figures in the docstrings.

The 120th day after 2023-12-31 is 2024-04-29. A statement received on a day is known from the next one on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.compute import compute
from tests.features.test_statements import Rows, evaluations
from tests.handover import Bank

BEFORE, ON, NOW = date(2024, 4, 29), date(2024, 4, 30), date(2024, 6, 1)
CORRECTED = date(2024, 5, 10)
LAST, THIS = date(2022, 12, 31), date(2023, 12, 31)
IN_2023, IN_2024 = date(2023, 3, 1), date(2024, 3, 10)

Record = dict[str, Any]


def statement(one: str, end: date, received: date, months: int = 12, **figures: float | None) -> Record:
    return {"customer_id": one, "period_end": end, "months": months, "received_on": received, **figures}


def two(one: str, last: Record, this: Record) -> list[Record]:
    """Statements of 2022 and 2023 with figures of each."""
    return [statement(one, LAST, IN_2023, **last), statement(one, THIS, IN_2024, **this)]


def comparisons() -> Iterator[Record]:
    yield from two("grows", {"sales": 100}, {"sales": 125})
    yield from two("limit", {"sales": 100, "receivables": 100, "capacity_use": 0.92},
                   {"sales": 110, "receivables": 140, "capacity_use": 0.77})  # fmt: skip
    no_debt, some_debt = (
        {"long_term_debt": 0, "short_term_debt": 0},
        {"long_term_debt": 9, "short_term_debt": 0},
    )
    yield from two("base", {"sales": 0, "net_profit": -10, "pre_tax_profit": 10, **no_debt},
                   {"sales": 50, "net_profit": 10, "pre_tax_profit": -5, "total_assets": 10, **some_debt})  # fmt: skip
    yield statement("months", LAST, IN_2023, sales=100)
    yield statement("months", THIS, IN_2024, months=6, sales=125)
    yield statement("leap", date(2023, 2, 28), IN_2023, sales=100)
    yield statement("leap", date(2024, 2, 29), IN_2024, sales=125)
    for days, last in ((357, date(2023, 1, 8)), (358, date(2023, 1, 7)), (372, date(2022, 12, 24)),
                       (373, date(2022, 12, 23))):  # fmt: skip
        yield statement(f"{days} days", last, IN_2023, sales=100)
        yield statement(f"{days} days", THIS, IN_2024, sales=125)
    yield statement("late base", THIS, date(2024, 2, 1), sales=125, intangibles=4, total_assets=10)
    yield statement("late base", LAST, date(2024, 5, 1), sales=100, intangibles=1, total_assets=10)
    yield from two("corrected", {"sales": 100}, {"sales": 125})
    yield {
        **statement("corrected", THIS, IN_2024, sales=80),
        "recorded_at": datetime(2024, 5, 10, 12, tzinfo=UTC),
    }
    for year, sales in ((2020, 100), (2021, 80), (2022, 60)):
        yield statement("three years", date(year, 12, 31), date(year + 1, 3, 1), sales=sales)


def habits() -> Iterator[Record]:
    for one, received in (("punctual", date(2024, 4, 29)), ("tardy", date(2024, 4, 30)), ("missing", None)):
        for year in (2021, 2022):
            yield statement(one, date(year, 12, 31), date(year + 1, 4, 10))
        if received is not None:
            yield statement(one, THIS, received)
    yield statement("new", LAST, date(2023, 4, 10))
    for end in (date(2023, 6, 30), date(2023, 9, 30)):
        yield statement("quarters", end, date(2023, 11, 1), months=3)


def industries() -> Iterator[Record]:
    """Sales of ten steel makers grow by 0, 10, ... 90%; of nine in food by 30%."""
    for place in range(10):
        received = date(2024, 5, 20) if place == 9 else IN_2024
        yield statement(f"steel {place}", LAST, IN_2023, sales=100, inventory=100, cost_of_sales=50)
        yield statement(
            f"steel {place}", THIS, received, sales=100 + 10 * place, inventory=130, cost_of_sales=50
        )
    for place in range(9):
        yield from two(f"food {place}", {"sales": 100}, {"sales": 130})


def debts() -> Iterator[Record]:
    yield from two("owes", {"dividends": 70}, {"dividends": 50, "depreciation": 100})


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, date], Rows]:
    rows = [*comparisons(), *habits(), *industries(), *debts()]
    customers = [
        {"customer_id": one, "kind": "corporate", "opened_on": date(2015, 1, 1), "industry": _industry(one)}
        for one in dict.fromkeys(row["customer_id"] for row in rows)
    ]
    tables = {
        "customers": customers,
        "statements": rows,
        "repayments": [
            {"loan_id": "l", "customer_id": "owes", "due_on": date(2023, 11, 15), "due_principal": 80,
             "due_interest": 5, "paid_on": date(2024, 5, 3), "paid_amount": 85}
        ],
        "industry_outlook": [
            {"industry": "food", "stated_on": date(2024, 1, 15), "outlook": 0.0, "sales_growth": 0.1,
             "inventory_days_growth": 0.5}
        ],
    }  # fmt: skip
    bank = Bank(tables, data_until=date(2025, 1, 1), fixed_profile=("industry",))
    computed = compute(bank, tmp_path_factory.mktemp("cases"))
    return evaluations(computed, [BEFORE, ON, CORRECTED, NOW])


def _industry(one: str) -> str | None:
    return one.split()[0] if one.split()[0] in {"steel", "food"} else None


@pytest.fixture
def at(found: dict[tuple[str, date], Rows]) -> Any:
    """What a customer's evaluations say of some measures: (day, values) in order of days, nulls left out."""

    def read(table: str, one: str, *names: str, as_of: date = NOW) -> list[tuple[Any, ...]]:
        rows = sorted(found[table, as_of].get(one, []), key=lambda row: row[0])
        shown = [(day, *(values[name] for name in names)) for day, values in rows]
        return [row for row in shown if any(value is not None for value in row[1:])]

    return read


def test_a_growth_is_known_on_the_day_after_the_later_statement_came(at: Any) -> None:
    """125 / 100 - 1; received on 10 March."""
    assert at("statements", "grows", "sales_growth") == [(date(2024, 3, 11), 0.25)]


def test_a_difference_of_growths_at_the_limit_is_the_limit_exactly(at: Any) -> None:
    """40% - 10% = 30 points; capacity 0.92 - 0.77 = 15 points: in floats 0.4 - 0.1 is more than 0.3."""
    names = ("receivables_growth_over_sales", "capacity_use_change")
    assert at("statements", "limit", *names) == [(date(2024, 3, 11), 0.3, -0.15)]


def test_without_a_positive_base_nothing_is_evaluated(at: Any) -> None:
    """Sales from 0, net profit from -10, debt from 0: null. Pre-tax profit from 10 to -5: -150%."""
    names = (
        "sales_growth",
        "net_profit_growth",
        "debt_growth",
        "debt_rise_of_assets",
        "pre_tax_profit_growth",
    )
    assert at("statements", "base", *names) == [(date(2024, 3, 11), None, None, None, None, -1.5)]


def test_periods_of_unequal_months_are_not_compared(at: Any) -> None:
    assert at("statements", "months", "sales_growth", "sales_before") == []


def test_the_last_of_february_is_a_year_after_the_last_of_february(at: Any) -> None:
    """2023-02-28 to 2024-02-29 are 366 days."""
    assert at("statements", "leap", "sales_growth") == [(date(2024, 3, 11), 0.25)]


@pytest.mark.parametrize(("days", "count"), [(357, 0), (358, 1), (372, 1), (373, 0)])
def test_a_year_is_358_to_372_days(at: Any, days: int, count: int) -> None:
    assert len(at("statements", f"{days} days", "sales_growth")) == count


def test_a_base_that_comes_late_makes_the_growth_known_late_and_no_more(at: Any) -> None:
    """Shares of this year alone were known in February; those of the year before are no news in May."""
    names = ("intangibles_share", "sales_growth")
    assert at("statements", "late base", *names) == [
        (date(2024, 2, 2), 0.4, None),
        (date(2024, 5, 2), None, 0.25),
    ]


def test_a_correction_counts_from_the_day_after_it_was_recorded(at: Any) -> None:
    """125 becomes 80 on 10 May: not yet known at that midnight."""
    assert at("statements", "corrected", "sales_growth", as_of=CORRECTED) == [(date(2024, 3, 11), 0.25)]
    assert at("statements", "corrected", "sales_growth") == [(date(2024, 5, 11), -0.2)]


def test_two_falls_in_a_row_are_seen_together(at: Any) -> None:
    """80 / 100 - 1 = -20%, then 60 / 80 - 1 = -25%."""
    names = ("sales_growth", "sales_growth_before")
    assert at("statements", "three years", *names) == [
        (date(2022, 3, 2), -0.2, None),
        (date(2023, 3, 2), -0.25, -0.2),
    ]


def test_a_statement_received_on_the_last_day_is_in_time(at: Any) -> None:
    assert at("lateness", "punctual", "year_statement_wait") == [(ON, 120.0)]


def test_a_statement_is_late_on_the_day_after_its_limit_and_clear_when_it_comes(at: Any) -> None:
    """Received on the 121st day, known on the 122nd."""
    assert at("lateness", "tardy", "year_statement_wait", as_of=ON) == [(ON, 121.0)]
    assert at("lateness", "tardy", "year_statement_wait") == [(ON, 121.0), (date(2024, 5, 1), 0.0)]


def test_a_statement_that_does_not_come_is_late_from_the_121st_day_on(at: Any) -> None:
    """2024-06-01 is the 153rd day."""
    assert at("lateness", "missing", "year_statement_wait", as_of=BEFORE) == []
    assert at("lateness", "missing", "year_statement_wait", as_of=ON) == [(ON, 121.0)]
    assert at("lateness", "missing", "year_statement_wait") == [(ON, 153.0)]


def test_without_a_habit_nothing_is_expected(at: Any) -> None:
    assert at("lateness", "new", "year_statement_wait") == []


def test_a_quarter_is_expected_after_a_quarter(at: Any) -> None:
    """After the ends of June and September that of December; 45 days later is 2024-02-14, 2024-06-01 the 153rd."""
    names = ("quarter_statement_wait", "year_statement_wait")
    assert at("lateness", "quarters", *names) == [(date(2024, 2, 15), 153.0, None)]


def test_ten_companies_make_a_median_known_with_the_tenth(at: Any) -> None:
    """The middle two of 0, 10, ... 90% are 40 and 50%: median 45%; the tenth came on 20 May."""
    name = "sales_growth_over_industry"
    assert at("statements", "steel 0", name, as_of=CORRECTED) == []
    assert at("statements", "steel 0", name) == [(date(2024, 5, 21), -0.45)]
    assert at("statements", "steel 9", name) == [(date(2024, 5, 21), 0.45)]
    assert at("statements", "steel 0", "sales_growth") == [(date(2024, 3, 11), 0.0)]


def test_with_nine_companies_the_outlook_counts(at: Any) -> None:
    """30% - 10% = 20 points, on the day on which the company's own growth was known."""
    assert at("statements", "food 0", "sales_growth_over_industry") == [(date(2024, 3, 11), 0.2)]


def test_inventory_days_of_an_industry_come_from_the_book_or_the_outlook(at: Any) -> None:
    """100 / 50 to 130 / 50 years of cost: up 30%. Food has nine companies: its outlook, stated on 15 January."""
    name = "industry_inventory_days_growth"
    assert at("industry", "steel 3", name) == [(date(2024, 5, 21), 0.3)]
    assert at("industry", "food 3", name) == [(date(2024, 1, 16), 0.5)]
    assert at("industry", "grows", name) == []


def test_what_is_overdue_stands_beside_the_newest_statement(at: Any) -> None:
    """85 overdue from 16 November 2023 to 3 May 2024. The dividends of 2022 were paid before; those of 2023 meanwhile.

    Principal due in 2022: none, but 80 is overdue; in 2023: 80, of which depreciation of 100 is 1.25 times.
    """
    names = (
        "arrears_amount",
        "arrears_dividends",
        "arrears_principal_due",
        "arrears_depreciation_of_principal_due",
    )
    assert at("arrears", "owes", *names) == [
        (date(2023, 3, 2), None, 0.0, None, None),
        (date(2023, 11, 16), 85.0, 0.0, 80.0, None),
        (date(2024, 3, 11), 85.0, 50.0, 80.0, 1.25),
        (date(2024, 5, 4), 0.0, 0.0, 80.0, 1.25),
    ]


def test_a_bank_that_says_nothing_of_industries_has_no_medians(tmp_path: Path) -> None:
    """The same growth, without an industry that serves past dates: not evaluated; without statements: no row."""
    customers = [
        {"customer_id": "grows", "kind": "corporate", "opened_on": date(2015, 1, 1), "industry": "steel"}
    ]
    rows = two("grows", {"sales": 100}, {"sales": 125})
    bank = Bank({"customers": customers, "statements": rows}, data_until=date(2025, 1, 1))
    found = evaluations(compute(bank, tmp_path / "with"), [NOW])
    own = [values for _, values in found["statements", NOW]["grows"]]
    assert {values["sales_growth"] for values in own} == {None, 0.25}
    assert {values["sales_growth_over_industry"] for values in own} == {None}
    facts = [{"customer_id": "grows", "code": "taxpayer", "noted_on": IN_2023, "value": 1.0}]
    none = evaluations(
        compute(
            Bank({"customers": customers, "facts": facts}, data_until=date(2025, 1, 1)), tmp_path / "without"
        ),
        [NOW],
    )
    assert none == {("industry", NOW): {}}
