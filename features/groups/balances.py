"""Balances: a step function of reporting dates, its means, slopes, movements and drawdown."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.balance_stages import (
    ASSETS,
    YEAR,
    elsewhere_reports,
    on_day,
    overlap,
    own_reports,
    squared,
)
from features.groups.transaction_stages import days_seen
from features.policy import read_policy
from features.segments import at_moments
from features.windows import KEYS, Tables, exact, history_days, onto_spine, ratio, reached

BLOCKS = 6
_MEANS = (30, 90, 180, YEAR)
_SLOPES = (90, 180)
_BEFORE = 180


def balances(tables: Tables, spine: ir.Table) -> ir.Table:
    """Level, means, trend, movements, drawdown and mix of what the customer holds.

    One row per (customer_id, as_of) of `spine`. Money in minor units. The value on a day is that of the last
    reporting date before it, at most 45 days old; means are over observed days.

    Source: balances.md, "Own-bank assets"; contract.md, "Balances are a step function".
    """
    own = own_reports(tables, spine)
    joined = spine
    for name, part in (
        ("balance_level", _level(tables, spine, own)),
        ("balance_extremes", _extremes(own)),
        ("balance_sums", _sums(own)),
        ("balance_deviation", _deviation(own)),
        ("balance_movements", _movements(tables, own)),
    ):
        joined = onto_spine(joined, tables.keep(name, part))
    joined = onto_spine(joined, tables.keep("balance_dormant", _is_dormant(tables, spine, joined)))
    return joined.select(
        *KEYS,
        "asset_is_dormant",
        **_levels(joined),
        **_trends(joined),
        **_mix(joined),
        balance_history_days=history_days(tables, "balances", joined),
    )


def _level(tables: Tables, spine: ir.Table, own: ir.Table) -> ir.Table:
    """Values of the last reporting date, where it is not stale; and half a year before."""
    now = on_day(own)
    products = {product: now[product].fill_null(0) for product in ASSETS}
    sums = ("deposit", "investment", "liability", "held")
    now = now.select(*KEYS, *sums, **products, asset_level=now.asset)
    before = on_day(own, _BEFORE)
    now = _beside(now, before.select(*KEYS, asset_before=before.asset))
    away = elsewhere_reports(tables, spine)
    away_now, away_before = on_day(away), on_day(away, _BEFORE)
    now = _beside(now, away_now.select(*KEYS, elsewhere=away_now.asset))
    return _beside(now, away_before.select(*KEYS, elsewhere_before=away_before.asset))


def _beside(left: ir.Table, right: ir.Table) -> ir.Table:
    joined = left.outer_join(right, KEYS)
    return joined.mutate(**{key: ibis.coalesce(joined[key], joined[f"{key}_right"]) for key in KEYS}).drop(
        *(f"{key}_right" for key in KEYS)
    )


def _extremes(own: ir.Table) -> ir.Table:
    """The highest and lowest assets on days of the year before as_of or at as_of, and the highest's last date."""
    recent = own.filter(own.end >= own.as_of_day - YEAR)
    reported = ibis.ifelse(recent.event_day >= recent.as_of_day - YEAR, recent.asset, ibis.null("int64"))
    peak = reported.max().over(group_by=KEYS)
    marked = recent.mutate(is_peak=reported == peak)
    quarter = marked.end >= marked.as_of_day - 90
    return marked.group_by(*KEYS).aggregate(
        peak=marked.asset.max(),
        peak_day=marked.event_day.max(where=marked.is_peak),
        lowest=marked.asset.min(),
        peak_90=marked.asset.max(where=quarter),
        lowest_90=marked.asset.min(where=quarter),
    )


def _sums(own: ir.Table) -> ir.Table:
    """Exact sums over the observed days of each window and block of 30 days.

    Products of an amount and a number of days are 64-bit: one that does not fit is refused by the engine. Those of an
    amount and a sum of days are wider.
    """
    a = own.as_of_day.cast("int64")
    parts: dict[str, ir.Value] = {}
    for days in _MEANS:
        n = overlap(own, a - days, a - 1)
        parts[f"n{days}"] = n
        parts[f"v{days}"] = own.asset * n
    for name in ("deposit", "investment", "loan"):
        parts[f"{name}90"] = own[name].fill_null(0) * parts["n90"]
    for name in ("deposit", "investment"):
        parts[f"{name}30"] = own[name] * parts["n30"]
    for days in _SLOPES:
        first = ibis.greatest(own.start, a - days)
        n = parts[f"n{days}"]
        # sum and sum of squares of t = day - as_of over the days first, first + 1, ..., first + n - 1
        t = first - a
        sum_t = n * t + n * (n - 1) // 2
        parts[f"t{days}"] = sum_t
        parts[f"tt{days}"] = n * t * t + t * n * (n - 1) + (n - 1) * n * (2 * n - 1) // 6
        parts[f"tv{days}"] = exact(own.asset) * exact(sum_t)
    for block in range(BLOCKS):
        n = overlap(own, a - 30 * (block + 1), a - 30 * block - 1)
        parts[f"bn{block}"] = n
        parts[f"bv{block}"] = own.asset * n
    each = own.select(*KEYS, **parts)
    return each.group_by(*KEYS).aggregate(**{name: each[name].sum() for name in parts})


def _deviation(own: ir.Table) -> ir.Table:
    """Sums of squares over 180 days, around the whole part of the mean so that a flat balance gives exactly 0."""
    a = own.as_of_day.cast("int64")
    days = own.select(*KEYS, "asset", n=overlap(own, a - 180, a - 1))
    days = days.filter(days.n > 0)
    total = (days.asset * days.n).sum().over(group_by=KEYS).cast("float64")
    count = days.n.sum().over(group_by=KEYS).cast("float64")
    centred = days.mutate(d=exact(days.asset) - exact((total / count).floor()))
    return centred.group_by(*KEYS).aggregate(
        d1=(centred.d * exact(centred.n)).sum(), d2=(centred.d * centred.d * exact(centred.n)).sum()
    )


def _movements(tables: Tables, own: ir.Table) -> ir.Table:
    """Large movements of assets from one reporting date of the year to the next."""
    rows = own.filter(own.day_before >= own.as_of_day - YEAR)
    moves = rows.select(*KEYS, "event_day", move=rows.asset - rows.asset_before)
    policy = read_policy("balances")["large_movement"]
    usual = moves.move.abs().median().over(group_by=KEYS)
    least = policy["above"] * 10**tables.currency_decimals
    is_large = (moves.move.abs() > usual * policy["times_median"]) & (moves.move.abs() > least)
    marked = moves.mutate(is_large=is_large)
    return marked.group_by(*KEYS).aggregate(
        moves=marked.count(),
        large_in=marked.count(where=marked.is_large & (marked.move > 0)),
        large_out=marked.count(where=marked.is_large & (marked.move < 0)),
        large_day=marked.event_day.max(where=marked.is_large),
    )


def _slope(t: ir.Table, days: int) -> ir.FloatingValue:
    n, v = exact(t[f"n{days}"]), exact(t[f"v{days}"])
    time, square, product = exact(t[f"t{days}"]), exact(t[f"tt{days}"]), exact(t[f"tv{days}"])
    slope = ratio(n * product - time * v, n * square - time * time)
    return slope * 30.0 / ratio(v, n).nullif(0.0)


def _falling(t: ir.Table) -> ir.FloatingValue:
    """Count blocks of 30 days in a row, newest first, whose mean is below that of the block before."""
    means = [ratio(t[f"bv{block}"], t[f"bn{block}"]) for block in range(BLOCKS)]
    falls = [(means[block] < means[block + 1]).fill_null(False) for block in range(BLOCKS - 1)]  # noqa: FBT003
    count: ir.Value = ibis.literal(float(BLOCKS - 1))
    for block in reversed(range(BLOCKS - 1)):
        count = ibis.ifelse(falls[block], count, ibis.literal(float(block)))
    observed = means[0].notnull() & means[1].notnull()
    return ibis.ifelse(observed, count, ibis.null("float64"))


def _mean(t: ir.Table, days: int) -> ir.FloatingValue:
    return ratio(t[f"v{days}"], t[f"n{days}"])


def _levels(t: ir.Table) -> dict[str, ir.Value]:
    """Amounts at as_of and over windows."""
    return {
        "asset_balance_level": t.asset_level.cast("float64"),
        **{f"asset_balance_mean_{days}d": _mean(t, days) for days in _MEANS},
        "asset_balance_minimum_90d": t.lowest_90.cast("float64"),
        "asset_balance_minimum_365d": t.lowest.cast("float64"),
        "asset_balance_maximum_90d": t.peak_90.cast("float64"),
        "asset_balance_maximum_365d": t.peak.cast("float64"),
        "deposit_balance_level": t.deposit.cast("float64"),
        "deposit_balance_mean_90d": ratio(t.deposit90, t.n90),
        "investment_balance_level": t.investment.cast("float64"),
        "investment_balance_mean_90d": ratio(t.investment90, t.n90),
        "insurance_balance_level": t.insurance.cast("float64"),
        "loan_balance_level": t.liability.cast("float64"),
        "loan_balance_mean_90d": ratio(t.loan90, t.n90),
        "elsewhere_balance_level": t.elsewhere.cast("float64"),
    }


def _trends(t: ir.Table) -> dict[str, ir.Value]:
    """Which way it goes, how far below the highest, how much it moves."""
    n180 = t.n180.cast("float64")
    shift = t.d1.cast("float64") / n180.nullif(0.0)
    variance = t.d2.cast("float64") / n180.nullif(0.0) - shift * shift
    deviation = ibis.greatest(variance, ibis.literal(0.0)).sqrt() / _mean(t, 180).nullif(0.0)
    month, quarter, year = _mean(t, 30), _mean(t, 90), _mean(t, YEAR)
    slopes = {days: _slope(t, days) for days in _SLOPES}
    has_level, day = t.asset_level.notnull(), t.as_of_day
    moved = {
        name: ibis.ifelse(t.moves > 0, t[name], ibis.null("int64")) for name in ("large_in", "large_out")
    }
    return {
        **{f"asset_balance_slope_{days}d": slope for days, slope in slopes.items()},
        "asset_balance_acceleration_90d": slopes[90] - slopes[180],
        "asset_balance_trend_30d_90d": month / quarter.nullif(0.0),
        "asset_balance_trend_30d_365d": month / year.nullif(0.0),
        "asset_balance_trend_90d_365d": quarter / year.nullif(0.0),
        "deposit_balance_trend_30d_90d": ratio(t.deposit30 * t.n90, t.deposit90 * t.n30),
        "investment_balance_trend_30d_90d": ratio(t.investment30 * t.n90, t.investment90 * t.n30),
        "asset_balance_drawdown_365d": ibis.ifelse(
            t.peak > 0, ratio(t.peak - t.asset_level, t.peak), ibis.null("float64")
        ),
        "asset_balance_drawdown_days_365d": ibis.ifelse(
            has_level, (day - t.peak_day).cast("float64"), ibis.null("float64")
        ),
        "asset_balance_recovery_365d": ratio(t.asset_level - t.lowest, t.peak - t.lowest),
        "asset_balance_deviation_180d": ibis.ifelse(t.n180 >= 2, deviation, ibis.null("float64")),
        "asset_balance_falling_months": _falling(t),
        "asset_movement_count_large_in_365d": moved["large_in"].cast("float64"),
        "asset_movement_count_large_out_365d": moved["large_out"].cast("float64"),
        "asset_movement_gap_large_days": (day - t.large_day).cast("float64"),
    }


def _mix(t: ir.Table) -> dict[str, ir.Value]:
    """What the assets are made of, and what is known of elsewhere."""
    squares = sum((squared(t[product]) for product in ASSETS), ibis.literal(0).cast("decimal(38, 0)"))
    families = sum(((t[product] > 0).cast("int32") for product in ASSETS), ibis.literal(0, "int32"))
    wallet = ratio(t.asset_level, t.asset_level + t.elsewhere)
    return {
        "deposit_balance_share": ratio(t.deposit, t.asset_level),
        **{f"{product}_balance_share": ratio(t[product], t.asset_level) for product in ASSETS},
        "asset_balance_concentration": ratio(squares, squared(t.asset_level)),
        "asset_family_count": families.cast("float64"),
        "product_family_count": t.held.cast("float64"),
        "wallet_share": wallet,
        "wallet_share_change_180d": wallet - ratio(t.asset_before, t.asset_before + t.elsewhere_before),
    }


def _is_dormant(tables: Tables, spine: ir.Table, t: ir.Table) -> ir.Table:
    """Whether the account lies still with money on it: `asset_is_dormant`, 1 or 0.

    One row per KEYS of `t`. Null without a level, or where no transaction can be known.
    """
    if "transactions" not in tables:
        return t.select(*KEYS, asset_is_dormant=ibis.null("float64"))
    policy = read_policy("balances")["dormant"]
    days = at_moments(tables, days_seen(tables), spine, policy["days"], "event_day")
    joined = onto_spine(t, days.group_by(*KEYS).aggregate(active=days.count()))
    has_money = joined.asset_level > policy["assets_above"] * 10**tables.currency_decimals
    flag = (has_money & joined.active.isnull()).cast("float64")
    is_known = reached(tables, "transactions", joined.as_of_day) & joined.asset_level.notnull()
    return joined.select(*KEYS, asset_is_dormant=ibis.ifelse(is_known, flag, ibis.null("float64")))
