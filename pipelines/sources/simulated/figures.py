"""The figures of a statement: income, position and cash, all hanging on yearly sales, growth and health."""

import numpy as np

from pipelines.sources.simulated.days import Numbers

RATIOS = ("capacity_use", "output_growth")
"""Columns of a statement that are shares; every other one is an amount."""


def figures(
    sales: Numbers, growth: Numbers, health: Numbers, months: int, rng: np.random.Generator
) -> dict[str, Numbers]:
    """Draw the figures of one period for all businesses; amounts in yuan.

    `sales` and `growth` are yearly, `health` is about 0 in good times and below -1 under strain.
    """
    noise = rng.normal(0.0, 1.0, (8, len(sales)))
    position = _position(sales, health, noise)
    income = _income(sales * months / 12.0, health, position, noise)
    cash = _cash(sales * months / 12.0, health, income, position, noise)
    shares = {
        "capacity_use": np.round(np.clip(0.80 + 0.10 * health + 0.04 * noise[6], 0.2, 1.0), 3),
        "output_growth": np.round(growth + 0.02 * noise[7], 4),
    }
    return {**income, **position, **cash, **shares}


def _income(
    sales: Numbers, health: Numbers, position: dict[str, Numbers], noise: Numbers
) -> dict[str, Numbers]:
    cost = sales * np.clip(0.74 - 0.045 * health + 0.01 * noise[0], 0.4, 0.98)
    expenses = sales * np.clip(0.13 - 0.01 * health + 0.006 * noise[1], 0.03, 0.4)
    interest = 0.022 * (position["short_term_debt"] + position["long_term_debt"])
    investment = 0.004 * sales * (noise[2] + 0.8)
    change = 0.003 * sales * noise[3]
    gains, losses = (
        0.004 * sales * np.abs(noise[4]),
        0.004 * sales * np.abs(noise[5]) * (1.0 - 0.8 * health.clip(-3, 0)),
    )
    profit = sales - cost - expenses - interest + investment + change + gains - losses
    return {
        "sales": sales,
        "cost_of_sales": cost,
        "operating_expenses": expenses,
        "interest_expense": interest,
        "investment_income": investment,
        "fair_value_change": change,
        "non_operating_income": gains,
        "non_operating_expense": losses,
        "non_core_income": 0.06 * sales * np.exp(0.4 * noise[6]),
        "disposal_income": np.where(health < -1.0, 0.02 * sales, 0.001 * sales),
        "pre_tax_profit": profit,
        "net_profit": np.where(profit > 0, 0.75 * profit, profit),
    }


def _position(sales: Numbers, health: Numbers, noise: Numbers) -> dict[str, Numbers]:
    cash = 0.11 * sales * np.exp(0.35 * health + 0.12 * noise[0])
    securities = 0.02 * sales * np.exp(0.2 * noise[1])
    receivables = 0.16 * sales * np.exp(-0.22 * health + 0.06 * noise[2])
    inventory = 0.13 * sales * np.exp(-0.22 * health + 0.06 * noise[3])
    current = cash + securities + receivables + inventory + 0.03 * sales
    fixed = 0.35 * sales * np.exp(0.05 * noise[4])
    intangibles = 0.04 * sales * np.exp(0.1 * noise[5])
    short = 0.15 * sales * np.exp(-0.25 * health + 0.08 * noise[6])
    long = 0.08 * sales * np.exp(-0.1 * health + 0.08 * noise[7])
    payable = 0.14 * sales * np.exp(-0.1 * health)
    total, owed = current + fixed + intangibles, short + long + payable
    return {
        "cash": cash,
        "securities": securities,
        "receivables": receivables,
        "related_receivables": receivables * np.clip(0.08 - 0.05 * health + 0.03 * noise[1], 0.0, 0.9),
        "inventory": inventory,
        "current_assets": current,
        "fixed_assets": fixed,
        "intangibles": intangibles,
        "total_assets": total,
        "short_term_debt": short,
        "long_term_debt": long,
        "current_liabilities": short + payable,
        "total_liabilities": owed,
        "equity": total - owed,
        "paid_in_capital": 0.12 * sales,
        "capital_due": 0.12 * sales * np.where(noise[5] > 1.8, 1.6, 1.0),
    }


def _cash(
    sales: Numbers, health: Numbers, income: dict[str, Numbers], position: dict[str, Numbers], noise: Numbers
) -> dict[str, Numbers]:
    depreciation = 0.05 * position["fixed_assets"]
    operating = income["net_profit"] + depreciation + sales * (0.02 * noise[2] + 0.035 * health)
    spending = depreciation * np.exp(0.1 + 0.3 * health + 0.3 * noise[3])
    dividends = np.where(income["net_profit"] > 0, 0.2 * income["net_profit"] * (noise[4] > -0.5), 0.0)
    return {
        "operating_cash_flow": operating,
        "net_cash_flow": operating - spending - dividends + 0.01 * sales * noise[5],
        "capital_spending": spending,
        "depreciation": depreciation,
        "payroll": 0.11 * sales * np.exp(0.08 * noise[6]),
        "welfare_provisions": 0.015 * sales * np.exp(0.1 * noise[7]),
        "dividends": dividends,
    }
