"""Measures on how a business is kept going: people on the payroll, investments traded."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.codes import fact_codes
from features.policy import read_policy
from features.signals.evaluations import (
    calendar,
    day_number,
    month_start,
    months_of,
    run_months,
    with_other,
)
from features.signals.flows import (
    BUSINESS,
    BY_MONTH,
    PAYROLL,
    ever_of_kinds,
    observed_from,
    of_kinds,
    seen,
    settled,
)
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.windows import KEYS, Tables, exact, ratio

_POLICY = read_policy("accounts")
_HEADCOUNT = fact_codes("headcount")
_AGO = 6
"""Months between two headcounts. Source: warning-signals.md, M34."""

_PAID: int = int(_POLICY["payroll_months"])
_TRADE_DAYS: int = int(_POLICY["trade_days"])
_HABIT_DAYS: int = int(_POLICY["habit_days"])


def payroll(tables: Tables, spine: ir.Table) -> ir.Table:
    """How many people a business pays, against half a year before.

    One row per row of `spine` of a business and first of a month with salaries paid in the eight months before it, or
    a headcount noted. People are the different payees of salary in the last `payroll_months` calendar months, and in
    as many months six months earlier; where nobody was paid then, or the observed part does not reach back so far,
    the headcount noted in `facts`: the newest, if in force on the day, and the newest on the first of the sixth month
    before. Growth needs a number above 0 before. Null: neither known.

    Source: warning-signals.md, M34.
    """
    businesses = of_kinds(tables, spine, *BUSINESS).select(*KEYS, "opened_day")
    at = months_of(tables, businesses).join(_dates(tables), "month")
    at = with_other(at, tables.share("signals_paid", lambda: _paid(tables)), BY_MONTH)
    at = with_other(at, tables.share("signals_headcounts", lambda: _noted(tables)), BY_MONTH)
    at = at.filter(at.paid.notnull() | at.is_noted.notnull())
    is_paid = (observed_from(tables, "transactions", at) <= at.paid_day) & (at.paid_before > 0)
    is_paid = is_paid.fill_null(False)  # noqa: FBT003
    now = ibis.ifelse(is_paid, at.paid.cast("float64"), at.noted)
    before = ibis.ifelse(is_paid, at.paid_before.cast("float64"), at.noted_before)
    return at.select(
        *KEYS,
        EVALUATED,
        headcount=now,
        headcount_6m_before=before,
        headcount_growth_6m=ibis.ifelse(before > 0, ratio(now - before, before), ibis.null("float64")),
    )


def _dates(tables: Tables) -> ir.Table:
    """Each month of the run with its first day, that of the sixth before, and that on which the earlier pay begins."""
    firsts = run_months(tables)
    starts = {"seen_day": 0, "then_day": _AGO, "paid_day": _AGO + _PAID}
    days = {name: [day_number(month_start(month - ago)) for month in firsts] for name, ago in starts.items()}
    return calendar({"month": firsts, **days})


def _paid(tables: Tables) -> ir.Table:
    """Different payees of salary before each first of a month: `paid` and `paid_before`."""
    if "transactions" not in tables:
        return _nobody(tables, paid="int64", paid_before="int64")
    each = settled(tables)
    rows = seen(tables, each.filter(each.flow == PAYROLL, each.party.notnull()), _AGO + _PAID)
    return rows.group_by(*BY_MONTH).aggregate(
        paid=rows.party.nunique(where=rows.back <= _PAID),
        paid_before=rows.party.nunique(where=rows.back > _AGO),
    )


def _noted(tables: Tables) -> ir.Table:
    """Headcounts noted before each first of a month, and before the first six months earlier."""
    if "facts" not in tables:
        return _nobody(tables, is_noted="boolean", noted="float64", noted_before="float64")
    rows = ever_of_kinds(tables, tables["facts"], *BUSINESS)
    rows = rows.filter(rows.code.isin(_HEADCOUNT)).cross_join(_dates(tables))
    rows = rows.filter(
        rows.known_day <= rows.seen_day, rows.until_day > rows.seen_day, rows.event_day < rows.seen_day
    )
    early = ibis.ifelse(rows.event_day < rows.then_day, rows.event_day, ibis.null("int32"))
    rows = rows.mutate(
        newest=rows.event_day.max().over(group_by=BY_MONTH), newest_then=early.max().over(group_by=BY_MONTH)
    )

    def in_force(newest: ir.IntegerValue, day: ir.IntegerValue) -> ir.BooleanValue:
        return (rows.event_day == newest) & (rows.valid_until_day.isnull() | (rows.valid_until_day >= day))

    return rows.group_by(*BY_MONTH).aggregate(
        is_noted=rows.count() > 0,
        noted=rows["value"].max(where=in_force(rows.newest, rows.seen_day)),
        noted_before=rows["value"].max(where=in_force(rows.newest_then, rows.then_day)),
    )


def _nobody(tables: Tables, **columns: str) -> ir.Table:
    """No row, with the columns of a part that the bank cannot have."""
    nothing = _dates(tables).select("month").filter(ibis.literal(False))  # noqa: FBT003
    return nothing.mutate(
        customer_no=ibis.null("int32"), **{name: ibis.null(kind) for name, kind in columns.items()}
    )


def trading(tables: Tables, spine: ir.Table) -> ir.Table:
    """How often a business opens and closes investments at once, against its habit.

    One row per row of `spine` of a business that has ever closed one so soon, as known at as_of, and first of a month.
    Trades are investments closed in the last 90 days, `trade_days` after their opening at most; the habit is the mean
    number in 90 days over the `habit_days` before those, and at least 1, so that a first trade is no burst. Null:
    the observed part does not reach over all of them.

    Source: warning-signals.md, F20.
    """
    rows = ever_of_kinds(tables, tables["holdings"], *BUSINESS)
    is_trade = rows["product"].isin(_POLICY["traded"]) & (rows.closed_day - rows.event_day <= _TRADE_DAYS)
    rows = rows.filter(is_trade).select("customer_no", "known_day", "until_day", "closed_day")
    rows = tables.share("signals_trades", lambda: rows)
    businesses = of_kinds(tables, spine, *BUSINESS).select(*KEYS, "opened_day")
    closed = businesses.join(rows.select("customer_no", "known_day", "closed_day"), "customer_no")
    closed = closed.filter(closed.known_day <= closed.as_of_day, closed.closed_day < closed.as_of_day)
    days = months_of(tables, businesses.semi_join(closed, KEYS))
    at = days.select("customer_no", EVALUATED).distinct().join(rows, "customer_no")
    at = at.filter(at.known_day <= at[EVALUATED], at.until_day > at[EVALUATED], at.closed_day < at[EVALUATED])
    is_new = at.closed_day >= at[EVALUATED] - 90
    is_habit = ~is_new & (at.closed_day >= at[EVALUATED] - 90 - _HABIT_DAYS)
    counts = at.group_by("customer_no", EVALUATED).aggregate(
        trades=at.count(where=is_new), habit=at.count(where=is_habit)
    )
    joined = with_other(days, counts, ("customer_no", EVALUATED))
    is_whole = observed_from(tables, "holdings", joined) <= joined[EVALUATED] - 90 - _HABIT_DAYS
    trades = joined.trades.fill_null(0)
    # the habit of 90 days is habit * 90 / _HABIT_DAYS
    usual = ibis.greatest(exact(joined.habit.fill_null(0)) * 90, exact(ibis.literal(_HABIT_DAYS)))
    return joined.select(
        *KEYS,
        EVALUATED,
        trades_90d=ibis.ifelse(is_whole, trades.cast("float64"), ibis.null("float64")),
        trades_of_habit=ibis.ifelse(
            is_whole, ratio(exact(trades) * _HABIT_DAYS, usual), ibis.null("float64")
        ),
    )


PAYROLL_COUNTS = MeasureTable(
    payroll,
    (
        Measure("headcount", "count", (), "People paid salary, or noted on the payroll."),
        Measure("headcount_6m_before", "count", (), "The same six months before."),
        Measure("headcount_growth_6m", "share", (), "Change from the one to the other."),
    ),
)

TRADING = MeasureTable(
    trading,
    (
        Measure("trades_90d", "count", ("holdings",), "Investments opened and closed at once in 90 days."),
        Measure("trades_of_habit", "ratio", ("holdings",), "Their number over the usual one in 90 days."),
    ),
)
