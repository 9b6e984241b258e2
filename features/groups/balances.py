"""Balances: a step function of reporting dates, its means, slopes and drawdown."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.windows import KEYS, Tables, exact, history_days, known, onto_spine, ratio

_POLICY = read_policy("balances")
ASSETS: tuple[str, ...] = tuple(_POLICY["assets"])
DEPOSITS: tuple[str, ...] = tuple(_POLICY["deposits"])
LOANS: tuple[str, ...] = tuple(_POLICY["loans"])
LIABILITIES: tuple[str, ...] = tuple(_POLICY["liabilities"])
STALE_DAYS: int = int(_POLICY["stale_after_days"])
BLOCKS = 6


def balances(tables: Tables, spine: ir.Table) -> ir.Table:
    """Level, means, trend, drawdown and mix of what the customer holds.

    One row per (customer_id, as_of) of `spine`. Money in minor units. The value on a day is that of the last
    reporting date before it, at most 45 days old; means are over observed days.

    Source: balances.md, "Own-bank assets"; contract.md, "Balances are a step function".
    """
    rows = known(tables, "balances", spine)
    rows = rows.filter(rows.event_day >= rows.as_of_day - 365 - STALE_DAYS)
    own = segments(reports(rows.filter(rows.bank.fill_null("own") == "own")))
    other = segments(reports(rows.filter(rows.bank == "elsewhere")))
    joined = spine
    for part in (_level(own, other), _maximum(own), _sums(own), _deviation(own)):
        joined = onto_spine(joined, part)
    return _features(tables, joined)


def reports(rows: ir.Table) -> ir.Table:
    """Add up a customer's products per reporting date: a product missing on it counts as 0.

    One row per (customer_id, as_of, event_day).
    """

    def total(products: tuple[str, ...]) -> ir.IntegerScalar:
        return rows.balance.sum(where=rows["product"].isin(products)).fill_null(0).cast("int64")

    return rows.group_by(*KEYS, "event_day").aggregate(
        asset=total(ASSETS),
        deposit=total(DEPOSITS),
        loan=total(LOANS),
        liability=total(LIABILITIES),
        products=rows["product"].nunique(where=rows.balance > 0),
    )


def segments(reported: ir.Table) -> ir.Table:
    """Add the days on which each reporting date's value holds: `start` to `end`, both included."""
    later = reported.event_day.lead().over(group_by=KEYS, order_by="event_day")
    limit = reported.event_day + STALE_DAYS
    end = ibis.ifelse(later.isnull() | (later > limit), limit, later)
    return reported.mutate(start=(reported.event_day + 1).cast("int64"), end=end.cast("int64"))


def overlap(part: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue) -> ir.IntegerValue:
    """Count the days of a segment that lie in `first` to `last`, both included."""
    begin = ibis.greatest(part.start, first.cast("int64"))
    stop = ibis.least(part.end, last.cast("int64"))
    return ibis.greatest(stop - begin + 1, ibis.literal(0, "int64"))


def _level(own: ir.Table, other: ir.Table) -> ir.Table:
    """Values of the last reporting date, where it is not stale."""
    fresh = own.filter(own.start <= own.as_of_day, own.end >= own.as_of_day)
    level = fresh.select(
        *KEYS, "deposit", "liability", "products", asset_level=fresh.asset, level_day=fresh.event_day
    )
    away = other.filter(other.start <= other.as_of_day, other.end >= other.as_of_day)
    away = away.select(*KEYS, elsewhere=away.asset)
    return onto_spine(level, away)


def _maximum(own: ir.Table) -> ir.Table:
    """The highest assets on a day of the year before as_of or at as_of, and its last reporting date."""
    recent = own.filter(own.end >= own.as_of_day - 365)
    reported = ibis.ifelse(recent.event_day >= recent.as_of_day - 365, recent.asset, ibis.null("int64"))
    peak = reported.max().over(group_by=KEYS)
    marked = recent.mutate(is_peak=reported == peak)
    return marked.group_by(*KEYS).aggregate(
        peak=marked.asset.max(), peak_day=marked.event_day.max(where=marked.is_peak)
    )


def _sums(own: ir.Table) -> ir.Table:
    """Exact sums over the observed days of each window and block of 30 days."""
    a = own.as_of_day.cast("int64")
    parts: dict[str, ir.Value] = {}
    for days in (30, 90, 180, 365):
        n = overlap(own, a - days, a - 1)
        parts[f"n{days}"] = n
        parts[f"v{days}"] = exact(own.asset) * exact(n)
    for days in (90, 180):
        first = ibis.greatest(own.start, a - days)
        n = parts[f"n{days}"]
        # sum and sum of squares of t = day - as_of over the days first, first + 1, ..., first + n - 1
        t = first - a
        sum_t = n * t + n * (n - 1) // 2
        sum_tt = n * t * t + t * n * (n - 1) + (n - 1) * n * (2 * n - 1) // 6
        parts[f"t{days}"] = sum_t
        parts[f"tt{days}"] = sum_tt
        parts[f"tv{days}"] = exact(own.asset) * exact(sum_t)
    for block in range(BLOCKS):
        n = overlap(own, a - 30 * (block + 1), a - 30 * block - 1)
        parts[f"bn{block}"] = n
        parts[f"bv{block}"] = exact(own.asset) * exact(n)
    parts["loan90"] = exact(own.loan) * exact(overlap(own, a - 90, a - 1))
    each = own.select(*KEYS, **parts)
    return each.group_by(*KEYS).aggregate(**{name: each[name].sum() for name in parts})


def _deviation(own: ir.Table) -> ir.Table:
    """Sums of squares over 180 days, around the whole part of the mean so that a flat balance gives exactly 0."""
    a = own.as_of_day.cast("int64")
    days = own.select(*KEYS, "asset", n=overlap(own, a - 180, a - 1))
    days = days.filter(days.n > 0)
    total = (exact(days.asset) * exact(days.n)).sum().over(group_by=KEYS).cast("float64")
    count = days.n.sum().over(group_by=KEYS).cast("float64")
    centred = days.mutate(d=exact(days.asset) - exact((total / count).floor()))
    return centred.group_by(*KEYS).aggregate(
        d1=(centred.d * exact(centred.n)).sum(), d2=(centred.d * centred.d * exact(centred.n)).sum()
    )


def _slope(joined: ir.Table, days: int) -> ir.FloatingValue:
    n, v = exact(joined[f"n{days}"]), joined[f"v{days}"]
    t, tt, tv = exact(joined[f"t{days}"]), exact(joined[f"tt{days}"]), joined[f"tv{days}"]
    slope = ratio(n * tv - t * v, n * tt - t * t)
    return slope * 30.0 / ratio(v, n).nullif(0.0)


def _falling(joined: ir.Table) -> ir.FloatingValue:
    """Count blocks of 30 days in a row, newest first, whose mean is below that of the block before."""
    means = [ratio(joined[f"bv{block}"], joined[f"bn{block}"]) for block in range(BLOCKS)]
    falls = [(means[block] < means[block + 1]).fill_null(False) for block in range(BLOCKS - 1)]  # noqa: FBT003
    count: ir.Value = ibis.literal(float(BLOCKS - 1))
    for block in reversed(range(BLOCKS - 1)):
        count = ibis.ifelse(falls[block], count, ibis.literal(float(block)))
    observed = means[0].notnull() & means[1].notnull()
    return ibis.ifelse(observed, count, ibis.null("float64"))


def _features(tables: Tables, joined: ir.Table) -> ir.Table:
    mean = {days: ratio(joined[f"v{days}"], joined[f"n{days}"]) for days in (30, 90, 180, 365)}
    n180 = joined.n180.cast("float64")
    shift = joined.d1.cast("float64") / n180.nullif(0.0)
    variance = joined.d2.cast("float64") / n180.nullif(0.0) - shift * shift
    deviation = ibis.greatest(variance, ibis.literal(0.0)).sqrt() / mean[180].nullif(0.0)
    level = joined.asset_level.cast("float64")
    return joined.select(
        *KEYS,
        asset_balance_level=level,
        **{f"asset_balance_mean_{days}d": mean[days] for days in (30, 90, 365)},
        **{f"asset_balance_slope_{days}d": _slope(joined, days) for days in (90, 180)},
        **{f"asset_balance_trend_30d_{days}d": mean[30] / mean[days].nullif(0.0) for days in (90, 365)},
        asset_balance_drawdown_365d=ibis.ifelse(
            joined.peak > 0, ratio(joined.peak - joined.asset_level, joined.peak), ibis.null("float64")
        ),
        asset_balance_drawdown_days_365d=ibis.ifelse(
            joined.asset_level.notnull(),
            (joined.as_of_day - joined.peak_day).cast("float64"),
            ibis.null("float64"),
        ),
        asset_balance_deviation_180d=ibis.ifelse(joined.n180 >= 2, deviation, ibis.null("float64")),
        asset_balance_falling_months=_falling(joined),
        deposit_balance_share=ratio(joined.deposit, joined.asset_level),
        loan_balance_level=joined.liability.cast("float64"),
        loan_balance_mean_90d=ratio(joined.loan90, joined.n90),
        product_family_count=joined.products.cast("float64"),
        wallet_share=ratio(joined.asset_level, joined.asset_level + joined.elsewhere),
        balance_history_days=history_days(tables, "balances", joined),
    )
