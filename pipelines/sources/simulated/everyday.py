"""What customers do of their own accord: everyday transactions, and the salaries that they get."""

import numpy as np

from pipelines.sources.simulated.days import NEVER, Days, Numbers, day_of_month, is_festival, weekday
from pipelines.sources.simulated.flows import (
    ATM,
    AUTHORITY,
    BRANCH,
    BUYER,
    CASH,
    EMPLOYEE,
    INSTITUTION_PAID,
    MOBILE,
    ONLINE,
    OWN,
    PAYMENT,
    PERSON,
    POS,
    PURCHASE,
    SALARY,
    SUPPLIER,
    TAX,
    TRANSFER,
    UNKNOWN,
    Flows,
    by_bank,
)
from pipelines.sources.simulated.history import Bank, History
from pipelines.sources.simulated.leaving import FADES, activity_left
from pipelines.sources.simulated.movements import Absences

PEOPLE_USE = (
    # kind, channel, party, share, share of inflows, median amount in yuan
    (PURCHASE, POS, UNKNOWN, 0.27, 0.0, 120.0),
    (PURCHASE, MOBILE, INSTITUTION_PAID, 0.22, 0.0, 90.0),
    (TRANSFER, MOBILE, PERSON, 0.20, 0.35, 600.0),
    (PAYMENT, ONLINE, AUTHORITY, 0.12, 0.0, 220.0),
    (CASH, ATM, UNKNOWN, 0.09, 0.15, 800.0),
    (CASH, BRANCH, UNKNOWN, 0.05, 0.45, 3_000.0),
    (TRANSFER, ONLINE, OWN, 0.05, 0.45, 1_500.0),
)
BUSINESSES_USE = (
    (PAYMENT, ONLINE, BUYER, 0.40, 1.0, 9_000.0),
    (PAYMENT, ONLINE, SUPPLIER, 0.34, 0.0, 8_000.0),
    (TRANSFER, ONLINE, PERSON, 0.08, 0.3, 5_000.0),
    (TAX, ONLINE, AUTHORITY, 0.06, 0.0, 4_000.0),
    (SALARY, ONLINE, EMPLOYEE, 0.06, 0.0, 12_000.0),
    (CASH, BRANCH, UNKNOWN, 0.03, 0.5, 5_000.0),
    (TRANSFER, ONLINE, OWN, 0.03, 0.4, 15_000.0),
)


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
    kept = (rng.random(len(customer)) < left[customer, place]) & (opened[customer] <= day) & (day < closes[customer])
    return Flows.stack([_filled(bank, history.mood[:, month], customer[kept], day[kept], rng), _salaries(bank, history, days, rng)])


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
    n = len(customer)
    is_business = bank.population.is_business[customer]
    uses = (np.array(PEOPLE_USE), np.array(BUSINESSES_USE))
    roll = rng.random(n)
    place = np.where(is_business, *(np.searchsorted(np.cumsum(use[:, 3]), roll) for use in reversed(uses)))
    away = np.array([use[-1, 3] for use in uses])[is_business.astype(np.int64)]
    leans = np.exp(-bank.rates.money.elsewhere_mood * np.clip(mood[customer], -3.0, 1.0))
    place = np.where(rng.random(n) < away * leans, len(PEOPLE_USE) - 1, place)
    table = np.stack(uses)[is_business.astype(np.int64), np.minimum(place, len(PEOPLE_USE) - 1)]
    size = np.exp(0.35 * (bank.population.traits.assets[customer] - np.log(120_000.0)) + rng.normal(0.0, 0.8, n))
    sign = np.where(rng.random(n) < table[:, 4], 1.0, -1.0)
    party_kind = table[:, 2].astype(np.int64)
    return Flows(
        customer=customer,
        day=day,
        amount=sign * np.maximum(0.01, table[:, 5] * size),
        kind=table[:, 0].astype(np.int64),
        channel=table[:, 1].astype(np.int64),
        party_kind=party_kind,
        party=_parties(customer, party_kind, rng),
        by_customer=np.ones(n, dtype=np.bool_),
    )


def _parties(customer: Days, party_kind: Days, rng: np.random.Generator) -> Days:
    """Number of the counterparty: a few of one's own, used unequally, or one of those that everybody uses."""
    own = customer * 10 + np.minimum(9, rng.geometric(0.3, len(customer)) - 1)
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
    is_paid = traits.is_salaried & (bank.population.profile.opened <= day) & (day < history.closes) & (day < moved)
    who = np.flatnonzero(is_paid)
    noise = np.exp(rng.normal(0.0, 0.04, len(who)))
    return by_bank(who, day[who], 6_000.0 * np.exp(0.3 * (traits.assets[who] - np.log(90_000.0))) * noise, SALARY)
