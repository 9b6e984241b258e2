"""Berka: a Czech bank of 1993 to 1998, with accounts, a part of the transactions, cards, and loans that went bad.

Source: Berka and Sochorova, PKDD'99 Discovery Challenge, financial data set; no explicit licence, research only.
"""

# ruff: noqa: S608  # the names are constants of this file

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.intake import Message
from pipelines.sources.berka_transactions import closing_balances, load_transactions
from pipelines.sources.writing import (
    ImportFailed,
    ImportReport,
    LeftOut,
    require_columns,
    require_count,
    write_bank,
)

SOURCE = "berka"
_ZONE, _CURRENCY = "Europe/Prague", "CZK"
_FIRST_DAY, _DATA_UNTIL = date(1993, 1, 1), date(1999, 1, 1)
_BAD = 76
_MOVES = (
    "trans_id",
    "account_id",
    "date",
    "type",
    "operation",
    "amount",
    "balance",
    "k_symbol",
    "bank",
    "account",
)
_FILES = {
    "account": (4_500, ("account_id", "date")),
    "client": (5_369, ("client_id", "birth_date", "sex")),
    "disp": (5_369, ("disp_id", "client_id", "account_id", "type")),
    "loan": (682, ("loan_id", "account_id", "date", "amount", "duration", "status")),
    "card": (892, ("card_id", "disp_id", "issued")),
    "order": (6_471, ("order_id",)),
    "district": (77, ("A1",)),
    "trans_partial_19930101_19940331": (49_102, _MOVES),
    "trans_partial_feup_354_loan_accounts": (30_200, _MOVES),
}  # fmt: skip
"""Every file that is read, with its published rows and the columns used."""

_OWNED = tuple(name for name in _FILES if name.startswith("trans_"))
_REFERENCES = (
    ("disp", "client_id", "client"),
    ("disp", "account_id", "account"),
    ("loan", "account_id", "account"),
    ("card", "disp_id", "disp"),
    *((name, "account_id", "account") for name in _OWNED),
)


def import_berka(path: Path, out: Path) -> ImportReport:
    """Turn the bank's files into contract tables, and write them.

    `customers`: the owner of each account, ordered by client; kind retail, opened with the account, born_on, sex. The
    address is left out: it has no date. `transactions`: the two extracts that have ids, in hellers; `started_by` is
    bank for interest, fees and repayments, null for what another bank sent. `balances`: what the account held at the
    close of each day with a transaction. `holdings`: cards, product `other`. `loans`: matures_on from the months
    agreed. `outcomes`: target `default`, 0 for loans of status A and C, 1 for B and D, dated the first of the month in
    which the loan was granted. Left out are persons who do not own the account, and whatever could tell of a loan
    before it was granted: standing orders, and figures of districts of later years.

    Raises
    ------
    ImportFailed
        If a file is missing or not the published one, or `out` holds other files.

    Source: PKDD'99 challenge guide; rounding the as_of down is an own choice: 559 days become 66 months.
    """
    _require_files(path)
    with duckdb.connect() as connection:
        _load(connection, path)
        load_transactions(connection, _OWNED)
        tables = {
            name: connection.sql(query).to_arrow_table()
            for name, query in (
                ("customers", _CUSTOMERS),
                (
                    "transactions",
                    "SELECT * EXCLUDE (balance) FROM moves ORDER BY occurred_at, transaction_id",
                ),
                ("holdings", _HOLDINGS),
                ("loans", _LOANS),
                ("outcomes", _OUTCOMES),
            )
        }
        tables["balances"] = closing_balances(connection)
        report = _report(connection, tables, out)
    write_bank(out, tables, _SETTINGS)
    return report


_SETTINGS = {
    "zone": _ZONE,
    "currency": _CURRENCY,
    "currency_decimals": 2,
    "data_from": {
        "customers": _FIRST_DAY,
        "transactions": _DATA_UNTIL,  # complete from no day on: nobody is churned because a file ends
        "balances": _FIRST_DAY,
        "holdings": _FIRST_DAY,
        "loans": _FIRST_DAY,
        "outcomes": _FIRST_DAY,
    },
    "data_until": _DATA_UNTIL,
}

_CUSTOMERS = """
    SELECT customer_id, 'retail' AS kind, CAST(account."date" AS DATE) AS opened_on,
        CAST(birth_date AS DATE) AS born_on, sex
    FROM owners JOIN account USING (account_id) JOIN client USING (client_id) ORDER BY client_id
"""
_HOLDINGS = """
    SELECT 'card-' || card_id AS holding_id, customer_id, 'other' AS product, CAST(issued AS DATE) AS opened_on
    FROM card JOIN disp USING (disp_id) JOIN owners USING (account_id) ORDER BY issued, card_id
"""
_LOANS = """
    SELECT CAST(loan_id AS VARCHAR) AS loan_id, customer_id, CAST("date" AS DATE) AS granted_on,
        CAST(round(amount * 100) AS BIGINT) AS amount,
        CAST("date" + to_months(CAST(duration AS INTEGER)) AS DATE) AS matures_on
    FROM loan JOIN owners USING (account_id) ORDER BY granted_on, loan_id
"""
_OUTCOMES = """
    SELECT customer_id, CAST(date_trunc('month', "date") AS DATE) AS as_of, 'default' AS target,
        CAST(status IN ('B', 'D') AS DOUBLE) AS value
    FROM loan JOIN owners USING (account_id) ORDER BY as_of, customer_id
"""


def _require_files(path: Path) -> None:
    expected = [f"{name}.parquet" for name in _FILES]
    if not path.exists():
        raise ImportFailed("no_path", expected=", ".join(expected), path=str(path))
    if not path.is_dir():
        raise ImportFailed("folder", expected=", ".join(expected), path=str(path))
    inside = sorted(file.name for file in path.iterdir())
    missing = [name for name in expected if name not in inside]
    if missing:
        got = ", ".join(inside) or "nothing"
        raise ImportFailed("missing_files", path=str(path), missing=", ".join(missing), got=got)


def _load(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Load every file under its name, each held against the published one, and the owner of each account."""
    for name, (rows, columns) in _FILES.items():
        file = path / f"{name}.parquet"
        quoted = str(file).replace("'", "''")
        try:
            connection.execute(f"""CREATE TABLE "{name}" AS SELECT * FROM read_parquet('{quoted}')""")
        except duckdb.Error as error:
            detail = " ".join(str(error).split()).replace(str(file), file.name)
            raise ImportFailed("unreadable", path=file.name, detail=detail[:300]) from error
        found = [str(row[0]) for row in connection.execute(f'DESCRIBE "{name}"').fetchall()]
        require_columns(file, found, columns)
        require_count(file, "rows", rows, _count(connection, f'SELECT count(*) FROM "{name}"'))
    for name, column, other in _REFERENCES:
        query = f'SELECT count(*) FROM "{name}" ANTI JOIN "{other}" USING ({column})'
        if orphans := _count(connection, query):
            raise ImportFailed("orphans", path=f"{name}.parquet", column=column, other=other, count=orphans)
    connection.execute("""
        CREATE TABLE owners AS
        SELECT account_id, client_id, CAST(client_id AS VARCHAR) AS customer_id FROM disp WHERE type = 'OWNER'
    """)
    owners = _count(connection, "SELECT count(DISTINCT account_id) FROM owners")
    require_count(path / "disp.parquet", "customers", _FILES["account"][0], owners)
    _require_statuses(connection, path / "loan.parquet")


def _require_statuses(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    other = connection.execute(
        "SELECT coalesce(status, 'null') FROM loan WHERE coalesce(status, '') NOT IN ('A', 'B', 'C', 'D')"
    ).fetchall()
    if other:
        raise ImportFailed(
            "values", path=file.name, column="status", expected="A, B, C, D", got=str(other[0][0])
        )
    require_count(
        file, "positives", _BAD, _count(connection, "SELECT count(*) FROM loan WHERE status IN ('B', 'D')")
    )


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _report(connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table], out: Path) -> ImportReport:
    """Account for every row: each of the persons twice, as client and as the right to an account."""
    read = sum(rows for rows, _ in _FILES.values())
    others = 2 * (_FILES["client"][0] - tables["customers"].num_rows)
    parts = (
        LeftOut(Message("imports.second_holders"), others),
        LeftOut(Message("imports.undated_orders"), _FILES["order"][0]),
        LeftOut(Message("imports.later_districts"), _FILES["district"][0]),
    )
    extract = _count(connection, f'SELECT count(DISTINCT account_id) FROM "{_OWNED[-1]}"')
    running = _count(connection, "SELECT count(*) FROM loan WHERE status IN ('C', 'D')")
    notes = (
        Message("imports.berka_outcomes", {"bad": _BAD, "loans": tables["loans"].num_rows}),
        Message("imports.berka_running", {"count": running}),
        Message("imports.berka_cut", {"accounts": extract}),
        Message("imports.berka_slim"),
        Message("imports.sex_apart"),
    )
    counts = {name: table.num_rows for name, table in tables.items()}
    return ImportReport(SOURCE, read, read - sum(part.rows for part in parts), parts, counts, notes, out)
