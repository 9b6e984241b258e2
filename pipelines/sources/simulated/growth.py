"""The truth about growth: what is to be expected of assets and loans, given the full latent state."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.assets import Assets
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.credit import Credit
from pipelines.sources.simulated.days import Numbers
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.leaving import BASE_WINDOW
from pipelines.sources.simulated.movements import Movements, Needs, factor_on
from pipelines.sources.simulated.writing import dates, money, numbered, table_of

HORIZON = 180
END_WINDOW = 30
MIDDLE = HORIZON - END_WINDOW // 2
MONTHS = MIDDLE / 30.44


def expected_growth_table(
    bank: Bank, history: History, assets: Assets, credit: Credit, moves: tuple[Movements, Needs]
) -> pa.Table:
    """One row per customer and month: expected change, by the contract's definition of growth over 180 days.

    Assets: the level that drift, satisfaction, strain, movements under way and needs lead to, for those who
    stay; next to nothing for those who leave. Loans: what was and probably will be granted, repayments on
    schedule added back.
    """
    rows, parts = history.foresight, []
    for month in range(bank.calendar.months + 1):
        there = np.flatnonzero(rows.month == month)
        customer = rows.customer[there]
        end = _stays(bank, history, moves, month)[customer] * (1.0 - 0.97 * rows.by_180[there])
        change = end - _before(bank, assets, month)[customer] + _new_loans(bank, credit, month)[customer]
        parts.append(change)
    edges = np.array([bank.calendar.edge(month) for month in range(bank.calendar.months + 1)])
    return table_of(
        {
            "customer_id": numbered("C", rows.customer),
            "month_on": dates(edges[rows.month]),
            "expected_growth_180": money(np.concatenate(parts)),
        }
    )


def _before(bank: Bank, assets: Assets, month: int) -> Numbers:
    """Mean assets over the observed days of the 90 before a month's first midnight; 0 where none is observed."""
    as_of = bank.calendar.edge(month)
    place = np.searchsorted(assets.days, np.arange(as_of - BASE_WINDOW, as_of), side="left") - 1
    place = place[place >= 0]
    weight = np.bincount(place, minlength=len(assets.days)).astype(np.float64)
    seen = assets.is_there @ weight
    return np.asarray((assets.total @ weight) / np.maximum(seen, 1.0))


def _stays(bank: Bank, history: History, moves: tuple[Movements, Needs], month: int) -> Numbers:
    """Assets that are to be expected in the last 30 days of the horizon of those who stay."""
    law, traits = bank.rates.money, bank.population.traits
    as_of = bank.calendar.edge(month)
    lasting = (1.0 - law.growth_persistence**MONTHS) / (1.0 - law.growth_persistence)
    drift = traits.growth * MONTHS + (history.drift[:, month] - traits.growth) * lasting
    mood = history.mood[:, month]
    felt = (
        law.mood
        * np.clip(0.85 * mood + 0.15 * traits.mood, -3.0, 1.0)
        * np.where(traits.is_saver, 0.0, MONTHS)
    )
    ends = bank.rates.firms.strain_ends
    strain = law.strain * history.is_strained[:, month] * (1.0 - (1.0 - ends) ** MONTHS) / ends
    result = np.exp(history.level[:, month] + drift + felt + strain)
    movements, needs = moves
    under_way = movements.rows(np.flatnonzero(movements.start < as_of))
    np.multiply.at(result, under_way.customer, factor_on(under_way, np.array([as_of + MIDDLE]))[:, 0])
    known = needs.rows(np.flatnonzero((needs.noted < as_of) & (needs.met < as_of + MIDDLE)))
    np.multiply.at(result, known.customer, np.exp(known.gain))
    rate = np.array(law.needs)[bank.population.profile.kind] * np.exp(40.0 * traits.growth)
    soon = max(0.0, MONTHS - sum(law.need_met_days) / 2.0 / 30.44)
    return np.asarray(result * (1.0 + rate * soon * law.need_met * sum(law.need_gain) / 2.0))


def _new_loans(bank: Bank, credit: Credit, month: int) -> Numbers:
    """Loans of the last 90 days as far as the mean before does not hold them, and the loans to be expected."""
    as_of, law = bank.calendar.edge(month), bank.rates.credit
    kind = bank.population.profile.kind
    age = as_of - credit.loans.granted
    fresh = (age > 0) & (age < BASE_WINDOW)
    amount = np.where(fresh, credit.loans.amount * (1.0 - age / BASE_WINDOW), 0.0)
    known = np.bincount(credit.loans.customer, amount, bank.population.size)
    rate = np.where(bank.population.traits.borrows, 0.10, np.array(law.new_loans)[kind])
    rate = np.where(credit.owed[:, month] > 0, 0.0, rate)
    typical = np.array(law.median_loan)[kind] * np.exp(0.18)
    return np.asarray(known + (1.0 - (1.0 - rate) ** MONTHS) * typical)
