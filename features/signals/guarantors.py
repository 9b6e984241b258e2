"""F13: a guarantor who is a customer is in trouble himself."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.signals.episodes import merged
from features.signals.firing import PLACES, level
from features.signals.measures import EVALUATED
from features.signals.records import SignalCatalogue
from features.tables import NEVER
from features.windows import KEYS, Tables, customer_numbers, known

CODE = "F13"
TABLE = "guarantor"


def guarantors(tables: Tables, spine: ir.Table) -> ir.Table | None:
    """Who guarantees whom, as known at as_of; None for a bank with neither loans nor relations.

    One row per KEYS, guarantor and guarantee: `guarantor_no`, and the days of the guarantee from `from_day`, on
    which the bank came to know of it, until before `until_day`: a loan's maturity, null for a relation, which has no
    end. A guarantor who is no customer of the bank is left out.

    Source: warning-signals.md, F13; that a guarantee ends with the loan's term is an own choice.
    """
    parts = []
    if "loans" in tables:
        loans = known(tables, "loans", spine)
        parts.append(_named(tables, loans, loans.guarantor_id, loans.matures_day))
    if "relations" in tables:
        relations = known(tables, "relations", spine)
        relations = relations.filter(relations.kind == "guarantor")
        parts.append(_named(tables, relations, relations.other_id, ibis.null("int32")))
    return ibis.union(*parts, distinct=True) if parts else None


def _named(tables: Tables, rows: ir.Table, named: ir.StringValue, until: ir.IntegerValue) -> ir.Table:
    numbers = customer_numbers(tables).rename(other_id="customer_id", guarantor_no="customer_no")
    links = rows.select(*KEYS, other_id=named, from_day=rows.known_day.cast("int64") - 1, until_day=until)
    return links.join(numbers, "other_id").select(*KEYS, "guarantor_no", "from_day", "until_day")


def guarantor_spans(catalogue: SignalCatalogue, links: ir.Table, troubles: ir.Table) -> ir.Table:
    """Times through which a guarantor had an open signal as severe as the rule asks, F13 itself left out.

    One row per KEYS and span: the columns of an episode, and `figure`, the severity of the worst that is still open.

    Parameters
    ----------
    links
        Rows of `guarantors` with the customer's `kind`.
    troubles
        Signals of guarantors: customer_no is the guarantor's.
    """
    known_of = troubles.filter(troubles.place != PLACES[CODE]).rename(
        guarantor_no="customer_no", signal_raised="raised_day", signal_closed="closed_day", trouble="severity"
    )
    rows = links.join(known_of, ["guarantor_no", "as_of_day"])
    start = ibis.greatest(rows.from_day, rows.signal_raised)
    end = ibis.least(rows.until_day.fill_null(NEVER), rows.signal_closed.fill_null(NEVER))
    end = ibis.ifelse(end < rows.as_of_day, end, ibis.null("int32"))
    rows = rows.mutate(
        raised_day=start.cast("int32"), closed_day=end, **{EVALUATED: (start + 1).cast("int32")}
    )
    rows = rows.mutate(guarantor_severity=rows.trouble.cast("float64"))
    rows = rows.mutate(level=level(catalogue.reading(TABLE), rows))
    rows = rows.filter(rows.level > 0, rows.raised_day < rows.closed_day.fill_null(NEVER))
    return merged(
        rows.select(
            *KEYS,
            "raised_day",
            "closed_day",
            place=ibis.literal(PLACES[CODE], "int16"),
            severity=rows.level,
            figure=rows.guarantor_severity,
        )
    )
