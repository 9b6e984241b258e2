"""A bank's own attributes, under its own names."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.tables import PROTECTED_COLUMNS
from features.windows import KEYS, Tables, known, onto_spine

_PLACE = "place__"
"""A name that no attribute of a bank bears: intake refuses those with two underscores."""


def snapshots(tables: Tables, spine: ir.Table) -> ir.Table:
    """The newest snapshot dated as_of or before, its texts as codes of the bank's code book.

    One row per (customer_id, as_of) of `spine`. Null: no snapshot, or the attribute is empty in it.

    Source: contract.md, "A `snapshots` row dated D".
    """
    rows = known(tables, "snapshots", spine)
    newest = ibis.row_number().over(group_by=KEYS, order_by=ibis.desc("event_day"))
    rows = rows.mutate(**{_PLACE: newest}).filter(lambda t: t[_PLACE] == 0)
    columns: dict[str, ir.Value] = {}
    for column, kind in sorted(tables.snapshot_kinds.items()):
        if column.lower() in PROTECTED_COLUMNS:
            continue
        columns[column] = (
            _coded(rows[column], tables.codes[column]) if kind == "text" else rows[column].cast("float64")
        )
    return onto_spine(spine.select(*KEYS), rows.select(*KEYS, **columns))


def _coded(value: ir.StringValue, codes: Mapping[str, int]) -> ir.FloatingValue:
    if not codes:
        return ibis.null("float64")
    return value.cases(
        *((text, float(code)) for text, code in sorted(codes.items())), else_=ibis.null("float64")
    )
