"""What customers do of their own accord: everyday transactions, and the salaries that they get."""

from dataclasses import replace

import numpy as np

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers, day_of_month, is_festival, weekday
from pipelines.sources.simulated.flows import (
    AUTHORITY,
    CHANNELS,
    INSTITUTION_PAID,
    KINDS,
    OWN,
    PARTIES,
    SALARY,
    UNKNOWN,
    Flows,
    by_bank,
)
from pipelines.sources.simulated.habits import Use
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.leaving import FADES, activity_left
from pipelines.sources.simulated.movements import Absences


def everyday(bank: Bank, history: History, absences: Absences, month: int) -> Flows:
    """Draw what customers do of their own accord in one month, and the salaries they get."""
    calendar, traits = bank.calendar, bank.population.traits
    rng = bank.streams.of("everyday", month)
    days = np.arange(calendar.edge(month), calendar.edge(month + 1))
    rate = traits.activity * np.exp(history.activity[:, month])
    rate = np.where(traits.is_saver, rate, np.maximum(rate, bank.rates.people.least_activity))
    opened, closes = bank.population.profile.opened, history.closes
    rate = np.where((opened < days[-1] + 1) & (closes > days[0]), rate, 0.0)
    customer = np.repeat(np.arange(len(rate)), rng.poisson(rate * len(days) / 30.4))
    is_business = bank.population.is_business[customer]
    roll = rng.random(len(customer))
    place = np.where(
        is_business,
        np.searchsorted(_day_weights(days, business=True), roll),
        np.searchsorted(_day_weights(days, business=False), roll),
    )
    left = _shares_left(bank, history, absences, days)
    day = days[place]
    kept = (
        (rng.random(len(customer)) < left[customer, place])
        & (opened[customer] <= day)
        & (day < closes[customer])
    )
    return Flows.stack(
        [
            _filled(bank, history.mood[:, month], customer[kept], day[kept], rng),
            _salaries(bank, history, days, rng),
        ]
    )


def _day_weights(days: Days, *, business: bool) -> Numbers:
    """Cumulated shares of the days of a month: weekends, festivals, month ends and paydays differ."""
    weight = np.ones(len(days))
    weekend = weekday(days) >= 5
    weight = np.where(weekend, 0.12 if business else 1.25, weight)
    weight = np.where(is_festival(days), 0.08 if business else 1.35, weight)
    month_end = len(days) - day_of_month(days) < 3
    weight = weight * np.where(month_end, 1.6 if business else 1.1, 1.0)
    weight = weight * np.where(np.isin(day_of_month(days), (10, 15)), 1.3, 1.0)
    return np.asarray(np.cumsum(weight) / weight.sum())


def _shares_left(bank: Bank, history: History, absences: Absences, days: Days) -> Numbers:
    """Share of a customer's usual activity on each day; customer x day."""
    left = np.ones((bank.population.size, len(days)))
    going = history.departures.rows(np.flatnonzero(history.departures.decided <= days[-1]))
    np.multiply.at(left, going.customer, activity_left(going, days, bank.rates))
    away = absences.rows(np.flatnonzero((absences.first <= days[-1]) & (absences.stop > days[0])))
    gone = (away.first[:, None] <= days[None, :]) & (days[None, :] < away.stop[:, None])
    np.multiply.at(left, away.customer, 1.0 - gone)
    return left


def _filled(bank: Bank, mood: Numbers, customer: Days, day: Days, rng: np.random.Generator) -> Flows:
    """Give each transaction its kind, channel, counterparty and amount."""
    n, uses = len(customer), bank.rates.uses
    is_business = bank.population.is_business[customer].astype(np.int64)
    codes = np.stack([_codes(uses.people), _codes(uses.businesses)])
    roll, last = rng.random(n), codes.shape[1] - 1
    shares = np.cumsum(codes[:, :, 3], axis=1)
    place = np.minimum((roll[:, None] > shares[is_business]).sum(axis=1), last)
    leans = np.exp(-bank.rates.money.elsewhere_mood * np.clip(mood[customer], -3.0, 1.0))
    place = np.where(rng.random(n) < codes[is_business, last, 3] * leans, last, place)
    kind, channel, party, _, inflow, median = codes[is_business, place].T
    wealth = uses.with_assets * (bank.population.traits.assets[customer] - np.log(uses.usual_assets))
    size = np.exp(wealth + rng.normal(0.0, uses.spread, n))
    party_kind = party.astype(np.int64)
    return Flows(
        customer=customer,
        day=day,
        amount=np.where(rng.random(n) < inflow, 1.0, -1.0) * np.maximum(0.01, median * size),
        kind=kind.astype(np.int64),
        channel=channel.astype(np.int64),
        party_kind=party_kind,
        party=_parties(customer, party_kind, uses.partner_repeats, rng),
        by_customer=np.ones(n, dtype=np.bool_),
    )


def _codes(uses: tuple[Use, ...]) -> Numbers:
    """Uses as numbers: kind, channel, counterparty, share, share of inflows, median."""
    return np.array(
        [
            (
                KINDS.index(use.kind),
                CHANNELS.index(use.channel),
                UNKNOWN if use.party is None else PARTIES.index(use.party),
                use.share,
                use.inflow,
                use.median,
            )
            for use in uses
        ]
    )


def _parties(customer: Days, party_kind: Days, repeats: float, rng: np.random.Generator) -> Days:
    """Number of the counterparty: a few of one's own, used unequally, or one of those that everybody uses."""
    own = customer * 10 + np.minimum(9, rng.geometric(repeats, len(customer)) - 1)
    shared = rng.integers(0, 12, len(customer))
    party = np.where(np.isin(party_kind, (INSTITUTION_PAID, AUTHORITY)), shared, own)
    party = np.where(party_kind == OWN, customer * 10, party)
    return np.where(party_kind == UNKNOWN, -1, party)


def _salaries(bank: Bank, history: History, days: Days, rng: np.random.Generator) -> Flows:
    """Salaries that the bank credits for employers, on the payday or the last working day before it."""
    traits, going = bank.population.traits, history.departures
    day = days[0] + traits.payday - 1
    day = np.maximum(day - np.maximum(weekday(day) - 4, 0), days[0])
    moved = np.full(bank.population.size, NEVER)
    roll = bank.streams.of("salary_moves").random(len(moved))[going.customer]
    moves = (going.way != FADES) & (roll < bank.rates.leaving.salary_moves) & (going.won_back == NEVER)
    moved[going.customer[moves]] = going.decided[moves] + 10
    opened, uses = bank.population.profile.opened, bank.rates.uses
    is_paid = traits.is_salaried & (opened <= day) & (day < history.closes) & (day < moved)
    is_paid &= ~_between_jobs(bank, day)
    who = np.flatnonzero(is_paid)
    wealth = uses.with_assets * (traits.assets[who] - np.log(uses.usual_assets))
    amount = uses.salary * np.exp(wealth + rng.normal(0.0, uses.salary_noise, len(who)))
    return replace(by_bank(who, day[who], amount, SALARY), party=who * 7 % uses.employers)


def _between_jobs(bank: Bank, day: Days) -> Flags:
    """Whether a salary pauses on the day though its receiver stays: work lost, parental leave, a year abroad."""
    rng, uses = bank.streams.of("salary_pauses"), bank.rates.uses
    began = bank.calendar.start + 365.0 * rng.random(len(day)) / uses.salary_pauses_a_year
    return np.asarray((day >= began) & (day < began + rng.uniform(*uses.salary_pause_days, len(day))))
