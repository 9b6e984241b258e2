"""Statements against those of a year before: the figures that the rules of finance and operations read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from features.signals.industry import over_industry
from features.signals.year_on_year import (
    PERIOD,
    at_moments,
    days_of,
    debt_of,
    growth,
    growth_over,
    share,
    share_change,
    share_growth,
    three_years,
    versions,
    where,
    year_pairs,
)
from features.windows import KEYS, Tables, exact, ratio

_MILLION = 1_000_000
_COMPARED = (
    "sales",
    "receivables",
    "net_profit",
    "cash",
    "equity",
    "pre_tax_profit",
    "fixed_assets",
    "inventory",
)

Measures = Mapping[str, ir.NumericValue]


def statements(tables: Tables, spine: ir.Table) -> ir.Table:
    """Figures of every statement known at as_of: alone, against a year before, and against the industry.

    One row per KEYS and `evaluated_day`, period and day on which some of its figures became known (mostly one day
    per statement): the measures that could first be computed on that day, the others null. Money in minor
    units, shares and points as fractions. A growth or change is null without a statement of equal months a year
    before, or without a positive base in both. An earlier period that became known no sooner than a later one
    of equal months is left out.

    Source: warning-signals.md, "When"; that late history is left out is an own choice: a signal raised on it
    would say that something happened now.
    """
    parts = {
        "alone": (versions(tables), alone),
        "pairs": (year_pairs(tables), compared),
        "years": (three_years(tables), in_a_row),
    }
    found = [over_industry(tables, spine)]
    for name, (rows, measures) in parts.items():
        held = tables.keep(f"measured_{name}", at_moments(rows, spine))
        found.append(held.select(*KEYS, *PERIOD, "evaluated_day", **measures(held)))
    together = tables.keep("measured_together", _together([_floats(rows) for rows in found]))
    return _without_late_history(together).drop(*PERIOD)


def alone(rows: ir.Table) -> Measures:
    """Measures of one period alone."""
    change = exact(rows.fair_value_change)
    working = exact(rows.current_assets) - exact(rows.current_liabilities)
    extra = ibis.greatest(exact(rows.non_operating_income).abs(), exact(rows.non_operating_expense).abs())
    extra = where(rows.non_operating_income.notnull() & rows.non_operating_expense.notnull(), extra)
    operating = (
        exact(rows.pre_tax_profit) - exact(rows.non_operating_income) + exact(rows.non_operating_expense)
    )
    income = exact(rows.sales) + exact(rows.non_core_income)
    held = exact(rows.securities) - change
    return {
        "investment_income": rows.investment_income,
        "securities_loss": share(ibis.greatest(-change, exact(ibis.literal(0))), held),
        "paid_in_capital": rows.paid_in_capital,
        "capital_due": rows.capital_due,
        "paid_in_share": share(rows.paid_in_capital, rows.capital_due),
        "working_capital": working,
        "working_capital_of_sales": share(working * exact(rows.months), exact(rows.sales) * 12),
        "non_operating_of_profit": share(extra, operating.abs()),
        "non_operating_of_sales": share(extra, rows.sales),
        "related_receivables_share": share(rows.related_receivables, rows.receivables),
        "intangibles_share": share(rows.intangibles, rows.total_assets),
        "non_core_share": share(rows.non_core_income, income),
        "capacity_use": rows.capacity_use,
    }


def compared(rows: ir.Table) -> Measures:
    """Measures of a period against that of a year before, with the figures that they come from."""
    debt, debt_before = debt_of(rows, ""), debt_of(rows, "_before")
    cost = (rows.cost_of_sales, rows.sales, rows.cost_of_sales_before, rows.sales_before)
    wear = (rows.depreciation, rows.fixed_assets, rows.depreciation_before, rows.fixed_assets_before)
    found: dict[str, ir.NumericValue] = {}
    for name in _COMPARED:
        found |= {name: rows[name], f"{name}_before": rows[f"{name}_before"]}
        found[f"{name}_growth"] = growth(rows[name], rows[f"{name}_before"])
    for name in ("receivables", "fixed_assets"):
        found[f"{name}_growth_over_sales"] = growth_over(
            rows[name], rows[f"{name}_before"], rows.sales, rows.sales_before
        )
    return (
        found
        | of_both_years(rows)
        | {
            "receivable_days_growth": share_growth(
                rows.receivables, rows.sales, rows.receivables_before, rows.sales_before
            ),
            "inventory_days_growth": share_growth(
                rows.inventory, rows.cost_of_sales, rows.inventory_before, rows.cost_of_sales_before
            ),
            "debt": debt,
            "debt_before": debt_before,
            "debt_growth": growth(debt, debt_before),
            "debt_rise_of_assets": where(debt_before > 0, share(debt - debt_before, rows.total_assets)),
            "cost_ratio_change": share_change(*cost),
            "net_cash_flow": rows.net_cash_flow,
            "depreciation_rate_growth": share_growth(*wear),
            "fixed_assets_share": share(rows.fixed_assets, rows.total_assets),
            "disposal_income": rows.disposal_income,
            "capacity_use_change": ratio(
                millionths(rows.capacity_use) - millionths(rows.capacity_use_before), ibis.literal(_MILLION)
            ),
        }
    )


def of_both_years(rows: ir.Table) -> dict[str, ir.NumericValue]:
    """Ratios and figures of the period, and the same of a year before."""
    found: dict[str, ir.NumericValue] = {}
    for end in ("", "_before"):
        found |= {
            f"receivable_days{end}": days_of(rows, "receivables", "sales", end),
            f"inventory_days{end}": days_of(rows, "inventory", "cost_of_sales", end),
            f"cost_ratio{end}": share(rows[f"cost_of_sales{end}"], rows[f"sales{end}"]),
            f"depreciation_rate{end}": share(
                exact(rows[f"depreciation{end}"]) * 12, exact(rows[f"fixed_assets{end}"]) * exact(rows.months)
            ),
            f"capacity_use{end}": rows[f"capacity_use{end}"],
            f"operating_cash_flow{end}": rows[f"operating_cash_flow{end}"],
            f"capital_spending_of_depreciation{end}": share(
                rows[f"capital_spending{end}"], rows[f"depreciation{end}"]
            ),
        }
    return found


def in_a_row(rows: ir.Table) -> Measures:
    """Growth of sales of a period and of the one a year before it."""
    return {
        "sales_growth": growth(rows.sales, rows.sales_before),
        "sales_growth_before": growth(rows.sales_before, rows.sales_earlier),
    }


def millionths(value: ir.FloatingValue) -> ir.IntegerValue:
    """A stated share in whole millionths, so that differences of them are exact."""
    return (value * _MILLION).round().cast("int64")


def _floats(rows: ir.Table) -> ir.Table:
    keys = (*KEYS, *PERIOD, "evaluated_day")
    return rows.select(
        *keys, **{name: rows[name].cast("float64") for name in rows.columns if name not in keys}
    )


def _together(parts: Sequence[ir.Table]) -> ir.Table:
    """Bring the parts of a period that became known on one day into one row.

    A measure that two parts share has one value on a day.
    """
    names = dict.fromkeys(name for part in parts for name in part.columns)
    whole = [
        part.select(
            *(part[name] if name in part.columns else ibis.null("float64").name(name) for name in names)
        )
        for part in parts
    ]
    rows = ibis.union(*whole)
    keys = (*KEYS, *PERIOD, "evaluated_day")
    return rows.group_by(*keys).aggregate(**{name: rows[name].max() for name in names if name not in keys})


def _without_late_history(rows: ir.Table) -> ir.Table:
    """Leave out figures of a period that became known no sooner than some of a later one of equal months."""
    first = rows.group_by(*KEYS, *PERIOD).aggregate(first_day=rows.evaluated_day.min())
    later = first.first_day.min().over(
        ibis.window(group_by=(*KEYS, "months"), order_by=ibis.desc("event_day"), preceding=(None, 1))
    )
    first = first.select(*KEYS, *PERIOD, later_day=later)
    found = rows.join(first, [*KEYS, *PERIOD])
    found = found.filter((found.evaluated_day < found.later_day).fill_null(True))  # noqa: FBT003
    return found.select(*rows.columns)
