"""Measures on what flows through the account, month by month: stopping, shrinking, leaning on a few."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.signals.evaluations import (
    calendar,
    day_number,
    lunar_year,
    month_start,
    on_months,
    run_months,
    with_other,
)
from features.signals.flows import (
    BUSINESS,
    BY_MONTH,
    INFLOWS,
    PAYEE,
    PAYER,
    SUPPLIER,
    by_month,
    ever_of_kinds,
    months,
    observed_from,
    of_kinds,
    seen_at,
    settled,
)
from features.signals.measures import EVALUATED, Measure, MeasureTable, Unit
from features.windows import KEYS, Tables, exact, ratio

_POLICY = read_policy("accounts")
_YEAR, _HABIT = 12, 15
"""Months of a year; months back that the habit of buying from a supplier reaches, the three compared with included."""


def inflow(tables: Tables, spine: ir.Table) -> ir.Table:
    """Settlement inflow of businesses: the last 30 days against the year and the same lunar period, and its trend.

    One row per row of `spine` of a business and first of a month with settlement in the twelve months before it.
    Null where the observed part of the relationship does not reach over the whole period, or the figure compared
    with is 0. The mean of twelve calendar months is brought to 30 days; the slope is that of the last six of them by
    least squares, as a share of their mean a month.

    Source: warning-signals.md, M01 and M03.
    """
    found = tables.share("signals_inflow", lambda: _inflow(tables))
    at = on_months(tables, of_kinds(tables, spine, *BUSINESS), found)
    known = observed_from(tables, "transactions", at)
    last, before = at.now.fill_null(0), at.before.fill_null(0)
    days = (at[EVALUATED] - at.year_day).cast("int64")

    def since(day: ir.IntegerValue, value: ir.NumericValue) -> ir.FloatingValue:
        return ibis.ifelse(known <= day, value.cast("float64"), ibis.null("float64"))

    return at.select(
        *KEYS,
        EVALUATED,
        inflow_30d=since(at[EVALUATED] - 30, last),
        inflow_month_mean_12m=since(at.year_day, ratio(exact(at.year) * 30, days)),
        inflow_30d_of_mean=since(at.year_day, ratio(exact(last) * exact(days), exact(at.year) * 30)),
        inflow_30d_of_lunar_year=since(at[EVALUATED] - 30 - at.shift, ratio(last, before)),
        # with places t = 0..5 the slope is the sum of (2t - 5) v over 35, the mean that of v over 6
        inflow_slope_6m=since(at.half_day, ratio(at.rise * 6, exact(at.half) * 35)),
    )


def _inflow(tables: Tables) -> ir.Table:
    """Sums of inflow before each first of a month, one row per customer_no and `month`, and the days they begin on."""
    firsts = run_months(tables)
    shifts = {month: lunar_year(month) for month in firsts}
    rows = ever_of_kinds(tables, months(tables), *BUSINESS)
    sums: dict[str, ir.Value] = {}
    for month in firsts:
        half = seen_at(rows, month, (1, 6))
        sums[f"year_{month}"] = rows.inflow.sum(where=seen_at(rows, month, (1, 12)))
        sums[f"half_{month}"] = rows.inflow.sum(where=half)
        # back months before the first, t = 6 - back: 2t - 5
        weight = 7 - 2 * (month - rows.event_month).cast("int64")
        sums[f"rise_{month}"] = (exact(rows.inflow) * exact(weight)).sum(where=half)
    of_months = tables.keep("signals_inflow_months", rows.group_by("customer_no").aggregate(**sums))
    near = tables.keep("signals_inflow_days", _near(tables, shifts))
    dates = calendar(
        {
            "month": firsts,
            "shift": list(shifts.values()),
            "year_day": [day_number(month_start(month - 12)) for month in firsts],
            "half_day": [day_number(month_start(month - 6)) for month in firsts],
        }
    )
    whole = by_month(tables, of_months, ("year", "half", "rise")).filter(lambda t: t.year.notnull())
    return with_other(whole.join(dates, "month"), by_month(tables, near, ("now", "before")), BY_MONTH)


def _near(tables: Tables, shifts: Mapping[int, int]) -> ir.Table:
    """Inflow of the 30 days before each first of a month, `now_<month>`, and of those `shifts` earlier, `before`."""
    rows = settled(tables)
    rows = rows.filter(rows.flow.isin(INFLOWS))
    sums = {}
    for month, shift in shifts.items():
        first = day_number(month_start(month))
        is_known = (rows.known_day <= first) & (rows.until_day > first)
        for name, last in (("now", first), ("before", first - shift)):
            is_inside = (rows.event_day >= last - 30) & (rows.event_day < last)
            sums[f"{name}_{month}"] = rows.amount.sum(where=is_inside & is_known)
    return rows.group_by("customer_no").aggregate(**sums)


def counterparties(tables: Tables, spine: ir.Table) -> ir.Table:
    """How much a business depends on its largest payers and payees, and what it buys from its habitual suppliers.

    One row per row of `spine` of a business and first of a month with settlement in the fifteen months before it.
    Shares are of twelve calendar months; amounts whose counterparty is not known count in the whole and never as
    one payer, so that a share is never above the truth. Purchases are those of three calendar months and of the
    same three a year before, from suppliers paid in at least `habitual_months` of the twelve months before the
    last three. Null where the observed part does not reach over the whole period, or the whole is 0.

    Source: warning-signals.md, F18, M10 and M13; what is left out: accounts.yaml.
    """
    found = tables.share("signals_counterparties", lambda: _counterparties(tables))
    at = on_months(tables, of_kinds(tables, spine, *BUSINESS), found)
    known = observed_from(tables, "transactions", at)

    def since(day: ir.IntegerValue, value: ir.NumericValue) -> ir.FloatingValue:
        return ibis.ifelse(known <= day, value.cast("float64"), ibis.null("float64"))

    return at.select(
        *KEYS,
        EVALUATED,
        top_payer_share_12m=since(at.year_day, ratio(at.payer_first, at.payer_whole)),
        top_payers_share_12m=since(at.year_day, ratio(at.payer_three, at.payer_whole)),
        top_payee_share_12m=since(at.year_day, ratio(at.payee_first, at.payee_whole)),
        supplier_payments_90d=since(at.habit_day, at.bought),
        supplier_payments_90d_before=since(at.habit_day, at.bought_before),
        supplier_payments_growth=since(at.habit_day, ratio(at.bought - at.bought_before, at.bought_before)),
    )


def _counterparties(tables: Tables) -> ir.Table:
    """Parts of counterparties before each first of a month, one row per customer_no and `month` with any."""
    firsts = run_months(tables)
    dates = calendar(
        {
            "month": firsts,
            "year_day": [day_number(month_start(month - 12)) for month in firsts],
            "habit_day": [day_number(month_start(month - 15)) for month in firsts],
        }
    )
    payers = tables.keep("signals_payers", _of_parties(tables, PAYER))
    payees = tables.keep("signals_payees", _of_parties(tables, PAYEE, SUPPLIER))
    parts = {
        ("payer_whole", "payer_first"): _wholes(tables, payers, "payer"),
        ("payee_whole", "payee_first"): _wholes(tables, payees, "payee"),
        ("bought", "bought_before"): _purchases(tables),
    }
    kept = {names: tables.keep(f"signals_of_{names[0]}", part) for names, part in parts.items()}
    wide = ibis.union(*(part.select("customer_no") for part in kept.values()), distinct=True)
    for part in kept.values():
        wide = with_other(wide, part, ("customer_no",))
    names = tuple(name for pair in parts for name in pair)
    found = by_month(tables, tables.keep("signals_of_parties", wide), names).join(dates, "month")
    return with_other(found, _largest(tables, payers), BY_MONTH)


def _of_parties(tables: Tables, *flows: int) -> ir.Table:
    """Amounts of the twelve months before each first of a month, by customer_no and party (null: not known)."""
    rows = settled(tables)
    rows = rows.filter(rows.flow.isin(flows))
    return rows.group_by("customer_no", "party").aggregate(
        **{
            f"amount_{month}": rows.amount.sum(where=seen_at(rows, month, (1, 12))).cast("int64")
            for month in run_months(tables)
        }
    )


def _wholes(tables: Tables, each: ir.Table, name: str) -> ir.Table:
    """The whole of all parties before each first of a month, and the part of the largest that is known."""
    is_known = each.party.notnull()
    return each.group_by("customer_no").aggregate(
        **{f"{name}_whole_{month}": each[f"amount_{month}"].sum() for month in run_months(tables)},
        **{
            f"{name}_first_{month}": each[f"amount_{month}"].max(where=is_known)
            for month in run_months(tables)
        },
    )


def _largest(tables: Tables, payers: ir.Table) -> ir.Table:
    """The part of the three largest known payers before each first of a month: `payer_three`."""
    each = by_month(tables, payers.filter(payers.party.notnull()), ("amount",))
    # equal amounts may stand in either order: only their sum is used
    place = ibis.row_number().over(group_by=BY_MONTH, order_by=ibis.desc("amount"))
    each = each.mutate(place=place).filter(lambda t: t.place < 3)
    return each.group_by(*BY_MONTH).aggregate(payer_three=each.amount.sum())


def _purchases(tables: Tables) -> ir.Table:
    """What was paid to habitual suppliers in the last three months, and in the same three a year before."""
    rows = settled(tables)
    rows = rows.filter(rows.flow == SUPPLIER, rows.party.notnull())
    firsts = run_months(tables)
    # twelve months in a row: each has a place of its own
    bit = ibis.literal(1, "int32") << (rows.event_month % _YEAR)
    sums: dict[str, ir.Value] = {}
    for month in firsts:
        sums[f"bought_{month}"] = rows.amount.sum(where=seen_at(rows, month, (1, 3)))
        sums[f"bought_before_{month}"] = rows.amount.sum(where=seen_at(rows, month, (13, _HABIT)))
        sums[f"paid_{month}"] = bit.bit_or(where=seen_at(rows, month, (_HABIT - _YEAR + 1, _HABIT)))
    each = tables.keep("signals_suppliers", rows.group_by("customer_no", "party").aggregate(**sums))
    found: dict[str, ir.Value] = {}
    for month in firsts:
        bits = each[f"paid_{month}"].fill_null(0)
        paid = sum(((bits >> place) & 1 for place in range(_YEAR)), ibis.literal(0))
        is_habitual = paid >= int(_POLICY["habitual_months"])
        for name in ("bought", "bought_before"):
            found[f"{name}_{month}"] = each[f"{name}_{month}"].fill_null(0).sum(where=is_habitual)
    return each.group_by("customer_no").aggregate(**found)


def _measure(name: str, unit: Unit, definition: str) -> Measure:
    return Measure(name, unit, ("transactions",), definition)


INFLOW = MeasureTable(
    inflow,
    (
        _measure("inflow_30d", "money", "Settlement inflow of the 30 days before the first of a month."),
        _measure(
            "inflow_month_mean_12m", "money", "Mean inflow of 30 days over the twelve months before it."
        ),
        _measure("inflow_30d_of_mean", "share", "The one over the other."),
        _measure("inflow_30d_of_lunar_year", "share", "Over the inflow of the same lunar period last year."),
        _measure("inflow_slope_6m", "share", "Slope over six months, of their mean, a month."),
    ),
)

COUNTERPARTIES = MeasureTable(
    counterparties,
    (
        _measure("top_payer_share_12m", "share", "The largest payer's part of the inflow of twelve months."),
        _measure("top_payers_share_12m", "share", "The three largest payers' part of it."),
        _measure("top_payee_share_12m", "share", "The largest payee's part of the outflow of twelve months."),
        _measure("supplier_payments_90d", "money", "Paid to habitual suppliers in three calendar months."),
        _measure("supplier_payments_90d_before", "money", "Paid to them in the same months a year before."),
        _measure("supplier_payments_growth", "share", "Change from the one to the other."),
    ),
)
