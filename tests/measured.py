"""What the product computes for the measure tables of signals: every evaluation, by table, as_of and customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from features.groups.profile import spine_of
from features.signals.registry import MEASURE_TABLES
from pipelines.engine import Engine
from tests.compute import compute
from tests.handover import Bank

Figures = dict[str, float | None]
Measured = dict[tuple[str, date, str, date], Figures]
"""Figures by table, as_of, customer and the day of the evaluation."""

_EPOCH = date(1970, 1, 1)


def measured(bank: Bank, directory: Path, as_ofs: Sequence[date], tables: Sequence[str]) -> Measured:
    """Figures of every evaluation of some measure tables, in one run over several as_of dates."""
    found: Measured = {}
    with Engine(compute(bank, directory).store.bank) as engine:
        prepared = engine.run_of(as_ofs)
        spine = engine.keep("spine", spine_of(prepared, engine.moments(list(as_ofs))))
        names = {
            (row["customer_no"], row["as_of_day"]): (row["as_of"], row["customer_id"])
            for row in engine.fetch(spine).to_pylist()
        }
        for table in tables:
            if not MEASURE_TABLES[table].exists(prepared):
                continue
            for row in engine.fetch(MEASURE_TABLES[table].rows(prepared, spine)).to_pylist():
                as_of, customer_id = names[row.pop("customer_no"), row.pop("as_of_day")]
                key = (table, as_of, customer_id, _EPOCH + timedelta(days=row.pop("evaluated_day")))
                assert key not in found, f"two rows of one evaluation: {key}"
                found[key] = row
    return found
