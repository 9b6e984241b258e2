"""Financial statements: ratios of the newest one, its growth on the year before, and how late the next one is."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group(
    "statements", "statements", ("statements",), "warning-signals.md, F, M: the figures that rules read"
)
_NEWEST = "Of the newest statement known at as_of: its period ended last, of several it is the longest."
_NONE = "no statement known, a figure not stated, or a base that is not positive"
_NO_BASE = (
    "no statement of equal months known that ended a year before, a figure not stated, or a base not positive"
)

RATIOS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "gross_margin": ("share", "Sales minus cost of sales, over sales.", ("sales", "cost_of_sales")),
    "net_margin": ("share", "Net profit over sales.", ("sales", "net_profit")),
    "cost_ratio": ("share", "Cost of sales plus operating expenses, over sales.",
                   ("sales", "cost_of_sales", "operating_expenses")),
    "return_on_assets": ("share", "Net profit brought to twelve months, over total assets.",
                         ("net_profit", "total_assets")),
    "operating_cash_share": ("share", "Operating cash flow over sales.", ("operating_cash_flow", "sales")),
    "debt_ratio": ("share", "Total liabilities over total assets.", ("total_liabilities", "total_assets")),
    "current_ratio": ("ratio", "Current assets over current liabilities.", ("current_assets", "current_liabilities")),
    "interest_cover": ("ratio", "Pre-tax profit plus interest expense, over interest expense.",
                       ("pre_tax_profit", "interest_expense")),
    "cash_share": ("share", "Cash over total assets.", ("cash", "total_assets")),
    "fixed_asset_share": ("share", "Fixed assets over total assets.", ("fixed_assets", "total_assets")),
    "receivable": ("days", "Receivables over the sales of a day; the period's sales brought to 365 days.",
                   ("receivables", "sales")),
    "inventory": ("days", "Inventory over the cost of sales of a day; the period's cost brought to 365 days.",
                  ("inventory", "cost_of_sales")),
}  # fmt: skip
"""Measure -> unit, definition, columns that it cannot do without."""

GROWTHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sales": ("Sales", ("sales",)),
    "profit": ("Net profit", ("net_profit",)),
    "equity": ("Equity", ("equity",)),
    "receivable": ("Receivables", ("receivables",)),
    "inventory": ("Inventory", ("inventory",)),
    "debt": ("Long- plus short-term debt", ("long_term_debt", "short_term_debt")),
    "fixed_asset": ("Fixed assets", ("fixed_assets",)),
}
"""Measure -> the figure in words, columns that it cannot do without."""


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("statement", "sales", statistic="level", unit="money", null_means="no statement known, or no sales stated",
            definition=f"Sales brought to twelve months. {_NEWEST}"),
        add("statement", "assets", statistic="level", unit="money",
            null_means="no statement known, or no total assets stated", definition=f"Total assets. {_NEWEST}"),
        *(
            add("statement", name, unit=unit, null_means=_NONE, definition=f"{text} {_NEWEST}")
            for name, (unit, text, _) in RATIOS.items()
        ),
        *(
            add("statement", name, statistic="growth", unit="share", null_means=_NO_BASE,
                definition=f"{text} over that of the statement of equal months a year before, minus 1. {_NEWEST}")
            for name, (text, _) in GROWTHS.items()
        ),
        add("statement", "cost_ratio", statistic="change", unit="share", null_means=_NO_BASE,
            definition="Cost of sales over sales, minus the same of the statement of equal months a year before. "
                       f"{_NEWEST}"),
        add("statement", "late", unit="days", null_means="no statement can be expected: no habit of handing in known",
            definition="Days that the longest expected statement is past its limit (F01) without having come; 0: "
                       "none is."),
        add("statement", "gap", unit="days", null_means="no statement known", model_input=False,
            definition="Days from the end of the newest statement's period to as_of."),
        add("statement", "history", unit="days", null_means="never null", model_input=False,
            definition="Days of the relationship that the table of statements covers before as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS: dict[str, tuple[str, ...]] = {
    "statement_sales_level": ("statements", "sales"),
    "statement_assets_level": ("statements", "total_assets"),
    "statement_cost_ratio_change": ("statements", "cost_of_sales", "sales"),
    **{
        f"statement_{name}{'_days' if unit == 'days' else ''}": ("statements", *columns)
        for name, (unit, _, columns) in RATIOS.items()
    },
    **{f"statement_{name}_growth": ("statements", *columns) for name, (_, columns) in GROWTHS.items()},
}
