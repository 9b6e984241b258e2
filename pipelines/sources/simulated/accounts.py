"""Balances, holdings and transactions as tables."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.assets import PRODUCTS, Assets, Holdings, held_on
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.days import NEVER, Numbers, moments
from pipelines.sources.simulated.flows import CHANNELS, KINDS, PARTIES, Flows
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.noise import recording
from pipelines.sources.simulated.population import RETAIL
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, stamps, table_of

LIABILITIES = ("loan", "card_credit")
BANKS = ("own", "elsewhere")
PREFIXES = ("Y", "X", "U", "S", "K", "E", "A", "R")
"""First letters of counterparties: of a kind that nobody noted, then in the order of `flows.PARTIES`."""


def balances_table(bank: Bank, assets: Assets, parts: Numbers, owed: Numbers) -> pa.Table:
    """All products of a customer on each reporting day; demand deposits even at 0, the others where held.

    `parts` is product x customer x day in yuan; `owed` the same for LIABILITIES.
    """
    elsewhere = _elsewhere(bank, assets)
    stacked = np.concatenate([parts, owed, elsewhere[None]])
    shown = stacked > 0.005
    shown[0] = True
    shown &= assets.is_there[None]
    place, customer, product = np.nonzero(shown.transpose(2, 1, 0))
    names = (*PRODUCTS, *LIABILITIES, "wealth")
    return table_of(
        {
            "customer_id": numbered("C", np.arange(bank.population.size)).take(pa.array(customer)),
            "product": chosen(names, product),
            "held_on": dates(assets.days[place]),
            "balance": money(stacked[product, customer, place]),
            "bank": chosen(BANKS, (product == len(names) - 1).astype(np.int64)),
        }
    )


def card_credit(bank: Bank, history: History, assets: Assets) -> Numbers:
    """What people owe on credit cards; customer x day."""
    rng, n = bank.streams.of("card_credit"), bank.population.size
    uses = (bank.population.profile.kind == RETAIL) & (rng.random(n) < bank.rates.credit.card_users)
    usual = np.where(uses, np.exp(rng.normal(8.3, 0.8, n)), 0.0)
    month = np.clip((assets.days - bank.calendar.start) // 31, 0, bank.calendar.months)
    return np.asarray(
        usual[:, None] * np.exp(rng.normal(0.0, 0.3, assets.total.shape) + 0.2 * history.activity[:, month])
    )


def split(assets: Assets, holdings: Holdings, shares: Numbers) -> Numbers:
    """Divide assets among products: what is not held in a contract lies on the demand deposit."""
    customers = len(shares)
    parts = np.zeros((len(PRODUCTS), *assets.total.shape))
    for product in range(1, len(PRODUCTS)):
        held = held_on(holdings, product, customers, assets.days)
        parts[product] = assets.total * shares[:, product, None] * held
    parts[0] = np.maximum(assets.total - parts[1:].sum(axis=0), 0.0)
    return parts


def _elsewhere(bank: Bank, assets: Assets) -> Numbers:
    """What a few customers are known to hold at other banks, looked at again every third month."""
    rng = bank.streams.of("elsewhere")
    n = bank.population.size
    told = rng.random(n) < bank.rates.noise.elsewhere_known
    first = np.maximum(assets.total.max(axis=1), 1.0) * rng.uniform(0.1, 2.0, n)
    quarters = assets.total.shape[1] // 9 + 1
    walk = np.exp(np.cumsum(rng.normal(0.01, 0.08, (n, quarters)), axis=1))
    amount = np.repeat(walk, 9, axis=1)[:, : assets.total.shape[1]] * (first * told)[:, None]
    return np.asarray(amount)


def holdings_table(bank: Bank, holdings: Holdings, shares: Numbers, assets: Assets) -> pa.Table:
    """One row per contract."""
    rng, n = bank.streams.of("holding_file"), len(holdings.customer)
    day = np.clip(np.searchsorted(assets.days, holdings.opened), 0, len(assets.days) - 1)
    level = np.maximum(
        assets.total[holdings.customer, day], np.exp(bank.population.traits.assets[holdings.customer]) * 0.2
    )
    amount = np.maximum(
        1_000.0, np.rint(level * shares[holdings.customer, holdings.product] / 1_000.0) * 1_000.0
    )
    is_insurance = holdings.product == PRODUCTS.index("insurance")
    risk = np.array([0, 0, 1, 3, 1, 0])[holdings.product] + rng.integers(0, 2, n)
    ended = holdings.closed
    return table_of(
        {
            "holding_id": numbered("D", np.arange(n), 7),
            "customer_id": numbered("C", holdings.customer),
            "product": chosen(PRODUCTS, holdings.product),
            "opened_on": dates(holdings.opened),
            "matures_on": dates(holdings.matures),
            "closed_on": dates(
                np.where(holdings.stops < bank.calendar.stop, np.minimum(ended, holdings.stops), NEVER)
            ),
            "amount": money(amount),
            "renewed_from": numbered("D", holdings.renewed, 7, holdings.renewed >= 0),
            "risk_grade": chosen(("R1", "R2", "R3", "R4", "R5"), risk),
            "insurance_kind": chosen(
                ("life", "critical_illness", "annuity"), np.where(is_insurance, rng.integers(0, 3, n), -1)
            ),
            "sum_insured": money(amount * rng.integers(3, 15, n), is_insurance),
        }
    )


def transactions_table(bank: Bank, flows: Flows) -> pa.Table:
    """One row per transaction, in the order of time; a few are recorded days late."""
    rng, n = bank.streams.of("transaction_file"), len(flows.customer)
    is_person = bank.population.profile.kind[flows.customer] == RETAIL
    hour = np.where(is_person, rng.triangular(7.0, 12.0, 23.0, n), rng.uniform(9.0, 17.5, n))
    happened = moments(flows.day, (np.where(flows.by_customer, hour, 3.0) * 3_600).astype(np.int64))
    known = recording(happened, bank.calendar.stop_at, (bank.rates.noise.late_transactions, 5), rng)
    in_time = np.flatnonzero(known.is_in_time | ~known.is_late)
    order = in_time[np.argsort(happened[in_time], kind="stable")]
    rows, known_at, is_late = flows.rows(order), known.at[order], known.is_late[order]
    fen = np.where(np.abs(rows.amount) < 0.01, 0.01, rows.amount)
    return table_of(
        {
            "transaction_id": numbered("T", np.arange(len(order)), 9),
            "customer_id": numbered("C", np.arange(bank.population.size)).take(pa.array(rows.customer)),
            "occurred_at": stamps(happened[order]),
            "amount": money(fen),
            "kind": chosen(KINDS, rows.kind),
            "channel": chosen(CHANNELS, rows.channel),
            "counterparty": _parties(rows),
            "counterparty_kind": chosen(PARTIES, rows.party_kind),
            "started_by": chosen(("bank", "customer"), rows.by_customer.astype(np.int64)),
            "recorded_at": stamps(known_at, is_late),
        }
    )


def _parties(rows: Flows) -> pa.Array:
    """A letter for the kind of counterparty and a number; null for cash and cards."""
    width = int(rows.party.max(initial=0)) + 1
    code = np.where(rows.party < 0, -1, (rows.party_kind + 1) * width + rows.party)
    distinct, place = np.unique(code, return_inverse=True)
    names = [
        None if number < 0 else f"{PREFIXES[number // width]}{number % width + 1:06d}"
        for number in distinct.tolist()
    ]
    return pa.array(names, pa.string()).take(pa.array(place))
