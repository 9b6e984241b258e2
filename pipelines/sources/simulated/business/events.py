"""Events by chance: who, in which month, on which day, and only while the customer is with the bank."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import Days, Flags, Numbers, moments
from pipelines.sources.simulated.history import Bank, History

EVENT_HOURS = (9, 18)
"""Local hours in which staff write something down."""


@dataclass(frozen=True)
class Events(Columns):
    """Events, ordered by day; `month` counts from the start of the data."""

    customer: Days
    month: Days
    day: Days


def draw_events(bank: Bank, history: History, chance: Numbers, rng: np.random.Generator) -> Events:
    """Draw at most one event per customer and month; `chance` is customer x month."""
    months = bank.calendar.months
    customer, month = np.nonzero(rng.random((bank.population.size, months)) < chance[:, :months])
    edges = month_edges(bank)
    day = edges[month] + (rng.random(len(month)) * (edges[month + 1] - edges[month])).astype(np.int64)
    return in_lifetime(bank, history, Events(customer, month, day))


def in_lifetime(bank: Bank, history: History, events: Events) -> Events:
    """Keep events within the data while the customer is there; order them by day."""
    kept = np.flatnonzero(is_present(bank, history, events.customer, events.day))
    return events.rows(kept[np.argsort(events.day[kept], kind="stable")])


def is_present(bank: Bank, history: History, customer: Days, day: Days) -> Flags:
    """Whether a day lies within the data and between the customer's opening and closing."""
    calendar, opened = bank.calendar, bank.population.profile.opened[customer]
    there = (day >= opened) & (day < history.closes[customer])
    result: Flags = there & (day >= calendar.start) & (day < calendar.stop)
    return result


def last_day(bank: Bank, history: History, customer: Days) -> Days:
    """First day on which nothing more is recorded of a customer: closing, or the end of the data."""
    return np.minimum(history.closes[customer], bank.calendar.stop)


def month_edges(bank: Bank) -> Days:
    """First days of the months of the data, and of the one after."""
    return np.array([bank.calendar.edge(month) for month in range(bank.calendar.months + 1)])


def stop_moment(bank: Bank) -> int:
    """The end of the data in microseconds since 1970-01-01 UTC."""
    return int(moments(np.array([bank.calendar.stop]), np.array([0]))[0])


def office_moments(day: Days, rng: np.random.Generator) -> Days:
    """Some moment within office hours of each day."""
    first, stop = EVENT_HOURS
    return moments(day, rng.integers(first * 3_600, stop * 3_600, len(day)))
