"""The open warnings of every customer at an as_of, as they are published and scored: codes and figures, no words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from features.groups.profile import spine_of
from features.signals.evidence import measures_said
from features.signals.firing import SignalRules
from features.signals.opened import open_signals
from features.signals.registry import signal_rules
from features.tables import SIGNAL_CODES
from pipelines.engine import Bank, Engine

GROUP = "signals"
_EPOCH = date(1970, 1, 1)

Entry = dict[str, Any]
Warnings = Mapping[str, tuple[Entry, ...]]


def open_warnings(bank: Bank, as_of: date) -> Warnings:
    """Find the open warnings of everyone known at as_of who has any, by customer id.

    The most severe first, of equal ones the newest, then in the order of codes. An entry holds `code`, `kind` (of
    the customer), `severity`, `raised_on` and `source`; a computed one also `evaluated_on`, the day on which the
    version of its rule was in force, and `figures` by measure (null: not known); a recorded one its `evidence`.
    """
    if GROUP not in bank.catalogue.groups:
        return {}
    rules = signal_rules()
    with Engine(bank) as engine:
        tables = engine.run_of([as_of])
        spine = engine.keep("spine", spine_of(tables, engine.moments([as_of])))
        opened = open_signals(rules, tables, spine)
        figures: dict[tuple[int, int], dict[str, Any]] = {}
        for table in opened.figures.values():
            figures |= {(row["customer_no"], row["place"]): row for row in _rows(engine.fetch(table))}
        ids = spine.select("customer_id", "customer_no")
        signals = engine.fetch(opened.signals.join(ids, "customer_no"))
    found: dict[str, list[Entry]] = defaultdict(list)
    for row in _rows(signals):
        own = figures.get((row["customer_no"], row["place"]), row)
        found[row["customer_id"]].append(_entry(rules, row, own))
    return {customer_id: tuple(sorted(entries, key=_order)) for customer_id, entries in found.items()}


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches():
        yield from batch.to_pylist()


def _entry(rules: SignalRules, row: Mapping[str, Any], figures: Mapping[str, Any]) -> Entry:
    code = SIGNAL_CODES[row["place"]]
    entry = {
        "code": code,
        "kind": row["kind"],
        "severity": row["severity"],
        "raised_on": _day(row["raised_day"]).isoformat(),
    }
    if not row["is_computed"]:
        return entry | {"source": "recorded", "evidence": row["evidence"]}
    on = _day(row["fired_day"])
    said = measures_said([rules.catalogue.named(code, row["kind"], on)])
    shown = {name: figures[name] for name in said}
    return entry | {"source": "computed", "evaluated_on": on.isoformat(), "figures": shown}


def _order(entry: Entry) -> tuple[int, int, int]:
    raised = date.fromisoformat(entry["raised_on"]).toordinal()
    return -entry["severity"], -raised, SIGNAL_CODES.index(entry["code"])


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
