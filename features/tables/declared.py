"""The tables of the contract, declared once: what a bank may hand over, column by column.

Source: contract, section 1; a bound or a type that the contract leaves open says so in its note.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from features.tables import business, relationship
from features.tables.column import Table
from features.tables.spelling import moments

PROTECTED_COLUMNS = ("sex", "gender")
"""Columns that are never inputs of a model, whatever table they come in. Source: contract, "Tables in"."""

PAST_PROFILE = ("opened_on", "born_on", "kind", "sex", "closed_on")
"""Columns of `customers` that serve past as_of dates without `valid_from`. Source: contract, "Tables in"."""


def _with_recorded_at(table: Table) -> Table:
    """Give a table the column that every table may have: when the bank came to know the row."""
    return replace(table, columns=(*table.columns, *moments("recorded_at?")))


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: _with_recorded_at(table)
        for table in (
            relationship.CUSTOMERS,
            relationship.MANAGERS,
            business.BALANCES,
            business.TRANSACTIONS,
            business.HOLDINGS,
            business.LOANS,
            business.REPAYMENTS,
            relationship.CONTACTS,
            relationship.COMPLAINTS,
            relationship.WARNING_SIGNALS,
            relationship.STRAIN_SIGNS,
            business.STATEMENTS,
            relationship.FACTS,
            relationship.RELATIONS,
            relationship.NEEDS,
            relationship.TASKS,
            business.INDUSTRY_OUTLOOK,
            business.MARKET,
            relationship.SNAPSHOTS,
            relationship.OUTCOMES,
        )
    }
)
"""Every table of the contract by name, in the contract's order."""
