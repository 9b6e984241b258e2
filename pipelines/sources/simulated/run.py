"""From a seed to a directory of tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated import accounts, companies, contacts, facts, files, lending, records, signals
from pipelines.sources.simulated.assets import Assets, assets_on, draw_holdings, shares_of
from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.credit import Credit, lend, owed_on
from pipelines.sources.simulated.days import ZONE, Calendar, Numbers
from pipelines.sources.simulated.everyday import everyday
from pipelines.sources.simulated.flows import Flows, interest_and_fees, on_leaving, on_movements
from pipelines.sources.simulated.growth import expected_growth_table
from pipelines.sources.simulated.history import History, live_through
from pipelines.sources.simulated.mishaps import foresee_mishaps
from pipelines.sources.simulated.movements import Movements, Needs, draw_absences, draw_movements, draw_needs
from pipelines.sources.simulated.noise import with_corrections, with_duplicates
from pipelines.sources.simulated.population import draw_population
from pipelines.sources.simulated.rates import DATA_UNTIL, RATES
from pipelines.sources.simulated.staff import branches_of, hire
from pipelines.sources.simulated.streams import Streams
from pipelines.sources.simulated.truth import hazard_table
from pipelines.sources.simulated.world import draw_world
from pipelines.sources.simulated.writing import write

Progress = Callable[[str, float], None]

REPEATED = ("balances", "transactions", "contacts", "complaints", "warning_signals", "tasks")
"""Tables in which some rows are delivered twice."""

CORRECTED = {"contacts": "warmth", "complaints": "severity"}
"""Tables in which some rows are corrected later, and the column that is."""

COMPLETE_FROM_START = (
    "balances", "transactions", "repayments", "contacts", "complaints", "warning_signals", "strain_signs",
    "needs", "tasks", "industry_outlook", "market",
)  # fmt: skip


@dataclass(frozen=True)
class SimulationReport:
    """What was simulated, and where it lies.

    `rows` per table as written, `duplicates` and `corrections` among them; `left` counts the customers who
    closed within the data, `decided` the decisions to leave, those won back included.
    """

    directory: Path
    customers: int
    months: int
    seed: int
    data_from: date
    data_until: date
    rows: Mapping[str, int]
    duplicates: Mapping[str, int]
    corrections: Mapping[str, int]
    decided: int
    left: int


def simulate(
    customers: int, months: int, seed: int, out: Path, progress: Progress | None = None
) -> SimulationReport:
    """Simulate a bank and write its tables, `bank.yaml`, and the truth behind them in `out / "truth"`.

    `customers` counts all that the bank has in `months`, those included who join or leave on the way; the data
    end on a fixed day. The same arguments give the same bytes. What lies in `truth` is for judging models: no
    feature, target or model may read it. `progress` is called with the stage and the share of the work done.

    Raises
    ------
    ValueError
        Fewer than 20 customers, fewer than 1 or more than 120 months, or a negative seed.
    """
    _check(customers, months, seed)
    tell = progress or (lambda _stage, _share: None)
    tell("customers", 0.0)
    bank, movements, needs = _found(customers, months, seed)
    history = live_through(bank, lambda share: tell("history", 0.02 + 0.4 * share))
    credit = lend(bank, history)
    assets = assets_on(bank, history, movements, needs)
    tell("accounts", 0.45)
    tables = _accounts(bank, history, (assets, credit), tell)
    tables |= _files(bank, history, credit, needs)
    tables["transactions"] = _transactions(bank, history, (movements, credit), tell)
    counts = _deliver(tables, bank, out, tell)
    write(hazard_table(bank, history.foresight), out / "truth", "hazard")
    write(expected_growth_table(bank, history, assets, credit, (movements, needs)), out / "truth", "growth")
    (out / "bank.yaml").write_text(_bank_yaml(bank), encoding="utf-8")
    tell("written", 1.0)
    return _report(bank, history, seed, out, counts)


def _check(customers: int, months: int, seed: int) -> None:
    for name, value, low, high in (
        ("customers", customers, 20, 10_000_000),
        ("months", months, 1, 120),
        ("seed", seed, 0, 2**63),
    ):
        if not low <= value <= high:
            raise ValueError(
                f"simulate, {name}: expected {low} to {high}; got {value}. Ask for a number in between."
            )


def _found(customers: int, months: int, seed: int) -> tuple[Bank, Movements, Needs]:
    """Set up the bank, and what will come over accounts whatever else happens."""
    calendar, streams, rates = Calendar(DATA_UNTIL, months), Streams(seed), RATES
    population = draw_population(customers, calendar, streams, rates)
    branches = branches_of(population, streams, rates)
    staff = hire(population, branches, calendar, streams, rates)
    movements = draw_movements(population, calendar, streams, rates)
    mishaps = foresee_mishaps(population, calendar, streams, rates, movements)
    bank = Bank(calendar, streams, rates, draw_world(months, streams), population, branches, staff, mishaps)
    return bank, movements, draw_needs(population, calendar, streams, rates)


def _accounts(
    bank: Bank, history: History, money: tuple[Assets, Credit], tell: Progress
) -> dict[str, pa.Table]:
    assets, credit = money
    shares = shares_of(bank)
    holdings = draw_holdings(bank, history, shares)
    parts = accounts.split(assets, holdings, shares)
    owed: Numbers = np.stack(
        [owed_on(bank, credit, assets.days), accounts.card_credit(bank, history, assets)]
    )
    tell("balances", 0.5)
    return {
        "balances": accounts.balances_table(bank, assets, parts, owed),
        "holdings": accounts.holdings_table(bank, holdings, shares, assets),
        "loans": lending.loans_table(credit),
        "repayments": lending.repayments_table(bank, credit),
    }


def _transactions(
    bank: Bank, history: History, sources: tuple[Movements, Credit], tell: Progress
) -> pa.Table:
    movements, credit = sources
    absences = draw_absences(bank.population, bank.calendar, bank.streams, bank.rates)
    parts = [everyday(bank, history, absences, month) for month in range(bank.calendar.months)]
    parts.append(on_leaving(bank, history))
    parts.append(on_movements(bank, history, movements))
    parts.append(interest_and_fees(bank, history, np.arange(bank.calendar.start, bank.calendar.stop)))
    parts.append(lending.on_lending(bank, history, credit))
    tell("transactions", 0.65)
    return accounts.transactions_table(bank, Flows.stack(parts))


def _files(bank: Bank, history: History, credit: Credit, needs: Needs) -> dict[str, pa.Table]:
    notices = lending.collection_notices(bank, history, credit)
    return {
        "customers": files.customers_table(bank, history),
        "managers": files.managers_table(bank),
        "contacts": contacts.contacts_table(bank, history, notices),
        "complaints": contacts.complaints_table(bank, history),
        "warning_signals": signals.warning_signals_table(bank, history),
        "strain_signs": signals.strain_signs_table(bank, history),
        "statements": companies.statements_table(bank, history),
        "facts": facts.facts_table(bank, history),
        "relations": records.relations_table(bank, credit),
        "needs": records.needs_table(bank, history, needs),
        "tasks": records.tasks_table(bank, history),
        "industry_outlook": records.industry_outlook_table(bank),
        "market": records.market_table(bank),
    }


def _deliver(
    tables: Mapping[str, pa.Table], bank: Bank, out: Path, tell: Progress
) -> tuple[dict[str, int], ...]:
    """Repeat and correct some rows, write every table; returns rows, duplicates and corrections per table."""
    rows: dict[str, int] = {}
    repeated: dict[str, int] = {}
    corrected: dict[str, int] = {}
    law = bank.rates.noise
    for place, (name, table) in enumerate(tables.items()):
        rng, plain = bank.streams.of(f"delivery of {name}"), table.num_rows
        if name in CORRECTED:
            table = with_corrections(table, CORRECTED[name], law.corrections, bank.calendar.stop, rng)  # noqa: PLW2901
            corrected[name] = table.num_rows - plain
        if name in REPEATED:
            before = table.num_rows
            table = with_duplicates(table, law.duplicates, rng)  # noqa: PLW2901
            repeated[name] = table.num_rows - before
        write(table, out, name)
        rows[name] = table.num_rows
        tell(name, 0.75 + 0.2 * place / len(tables))
    return rows, repeated, corrected


def _bank_yaml(bank: Bank) -> str:
    start = bank.calendar.until - timedelta(days=bank.calendar.stop - bank.calendar.start)
    lines = [
        f"zone: {ZONE}",
        "currency: CNY",
        "currency_decimals: 2",
        f"data_until: {bank.calendar.until}",
        "data_from:",
    ]
    return "\n".join([*lines, *(f"  {table}: {start}" for table in COMPLETE_FROM_START)]) + "\n"


def _report(
    bank: Bank, history: History, seed: int, out: Path, counts: tuple[dict[str, int], ...]
) -> SimulationReport:
    calendar, decided = bank.calendar, history.departures.decided
    return SimulationReport(
        directory=out,
        customers=bank.population.size,
        months=calendar.months,
        seed=seed,
        data_from=calendar.until - timedelta(days=calendar.stop - calendar.start),
        data_until=calendar.until,
        rows=counts[0],
        duplicates=counts[1],
        corrections=counts[2],
        decided=int(((decided >= calendar.start) & (decided < calendar.stop)).sum()),
        left=int((history.closes < calendar.stop).sum()),
    )
