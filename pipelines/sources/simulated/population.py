"""Who the customers are: profile, and the traits behind it that no table shows."""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import Calendar, Days, Flags, Numbers
from pipelines.sources.simulated.rates import People, Rates
from pipelines.sources.simulated.streams import Streams

KINDS = ("retail", "micro", "corporate", "institution")
RETAIL, MICRO, CORPORATE, INSTITUTION = range(4)
CARDS = (None, "gold", "platinum", "diamond")
REGIONS = ("Harbour", "Old Town", "Riverside", "East Park", "Airport", "Hills")
INDUSTRIES = (
    "textiles", "machinery", "food", "construction", "retail trade", "logistics", "software", "chemicals",
)  # fmt: skip
PUBLIC_INDUSTRIES = ("education", "health care")
OCCUPATIONS = (
    "official", "civil_servant", "executive", "middle_manager", "entrepreneur", "academic", "arts_sports",
    "homemaker", "other",
)  # fmt: skip
YEAR = 365.25


@dataclass(frozen=True)
class Profile(Columns):
    """What the customer's file says; -1 is nothing known. Days since 1970-01-01."""

    kind: Days
    opened: Days
    born: Days
    is_woman: Flags
    region: Days
    industry: Days
    occupation: Days
    source: Days
    risk: Days
    orientation: Days
    channel: Days
    hours: Days
    opted_out: Flags
    household: Days
    has_consent: Flags
    employees: Days


@dataclass(frozen=True)
class Traits(Columns):
    """What moves the customer: latent, except as it shows in behaviour.

    `assets` is the logarithm of own-bank assets in yuan at the start, `activity` transactions a month, `habit`
    a factor on the usual days between contacts, `mood` the satisfaction the customer returns to.
    """

    assets: Numbers
    activity: Numbers
    is_saver: Flags
    is_salaried: Flags
    payday: Days
    habit: Numbers
    mood: Numbers
    frailty: Numbers
    rate_sense: Numbers
    growth: Numbers
    is_chaser: Flags
    families: Days
    borrows: Flags


@dataclass(frozen=True)
class Population:
    """All customers that the bank ever has, in the order of their opening days."""

    profile: Profile
    traits: Traits

    @property
    def size(self) -> int:
        """How many."""
        return len(self.profile.kind)

    @property
    def is_business(self) -> Flags:
        """Everyone but retail."""
        result: Flags = self.profile.kind != RETAIL
        return result


def draw_population(customers: int, calendar: Calendar, streams: Streams, rates: Rates) -> Population:
    """Draw the customers: those there at the start, and those who join as others leave."""
    people = rates.people
    rng = streams.of("population")
    opened = _opening_days(customers, calendar, rng, people)
    kind = rng.choice(len(KINDS), customers, p=people.kind_shares)
    return Population(_profile(kind, opened, rng, people), _traits(kind, streams, rates))


def _opening_days(customers: int, calendar: Calendar, rng: np.random.Generator, people: People) -> Days:
    there = max(1, round(customers / (1.0 + people.leaving_per_month * calendar.months)))
    years = np.minimum(rng.exponential(people.mean_tenure_years, there), people.longest_tenure_years)
    least = calendar.start - calendar.edge(-12)
    old = calendar.start - least - (years * YEAR).astype(np.int64)
    new = rng.integers(calendar.start, max(calendar.start + 1, calendar.stop - 20), customers - there)
    return np.sort(np.concatenate([old, new]))


def _unknown_some(values: Days, rng: np.random.Generator, share: float) -> Days:
    return np.where(rng.random(len(values)) < share, -1, values)


def _profile(kind: Days, opened: Days, rng: np.random.Generator, people: People) -> Profile:
    n, missing = len(kind), people.missing_profile_share
    is_retail = kind == RETAIL
    age = np.where(is_retail, 18.0 + 52.0 * rng.beta(1.6, 2.2, n), rng.gamma(2.0, 4.0, n) + 0.3)
    industry = np.where(kind == INSTITUTION, len(INDUSTRIES) + rng.integers(0, 2, n), rng.integers(0, 8, n))
    staff = np.exp(rng.normal(np.array([0.0, 2.0, 4.8, 4.0])[kind], 0.8))
    alone = rng.random(n) > 0.25
    return Profile(
        kind=kind,
        opened=opened,
        born=opened - (age * YEAR).astype(np.int64),
        is_woman=rng.random(n) < 0.5,
        region=_unknown_some(rng.integers(0, len(REGIONS), n), rng, missing),
        industry=np.where(is_retail, -1, industry),
        occupation=np.where(is_retail, _unknown_some(rng.integers(0, len(OCCUPATIONS), n), rng, missing), -1),
        source=_unknown_some(rng.choice(4, n, p=[0.6, 0.15, 0.15, 0.1]), rng, missing),
        risk=_unknown_some(rng.choice(3, n, p=[0.5, 0.35, 0.15]), rng, missing),
        orientation=_unknown_some(rng.integers(0, 3, n), rng, 3 * missing),
        channel=_unknown_some(rng.choice(4, n, p=[0.5, 0.2, 0.1, 0.2]), rng, missing),
        hours=_unknown_some(rng.integers(0, 3, n), rng, 5 * missing),
        opted_out=rng.random(n) < 0.06,
        household=np.where(is_retail & ~alone, np.arange(n) // 9, -1),
        has_consent=rng.random(n) < 0.3,
        employees=np.where(is_retail, -1, np.maximum(1, staff.astype(np.int64))),
    )


def _traits(kind: Days, streams: Streams, rates: Rates) -> Traits:
    people, n = rates.people, len(kind)
    rng = streams.of("traits")
    is_retail = kind == RETAIL
    is_saver = is_retail & (rng.random(n) < people.saver_share)
    activity = np.array(people.activity)[kind] * np.exp(rng.normal(0.0, people.spread_activity, n))
    activity = np.where(
        is_saver, rng.uniform(*people.saver_activity, n), np.maximum(activity, people.least_activity)
    )
    median, spread = np.array(people.median_assets)[kind], np.array(people.spread_assets)[kind]
    return Traits(
        assets=np.log(median) + spread * rng.normal(0.0, 1.0, n) + 0.4 * is_saver,
        activity=activity,
        is_saver=is_saver,
        is_salaried=is_retail & ~is_saver & (rng.random(n) < people.salaried_share),
        payday=rng.choice([5, 10, 15, 20, 25], n),
        habit=_habits(n, rng, rates),
        mood=rng.normal(0.1, rates.mood.spread_between, n),
        frailty=rng.normal(0.0, rates.hazard.frailty, n),
        rate_sense=rng.gamma(2.0, 0.5, n),
        growth=rng.normal(rates.money.growth, rates.money.growth_spread, n),
        is_chaser=~is_saver & (rng.random(n) < rates.money.chaser_share),
        families=1 + rng.binomial(4, np.where(is_saver, 0.45, np.where(is_retail, 0.3, 0.15))),
        borrows=rng.random(n) < np.array(rates.credit.borrowing)[kind],
    )


def _habits(n: int, rng: np.random.Generator, rates: Rates) -> Numbers:
    """Factors on the usual days between contacts; a few people want to be left alone."""
    is_reserved = rng.random(n) < rates.touch.reserved_share
    factor = np.where(is_reserved, rates.touch.reserved_interval, 1.0)
    return np.asarray(factor * np.exp(rng.normal(0.0, rates.touch.spread_interval, n)))
