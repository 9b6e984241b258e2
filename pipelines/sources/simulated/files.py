"""The customer file: a row per state of a customer, and the managers."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.population import (
    CARDS,
    INDUSTRIES,
    KINDS,
    OCCUPATIONS,
    PUBLIC_INDUSTRIES,
    REGIONS,
    RETAIL,
    Profile,
)
from pipelines.sources.simulated.rates import WARM_UP_MONTHS
from pipelines.sources.simulated.staff import ROLES
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, numbers, table_of

IMPORTANCE = ("normal", "high", "highest")
SOURCES = ("walk_in", "list", "cluster", "industry")
RISKS = ("conservative", "balanced", "aggressive")
ORIENTATIONS = ("relationship", "value", "service")
PREFERRED = ("T", "S", "E", "M")
HOURS = ("morning", "afternoon", "evening")


def customers_table(bank: Bank, history: History) -> pa.Table:
    """One row per state: the first from the opening day, a further one where card level or manager change.

    The newest state of a customer who left carries the closing day.
    """
    rng, profile = bank.streams.of("customer_file"), bank.population.profile
    customer, month, valid_from = _states(bank, history)
    is_last = np.append(customer[1:] != customer[:-1], True)
    closes = np.where(
        is_last & (history.closes[customer] < bank.calendar.stop), history.closes[customer], NEVER
    )
    card = history.card[customer, month]
    manager = _occupants(bank, history)[customer, month]
    one = profile.rows(customer)
    is_retail = one.kind == RETAIL
    is_unmanaged = rng.random(bank.population.size)[customer] < bank.rates.log.unmanaged
    credit_line = _credit_lines(bank)
    return table_of(
        {
            "customer_id": numbered("C", customer),
            "valid_from": dates(valid_from),
            **_profile_columns(one, rng.random(bank.population.size)[customer] > bank.rates.log.born_missing),
            "branch": numbered("B", bank.branches.of_customer[customer], 2),
            "card_level": chosen(CARDS, np.where(card == 0, -1, card)),
            "importance": chosen(IMPORTANCE, np.where(is_retail, np.maximum(card - 1, 0), one.kind - 1)),
            "manager_id": numbered("M", manager, 4, ~is_unmanaged),
            "credit_line": money(credit_line[customer], credit_line[customer] > 0),
            "closed_on": dates(closes),
        }
    )


def _profile_columns(one: Profile, has_birthday: Flags) -> dict[str, pa.Array]:
    """Columns that stay the same in every state of a customer."""
    is_retail = one.kind == RETAIL
    return {
        "kind": chosen(KINDS, one.kind),
        "opened_on": dates(one.opened),
        "born_on": dates(one.born, has_birthday),
        "sex": chosen(("M", "F"), np.where(is_retail, one.is_woman.astype(np.int64), -1)),
        "region": chosen(REGIONS, one.region),
        "industry": chosen(INDUSTRIES + PUBLIC_INDUSTRIES, one.industry),
        "occupation": chosen(OCCUPATIONS, one.occupation),
        "source": chosen(SOURCES, one.source),
        "risk_preference": chosen(RISKS, one.risk),
        "orientation": chosen(ORIENTATIONS, one.orientation),
        "preferred_channel": chosen(PREFERRED, one.channel),
        "preferred_hours": chosen(HOURS, one.hours),
        "marketing_opt_out": numbers(one.opted_out),
        "household_id": numbered("H", one.household, 5, one.household >= 0),
        "household_consent": numbers(one.has_consent, one.household >= 0),
        "employees": numbers(one.employees, one.employees >= 0),
    }


def _credit_lines(bank: Bank) -> Numbers:
    """Lines in yuan for those who are borrowers by nature, 0 for the others; in force from the opening day."""
    rng, traits = bank.streams.of("credit_lines"), bank.population.traits
    usual = np.array(bank.rates.credit.median_loan)[bank.population.profile.kind]
    line = np.maximum(
        20_000.0, np.rint(usual * np.exp(rng.normal(0.3, 0.5, len(usual))) / 10_000.0) * 10_000.0
    )
    return np.where(traits.borrows, line, 0.0)


def _occupants(bank: Bank, history: History) -> Days:
    """Manager per customer and month of the data."""
    months = np.arange(history.seat.shape[1])
    return np.asarray(bank.staff.occupant[history.seat, (months + WARM_UP_MONTHS)[None, :]])


def _states(bank: Bank, history: History) -> tuple[Days, Days, Days]:
    """Customer, month and first day of each state, ordered by customer and day."""
    months = bank.calendar.months
    opened, manager = bank.population.profile.opened, _occupants(bank, history)
    edges = np.array([bank.calendar.edge(month) for month in range(months)])
    first = np.clip(np.searchsorted(edges, opened, side="right") - 1, 0, months - 1)
    changed = np.zeros((bank.population.size, months), dtype=np.bool_)
    changed[:, 1:] = (history.card[:, 1:months] != history.card[:, : months - 1]) | (
        manager[:, 1:months] != manager[:, : months - 1]
    )
    day = edges + 5
    changed &= (np.arange(months)[None, :] > first[:, None]) & (day[None, :] < history.closes[:, None])
    customer, month = np.nonzero(changed)
    everybody = np.arange(bank.population.size)
    who, when = np.concatenate([everybody, customer]), np.concatenate([first, month])
    valid_from = np.concatenate([opened, day[month]])
    order = np.lexsort((valid_from, who))
    return who[order], when[order], valid_from[order]


def managers_table(bank: Bank) -> pa.Table:
    """One row per manager; the head of the branch is everybody's superior."""
    staff = bank.staff
    role, branch = staff.role[staff.seat_of], staff.branch[staff.seat_of]
    heads = np.array(
        [np.flatnonzero((role == 2) & (branch == number))[0] for number in range(bank.branches.count)]
    )
    n = len(role)
    noise = bank.streams.of("manager_file").normal(0.0, 0.1, n)
    return table_of(
        {
            "manager_id": numbered("M", np.arange(n), 4),
            "valid_from": dates(staff.begins),
            "name": numbered("Manager ", np.arange(n), 3),
            "branch": numbered("B", branch, 2),
            "role": chosen(ROLES, role),
            "superior_id": numbered("M", heads[branch], 4, role != 2),
            "ability": numbers(np.asarray(np.clip(staff.skill + noise, 0.0, 1.0).round(2), dtype=np.float64)),
            "left_on": dates(
                np.where((staff.leaves < 0) | (staff.leaves >= bank.calendar.stop), NEVER, staff.leaves)
            ),
        }
    )
