"""Every number behind the tables about businesses, lending and dealings that `simulated.rates` does not hold.

Made up like those: they describe no real bank. Amounts are in yuan, shares 0..1, rates per month unless a name
says otherwise; tuples with a place per kind follow `population.KINDS`: retail, micro, corporate, institution.
"""

from dataclasses import dataclass

FINANCE_SIGNALS = (
    ("F01", 2), ("F02", 3), ("F03", 3), ("F04", 2), ("F07", 4), ("F08", 4), ("F10", 2), ("F17", 3), ("F19", 3),
)  # fmt: skip
MANAGEMENT_SIGNALS = (
    ("M03", 3), ("M05", 3), ("M13", 3), ("M14", 2), ("M22", 2), ("M34", 3), ("M41", 4), ("M44", 4), ("M45", 4),
    ("M47", 3), ("M11", 4), ("M20", 2),
)  # fmt: skip
MORAL_SIGNALS = (("H01", 5), ("H03", 4), ("H04", 5), ("H05", 5), ("H14", 3))
PERSON_SIGNALS = (("M42", 2), ("M46", 2), ("M47", 3), ("M39", 2))
ENVIRONMENT_SIGNALS = (("E01", 4), ("E03", 3), ("E04", 3), ("E08", 3), ("E05", 2))
"""Signals that are recorded in the simulated bank, each with its severity. Source: own choice."""


@dataclass(frozen=True)
class StatementRates:
    """Statements: the shape of a sound business, and what health does to it."""

    sales_to_assets: tuple[float, float] = (2.0, 9.0)
    growth: float = 0.004
    growth_spread: float = 0.004
    growth_outlook: float = 0.003
    growth_health: float = 0.026
    growth_noise: float = 0.012
    margin: float = 0.085
    margin_spread: float = 0.03
    margin_health: float = 0.06
    operating_share: tuple[float, float] = (0.08, 0.2)
    receivable_days: tuple[float, float] = (25.0, 85.0)
    inventory_days: tuple[float, float] = (20.0, 90.0)
    cash_share: tuple[float, float] = (0.05, 0.14)
    fixed_share: tuple[float, float] = (0.12, 0.5)
    stretch: float = 0.28
    cash_health: float = 0.5
    equity_share: float = 0.48
    equity_health: float = 0.11
    tax: float = 0.25
    level_noise: float = 0.07
    lag_of_year: tuple[int, int] = (45, 110)
    lag_of_half: tuple[int, int] = (30, 58)
    late_days: tuple[int, int] = (25, 75)
    late_in_strain: float = 0.45
    left_out: float = 0.03
    restated_after: tuple[int, int] = (20, 90)


@dataclass(frozen=True)
class SignalRates:
    """Signals and signs: who raises them when, and when they are closed."""

    delay_months: tuple[int, int] = (1, 4)
    weak_health: float = -0.35
    kinds: tuple[float, float, float] = (0.5, 0.42, 0.08)
    person: float = 0.0015
    person_deciding: float = 0.09
    closed: float = 0.8
    closed_after: tuple[int, int] = (20, 240)
    environment: float = 0.2
    environment_outlook: float = -1.0
    sign: float = 0.004
    sign_mood: float = 0.85
    late_share: float = 0.12
    late_days: int = 15


@dataclass(frozen=True)
class DealingRates:
    """Facts, relations, needs and tasks."""

    known_fact: float = 0.35
    headcount_quarters: float = 0.8
    litigation: float = 0.001
    litigation_strained: float = 0.012
    change_asked: float = 0.0015
    related_share: float = 0.3
    call_tasks: float = 0.05
    cross_sell: float = 0.012
    plan_share: float = 0.12
    plan_every_months: int = 3
    done: float = 0.85
    amounts: tuple[float, ...] = (60_000.0, 200_000.0, 2_500_000.0, 2_000_000.0)


@dataclass(frozen=True)
class BusinessRates:
    """The numbers of this part together."""

    statements: StatementRates = StatementRates()
    signals: SignalRates = SignalRates()
    dealings: DealingRates = DealingRates()
    months_ahead: int = 6
    deposit_below_policy: float = 0.004
    wealth_above_policy: float = 0.012


LAW = BusinessRates()
"""The numbers as they are."""
