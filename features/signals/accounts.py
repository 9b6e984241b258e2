"""Measures on what flows through the account, month by month: stopping, shrinking, leaning on a few."""

from __future__ import annotations

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
    PAYEE,
    PAYER,
    SUPPLIER,
    ever_of_kinds,
    is_settled,
    months,
    observed_from,
    of_kinds,
    parties,
    seen,
    thirty_days,
)
from features.signals.measures import EVALUATED, Measure, MeasureTable, Unit
from features.windows import KEYS, Tables, exact, ratio

_POLICY = read_policy("accounts")


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
    rows = seen(tables, months(tables), 12)
    is_late = rows.back <= 6
    weighted = exact(rows.inflow) * exact(7 - 2 * rows.back.cast("int64"))  # 2t - 5, t = 6 - back
    sums = rows.group_by(*BY_MONTH).aggregate(
        year=rows.inflow.sum(), half=rows.inflow.sum(where=is_late), rise=weighted.sum(where=is_late)
    )
    firsts = run_months(tables)
    shifts = {month: lunar_year(month) for month in firsts}
    dates = calendar(
        {
            "month": firsts,
            "shift": list(shifts.values()),
            "year_day": [day_number(month_start(month - 12)) for month in firsts],
            "half_day": [day_number(month_start(month - 6)) for month in firsts],
        }
    )
    inflows = ever_of_kinds(tables, tables["transactions"], *BUSINESS)
    inflows = inflows.filter(is_settled(inflows), inflows.amount > 0)
    near = thirty_days(tables, inflows, {}, shifts)
    last = near.group_by(*BY_MONTH).aggregate(
        now=near.amount.sum(where=near.which == 0), before=near.amount.sum(where=near.which == 1)
    )
    return with_other(sums.join(dates, "month"), last, BY_MONTH)


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
    parts = (_payers(tables), _payees(tables), _purchases(tables))
    found = ibis.union(*(part.select(*BY_MONTH) for part in parts), distinct=True).join(dates, "month")
    for part in parts:
        found = with_other(found, part, BY_MONTH)
    return found


def _of_parties(tables: Tables, *flows: int) -> ir.Table:
    """Amounts of twelve months by counterparty, one row per customer_no, `month` and party (null: not known)."""
    each = parties(tables)
    rows = seen(tables, each.filter(each.flow.isin(flows)), 12)
    return rows.group_by(*BY_MONTH, "party").aggregate(amount=rows.amount.sum().cast("int64"))


def _payers(tables: Tables) -> ir.Table:
    """Of twelve months' inflow: the whole, the largest payer's part and that of the three largest."""
    each = _of_parties(tables, PAYER)
    is_known = each.party.notnull()
    # equal amounts may stand in either order: only their sums are used
    place = ibis.row_number().over(group_by=(*BY_MONTH, is_known), order_by=ibis.desc("amount"))
    each = each.mutate(place=ibis.ifelse(is_known, place, ibis.null("int64")))
    return each.group_by(*BY_MONTH).aggregate(
        payer_whole=each.amount.sum(),
        payer_first=each.amount.sum(where=each.place == 0),
        payer_three=each.amount.sum(where=each.place < 3),
    )


def _payees(tables: Tables) -> ir.Table:
    """Of twelve months' outflow: the whole, and the largest payee's part."""
    each = _of_parties(tables, PAYEE, SUPPLIER)
    return each.group_by(*BY_MONTH).aggregate(
        payee_whole=each.amount.sum(), payee_first=each.amount.max(where=each.party.notnull())
    )


def _purchases(tables: Tables) -> ir.Table:
    """What was paid to habitual suppliers in the last three months, and in the same three a year before."""
    each = parties(tables)
    rows = seen(tables, each.filter(each.flow == SUPPLIER, each.party.notnull()), 15)
    of_party = rows.group_by(*BY_MONTH, "party").aggregate(
        bought=rows.amount.sum(where=rows.back <= 3).fill_null(0),
        bought_before=rows.amount.sum(where=rows.back > 12).fill_null(0),
        paid=rows.event_month.nunique(where=rows.back > 3),
    )
    habitual = of_party.filter(of_party.paid >= int(_POLICY["habitual_months"]))
    return habitual.group_by(*BY_MONTH).aggregate(
        bought=habitual.bought.sum(), bought_before=habitual.bought_before.sum()
    )


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
