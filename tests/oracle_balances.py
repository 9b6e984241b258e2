"""The oracle's balances: a step function of reporting dates, day by day."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle_numbers import Exact, deviation, mean, ratio, slope

ASSETS = ("demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance")
DEPOSITS = ("demand_deposit", "term_deposit")
LIABILITIES = ("loan", "card_credit")
STALE_AFTER = 45

Found = dict[str, Exact | float | None]
Report = Mapping[str, int]


class Stream:
    """Reporting dates of one customer at one place (this bank, or elsewhere), with each product's balance."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], place: str) -> None:
        reports: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows:
            if (row["bank"] or "own") == place:
                reports[row["held_on"].toordinal()][row["product"]] += row["balance"]
        self.reports: Mapping[int, Report] = reports
        self.dates = sorted(reports)

    def date_before(self, day: int) -> int | None:
        """Last reporting date strictly before the day, unless it is more than 45 days back."""
        position = bisect_left(self.dates, day)
        if position == 0 or day - self.dates[position - 1] > STALE_AFTER:
            return None
        return self.dates[position - 1]

    def report(self, day: int) -> Report | None:
        """What is held on a day; None where nothing was reported within 45 days."""
        reported = self.date_before(day)
        return None if reported is None else self.reports[reported]

    def amount(self, day: int, products: tuple[str, ...]) -> int | None:
        """Sum of some products on a day; a product missing from the report is 0."""
        report = self.report(day)
        return None if report is None else held(report, products)

    def daily(self, end: int, days: int, products: tuple[str, ...]) -> list[tuple[int, int]]:
        """(day, amount) of the observed days of [end - days, end)."""
        totals = {day: held(report, products) for day, report in self.reports.items()}
        reported = ((day, self.date_before(day)) for day in range(end - days, end))
        return [(day, totals[date]) for day, date in reported if date is not None]


def held(report: Report, products: tuple[str, ...]) -> int:
    """Sum of some products of one report."""
    return sum(report.get(product, 0) for product in products)


def mean_between(points: list[tuple[int, int]], start: int, end: int) -> Fraction | None:
    """Mean amount of the observed days of [start, end)."""
    return mean([amount for day, amount in points if start <= day < end])


def balance_features(rows: list[dict[str, Any]], as_of: date, history: int) -> Found:
    """Every feature of the group `balances` for one customer."""
    end = as_of.toordinal()
    own, elsewhere = Stream(rows, "own"), Stream(rows, "elsewhere")
    points = own.daily(end, 365, ASSETS)
    report = own.report(end)
    level = None if report is None else held(report, ASSETS)
    away = elsewhere.amount(end, ASSETS)

    def last(days: int) -> Fraction | None:
        return mean_between(points, end - days, end)

    wallet = None if level is None or away is None else ratio(level, level + away)
    before, away_before = own.amount(end - 180, ASSETS), elsewhere.amount(end - 180, ASSETS)
    wallet_before = None if before is None or away_before is None else ratio(before, before + away_before)
    return {
        **amounts_of(own, report, end),
        **extremes(own, points, level, end),
        **movements(own, end),
        **mix(report, level),
        "asset_balance_mean_180d": last(180),
        "asset_balance_trend_90d_365d": ratio(last(90), last(365)),
        "asset_balance_acceleration_90d": acceleration(points, end),
        "elsewhere_balance_level": away,
        "wallet_share_change_180d": None
        if wallet is None or wallet_before is None
        else float(wallet) - float(wallet_before),
        "asset_balance_level": level,
        "asset_balance_mean_30d": last(30),
        "asset_balance_mean_90d": last(90),
        "asset_balance_mean_365d": last(365),
        "asset_balance_slope_90d": slope_share(points, end - 90),
        "asset_balance_slope_180d": slope_share(points, end - 180),
        "asset_balance_trend_30d_90d": ratio(last(30), last(90)),
        "asset_balance_trend_30d_365d": ratio(last(30), last(365)),
        "asset_balance_drawdown_365d": drawdown(points, level),
        "asset_balance_drawdown_days_365d": None if level is None else days_since_highest(own, end),
        "asset_balance_deviation_180d": deviation_share(points, end - 180),
        "asset_balance_falling_months": falling_blocks(last_blocks(points, end)),
        "deposit_balance_share": None if report is None else ratio(held(report, DEPOSITS), level),
        "loan_balance_level": None if report is None else held(report, LIABILITIES),
        "loan_balance_mean_90d": mean_between(own.daily(end, 90, ("loan",)), end - 90, end),
        "product_family_count": None if report is None else sum(amount > 0 for amount in report.values()),
        "wallet_share": wallet,
        "balance_history_days": history,
    }


def slope_share(points: list[tuple[int, int]], start: int) -> Fraction | None:
    """Slope per 30 days as a share of the mean, over the observed days from `start` on."""
    inside = [(day, amount) for day, amount in points if day >= start]
    steepness = slope(inside)
    return None if steepness is None else ratio(steepness * 30, mean([amount for _, amount in inside]))


def deviation_share(points: list[tuple[int, int]], start: int) -> float | None:
    """Population standard deviation over the mean, over the observed days from `start` on."""
    amounts = [amount for day, amount in points if day >= start]
    middle, spread = mean(amounts), deviation(amounts)
    if len(amounts) < 2 or not middle or spread is None:
        return None
    return spread / float(middle)


def drawdown(points: list[tuple[int, int]], level: int | None) -> Fraction | None:
    """1 - level over the highest amount of a day of the last 365 or at as_of."""
    if level is None:
        return None
    highest = max([level, *(amount for _, amount in points)])
    return 1 - Fraction(level, highest) if highest > 0 else None


def days_since_highest(own: Stream, end: int) -> int | None:
    """Days from the last reporting date with the highest amount reported in the last 365 days."""
    reported = {day: held(own.reports[day], ASSETS) for day in own.dates if end - 365 <= day < end}
    highest = max(reported.values(), default=None)
    return min((end - day for day, amount in reported.items() if amount == highest), default=None)


def last_blocks(points: list[tuple[int, int]], end: int) -> list[Fraction | None]:
    """Means of the last six blocks of 30 days, the newest first."""
    return [mean_between(points, end - 30 * (k + 1), end - 30 * k) for k in range(6)]


def falling_blocks(blocks: list[Fraction | None]) -> int | None:
    """How many of the newest blocks in a row lie below the block before them."""
    if blocks[0] is None or blocks[1] is None:
        return None
    is_below: Callable[[Fraction | None, Fraction | None], bool] = lambda newer, older: (  # noqa: E731
        newer is not None and older is not None and newer < older
    )
    count = 0
    while count < 5 and is_below(blocks[count], blocks[count + 1]):
        count += 1
    return count


def acceleration(points: list[tuple[int, int]], end: int) -> float | None:
    """Slope of 90 days less slope of 180."""
    short, long = slope_share(points, end - 90), slope_share(points, end - 180)
    return None if short is None or long is None else float(short) - float(long)


def amounts_of(own: Stream, report: Report | None, end: int) -> Found:
    """Levels, means and trends of groups of products."""
    found: Found = {
        "insurance_balance_level": None if report is None else held(report, ("insurance",)),
    }
    for name, products in (("deposit", DEPOSITS), ("investment", ("wealth", "fund", "bond"))):
        points = own.daily(end, 90, products)
        quarter, month = mean_between(points, end - 90, end), mean_between(points, end - 30, end)
        found[f"{name}_balance_level"] = None if report is None else held(report, products)
        found[f"{name}_balance_mean_90d"] = quarter
        found[f"{name}_balance_trend_30d_90d"] = ratio(month, quarter)
    return found


def extremes(own: Stream, points: list[tuple[int, int]], level: int | None, end: int) -> Found:
    """Highest and lowest of windows, the day of as_of among them; and where the level lies between them."""
    found: Found = {}
    days = points if level is None else [*points, (end, level)]
    for window in (90, 365):
        inside = [amount for day, amount in days if day >= end - window]
        found[f"asset_balance_minimum_{window}d"] = min(inside, default=None)
        found[f"asset_balance_maximum_{window}d"] = max(inside, default=None)
    low, high = min((a for _, a in days), default=None), max((a for _, a in days), default=None)
    found["asset_balance_recovery_365d"] = (
        None if level is None or low is None or high is None else ratio(level - low, high - low)
    )
    return found


def movements(own: Stream, end: int) -> Found:
    """Large movements between the reporting dates of a year."""
    dates = [day for day in own.dates if end - 365 <= day < end]
    sums = [held(own.reports[day], ASSETS) for day in dates]
    moves = [(day, new - old) for day, old, new in zip(dates[1:], sums, sums[1:], strict=False)]
    if not moves:
        return {f"asset_movement_{name}": None
                for name in ("count_large_in_365d", "count_large_out_365d", "gap_large_days")}  # fmt: skip
    usual = median(abs(move) for _, move in moves)
    large = [(day, move) for day, move in moves if abs(move) > 3 * usual and abs(move) > 1_000_000]
    return {
        "asset_movement_count_large_in_365d": sum(move > 0 for _, move in large),
        "asset_movement_count_large_out_365d": sum(move < 0 for _, move in large),
        "asset_movement_gap_large_days": min((end - day for day, _ in large), default=None),
    }


def median(values: Iterable[int]) -> Fraction:
    """Middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    return Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)


def mix(report: Report | None, level: int | None) -> Found:
    """Shares of the six asset products."""
    if report is None or level is None:
        names = [*(f"{product}_balance_share" for product in ASSETS), "asset_balance_concentration"]
        return dict.fromkeys([*names, "asset_family_count"])
    amounts = {product: held(report, (product,)) for product in ASSETS}
    return {
        **{f"{product}_balance_share": ratio(amount, level) for product, amount in amounts.items()},
        "asset_balance_concentration": ratio(sum(a * a for a in amounts.values()), level * level),
        "asset_family_count": sum(amount > 0 for amount in amounts.values()),
    }


def is_dormant(level: int | None, gap: int | None) -> int | None:
    """Money on the account, and nothing done with it for 90 days."""
    return None if level is None else int(level > 100_000 and (gap is None or gap > 90))
