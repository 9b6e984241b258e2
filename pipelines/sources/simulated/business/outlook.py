"""The world outside as the bank reads of it: how industries fare, and rates."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.business.rates import LAW
from pipelines.sources.simulated.days import Days, Numbers
from pipelines.sources.simulated.history import Bank
from pipelines.sources.simulated.population import INDUSTRIES, PUBLIC_INDUSTRIES
from pipelines.sources.simulated.world import PAST_MONTHS, RATE_STEP
from pipelines.sources.simulated.writing import chosen, dates, numbers, table_of

SERIES = ("policy_rate", "deposit_rate", "deposit_rate_elsewhere", "wealth_yield")


def _months(bank: Bank) -> tuple[Days, Days]:
    """Months for which the world is known, and the day of each on which it is published."""
    months = np.arange(-PAST_MONTHS, bank.calendar.months)
    return months, np.array([bank.calendar.edge(int(month)) + 1 for month in months])


def outlook_table(bank: Bank) -> pa.Table:
    """One row per industry and month, for all regions; growth as a share a year."""
    rng, names = bank.streams.of("outlook table"), INDUSTRIES + PUBLIC_INDUSTRIES
    months, stated = _months(bank)
    outlook = np.array([bank.world.outlook_of(int(month)) for month in months])[:, : len(names)].ravel()
    n = len(outlook)
    return table_of(
        {
            "industry": chosen(names, np.tile(np.arange(len(names)), len(months))),
            "stated_on": dates(np.repeat(stated, len(names))),
            "region": pa.nulls(n, pa.string()),
            "outlook": numbers(np.round(outlook, 1)),
            "sales_growth": numbers(np.round(0.04 + 0.05 * outlook + rng.normal(0.0, 0.01, n), 4)),
            "inventory_days_growth": numbers(np.round(0.01 - 0.07 * outlook + rng.normal(0.0, 0.02, n), 4)),
        }
    )


def market_table(bank: Bank) -> pa.Table:
    """One row per series and month; yearly rates as shares."""
    months, stated = _months(bank)
    policy = bank.world.policy_rate[months + PAST_MONTHS]
    gap = np.array([bank.world.gap(int(month)) for month in months])
    here = np.maximum(policy - LAW.deposit_below_policy, 0.001)
    noise = bank.streams.of("market table").normal(0.0, 0.0006, len(months))
    paths: tuple[Numbers, ...] = (policy, here, here + RATE_STEP * gap, policy + LAW.wealth_above_policy + noise)
    return table_of(
        {
            "series": chosen(SERIES, np.repeat(np.arange(len(SERIES)), len(months))),
            "stated_on": dates(np.tile(stated, len(SERIES))),
            "value": numbers(np.round(np.concatenate(paths), 5)),
        }
    )
