"""Measures that somebody notes as a fact: the price of the main product, and how long the plant stood still."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.codes import fact_codes
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.windows import KEYS, Tables, known

_CODES = {"product_price_change": fact_codes("price"), "plant_stopped_days": fact_codes("stoppage")}


def noted(tables: Tables, spine: ir.Table) -> ir.Table:
    """Facts that a rule reads, each an evaluation on the day from which it was known.

    One row per row of `spine` and fact of such a code: its value as one measure, the other null.

    Source: warning-signals.md, M12 and M15; that they are recorded as facts is an own choice, as the contract has
    no table of prices or of production. The codes: facts.yaml.
    """
    rows = known(tables, "facts", spine)
    rows = rows.filter(rows.code.isin([code for codes in _CODES.values() for code in codes]))
    values = {
        name: ibis.ifelse(rows.code.isin(codes), rows.value, ibis.null("float64"))
        for name, codes in _CODES.items()
    }
    return rows.select(*KEYS, rows.known_day.cast("int32").name(EVALUATED), **values)


NOTED = MeasureTable(
    noted,
    (
        Measure("product_price_change", "share", ("facts",), "Change of the main product's price."),
        Measure(
            "plant_stopped_days", "days", ("facts",), "Days the plant has stood still, for abnormal reasons."
        ),
    ),
)
