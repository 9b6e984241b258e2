"""Measures on what others say: warmth that turns, enquiries by other banks."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.codes import fact_codes
from features.policy import read_policy
from features.signals.evaluations import (
    day_number,
    evaluation_days,
    moments,
    month_start,
    on_days,
    run_months,
)
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.windows import KEYS, Tables, ratio

_POLICY = read_policy("accounts")
_ENQUIRIES = fact_codes("enquiry")
_NOW: int = int(_POLICY["warmth_now"])
_ALL: int = _NOW + int(_POLICY["warmth_before"])
_WARMTH_DAYS: int = int(_POLICY["warmth_days"])
_EVALUATION = (*KEYS, EVALUATED)


def warmth(tables: Tables, spine: ir.Table) -> ir.Table:
    """Mean warmth of the last three noted contacts against that of the six before them.

    One row per row of `spine` of a customer with nine noted contacts, and evaluation: firsts of months, as_of, and
    the days on which a noted contact became known. Points from -2 to 2. Null: fewer than nine noted contacts known
    in the `warmth_days` before. Contacts of one moment stand in the order of their ids.

    Source: warning-signals.md, M39; that what was noted long ago is left out is an own choice.
    """
    rows = tables.share("signals_noted", lambda: _noted(tables))
    is_new = rows.known_day - rows.event_day <= _WARMTH_DAYS
    events = rows.filter(is_new).select("customer_no", day=lambda t: t.known_day)
    days = evaluation_days(tables, spine.semi_join(rows, "customer_no"), events)
    at = rows.join(moments(days), "customer_no")
    at = at.filter(
        at.known_day <= at.as_of_day, at.until_day > at.as_of_day, at.event_day >= at.as_of_day - _WARMTH_DAYS,
        at.event_day < at.as_of_day,
    )  # fmt: skip
    place = ibis.row_number().over(group_by=KEYS, order_by=ibis.desc("place"))
    at = at.mutate(back=place)
    found = at.group_by(*KEYS).aggregate(
        noted=at.count(where=at.back < _ALL),
        now=at.warmth.sum(where=at.back < _NOW).cast("int64"),
        before=at.warmth.sum(where=(at.back >= _NOW) & (at.back < _ALL)).cast("int64"),
    )
    joined = on_days(days, found.filter(found.noted == _ALL))
    older = _ALL - _NOW
    return joined.select(
        *_EVALUATION,
        warmth_now=ratio(joined.now, ibis.literal(_NOW)),
        warmth_before=ratio(joined.before, ibis.literal(older)),
        warmth_change=ratio(joined.now * older - joined.before * _NOW, ibis.literal(_NOW * older)),
    )


def _noted(tables: Tables) -> ir.Table:
    """Contacts with a noted warmth of customers with nine of them, in their order (`place`)."""
    first = day_number(month_start(run_months(tables)[0])) - _WARMTH_DAYS
    rows = tables["contacts"]
    rows = rows.filter(
        rows.warmth.notnull(), rows.event_day >= first, rows.known_day <= max(tables.as_of_days)
    )
    enough = rows.group_by("customer_no").aggregate(n=rows.count()).filter(lambda t: t.n >= _ALL)
    rows = rows.semi_join(enough, "customer_no")
    place = ibis.row_number().over(
        group_by="customer_no", order_by=["occurred_at", "contact_id", "known_day"]
    )
    return rows.select("customer_no", "event_day", "known_day", "until_day", "warmth", place=place)


def enquiries(tables: Tables, spine: ir.Table) -> ir.Table:
    """How often other banks asked about the customer's credit in the last 30 days.

    One row per row of `spine` of a customer with an enquiry known by as_of, and evaluation: firsts of months, as_of,
    and the days on which an enquiry became known. A note with the value 0 says that there was none.

    Source: warning-signals.md, M43; the code: facts.yaml.
    """
    rows = tables["facts"]
    rows = rows.filter(rows.code.isin(_ENQUIRIES), rows["value"].fill_null(1.0) != 0.0)
    those = spine.select(*KEYS).join(rows.select("customer_no", "known_day"), "customer_no")
    those = spine.semi_join(those.filter(those.known_day <= those.as_of_day), KEYS)
    days = evaluation_days(tables, those, rows.select("customer_no", day=rows.known_day))
    at = rows.join(moments(days), "customer_no")
    at = at.filter(
        at.known_day <= at.as_of_day, at.until_day > at.as_of_day, at.event_day >= at.as_of_day - 30
    )
    found = at.group_by(*KEYS).aggregate(asked=at.count())
    joined = on_days(days, found)
    return joined.select(*_EVALUATION, enquiries_30d=joined.asked.fill_null(0).cast("float64"))


WARMTH = MeasureTable(
    warmth,
    (
        Measure("warmth_now", "score", ("contacts",), "Mean warmth of the last three noted contacts."),
        Measure("warmth_before", "score", ("contacts",), "Mean warmth of the six before them."),
        Measure("warmth_change", "score", ("contacts",), "The one less the other."),
    ),
)

ENQUIRIES = MeasureTable(
    enquiries,
    (Measure("enquiries_30d", "count", ("facts",), "Enquiries of other banks in 30 days."),),
)
