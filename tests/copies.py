"""Copies of all customers inside one bank: many variants of the same customers cost one run of the engine."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.compute import Features
from tests.handover import Bank, Tables

ROW_IDS = (
    "contact_id",
    "transaction_id",
    "complaint_id",
    "signal_id",
    "sign_id",
    "holding_id",
    "loan_id",
    "need_id",
    "task_id",
)
OTHERS = (
    "other_id",
    "referred_id",
    "guarantor_id",
    "renewed_from",
    "manager_id",
    "household_id",
    "industry",
    "region",
)
"""Columns that tie a customer to others, whose rows are copied as well."""

Variant = Callable[[Bank], Bank]


def with_copies(bank: Bank, variants: Mapping[str, Variant]) -> Bank:
    """One bank that holds the variants of a bank side by side, each customer as `<name>:<customer_id>`."""
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in bank.tables}
    for name, variant in variants.items():
        for table, rows in variant(bank).tables.items():
            tables[table] += [renamed(name, row) for row in rows]
    return replace(bank, tables=tables)


def renamed(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with ids of its own copy."""
    ids = {
        column: f"{name}:{row[column]}"
        for column in ("customer_id", *ROW_IDS, *OTHERS)
        if row.get(column) is not None
    }
    return {**row, **ids}


def copy_of(features: Features, name: str) -> Features:
    """The features of one copy under the customers' own ids."""
    prefix = f"{name}:"
    return {key.removeprefix(prefix): row for key, row in features.items() if key.startswith(prefix)}


def bits(value: float | None) -> bytes | None:
    """The bits of a feature, so that equal means equal: 0.0 is not -0.0."""
    return None if value is None else struct.pack("<d", value)


def differing(expected: Features, got: Features) -> list[str]:
    """Customers that are missing or too many, and features that are not equal to the bit."""
    found = [f"customer {customer_id}: only in one of the two" for customer_id in set(expected) ^ set(got)]
    for customer_id in set(expected) & set(got):
        for name, value in expected[customer_id].items():
            if bits(value) != bits(got[customer_id][name]):
                found.append(f"customer {customer_id}: {name} {value!r} became {got[customer_id][name]!r}")
    return found


def unchanged(bank: Bank) -> Bank:
    """The bank as it is."""
    return bank


def with_tables(bank: Bank, tables: Tables) -> Bank:
    """The bank with other rows."""
    return replace(bank, tables=tables)
