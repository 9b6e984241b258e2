"""The truth behind the tables: probabilities given the full latent state.

For judging models, never for building them.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated import bond as bonds
from pipelines.sources.simulated import leaving
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.bond import Bond, Span, Ties
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Days, Numbers
from pipelines.sources.simulated.leaving import HORIZONS, Departures
from pipelines.sources.simulated.writing import dates, numbered, numbers, table_of

MONTHS_AHEAD = 6
"""Months in which a decision can still be churn by the longest horizon."""


@dataclass(frozen=True)
class Foresight(Columns):
    """Per customer and month: the hazard of deciding, and the probability of churn by each horizon."""

    customer: Days
    month: Days
    hazard: Numbers
    by_90: Numbers
    by_180: Numbers


def look_ahead(bank: Bank, month: int, state: tuple[Bond, Ties], departures: Departures) -> Foresight:
    """Compute what the full latent state at a month's first midnight says of the time after it.

    Those who have decided: whether the course they are on is churn by the horizon, and stays it unless they are
    won back. The others: the mean over simulated futures of deciding in each month ahead, times the share of
    decisions of that month that are churn by the horizon.
    """
    day = bank.calendar.edge(month)
    by_month = _decides(bank, month, state)
    rng = bank.streams.of("chances", month)
    chance = np.array(
        [leaving.chances(month, ahead, bank.calendar, rng, bank.rates) for ahead in range(MONTHS_AHEAD)]
    )
    has_decided = (departures.decided < NEVER) & (departures.won_back == NEVER)
    stays_away = 1.0 - bank.rates.leaving.won_back * leaving.may_be_won_back(departures, day, bank.rates)
    mishap = bank.mishaps.chances(month, departures.customer)
    by = [
        1.0
        - (1.0 - mishap[:, place])
        * (
            1.0
            - np.where(
                has_decided,
                leaving.comes_about(departures, day, days, bank.calendar, bank.rates) * stays_away,
                by_month @ chance[:, place],
            )
        )
        for place, days in enumerate(HORIZONS)
    ]
    return Foresight(
        customer=departures.customer,
        month=np.full(len(departures.customer), month),
        hazard=np.where(has_decided, 1.0, by_month[:, 0]),
        by_90=by[0],
        by_180=np.maximum(by[0], by[1]),
    )


def _decides(bank: Bank, month: int, state: tuple[Bond, Ties]) -> Numbers:
    """Probability of deciding in each month ahead, for someone who has not decided; rows x MONTHS_AHEAD."""
    paths, n = bank.rates.truth_paths, len(state[0].mood)
    rng = bank.streams.of("look_ahead", month)
    places = np.tile(np.arange(n), paths)
    bond, ties = state[0].rows(places), state[1].rows(places)
    left = np.ones(n * paths)
    result = np.empty((n, MONTHS_AHEAD))
    gap = bank.world.gap(month)
    for ahead in range(MONTHS_AHEAD):
        span = Span(bank.calendar.edge(month + ahead), bank.calendar.edge(month + ahead + 1), gap)
        odds = bonds.hazard(bond, ties, span, bank.rates)
        result[:, ahead] = (left * odds).reshape(paths, n).mean(axis=0)
        left = left * (1.0 - odds)
        if ahead + 1 < MONTHS_AHEAD:
            bond, _ = bonds.advance(bond, ties, span, rng, bank.rates)
    return result


def hazard_table(bank: Bank, foresight: Foresight) -> pa.Table:
    """One row per customer and month: the hazard of deciding within it, and true probabilities of churn.

    All as of the month's first midnight. The hazard is 1 for those who have decided.
    """
    edges = np.array([bank.calendar.edge(month) for month in range(bank.calendar.months + 1)])
    return table_of(
        {
            "customer_id": numbered("C", foresight.customer),
            "month_on": dates(edges[foresight.month]),
            "hazard": numbers(foresight.hazard),
            "churn_probability_90": numbers(foresight.by_90),
            "churn_probability_180": numbers(foresight.by_180),
        }
    )
