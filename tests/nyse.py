"""The annual statements of large listed companies (shared/data/nyse_fundamentals) as tables of the contract.

Amounts come in whole dollars and are handed over in cents. What the source lacks stays out: fair values, disposals,
related parties, capital due, capacity, non-core income, pay, dividends, and days of receipt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.handover import Bank

INDUSTRY = "listed"
"""The data name no industry: all companies count as one, so that the rules against an industry say something."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sales": ("Total Revenue",),
    "cost_of_sales": ("Cost of Revenue",),
    "operating_expenses": ("Sales, General and Admin.", "Research and Development", "Other Operating Items"),
    "interest_expense": ("Interest Expense",),
    "investment_income": ("Equity Earnings/Loss Unconsolidated Subsidiary",),
    "pre_tax_profit": ("Earnings Before Tax",),
    "net_profit": ("Net Income",),
    "cash": ("Cash and Cash Equivalents",),
    "securities": ("Short-Term Investments",),
    "receivables": ("Net Receivables",),
    "inventory": ("Inventory",),
    "current_assets": ("Total Current Assets",),
    "fixed_assets": ("Fixed Assets",),
    "intangibles": ("Intangible Assets",),
    "total_assets": ("Total Assets",),
    "short_term_debt": ("Short-Term Debt / Current Portion of Long-Term Debt",),
    "long_term_debt": ("Long-Term Debt",),
    "current_liabilities": ("Total Current Liabilities",),
    "total_liabilities": ("Total Liabilities",),
    "equity": ("Total Equity",),
    "operating_cash_flow": ("Net Cash Flow-Operating",),
    "net_cash_flow": ("Net Cash Flow",),
    "depreciation": ("Depreciation",),
}
"""Column of the contract -> columns of the source that add up to it."""


def nyse_bank(directory: Path) -> Bank:
    """A bank whose customers are the listed companies, each with its annual statements."""
    rows = pq.read_table(directory / "fundamentals.parquet").to_pylist()
    tickers = sorted({row["Ticker Symbol"] for row in rows})
    customers = [
        {"customer_id": one, "kind": "corporate", "opened_on": date(2000, 1, 1), "industry": INDUSTRY}
        for one in tickers
    ]
    tables = {"customers": customers, "statements": [*_statements(rows)]}
    return Bank(tables, data_until=date(2019, 1, 1), fixed_profile=("industry",))


def _statements(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        extra, spent = row["Add'l income/expense items"], row["Capital Expenditures"]
        yield {
            "customer_id": row["Ticker Symbol"],
            "period_end": row["Period Ending"],
            "months": 12,
            "received_on": _received(row["Period Ending"]),
            **{name: _cents(row, columns) for name, columns in COLUMNS.items()},
            "non_operating_income": max(extra, 0) * 100,
            "non_operating_expense": max(-extra, 0) * 100,
            "capital_spending": -spent * 100,
        }


def _received(end: date) -> date:
    """The 1st of June after the business year, which ends a few days into the next one here and there: own choice."""
    return date((end - timedelta(days=7)).year + 1, 6, 1)


def _cents(row: Mapping[str, Any], columns: tuple[str, ...]) -> int | None:
    values = [row[column] for column in columns]
    return None if None in values else round(sum(values)) * 100
