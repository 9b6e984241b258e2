"""Measures on accounts, contacts and loans, rule by rule, on the tiny bank of `tests/account_bank.py`.

As_of is 2024-04-01, a first of a month: 30 days before it is 2024-03-02, the day before that is the 31st.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from features.groups.profile import spine_of
from features.signals.overdue import overdue
from features.signals.registry import MEASURE_TABLES
from pipelines.engine import Engine
from tests.account_bank import AS_OF, account_bank, on
from tests.compute import compute
from tests.measured import Figures, measured

Found = Callable[..., tuple[float | None, ...]]
MARCH = date(2024, 3, 1)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, date], Figures]:
    """Figures by table, customer and day of the evaluation."""
    tables = tuple(
        name for name in MEASURE_TABLES if name not in ("statements", "industry", "lateness", "arrears")
    )
    got = measured(account_bank(), tmp_path_factory.mktemp("accounts"), [AS_OF], tables)
    return {(table, name, day): values for (table, _, name, day), values in got.items()}


@pytest.fixture(scope="module")
def at(figures: dict[tuple[str, str, date], Figures]) -> Found:
    """Some measures of one evaluation, by default that of as_of."""

    def values(table: str, name: str, *measures: str, day: date = AS_OF) -> tuple[float | None, ...]:
        return tuple(figures[table, name, day][measure] for measure in measures)

    return values


def near(*values: float) -> object:
    """Equal up to the last digit of one division."""
    return pytest.approx(values, rel=1e-12)


def test_inflow_of_thirty_days_is_held_against_twelve_months_of_it(at: Found) -> None:
    """03-02 is day 30 and counts, 03-01 day 31: 300 of 307 in the 366 days from 2023-04-01; a loan is no inflow."""
    found = at("inflow", "lunar", "inflow_30d", "inflow_month_mean_12m", "inflow_30d_of_mean")
    assert found == near(300, 307 * 30 / 366, 300 / (307 * 30 / 366))


def test_the_same_lunar_period_begins_384_days_before(at: Found) -> None:
    """The festival moved from 2023-01-22 to 2024-02-10: 2023-02-12 to 03-13 hold 600 + 400, the days around more."""
    assert at("inflow", "lunar", "inflow_30d_of_lunar_year") == near(0.3)


def test_slope_is_by_least_squares_and_a_share_of_the_mean(at: Found) -> None:
    """700, 600, 500, 400, 300, 500: (-5*700 - 3*600 - 500 + 400 + 3*300 + 5*500) / 35 = -2000/35, of a mean of 500."""
    assert at("inflow", "slow", "inflow_slope_6m") == near(-2000 / 35 / 500)


def test_a_relationship_shorter_than_the_period_is_not_evaluated(at: Found) -> None:
    """`begun` opened on 2023-11-02: the last 30 days are whole, six and twelve months are not."""
    names = ("inflow_30d", "inflow_slope_6m", "inflow_30d_of_mean", "inflow_30d_of_lunar_year")
    assert at("inflow", "begun", *names) == (50, None, None, None)
    assert at("counterparties", "leaning", "supplier_payments_growth") == (None,)


def test_shares_leave_out_own_accounts_payment_institutions_tax_and_payroll(at: Found) -> None:
    """Inflow 500 + 200 + 101 + 99 and 100 from nobody known = 1000; outflow 300 and 100; 2023-03-31 is too long ago."""
    names = ("top_payer_share_12m", "top_payers_share_12m", "top_payee_share_12m")
    assert at("counterparties", "leaning", *names) == near(0.5, 0.801, 0.75)


def test_a_supplier_paid_in_four_of_twelve_months_is_habitual_and_one_in_three_is_not(at: Found) -> None:
    """100 in January to March 2023, 65 a year later."""
    names = ("supplier_payments_90d_before", "supplier_payments_90d", "supplier_payments_growth")
    assert at("counterparties", "buyer", *names) == near(100, 65, -0.35)


def test_deposits_count_on_the_newest_reporting_date_of_each_month(at: Found) -> None:
    """1000, 900, 800, 600; wealth is no deposit, and 03-30 is not the newest date."""
    names = ("deposits_3m_before", "deposits_now", "deposits_falling_months", "deposits_change_3m")
    assert at("deposits", "falling", *names) == near(1000, 600, 3, -0.4)
    assert at("deposits", "wobbly", *names) == near(1000, 600, 1, -0.4)


def test_months_falling_are_not_known_without_a_reporting_date_in_each(at: Found) -> None:
    assert at("deposits", "patchy", "deposits_change_3m") == near(-0.4)
    assert at("deposits", "patchy", "deposits_falling_months") == (None,)


def test_what_was_recorded_late_is_not_seen_by_the_evaluation_before(at: Found) -> None:
    """100 of February became known on 03-06: on 03-01 its turnover is 50, on 04-01 that of two months ago 150."""
    assert at("deposits", "late_news", "settlement_now", day=MARCH) == (50,)
    assert at("deposits", "late_news", "settlement_now", "settlement_falling_months") == (0, 1)
    assert at("inflow", "late_news", "inflow_30d", "inflow_slope_6m", day=MARCH) == (0, None)
    assert at("inflow", "late_news", "inflow_slope_6m") == near(6 * 3 * 100 / (35 * 100))


def test_the_largest_withdrawal_is_held_against_mean_month_ends(at: Found) -> None:
    """501 on day 30 of a mean of 1000; on 03-01 900 was not known yet; the bank's own and payments do not count."""
    assert at("withdrawals", "saver", "withdrawal_30d", "withdrawal_of_assets") == near(501, 0.501)
    assert at("withdrawals", "saver", "withdrawal_30d", "withdrawal_of_assets", day=MARCH) == (0, 0)


def test_a_mean_needs_six_month_ends(at: Found) -> None:
    """`newcomer` has five, from November to March."""
    assert at("withdrawals", "newcomer", "withdrawal_30d", "withdrawal_of_assets") == (400, None)


def test_headcount_is_of_two_months_of_pay(at: Found) -> None:
    """e1 to e5 in September; e1 to e3 on the last of March, e4 on the first of February, e5 a day too early."""
    names = ("headcount_6m_before", "headcount", "headcount_growth_6m")
    assert at("payroll", "employer", *names) == near(5, 4, -0.2)


def test_headcount_is_the_noted_one_where_no_pay_is_seen(at: Found) -> None:
    """40 noted on the eve of 2023-10-01, 100 on it, 30 on the eve of as_of."""
    names = ("headcount_6m_before", "headcount", "headcount_growth_6m")
    assert at("payroll", "noted", *names) == near(40, 30, -0.25)


def test_a_silence_of_365_days_is_seen_on_the_day_after_the_outflow(at: Found) -> None:
    """2023-03-17 to 2024-03-16; the sum grows by as_of, the silence stays that before the first of the 30 days."""
    names = ("elsewhere_quiet_days", "elsewhere_outflow_30d")
    assert at("elsewhere", "quiet", *names, day=on("03-17")) == (365, 40)
    assert at("elsewhere", "quiet", *names) == (365, 42)
    assert at("elsewhere", "quiet", *names, day=MARCH) == (0, 0)


def test_a_silence_of_364_days_is_only_looked_at_on_as_of(
    at: Found, figures: dict[tuple[str, str, date], Figures]
) -> None:
    assert at("elsewhere", "busy", "elsewhere_quiet_days") == (364,)
    assert [day for table, name, day in figures if (table, name) == ("elsewhere", "busy")] == [AS_OF]


def test_debt_elsewhere_is_compared_over_twelve_months_and_inflow_with_all_that_is_known(at: Found) -> None:
    """1000 -> 1500; nothing came from a lender between 2022-01-01 and 2024-03-02, 791 days."""
    assert at("nonbank", "borrower", "nonbank_debt", "nonbank_debt_growth") == (1500, 0.5)
    assert at("nonbank", "borrower", "nonbank_inflow_30d", "nonbank_quiet_days") == (800, 791)
    assert at("nonbank", "busy", "nonbank_debt", "nonbank_inflow_30d", "nonbank_quiet_days") == (None, 0, 0)


def test_a_request_is_seen_from_the_day_after_for_thirty_days(at: Found) -> None:
    """900 on day 31, 501 on day 30 of as_of. On 03-03 the year's inflow is that known on 03-01: 2000, of 2023-03-01."""
    names = ("credit_request", "credit_request_of_line", "credit_request_of_inflow")
    assert at("funds_need", "asker", *names, day=on("03-02")) == near(900, 0.9, 0.45)
    assert at("funds_need", "asker", *names) == near(501, 0.501, 501 / 5000)
    assert at("funds_need", "asker", *names, day=MARCH) == (0, 0, 0)


def test_an_instalment_is_four_days_overdue_on_the_fourth_day_after(at: Found) -> None:
    """Due on 03-28 and 03-31; the one due on as_of is not known to be unpaid."""
    assert at("overdue", "four_days", "days_overdue", "amount_overdue") == (4, 100_000)
    assert at("overdue", "penny", "days_overdue", "amount_overdue") == (0, 0)


def test_what_is_paid_the_day_before_is_paid_and_on_the_day_is_not(at: Found) -> None:
    assert at("overdue", "paid", "days_overdue", day=on("03-24")) == (4,)
    assert at("overdue", "paid", "days_overdue", "amount_overdue") == (0, 0)
    assert at("overdue", "paid_today", "days_overdue", "amount_overdue") == (12, 10_000)


def test_a_part_that_is_unpaid_counts_from_the_smallest_amount_on(at: Found) -> None:
    """Of 25,000, 10,000 is unpaid, or a cent less."""
    assert at("overdue", "in_part", "amount_overdue") == (10_000,)
    assert at("overdue", "cents_short", "amount_overdue") == (0,)


def test_limits_passed_before_the_time_looked_back_on_count_while_unpaid(
    figures: dict[tuple[str, str, date], Figures],
) -> None:
    """Due on 2022-06-01: 4, 31 and 61 days later; then the seven firsts."""
    days = [day for table, name, day in figures if (table, name) == ("overdue", "old")]
    assert sorted(days)[:4] == [date(2022, 6, 5), date(2022, 7, 2), date(2022, 8, 1), date(2023, 10, 1)]
    assert len(days) == 10


def test_a_notice_is_unanswered_after_seven_days_without_reaching_anybody(at: Found) -> None:
    """Notices of 03-25 and 03-26; that of 02-15 came before the instalment fell due on 02-20."""
    assert at("overdue", "silent", "notices_unanswered", "days_overdue") == (1, 41)
    assert at("overdue", "answered", "notices_unanswered") == (0,)


def test_stock_secures_a_loan_until_it_matures_and_longer_while_unpaid(at: Found) -> None:
    """100 matures on as_of, 20 the day before, 3 in March with an instalment unpaid."""
    assert at("collateral", "stocked", "inventory_loans", "inventory_loan_amount") == (2, 103)


def test_warmth_of_the_last_three_is_held_against_the_six_before(at: Found) -> None:
    """0, -1, 0 against 2, 2, 2, 2, 2, -1; the ninth contact of `eight` lies more than 365 days back."""
    names = ("warmth_now", "warmth_before", "warmth_change")
    assert at("warmth", "cooled", *names) == near(-1 / 3, 1.5, -11 / 6)
    assert at("warmth", "cooled", *names, day=on("03-11")) == near(-1 / 3, 1.5, -11 / 6)
    assert at("warmth", "eight", *names) == (None, None, None)


def test_enquiries_count_for_thirty_days(at: Found) -> None:
    """03-01 is day 31 of as_of, day 20 of 03-21; a note of 0 says that nobody asked."""
    assert at("enquiries", "asked_about", "enquiries_30d", day=on("03-21")) == (4,)
    assert at("enquiries", "asked_about", "enquiries_30d") == (3,)


def test_a_trade_is_closed_within_ninety_days_of_its_opening_and_of_as_of(at: Found) -> None:
    """Nine in March, one on 01-02, day 90, after 90 days; out: closed on day 91, held for 91 days, or longer."""
    assert at("trading", "trader", "trades_90d", "trades_of_habit") == (10, 10)


def test_overdue_says_what_is_unpaid_and_since_when(tmp_path: Path) -> None:
    """Paid 15,000 of 20,000 and 5,000 interest: the interest first; 41 days since 02-20; nothing due: 0 and null."""
    with Engine(compute(account_bank(), tmp_path).store.bank) as engine:
        tables = engine.run_of([AS_OF])
        spine = engine.keep("spine", spine_of(tables, engine.moments([AS_OF])))
        rows = spine.select("customer_id", "customer_no", "as_of_day").join(
            overdue(tables, spine), ["customer_no", "as_of_day"]
        )
        names = ("principal_overdue", "interest_overdue", "days_overdue", "since_day")
        found = {
            row["customer_id"]: tuple(row[name] for name in names) for row in engine.fetch(rows).to_pylist()
        }
    since = {
        name: (on(day) - date(1970, 1, 1)).days for name, day in (("in_part", "03-20"), ("silent", "02-20"))
    }
    assert found["in_part"] == (10_000, 0, 12, since["in_part"])
    assert found["silent"] == (80_000, 0, 41, since["silent"])
    assert found["old"][:2] == (50_000, 600)
    assert found["lunar"] == (0, 0, 0, None)
