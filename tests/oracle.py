"""An independent computation of every feature, from the raw tables, in plain Python.

Written from the definitions of the catalogue and the contract, not from the product's expressions: lists,
dicts, dates and fractions. Slow on purpose. Where it and the product differ, one of the two is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from tests.handover import Bank
from tests.oracle_balances import balance_features, is_dormant
from tests.oracle_complaints import relationship_features
from tests.oracle_contribution import contribution_features
from tests.oracle_credit import credit_features
from tests.oracle_files import file_features
from tests.oracle_holdings import holding_features
from tests.oracle_known import Known, by_customer, first_day, known_rows, states
from tests.oracle_market import market_features
from tests.oracle_numbers import Exact, Value, answer
from tests.oracle_profile import profile_features
from tests.oracle_relations import relation_features
from tests.oracle_signals import signal_features
from tests.oracle_statements import statement_features
from tests.oracle_transactions import Activity, transaction_features

Found = dict[str, Exact | float | None]


def oracle_features(bank: Bank, as_of: date) -> dict[str, dict[str, Value]]:
    """Every feature that the bank's tables can fill, per customer of the spine at as_of.

    A text attribute of `snapshots` stays a text: its code is the product's own business.
    """
    customers = states(bank, as_of)
    rows = {
        table: by_customer(known_rows(bank, table, as_of)) for table in bank.tables if table != "customers"
    }
    found = {}
    others = [
        group(bank, customers, rows, as_of)
        for group in (credit_features, relation_features, file_features, market_features, signal_features)
    ]
    if "holdings" in rows:
        others.append(holding_features(bank, customers, rows, as_of))
    for customer_id, state in customers.items():
        own = {table: of_all.get(customer_id, []) for table, of_all in rows.items()}
        features = {**profile_features(bank, state, as_of), **_logged_features(bank, state, own, as_of)}
        for group in others:
            features |= group[customer_id]
        found[customer_id] = {name: answer(value) for name, value in features.items()}
    return found


def _logged_features(bank: Bank, state: Known, own: Mapping[str, list[Known]], as_of: date) -> Found:
    found: Found = relationship_features(bank, state, own, as_of)
    found |= contribution_features(bank, state, own, as_of)
    if "balances" in own:
        found |= balance_features(own["balances"], as_of, history_days(bank, "balances", state, as_of))
    if "transactions" in own and "balances" in own:
        level, activity = found["asset_balance_level"], Activity(own["transactions"], as_of, bank.zone)
        assert not isinstance(level, float | Fraction)
        dormant = is_dormant(level, min((back for back, _ in activity.own), default=None))
        found["asset_is_dormant"] = dormant if reaches(bank, "transactions", as_of) else None
    if "transactions" in own:
        history, is_reached = (
            history_days(bank, "transactions", state, as_of),
            reaches(bank, "transactions", as_of),
        )
        found |= transaction_features(own["transactions"], as_of, bank.zone, history, is_reached=is_reached)
    if "statements" in own:
        found |= statement_features(bank, state, own["statements"], as_of)
    if "snapshots" in own:
        found |= snapshot_features(bank, own["snapshots"])
    return found


def reaches(bank: Bank, table: str, as_of: date) -> bool:
    """Whether the table's first day lies before as_of, so that an empty window means nothing happened."""
    first = first_day(bank, table)
    return first is not None and first < as_of


def history_days(bank: Bank, table: str, state: Known, as_of: date) -> int:
    """Days of the table that can hold rows of the customer; 0 where the table starts later."""
    first = first_day(bank, table)
    if first is None:
        return 0
    return max(0, (as_of - max(first, state.get("opened_on") or first)).days)


def unless(found: Found, *, is_reached: bool) -> Found:
    """The features, or null for all of them where the table does not reach the window."""
    return found if is_reached else dict.fromkeys(found)


def snapshot_features(bank: Bank, rows: list[Known]) -> dict[str, Any]:
    """The bank's own attributes in the newest snapshot; true and false are 1 and 0."""
    newest: Known = max(rows, key=lambda row: row["as_of"], default={})
    columns = set(bank.header("snapshots")) - {"customer_id", "as_of", "recorded_at", "sex", "gender"}
    values = {column: newest.get(column) for column in columns}
    return {column: int(value) if isinstance(value, bool) else value for column, value in values.items()}
