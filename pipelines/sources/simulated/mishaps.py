"""Churn by definition without any decision: passing movements of assets that the contract counts as a drain."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.days import Calendar, Days, Numbers
from pipelines.sources.simulated.leaving import BASE_WINDOW, DRAINED_SHARE, END_WINDOW, HORIZONS
from pipelines.sources.simulated.movements import Movements, draw_movements, factor_on
from pipelines.sources.simulated.population import Population
from pipelines.sources.simulated.rates import Rates
from pipelines.sources.simulated.streams import Streams


@dataclass(frozen=True)
class Mishaps:
    """Movements under way, as they are, and several futures of movements to come, drawn apart from them."""

    calendar: Calendar
    opened: Days
    actual: Movements
    futures: tuple[Movements, ...]
    noise: float

    def chances(self, month: int, there: Days) -> Numbers:
        """Probability, per customer `there`, of a counted drain by each horizon; customer x horizon."""
        as_of = self.calendar.edge(month)
        reported = self.calendar.reporting_days(month - 4, month + 7)
        is_known = (self.actual.start < as_of) & (self.actual.start > as_of - 500)
        known = self._factors(self.actual.rows(np.flatnonzero(is_known)), reported)
        base = _weights(reported, as_of - BASE_WINDOW, as_of)[None, :] * (
            self.opened[:, None] <= reported[None, :]
        )
        base = base / np.maximum(base.sum(axis=1, keepdims=True), 1e-9)
        ends = [_weights(reported, as_of + days - END_WINDOW, as_of + days) for days in HORIZONS]
        total = np.zeros((len(there), len(HORIZONS)))
        for future in self.futures:
            comes = (future.start >= as_of) & (future.start < as_of + HORIZONS[-1])
            level = (known * self._factors(future.rows(np.flatnonzero(comes)), reported))[there]
            before = np.maximum((level * base[there]).sum(axis=1), 1e-9)
            stays = np.ones(len(there))
            for place, end in enumerate(ends):
                ratio = level @ (end / end.sum()) / before
                margin = (np.log(DRAINED_SHARE) - np.log(ratio)) / self.noise
                stays = stays / (1.0 + np.exp(1.702 * np.clip(margin, -30.0, 30.0)))
                total[:, place] += 1.0 - stays
        return np.asarray(total / len(self.futures))

    def _factors(self, movements: Movements, days: Days) -> Numbers:
        factors = np.ones((len(self.opened), len(days)))
        np.multiply.at(factors, movements.customer, factor_on(movements, days))
        return factors


def _weights(reported: Days, first: int, stop: int) -> Numbers:
    """Days of a window on which each reporting day is the newest one before."""
    place = np.searchsorted(reported, np.arange(first, stop), side="left") - 1
    return np.bincount(place, minlength=len(reported)).astype(np.float64)


def foresee_mishaps(
    population: Population, calendar: Calendar, streams: Streams, rates: Rates, actual: Movements
) -> Mishaps:
    """Draw the futures that the truth averages over."""
    futures = tuple(
        draw_movements(population, calendar, streams, rates, f"movements to come {number}")
        for number in range(rates.truth_paths)
    )
    noise = float(np.hypot(rates.money.passing_noise / np.sqrt(2.0), 2.0 * rates.money.noise))
    return Mishaps(calendar, population.profile.opened, actual, futures, noise)
