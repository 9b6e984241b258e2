"""What comes over accounts besides drift and departure: purchases, windfalls, month-end chasing, absences, needs."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Calendar, Days, Flags, Numbers
from pipelines.sources.simulated.population import RETAIL, Population
from pipelines.sources.simulated.rates import Rates
from pipelines.sources.simulated.streams import Streams

DRAIN, BULGE, SPEND, CHASE = range(4)
MONTHS_BEYOND = 7
"""Months after the data for which movements are drawn: the truth looks that far ahead."""


@dataclass(frozen=True)
class Movements(Columns):
    """Passing changes of assets: `factor` is reached after `fall` days, held for `hold`, undone in `back`."""

    customer: Days
    kind: Days
    start: Days
    fall: Numbers
    hold: Numbers
    back: Numbers
    factor: Numbers


@dataclass(frozen=True)
class Absences(Columns):
    """Times without any transaction of the customer's own: `first` up to, without, `stop`."""

    customer: Days
    first: Days
    stop: Days


@dataclass(frozen=True)
class Needs(Columns):
    """Needs that arise; where one is met (`met` day, else NEVER), assets rise by `gain` (logarithm) for good."""

    customer: Days
    noted: Days
    met: Days
    gain: Numbers
    is_recorded: Flags


def draw_movements(
    population: Population, calendar: Calendar, streams: Streams, rates: Rates, subject: str = "movements"
) -> Movements:
    """Draw drains that return, windfalls that pass, and money moved away over the month's end."""
    rng, law = streams.of(subject), rates.money
    months = calendar.months + 4 + MONTHS_BEYOND
    may = np.flatnonzero(~population.traits.is_saver & ~population.traits.is_chaser)
    parts = []
    for kind, rate, factors, days in (
        (DRAIN, law.drains, law.drain_keeps, law.drain_days),
        (BULGE, law.bulges, law.bulge_factor, law.bulge_days),
        (SPEND, law.spends, law.spend_keeps, law.spend_days),
    ):
        who = np.repeat(may, rng.poisson(rate * months, len(may)))
        n = len(who)
        fall, hold, back = (rng.uniform(0.6, 1.4, n) * typical for typical in days)
        factor = np.exp(rng.uniform(np.log(factors[0]), np.log(factors[1]), n))
        hold = np.minimum(
            hold, np.where(factor > 1.0, law.bulge_size / np.maximum(factor - 1.0, 0.1) - fall, hold)
        )
        start = rng.integers(calendar.edge(-4), calendar.edge(calendar.months + MONTHS_BEYOND), n)
        parts.append(Movements(who, np.full(n, kind), start, fall, np.maximum(hold, 2.0), back, factor))
    parts = [_apart(Movements.stack(parts), law.quiet_days)]
    chasers = np.flatnonzero(population.traits.is_chaser)
    row, month = np.nonzero(rng.random((len(chasers), months)) < law.chasing)
    ends = np.array([calendar.edge(number - 3) for number in range(months)])[month]
    before, after = rng.integers(3, 9, len(row)), rng.integers(2, 8, len(row))
    parts.append(
        Movements(
            customer=chasers[row],
            kind=np.full(len(row), CHASE),
            start=ends - before,
            fall=np.ones(len(row)),
            hold=(before + after - 1).astype(np.float64),
            back=np.ones(len(row)),
            factor=rng.uniform(*law.chaser_keeps, len(row)),
        )
    )
    return Movements.stack(parts)


def _apart(movements: Movements, quiet_days: float) -> Movements:
    """Drop what begins before the customer's earlier movement is long over: two at once could look like leaving."""
    ordered = movements.rows(np.lexsort((movements.start, movements.customer)))
    length = np.where(ordered.kind == SPEND, ordered.fall, ordered.fall + ordered.hold + ordered.back)
    over = ordered.start + length + quiet_days
    lane = ordered.customer * 1e6
    busy_until = np.concatenate([[-np.inf], np.maximum.accumulate(over + lane)[:-1]])
    return ordered.rows(np.flatnonzero(ordered.start + lane >= busy_until))


def draw_absences(population: Population, calendar: Calendar, streams: Streams, rates: Rates) -> Absences:
    """Draw journeys and other silences of people; businesses are never away."""
    rng, law = streams.of("absences"), rates.money
    may = np.flatnonzero(population.profile.kind == RETAIL)
    who = np.repeat(may, rng.poisson(law.silences * calendar.months, len(may)))
    first = rng.integers(calendar.start, calendar.stop, len(who))
    return Absences(who, first, first + rng.uniform(*law.silence_days, len(who)).astype(np.int64))


def draw_needs(population: Population, calendar: Calendar, streams: Streams, rates: Rates) -> Needs:
    """Draw needs, some of which are met by new business within a few months."""
    rng, law = streams.of("needs"), rates.money
    rate = np.array(law.needs)[population.profile.kind] * np.exp(40.0 * population.traits.growth)
    who = np.repeat(np.arange(population.size), rng.poisson(rate * (calendar.months + 4)))
    n = len(who)
    noted = rng.integers(calendar.edge(-4), calendar.stop, n)
    met = noted + rng.uniform(*law.need_met_days, n).astype(np.int64)
    return Needs(
        customer=who,
        noted=noted,
        met=np.where(rng.random(n) < law.need_met, met, NEVER),
        gain=rng.uniform(*law.need_gain, n),
        is_recorded=rng.random(n) < law.need_recorded,
    )


def factor_on(movements: Movements, days: Days) -> Numbers:
    """Factor on assets, one row per movement and one column per day.

    Examples
    --------
    >>> one = [np.array([value]) for value in (0, 0, 100, 10.0, 30.0, 10.0, 0.5)]
    >>> factor_on(Movements(*one), np.array([99, 105, 120, 145, 160]))
    array([[1.  , 0.75, 0.5 , 0.75, 1.  ]])
    """
    passed = days[None, :] - movements.start[:, None]
    fall, hold, back = (values[:, None] for values in (movements.fall, movements.hold, movements.back))
    place = np.clip(passed / fall, 0.0, 1.0) - np.clip((passed - fall - hold) / back, 0.0, 1.0)
    return np.asarray(1.0 + (movements.factor[:, None] - 1.0) * place)
