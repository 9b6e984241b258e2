"""Managers: seats with a book each, the people who hold a seat in turn, their skill and their capacity."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.days import Calendar, Days, Numbers
from pipelines.sources.simulated.population import RETAIL, Population
from pipelines.sources.simulated.rates import WARM_UP_MONTHS, Looks, Rates
from pipelines.sources.simulated.streams import Streams

ROLES = ("account_manager", "lobby_manager", "branch_head")
ACCOUNT, LOBBY, HEAD = range(3)


@dataclass(frozen=True)
class Staff:
    """Seats and who holds them. Matrices are seat x month, months counted from the start of the warm-up.

    `occupant` numbers the managers; `since` says for how many months the occupant has held the seat.
    `capacity` is in contacts a month. `begins` and `leaves` are days per manager, `seat_of` the seat.
    """

    branch: Days
    role: Days
    capacity: Numbers
    occupant: Days
    since: Days
    skill: Numbers
    begins: Days
    leaves: Days
    seat_of: Days

    def of_month(self, month: int) -> tuple[Days, Numbers, Days]:
        """Manager, skill and months in the seat, per seat, in a month of the data (negative: warm-up)."""
        place = month + WARM_UP_MONTHS
        occupant = self.occupant[:, place]
        return occupant, self.skill[occupant], self.since[:, place]


@dataclass(frozen=True)
class Branches:
    """Which branch a customer belongs to, and the seats of each branch by role."""

    of_customer: Days
    count: int


def branches_of(population: Population, streams: Streams, rates: Rates) -> Branches:
    """Give every customer a branch."""
    count = max(1, population.size // rates.looks.customers_per_branch)
    return Branches(streams.of("branches").integers(0, count, population.size), count)


def hire(
    population: Population, branches: Branches, calendar: Calendar, streams: Streams, rates: Rates
) -> Staff:
    """Seats for each branch, filled for every month; a seat that falls vacant is filled by a newcomer."""
    looks, rng = rates.looks, streams.of("staff")
    wants_manager = (population.profile.kind != RETAIL) | (
        population.traits.assets > np.log(rates.people.card_thresholds[0])
    )
    branch, role = _seats(wants_manager, branches, looks)
    span = calendar.months + WARM_UP_MONTHS + 1
    changes = (rng.random((len(branch), span)) < looks.change_per_month) & (role != HEAD)[:, None]
    changes[:, 0] = False
    number = np.cumsum(changes, axis=1)
    held = number[:, -1] + 1
    first = np.concatenate([[0], np.cumsum(held)[:-1]])
    occupant = first[:, None] + number
    months = np.arange(span)
    last_change = np.maximum.accumulate(np.where(changes, months, -24), axis=1)
    begins = np.full(int(held.sum()), calendar.start - 3_000, dtype=np.int64)
    leaves = np.full(int(held.sum()), -1, dtype=np.int64)
    for seat, month in np.argwhere(changes):
        day = calendar.edge(int(month) - WARM_UP_MONTHS) + int(rng.integers(0, 6))
        begins[occupant[seat, month]] = day
        leaves[occupant[seat, month - 1]] = day
    return Staff(
        branch=branch,
        role=role,
        capacity=rng.uniform(*looks.spare_capacity, len(branch)),
        occupant=occupant,
        since=months - last_change,
        skill=rng.beta(2.2, 2.0, int(held.sum())),
        begins=begins,
        leaves=leaves,
        seat_of=np.repeat(np.arange(len(branch)), held),
    )


def _seats(wants_manager: Days, branches: Branches, looks: Looks) -> tuple[Days, Days]:
    branch: list[int] = []
    role: list[int] = []
    for number in range(branches.count):
        here = branches.of_customer == number
        managed = int((here & wants_manager).sum())
        accounts = max(1, round(0.72 * managed / looks.customers_per_account_manager))
        lobbies = max(1, round(0.72 * (int(here.sum()) - managed) / looks.customers_per_lobby_manager))
        roles = [HEAD] + [ACCOUNT] * accounts + [LOBBY] * lobbies
        branch += [number] * len(roles)
        role += roles
    return np.array(branch), np.array(role)


def seat_for(wanted: Days, branch: Days, staff: Staff, rng: np.random.Generator) -> Days:
    """Pick a seat of the wanted role in the customer's branch, at random."""
    seats = np.empty(len(wanted), dtype=np.int64)
    for role in range(len(ROLES)):
        for number in np.unique(staff.branch):
            open_seats = np.flatnonzero((staff.role == role) & (staff.branch == number))
            here = np.flatnonzero((wanted == role) & (branch == number))
            seats[here] = open_seats[rng.integers(0, len(open_seats), len(here))]
    return seats


def role_for(kind: Days, card: Days) -> Days:
    """Who looks after whom: businesses and cards by account managers, diamond by the branch head."""
    role = np.where((kind != RETAIL) | (card >= 1), ACCOUNT, LOBBY)
    return np.where((kind == RETAIL) & (card == 3), HEAD, role)
