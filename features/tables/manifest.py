"""What is known about a bank's prepared tables: zone, currency, span of the data, the bank's own columns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

SnapshotType = Literal["number", "boolean", "text"]


@dataclass(frozen=True)
class BankManifest:
    """Settings and shape of one bank's prepared tables; stored beside them as `manifest.json`.

    `data_from` is the first day on which a table is complete (bank.yaml, otherwise the day on which the bank
    first knew a row of it). `data_until` is a local midnight: everything before it is known. `tables` lists the
    contract's columns that each prepared table has. `fixed_profile` are columns of `customers` that never change, says
    the bank. `titles` give the bank's own columns a name per language, {"en": ..., "zh": ...}. `currency` is
    "" where the bank names none.
    """

    digest: str
    zone: str
    currency: str
    currency_decimals: int
    data_from: Mapping[str, date]
    data_until: date
    tables: Mapping[str, tuple[str, ...]]
    fixed_profile: tuple[str, ...] = ()
    snapshot_columns: Mapping[str, SnapshotType] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        """Whether the bank handed over this table, with all of these columns.

        Examples
        --------
        >>> from datetime import date
        >>> bank = BankManifest("0", "UTC", "", 2, {}, date(2026, 1, 1), {"loans": ("loan_id", "amount")})
        >>> bank.has("loans", "amount"), bank.has("loans", "rate"), bank.has("contacts")
        (True, False, False)
        """
        return table in self.tables and set(columns) <= set(self.tables[table])

    def to_json(self) -> str:
        """Return canonical JSON: keys sorted, dates as YYYY-MM-DD."""
        body = {
            "digest": self.digest,
            "zone": self.zone,
            "currency": self.currency,
            "currency_decimals": self.currency_decimals,
            "data_from": {table: day.isoformat() for table, day in self.data_from.items()},
            "data_until": self.data_until.isoformat(),
            "tables": {table: list(columns) for table, columns in self.tables.items()},
            "fixed_profile": list(self.fixed_profile),
            "snapshot_columns": dict(self.snapshot_columns),
            "titles": {column: dict(words) for column, words in self.titles.items()},
        }
        return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "BankManifest":
        """Read back what `to_json` wrote.

        Examples
        --------
        >>> from datetime import date
        >>> bank = BankManifest("0", "UTC", "EUR", 2, {}, date(2026, 1, 1), {"loans": ("loan_id",)})
        >>> BankManifest.from_json(bank.to_json()) == bank
        True
        """
        body: dict[str, Any] = json.loads(text)
        return cls(
            digest=body["digest"],
            zone=body["zone"],
            currency=body["currency"],
            currency_decimals=body["currency_decimals"],
            data_from={table: date.fromisoformat(day) for table, day in body["data_from"].items()},
            data_until=date.fromisoformat(body["data_until"]),
            tables={table: tuple(columns) for table, columns in body["tables"].items()},
            fixed_profile=tuple(body["fixed_profile"]),
            snapshot_columns=body["snapshot_columns"],
            titles=body["titles"],
        )
