"""Every number of the simulated bank, in one place.

All of them are made up for the demonstration: they describe no real bank, and none is an estimate of anything.
They were chosen so that leaving is neither trivial nor hopeless to foresee; a test holds them to that.
Amounts are in yuan, rates per month, shares 0..1, unless a name says otherwise.
"""

from dataclasses import dataclass, field
from datetime import date

from pipelines.sources.simulated.habits import Log, Papers, Uses

DATA_UNTIL = date(2026, 11, 1)
"""The midnight at which the simulated data end, whatever the number of months."""

WARM_UP_MONTHS = 6
"""Months lived through before the data begin, so that habits and departures are under way on the first day."""


@dataclass(frozen=True)
class People:
    """Who the customers are. Tuples follow the order of `population.KINDS`: retail, micro, corporate, institution."""

    kind_shares: tuple[float, ...] = (0.78, 0.15, 0.06, 0.01)
    leaving_per_month: float = 0.0125
    median_assets: tuple[float, ...] = (90_000.0, 150_000.0, 2_500_000.0, 3_000_000.0)
    spread_assets: tuple[float, ...] = (1.15, 1.0, 1.0, 0.8)
    activity: tuple[float, ...] = (9.5, 15.0, 22.0, 9.0)
    spread_activity: float = 0.3
    least_activity: float = 3.6
    saver_share: float = 0.13
    saver_activity: tuple[float, float] = (0.45, 1.6)
    salaried_share: float = 0.55
    mean_tenure_years: float = 5.5
    longest_tenure_years: float = 22.0
    referral_share: float = 0.15
    missing_profile_share: float = 0.04
    card_thresholds: tuple[float, float, float] = (200_000.0, 800_000.0, 2_500_000.0)
    card_rise: float = 0.25
    card_fall: float = 0.04


@dataclass(frozen=True)
class Looks:
    """Managers: seats, what one seat can carry, and how often its occupant changes."""

    customers_per_branch: int = 900
    customers_per_account_manager: int = 110
    customers_per_lobby_manager: int = 420
    spare_capacity: tuple[float, float] = (0.8, 1.35)
    change_per_month: float = 0.012
    settling_months: int = 3
    settling_load: float = 1.35
    neglect: float = 0.075
    neglect_skill: float = 0.045
    neglect_ends: float = 0.2
    neglect_slows: float = 3.3
    longest_wait_days: float = 170.0


@dataclass(frozen=True)
class Touch:
    """Contacts and complaints. Intervals in days, by card level (none, gold, platinum, diamond) or kind of business."""

    card_interval: tuple[float, ...] = (31.0, 23.0, 16.0, 12.0)
    business_interval: tuple[float, ...] = (32.0, 20.0, 30.0)
    spread_interval: float = 0.16
    reserved_share: float = 0.03
    reserved_interval: float = 3.5
    spread_gap: float = 0.22
    reached: float = 0.87
    started_by_customer: float = 0.12
    recorded: float = 0.99
    warmth_missing: float = 0.2
    warmth_noise: float = 0.22
    warmth_bias: float = 0.12
    late_share: float = 0.06
    late_days: int = 15
    complaints: float = 0.026
    complaint_mood: float = 0.55
    handled_well: float = 0.35
    handled_skill: float = 0.45


@dataclass(frozen=True)
class Mood:
    """Satisfaction (mean 0, about 1 wide) and the grudge that a complaint leaves."""

    persistence: float = 0.95
    noise: float = 0.065
    spread_between: float = 0.78
    silence: float = 0.13
    grudge: float = 0.14
    skill: float = 0.09
    rates_elsewhere: float = 0.006
    strain: float = 0.08
    grudge_fades: float = 0.80
    grudge_if_well_handled: float = 0.15


@dataclass(frozen=True)
class Hazard:
    """Log-odds of deciding to leave within a month; the parts add up."""

    base: float = -4.75
    kind: tuple[float, ...] = (0.0, 0.25, -0.25, -0.9)
    mood: float = 1.7
    silence: float = 2.3
    silence_limit: float = 1.3
    grudge: float = 1.0
    rates_elsewhere: float = 0.12
    strain: float = 0.35
    new_manager: float = 0.2
    card: float = -0.4
    tenure: float = -0.85
    breadth: float = -0.4
    borrower: float = -0.35
    frailty: float = 0.1


@dataclass(frozen=True)
class Leaving:
    """How one who has decided goes: draining, falling silent, or both; days, and what is left meanwhile."""

    ways: tuple[float, float, float] = (0.40, 0.22, 0.38)
    decides_within_days: int = 8
    length_days: tuple[float, float] = (32.0, 58.0)
    closing_days: tuple[int, int] = (1, 7)
    lingers: float = 0.35
    lingering_days: tuple[int, int] = (30, 130)
    answers: float = 0.95
    residual: tuple[float, float] = (0.3, 0.44)
    won_back: float = 0.10
    won_back_until: float = 0.75
    back_within_days: float = 30.0
    mood_at_decision: float = -0.6
    mood_won_back: float = 1.6
    to_own_elsewhere: float = 0.7
    salary_moves: float = 0.6


@dataclass(frozen=True)
class Money:
    """Own-bank assets: drift, mood, passing noise, and movements that mean nothing or something else."""

    growth: float = 0.002
    growth_spread: float = 0.006
    growth_noise: float = 0.004
    growth_persistence: float = 0.92
    noise: float = 0.012
    mood: float = 0.022
    passing_noise: float = 0.05
    strain: float = -0.03
    drains: float = 0.03
    drain_keeps: tuple[float, float] = (0.54, 0.8)
    drain_days: tuple[float, float, float] = (18.0, 50.0, 35.0)
    bulges: float = 0.03
    bulge_factor: tuple[float, float] = (1.4, 8.0)
    bulge_days: tuple[float, float, float] = (5.0, 60.0, 6.0)
    bulge_size: float = 80.0
    quiet_days: float = 60.0
    spends: float = 0.004
    spend_keeps: tuple[float, float] = (0.38, 0.6)
    spend_days: tuple[float, float, float] = (260.0, 1500.0, 400.0)
    chaser_share: float = 0.085
    chasing: float = 0.24
    chaser_keeps: tuple[float, float] = (0.06, 0.5)
    silences: float = 0.04
    silence_days: tuple[float, float] = (14.0, 58.0)
    needs: tuple[float, ...] = (0.012, 0.03, 0.035, 0.02)
    need_recorded: float = 0.8
    need_met: float = 0.6
    need_met_days: tuple[float, float] = (30.0, 130.0)
    need_gain: tuple[float, float] = (0.08, 0.35)
    activity_mood: float = 0.55
    saver_mood: float = 0.25
    activity_noise: float = 0.06
    elsewhere_mood: float = 0.8
    activity_persistence: float = 0.85


@dataclass(frozen=True)
class Firms:
    """Health of businesses: regimes of strain, what they do to statements, signals and instalments."""

    strain_begins: float = 0.011
    strain_ends: float = 0.075
    health_persistence: float = 0.88
    health_noise: float = 0.16
    health_in_strain: float = -1.6
    arrears_begin: float = 0.16
    arrears_without_strain: float = 0.0006
    arrears_end: float = 0.17
    arrears_health: float = -1.1
    signals_in_strain: float = 0.30
    signals_without: float = 0.012
    few_days_late: float = 0.03
    micro_with_statements: float = 0.6
    statement_late_share: float = 0.06
    restated_share: float = 0.015
    missing_cells_share: float = 0.03


@dataclass(frozen=True)
class Credit:
    """Who borrows, by kind, and how loans follow one another."""

    borrowing: tuple[float, ...] = (0.13, 0.45, 0.55, 0.2)
    median_loan: tuple[float, ...] = (220_000.0, 400_000.0, 4_000_000.0, 3_000_000.0)
    new_loans: tuple[float, ...] = (0.0015, 0.008, 0.008, 0.003)
    months: tuple[tuple[int, ...], ...] = ((36, 60, 180, 240), (12, 24, 36), (24, 36, 60), (36, 60))
    yearly_rate: float = 0.045
    card_users: float = 0.25
    instalment_day: int = 15


@dataclass(frozen=True)
class Noise:
    """How incomplete and repetitive the tables are."""

    duplicates: float = 0.004
    corrections: float = 0.004
    late_transactions: float = 0.01
    elsewhere_known: float = 0.08


@dataclass(frozen=True)
class Rates:
    """All the numbers together."""

    people: People = People()
    looks: Looks = Looks()
    touch: Touch = Touch()
    mood: Mood = Mood()
    hazard: Hazard = Hazard()
    leaving: Leaving = Leaving()
    money: Money = Money()
    firms: Firms = Firms()
    credit: Credit = Credit()
    noise: Noise = Noise()
    uses: Uses = field(default_factory=Uses)
    log: Log = field(default_factory=Log)
    papers: Papers = field(default_factory=Papers)
    truth_paths: int = 4


RATES = Rates()
"""The simulated bank as it is."""
