"""Changes to a bank that nobody can know of at as_of: rows known later, and facts that were filled in later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from tests.chance import Chance
from tests.handover import Bank, with_zone
from tests.oracle_known import KEY, LATER_FACTS, instant, is_announced, is_known
from tests.random_bank import MAKERS, Record, corrected

OTHER_VALUES: Mapping[str, tuple[Any, ...]] = {
    "amount": (1, -99_999_999_999, 0),
    "balance": (0, 77, 10**13),
    "kind": ("salary", "fee", "other"),
    "channel": ("M", "B", "T"),
    "outcome": (None, "not_reached", "deal"),
    "warmth": (-2, 2, None),
    "severity": (1, 5, None),
    "score": (1e12, None, -1.0),
    "product": ("fund", "loan", "demand_deposit"),
}


HANGING: Mapping[str, tuple[Any, ...]] = {
    "satisfied": (True, False),
    "paid_amount": (1, 10**6),
    "outcome": ("deal", "declined"),
    "referred_id": ("0001", "2", "outsider"),
}
"""Values of what hangs on a later fact."""


class Future:
    """Changes one copy of a bank in ways that lie on or after as_of's midnight; `done` counts them."""

    def __init__(self, seed: int, as_of: date) -> None:
        self.draw, self.as_of = Random(seed), as_of
        self.serial = seed * 1_000_000
        kinds = ("removed", "changed", "added", "corrected", "contradicted", "filled")
        self.done: dict[str, int] = dict.fromkeys(kinds, 0)

    def __call__(self, bank: Bank) -> Bank:
        tables = {table: [*self._changed_rows(bank, table)] for table in bank.tables}
        return Bank(tables, bank.zone, bank.data_from, bank.data_until, bank.fixed_profile, bank.columns)

    def _changed_rows(self, bank: Bank, table: str) -> Iterator[Record]:
        for row in unique(bank, table):
            if is_known(bank, table, row, self.as_of):
                yield self._filled_later(bank, table, row)
            elif is_announced(bank, table, row, self.as_of):  # it has replaced an earlier version already
                yield row
            elif self.draw.random() < 0.3 and table != "customers":  # whoever has no customer is quarantined
                self.done["removed"] += 1
            else:
                yield self._changed(bank, table, row)
        yield from self._added(bank, table)

    def _later_moment(self) -> datetime:
        """The as_of midnight or some time after it."""
        lag = self.draw.choice(
            (timedelta(0), timedelta(microseconds=1), timedelta(hours=5), timedelta(days=9))
        )
        return datetime.combine(self.as_of, time(0)) + lag

    def _changed(self, bank: Bank, table: str, row: Record) -> Record:
        """A row that is not known yet, with other content; a customer's or a key's own columns stay."""
        self.done["changed"] += 1
        changed = {
            column: self.draw.choice(OTHER_VALUES[column])
            for column in row
            if column in OTHER_VALUES and (column, table) not in KEEP and self.draw.random() < 0.5
        }
        return {**row, **changed}

    def _filled_later(self, bank: Bank, table: str, row: Record) -> Record:
        """A known row whose closing, solving or settling comes later, or goes away again."""
        midnight = instant(self.as_of, bank.zone)
        found = dict(row)
        for fact, hanging in LATER_FACTS.get(table, {}).items():
            if fact not in row or (row[fact] is not None and instant(row[fact], bank.zone) < midnight):
                continue
            self.done["filled"] += 1
            later = self.draw.choice((None, self._later_moment()))
            found[fact] = later.date() if later and fact.endswith("_on") else later
            for column in hanging:
                found[column] = None if later is None else self.draw.choice(HANGING[column])
        return found

    def _added(self, bank: Bank, table: str) -> Iterator[Record]:
        """New rows of the future, old rows recorded too late, and late corrections of known rows."""
        chance = Chance(self.draw.randint(0, 10**9), (self.as_of,), is_csv=False)
        chance.serial = self.serial
        people = sorted({row["customer_id"] for row in bank.tables["customers"]})
        if table == "customers":
            yield from self._later_states(bank)
            return
        for person in people:
            for row in MAKERS[table](chance, person):
                if self.draw.random() < 0.3:
                    late = {**row, "recorded_at": self._later_moment()}
                    new = late if self.draw.random() < 0.5 else row
                    if not is_known(bank, table, new, self.as_of) and new_key(table, new, bank):
                        self.done["added"] += 1
                        yield new
        self.serial = chance.serial
        for row in unique(bank, table):
            if (
                self.draw.random() < 0.3
                and is_known(bank, table, row, self.as_of)
                and row.get("customer_id", True)
            ):
                self.done["corrected"] += 1
                late_at = self._later_moment() + timedelta(microseconds=self.draw.randint(2, 10**12))
                late = {**corrected(chance, table, row, people), "recorded_at": late_at}
                yield late
                if self.draw.random() < 0.3:
                    self.done["contradicted"] += 1
                    yield {
                        **corrected(chance, table, late, [late.get("customer_id", "")]),
                        "recorded_at": late_at,
                    }

    def _later_states(self, bank: Bank) -> Iterator[Record]:
        if "valid_from" not in bank.header("customers"):
            return
        for row in unique(bank, "customers"):
            if self.draw.random() < 0.5:
                self.done["added"] += 1
                day = self.as_of + timedelta(days=self.draw.randint(0, 3))
                yield {**row, "valid_from": day, "card_level": "diamond", "recorded_at": None}
                day = self.as_of - timedelta(days=self.draw.randint(1, 5))
                yield {**row, "valid_from": day, "kind": "corporate", "recorded_at": self._later_moment()}


KEEP = {
    ("kind", "customers"),
    ("product", "balances"),
    ("channel", "transactions"),
    ("channel", "complaints"),
    ("kind", "relations"),
    ("kind", "needs"),
    ("kind", "tasks"),
}
"""Columns of a key, or with other values than those above."""


def unique(bank: Bank, table: str) -> list[Record]:
    """Rows without their duplicates: a change to one of two would make them contradict each other."""
    found: dict[tuple[Any, ...], Record] = {}
    for row in bank.tables[table]:
        shown = {name: with_zone(v, bank.zone) if isinstance(v, datetime) else v for name, v in row.items()}
        found.setdefault(tuple(shown.items()), dict(row))
    return [*found.values()]


def new_key(table: str, row: Record, bank: Bank) -> bool:
    """Whether the key of the row is not in use: some tables have no id of their own."""
    if len(KEY[table]) == 1:
        return True

    def key(one: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(one.get(column) or (column == "bank" and "own") for column in KEY[table])

    return key(row) not in {key(other) for other in bank.tables[table]}
