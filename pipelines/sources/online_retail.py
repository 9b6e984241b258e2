"""Online Retail II: a wholesaler's invoices as the transactions of a bank's customers.

Source: UCI Machine Learning Repository, "Online Retail II" (Daqing Chen), CC BY 4.0; the year 2009-2010.
"""

# ruff: noqa: S608  # the conditions are constants of this file

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.intake import Message
from pipelines.sources.writing import (
    ImportFailed,
    ImportReport,
    LeftOut,
    day_after,
    find_file,
    require_columns,
    write_bank,
)

SOURCE = "online-retail"
_FILES = ("year_2009_2010.parquet", "year_2009_2010.csv", "online_retail_II.csv")
_COLUMNS = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
)
_ZONE, _CURRENCY = "Europe/London", "GBP"


def import_online_retail(path: Path, out: Path) -> ImportReport:
    """Turn the shop's invoices into contract tables, and write them.

    `customers`: one row per customer id, ordered by it. `kind` is retail for all: the contract wants a kind, the
    source knows none, and retail is the one to which no rule about businesses applies. `region` is the country
    where a customer has only one. Nothing else is known, and nothing else is written.

    `transactions`: one row per invoice and customer, at the invoice's earliest minute. A purchase is a payment:
    kind `purchase`, amount below 0. A cancellation (invoice begins with C): kind `other`, amount above 0. Both are
    started by the customer. Amounts are pence: the sum of quantity times price as exact decimals, rounded half to
    even once per invoice where prices have fractions of a penny. Lines without a customer id, and adjustments of
    bad debt, are left out and counted.

    Raises
    ------
    ImportFailed
        If the file is not the published data set, or `out` holds other files.

    Source: contract, "With an imported shop"; the rounding is an own choice.
    """
    file = find_file(path, _FILES)
    with duckdb.connect() as connection:
        _load_lines(connection, file)
        facts = _count(connection)
        customers = connection.sql(_CUSTOMERS).to_arrow_table()
        transactions = connection.sql(_TRANSACTIONS).to_arrow_table()
        first, last = connection.execute("SELECT min(moment)::DATE, max(moment)::DATE FROM kept").fetchall()[
            0
        ]
    report = _report(facts, customers, transactions, out)
    settings = {
        "zone": _ZONE,
        "currency": _CURRENCY,
        "currency_decimals": 2,
        "data_from": {"transactions": first},
        "data_until": day_after(last),
    }
    write_bank(out, {"customers": customers, "transactions": transactions}, settings)
    return report


_CUSTOMERS = """
    SELECT customer_id, 'retail' AS kind,
        CASE WHEN count(DISTINCT country) = 1 THEN min(country) END AS region
    FROM kept GROUP BY customer_id ORDER BY customer_id
"""
_INVOICES = """
    CREATE TABLE invoices AS
    SELECT invoice, customer_id, min(moment) AS moment, count(DISTINCT moment) AS minutes,
        CAST(sum(quantity * price) * 1000000 AS HUGEINT) AS millionths,
        count(*) OVER (PARTITION BY invoice) AS sharers
    FROM kept GROUP BY invoice, customer_id
"""
_TRANSACTIONS = """
    WITH whole AS (
        SELECT *, abs(millionths) // 10000 AS pence, abs(millionths) % 10000 AS rest FROM invoices
    ), rounded AS (
        SELECT *, sign(millionths) * (pence + CASE WHEN rest > 5000 OR rest = 5000 AND pence % 2 = 1
            THEN 1 ELSE 0 END) AS total
        FROM whole
    )
    SELECT CASE WHEN sharers = 1 THEN invoice ELSE invoice || '/' || customer_id END AS transaction_id,
        customer_id, moment AS occurred_at, CAST(-total AS BIGINT) AS amount,
        CASE WHEN starts_with(invoice, 'C') THEN 'other' ELSE 'purchase' END AS kind, 'customer' AS started_by
    FROM rounded ORDER BY occurred_at, transaction_id
"""


@dataclass(frozen=True)
class _Facts:
    """Counts of lines and invoices that the report names."""

    read: int
    kept: int
    bad_debt: int
    no_customer: int
    repeated: int
    adjustments: int
    tests: int
    fractions: int
    several_minutes: int
    several_countries: int
    cancellations: int
    free: int


def _load_lines(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Load the invoice lines with exact types: ids as text, prices as decimals with six places."""
    name = str(file).replace("'", "''")
    reader = f"read_parquet('{name}')"
    if file.suffix.lower() == ".csv":
        reader = f"read_csv('{name}', all_varchar = true, header = true)"
    try:
        columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()]
        require_columns(file, columns, _COLUMNS)
        connection.execute(f"""
            CREATE TABLE lines AS
            SELECT CAST("Invoice" AS VARCHAR) AS invoice, CAST("StockCode" AS VARCHAR) AS code,
                "Description" AS description, TRY_CAST("Quantity" AS BIGINT) AS quantity,
                TRY_CAST("InvoiceDate" AS TIMESTAMP) AS moment,
                TRY_CAST(CAST("Price" AS VARCHAR) AS DECIMAL(18, 6)) AS price,
                regexp_replace(CAST("Customer ID" AS VARCHAR), '\\.0$', '') AS customer_id,
                nullif("Country", '') AS country, CAST("Price" AS VARCHAR) AS price_text
            FROM {reader}
        """)
    except duckdb.Error as error:
        detail = " ".join(str(error).split()).replace(str(file), file.name)
        raise ImportFailed("unreadable", path=file.name, detail=detail[:300]) from error
    _require_values(connection, file)
    connection.execute("""
        CREATE TABLE kept AS SELECT * FROM lines
        WHERE customer_id IS NOT NULL AND customer_id <> '' AND NOT starts_with(invoice, 'A')
    """)
    connection.execute(_INVOICES)


def _require_values(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    for column, is_wrong, expected in (
        (
            "Invoice",
            "NOT coalesce(regexp_full_match(invoice, '[AC]?[0-9]+'), false)",
            "a number, with A or C before",
        ),
        ("Quantity", "quantity IS NULL", "a whole number"),
        ("InvoiceDate", "moment IS NULL", "a timestamp"),
        (
            "Price",
            "price IS NULL OR CAST(price AS DOUBLE) <> CAST(price_text AS DOUBLE)",
            "at most six decimals",
        ),
    ):
        wrong = connection.execute(
            f"SELECT invoice, price_text, count(*) OVER () FROM lines WHERE {is_wrong} LIMIT 1"
        ).fetchall()
        if wrong:
            got = f"another value in {wrong[0][2]} rows, the first in invoice {wrong[0][0]}"
            raise ImportFailed("values", path=file.name, column=column, expected=expected, got=got)


def _count(connection: duckdb.DuckDBPyConnection) -> _Facts:
    counts = connection.execute("""
        SELECT (SELECT count(*) FROM lines),
            (SELECT count(*) FROM kept),
            (SELECT count(*) FROM lines WHERE starts_with(invoice, 'A')),
            (SELECT count(*) FROM lines WHERE coalesce(customer_id, '') = '' AND NOT starts_with(invoice, 'A')),
            (SELECT count(*) FROM kept) - (SELECT count(*) FROM (SELECT DISTINCT * FROM kept)),
            (SELECT count(*) FROM kept WHERE starts_with(code, 'ADJUST')),
            (SELECT count(*) FROM kept WHERE starts_with(code, 'TEST')),
            (SELECT count(*) FROM invoices WHERE millionths % 10000 <> 0),
            (SELECT count(*) FROM invoices WHERE minutes > 1),
            (SELECT count(*) FROM (SELECT 1 FROM kept GROUP BY customer_id HAVING count(DISTINCT country) > 1)),
            (SELECT count(*) FROM invoices WHERE starts_with(invoice, 'C')),
            (SELECT count(*) FROM invoices WHERE millionths = 0)
    """).fetchall()[0]
    return _Facts(*(int(count) for count in counts))


def _report(facts: _Facts, customers: pa.Table, transactions: pa.Table, out: Path) -> ImportReport:
    notes = (
        Message("imports.cancellations", {"count": facts.cancellations}),
        Message("imports.free", {"count": facts.free}),
        Message("imports.fractions", {"count": facts.fractions}),
        Message("imports.several_minutes", {"count": facts.several_minutes}),
        Message("imports.several_countries", {"count": facts.several_countries}),
        Message("imports.repeated_lines", {"count": facts.repeated}),
        Message("imports.adjustment_lines", {"count": facts.adjustments, "tests": facts.tests}),
    )
    return ImportReport(
        source=SOURCE,
        read=facts.read,
        kept=facts.kept,
        parts=(
            LeftOut(Message("imports.no_customer"), facts.no_customer),
            LeftOut(Message("imports.bad_debt"), facts.bad_debt),
        ),
        tables={"customers": customers.num_rows, "transactions": transactions.num_rows},
        notes=notes,
        out=out,
    )
