"""What the measures of statements are called, their units and definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from features.signals.measures import Measure, MeasureTable, Unit
from features.signals.statements import statements

_TABLES = ("statements",)
_FIGURES = {
    "sales": "Sales",
    "receivables": "Receivables",
    "debt": "Long- plus short-term debt",
    "net_profit": "Net profit",
    "cash": "Cash",
    "equity": "Equity",
    "pre_tax_profit": "Pre-tax profit",
    "fixed_assets": "Fixed assets",
    "inventory": "Inventory",
}
"""Amounts that come with the same of a year before and with their growth."""

_RATIOS: Mapping[str, tuple[Unit, str]] = {
    "receivable_days": ("days", "Receivables over the sales of a day"),
    "inventory_days": ("days", "Inventory over the cost of sales of a day"),
    "depreciation_rate": ("share", "Depreciation of twelve months over fixed assets"),
}
"""Ratios that come with the same of a year before and with their growth."""

_OTHERS: Mapping[str, tuple[Unit, str]] = {
    "sales_growth_before": ("share", "Growth of sales in the year before."),
    "sales_growth_over_industry": (
        "points",
        "Growth of sales minus the industry's median, or the bank's outlook.",
    ),
    "pre_tax_profit_growth_over_industry": (
        "points",
        "Growth of pre-tax profit minus the industry's median.",
    ),
    "receivables_growth_over_sales": ("points", "Growth of receivables minus that of sales."),
    "fixed_assets_growth_over_sales": ("points", "Growth of fixed assets minus that of sales."),
    "debt_rise_of_assets": ("share", "Rise of debt over total assets."),
    "cost_ratio": ("share", "Cost of sales over sales."),
    "cost_ratio_before": ("share", "The same a year before."),
    "cost_ratio_change": ("points", "The one minus the other."),
    "investment_income": ("money", "Investment income of the period."),
    "securities_loss": ("share", "Loss of fair value over securities before it; 0 for a gain."),
    "net_cash_flow": ("money", "Net cash flow of the period."),
    "operating_cash_flow": ("money", "Operating cash flow of the period."),
    "operating_cash_flow_before": ("money", "The same a year before."),
    "paid_in_capital": ("money", "Capital paid in."),
    "capital_due": ("money", "Capital due by schedule."),
    "paid_in_share": ("share", "The one over the other."),
    "working_capital": ("money", "Current assets minus current liabilities."),
    "working_capital_of_sales": ("share", "Working capital over sales brought to twelve months."),
    "non_operating_of_profit": (
        "share",
        "The larger of non-operating income and expense over pre-tax profit without the two, signs left out.",
    ),
    "non_operating_of_sales": ("share", "The larger of non-operating income and expense over sales."),
    "related_receivables_share": ("share", "Receivables from related parties over receivables."),
    "fixed_assets_share": ("share", "Fixed assets over total assets."),
    "disposal_income": ("money", "Income from disposals."),
    "intangibles_share": ("share", "Intangibles over total assets."),
    "non_core_share": ("share", "Non-core income over sales plus non-core income."),
    "capacity_use": ("share", "Share of capacity in use."),
    "capacity_use_before": ("share", "The same a year before."),
    "capacity_use_change": ("points", "The one minus the other, exact to a millionth."),
    "capital_spending_of_depreciation": ("share", "Capital spending over depreciation."),
    "capital_spending_of_depreciation_before": ("share", "The same a year before."),
}


def _measures() -> Iterator[Measure]:
    amounts: Mapping[str, tuple[Unit, str]] = {name: ("money", text) for name, text in _FIGURES.items()}
    for name, (unit, text) in {**amounts, **_RATIOS}.items():
        yield Measure(name, unit, _TABLES, f"{text}.")
        yield Measure(f"{name}_before", unit, _TABLES, f"{text}, a year before.")
        yield Measure(f"{name}_growth", "share", _TABLES, f"{text}: growth on a year before.")
    for name, (unit, text) in _OTHERS.items():
        yield Measure(name, unit, _TABLES, text)


STATEMENTS = MeasureTable(statements, tuple(_measures()))
