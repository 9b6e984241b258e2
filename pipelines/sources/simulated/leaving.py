"""How customers go who have decided to, and what the contract's definition of churn makes of it."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Calendar, Days, Flags, Numbers
from pipelines.sources.simulated.rates import Rates

HORIZONS = (90, 180)
SILENT_RUN = 90
DRAINED_SHARE = 0.4
BASE_WINDOW = 90
END_WINDOW = 30
DRAWN = 800
"""Departures drawn to see what share of them is churn."""

DRAINS, FADES, BOTH = range(3)
FADED = 0.45
"""Share of the way after which those who fade without closing make no transaction any more."""


@dataclass(frozen=True)
class Departures(Columns):
    """Decisions to leave, one row each, with all that is already settled about how it goes.

    `customer` is a place in the population; `way` drains, fades or both; `length` days until nothing is left;
    `closes` and `won_back` are days, NEVER where it does not happen; `residual` is the share that stays behind
    with those who fall silent from `silent_from` on before they close.
    """

    customer: Days
    decided: Days
    way: Days
    length: Numbers
    silent_from: Days
    closes: Days
    residual: Numbers
    won_back: Days


def draw_departures(customer: Days, first: int, rng: np.random.Generator, rates: Rates) -> Departures:
    """Decisions taken in the first days of a month."""
    law, n = rates.leaving, len(customer)
    decided = first + rng.integers(0, law.decides_within_days, n)
    length = rng.uniform(*law.length_days, n)
    end = decided + length.astype(np.int64)
    way = rng.choice(3, n, p=law.ways)
    lingers = (way == FADES) & (rng.random(n) < law.lingers)
    wait = np.where(lingers, rng.integers(*law.lingering_days, n), rng.integers(*law.closing_days, n))
    return Departures(
        customer=customer,
        decided=decided,
        way=way,
        length=length,
        silent_from=np.where(lingers, decided + (FADED * length).astype(np.int64), end),
        closes=end + wait,
        residual=np.where(lingers, 1.0, rng.uniform(*law.residual, n)),
        won_back=np.full(n, NEVER),
    )


def may_be_won_back(departures: Departures, day: int, rates: Rates) -> Flags:
    """Whether there is still something to win back at a month's first midnight; asked once, at the first one."""
    passed = day - departures.decided
    result: Flags = (
        (passed > 0) & (passed <= 31) & (passed < rates.leaving.won_back_until * departures.length)
    )
    return result


def _grid(days: Days) -> Days:
    """Days as columns: the same for every departure, or each row its own."""
    return days if days.ndim == 2 else days[None, :]


def _came_back(departures: Departures, days: Days, level: Numbers, rates: Rates) -> Numbers:
    """Let what was lost return, where the customer was won back."""
    since = days - departures.won_back[:, None]
    share = np.clip(since / rates.leaving.back_within_days, 0.0, 1.0)
    result: Numbers = level + (1.0 - level) * share
    return result


def assets_left(departures: Departures, days: Days, rates: Rates) -> Numbers:
    """Share of the assets still there; a row per departure, a column per day (or a row of days each)."""
    days = _grid(days)
    until = np.minimum(days, departures.won_back[:, None])
    passed = np.clip((until - departures.decided[:, None]) / departures.length[:, None], 0.0, 1.0)
    late = np.clip((passed - 0.7) / 0.3, 0.0, 1.0)
    way = departures.way[:, None]
    gone = np.where(way == FADES, late, np.where(way == DRAINS, passed**0.6, passed**0.7))
    return _came_back(departures, days, 1.0 - (1.0 - departures.residual[:, None]) * gone, rates)


def activity_left(departures: Departures, days: Days, rates: Rates) -> Numbers:
    """Share of the customer's own transactions still made; rows and columns as in `assets_left`."""
    days = _grid(days)
    until = np.minimum(days, departures.won_back[:, None])
    passed = np.clip((until - departures.decided[:, None]) / departures.length[:, None], 0.0, None)
    way = departures.way[:, None]
    share = np.where(
        way == DRAINS, 1.0 - 0.8 * passed, np.where(way == FADES, 1.0 - 2.6 * passed, 1.0 - 1.5 * passed)
    )
    share = np.maximum(share, np.where(way == FADES, 0.08, 0.2))
    share = np.where(until >= departures.silent_from[:, None], 0.0, share)
    return _came_back(departures, days, share, rates)


def comes_about(departures: Departures, as_of: int, horizon: int, calendar: Calendar, rates: Rates) -> Flags:
    """Whether a departure that runs its course is churn within the horizon, as the contract defines it."""
    stop = as_of + horizon
    closes = departures.closes < stop
    silent = np.maximum(departures.silent_from, as_of) + SILENT_RUN <= stop
    month = round((as_of - calendar.start) / 30.44)
    reported = calendar.reporting_days(month - 4, month + 8)
    left = assets_left(departures, reported, rates)

    def mean(first: int, last: int) -> Numbers:
        place = np.searchsorted(reported, np.arange(first, last), side="left") - 1
        return np.asarray(left[:, place].mean(axis=1))

    base = mean(as_of - BASE_WINDOW, as_of)
    result = closes | silent
    for listed in HORIZONS:
        if listed <= horizon:
            result = result | (mean(as_of + listed - END_WINDOW, as_of + listed) <= DRAINED_SHARE * base)
    return result


def chances(month: int, ahead: int, calendar: Calendar, rng: np.random.Generator, rates: Rates) -> Numbers:
    """Probability that a decision taken `ahead` months after a month's start is churn by 90 and by 180 days."""
    drawn = draw_departures(np.zeros(DRAWN, dtype=np.int64), calendar.edge(month + ahead), rng, rates)
    stays_away = 1.0 - rates.leaving.won_back * may_be_won_back(
        drawn, calendar.edge(month + ahead + 1), rates
    )
    as_of = calendar.edge(month)
    return np.array(
        [(comes_about(drawn, as_of, days, calendar, rates) * stays_away).mean() for days in HORIZONS]
    )


def win_back(departures: Departures, chosen: Flags, day: int) -> Departures:
    """Mark departures that end with the customer staying after all."""
    return replace(
        departures,
        won_back=np.where(chosen, day, departures.won_back),
        closes=np.where(chosen, NEVER, departures.closes),
        silent_from=np.where(chosen, NEVER, departures.silent_from),
    )
