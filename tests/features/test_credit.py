"""The rules of credit, one by one, on a small bank; expected numbers are hand-made. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, after, before
from tests.compute import Features, compute
from tests.handover import Bank

Record = dict[str, Any]

LINES = {"line": 1000, "stale": 1000, "edge": 1000, "zero": 0}


def small_bank() -> Bank:
    """People by the rule that they show; `new` becomes a customer on the as_of day."""
    people = (*LINES, "pays", "late", "eve", "sound", "nothing", "borrows", "beside")
    customers = [
        {"customer_id": name, "kind": "retail", "opened_on": date(2015, 1, 1), "credit_line": LINES.get(name)}
        for name in people
    ]
    customers.append({"customer_id": "new", "kind": "retail", "opened_on": AS_OF})
    facts = [
        {"customer_id": "line", "code": code, "noted_on": before(day), "value": value}
        for code, day, value in (("bank_enquiry", 91, 1.0), ("bank_enquiry", 90, 1.0), ("bank_enquiry", 2, None),
                                 ("bank_enquiry", 1, 0.0), ("bank_enquiry", 0, 1.0), ("taxpayer", 3, 1.0))
    ]  # fmt: skip
    tables = {
        "customers": customers,
        "balances": balances(),
        "loans": loans(),
        "repayments": repayments(),
        "facts": facts,
    }
    first = dict.fromkeys(("loans", "repayments", "facts"), DATA_FROM)
    return Bank(tables, data_from=first, data_until=after(30), fixed_profile=("credit_line",))


def balances() -> list[Record]:
    rows = (
        ("line", "loan", 1, 300, "own"), ("line", "card_credit", 1, 100, "own"), ("line", "guarantee", 1, 70, "own"),
        ("line", "fund", 1, 900, "own"), ("line", "loan", 1, 5000, "elsewhere"), ("line", "loan", 0, 9000, "own"),
        ("line", "loan", 90, 800, "own"), ("line", "loan", 91, 200, "own"), ("line", "loan", 225, 100, "own"),
        ("stale", "loan", 46, 500, "own"), ("edge", "loan", 45, 500, "own"), ("edge", "loan", 226, 100, "own"),
        ("zero", "loan", 1, 500, "own"),
    )  # fmt: skip
    columns = ("customer_id", "product", "held_on", "balance", "bank")
    return [
        dict(zip(columns, (name, product, before(day), amount, place), strict=True))
        for name, product, day, amount, place in rows
    ]


def loans() -> list[Record]:
    def loan(loan_id: str, granted: int, matures: date, amount: int, **more: Any) -> Record:
        return {"loan_id": loan_id, "customer_id": loan_id.split("-")[0], "granted_on": before(granted),
                "matures_on": matures, "amount": amount, **more}  # fmt: skip

    return [
        loan("borrows-a", 100, after(0), 100, rate=0.05, collateral="property", collateral_value=400,
             guarantor_id="line"),
        loan("borrows-b", 1, after(89), 300, rate=0.03, collateral="inventory", guarantor_id="stranger"),
        loan("borrows-c", 400, before(1), 999, rate=0.09, collateral="inventory", guarantor_id="pays"),
        loan("borrows-d", 300, after(90), 50, rate=35.0, collateral_value=0, guarantor_id="borrows"),
        loan("borrows-e", 0, after(90), 77, rate=0.05, guarantor_id="line"),
        loan("beside-a", 10, after(500), 20, guarantor_id="new"),
        loan("beside-b", 10, after(500), 30, guarantor_id="line"),
        loan("beside-c", 10, after(500), 40, guarantor_id="line"),
    ]  # fmt: skip


def repayments() -> list[Record]:
    """(customer, day due, principal, interest, day paid, amount paid); a day counts back from as_of."""
    rows = (
        ("pays", 366, 100, 10, 366, 110), ("pays", 365, 100, 10, 365, 110), ("pays", 181, 100, 10, 180, 110),
        ("pays", 180, 100, 10, 181, None), ("pays", 30, 0, 0, None, None), ("pays", 20, 100, 10, 15, 15),
        ("pays", 10, 100, 10, 0, 110), ("pays", 5, 100, 10, 5, 111), ("pays", 0, 100, 10, None, None),
        ("late", 500, 100, 10, 470, 110), ("late", 400, 100, 10, 365, 110), ("late", 450, 100, 10, 366, 110),
        ("late", 30, 100, 10, 30, 0),
        ("eve", 31, 100, 10, 20, 6),
        ("sound", 40, 100, 10, 11, 110),
    )  # fmt: skip
    return [
        {"loan_id": f"{name}-loan", "customer_id": name, "due_on": before(due), "due_principal": principal,
         "due_interest": interest, "paid_on": None if paid is None else before(paid), "paid_amount": amount}
        for name, due, principal, interest, paid, amount in rows
    ]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return compute(small_bank(), tmp_path_factory.mktemp("credit")).at((AS_OF,))[AS_OF][0]


def of(features: Features, customer_id: str, *names: str) -> tuple[float | None, ...]:
    return tuple(features[customer_id][name] for name in names)


def near(*values: float) -> object:
    """Equal up to the last digits of the one division at the end."""
    return pytest.approx(values, rel=1e-12)


def test_utilisation_is_what_is_owed_at_this_bank_over_the_line(small: Features) -> None:
    """300 + 100 of 1000 on day 1; the 5000 are owed elsewhere, the 9000 are of day 0."""
    assert of(small, "line", "credit_utilisation", "guarantee_balance_level") == near(0.4, 70)


def test_a_report_of_45_days_ago_counts_and_of_46_days_not(small: Features) -> None:
    assert of(small, "edge", "credit_utilisation") == near(0.5)
    assert of(small, "stale", "credit_utilisation") == (None,)


def test_utilisation_of_no_line_is_null(small: Features) -> None:
    assert of(small, "zero", "credit_utilisation") == of(small, "pays", "credit_utilisation") == (None,)


def test_change_of_utilisation_compares_with_the_last_report_before_the_day(small: Features) -> None:
    """90 days ago: 200 of day 91, not 800 of day 90; 180 days ago: 100 of day 225, `edge` has only day 226."""
    names = ("credit_utilisation_change_90d", "credit_utilisation_change_180d")
    assert of(small, "line", *names) == near(0.2, 0.3)
    assert of(small, "edge", *names) == (None, None)


def test_paid_on_time_is_in_full_and_by_the_day_due(small: Features) -> None:
    """Due on days 365, 181, 180, 20, 10, 5: 180 and 5 in time, 365 too, 181 a day late, 20 in part, 10 open."""
    assert of(small, "pays", "repayment_due_count_180d", "repayment_due_count_365d") == (4, 6)
    assert of(small, "pays", "repayment_on_time_count_180d", "repayment_on_time_count_365d") == (2, 3)
    assert of(small, "pays", "repayment_on_time_share_180d", "repayment_on_time_share_365d") == near(0.5, 0.5)


def test_early_is_before_the_day_due(small: Features) -> None:
    """Day 180 was paid on day 181, its amount not stated: in full."""
    assert of(small, "pays", "repayment_early_count_365d") == (1,)


def test_a_payment_on_the_as_of_day_is_not_known(small: Features) -> None:
    """Day 20 is open with 15 of 110 paid, day 10 will be paid on day 0: 20 days past due, not 10."""
    assert of(small, "pays", "arrears_now_days", "arrears_worst_days_365d") == (20, 20)


def test_a_part_payment_settles_interest_before_principal(small: Features) -> None:
    """15 paid: interest 10, principal 5. Left 95 and 0, and 100 and 10 of day 10. `eve`: 6 of interest 10."""
    names = ("arrears_principal_sum", "arrears_interest_sum", "repayment_part_count_365d")
    assert of(small, "pays", *names) == (195, 10, 1)
    assert of(small, "eve", *names) == (100, 4, 1)


def test_a_payment_of_nothing_is_no_part_payment(small: Features) -> None:
    names = ("repayment_part_count_365d", "arrears_now_days", "arrears_principal_sum")
    assert of(small, "late", *names) == (0, 30, 100)


def test_worst_looks_at_what_was_late_in_the_last_year(small: Features) -> None:
    """Paid on day 365, 35 days late; on day 366, 84 days late, which is too long ago; `sound` was 29 days late."""
    assert of(small, "late", "arrears_worst_days_365d") == (35,)
    assert of(small, "sound", "arrears_worst_days_365d", "arrears_now_days") == (29, 0)


def test_seriously_late_is_open_30_days_after_the_day_due(small: Features) -> None:
    """Due on day 500, paid 30 days later: first on day 470. `eve`: due on day 31, open on day 1; 29 days are not."""
    ages = {
        name: small[name]["arrears_first_age_days"] for name in ("late", "eve", "sound", "pays", "nothing")
    }
    assert ages == {"late": 470, "eve": 1, "sound": None, "pays": None, "nothing": None}


def test_without_instalments_nothing_is_overdue(small: Features) -> None:
    """2022-01-01 to 2024-04-01 are 821 days."""
    names = (
        "repayment_due_count_365d",
        "arrears_now_days",
        "arrears_principal_sum",
        "repayment_history_days",
    )
    assert of(small, "nothing", *names) == (0, 0, 0, 821)
    assert of(small, "nothing", "repayment_on_time_share_365d", "loan_gap_days") == (None, None)


def test_a_loan_that_matures_on_the_as_of_day_is_running(small: Features) -> None:
    """100 matures on day 0, 300 on day 89 and 50 on day 90 from as_of on; 999 on day 1; 77 is granted on day 0."""
    assert of(small, "borrows", "loan_running_count", "loan_running_amount", "loan_gap_days") == (3, 450, 1)
    assert of(small, "borrows", "loan_maturing_count_90d", "loan_maturing_amount_90d") == (2, 400)


def test_terms_of_running_loans(small: Features) -> None:
    """100 on a property of 400; one of two stated collaterals; (100 x 5% + 300 x 3%) / 400, 3500% is a slip."""
    names = ("loan_to_value", "loan_inventory_share", "loan_rate_mean")
    assert of(small, "borrows", *names) == near(0.25, 0.5, 0.035)
    assert of(small, "beside", *names) == (None, None, None)


def test_guarantees_given_are_running_loans_of_others(small: Features) -> None:
    """`line`: 100 + 30 + 40, not 77; `pays` guaranteed a loan that is repaid, `borrows` only itself."""
    given = {
        name: of(small, name, "guarantee_given_count", "guarantee_given_amount") for name in ("line", "pays")
    }
    assert given == {"line": (3, 170), "pays": (0, 0)}
    assert of(small, "borrows", "guarantee_given_count") == (0,)


def test_guarantors_are_other_customers_known_at_as_of_each_once(small: Features) -> None:
    """`borrows`: `line`, not a stranger, itself, or who guaranteed the loan repaid.

    `beside`: `line` twice; `new` is not a customer yet.
    """
    assert of(small, "borrows", "guarantor_count") == of(small, "beside", "guarantor_count") == (1,)


def test_enquiries_of_90_days_leave_out_a_note_that_says_no(small: Features) -> None:
    """Days 91, 90, 2 (no value), 1 (the value 0) and 0: two count."""
    assert of(small, "line", "enquiry_count_90d") == (2,)
