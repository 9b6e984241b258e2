"""What binds a customer to the bank: contact, satisfaction, grudges; and the odds of deciding to leave."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import Days, Flags, Numbers
from pipelines.sources.simulated.rates import Rates

MOST_CONTACTS = 8
"""Contacts with one customer in a month, at most."""


@dataclass(frozen=True)
class Bond(Columns):
    """The latent state of a customer at a month's first midnight; all that the future hangs on besides `Ties`."""

    mood: Numbers
    grudge: Numbers
    is_neglected: Flags
    last_contact: Numbers
    next_contact: Numbers
    health: Numbers
    is_strained: Flags


@dataclass(frozen=True)
class Ties(Columns):
    """What does not change by itself within a few months.

    `interval` is the customer's own habit in days, `load` how far the manager's book exceeds the capacity,
    `answers` the share of contacts that reach the customer, `constant` the fixed part of the log-odds.
    """

    interval: Numbers
    load: Numbers
    skill: Numbers
    answers: Numbers
    mood_home: Numbers
    rate_sense: Numbers
    is_business: Flags
    strain_begins: Numbers
    constant: Numbers


@dataclass(frozen=True)
class Happenings:
    """Contacts and complaints of one month; `..._row` is the place among the rows that were advanced."""

    contact_row: Days
    contact_day: Days
    is_reached: Flags
    complaint_row: Days
    complaint_day: Days
    severity: Days
    is_well_handled: Flags


@dataclass(frozen=True)
class Span:
    """One month: its first day, the day after its last, and how much better rates are elsewhere."""

    first: int
    stop: int
    rate_gap: float


def silence(bond: Bond, ties: Ties, day: int, rates: Rates) -> Numbers:
    """Logarithm of the days since the last contact over the customer's own habit; 0 within the habit."""
    gap = np.maximum(day - bond.last_contact, 1.0)
    result: Numbers = np.clip(np.log(gap / ties.interval), 0.0, rates.hazard.silence_limit)
    return result


def hazard(bond: Bond, ties: Ties, span: Span, rates: Rates) -> Numbers:
    """Probability of deciding, within the month that begins, to leave."""
    odds, pull = rates.hazard, ties.rate_sense * span.rate_gap
    margin = (
        ties.constant
        - odds.mood * bond.mood
        + odds.silence * silence(bond, ties, span.first, rates)
        + odds.grudge * np.minimum(bond.grudge, 4.0)
        + odds.rates_elsewhere * pull
        + odds.strain * bond.is_strained
    )
    result: Numbers = 1.0 / (1.0 + np.exp(-margin))
    return result


def advance(
    bond: Bond, ties: Ties, span: Span, rng: np.random.Generator, rates: Rates
) -> tuple[Bond, Happenings]:
    """Live through one month; returns the state at the next month's first midnight, and what happened."""
    n = len(bond.mood)
    neglected, due = _neglect(bond, ties, rng, rates)
    last, due, contacts = _contacts(bond, due, neglected, ties, (span, rng, rates))
    mood_now = bond.mood
    chance = rates.touch.complaints * np.exp(-rates.touch.complaint_mood * mood_now)
    complains = np.flatnonzero(rng.random(n) < chance)
    severity = 1 + rng.binomial(4, 0.4, len(complains))
    well = (
        rng.random(len(complains))
        < rates.touch.handled_well + rates.touch.handled_skill * ties.skill[complains]
    )
    fresh = np.zeros(n)
    fresh[complains] = (0.8 + 0.15 * severity) * np.where(well, rates.mood.grudge_if_well_handled, 1.0)
    strained, health = _business(bond, ties, rng, rates)
    later = Bond(
        mood=bond.mood,
        grudge=bond.grudge * rates.mood.grudge_fades + fresh,
        is_neglected=neglected,
        last_contact=last,
        next_contact=due,
        health=health,
        is_strained=strained,
    )
    mood = _mood(later, ties, span, rng, rates)
    days = span.first + (rng.random(len(complains)) * (span.stop - span.first)).astype(np.int64)
    happenings = Happenings(*contacts, complains, days, severity, well)
    return Bond(**{**vars(later), "mood": mood}), happenings


def _neglect(bond: Bond, ties: Ties, rng: np.random.Generator, rates: Rates) -> tuple[Flags, Numbers]:
    """Managers lose sight of customers, less often the able ones; the next contact is put off at once."""
    looks, roll = rates.looks, rng.random(len(bond.mood))
    begins = ~bond.is_neglected & (roll < looks.neglect - looks.neglect_skill * ties.skill)
    ends = bond.is_neglected & (roll < looks.neglect_ends)
    off = np.minimum(
        ties.interval * rng.uniform(1.0, looks.neglect_slows, len(roll)), looks.longest_wait_days
    )
    due = np.where(begins, bond.next_contact + off, bond.next_contact)
    return (bond.is_neglected | begins) & ~ends, due


def _contacts(
    bond: Bond, due: Numbers, neglected: Flags, ties: Ties, context: tuple[Span, np.random.Generator, Rates]
) -> tuple[Numbers, Numbers, tuple[Days, Days, Flags]]:
    """Hold the contacts that fall due in the month; one that does not reach the customer is tried again soon."""
    span, rng, rates = context
    last, due = bond.last_contact.copy(), due.copy()
    pace = ties.interval * ties.load * np.where(neglected, rates.looks.neglect_slows, 1.0) * 0.85
    rows: list[Days] = []
    days: list[Days] = []
    hits: list[Flags] = []
    for _ in range(MOST_CONTACTS):
        now = np.flatnonzero(due < span.stop)
        if not len(now):
            break
        day = np.maximum(due[now], span.first).astype(np.int64)
        hit = rng.random(len(now)) < ties.answers[now]
        last[now] = np.where(hit, day, last[now])
        wait = pace[now] * np.exp(rng.normal(0.0, rates.touch.spread_gap, len(now)))
        due[now] = day + np.clip(
            wait, 2.0, np.maximum(rates.looks.longest_wait_days, 1.5 * ties.interval[now])
        )
        rows.append(now)
        days.append(day)
        hits.append(hit)
    due = np.maximum(due, span.stop)
    if not rows:
        return last, due, (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))
    return last, due, (np.concatenate(rows), np.concatenate(days), np.concatenate(hits))


def _mood(bond: Bond, ties: Ties, span: Span, rng: np.random.Generator, rates: Rates) -> Numbers:
    law = rates.mood
    result: Numbers = (
        ties.mood_home
        + law.persistence * (bond.mood - ties.mood_home)
        - law.silence * silence(bond, ties, span.stop, rates)
        - law.grudge * np.minimum(bond.grudge, 4.0)
        - law.rates_elsewhere * ties.rate_sense * span.rate_gap
        - law.strain * bond.is_strained
        + law.skill * (ties.skill - 0.5)
        + rng.normal(0.0, law.noise, len(bond.mood))
    )
    return result


def _business(bond: Bond, ties: Ties, rng: np.random.Generator, rates: Rates) -> tuple[Flags, Numbers]:
    """Let businesses come under strain and out of it; their health follows some months behind."""
    firms, roll = rates.firms, rng.random(len(bond.mood))
    begins = ties.is_business & ~bond.is_strained & (roll < ties.strain_begins)
    ends = bond.is_strained & (roll < firms.strain_ends)
    strained = (bond.is_strained | begins) & ~ends
    home = np.where(strained, firms.health_in_strain, 0.15)
    noise = rng.normal(0.0, firms.health_noise, len(roll))
    health = home + firms.health_persistence * (bond.health - home) + noise
    return strained, np.where(ties.is_business, health, 0.0)
