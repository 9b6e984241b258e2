"""The world outside the bank: rates here and elsewhere, and how industries fare."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.days import Numbers
from pipelines.sources.simulated.population import INDUSTRIES, PUBLIC_INDUSTRIES
from pipelines.sources.simulated.rates import WARM_UP_MONTHS
from pipelines.sources.simulated.streams import Streams

PAST_MONTHS = 42
"""Months before the data for which the world is known: statements look that far back."""

RATE_STEP = 0.0025
"""One unit of the gap between rates elsewhere and here, as a yearly rate."""


@dataclass(frozen=True)
class World:
    """Paths by month, the first PAST_MONTHS before the data. `rate_gap` is in steps of RATE_STEP, -2 to 2 or so."""

    rate_gap: Numbers
    policy_rate: Numbers
    outlook: Numbers

    def gap(self, month: int) -> float:
        """How much better rates are elsewhere in a month of the data (negative: before it)."""
        return float(self.rate_gap[month + PAST_MONTHS])

    def policy_at(self, month: int) -> float:
        """Policy rate in a month of the data, as a share a year."""
        return float(self.policy_rate[month + PAST_MONTHS])

    def outlook_of(self, month: int) -> Numbers:
        """Outlook per industry in a month, about -2 to 2."""
        return np.asarray(self.outlook[month + PAST_MONTHS])


def draw_world(months: int, streams: Streams) -> World:
    """Draw slow paths that return to their mean."""
    rng = streams.of("world")
    span = PAST_MONTHS + max(months, WARM_UP_MONTHS) + 1
    industries = len(INDUSTRIES) + len(PUBLIC_INDUSTRIES)
    steps = rng.normal(0.0, 1.0, (span, industries + 2))
    paths = np.empty_like(steps)
    paths[0] = 0.8 * steps[0]
    for month in range(1, span):
        paths[month] = 0.92 * paths[month - 1] + 0.31 * steps[month]
    return World(
        rate_gap=0.6 + paths[:, 0],
        policy_rate=0.022 + 0.002 * paths[:, 1],
        outlook=np.clip(paths[:, 2:] * 1.1, -2.0, 2.0),
    )
