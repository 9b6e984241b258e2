"""Own-bank assets on reporting days, and the products that they are held in."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Calendar, Days, Flags, Numbers
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.leaving import assets_left
from pipelines.sources.simulated.movements import Movements, Needs, factor_on

PRODUCTS = ("demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance")
TERM_DEPOSIT, WEALTH, FUND, BOND, INSURANCE = range(1, 6)
TERMS: tuple[tuple[int, ...], ...] = ((), (180, 365, 730), (90, 180, 365), (), (1_095, 1_825), (3_650,))
"""Days until maturity by product; none where it has no maturity."""

CHANCE_OF_FAMILY = (0.0, 0.4, 0.3, 0.15, 0.05, 0.1)


@dataclass(frozen=True)
class Assets:
    """Own-bank assets. `total` is customer x reporting day, in yuan, 0 where the customer is not there."""

    days: Days
    total: Numbers
    is_there: Flags


@dataclass(frozen=True)
class Holdings(Columns):
    """Contracts, in the order of opening; `stops` is when one no longer counts, `renewed` a place or -1.

    `closed` is a day on which the customer ended one early, NEVER where the contract ran or runs its time.
    """

    customer: Days
    product: Days
    opened: Days
    matures: Days
    closed: Days
    renewed: Days

    @property
    def stops(self) -> Days:
        """The day from which the contract holds nothing any more."""
        return np.minimum(self.matures, self.closed)


def assets_on(bank: Bank, history: History, movements: Movements, needs: Needs) -> Assets:
    """Multiply drift, departures, passing movements and met needs on every reporting day of the data."""
    calendar, opened = bank.calendar, bank.population.profile.opened
    days = calendar.reporting_days(0, calendar.months)
    total = np.exp(level_on(history, calendar, days))
    np.multiply.at(total, history.departures.customer, assets_left(history.departures, days, bank.rates))
    np.multiply.at(total, movements.customer, factor_on(movements, days))
    np.multiply.at(total, needs.customer, np.exp(needs.gain[:, None] * (days[None, :] >= needs.met[:, None])))
    noise = bank.streams.of("passing_noise").normal(0.0, bank.rates.money.passing_noise, total.shape)
    is_there = (opened[:, None] <= days[None, :]) & (days[None, :] < history.closes[:, None])
    return Assets(days, np.where(is_there, total * np.exp(noise), 0.0), is_there)


def level_on(history: History, calendar: Calendar, days: Days) -> Numbers:
    """Logarithm of assets between the months' first midnights."""
    edges = np.array([calendar.edge(month) for month in range(calendar.months + 1)])
    place = np.clip(np.searchsorted(edges, days, side="right") - 1, 0, calendar.months - 1)
    share = (days - edges[place]) / (edges[place + 1] - edges[place])
    return np.asarray(history.level[:, place] * (1.0 - share) + history.level[:, place + 1] * share)


def shares_of(bank: Bank) -> Numbers:
    """Share of the assets that each customer would put into each product; customer x product, rows add to 1."""
    rng, traits = bank.streams.of("shares"), bank.population.traits
    n = len(traits.families)
    keys = rng.random((n, 6)) ** (1.0 / np.maximum(np.array(CHANCE_OF_FAMILY), 1e-9))
    keys[:, TERM_DEPOSIT] += traits.is_saver
    rank = (-keys).argsort(axis=1).argsort(axis=1)
    wanted = (rank < (traits.families - 1)[:, None]) | (
        (np.arange(6) == TERM_DEPOSIT)[None, :] & traits.is_saver[:, None]
    )
    weights = rng.gamma(2.0, 1.0, (n, 6)) * wanted
    weights[:, 0] = rng.gamma(3.0, 1.0, n) * np.where(traits.is_saver, 0.25, 1.0)
    weights[:, TERM_DEPOSIT] *= np.where(traits.is_saver, 3.0, 1.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def draw_holdings(bank: Bank, history: History, shares: Numbers) -> Holdings:
    """Contracts that follow one another: most are renewed at maturity, those of savers always."""
    rng, calendar = bank.streams.of("holdings"), bank.calendar
    customer, product = np.nonzero(shares[:, 1:] > 0)
    product = product + 1
    saver = bank.population.traits.is_saver[customer] & (product == TERM_DEPOSIT)
    first = bank.population.profile.opened[customer]
    settles = rng.integers(0, np.where(saver, 5, 40))
    day = np.maximum(first + settles, calendar.start - rng.integers(30, 900, len(first)))
    later = ~saver & (rng.random(len(first)) < 0.25)
    day = np.where(later, np.maximum(rng.integers(calendar.start, calendar.stop, len(first)), first), day)
    before = np.full(len(first), -1)
    rows: list[tuple[Days, ...]] = []
    count = 0
    while len(day):
        term = _terms(product, rng)
        rows.append((customer, product, day, np.where(term > 0, day + term, NEVER), before))
        place = count + np.arange(len(day))
        count += len(day)
        renews = saver | (rng.random(len(day)) < 0.78)
        wait = np.where(renews, 0, rng.integers(60, 500, len(day)))
        day = day + term + wait
        goes_on = (term > 0) & (day < calendar.stop)
        before = np.where(renews, place, -1)
        customer, product, day, saver, before = (
            values[goes_on] for values in (customer, product, day, saver, before)
        )
    return _settled(rows, bank, history)


def _terms(product: Days, rng: np.random.Generator) -> Days:
    term = np.zeros(len(product), dtype=np.int64)
    for number, choices in enumerate(TERMS):
        here = np.flatnonzero(product == number)
        if choices:
            term[here] = rng.choice(choices, len(here))
    return term


def _settled(rows: list[tuple[Days, ...]], bank: Bank, history: History) -> Holdings:
    """Order contracts by opening day, drop those opened while going, end early what is held when one leaves."""
    customer, product, opened, matures, before = (np.concatenate(part) for part in zip(*rows, strict=True))
    gone = history.departures.rows(np.flatnonzero(history.departures.won_back == NEVER))
    leaves = np.full(bank.population.size, NEVER)
    leaves[gone.customer] = gone.decided + (0.9 * gone.length).astype(np.int64)
    kept = np.flatnonzero(opened < leaves[customer])
    kept = kept[np.lexsort((product[kept], customer[kept], opened[kept]))]
    place = np.full(len(customer), -1)
    place[kept] = np.arange(len(kept))
    earlier = before[kept]
    ends = leaves[customer[kept]]
    return Holdings(
        customer=customer[kept],
        product=product[kept],
        opened=opened[kept],
        matures=matures[kept],
        closed=np.where((ends < matures[kept]) & (ends < bank.calendar.stop), ends, NEVER),
        renewed=np.where(earlier >= 0, place[earlier], -1),
    )


def held_on(holdings: Holdings, product: int, customers: int, days: Days) -> Flags:
    """Whether a customer holds a product on each of the days; customer x day."""
    here = holdings.product == product
    change = np.zeros((customers, len(days) + 1), dtype=np.int32)
    customer = holdings.customer[here]
    np.add.at(change, (customer, np.searchsorted(days, holdings.opened[here])), 1)
    np.add.at(change, (customer, np.searchsorted(days, holdings.stops[here])), -1)
    result: Flags = np.cumsum(change, axis=1)[:, :-1] > 0
    return result
