"""Statements of a company in the versions that held together: one period, and the same a year before."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.signals.evaluations import month_of
from features.tables.business import STATEMENT_AMOUNTS
from features.windows import KEYS, Tables, exact, ratio

PERIOD = ("months", "event_day")
"""What identifies a statement of one customer: its length, and the day on which its period ended."""

FIGURES = (*STATEMENT_AMOUNTS, "capacity_use")


def versions(tables: Tables) -> ir.Table:
    """Every version of every statement: customer_no, PERIOD, figures, and when it held.

    `evaluated_day` is the first as_of day on which the version was known, `gone_day` that on which a correction
    replaced it, `year` the calendar year in which the period ended.
    """
    rows = tables["statements"]
    return rows.select(
        "customer_no",
        *PERIOD,
        *FIGURES,
        year=(month_of(rows.event_day) // 12).cast("int32"),
        evaluated_day=rows.known_day,
        gone_day=rows.until_day,
    )


def year_pairs(tables: Tables) -> ir.Table:
    """Statements beside those of equal months that ended a year before, in versions that held together.

    One row per pair of versions: the later one's figures, the earlier one's as `<figure>_before`, and
    `year_off`, by how many days the two ends miss 365 days. `evaluated_day` is the later of the two days on
    which they became known.
    """
    return _beside(versions(tables), versions(tables), "before")


def three_years(tables: Tables) -> ir.Table:
    """Pairs of `year_pairs` beside the sales of one year earlier still, as `sales_earlier`."""
    earlier = versions(tables).select("customer_no", *PERIOD, "sales", "evaluated_day", "gone_day")
    return _beside(year_pairs(tables), earlier, "earlier")


def _beside(rows: ir.Table, base: ir.Table, suffix: str) -> ir.Table:
    """Join the newest period of a row with what ended a year before its oldest."""
    limits = read_policy("statements")["year_days"]
    oldest = "event_day_before" if "event_day_before" in rows.columns else "event_day"
    names = [name for name in (*FIGURES, "event_day", "evaluated_day", "gone_day") if name in base.columns]
    earlier = base.select(
        "customer_no", "months", **{f"{name}_{suffix}": base[name] for name in names}
    ).view()
    pairs = rows.join(earlier, ["customer_no", "months"])
    days = pairs[oldest] - pairs[f"event_day_{suffix}"]
    known, gone = f"evaluated_day_{suffix}", f"gone_day_{suffix}"
    pairs = pairs.filter(
        days.between(limits["low"], limits["high"]),
        pairs.evaluated_day < pairs[gone],
        pairs[known] < pairs.gone_day,
    )
    off = (pairs[oldest] - pairs[f"event_day_{suffix}"] - 365).abs()
    return pairs.mutate(
        **{"year_off" if suffix == "before" else f"year_off_{suffix}": off},
        evaluated_day=ibis.greatest(pairs.evaluated_day, pairs[known]),
        gone_day=ibis.least(pairs.gone_day, pairs[gone]),
    ).drop(known, gone, *(name for name in pairs.columns if name.endswith("_right")))


def at_moments(rows: ir.Table, moments: ir.Table) -> ir.Table:
    """Return what of `rows` held at each KEYS of `moments`; of several years before, the nearest to 365 days.

    One row per KEYS and PERIOD: equally near, the later one counts (own choice).
    """
    held = rows.join(moments.select(*KEYS), "customer_no")
    held = held.filter(held.evaluated_day <= held.as_of_day, held.gone_day > held.as_of_day)
    order: list[ir.Value] = []
    for off, day in (("year_off", "event_day_before"), ("year_off_earlier", "event_day_earlier")):
        if off in held.columns:
            order += [held[off], ibis.desc(held[day])]
    if not order:
        return held
    place = ibis.row_number().over(group_by=(*KEYS, *PERIOD), order_by=order)
    return held.mutate(place=place).filter(lambda t: t.place == 0).drop("place")


def where(condition: ir.BooleanValue, value: ir.NumericValue) -> ir.NumericValue:
    """Return the value where the condition holds, else null (also where it is unknown)."""
    return ibis.ifelse(condition, value, ibis.null(value.type()))


def growth(now: ir.IntegerValue, before: ir.IntegerValue) -> ir.FloatingValue:
    """Growth over a positive base: one division of exact whole numbers; null without such a base."""
    return where(before > 0, ratio(exact(now) - exact(before), before))


def growth_over(
    now: ir.IntegerValue, before: ir.IntegerValue, other: ir.IntegerValue, other_before: ir.IntegerValue
) -> ir.FloatingValue:
    """Growth of one figure minus that of another, in points: one division, null without two positive bases."""
    ahead = exact(now) * exact(other_before) - exact(other) * exact(before)
    return where((before > 0) & (other_before > 0), ratio(ahead, exact(before) * exact(other_before)))


def share(part: ir.IntegerValue, whole: ir.IntegerValue) -> ir.FloatingValue:
    """Part of a positive whole; null without one."""
    return where(whole > 0, ratio(part, whole))


def share_growth(
    part: ir.IntegerValue, whole: ir.IntegerValue, part_before: ir.IntegerValue, whole_before: ir.IntegerValue
) -> ir.FloatingValue:
    """Growth of part / whole over a positive one, in one division of exact whole numbers."""
    base = exact(part_before) * exact(whole)
    is_based = (part_before > 0) & (whole > 0) & (whole_before > 0)
    return where(is_based, ratio(exact(part) * exact(whole_before) - base, base))


def share_change(
    part: ir.IntegerValue, whole: ir.IntegerValue, part_before: ir.IntegerValue, whole_before: ir.IntegerValue
) -> ir.FloatingValue:
    """Change of part / whole in points, in one division; null unless both wholes are positive."""
    change = exact(part) * exact(whole_before) - exact(part_before) * exact(whole)
    return where((whole > 0) & (whole_before > 0), ratio(change, exact(whole) * exact(whole_before)))


def points(difference: ir.FloatingValue) -> ir.FloatingValue:
    """Round a difference of two shares to the trillionth, so that 20% - 5% is exactly 15 points."""
    return difference.round(12)


def shifted_day(day: ir.IntegerValue, months: ir.IntegerValue) -> ir.IntegerValue:
    """Day number on which a period ends that ends `months` later (or earlier) than the one that ended on `day`.

    The end of a month stays one: counted is from the day after the period, its 29th to 31st taken as the 28th.
    """
    after = day + 1
    month = month_of(after)
    place = ibis.least(after - _first_of(month), ibis.literal(27))
    return (_first_of(month + months) + place - 1).cast("int32")


def _first_of(month: ir.IntegerValue) -> ir.IntegerValue:
    """Day number of the first of a month.

    Source: days_from_civil, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"; see `month_of`.
    """
    from_march = month.cast("int64") - 2
    year = from_march // 12
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * (from_march - year * 12) + 2) // 5
    return days - 719_468


def days_of(rows: ir.Table, stock: str, flow: str, end: str = "") -> ir.FloatingValue:
    """Days of a flow that a stock stands for; the flow of the period brought to a year of 365 days."""
    return share(exact(rows[f"{stock}{end}"]) * exact(rows.months) * 365, exact(rows[f"{flow}{end}"]) * 12)


def debt_of(rows: ir.Table, end: str) -> ir.DecimalValue:
    """Long- plus short-term debt; null unless both are stated."""
    return exact(rows[f"long_term_debt{end}"]) + exact(rows[f"short_term_debt{end}"])


def joined_on(left: ir.Table, right: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Left-join on equally named keys and drop the copies of them."""
    rows = left.left_join(right, list(keys))
    return rows.drop(*(f"{key}_right" for key in keys if f"{key}_right" in rows.columns))
