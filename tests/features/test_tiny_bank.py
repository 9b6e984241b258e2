"""The rules of the features, one by one, on the tiny bank of `tests/bank.py`; expected numbers are hand-made.

As_of is 2024-04-01, midnight in Berlin; n days before it: 30 is 2024-03-02, 90 2024-01-02, 365 2023-04-02.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.bank import AS_OF, tiny_bank
from tests.compute import Features, compute


@dataclass(frozen=True)
class Tiny:
    """Features and statuses of the tiny bank at its as_of."""

    features: Features
    statuses: Mapping[str, str]
    names: tuple[str, ...]
    absent: Mapping[str, str]

    def __call__(self, customer_id: str, *names: str) -> tuple[float | None, ...]:
        return tuple(self.features[customer_id][name] for name in names)


@pytest.fixture(scope="module", params=["csv", "parquet"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The tiny bank, handed over as CSV and as Parquet: the same numbers come out."""
    computed = compute(tiny_bank(), tmp_path_factory.mktemp("tiny"), request.param)
    features, statuses = computed.stored(AS_OF)
    return Tiny(features, statuses, computed.names, computed.absent)


def near(*values: float) -> object:
    """Equal up to the last digits of the one division at the end."""
    return pytest.approx(values, rel=1e-12)


def test_a_customer_who_opens_on_the_as_of_day_is_not_on_the_spine(tiny: Tiny) -> None:
    """`N` opens on day 0, `12` opened the day before: seven of the eight customers."""
    assert set(tiny.features) == {"0012", "12", "B", "T", "W", "K0", "K1"}


def test_a_customer_without_any_row_keeps_a_row(tiny: Tiny) -> None:
    assert tiny("12", "contact_gap_days", "txn_gap_days", "asset_balance_level") == (None, None, None)


def test_ids_are_text_and_leading_zeros_count(tiny: Tiny) -> None:
    assert tiny("0012", "contact_count_365d") == (6,)
    assert tiny("12", "contact_count_365d") == (0,)


def test_closed_the_day_before_is_closed_and_closed_on_the_day_is_not_known(tiny: Tiny) -> None:
    assert (tiny.statuses["K1"], tiny.statuses["K0"]) == ("closed", "ok")


def test_activity_180_days_ago_counts_and_181_days_ago_is_dormant(tiny: Tiny) -> None:
    """`K0` paid at 00:00 of day 180, `B` in the last microsecond of day 181."""
    assert (tiny.statuses["K0"], tiny.statuses["B"]) == ("ok", "dormant")


def test_who_never_started_a_transaction_has_no_history(tiny: Tiny) -> None:
    """`W` only gets a salary, which the employer starts."""
    assert {tiny.statuses[name] for name in ("0012", "12", "W")} == {"no_history"}


def test_contact_on_the_as_of_day_is_not_counted(tiny: Tiny) -> None:
    """21:59:59 UTC is 23:59:59 in Berlin, on day 1; 22:00:00 UTC is as_of's midnight: a visit, warmth 2."""
    assert tiny("0012", "contact_gap_days", "contact_gap_meeting_days", "contact_warmth_last") == (1, 365, -1)


def test_contact_windows_begin_at_midnight(tiny: Tiny) -> None:
    """Held: days 365, 31, 30, 10, 5, 1. Days 366 and 31 end a microsecond before the windows."""
    assert tiny("0012", "contact_count_30d", "contact_count_90d", "contact_count_365d") == (4, 5, 6)


def test_row_recorded_at_the_as_of_midnight_is_not_known(tiny: Tiny) -> None:
    """c08 (day 12) recorded at the midnight, c09 (day 10) a microsecond before: the days are 30, 10, 5, 1."""
    assert tiny("0012", "contact_count_30d") == (4,)


def test_correction_replaces_from_then_on_and_not_earlier(tiny: Tiny) -> None:
    """c10 became not_reached before as_of, c11 after it. With an outcome: c05 reached, c07 and c10 not."""
    assert tiny("0012", "contact_reach_180d") == near(1 / 3)


def test_intervals_are_between_contact_days(tiny: Tiny) -> None:
    """Days 365, 31, 30, 10, 5, 1: gaps 334, 1, 20, 5, 4. Mean 364/5 = 72.8; the last 90 days 30/4 = 7.5.

    Sum of squares 111556 + 1 + 400 + 25 + 16 = 111998; variance 22399.6 - 72.8^2 = 17099.76.
    """
    mean_and_longest = ("contact_interval_mean_days_365d", "contact_interval_longest_days_365d")
    assert tiny("0012", *mean_and_longest) == near(72.8, 334)
    assert tiny("0012", "contact_interval_deviation_days_365d") == near(17099.76**0.5)
    assert tiny("0012", "contact_interval_trend_90d", "contact_gap_over_habit") == near(7.5 / 72.8, 1 / 72.8)


def test_customers_own_contacts(tiny: Tiny) -> None:
    """c04 (day 30) is the customer's; c03 and c05 the bank's; the others have no direction."""
    assert tiny("0012", "contact_gap_customer_days", "contact_customer_share_365d") == near(30, 1 / 3)


def test_warmth_means(tiny: Tiny) -> None:
    """Day 365: 2, day 30: 1, day 1: -1. 180 days: 0; 365 days: 2/3; trend of 90 days 0 - 2/3."""
    names = ("contact_warmth_mean_180d", "contact_warmth_mean_365d", "contact_warmth_trend_90d")
    assert tiny("0012", *names) == near(0, 2 / 3, -2 / 3)


def test_meeting_on_day_365_is_outside_180_days(tiny: Tiny) -> None:
    assert tiny("0012", "contact_count_meeting_180d") == (0,)


def test_history_begins_with_the_log_or_the_relationship(tiny: Tiny) -> None:
    """2022-01-01 to 2024-04-01: 365 + 365 + 31 + 29 + 31 = 821; `12` opened the day before as_of."""
    names = ("contact_history_days", "txn_history_days", "balance_history_days")
    assert tiny("0012", *names) == (821, 821, 821)
    assert tiny("12", *names) == (1, 1, 1)
    assert tiny("W", *names) == (821, 821, 821)


def test_balance_45_days_old_is_the_level_and_46_days_old_is_stale(tiny: Tiny) -> None:
    """`B` reported 600 + 400 on day 45; `K0` 700 on day 46, which still covers day 1, 45 days later."""
    assert tiny("B", "asset_balance_level") == (100_000,)
    stale = ("asset_balance_level", "loan_balance_level", "product_family_count", "deposit_balance_share",
             "asset_balance_drawdown_365d", "asset_balance_drawdown_days_365d", "wallet_share")  # fmt: skip
    assert tiny("K0", *stale) == (None,) * 7
    assert tiny("K0", "asset_balance_mean_30d") == (70_000,)


def test_balance_means_are_over_observed_days(tiny: Tiny) -> None:
    """`B`: report of day 90 (1500.00) holds on days 89 to 45, that of day 45 (1000.00) on days 44 to 1.

    (45 * 150000 + 44 * 100000) / 89 = 11150000 / 89; day 90 itself has no report before it.
    """
    assert tiny("B", "asset_balance_mean_30d", "asset_balance_mean_90d") == near(100_000, 11_150_000 / 89)
    assert tiny("B", "asset_balance_trend_30d_90d") == near(8_900_000 / 11_150_000)


def test_product_missing_on_a_later_report_is_zero(tiny: Tiny) -> None:
    """`B` had a fund on day 90; on day 45 all of 1000.00 is deposits, and a guarantee of 0 is not held."""
    assert tiny("B", "deposit_balance_share", "product_family_count") == (1, 3)


def test_loans_are_apart_from_assets(tiny: Tiny) -> None:
    """50.00 on days 44 to 1, 0 on days 89 to 45: 44 * 5000 / 89."""
    assert tiny("B", "loan_balance_level", "loan_balance_mean_90d") == near(5000, 220_000 / 89)


def test_wallet_counts_elsewhere_and_not_nonbank(tiny: Tiny) -> None:
    """1000 / (1000 + 3000); `T` reports nothing elsewhere."""
    assert tiny("B", "wallet_share") == near(0.25)
    assert tiny("T", "wallet_share") == (None,)


def test_drawdown_and_falling_months(tiny: Tiny) -> None:
    """1 - 1000/1500; the highest was reported on day 90. Blocks: 100000 < 126666.7 < 150000, then none: 2."""
    names = (
        "asset_balance_drawdown_365d",
        "asset_balance_drawdown_days_365d",
        "asset_balance_falling_months",
    )
    assert tiny("B", *names) == near(1 / 3, 90, 2)


def test_balance_of_the_as_of_day_is_not_known(tiny: Tiny) -> None:
    """`T` reports 100, 300, 500 on days 3, 2, 1 and 900 on day 0: level 500; days 2 and 1 hold 100 and 300.

    Slope 200.00 a day, 6000.00 in 30 days, over the mean of 200.00: 30. Deviation 100 / 200.
    """
    names = ("asset_balance_level", "asset_balance_mean_30d", "asset_balance_slope_90d",
             "asset_balance_deviation_180d", "asset_balance_drawdown_365d")  # fmt: skip
    assert tiny("T", *names) == near(50_000, 20_000, 30, 0.5, 0)


def test_transaction_windows_count_what_the_customer_started(tiny: Tiny) -> None:
    """`T`: +1000 on day 91, -200 on day 90 at 00:00, -100 on day 31, +50 on day 1; -999 on day 0 not.

    The -60 of day 2 was recorded after as_of. Salaries, fees and interest are the bank's or the employer's.
    """
    turnovers = ("txn_turnover_30d", "txn_turnover_90d", "txn_turnover_180d", "txn_turnover_365d")
    assert tiny("T", *turnovers) == (5_000, 35_000, 135_000, 135_000)
    assert tiny("T", "txn_count_30d", "txn_count_90d", "txn_count_180d") == (1, 3, 4)
    assert tiny("T", "txn_active_count_90d", "txn_active_count_180d") == (3, 4)


def test_transaction_rhythm(tiny: Tiny) -> None:
    """Active days 91, 90, 31, 1: gaps 1, 59, 30, mean 30; variance (29^2 + 29^2 + 0) / 3 = 1682 / 3."""
    names = ("txn_gap_days", "txn_age_days", "txn_interval_mean_days_365d", "txn_gap_over_habit")
    assert tiny("T", *names) == near(1, 91, 30, 1 / 30)
    assert tiny("T", "txn_interval_deviation_days_365d") == near((1682 / 3) ** 0.5)


def test_transaction_trends(tiny: Tiny) -> None:
    """6 * 1 / 4; 6 * 50 / 1350; 2 * 350 / 1350; mean 1350 / 4."""
    names = ("txn_count_trend_30d_180d", "txn_turnover_trend_30d_180d", "txn_turnover_trend_90d_180d")
    assert tiny("T", *names) == near(1.5, 300 / 1350, 700 / 1350)
    assert tiny("T", "txn_amount_mean_365d", "txn_amount_largest_365d") == (33_750, 100_000)


def test_flows_of_the_last_90_days(tiny: Tiny) -> None:
    """-200 - 100 + 50 = -250; 200 of 300 went to an own account elsewhere; fee 5 + penalty 3, day 91 not."""
    names = ("txn_net_flow_90d", "txn_elsewhere_sum_90d", "txn_elsewhere_share_90d", "txn_fee_sum_90d")
    assert tiny("T", *names) == near(-25_000, 20_000, 2 / 3, 800)


def test_salary_months_are_blocks_of_30_days(tiny: Tiny) -> None:
    """Days 30 and 60 end blocks one and two, day 61 begins block three."""
    assert tiny("T", "txn_salary_months_180d") == (3,)


def test_channel_share_leaves_out_unknown_channels(tiny: Tiny) -> None:
    """Online, branch, online, mobile; a refund of +50.00 is kind other, into the account."""
    assert tiny("T", "txn_branch_share_180d", "txn_refund_count_365d") == near(0.25, 1)


def test_complaint_resolved_at_the_as_of_midnight_is_still_open(tiny: Tiny) -> None:
    """k1 (day 180) was resolved just before as_of, k2 (day 181) at as_of; k3 (day 5) is open."""
    names = ("complaint_count_180d", "complaint_count_open", "complaint_count_unsatisfied_365d",
             "complaint_gap_days")  # fmt: skip
    assert tiny("W", *names) == (2, 2, 1, 5)


def test_signal_closed_on_the_as_of_day_is_still_open(tiny: Tiny) -> None:
    """Open: s1 (4), s3 (5, closes on day 0), s4 (2), s5 (none); s2 closed on day 1, s6 is of day 0."""
    assert tiny("W", "signal_count_open", "signal_severity_open_max", "signal_gap_days") == (4, 5, 30)


def test_signal_severities_add_up_per_category(tiny: Tiny) -> None:
    """180 days: M42 4 + M05 3; F07 5 on day 180; H01 on day 181 is outside; E01, of no severity, has its record's 3."""
    names = [
        f"signal_severity_sum_{name}_180d" for name in ("operations", "finance", "hazard", "environment")
    ]
    assert tiny("W", *names) == (7, 5, 0, 3)
    assert tiny("W", "signal_count_new_30d", "signal_count_new_90d") == (1, 3)


def test_nothing_logged_is_zero_where_the_log_reaches_back(tiny: Tiny) -> None:
    assert tiny("12", "contact_count_30d", "txn_turnover_365d", "signal_count_open") == (0, 0, 0)


def test_snapshot_of_the_as_of_day_is_visible(tiny: Tiny) -> None:
    """`W`: the newest is of day 0, its score empty. `T`: of day 0 recorded late, of day 400 in time."""
    assert tiny("W", "score", "is_vip") == (None, 1)
    assert tiny("T", "score", "is_vip") == (2, 1)
    assert tiny("B", "score", "is_vip") == (None, None)


def test_profile_that_never_changes(tiny: Tiny) -> None:
    """1984-04-01 to 2024-04-01: 40 * 365 + 10 leap days = 40 * 365.25; opened 4 years and a leap day ago."""
    assert tiny("0012", "age_years", "tenure_days") == (40, 1461)
    assert tiny("W", "age_years", "tenure_days") == (None, None)
    kinds = ("is_micro", "is_corporate", "is_institution")
    assert [tiny(name, *kinds) for name in ("0012", "12", "B", "T")] == [
        (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)
    ]  # fmt: skip


def test_profile_columns_without_history_are_left_out_by_name(tiny: Tiny) -> None:
    assert {"card_level", "is_managed", "credit_line"}.isdisjoint(tiny.names)
    assert {"card_level", "is_managed", "credit_line"} <= set(tiny.absent)
