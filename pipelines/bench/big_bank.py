"""A large bank made of drawn numbers, as prepared tables: for measuring features, not for learning from.

Skewed like a real one: few customers make most of the transactions. Written by DuckDB in one pass per table, in
order of customers, as intake would leave it.
"""

# ruff: noqa: S608  # names and numbers of this module only

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from features.store import day_number
from features.tables import NEVER, BankManifest

FIRST = date(2024, 11, 1)
UNTIL = date(2026, 11, 1)
LATE_SHARE = 50
"""One row in so many was recorded some days after it happened."""

_TIMES = f"event_day, event_day + 1 + late AS known_day, {NEVER}::INTEGER AS until_day, customer_no"


@dataclass(frozen=True)
class Size:
    """How many rows the bank has, about: numbers per customer are drawn."""

    customers: int = 500_000
    transactions: int = 50_000_000
    contacts: int = 8_000_000
    balances: int = 12_000_000


def write_big_bank(
    directory: Path, size: Size, progress: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Write the prepared tables of a drawn bank; return the rows of each table."""
    directory.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(f"CREATE TABLE people AS {_people(size)}")
        counts = {}
        for table, query in _QUERIES.items():
            if progress:
                progress(f"drawing {table}")
            path = directory / f"{table}.parquet"
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            rows = connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()
            columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
            counts[table] = (int(rows[0][0]), tuple(str(column[0]) for column in columns))
    manifest = BankManifest(
        digest=f"drawn-{size.customers}-{size.transactions}",
        zone="UTC",
        currency="CNY",
        currency_decimals=2,
        data_from=dict.fromkeys(_QUERIES, FIRST),
        data_until=UNTIL,
        tables={
            table: tuple(name for name in columns if not name.endswith("_day") and name != "customer_no")
            for table, (_, columns) in counts.items()
        },
    )
    (directory / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return {table: rows for table, (rows, _) in counts.items()}


def _people(size: Size) -> str:
    """SQL: a row per customer with the number of his rows in every table, drawn log-normally around the mean."""

    def drawn(rows: int, salt: int, spread: float) -> str:
        return f"CAST(floor({rows / size.customers} * exp({spread} * z{salt} - {spread * spread / 2})) AS INTEGER)"

    def normal(salt: int) -> str:
        first, second = _unit("customer_no", 2 * salt), _unit("customer_no", 2 * salt + 1)
        return f"sqrt(-2 * ln(1e-12 + {first})) * cos(2 * pi() * {second}) AS z{salt}"

    numbers = f"SELECT range::INTEGER AS customer_no FROM range({size.customers})"
    deviates = f"SELECT *, {', '.join(normal(salt) for salt in (1, 2, 3))} FROM ({numbers})"
    return (
        f"SELECT customer_no, printf('C%07d', customer_no) AS customer_id, "
        f"{drawn(size.transactions, 1, 1.2)} AS transactions, {drawn(size.contacts, 2, 0.8)} AS contacts, "
        f"least(36, greatest(0, {drawn(size.balances, 3, 0.5)})) AS balances FROM ({deviates}) ORDER BY customer_no"
    )


def _unit(column: str, salt: int) -> str:
    """SQL for a number in [0, 1) that depends on a whole number and the salt alone."""
    return f"((hash({column}, {salt}) % 1000003) / 1000003.0)"


def _pick(salt: int, *values: str | None) -> str:
    cases = " ".join(
        f"WHEN {place} THEN {'NULL' if value is None else repr(value)}" for place, value in enumerate(values)
    )
    return f"CASE hash(n, {salt}) % {len(values)} {cases} END"


def _late(salt: int) -> str:
    return f"CASE WHEN hash(n, {salt}) % {LATE_SHARE} = 0 THEN (hash(n, {salt + 1}) % 30)::INTEGER ELSE 0 END AS late"


def _rows(table: str, days: int) -> str:
    """SQL: every row of a table with its customer, a number of its own, and a day within the last `days`."""
    each = f"SELECT customer_no, customer_id, unnest(range({table})) AS place FROM people"
    numbered = f"SELECT *, customer_no::BIGINT * 100000 + place AS n FROM ({each})"
    return (
        f"SELECT *, {day_number(UNTIL) - days} + (hash(n, 7) % {days})::INTEGER AS event_day, {_late(8)} "
        f"FROM ({numbered})"
    )


def _moment() -> str:
    return "make_timestamptz((event_day::BIGINT * 86400 + (hash(n, 11) % 86400)::BIGINT) * 1000000)"


_DAYS = (UNTIL - FIRST).days
_KIND = (
    f"CASE WHEN {_unit('n', 21)} < 0.8 THEN 'retail' WHEN {_unit('n', 21)} < 0.95 THEN 'micro' "
    f"WHEN {_unit('n', 21)} < 0.99 THEN 'corporate' ELSE 'institution' END"
)
_OPENED = f"DATE '1970-01-01' + ({day_number(FIRST)} - (hash(n, 22) % 4000))::INTEGER"
_TXN_KIND = _pick(
    31, "payment", "payment", "purchase", "purchase", "transfer", "cash", "salary", "fee", "other"
)
_AMOUNT = "((hash(n, 33) % 2000000)::BIGINT + 100) * CASE WHEN hash(n, 34) % 3 = 0 THEN 1 ELSE -1 END"
_PARTY = (
    "CASE WHEN hash(n, 35) % 10 < 7 THEN "
    f"printf('P%02d', CAST(floor(40 * pow({_unit('n', 36)}, 3)) AS INTEGER)) END"
)
_PARTY_KIND = _pick(
    37, "supplier", "buyer", "own_elsewhere", "person", "employee", None, "payment_institution", None
)
_CHANNEL = _pick(38, "mobile", "mobile", "online", "branch", "atm", "pos", "system")
_STARTED = _pick(39, "customer", "customer", "customer", "customer", "bank")
_PRODUCTS = "['demand_deposit', 'term_deposit', 'wealth', 'fund', 'loan', 'card_credit']"

_QUERIES = {
    "customers": f"""
        SELECT customer_id, {_KIND} AS kind, {_OPENED} AS opened_on, DATE '1970-01-01' AS born_on,
            NULL::DATE AS closed_on, NULL::INTEGER AS closed_day, 0 AS born_day,
            CAST({_OPENED} - DATE '1970-01-01' AS INTEGER) AS opened_day,
            CAST({_OPENED} - DATE '1970-01-01' AS INTEGER) AS event_day,
            CAST({_OPENED} - DATE '1970-01-01' AS INTEGER) + 1 AS known_day,
            {NEVER}::INTEGER AS until_day, customer_no
        FROM (SELECT *, customer_no AS n FROM people)""",
    "transactions": f"""
        SELECT printf('T%011d', n) AS transaction_id, customer_id, {_moment()} AS occurred_at, {_AMOUNT} AS amount,
            {_TXN_KIND} AS kind, {_CHANNEL} AS channel, {_PARTY} AS counterparty, {_PARTY_KIND} AS counterparty_kind,
            {_STARTED} AS started_by, {_TIMES}
        FROM ({_rows("transactions", _DAYS)})""",
    "contacts": f"""
        SELECT printf('K%011d', n) AS contact_id, customer_id, printf('M%04d', customer_no % 2000) AS manager_id,
            {_moment()} AS occurred_at, {_pick(51, "T", "T", "T", "M", "E", "S", "B", "L")} AS channel,
            {_pick(52, "bank", "bank", "bank", "customer")} AS direction,
            {_pick(53, "care", "review", "sale", "complaint", "other")} AS purpose,
            {_pick(54, "decision_maker", "finance", "other", None)} AS with_role,
            {_pick(55, "reached", "reached", "not_reached", "interested", "declined", "deal", None)} AS outcome,
            CASE WHEN hash(n, 56) % 3 = 0 THEN (hash(n, 57) % 5)::BIGINT - 2 END AS warmth,
            NULL::DATE AS next_agreed_on, NULL::INTEGER AS next_agreed_day, {_TIMES}
        FROM ({_rows("contacts", _DAYS)})""",
    "balances": f"""
        SELECT customer_id, product, held_on, balance, 'own' AS bank, event_day, event_day + 1 AS known_day,
            {NEVER}::INTEGER AS until_day, customer_no
        FROM (
            SELECT *, DATE '1970-01-01' + event_day AS held_on FROM (
                SELECT *, {_PRODUCTS}[1 + (customer_no + place % products) % 6] AS product,
                    (hash(customer_no::BIGINT * 1000 + place, 42) % 50000000)::BIGINT AS balance,
                    {day_number(UNTIL)} - 1 - 30 * (place // products)::INTEGER AS event_day
                FROM (
                    SELECT customer_no, customer_id, products, unnest(range(balances)) AS place
                    FROM (SELECT *, 1 + (hash(customer_no, 43) % 3)::INTEGER AS products FROM people)
                )
            )
        )""",
}

AS_OF = UNTIL
TWELVE = tuple(
    date(year, month, 1)
    for year, month in ((2025 + (11 + place) // 12, (11 + place) % 12 + 1) for place in range(12))
)
"""The first of each month from 2025-12-01 to 2026-11-01."""
