"""The tables of the contract as declarations: pure Python, for intake, features and serving alike."""

from features.tables.business import PRODUCTS, STATEMENT_AMOUNTS
from features.tables.column import ALWAYS, DAY_COLUMNS, NEVER, Column, ColumnType, Table
from features.tables.declared import PAST_PROFILE, PROTECTED_COLUMNS, TABLES
from features.tables.manifest import BankManifest, SnapshotType
from features.tables.relationship import SIGNAL_CODES

__all__ = [
    "ALWAYS",
    "DAY_COLUMNS",
    "NEVER",
    "PAST_PROFILE",
    "PRODUCTS",
    "PROTECTED_COLUMNS",
    "SIGNAL_CODES",
    "STATEMENT_AMOUNTS",
    "TABLES",
    "BankManifest",
    "Column",
    "ColumnType",
    "SnapshotType",
    "Table",
]
