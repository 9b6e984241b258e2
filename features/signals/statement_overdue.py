"""Statements beside what is overdue: a company that could pay, or spends, while it does not."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.signals.industry import COHORT, pay_medians, people_of
from features.signals.measures import Measure, MeasureTable
from features.signals.overdue import instalments, overdue
from features.signals.year_on_year import (
    PERIOD,
    at_moments,
    growth,
    joined_on,
    points,
    share,
    shifted_day,
    versions,
    where,
    year_pairs,
)
from features.tables import NEVER
from features.windows import KEYS, Tables

_EVALUATION = (*KEYS, "evaluated_day")


def arrears(tables: Tables, spine: ir.Table) -> ir.Table:
    """The newest statement of a company beside what it owed and had not paid.

    One row per KEYS and `evaluated_day`: the days on which a statement became known, and from the first one on
    those on which something became overdue or was paid late. What is overdue is that known on that day; money in
    minor units. `arrears_dividends` is 0 where what is overdue began only after the statement's period.
    `arrears_principal_due` is the principal that fell due in the statement's period, or what is overdue of it if
    that is more. Growths and pay are null where they cannot be computed.

    Source: warning-signals.md, H07-H09, H11, H13; "principal due": own choice, so that a loan which falls due at
    once after the period counts.
    """
    figures = tables.keep("arrears_figures", _figures(tables, spine))
    owed = tables.keep("arrears_owed", _owed(tables, tables.keep("arrears_days", _days(tables, figures))))
    rows = tables.keep("arrears_newest", _newest(owed, figures))
    rows = joined_on(rows, _fell_due(tables, rows), _EVALUATION)
    is_meanwhile = rows.since_day <= rows.event_day
    paid_out = ibis.ifelse(is_meanwhile.fill_null(False), rows.dividends, 0)  # noqa: FBT003
    due = where(
        rows.principal_overdue.notnull(),
        ibis.greatest(rows.fell_due.fill_null(0), rows.principal_overdue),
    )
    return rows.select(
        *_EVALUATION,
        arrears_amount=rows.amount.cast("float64"),
        arrears_interest=rows.interest_overdue.cast("float64"),
        arrears_principal=rows.principal_overdue.cast("float64"),
        arrears_dividends=where(rows.dividends.notnull(), paid_out).cast("float64"),
        arrears_interest_expense=rows.interest_expense.cast("float64"),
        arrears_net_profit=rows.net_profit.cast("float64"),
        arrears_depreciation=rows.depreciation.cast("float64"),
        arrears_principal_due=due.cast("float64"),
        arrears_depreciation_of_principal_due=share(rows.depreciation, due),
        arrears_sales_growth=where(rows.grown_day <= rows.evaluated_day, rows.sales_growth),
        arrears_expense_growth=where(rows.grown_day <= rows.evaluated_day, rows.expense_growth),
        arrears_pay_of_median=where(rows.pay_day <= rows.evaluated_day, rows.pay_of_median),
    )


def _figures(tables: Tables, spine: ir.Table) -> ir.Table:
    """Every statement known at as_of, with the growths and pay that are read of it.

    `grown_day` and `pay_day` are the days from which on the growths and the median of pay were known.
    """
    rows = at_moments(versions(tables), spine)
    rows = rows.select(
        *KEYS, *PERIOD, "year", "dividends", "interest_expense", "net_profit", "depreciation", "payroll",
        known_day=rows.evaluated_day,
    )  # fmt: skip
    pairs = at_moments(year_pairs(tables), spine)
    grown = pairs.select(
        *KEYS, *PERIOD,
        grown_day=pairs.evaluated_day,
        sales_growth=growth(pairs.sales, pairs.sales_before),
        expense_growth=growth(pairs.operating_expenses, pairs.operating_expenses_before),
    )  # fmt: skip
    people = tables.keep("arrears_people", people_of(tables, spine))
    rows = joined_on(joined_on(rows, grown, (*KEYS, *PERIOD)), people, KEYS)
    by = (*COHORT, "region")
    rows = joined_on(rows, pay_medians(tables, people).rename(pay_day="day"), by)
    pay = share(rows.payroll, rows.employees)
    return rows.mutate(pay_of_median=where(rows["median"] > 0, points(pay / rows["median"].nullif(0.0))))


def _days(tables: Tables, figures: ir.Table) -> ir.Table:
    """Days on which a company may have to be looked at.

    One row per KEYS and `evaluated_day`; `is_statement`: a statement became known on it. The others are days on
    which some version of an instalment, not known to be paid by the day it was due, fell overdue or was paid, and
    the first that the table of instalments reaches: what was overdue before is seen on it.
    """
    first = figures.group_by(*KEYS).aggregate(first_day=figures.known_day.min())
    rows = tables["repayments"].join(first, "customer_no")
    whole = rows.due_principal + rows.due_interest
    in_time = (rows.paid_day <= rows.event_day) & (rows.paid_amount.isnull() | (rows.paid_amount >= whole))
    in_time = in_time.fill_null(False)  # noqa: FBT003
    rows = rows.filter(~in_time | (rows.known_day > rows.event_day + 1))
    changes = ibis.union(
        *(rows.select(*KEYS, "first_day", "known_day", day=rows[name]) for name in ("event_day", "paid_day"))
    )
    changes = changes.mutate(
        evaluated_day=where(changes.day.notnull(), ibis.greatest(changes.day + 1, changes.known_day)).cast(
            "int32"
        )
    )
    begun = ibis.literal(tables.first_day.get("repayments", NEVER - 1) + 1, "int32")
    begins = rows.select(*KEYS, "first_day", evaluated_day=begun)
    changes = ibis.union(changes.select(*begins.columns), begins)
    changes = changes.filter(
        changes.evaluated_day >= changes.first_day, changes.evaluated_day <= changes.as_of_day
    )
    days = ibis.union(
        figures.select(*KEYS, evaluated_day=figures.known_day, is_statement=1),
        changes.select(*_EVALUATION, is_statement=0),
    )
    return days.group_by(*_EVALUATION).aggregate(is_statement=days.is_statement.max())


def _owed(tables: Tables, days: ir.Table) -> ir.Table:
    """What was overdue on each day, as known then: days of statements, and those on which the amount changed."""
    moments = days.select("customer_no", as_of_day=days.evaluated_day).distinct()
    owed = overdue(tables, moments).rename(evaluated_day="as_of_day")
    rows = joined_on(days, owed, ("customer_no", "evaluated_day"))
    rows = rows.mutate(amount=rows.principal_overdue + rows.interest_overdue)
    before = rows.amount.lag().over(group_by=KEYS, order_by="evaluated_day").fill_null(0)
    rows = rows.mutate(before=before)
    return rows.filter((rows.is_statement == 1) | (rows.amount != rows.before)).drop("before", "is_statement")


def _newest(owed: ir.Table, figures: ir.Table) -> ir.Table:
    """Each day with the newest statement known on it: of the period that ended last, of several the longest."""
    rows = owed.join(figures, KEYS)
    rows = rows.filter(rows.known_day <= rows.evaluated_day)
    order = [ibis.desc(rows.event_day), ibis.desc(rows.months)]
    place = ibis.row_number().over(group_by=_EVALUATION, order_by=order)
    return rows.mutate(place=place).filter(lambda t: t.place == 0).drop("place")


def _fell_due(tables: Tables, rows: ir.Table) -> ir.Table:
    """Principal that fell due in the period of the statement, as known on the day looked at."""
    periods = rows.select(
        *_EVALUATION, last_day="event_day", first_day=shifted_day(rows.event_day, -rows.months) + 1
    )
    moments = periods.select("customer_no", as_of_day=periods.evaluated_day).distinct()
    parts = instalments(tables, moments).select(
        "customer_no", "due_day", "due_principal", evaluated_day="as_of_day"
    )
    inside = periods.join(parts, ["customer_no", "evaluated_day"])
    inside = inside.filter(inside.due_day.between(inside.first_day, inside.last_day))
    return inside.group_by(*_EVALUATION).aggregate(fell_due=inside.due_principal.sum().cast("int64"))


_BOTH = ("statements", "repayments")

ARREARS = MeasureTable(
    arrears,
    (
        Measure("arrears_amount", "money", _BOTH, "Principal and interest overdue."),
        Measure("arrears_interest", "money", _BOTH, "Interest overdue."),
        Measure("arrears_principal", "money", _BOTH, "Principal overdue."),
        Measure(
            "arrears_dividends",
            "money",
            _BOTH,
            "Dividends of a period in which something was overdue, else 0.",
        ),
        Measure("arrears_interest_expense", "money", _BOTH, "Interest expense of the newest statement."),
        Measure("arrears_net_profit", "money", _BOTH, "Its net profit."),
        Measure("arrears_depreciation", "money", _BOTH, "Its depreciation."),
        Measure(
            "arrears_principal_due",
            "money",
            _BOTH,
            "Principal due in its period, or overdue if that is more.",
        ),
        Measure("arrears_depreciation_of_principal_due", "ratio", _BOTH, "The one over the other."),
        Measure("arrears_sales_growth", "share", _BOTH, "Its sales on those of a year before."),
        Measure(
            "arrears_expense_growth", "share", _BOTH, "Its operating expenses on those of a year before."
        ),
        Measure(
            "arrears_pay_of_median",
            "ratio",
            _BOTH,
            "Pay per employee over the median of industry and region.",
        ),
    ),
)
