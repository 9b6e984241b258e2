"""Every measure table by the name that signals.yaml calls it, held against what its rules read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from features.signals.accounts import COUNTERPARTIES, INFLOW
from features.signals.attitude import ENQUIRIES, WARMTH
from features.signals.deposits import DEPOSITS_FALLING, WITHDRAWALS
from features.signals.firing import SignalRules
from features.signals.funding import ELSEWHERE, FUNDS_NEED, NONBANK
from features.signals.industry import INDUSTRY
from features.signals.lateness import LATENESS
from features.signals.lending import COLLATERAL, OVERDUE
from features.signals.measures import MeasureTable
from features.signals.noted import NOTED
from features.signals.reading import read_signals
from features.signals.records import FUNCTIONS, SignalCatalogue
from features.signals.statement_measures import STATEMENTS
from features.signals.statement_overdue import ARREARS
from features.signals.upkeep import PAYROLL_COUNTS, TRADING

MEASURE_TABLES: Mapping[str, MeasureTable] = MappingProxyType(
    {
        "industry": INDUSTRY,
        "lateness": LATENESS,
        "arrears": ARREARS,
        "statements": STATEMENTS,
        "noted": NOTED,
        "inflow": INFLOW,
        "counterparties": COUNTERPARTIES,
        "deposits": DEPOSITS_FALLING,
        "overdue": OVERDUE,
        "warmth": WARMTH,
        "elsewhere": ELSEWHERE,
        "nonbank": NONBANK,
        "funds_need": FUNDS_NEED,
        "withdrawals": WITHDRAWALS,
        "collateral": COLLATERAL,
        "payroll": PAYROLL_COUNTS,
        "trading": TRADING,
        "enquiries": ENQUIRIES,
    }
)
"""Register here: one import above, one `"name": TABLE,` line; names, units and tables as in signals.yaml."""


@cache
def signal_rules() -> SignalRules:
    """Return the records of signals.yaml with the measure tables that they read.

    Raises
    ------
    PolicyError
        The file cannot be read, or names a table, measure or unit that the product does not compute.
    """
    catalogue = read_signals()
    check_measures(catalogue, MEASURE_TABLES)
    return SignalRules(catalogue, MEASURE_TABLES)


def check_measures(catalogue: SignalCatalogue, registry: Mapping[str, MeasureTable]) -> None:
    """Refuse a file whose measures are not those that the product computes."""
    for table, units in catalogue.measures.items():
        if table in FUNCTIONS:
            continue
        computed = (
            {measure.name: measure.unit for measure in registry[table].measures} if table in registry else {}
        )
        for name, unit in units.items():
            if computed.get(name) != unit:
                got = (
                    f"{name} in {unit}, and the product has it in {computed[name]}"
                    if name in computed
                    else name
                )
                raise catalogue.places[name].error(
                    f"expected a measure that the product computes for the table {table} "
                    f"({', '.join(sorted(computed)) or 'no such table'}); got {got}. Correct the name or the unit, "
                    "or register the measure in features/signals/registry.py."
                )
