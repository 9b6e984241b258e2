"""Month by month through the life of the bank: the loop behind every table, and the truth as it goes."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.sources.simulated import bond as bonds
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.course import Course, Visit, span_of
from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers
from pipelines.sources.simulated.leaving import Departures
from pipelines.sources.simulated.rates import WARM_UP_MONTHS
from pipelines.sources.simulated.truth import Foresight, look_ahead


@dataclass(frozen=True)
class Paths(Columns):
    """How customers fare: one column per month's first midnight, the last one being the end of the data.

    `level` is the logarithm of assets in yuan, `drift` its growth a month, `activity` the logarithm of the
    factor on the customer's transactions.
    """

    mood: Numbers
    level: Numbers
    drift: Numbers
    activity: Numbers
    health: Numbers
    is_strained: Flags
    card: Days
    seat: Days


@dataclass(frozen=True)
class History(Paths):
    """What happened, everything included; `closes` is the closing day per customer, or NEVER.

    For `contacts`, `is_good` is whether the customer was reached; for `complaints`, whether handled well.
    """

    contacts: Visit
    complaints: Visit
    departures: Departures
    foresight: Foresight
    closes: Days


def live_through(bank: Bank, progress: Callable[[float], None]) -> History:
    """Run the bank through the warm-up and all months of the data."""
    course, months = Course(bank), bank.calendar.months
    moments: list[Paths] = []
    seen: list[Foresight] = []
    for month in range(-WARM_UP_MONTHS, months + 1):
        course.update_cards(month)
        there = course.present(bank.calendar.edge(month))
        ties = course.ties(month, there)
        odds = bonds.hazard(course.bond.rows(there), ties, span_of(bank, month), bank.rates)
        if month >= 0:
            moments.append(_moment(course))
            seen.append(
                look_ahead(bank, month, (course.bond.rows(there), ties), course.departures.rows(there))
            )
        if month == months:
            break
        course.decide(month, there, odds)
        course.live(month, there, ties)
        progress((month + WARM_UP_MONTHS + 1) / (months + WARM_UP_MONTHS))
    going = course.departures.rows(np.flatnonzero(course.departures.decided < NEVER))
    return History(
        **_side_by_side(moments),
        contacts=Visit.stack(course.contacts),
        complaints=Visit.stack(course.complaints),
        departures=Departures.stack([*course.ended, going]),
        foresight=Foresight.stack(seen),
        closes=course.departures.closes,
    )


def _moment(course: Course) -> Paths:
    law = course.bank.rates.money
    pull = law.activity_mood * np.where(course.bank.population.traits.is_saver, law.saver_mood, 1.0)
    return Paths(
        mood=course.bond.mood.copy(),
        level=course.level.copy(),
        drift=course.drift.copy(),
        activity=course.swing + pull * np.clip(course.bond.mood, -3.0, 2.0),
        health=course.bond.health.copy(),
        is_strained=course.bond.is_strained.copy(),
        card=course.card.copy(),
        seat=course.seat.copy(),
    )


def _side_by_side(moments: list[Paths]) -> dict[str, NDArray[Any]]:
    return {
        field.name: np.stack([getattr(moment, field.name) for moment in moments], axis=1)
        for field in fields(Paths)
    }
