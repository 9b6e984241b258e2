"""What a customer owes and has not paid: instalments past their due day."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.windows import KEYS, Tables, known, reached


def overdue(tables: Tables, spine: ir.Table) -> ir.Table:
    """Principal and interest overdue at as_of, for how long, and since when.

    One row per (customer_no, as_of_day) of `spine`, of which only KEYS are read. `principal_overdue` and
    `interest_overdue` in minor units (int64): 0 where the table reaches as_of and nothing is unpaid, null where
    it does not reach. `days_overdue` (int64): days from the due day of the oldest unpaid instalment to as_of, 0
    where none is. `since_day` (int32): that due day; null where nothing is overdue.

    Source: balances.md, "Credit"; which part of an instalment counts as unpaid: `instalments`.
    """
    rows = instalments(tables, spine)
    late = rows.filter(rows.principal + rows.interest > 0)
    sums = late.group_by(*KEYS).aggregate(
        principal=late.principal.sum(), interest=late.interest.sum(), since_day=late.due_day.min()
    )
    joined = spine.select(*KEYS).left_join(sums, KEYS)
    is_reached = reached(tables, "repayments", joined.as_of_day)

    def where_reached(value: ir.IntegerValue) -> ir.IntegerValue:
        filled = value.cast("int64").fill_null(0)
        return ibis.ifelse(is_reached, filled, ibis.null("int64"))

    return joined.select(
        *KEYS,
        principal_overdue=where_reached(joined.principal),
        interest_overdue=where_reached(joined.interest),
        days_overdue=where_reached(joined.as_of_day - joined.since_day),
        since_day=joined.since_day,
    )


def instalments(tables: Tables, moments: ir.Table) -> ir.Table:
    """Every instalment due before a moment, with what of it was unpaid then.

    One row per KEYS of `moments` and instalment known: loan_id, due_day, known_day, due_interest, due_principal,
    and `principal` and `interest` still unpaid, in minor units, never below 0. An instalment without `paid_on`
    by the moment is wholly unpaid; one with it and no `paid_amount` is paid in full (own choice: a bank that
    hands over no amounts books whole instalments); one paid in part leaves the rest, interest covered first.
    An instalment is known, and so can be overdue, from the day after it fell due.

    Source: the order of cover is an own choice, and the usual order of loan contracts.
    """
    rows = known(tables, "repayments", moments)
    paid = ibis.cases(
        (rows.paid_day.isnull(), ibis.literal(0, "int64")),
        (rows.paid_amount.isnull(), rows.due_principal + rows.due_interest),
        else_=rows.paid_amount,
    )
    nothing = ibis.literal(0, "int64")
    rows = rows.mutate(paid=paid, for_principal=ibis.greatest(paid - rows.due_interest, nothing))
    return rows.select(
        *KEYS,
        "loan_id",
        "known_day",
        "due_principal",
        "due_interest",
        due_day=rows.event_day,
        principal=ibis.greatest(rows.due_principal - rows.for_principal, nothing),
        interest=ibis.greatest(rows.due_interest - rows.paid, nothing),
    )
