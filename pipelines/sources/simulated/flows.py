"""Transactions before they become a table: one place per transaction."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import Days, Flags, Numbers, day_of_month
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.leaving import assets_left
from pipelines.sources.simulated.movements import SPEND, Movements

KINDS = (
    "transfer", "cash", "salary", "payment", "purchase", "fee", "interest", "penalty_interest",
    "loan_disbursement", "loan_repayment", "tax",
)  # fmt: skip
(
    TRANSFER, CASH, SALARY, PAYMENT, PURCHASE, FEE, INTEREST, PENALTY, DISBURSEMENT, REPAYMENT, TAX,
) = range(len(KINDS))  # fmt: skip
CHANNELS = ("branch", "atm", "online", "mobile", "pos", "system")
BRANCH, ATM, ONLINE, MOBILE, POS, SYSTEM = range(len(CHANNELS))
PARTIES = (
    "own_elsewhere", "payment_institution", "supplier", "buyer", "employee", "authority", "person",
)  # fmt: skip
OWN, INSTITUTION_PAID, SUPPLIER, BUYER, EMPLOYEE, AUTHORITY, PERSON = range(len(PARTIES))
UNKNOWN = -1


@dataclass(frozen=True)
class Flows(Columns):
    """Transactions; `amount` in yuan, positive into the account; `party` a number among its kind, -1 none."""

    customer: Days
    day: Days
    amount: Numbers
    kind: Days
    channel: Days
    party_kind: Days
    party: Days
    by_customer: Flags


def own_transfers(customer: Days, day: Days, amount: Numbers, is_own: Flags) -> Flows:
    """Transfers that customers make online, to or from their own accounts elsewhere or other people's."""
    none = np.zeros(len(customer), dtype=np.int64)
    return Flows(
        customer=customer,
        day=day,
        amount=amount,
        kind=none + TRANSFER,
        channel=none + ONLINE,
        party_kind=np.where(is_own, OWN, PERSON),
        party=customer * 10 + np.where(is_own, 0, 9),
        by_customer=none == 0,
    )


def by_bank(customer: Days, day: Days, amount: Numbers, kind: int) -> Flows:
    """Transactions that the bank's systems start."""
    none = np.zeros(len(customer), dtype=np.int64)
    return Flows(
        customer=customer,
        day=day,
        amount=amount,
        kind=none + kind,
        channel=none + SYSTEM,
        party_kind=none + UNKNOWN,
        party=none - 1,
        by_customer=none > 0,
    )


def on_leaving(bank: Bank, history: History) -> Flows:
    """Money that goes with those who leave: a transfer a week while assets drain."""
    rng, going = bank.streams.of("on_leaving"), history.departures
    days = going.decided[:, None] + np.arange(0, 78, 7)[None, :]
    left = assets_left(going, days, bank.rates)
    taken = left[:, :-1] - left[:, 1:]
    day = days[:, 1:]
    row, week = np.nonzero((taken > 0.01) & (day < np.minimum(going.closes, going.won_back)[:, None]))
    customer, when = going.customer[row], day[row, week] - rng.integers(0, 6, len(row))
    amount = -taken[row, week] * _level(bank, history, customer, when)
    is_own = rng.random(len(going.decided))[row] < bank.rates.leaving.to_own_elsewhere
    return present_only(bank, history, own_transfers(customer, when, amount, is_own))


def on_movements(bank: Bank, history: History, movements: Movements) -> Flows:
    """Money that passes: out and back for drains and month-end chasing, in and out for windfalls.

    What is spent over many months shows in no single transaction.
    """
    rng = bank.streams.of("on_movements")
    movements = movements.rows(np.flatnonzero(movements.kind != SPEND))
    out = movements.start + rng.integers(0, 2, len(movements.start))
    back = movements.start + (movements.fall + movements.hold + 0.5 * movements.back).astype(np.int64)
    size = (movements.factor - 1.0) * _level(bank, history, movements.customer, out)
    chance = np.array(bank.rates.uses.own_elsewhere)[movements.kind]
    is_own = rng.random(len(out)) < chance
    first = own_transfers(movements.customer, out, size, is_own)
    second = own_transfers(movements.customer, back, -size, is_own)
    return present_only(bank, history, Flows.stack([first, second]))


def _level(bank: Bank, history: History, customer: Days, day: Days) -> Numbers:
    month = np.clip((day - bank.calendar.start) // 31, 0, bank.calendar.months)
    return np.asarray(np.exp(history.level[customer, month]))


def present_only(bank: Bank, history: History, flows: Flows) -> Flows:
    """Keep what happens within the data while the customer is with the bank."""
    day, opened = flows.day, bank.population.profile.opened[flows.customer]
    there = (day >= opened) & (day < history.closes[flows.customer])
    return flows.rows(np.flatnonzero(there & (day >= bank.calendar.start) & (day < bank.calendar.stop)))


def interest_and_fees(bank: Bank, history: History, days: Days) -> Flows:
    """Interest on the 21st of each quarter's last month, a fee on the 1st of January for those without a card."""
    month_of_year = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    place = day_of_month(days)
    interest_days = days[np.isin(month_of_year, (2, 5, 8, 11)) & (place == 21)]
    fee_days = days[(month_of_year == 0) & (place == 2)]
    everybody = np.arange(bank.population.size)
    parts = []
    for day in interest_days:
        when = np.full(len(everybody), day)
        level = _level(bank, history, everybody, when)
        parts.append(by_bank(everybody, when, bank.rates.uses.quarterly_interest * level, INTEREST))
    for day in fee_days:
        when = np.full(len(everybody), day)
        plain = everybody[history.card[:, 0] == 0]
        parts.append(
            by_bank(plain, when[: len(plain)], np.full(len(plain), -bank.rates.uses.yearly_fee), FEE)
        )
    return (
        present_only(bank, history, Flows.stack(parts))
        if parts
        else by_bank(everybody[:0], everybody[:0], np.empty(0), FEE)
    )
