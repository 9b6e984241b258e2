"""One month of everybody's life with the bank: cards, managers, decisions, contacts, satisfaction, assets."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.sources.simulated import bond as bonds
from pipelines.sources.simulated import leaving
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.bond import Bond, Span, Ties
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers
from pipelines.sources.simulated.leaving import Departures
from pipelines.sources.simulated.population import INSTITUTION, RETAIL
from pipelines.sources.simulated.rates import WARM_UP_MONTHS, Rates
from pipelines.sources.simulated.staff import role_for, seat_for


@dataclass(frozen=True)
class Visit(Columns):
    """Contacts, or complaints, of the whole simulation; `severity` of a contact is 1 for a collection notice."""

    customer: Days
    day: Days
    month: Days
    seat: Days
    mood: Numbers
    has_decided: Flags
    is_good: Flags
    severity: Days


class Course:
    """The moving state of all customers; lives only inside the loop over months."""

    def __init__(self, bank: Bank) -> None:
        n, traits = bank.population.size, bank.population.traits
        rng = bank.streams.of("start")
        self.bank = bank
        self.level = traits.assets.copy()
        self.drift = traits.growth + rng.normal(0.0, 0.5 * bank.rates.money.growth_spread, n)
        self.swing = rng.normal(0.0, 1.5 * bank.rates.money.activity_noise, n)
        self.card = self._deserved(self.level, rng.random(n) < 0.9)
        role = role_for(bank.population.profile.kind, self.card)
        self.seat = seat_for(role, bank.branches.of_customer, bank.staff, rng)
        self.bond = _first_bond(bank, rng)
        self.departures = _nobody(n)
        self.ended: list[Departures] = []
        self.contacts: list[Visit] = []
        self.complaints: list[Visit] = []

    def _deserved(self, level: Numbers, is_given: Flags) -> Days:
        thresholds = np.log(self.bank.rates.people.card_thresholds)
        card = np.searchsorted(thresholds, level, side="right")
        return np.where(is_given & (self.bank.population.profile.kind == RETAIL), card, 0)

    def present(self, day: int) -> Days:
        """Places of the customers who are with the bank at a midnight."""
        there = (self.bank.population.profile.opened < day) & (self.departures.closes >= day)
        return np.flatnonzero(there)

    def has_decided(self) -> Flags:
        """Whether a customer is on the way out."""
        result: Flags = (self.departures.decided < NEVER) & (self.departures.won_back == NEVER)
        return result

    def update_cards(self, month: int) -> None:
        """Levels follow assets with a delay; a new level may mean a new manager."""
        rng = self.bank.streams.of("cards", month)
        rates, kind = self.bank.rates.people, self.bank.population.profile.kind
        deserved = self._deserved(self.level, np.ones(len(kind), np.bool_))
        roll = rng.random(len(kind))
        moves = np.where(deserved > self.card, roll < rates.card_rise, roll < rates.card_fall)
        moves &= (deserved != self.card) & ~self.has_decided()
        card = np.where(moves, deserved, self.card)
        fits = role_for(kind, card) == self.bank.staff.role[self.seat]
        seat = seat_for(role_for(kind, card), self.bank.branches.of_customer, self.bank.staff, rng)
        self.card, self.seat = card, np.where(fits, self.seat, seat)

    def ties(self, month: int, there: Days) -> Ties:
        """What holds for the customers present, this month."""
        rates, traits = self.bank.rates, self.bank.population.traits
        kind = self.bank.population.profile.kind
        _, skill, since = self.bank.staff.of_month(month)
        interval = _habit(kind, self.card, rates) * traits.habit
        needed = np.bincount(self.seat[there], 30.0 / interval[there], len(skill))
        usual = needed.sum() / max(1, int((needed > 0).sum()))
        load = np.maximum(1.0, needed / np.maximum(usual * self.bank.staff.capacity, 1e-9)) ** 0.5
        is_new = since < rates.looks.settling_months
        load = np.where(is_new, load * rates.looks.settling_load, load)
        odds = rates.hazard
        years = np.maximum(self.bank.calendar.edge(month) - self.bank.population.profile.opened, 0) / 365.25
        constant = (
            odds.base
            + np.array(odds.kind)[kind]
            + odds.card * self.card
            + odds.tenure * np.log1p(years)
            + odds.breadth * (traits.families - 1)
            + odds.borrower * traits.borrows
            + odds.new_manager * is_new[self.seat]
            + traits.frailty
        )
        outlook = self.bank.world.outlook_of(month)
        strain = rates.firms.strain_begins * np.exp(-0.5 * outlook[self.bank.population.profile.industry])
        ties = Ties(
            interval=interval,
            load=load[self.seat],
            skill=skill[self.seat],
            answers=np.where(self.has_decided(), rates.leaving.answers, 1.0) * rates.touch.reached,
            mood_home=traits.mood,
            rate_sense=traits.rate_sense,
            is_business=self.bank.population.is_business,
            strain_begins=np.where(kind == INSTITUTION, 0.2 * strain, strain),
            constant=constant,
        )
        return ties.rows(there)

    def decide(self, month: int, there: Days, odds: Numbers) -> None:
        """Win back some who were going; let others decide to go."""
        bank, day = self.bank, self.bank.calendar.edge(month)
        rng = bank.streams.of("decisions", month)
        asked = self.has_decided() & leaving.may_be_won_back(self.departures, day, bank.rates)
        stays = asked & (rng.random(len(asked)) < bank.rates.leaving.won_back)
        self.departures = leaving.win_back(self.departures, stays, day)
        chosen = there[rng.random(len(there)) < odds]
        chosen = chosen[~self.has_decided()[chosen] & ~stays[chosen]]
        fresh = leaving.draw_departures(chosen, day, rng, bank.rates)
        kept = fresh.closes >= bank.calendar.start
        fresh, chosen = fresh.rows(np.flatnonzero(kept)), chosen[kept]
        before = self.departures.rows(chosen)
        self.ended.append(before.rows(np.flatnonzero(before.decided < NEVER)))
        for name, values in vars(self.departures).items():
            values[chosen] = getattr(fresh, name)
        mood = self.bond.mood.copy()
        mood[stays] += bank.rates.leaving.mood_won_back
        mood[chosen] += bank.rates.leaving.mood_at_decision
        self.bond = replace(self.bond, mood=mood)

    def live(self, month: int, there: Days, ties: Ties) -> None:
        """Contacts, complaints, satisfaction, assets and activity of one month."""
        bank = self.bank
        span = span_of(bank, month)
        mood = self.bond.mood
        rng = bank.streams.of("bond", month)
        later, what = bonds.advance(self.bond.rows(there), ties, span, rng, bank.rates)
        decided = self.has_decided()

        def events(row: Days, day: Days, is_good: Flags, severity: Days) -> Visit:
            who = there[row]
            when = np.full(len(who), month)
            return Visit(who, day, when, self.seat[who], mood[who], decided[who], is_good, severity)

        reached = np.zeros(len(what.contact_row), np.int64)
        self.contacts.append(events(what.contact_row, what.contact_day, what.is_reached, reached))
        self.complaints.append(
            events(what.complaint_row, what.complaint_day, what.is_well_handled, what.severity)
        )
        for name, values in vars(later).items():
            getattr(self.bond, name)[there] = values
        law, wind = bank.rates.money, bank.streams.of("assets", month)
        n = len(self.level)
        noise = wind.normal(0.0, 1.0, (3, n))
        home = bank.population.traits.growth
        self.drift = home + law.growth_persistence * (self.drift - home) + law.growth_noise * noise[0]
        strain = law.strain * self.bond.is_strained
        felt = law.mood * np.clip(mood, -3.0, 1.0) * np.where(bank.population.traits.is_saver, 0.0, 1.0)
        self.level = self.level + self.drift + felt + strain + law.noise * noise[1]
        self.swing = law.activity_persistence * self.swing + law.activity_noise * noise[2]


def _habit(kind: Days, card: Days, rates: Rates) -> Numbers:
    touch = rates.touch
    business = np.array(touch.business_interval)[np.maximum(kind - 1, 0)]
    return np.where(kind == RETAIL, np.array(touch.card_interval)[card], business)


def _first_bond(bank: Bank, rng: np.random.Generator) -> Bond:
    n, opened = bank.population.size, bank.population.profile.opened
    begin = np.maximum(opened, bank.calendar.edge(-WARM_UP_MONTHS)).astype(np.float64)
    return Bond(
        mood=bank.population.traits.mood + rng.normal(0.0, 0.8, n),
        grudge=np.zeros(n),
        is_neglected=rng.random(n) < 0.1,
        last_contact=begin - np.where(opened < begin, rng.uniform(0.0, 40.0, n), 0.0),
        next_contact=begin + rng.uniform(2.0, 45.0, n),
        health=np.where(bank.population.is_business, rng.normal(0.15, 0.3, n), 0.0),
        is_strained=bank.population.is_business & (rng.random(n) < 0.06),
    )


def _nobody(n: int) -> Departures:
    never = np.full(n, NEVER)
    return Departures(
        customer=np.arange(n),
        decided=never.copy(),
        way=np.zeros(n, np.int64),
        length=np.ones(n),
        silent_from=never.copy(),
        closes=never.copy(),
        residual=np.zeros(n),
        won_back=never.copy(),
    )


def span_of(bank: Bank, month: int) -> Span:
    """Return a month with the rates of its time."""
    return Span(bank.calendar.edge(month), bank.calendar.edge(month + 1), bank.world.gap(month))
