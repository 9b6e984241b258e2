"""The open signals of every customer, each code once, with the figures of its newest firing: what a warning says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from features.signals.evidence import measures_said
from features.signals.firing import PLACES, SignalRules
from features.signals.measures import EVALUATED
from features.signals.raised import Raised, raised_signals, spread
from features.windows import KEYS, Tables

_CODE = (*KEYS, "place")


@dataclass(frozen=True)
class Opened:
    """Open signals, and their figures by measure table.

    `signals`: one row per KEYS and `place` of a code: `kind` of customer, `raised_day` (the first of those still
    open), `severity`, and of the most severe one `is_computed`, `fired_day` (a computed one's newest firing),
    `guarantor_severity` (F13) and `evidence` (as recorded). `figures`: one row per KEYS and `place` of a computed
    signal of the table, with every measure that some evidence of the table shows.
    """

    signals: ir.Table
    figures: Mapping[str, ir.Table]


def open_signals(rules: SignalRules, tables: Tables, spine: ir.Table) -> Opened:
    """Find what is open at as_of; of a code open more than once the most severe speaks, of equal ones the computed.

    Source: own choice: severity decides what is done, and figures can be checked.
    """
    raised = raised_signals(rules, tables, spine, has_figures=True)
    rows = _open_rows(raised)
    order = [
        ibis.desc("severity"),
        ibis.desc("is_computed"),
        ibis.desc("raised_day"),
        rows.evidence.asc(nulls_first=False),
    ]
    first = rows.raised_day.min().over(group_by=_CODE)
    rows = rows.mutate(since=first, rank=ibis.row_number().over(group_by=_CODE, order_by=order))
    rows = rows.filter(rows["rank"] == 0).drop("rank", "raised_day").rename(raised_day="since")
    rows = tables.keep("signals_open", rows.join(raised.people.select(*KEYS, "kind"), KEYS))
    figures = {table: _figures(rules, table, each, rows) for table, each in raised.evaluations.items()}
    return Opened(rows, figures)


def _open_rows(raised: Raised) -> ir.Table:
    no_day, no_text, no_figure = ibis.null("int32"), ibis.null("string"), ibis.null("float64")
    parts = [_part(raised.computed, raised.computed.fired_day, no_text, no_figure)]
    if raised.guaranteed is not None:
        of_guarantor = raised.guaranteed
        fired = (of_guarantor.raised_day + 1).cast("int32")
        parts.append(_part(of_guarantor, fired, no_text, of_guarantor.figure))
    recorded = (raised.own, spread(raised, raised.people))
    parts += [_part(rows, no_day, rows.evidence, no_figure) for rows in recorded if rows is not None]
    return ibis.union(*parts)


def _part(
    rows: ir.Table, fired_day: ir.IntegerValue, evidence: ir.StringValue, figure: ir.FloatingValue
) -> ir.Table:
    shown = rows.mutate(fired_day=fired_day, evidence=evidence, guarantor_severity=figure)
    shown = shown.filter(shown.closed_day.isnull())
    return shown.select(
        *_CODE,
        "raised_day",
        "severity",
        "fired_day",
        "evidence",
        "guarantor_severity",
        is_computed=shown.fired_day.notnull(),
    )


def _figures(rules: SignalRules, table: str, evaluations: ir.Table, opened: ir.Table) -> ir.Table:
    """Measures of the newest firing of each open signal; of several on its day the most severe's, then the least."""
    codes = rules.codes(table)
    own = opened.filter(opened.is_computed, opened.place.isin([PLACES[code] for code in codes]))
    own = own.select(*_CODE, **{EVALUATED: own.fired_day})
    rows = evaluations.join(own, [*KEYS, EVALUATED])
    level = ibis.cases(*((rows.place == PLACES[code], rows[code]) for code in codes), else_=ibis.null("int8"))
    rows = rows.mutate(level=level).filter(lambda t: t.level > 0)
    said = measures_said(rules.catalogue.reading(table))
    order = [ibis.desc("level"), *(rows[name].asc(nulls_first=False) for name in said)]
    rows = rows.mutate(rank=ibis.row_number().over(group_by=_CODE, order_by=order))
    return rows.filter(rows["rank"] == 0).select(*_CODE, *said)
