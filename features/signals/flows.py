"""Settlement by calendar month: what rules on payments are folded from, so that the raw rows are read once a run.

A stage keeps, beside the month of the payments, the months of knowledge: `from_month` is the first month of the run
whose first day sees the rows (the month after the event, if every one does), `until_month` the first whose first day
sees them no more. An evaluation on the first of month m adds up the rows with from_month <= m < until_month: what was
known then, to the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.groups.profile import states
from features.policy import read_policy
from features.signals.evaluations import (
    calendar,
    day_number,
    month_start,
    run_months,
)
from features.signals.measures import EVALUATED
from features.tables import NEVER
from features.windows import KEYS, Tables

_POLICY = read_policy("accounts")
_LEFT_OUT = _POLICY["left_out_of_payees"]
BUSINESS = ("micro", "corporate", "institution")
BY_MONTH = ("customer_no", "month")
KNOWLEDGE = ("event_month", "from_month", "until_month")

PAYER, SETTLED_IN, SUPPLIER, PAYEE, PAYROLL, SETTLED_OUT = range(1, 7)
"""What a settled amount is: from a payer, other inflow; to a supplier, to another payee, to staff, other outflow."""

INFLOWS = (PAYER, SETTLED_IN)
_NAMED = (PAYER, SUPPLIER, PAYEE, PAYROLL)
_BUSINESS_MONTHS, _RETAIL_MONTHS = 15, 4
"""How far a rule on months looks back before the first of a month (the longest: M13; retail: M42)."""


def kinds(tables: Tables) -> ir.Table:
    """The kind of every customer at each as_of of the run: KEYS, `kind`."""

    def newest() -> ir.Table:
        as_ofs = {"as_of": [date(1970, 1, 1) + timedelta(days=day) for day in tables.as_of_days]}
        moments = ibis.memtable(
            {**as_ofs, "as_of_day": list(tables.as_of_days)}, schema={"as_of": "date", "as_of_day": "int32"}
        )
        return states(tables, moments).select(*KEYS, "kind")

    return tables.share("signals_kinds", newest)


def of_kinds(tables: Tables, rows: ir.Table, *wanted: str) -> ir.Table:
    """The rows, by KEYS, of customers who are of some kinds at as_of."""
    those = kinds(tables)
    return rows.semi_join(those.filter(those.kind.isin(wanted)), KEYS)


def ever_of_kinds(tables: Tables, rows: ir.Table, *wanted: str) -> ir.Table:
    """The rows of customers who are of some kinds at any as_of of the run: what a stage has to hold."""
    those = kinds(tables)
    return rows.semi_join(those.filter(those.kind.isin(wanted)), "customer_no")


def is_settled(rows: ir.Table) -> ir.BooleanValue:
    """Say whether a transaction is settlement with others: no fee, interest or loan, nor own or borrowed money."""
    party = rows.counterparty_kind.fill_null("")
    return rows.kind.notin(_POLICY["not_settlement"]) & party.notin(_POLICY["not_counterparties"])


def observed_from(tables: Tables, name: str, rows: ir.Table) -> ir.IntegerValue:
    """First day of which the table can say something of the customer: its own first, or that of the relationship."""
    first = tables.first_day.get(name, NEVER)
    return ibis.greatest(ibis.literal(first, "int32"), rows.opened_day.fill_null(first))


def recent(tables: Tables, name: str, reach: int) -> ir.Table:
    """Rows of the `reach` months before the run's first evaluation, up to its last first of a month.

    With `event_month`, and `next_day`, the run's first first of a month after the event. Both are looked up and not
    reckoned: the table is large.
    """
    firsts = {month: day_number(month_start(month)) for month in run_months(tables)}
    start, stop = day_number(month_start(min(firsts) - reach)), max(firsts.values())
    days: dict[str, list[int]] = {"event_day": [], "event_month": [], "next_day": []}
    for day in range(start, stop):
        on = date(1970, 1, 1) + timedelta(days=day)
        days["event_day"].append(day)
        days["event_month"].append(on.year * 12 + on.month - 1)
        days["next_day"].append(min(first for first in firsts.values() if first > day))
    rows = tables[name]
    rows = rows.filter(rows.event_day >= start, rows.event_day < stop, rows.known_day <= stop)
    return rows.join(calendar(days), "event_day")


def staged(tables: Tables, rows: ir.Table, **columns: ir.Value) -> ir.Table:
    """Add the months of knowledge to rows of `recent` about to be added up.

    Nearly every row is known by the next first of a month and never replaced: only for the others they are sought.
    """
    firsts = {month: day_number(month_start(month)) for month in run_months(tables)}

    def first_from(day: ir.IntegerValue) -> ir.IntegerValue:
        return ibis.cases(*((day <= first, month) for month, first in firsts.items()), else_=NEVER)

    is_prompt, is_lasting = rows.known_day <= rows.next_day, rows.until_day > max(firsts.values())
    return rows.select(
        "customer_no",
        "event_month",
        **columns,
        from_month=ibis.ifelse(is_prompt, rows.event_month + 1, first_from(rows.known_day)).cast("int32"),
        until_month=ibis.ifelse(is_lasting, NEVER, first_from(rows.until_day)).cast("int32"),
    )


def seen(tables: Tables, stage: ir.Table, reach: int) -> ir.Table:
    """Rows of a stage for each first of a month that sees them within `reach` months.

    One row per row of the stage and `month`; `back` is 1 for the month just ended. Joined by equality of months and
    not by range: the stage is large, the calendar small.
    """
    pairs = [(month, back) for month in run_months(tables) for back in range(1, reach + 1)]
    months_back = calendar(
        {
            "month": [month for month, _ in pairs],
            "event_month": [month - back for month, back in pairs],
            "back": [back for _, back in pairs],
        }
    )
    rows = stage.join(months_back, "event_month")
    return rows.filter(rows.from_month <= rows.month, rows.until_month > rows.month)


def seen_at(rows: ir.Table, month: int, back: tuple[int, int]) -> ir.BooleanValue:
    """Say whether the first of a month sees a row that lies `back` (nearest, farthest) months before it."""
    nearest, farthest = back
    lies = (
        (rows.event_month == month - nearest)
        if nearest == farthest
        else (rows.event_month >= month - farthest) & (rows.event_month <= month - nearest)
    )
    return lies & (rows.from_month <= month) & (rows.until_month > month)


def by_month(tables: Tables, wide: ir.Table, names: tuple[str, ...], *keys: str) -> ir.Table:
    """Turn columns `<name>_<month>`, one per first of a month of the run, into rows.

    One row per row of `wide` and `month` of which one of the names is not null: customer_no, `keys`, `month` and the
    names. `wide` is read once per month: it has to be kept.
    """
    each = [
        wide.select(
            "customer_no",
            *keys,
            month=ibis.literal(month, "int32"),
            **{name: wide[f"{name}_{month}"] for name in names},
        )
        for month in run_months(tables)
    ]
    parts = [part.filter(ibis.or_(*(part[name].notnull() for name in names))) for part in each]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def thirty_days(tables: Tables, rows: ir.Table, *shifts: Mapping[int, int]) -> ir.Table:
    """Rows known at each first of a month in the 30 days before it, or in those so many days earlier.

    One row per row, `month`, `evaluated_day` and `which` (0 for the first of `shifts`).

    Parameters
    ----------
    shifts
        Days by which the 30 days lie earlier, by month; 0 where it says nothing.
    """
    found = [
        (month, day_number(month_start(month)), which, back + shift.get(month, 0))
        for month in run_months(tables)
        for which, shift in enumerate(shifts)
        for back in range(1, 31)
    ]
    days = calendar(
        {
            "month": [month for month, _, _, _ in found],
            EVALUATED: [first for _, first, _, _ in found],
            "which": [which for _, _, which, _ in found],
            "event_day": [first - back for _, first, _, back in found],
        }
    )
    joined = rows.join(days, "event_day")
    return joined.filter(joined.known_day <= joined[EVALUATED], joined.until_day > joined[EVALUATED])


def settled(tables: Tables) -> ir.Table:
    """What businesses settled: a row per transaction, of the months that the run can see.

    `flow`, `amount` in minor units (int64), above 0; `party` is null where the bank does not know the counterparty,
    or the flow has none that matters. Days and months of event and knowledge as in `staged`.
    """

    def rows() -> ir.Table:
        rows = ever_of_kinds(tables, recent(tables, "transactions", _BUSINESS_MONTHS), *BUSINESS)
        rows = rows.filter(is_settled(rows), rows.amount != 0)
        flow = _flow(rows)
        party = ibis.ifelse(flow.isin(_NAMED), rows.counterparty, ibis.null("string"))
        days = {name: rows[name] for name in ("event_day", "known_day", "until_day")}
        return staged(tables, rows, **days, flow=flow, party=party, amount=rows.amount.abs())

    return tables.share("signals_settled", rows)


def _flow(rows: ir.Table) -> ir.IntegerValue:
    party = rows.counterparty_kind.fill_null("")
    is_in = rows.amount > 0
    is_shared = party.notin(_POLICY["left_out_of_shares"])
    is_payee = rows.kind.notin(_LEFT_OUT["kinds"]) & party.notin(_LEFT_OUT["counterparties"])
    return ibis.cases(
        (is_in & is_shared, PAYER),
        (is_in, SETTLED_IN),
        (rows.kind == "salary", PAYROLL),
        (is_shared & is_payee & (party == "supplier"), SUPPLIER),
        (is_shared & is_payee, PAYEE),
        else_=SETTLED_OUT,
    ).cast("int8")


def months(tables: Tables) -> ir.Table:
    """What every customer settled, by month: `inflow` and `turnover` (inflow and outflow) in minor units (int64).

    One row per customer_no, event_month, from_month and until_month with any.
    """

    def added() -> ir.Table:
        keys = ("customer_no", *KNOWLEDGE)
        each = settled(tables)
        is_in = each.flow.isin(INFLOWS)
        business = each.group_by(*keys).aggregate(
            inflow=each.amount.sum(where=is_in).fill_null(0).cast("int64"),
            turnover=each.amount.sum().cast("int64"),
        )
        those = kinds(tables)
        rows = recent(tables, "transactions", _RETAIL_MONTHS)
        rows = rows.anti_join(those.filter(those.kind.isin(BUSINESS)), "customer_no")
        rows = rows.filter(is_settled(rows), rows.amount != 0)
        each = staged(tables, rows, amount=rows.amount)
        retail = each.group_by(*keys).aggregate(
            inflow=each.amount.sum(where=each.amount > 0).fill_null(0).cast("int64"),
            turnover=each.amount.abs().sum().cast("int64"),
        )
        return ibis.union(business, retail)

    return tables.share("signals_months", added)
