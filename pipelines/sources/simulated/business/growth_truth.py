"""The truth behind growth: what the latent state says of own-bank assets half a year on."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.assets import Assets
from pipelines.sources.simulated.business.events import month_edges
from pipelines.sources.simulated.days import Days, Numbers
from pipelines.sources.simulated.history import Bank, History
from pipelines.sources.simulated.movements import Needs
from pipelines.sources.simulated.writing import dates, money, numbered, table_of

BASE_DAYS = 90
HORIZON_MONTHS = 5.4
"""From as_of to the middle of the horizon's last 30 days (180 - 15 days)."""


def growth_table(bank: Bank, history: History, assets: Assets, needs: Needs) -> pa.Table:
    """One row per customer and month of the foresight: expected change of own-bank assets over 180 days.

    Expected assets of those who stay, times the probability of staying (1 - churn_probability_180), minus the mean
    over the 90 days before as_of; those who leave are expected to keep nothing. Passing movements are expected to
    be over, and needs that were noted to be met as often as needs are. Loans are left out: amortisation is added
    back, and new ones are rare.
    """
    seen = history.foresight
    base = _mean_before(bank, assets)[seen.customer, seen.month]
    met, coming = _needs(bank, needs)
    rise = (_monthly_rise(bank, history) * HORIZON_MONTHS + met + coming)[seen.customer, seen.month]
    later = np.exp(history.level[seen.customer, seen.month] + rise)
    return table_of(
        {
            "customer_id": numbered("C", seen.customer),
            "month_on": dates(month_edges(bank)[seen.month]),
            "expected_growth_180": money((1.0 - seen.by_180) * later - base),
        }
    )


def _mean_before(bank: Bank, assets: Assets) -> Numbers:
    """Mean assets over the days before each month's first midnight on which the customer is there."""
    result = np.zeros((len(assets.total), bank.calendar.months + 1))
    for month, edge in enumerate(month_edges(bank)):
        window = np.arange(edge - BASE_DAYS, edge)
        place = np.searchsorted(assets.days, window, side="left") - 1
        weights = np.bincount(place[place >= 0], minlength=len(assets.days)).astype(np.float64)
        held = assets.is_there @ weights
        result[:, month] = (assets.total @ weights) / np.maximum(held, 1e-9)
    return result


def _monthly_rise(bank: Bank, history: History) -> Numbers:
    """Mean monthly rise of the logarithm of assets over the horizon: own drift, satisfaction, strain."""
    law, traits = bank.rates.money, bank.population.traits
    kept = (1.0 - bank.rates.mood.persistence**HORIZON_MONTHS) / (HORIZON_MONTHS * (1.0 - bank.rates.mood.persistence))
    mood = traits.mood[:, None] + kept * (history.mood - traits.mood[:, None])
    felt = law.mood * np.clip(mood, -3.0, 1.0) * ~traits.is_saver[:, None]
    lasts = 1.0 - bank.rates.firms.strain_ends
    strain = law.strain * history.is_strained * (1.0 - lasts**HORIZON_MONTHS) / (HORIZON_MONTHS * (1.0 - lasts))
    return np.asarray(traits.growth[:, None] + felt + strain)


def _needs(bank: Bank, needs: Needs) -> tuple[Numbers, Numbers]:
    """Gain (logarithm) from needs met before as_of, and that expected from those noted but not yet met."""
    edges: Days = month_edges(bank)
    law, shape = bank.rates.money, (bank.population.size, len(edges))
    met, coming = np.zeros(shape), np.zeros(shape)
    np.add.at(met, needs.customer, needs.gain[:, None] * (needs.met[:, None] <= edges))
    waiting = (needs.noted[:, None] < edges) & (needs.met[:, None] > edges)
    waiting &= edges - needs.noted[:, None] < law.need_met_days[1]
    np.add.at(coming, needs.customer, law.need_met * needs.gain[:, None] * waiting)
    return met, coming
