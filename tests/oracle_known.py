"""The oracle's view of the raw tables: which rows were known at an as-of midnight, and in which version.

Written from the contract alone, slowly and plainly, so that it can disagree with the product's own code.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.handover import Bank

Known = dict[str, Any]

EVENT = {
    "contacts": "occurred_at",
    "transactions": "occurred_at",
    "balances": "held_on",
    "complaints": "received_at",
    "warning_signals": "raised_on",
    "snapshots": "as_of",
    "holdings": "opened_on",
    "loans": "granted_on",
    "repayments": "due_on",
    "strain_signs": "noted_on",
    "statements": "period_end",
    "facts": "noted_on",
    "relations": "since",
    "needs": "noted_on",
    "tasks": "created_on",
    "managers": "valid_from",
    "industry_outlook": "stated_on",
    "market": "stated_on",
}
KEY = {
    "customers": ("customer_id", "valid_from"),
    "contacts": ("contact_id",),
    "transactions": ("transaction_id",),
    "balances": ("customer_id", "product", "held_on", "bank"),
    "complaints": ("complaint_id",),
    "warning_signals": ("signal_id",),
    "snapshots": ("customer_id", "as_of"),
    "holdings": ("holding_id",),
    "loans": ("loan_id",),
    "repayments": ("loan_id", "due_on"),
    "strain_signs": ("sign_id",),
    "statements": ("customer_id", "period_end", "months"),
    "facts": ("customer_id", "code", "noted_on"),
    "relations": ("customer_id", "other_id", "kind"),
    "needs": ("need_id",),
    "tasks": ("task_id",),
    "managers": ("manager_id", "valid_from"),
    "industry_outlook": ("industry", "region", "stated_on"),
    "market": ("series", "stated_on"),
}
LATER_FACTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "customers": {"closed_on": ()},
    "complaints": {"first_response_at": (), "resolved_at": ("satisfied",)},
    "warning_signals": {"closed_on": ()},
    "holdings": {"closed_on": ()},
    "repayments": {"paid_on": ("paid_amount",)},
    "managers": {"left_on": ()},
    "tasks": {"done_on": ("outcome", "referred_id")},
}
GENERAL = ("managers", "industry_outlook", "market")
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


def instant(value: date | datetime, zone: str) -> datetime:
    """The moment of a date (its midnight) or timestamp; without a zone it is the bank's. In UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if value.tzinfo is None:
        value = value.replace(tzinfo=ZoneInfo(zone))
    return value.astimezone(UTC)


def local_day(value: date | datetime, zone: str) -> date:
    """The calendar day of a date or timestamp in the bank's zone."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        return value.date()
    return value.astimezone(ZoneInfo(zone)).date()


def event_of(table: str, row: Mapping[str, Any]) -> date | datetime | None:
    """The row's own time; of a customer without `valid_from` the opening, of the relationship."""
    if table == "customers":
        time_of_state: date | None = row.get("valid_from") or row.get("opened_on")
        return time_of_state
    value: date | datetime | None = row[EVENT[table]]
    return value


def recorded_of(table: str, row: Mapping[str, Any], zone: str) -> datetime:
    """When the bank came to know the row; by default at the row's own time."""
    value = row.get("recorded_at") or event_of(table, row)
    return BEGINNING if value is None else instant(value, zone)


def typed(column: str, value: Any, zone: str) -> Any:
    """A moment as an instant in UTC, everything else as it is."""
    return instant(value, zone) if column.endswith("_at") and value is not None else value


@lru_cache(maxsize=256)
def accepted_rows(bank: Bank, table: str) -> tuple[Known, ...]:
    """Rows that the contract accepts: each once; of a key, no two versions that were recorded at one moment.

    Such two contradict each other and are both quarantined; what is quarantined changes nothing about the key's
    other versions, which were recorded earlier or later.
    """
    versions: dict[tuple[Any, ...], list[Known]] = defaultdict(list)
    customers = {row["customer_id"] for row in bank.tables["customers"]}
    header = bank.header(table)
    for raw in bank.tables.get(table, ()):
        row = {column: typed(column, raw.get(column), bank.zone) for column in header}
        if table == "balances":
            row["bank"] = row.get("bank") or "own"
        owner = row.get("customer_id")
        is_general = table in GENERAL or (table == "warning_signals" and owner is None)
        if owner not in customers and not is_general:
            continue
        same_key = versions[tuple(row.get(column) for column in KEY[table])]
        if row not in same_key:
            same_key.append(row)
    kept: list[Known] = []
    for rows in versions.values():
        moments = Counter(recorded_of(table, row, bank.zone) for row in rows)
        kept += [row for row in rows if moments[recorded_of(table, row, bank.zone)] == 1]
    return tuple(kept)


def is_known(bank: Bank, table: str, row: Mapping[str, Any], as_of: date) -> bool:
    """Whether the row's event and its recording both lie strictly before the as-of midnight.

    A snapshot dated D holds what was known before D's midnight: it is visible at as_of >= D.
    """
    midnight = instant(as_of, bank.zone)
    if table == "snapshots":
        recorded = row.get("recorded_at")
        return row["as_of"] <= as_of and (recorded is None or instant(recorded, bank.zone) < midnight)
    event = event_of(table, row)
    happened = event is None or instant(event, bank.zone) < midnight
    received = row.get("received_on") if table == "statements" else None
    happened = happened and (received is None or instant(received, bank.zone) < midnight)
    return happened and recorded_of(table, row, bank.zone) < midnight


def newest_versions(bank: Bank, table: str, rows: Iterable[Known]) -> list[Known]:
    """Of each key the version recorded last."""
    newest: dict[tuple[Any, ...], tuple[datetime, Known]] = {}
    for row in rows:
        key = tuple(row.get(column) for column in KEY[table])
        recorded = recorded_of(table, row, bank.zone)
        if key not in newest or recorded > newest[key][0]:
            newest[key] = (recorded, row)
    return [row for _, row in newest.values()]


def without_later_facts(bank: Bank, table: str, row: Known, as_of: date) -> Known:
    """The row with every dated fact on or after as_of, and the columns that hang on it, emptied."""
    midnight = instant(as_of, bank.zone)
    masked = dict(row)
    for fact, hanging in LATER_FACTS.get(table, {}).items():
        value = row.get(fact)
        if value is not None and instant(value, bank.zone) >= midnight:
            for column in (fact, *hanging):
                masked[column] = None
    return masked


def is_announced(bank: Bank, table: str, row: Mapping[str, Any], as_of: date) -> bool:
    """Whether the row replaces earlier versions at the as-of midnight.

    A correction does so from its `recorded_at` on, though its own event may come later; one that does not say
    when it was recorded, from when it is known itself.
    """
    recorded = row.get("recorded_at")
    if recorded is None:
        return is_known(bank, table, row, as_of)
    return instant(recorded, bank.zone) < instant(as_of, bank.zone)


def known_rows(bank: Bank, table: str, as_of: date) -> list[Known]:
    """Rows of a table as they stood at the as-of midnight."""
    announced = [row for row in accepted_rows(bank, table) if is_announced(bank, table, row, as_of)]
    newest = newest_versions(bank, table, announced)
    known = [row for row in newest if is_known(bank, table, row, as_of)]
    return [without_later_facts(bank, table, row, as_of) for row in known]


def final_rows(bank: Bank, table: str) -> list[Known]:
    """Rows of a table in their last version, whenever it became known: what labels look at."""
    return newest_versions(bank, table, accepted_rows(bank, table))


def by_customer(rows: Iterable[Known]) -> dict[str, list[Known]]:
    """Rows of each customer."""
    found: dict[str, list[Known]] = defaultdict(list)
    for row in rows:
        if row.get("customer_id") is not None:
            found[row["customer_id"]].append(row)
    return found


def known_by_customer(bank: Bank, as_of: date) -> dict[str, dict[str, list[Known]]]:
    """Every table but customers as it stood at the as-of midnight, per customer."""
    tables = [table for table in bank.tables if table != "customers"]
    return {table: by_customer(known_rows(bank, table, as_of)) for table in tables}


@lru_cache(maxsize=256)
def first_day(bank: Bank, table: str) -> date | None:
    """First day on which the table is complete: stated by the bank, otherwise the day it first came to know a row."""
    if table in bank.data_from:
        return bank.data_from[table]
    days = []
    for row in accepted_rows(bank, table):
        event = event_of(table, row)
        if event is None:
            continue
        later = (row.get("recorded_at"), row.get("received_on") if table == "statements" else None)
        moments = (event, *(moment for moment in later if moment is not None))
        days.append(max(local_day(moment, bank.zone) for moment in moments))
    return min(days, default=None)


def states(bank: Bank, as_of: date) -> dict[str, Known]:
    """The newest known state of every customer on the spine at as_of."""
    newest: dict[str, Known] = {}
    for row in known_rows(bank, "customers", as_of):
        held = newest.get(row["customer_id"])
        if held is None or row["valid_from"] > held["valid_from"]:
            newest[row["customer_id"]] = row
    return newest


def serving_profile(bank: Bank) -> frozenset[str]:
    """Columns of customers that may serve a past as_of."""
    header = set(bank.header("customers"))
    if "valid_from" in header:
        return frozenset(header)
    return frozenset(
        header & ({"opened_on", "born_on", "kind", "sex", "closed_on"} | set(bank.fixed_profile))
    )
