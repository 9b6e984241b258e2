"""Statements that do not come: what a company's own habit of handing in lets the bank expect, and by when."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.signals.limits import limits_of
from features.signals.measures import Measure, MeasureTable
from features.signals.year_on_year import shifted_day, where
from features.windows import KEYS, Tables

WAITS = {
    "month_statement_wait": (1, 1),
    "quarter_statement_wait": (2, 3),
    "half_year_statement_wait": (4, 6),
    "year_statement_wait": (7, 24),
}
"""Measures of waiting by the shortest and longest period, in months, that each is about (own choice: a period of
another length is held to the limit of the next longer one)."""

_NO_LIMIT = 36_500
"""Days, a century: a length of which no rule says when it is late."""


def lateness(tables: Tables, spine: ir.Table) -> ir.Table:
    """How long the bank waits, or waited, for every statement that it could expect.

    One row per KEYS and `evaluated_day`: the day on which an expected statement became known, or the first after
    its limit if it had not. Days from the period's end to receipt; on the day after the limit to as_of, while
    nothing has come; 0 on the day on which a late one came: nothing is outstanding any more. Null: none of this
    length expected.

    Source: warning-signals.md, F01; what counts as expected: `expected`.
    """
    rows = tables.keep("lateness_expected", expected(tables, spine))
    late = rows.filter(rows.is_late, (rows.late_day < rows.known_day).fill_null(True))  # noqa: FBT003
    came = rows.filter(rows.known_day.notnull())
    parts = [
        late.select(*KEYS, "months", evaluated_day=late.late_day, wait=late.wait),
        came.select(
            *KEYS, "months", evaluated_day=came.known_day, wait=ibis.ifelse(came.is_late, 0, came.wait)
        ),
    ]
    both = ibis.union(*parts)
    measures = {
        name: both.wait.max(where=both.months.between(low, high)).cast("float64")
        for name, (low, high) in WAITS.items()
    }
    return both.group_by(*KEYS, "evaluated_day").aggregate(**measures)


def expected(tables: Tables, spine: ir.Table) -> ir.Table:
    """Statements that the bank could expect at as_of, each after one that it had.

    A company's habit is the shortest step, in whole months, between the ends of two periods of equal length that
    it has handed in so far; the next period is expected to end one step after the last. One row per KEYS and
    statement known from which on a habit was known: `months`, `wait` (int32, days from the period's end to
    receipt, or to as_of while nothing has come), `known_day` (when what came next was first known; null: nothing
    yet), `late_day` (first as_of day on which it could be called late), `is_late`. What came before its habit was
    known was not expected.

    Source: warning-signals.md, F01; the habit: own choice.
    """
    settings = read_policy("statements")
    rows = _habits(_arrivals(tables, spine))
    rows = rows.filter(rows.habit.between(1, settings["longest_step_months"]))
    due = shifted_day(rows.event_day, rows.habit)
    fits = (rows.next_day <= due + settings["period_slack_days"]).fill_null(False)  # noqa: FBT003
    rows = rows.mutate(end_day=ibis.ifelse(fits, rows.next_day, due))
    waited = (rows.next_received.coalesce(rows.as_of_day) - rows.end_day).cast("int32")
    return rows.mutate(
        wait=waited,
        known_day=rows.next_known,
        late_day=ibis.greatest(rows.end_day + _limit(rows.months) + 1, rows.habit_known).cast("int32"),
        is_late=waited > _limit(rows.months),
    ).filter(lambda t: (t.habit_known < t.known_day).fill_null(True))  # noqa: FBT003


def outstanding(tables: Tables, spine: ir.Table) -> ir.Table:
    """Days that an expected statement is past its limit without having come; of several, the most.

    One row per KEYS with a habit of handing in: `statement_late_days`, 0 where nothing is outstanding.
    """
    rows = expected(tables, spine)
    late = ibis.ifelse(rows.known_day.isnull() & rows.is_late, rows.wait - _limit(rows.months), 0)
    return (
        rows.mutate(late=late)
        .group_by(*KEYS)
        .aggregate(statement_late_days=lambda t: t.late.max().cast("float64"))
    )


def _arrivals(tables: Tables, spine: ir.Table) -> ir.Table:
    """Every statement that was known by as_of in any version: when it was first known, and when it was received.

    A version that was replaced before it could be known never was. Without `received_on` a statement was received
    on the day before it was first known.
    """
    rows = tables["statements"].join(spine.select(*KEYS), "customer_no")
    rows = rows.filter(rows.known_day <= rows.as_of_day, rows.known_day < rows.until_day)
    found = rows.group_by(*KEYS, "months", "event_day").aggregate(
        known=rows.known_day.min(), received=rows.received_day.max(where=rows.until_day > rows.as_of_day)
    )
    return found.mutate(received=found.received.coalesce(found.known - 1))


def _habits(rows: ir.Table) -> ir.Table:
    """Each arrival with the habit known by it, and with what came next."""
    series = {"group_by": (*KEYS, "months"), "order_by": "event_day"}
    so_far = ibis.window(preceding=None, following=0, **series)
    step = (rows.event_day - rows.event_day.lag().over(**series)) * 96 + 1461
    rows = rows.mutate(step=(step // 2922).cast("int32"))  # days over 30.4375, a mean month, rounded
    return rows.mutate(
        habit=where(rows.step > 0, rows.step).min().over(so_far),
        habit_known=rows.known.max().over(so_far),
        next_day=rows.event_day.lead().over(**series),
        next_known=rows.known.lead().over(**series),
        next_received=rows.received.lead().over(**series),
    )


def _limit(months: ir.IntegerValue) -> ir.IntegerValue:
    """Days within which a statement has to come, by the months of its period: the (strictest) limits of F01."""
    limits = [(longest, int(min(limits_of(name), default=_NO_LIMIT))) for name, (_, longest) in WAITS.items()]
    return ibis.cases(*((months <= longest, days) for longest, days in limits), else_=limits[-1][1])


LATENESS = MeasureTable(
    lateness,
    tuple(
        Measure(name, "days", ("statements",), f"Days waited for a statement of {low} to {high} months.")
        for name, (low, high) in WAITS.items()
    ),
)
