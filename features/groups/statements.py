"""Financial statements: the newest one known, against that of a year before, and what is outstanding."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.signals.lateness import outstanding
from features.signals.year_on_year import (
    PERIOD,
    at_moments,
    days_of,
    debt_of,
    growth,
    share,
    share_change,
    versions,
    year_pairs,
)
from features.windows import KEYS, Tables, exact, history_days, onto_spine

_GROWN = {
    "sales": "sales",
    "profit": "net_profit",
    "equity": "equity",
    "receivable": "receivables",
    "inventory": "inventory",
    "fixed_asset": "fixed_assets",
}


def statements(tables: Tables, spine: ir.Table) -> ir.Table:
    """Margins, ratios and growth of the newest statement, its age, and the days that the next one is late.

    One row per (customer_id, as_of) of `spine`. Ratios and growth are null where their base is not positive.

    Source: warning-signals.md, F and M: the figures that rules read; "newest": own choice, a longer period of two
    that ended on one day, because it says more.
    """
    newest = newest_statements(tables, spine)
    joined = onto_spine(spine, newest.select(*KEYS, *PERIOD, **_ratios(newest)))
    pairs = at_moments(year_pairs(tables), spine)
    joined = joined.left_join(pairs.select(*KEYS, *PERIOD, **_growths(pairs)), [*KEYS, *PERIOD])
    joined = joined.drop(*(name for name in joined.columns if name.endswith("_right")))
    joined = onto_spine(joined, outstanding(tables, spine))
    return joined.select(
        *KEYS,
        *(name for name in joined.columns if name.startswith("statement_")),
        statement_gap_days=(joined.as_of_day - joined.event_day).cast("float64"),
        statement_history_days=history_days(tables, "statements", joined),
    )


def newest_statements(tables: Tables, spine: ir.Table) -> ir.Table:
    """Return the newest statement known at each KEYS of `spine`, with its PERIOD and figures; see `statements`."""
    rows = at_moments(versions(tables), spine)
    order = [ibis.desc(rows.event_day), ibis.desc(rows.months)]
    place = ibis.row_number().over(group_by=KEYS, order_by=order)
    return rows.mutate(place=place).filter(lambda t: t.place == 0)


def _ratios(rows: ir.Table) -> Mapping[str, ir.FloatingValue]:
    year_profit = exact(rows.net_profit) * 12
    earned = exact(rows.pre_tax_profit) + exact(rows.interest_expense)
    cost = exact(rows.cost_of_sales) + exact(rows.operating_expenses)
    return {
        "statement_sales_level": (exact(rows.sales) * 12).cast("float64") / rows.months.cast("float64"),
        "statement_assets_level": rows.total_assets.cast("float64"),
        "statement_gross_margin": share(exact(rows.sales) - exact(rows.cost_of_sales), rows.sales),
        "statement_net_margin": share(rows.net_profit, rows.sales),
        "statement_cost_ratio": share(cost, rows.sales),
        "statement_return_on_assets": share(year_profit, exact(rows.total_assets) * exact(rows.months)),
        "statement_operating_cash_share": share(rows.operating_cash_flow, rows.sales),
        "statement_debt_ratio": share(rows.total_liabilities, rows.total_assets),
        "statement_current_ratio": share(rows.current_assets, rows.current_liabilities),
        "statement_interest_cover": share(earned, rows.interest_expense),
        "statement_cash_share": share(rows.cash, rows.total_assets),
        "statement_fixed_asset_share": share(rows.fixed_assets, rows.total_assets),
        "statement_receivable_days": days_of(rows, "receivables", "sales"),
        "statement_inventory_days": days_of(rows, "inventory", "cost_of_sales"),
    }


def _growths(rows: ir.Table) -> Mapping[str, ir.FloatingValue]:
    return {
        **{
            f"statement_{name}_growth": growth(rows[figure], rows[f"{figure}_before"])
            for name, figure in _GROWN.items()
        },
        "statement_debt_growth": growth(debt_of(rows, ""), debt_of(rows, "_before")),
        "statement_cost_ratio_change": share_change(
            rows.cost_of_sales, rows.sales, rows.cost_of_sales_before, rows.sales_before
        ),
    }
