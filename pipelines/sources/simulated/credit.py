"""Loans, one at a time per customer, their instalments, and who falls behind."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.population import RETAIL

COLLATERALS = ("property", "vehicle", "deposit", "inventory", "guarantee", "none")
GUARANTEE, NONE = COLLATERALS.index("guarantee"), COLLATERALS.index("none")


@dataclass(frozen=True)
class Loans(Columns):
    """Loans in the order in which the simulation granted them; amounts in yuan, -1 no guarantor."""

    customer: Days
    granted: Days
    matures: Days
    amount: Numbers
    rate: Numbers
    collateral: Days
    collateral_value: Numbers
    guarantor: Days


@dataclass(frozen=True)
class Instalments(Columns):
    """Instalments that fell due within the data; `paid` is NEVER where nothing was paid before they end."""

    loan: Days
    customer: Days
    due: Days
    principal: Numbers
    interest: Numbers
    paid: Days


@dataclass(frozen=True)
class Credit:
    """All borrowing. `owed` is customer x month: what is left at the month's first midnight."""

    loans: Loans
    instalments: Instalments
    owed: Numbers


class _Book:
    """The moving state of `lend`."""

    def __init__(self, bank: Bank, history: History) -> None:
        n = bank.population.size
        self.bank, self.history = bank, history
        self.loan = np.full(n, -1)
        self.had_one = np.zeros(n, dtype=np.bool_)
        self.in_arrears = np.zeros(n, dtype=np.bool_)
        self.amount, self.owed, self.rate = np.zeros(n), np.zeros(n), np.zeros(n)
        self.term = np.ones(n, dtype=np.int64)
        self.loans: list[Loans] = []
        self.count = 0

    def grant(self, who: Days, day: Days, elapsed: Days, rng: np.random.Generator) -> None:
        """Hand out loans; `elapsed` months of one granted before the data begin are already repaid."""
        bank, n = self.bank, len(who)
        kind, law = bank.population.profile.kind[who], bank.rates.credit
        term = np.array([rng.choice(law.months[number]) for number in kind], dtype=np.int64)
        elapsed = np.minimum(elapsed, term - 2)
        size = np.array(law.median_loan)[kind] * np.exp(rng.normal(0.0, 0.6, n))
        amount = np.maximum(10_000.0, np.rint(size / 10_000.0) * 10_000.0)
        rate = np.asarray(np.maximum(0.02, rng.normal(law.yearly_rate, 0.007, n)).round(4), dtype=np.float64)
        shares = np.where(
            (kind == RETAIL)[:, None], (0.6, 0.2, 0.05, 0.0, 0.0, 0.15), (0.42, 0.03, 0.05, 0.1, 0.25, 0.15)
        )
        collateral = (rng.random(n)[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
        collateral = np.where((collateral == GUARANTEE) & (who == 0), NONE, collateral)
        guarantor = (rng.random(n) * who).astype(np.int64)
        granted = day - elapsed * 30
        self.loans.append(
            Loans(
                customer=who,
                granted=granted,
                matures=granted + np.rint(term * 30.44).astype(np.int64),
                amount=amount,
                rate=rate,
                collateral=collateral,
                collateral_value=np.where(collateral >= GUARANTEE, 0.0, amount * rng.uniform(1.1, 2.2, n)),
                guarantor=np.where(collateral == GUARANTEE, guarantor, -1),
            )
        )
        self.loan[who] = self.count + np.arange(n)
        self.count += n
        self.had_one[who] = True
        self.amount[who], self.term[who], self.rate[who] = amount, term, rate
        self.owed[who] = _fen(amount * (1.0 - elapsed / term))

    def fall_due(self, month: int, rng: np.random.Generator) -> Instalments:
        """Let one instalment fall due for everyone who borrows, and see who pays when."""
        bank, history = self.bank, self.history
        due = bank.calendar.edge(month) + bank.rates.credit.instalment_day - 1
        who = np.flatnonzero((self.loan >= 0) & (history.closes > due))
        principal = _fen(np.minimum(self.owed[who], self.amount[who] / self.term[who] + 0.005))
        interest = _fen(self.owed[who] * self.rate[who] / 12.0)
        self._arrears(month, rng)
        paid, n = np.full(len(who), due), len(who)
        roll, firms = rng.random(n), bank.rates.firms
        paid = np.where(roll < firms.few_days_late, due + rng.integers(1, 10, n), paid)
        behind = self.in_arrears[who]
        paid = np.where(behind, due + rng.integers(35, 150, n), paid)
        paid = np.where(behind & (roll > 0.7), NEVER, paid)
        self.owed[who] = np.where(paid < NEVER, _fen(self.owed[who] - principal), self.owed[who])
        rows = Instalments(self.loan[who], who, np.full(n, due), principal, interest, paid)
        self.loan[who] = np.where(self.owed[who] < 0.01, -1, self.loan[who])
        return rows

    def _arrears(self, month: int, rng: np.random.Generator) -> None:
        firms, health = self.bank.rates.firms, self.history.health[:, month]
        roll = rng.random(len(health))
        is_weak = self.history.is_strained[:, month] & (health < firms.arrears_health)
        begins = roll < np.where(is_weak, firms.arrears_begin, firms.arrears_without_strain)
        ends = self.in_arrears & (roll < firms.arrears_end)
        self.in_arrears = (self.in_arrears | begins) & ~ends


def _fen(yuan: Numbers) -> Numbers:
    """Round to whole fen."""
    return np.asarray(np.rint(yuan * 100.0) / 100.0)


def lend(bank: Bank, history: History) -> Credit:
    """Live through all months of borrowing and repaying."""
    book, calendar = _Book(bank, history), bank.calendar
    rng = bank.streams.of("credit")
    opened, law = bank.population.profile.opened, bank.rates.credit
    old = np.flatnonzero(bank.population.traits.borrows & (opened < calendar.start - 120))
    elapsed = (rng.random(len(old)) * np.minimum((calendar.start - opened[old]) // 31, 60)).astype(np.int64)
    book.grant(old, np.full(len(old), calendar.start - 16), elapsed, rng)
    owed: list[Numbers] = []
    instalments: list[Instalments] = []
    new = np.array(law.new_loans)[bank.population.profile.kind]
    for month in range(calendar.months):
        owed.append(book.owed.copy())
        instalments.append(book.fall_due(month, rng))
        free = may_borrow(bank, history, month) & (book.loan < 0)
        chance = np.where(book.had_one, 0.15, np.where(bank.population.traits.borrows, 0.06, new))
        who = np.flatnonzero(free & (rng.random(len(free)) < chance))
        book.grant(
            who, calendar.edge(month) + rng.integers(15, 19, len(who)), np.zeros(len(who), np.int64), rng
        )
    owed.append(book.owed.copy())
    return Credit(Loans.stack(book.loans), Instalments.stack(instalments), np.stack(owed, axis=1))


def may_borrow(bank: Bank, history: History, month: int) -> Flags:
    """Whether the bank would lend: here for the whole month, in health, and not on the way out."""
    first, last = bank.calendar.edge(month), bank.calendar.edge(month + 1)
    going = history.departures
    leaves = np.zeros(bank.population.size, dtype=np.bool_)
    leaves[going.customer[(going.decided <= last) & (going.won_back >= NEVER)]] = True
    here = (bank.population.profile.opened < first) & (history.closes > last)
    result: Flags = here & ~leaves & ~history.is_strained[:, month]
    return result


def owed_on(bank: Bank, credit: Credit, days: Days) -> Numbers:
    """What is owed on reporting days; a month's instalment and its new loans fall between the first two."""
    edges = np.array([bank.calendar.edge(month) for month in range(bank.calendar.months + 1)])
    place = np.searchsorted(edges, days, side="right") - 1
    is_later = days - edges[place] >= bank.rates.credit.instalment_day
    return np.asarray(credit.owed[:, np.minimum(place + is_later, bank.calendar.months)])
