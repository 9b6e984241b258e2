"""Random banks: coincidences, ties, late rows, corrections and gaps are the rule in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tests import random_contact, random_credit, random_relations, random_signals, random_statements
from tests import random_tables as tables_of
from tests.chance import Chance, midnight_of
from tests.handover import Bank
from tests.oracle_known import EVENT, KEY

Record = dict[str, Any]
Maker = Callable[[Chance, str], Iterator[Record]]

AS_OFS = (date(2024, 3, 31), date(2024, 4, 1), date(2024, 10, 27), date(2024, 10, 28), date(2025, 3, 1))
MAKERS: dict[str, Maker] = {
    "contacts": random_contact.contacts,
    "balances": tables_of.balances,
    "transactions": tables_of.transactions,
    "warning_signals": random_signals.signals,
    "complaints": random_contact.complaints,
    "strain_signs": random_contact.strain_signs,
    "snapshots": tables_of.snapshots,
    "holdings": random_credit.holdings,
    "loans": random_credit.loans,
    "repayments": random_credit.repayments,
    **random_relations.MAKERS,
    "facts": random_signals.facts,
    "statements": random_statements.statements,
}

CONTENT: dict[str, str] = {"loans": "amount", "strain_signs": "code", "statements": "sales"}
"""Of tables added later: a number column that a correction changes."""


FIXED = ("card_level", "credit_line", "manager_id", "employees", "orientation", "industry", "region")
"""Columns of customers of which a bank that keeps no states may say that they never change."""


def all_rows(chance: Chance, maker: Maker, people: list[str]) -> Iterator[Record]:
    """Rows of one table for every customer."""
    for person in people:
        chance.turn_to(person)
        yield from maker(chance, person)


def random_bank(
    seed: int,
    customers: int,
    *,
    is_csv: bool = False,
    as_ofs: Sequence[date] = AS_OFS,
    has_states: bool | None = None,
    is_whole: bool = False,
) -> Bank:
    """A bank with every kind of coincidence, and with some tables missing or empty unless `is_whole`.

    Of four seeds in a row one has every table, one most of them, one no transactions, one no balances either.
    """
    chance = Chance(seed, as_ofs, is_csv=is_csv)
    keeps_states = chance.likely(0.5) if has_states is None else has_states
    people = [f"{number:04d}" if number % 2 else f"{number}" for number in range(customers)]
    makers = MAKERS if is_whole else some_of(chance, seed)
    states = partial(tables_of.states, has_states=keeps_states)
    tables = {"customers": zoned(chance, [*all_rows(chance, states, people)])}
    columns: dict[str, tuple[str, ...]] = {}
    for table, maker in makers.items():
        rows = [*all_rows(chance, maker, people)]
        columns[table] = tuple(dict.fromkeys(name for row in rows for name in row))
        is_empty = not is_whole and table != "snapshots" and chance.likely(0.05)
        tables[table] = [] if is_empty else zoned(chance, [*nasty(chance, table, rows, people)])
    stated = [table for table in EVENT if table in tables and (is_whole or chance.likely(0.5))]
    data_from = {table: chance.one(date(2022, 1, 1), date(2023, 6, 1), date(2024, 4, 1)) for table in stated}
    fixed = () if keeps_states else tuple(name for name in FIXED if chance.likely(0.5))
    return Bank(tables, chance.zone, data_from, max(as_ofs) + timedelta(days=200), fixed, columns)


def some_of(chance: Chance, seed: int) -> dict[str, Maker]:
    """The tables of a bank: what its customers' activity is measured by rotates with the seed."""
    if seed % 4 == 1:
        return MAKERS
    always, never = {2: ("contacts", ""), 3: ("balances", "transactions"), 0: ("snapshots", "transactions")}[
        seed % 4
    ]
    left_out = {never, "balances"} if always == "snapshots" else {never}
    return {
        table: maker
        for table, maker in MAKERS.items()
        if table == always or (table not in left_out and chance.likely(0.85))
    }


def zoned(chance: Chance, rows: list[Record]) -> list[Record]:
    """Give moments their zone: in CSV here and there, in Parquet a whole column or none of it."""
    columns = {name for row in rows for name in row if name.endswith("_at")}
    share = {name: 0.5 if chance.is_csv else chance.one(0.0, 1.0) for name in sorted(columns)}
    found = []
    for row in rows:
        shown = dict(row)
        for name in share:
            value = row.get(name)
            if value is not None and chance.likely(share[name]):
                shown[name] = value.replace(tzinfo=ZoneInfo(chance.zone)).astimezone(UTC)
        found.append(shown)
    chance.draw.shuffle(found)
    return found


def nasty(chance: Chance, table: str, rows: list[Record], people: list[str]) -> Iterator[Record]:
    """The rows with duplicates, corrections, contradictions and orphans among them."""
    event = EVENT[table]
    for row in rows:
        yield row
        if chance.likely(0.03):
            yield dict(row)
        if chance.likely(0.12):
            recorded = row.get("recorded_at") or midnight_of(row[event] or AS_OFS[0])
            for _ in range(chance.one(1, 1, 2)):
                recorded = recorded + chance.one(timedelta(seconds=1), timedelta(days=1), timedelta(days=40))
                changed = corrected(chance, table, row, people)
                yield {**changed, "recorded_at": recorded}
        elif chance.likely(0.01):
            contradiction = corrected(chance, table, row, [row.get("customer_id", "")])
            yield {**contradiction, event: row[event], "recorded_at": row.get("recorded_at")}
    own_id = KEY[table][0]
    if rows and chance.likely(0.5) and len(KEY[table]) == 1 and own_id != "customer_id":
        key = own_id
        yield {**rows[0], "customer_id": "nobody", key: chance.next_id("o")}


def corrected(chance: Chance, table: str, row: Record, people: list[str]) -> Record:
    """The same key with other content; ids of their own may even move to another customer or day."""
    changed = dict(row)
    if table in random_relations.CORRECTIONS:
        return {**changed, **random_relations.CORRECTIONS[table](chance, row)}
    if table == "balances":
        changed["balance"] = row["balance"] + chance.one(1, 500, -1)
        return changed
    if table == "repayments":
        changed["due_principal"] = row["due_principal"] + chance.one(1, 5000)
        return changed
    if table == "snapshots":
        changed["score"] = (row["score"] or 0) + 1
        return changed
    content = {"contacts": "channel", "transactions": "channel", "complaints": "category",
               "warning_signals": "evidence", "holdings": "risk_grade"}.get(table)  # fmt: skip
    if content is None:
        return changed_content(chance, table, changed)
    other = {"contacts": ("T", "M"), "transactions": ("branch", "atm")}.get(table, ("x", "y"))
    changed[content] = other[0] if row[content] != other[0] else other[1]
    if chance.likely(0.1):
        changed["customer_id"] = chance.one(*people)
    if chance.likely(0.2) and "occurred_at" in row:
        changed["occurred_at"] = row["occurred_at"] + timedelta(days=chance.one(-1, -1, 1, 30))
    if table == "transactions":
        changed["amount"] = row["amount"] + chance.one(0, 100)
    if table == "complaints":
        changed["resolved_at"] = chance.moment(chance.day())
        changed["satisfied"] = chance.one(True, False, None)
    return changed


def changed_content(chance: Chance, table: str, row: Record) -> Record:
    """The row with one of its columns of content changed."""
    column = CONTENT[table]
    value = row[column]
    row[column] = chance.one(1, 2, 250) if value is None else value + 1
    return row
