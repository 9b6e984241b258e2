"""Berka's transactions: the bank's words, Czech or English, as the contract's kinds; and what accounts held."""

# ruff: noqa: S608  # the names are constants of `berka`

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

import duckdb
import pyarrow as pa

from pipelines.sources.writing import ImportFailed

_CUT_DAY = date(1994, 3, 31)
"""The first extract ends inside this day: what accounts held at its close is not known."""

_SIGNS: Mapping[str, int] = {
    "PRIJEM": 1,
    "credit": 1,
    "VYDAJ": -1,
    "VYBER": -1,
    "withdrawal": -1,
    "withdrawal in cash": -1,
}
"""+1 into the account, -1 out of it, by `type`."""

_BY_SYMBOL: Mapping[str, tuple[str, str | None]] = {
    "UROK": ("interest", "bank"),
    "interest credited": ("interest", "bank"),
    "SLUZBY": ("fee", "bank"),
    "payment for statement": ("fee", "bank"),
    "SANKC. UROK": ("penalty_interest", "bank"),
    "sanction interest if negative balance": ("penalty_interest", "bank"),
    "UVER": ("loan_repayment", "bank"),
    "SIPO": ("payment", "customer"),
    "household": ("payment", "customer"),
    "POJISTNE": ("payment", "customer"),
    "insurrance payment": ("payment", "customer"),
    "DUCHOD": ("transfer", None),
}
"""Kind and who started it by `k_symbol`, which decides where it is given."""

_BY_OPERATION: Mapping[str, tuple[str, str | None]] = {
    "VKLAD": ("cash", "customer"),
    "credit in cash": ("cash", "customer"),
    "VYBER": ("cash", "customer"),
    "withdrawal in cash": ("cash", "customer"),
    "VYBER KARTOU": ("cash", "customer"),
    "credit card withdrawal": ("cash", "customer"),
    "PREVOD NA UCET": ("transfer", "customer"),
    "remittance to another bank": ("transfer", "customer"),
    "PREVOD Z UCTU": ("transfer", None),
    "collection from another bank": ("transfer", None),
}
"""Kind and who started it by `operation`, where `k_symbol` is empty."""


def load_transactions(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Make the table `moves`: the contract's transactions of owners, and the balance after each.

    Amounts and balances in hellers, signed. The source gives days: each stands at its midnight. A scheduled repayment
    of a loan is started by the bank; a standing order of the customer by the customer.

    Raises
    ------
    ImportFailed
        If a row bears words that the bank never used.

    Source: PKDD'99 challenge guide for the words; who started what is an own choice.
    """
    union = " UNION ALL ".join(f"""SELECT {_COLUMNS} FROM "{name}" """ for name in names)
    rows = connection.execute(f"SELECT DISTINCT type, symbol, operation FROM ({union})").fetchall()
    words = pa.table(
        dict(
            zip(
                ("type", "symbol", "operation", "sign", "kind", "started_by"),
                zip(*(_meaning(names, *row) for row in rows), strict=True),
                strict=True,
            )
        )
    )
    connection.register("words", words)
    connection.execute(f"""
        CREATE TABLE moves AS
        SELECT CAST(trans_id AS VARCHAR) AS transaction_id, customer_id,
            CAST("date" AS TIMESTAMP) AS occurred_at,
            CAST(sign * round(amount * 100) AS BIGINT) AS amount, kind,
            CASE WHEN trim(bank) <> '' THEN bank || account END AS counterparty, started_by,
            CAST(round(balance * 100) AS BIGINT) AS balance
        FROM ({union}) JOIN owners USING (account_id) JOIN words USING (type, symbol, operation)
    """)


_COLUMNS = """trans_id, account_id, "date", type, coalesce(trim(k_symbol), '') AS symbol,
    coalesce(trim(operation), '') AS operation, amount, balance, bank, account"""


def _meaning(
    names: Sequence[str], kind: str, symbol: str, operation: str
) -> tuple[str, str, str, int, str, str | None]:
    sign, found = _SIGNS.get(kind), _BY_SYMBOL.get(symbol) if symbol else _BY_OPERATION.get(operation)
    if sign is None or found is None:
        raise ImportFailed("words", path=", ".join(names), got=f"{kind} / {operation} / {symbol}")
    return kind, symbol, operation, sign, *found


def closing_balances(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return what each account held at the close of each day with a transaction, in hellers.

    One row per customer and day, ordered. The source does not order a day's transactions: of the balances after them
    the closing one is the nearest to the balance of the day before plus the day's sum (the bank rounded to tenths of a
    crown as it went, so equality is too much to ask). The cut day has none.
    """
    moves = connection.execute(
        "SELECT customer_id, CAST(occurred_at AS DATE), amount, balance FROM moves ORDER BY 1, 2, transaction_id"
    ).fetchall()
    found: list[tuple[str, date, int]] = []
    for customer, of_customer in groupby(moves, key=itemgetter(0)):
        held = 0
        for day, of_day in groupby(of_customer, key=itemgetter(1)):
            rows = list(of_day)
            held = _closing(held + sum(row[2] for row in rows), [row[3] for row in rows])
            if day != _CUT_DAY:
                found.append((customer, day, held))
    ids, days, balances = zip(*found, strict=True)
    return pa.table(
        {
            "customer_id": pa.array(ids, pa.string()),
            "product": pa.array(["demand_deposit"] * len(ids)),
            "held_on": pa.array(days, pa.date32()),
            "balance": pa.array(balances, pa.int64()),
        }
    )


def _closing(reached: int, balances: Sequence[int]) -> int:
    """Return the balance nearest to the one that the day's amounts reach.

    Examples
    --------
    >>> _closing(70_010, [90_000, 70_000])
    70000
    """
    return min(balances, key=lambda balance: abs(balance - reached))
