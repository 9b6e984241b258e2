"""Leak alarm: a feature whose value at a date hangs on what the bank came to know only later."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.store import day_number
from features.tables import DAY_COLUMNS, NEVER
from features.windows import KEYS, Tables, customer_numbers, masked
from pipelines.build import Store, view_rows
from pipelines.engine import Engine
from training.dataset import Dataset
from training.errors import TrainingError

FloatArray = NDArray[np.float64]

LOGS = ("transactions", "balances", "contacts")
"""Large tables, cut down to the customers asked for and those tied to them. The others stay whole: features hold a
customer against his industry, his kind and the other customers of his manager."""

TIES = {"relations": "other_id", "loans": "guarantor_id"}
"""Tables that tie a customer to another one, whose logs his features may read, with the column of the other's id."""

PLACE = "place__"
"""A name that no attribute of a bank bears: intake refuses those with two underscores."""


def check_hindsight(source: Store, rows: Dataset, most: int, threads: int) -> None:
    """Refuse rows with a feature that is another one when what was known only later is taken out of the tables.

    At the newest date of `rows`, the features of some customers are computed once more: from tables without the rows
    that became known later, with later corrections undone and later facts emptied. They have to be, to the bit, what
    `rows` hold. A bank that writes over its rows without a `recorded_at` hides the change from this, too.

    Parameters
    ----------
    rows
        What a model is about to learn from, as read through the feature store.
    most
        How many customers at most, chosen by a hash of their id: the same ones in any order.

    Raises
    ------
    TrainingError
        Names every feature that differs, with its group and of how many customers it does.
    """
    as_of: date = rows.as_of.max().item()
    newest = rows.where(rows.as_of == rows.as_of.max())
    order = np.argsort([zlib.crc32(name.encode()) for name in newest.customer_ids], kind="stable")[:most]
    ids = tuple(newest.customer_ids[place] for place in order)
    found = {}
    for again in _computed_then(source, as_of, ids, threads):
        for name in again.column_names:
            if name in rows.names:
                found[name] = _differing(newest.column(name)[order], again[name].to_numpy())
    if any(found.values()):
        raise TrainingError(_alarm(source, as_of, len(ids), found))


def _differing(held: FloatArray, again: FloatArray) -> int:
    """Count values that are not equal to the bit; what was not observed either time is equal."""
    is_same = (held.view(np.uint64) == again.view(np.uint64)) | (np.isnan(held) & np.isnan(again))
    return int((~is_same).sum())


def _alarm(source: Store, as_of: date, asked: int, found: Mapping[str, int]) -> str:
    names = sorted(name for name, number in found.items() if number)
    named = ", ".join(f"{name} ({source.bank.catalogue[name].group}, {found[name]})" for name in names)
    return (
        f"features at {as_of}: expected the same values of {asked} customers without what became known on or after "
        f"that date; got others of {named} (its group, and of how many customers). Such a feature tells what happened "
        f"later. Remove {source.directory} and train again, in case it was written to by hand. If the alarm stays, the "
        "expression in features/groups reads what was not known yet: let it read through features.windows.known."
    )


def _computed_then(source: Store, as_of: date, ids: tuple[str, ...], threads: int) -> Iterator[pa.Table]:
    """Compute the features of some customers from what was known at as_of: a table per group, in the order of ids."""
    with Engine(source.bank, threads) as engine:
        asked = engine.load("asked", pa.table({"customer_id": ids, PLACE: range(len(ids))}))
        run = engine.run_of([as_of])
        then = replace(run, expressions=_known_then(run, day_number(as_of)))
        then = replace(then, expressions=_kept(engine, then, asked))
        with engine.spine(then, [as_of]) as (tables, spine):
            people = asked.left_join(spine.select("customer_id", *KEYS), "customer_id")
            people = engine.keep("asked_spine", people.select(PLACE, *KEYS))
            for group in source.bank.catalogue.groups:
                with engine.scratch():
                    values = people.left_join(view_rows(source, tables, spine, group), KEYS)
                    yield engine.fetch(values.order_by(PLACE))


def _known_then(tables: Tables, as_of_day: int) -> dict[str, ir.Table]:
    """Every table as the bank knew it at as_of: no later row, no later correction, no later fact of a known row."""
    found = {}
    for name, table in tables.expressions.items():
        rows = table.filter(table.known_day <= as_of_day)
        until = ibis.ifelse(rows.until_day > as_of_day, ibis.literal(NEVER, "int32"), rows.until_day)
        found[name] = masked(rows.mutate(until_day=until), name, ibis.literal(as_of_day, "int32"))
    found["customers"] = found["customers"].union(_not_yet_known(tables["customers"], as_of_day))
    return found


def _not_yet_known(customers: ir.Table, as_of_day: int) -> ir.Table:
    """Ids of customers of whom nothing is known at as_of: other tables may name them already, all else is empty."""
    later = customers.anti_join(customers.filter(customers.known_day <= as_of_day), "customer_no")
    empty = {
        name: ibis.null(kind)
        for name, kind in later.schema().items()
        if name not in ("customer_id", "customer_no", *DAY_COLUMNS)
    }
    return later.mutate(**empty)


def _kept(engine: Engine, tables: Tables, asked: ir.Table) -> dict[str, ir.Table]:
    """Compute every table once, of logs the rows of the customers asked for and of those to whom they are tied."""
    parts = [asked.select("customer_id")]
    for name, other in TIES.items():
        if name in tables:
            ties = tables[name].select("customer_id", other_id=other)
            parts.append(ties.semi_join(asked, "customer_id").select(customer_id="other_id"))
            parts.append(ties.semi_join(asked, ties.other_id == asked.customer_id).select("customer_id"))
    people = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]
    numbers = engine.keep("asked_numbers", customer_numbers(tables).semi_join(people, "customer_id"))
    return {
        name: engine.keep(f"{name}_then", table.semi_join(numbers, "customer_no") if name in LOGS else table)
        for name, table in tables.expressions.items()
    }
