"""Further numbers of the simulated bank: what customers use their accounts for, and what staff write down.

Made up for the demonstration, like everything in `rates.py`, which holds these too: code takes both from there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """One use of an account: its share of all, the share of it that flows in, the median amount in yuan."""

    kind: str
    channel: str
    party: str | None
    share: float
    inflow: float
    median: float


@dataclass(frozen=True)
class Uses:
    """What accounts are used for; the last use of each is the transfer to own accounts elsewhere."""

    people: tuple[Use, ...] = (
        Use("purchase", "pos", None, 0.27, 0.0, 120.0),
        Use("purchase", "mobile", "payment_institution", 0.22, 0.0, 90.0),
        Use("transfer", "mobile", "person", 0.20, 0.35, 600.0),
        Use("payment", "online", "authority", 0.12, 0.0, 220.0),
        Use("cash", "atm", None, 0.09, 0.15, 800.0),
        Use("cash", "branch", None, 0.05, 0.45, 3_000.0),
        Use("transfer", "online", "own_elsewhere", 0.05, 0.45, 1_500.0),
    )
    businesses: tuple[Use, ...] = (
        Use("payment", "online", "buyer", 0.40, 1.0, 9_000.0),
        Use("payment", "online", "supplier", 0.34, 0.0, 8_000.0),
        Use("transfer", "online", "person", 0.08, 0.3, 5_000.0),
        Use("tax", "online", "authority", 0.06, 0.0, 4_000.0),
        Use("salary", "online", "employee", 0.06, 0.0, 12_000.0),
        Use("cash", "branch", None, 0.03, 0.5, 5_000.0),
        Use("transfer", "online", "own_elsewhere", 0.03, 0.4, 15_000.0),
    )
    spread: float = 0.8
    with_assets: float = 0.35
    usual_assets: float = 120_000.0
    partner_repeats: float = 0.3
    employers: int = 150
    salary: float = 6_000.0
    salary_noise: float = 0.04
    salary_pauses_a_year: float = 0.08
    salary_pause_days: tuple[float, float] = (60.0, 500.0)
    quarterly_interest: float = 0.0005
    yearly_fee: float = 10.0
    penalty_a_day: float = 0.0005
    own_elsewhere: tuple[float, ...] = (0.35, 0.15, 0.0, 0.9)


@dataclass(frozen=True)
class Log:
    """How contacts and complaints are noted: shares of channels (T, S, E, M, B, L), purposes, outcomes."""

    channels: tuple[float, ...] = (0.5, 0.13, 0.07, 0.14, 0.14, 0.02)
    purposes: tuple[float, ...] = (0.45, 0.12, 0.25, 0.10, 0.08)
    roles: tuple[float, ...] = (0.4, 0.35, 0.15, 0.10)
    outcomes: tuple[float, ...] = (0.10, 0.16, 0.30, 0.31)
    outcomes_by_mood: tuple[float, ...] = (0.03, 0.05, 0.01, -0.005)
    next_agreed: float = 0.3
    manager_missing: float = 0.01
    notice_reaches: float = 0.5
    response_hours: tuple[float, float] = (60.0, 12.0)
    resolution_days: tuple[float, float] = (14.0, 4.0)
    resolved: tuple[float, float] = (0.72, 0.97)
    satisfied_wrong: float = 0.06
    satisfied_noted: float = 0.85
    about_bank: float = 0.65
    unmanaged: float = 0.02
    born_missing: float = 0.02


@dataclass(frozen=True)
class Papers:
    """What else is recorded, and how often; a month where nothing else is said."""

    noted_once: tuple[tuple[str, float, float], ...] = (
        # code, share of businesses, share of people
        ("taxpayer", 0.7, 0.0),
        ("accounts_separate", 0.6, 0.0),
        ("owns_property", 0.6, 0.25),
        ("property_value", 0.5, 0.2),
        ("car_value", 0.3, 0.15),
        ("months_paid", 0.3, 0.1),
        ("anniversary", 0.0, 0.3),
        ("child_at_school", 0.0, 0.15),
    )
    files_checked_a_quarter: float = 0.2
    troubles: float = 0.025
    trouble_shares: tuple[float, ...] = (0.55, 0.2, 0.15, 0.1)
    change_asked: float = 0.12
    personal_signals: tuple[float, float] = (0.003, 0.06)
    late_signals: float = 0.6
    industry_signals: float = 0.2
    industry_outlook: float = -1.1
    region_signals: float = 0.008
    severity_missing: float = 0.05
    signals_closed: float = 0.8
    strain_signs: float = 0.0015
    strain_signs_going: float = 0.02
    talks_to_others: float = 0.7
    firms_related: float = 0.25
    needs_of_people: tuple[float, ...] = (0.0, 0.0, 0.85, 0.15)
    needs_of_firms: tuple[float, ...] = (0.35, 0.2, 0.2, 0.25)
    need_amount_noted: float = 0.85
    tasks: float = 0.045
    task_kinds: tuple[float, ...] = (0.5, 0.2, 0.2, 0.1)
    tasks_done: float = 0.8
    task_outcomes: tuple[float, ...] = (0.12, 0.4, 0.8)
    task_outcomes_by_mood: tuple[float, ...] = (0.04, 0.1, 0.0)
