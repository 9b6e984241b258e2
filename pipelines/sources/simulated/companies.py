"""Financial statements of businesses: yearly or half-yearly, worse where the business is under strain."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.days import Days, Flags, Numbers, moments
from pipelines.sources.simulated.figures import RATIOS, figures
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.noise import MICROSECONDS_A_DAY
from pipelines.sources.simulated.population import MICRO, RETAIL
from pipelines.sources.simulated.world import PAST_MONTHS
from pipelines.sources.simulated.writing import dates, money, numbered, numbers, stamps, table_of

LATEST_STATEMENT_DAYS = 240


@dataclass(frozen=True)
class Round:
    """One date of closing: the month that begins the day after, counted from the start of the data."""

    month: int
    is_year_end: bool


def statements_table(bank: Bank, history: History) -> pa.Table:
    """One row per business and period; a few are restated later, and some cells are missing."""
    rng = bank.streams.of("statements")
    who = np.flatnonzero(_reports(bank))
    health = _health(bank, history, who)
    sales = np.exp(bank.population.traits.assets[who] + rng.normal(1.2, 0.5, len(who)))
    parts = []
    for closing in _rounds(bank):
        recent = health[:, closing.month + PAST_MONTHS - 6 : closing.month + PAST_MONTHS].mean(axis=1)
        before, sales = sales, sales * np.exp(0.025 + 0.11 * recent + rng.normal(0.0, 0.03, len(who)))
        level = (sales, np.log(sales / before) * 2.0, health[:, closing.month + PAST_MONTHS])
        parts.append(_one_round(bank, history, closing, who, level))
    return pa.concat_tables(parts)


def _reports(bank: Bank) -> Flags:
    kind = bank.population.profile.kind
    does = bank.streams.of("reporting").random(len(kind)) < bank.rates.firms.micro_with_statements
    result: Flags = (kind != RETAIL) & ((kind != MICRO) | does)
    return result


def _health(bank: Bank, history: History, who: Days) -> Numbers:
    """Health by month, the PAST_MONTHS before the data included: there it leads up to what it is at the start."""
    start = history.health[who, :1]
    fade = 0.7 ** np.arange(PAST_MONTHS, 0, -1)[None, :]
    noise = bank.streams.of("past_health").normal(0.0, 0.25, (len(who), PAST_MONTHS))
    return np.concatenate([0.15 + (start - 0.15) * fade + noise * (1.0 - fade), history.health[who]], axis=1)


def _rounds(bank: Bank) -> list[Round]:
    """Ends of June and December, from two and a half years before the data."""
    rounds = []
    for month in range(6 - PAST_MONTHS, bank.calendar.months):
        begins = np.datetime64(bank.calendar.until, "M") - bank.calendar.months + month
        of_year = int(begins.astype(np.int64)) % 12
        if of_year in (0, 6):
            rounds.append(Round(month, of_year == 0))
    return rounds


def _one_round(
    bank: Bank, history: History, closing: Round, who: Days, level: tuple[Numbers, Numbers, Numbers]
) -> pa.Table:
    rng, firms = bank.streams.of("statement", closing.month), bank.rates.firms
    values = figures(*level, 12 if closing.is_year_end else 6, rng)
    n, period_end = len(who), bank.calendar.edge(closing.month) - 1
    is_late = rng.random(n) < firms.statement_late_share + 0.3 * (level[2] < -0.8)
    wait = rng.integers(35, 110, n) if closing.is_year_end else rng.integers(20, 58, n)
    received = period_end + wait + np.where(is_late, rng.integers(30, 120, n), 0)
    opened, closes = bank.population.profile.opened[who], history.closes[who]
    kind = bank.population.profile.kind[who]
    given = (received < np.minimum(closes, bank.calendar.stop)) & (received > opened - LATEST_STATEMENT_DAYS)
    given &= closing.is_year_end | (kind != MICRO)
    received = np.maximum(received, opened)
    given &= received < bank.calendar.stop - 1
    again = given & (rng.random(n) < firms.restated_share)
    restated = {
        name: np.where(again, 0.94 * value, value) for name, value in values.items() if name not in RATIOS
    }
    rows = [(np.flatnonzero(given), values, np.zeros(n, dtype=np.int64))]
    rows.append((np.flatnonzero(again), {**values, **restated}, rng.integers(15, 70, n)))
    tables = [
        _table(bank, closing, (who, place, received), (content, delay)) for place, content, delay in rows
    ]
    return pa.concat_tables(tables)


def _table(
    bank: Bank, closing: Round, rows: tuple[Days, Days, Days], content: tuple[dict[str, Numbers], Days]
) -> pa.Table:
    who, place, received = rows
    values, delay = content
    rng = bank.streams.of("cells", closing.month)
    recorded = moments(received, rng.integers(9 * 3_600, 17 * 3_600, len(who))) + delay * MICROSECONDS_A_DAY
    n, missing = len(who), bank.rates.firms.missing_cells_share
    period = np.full(len(place), bank.calendar.edge(closing.month) - 1)
    columns = {
        "customer_id": numbered("C", who[place]),
        "period_end": dates(period),
        "months": numbers(np.full(len(place), 12 if closing.is_year_end else 6)),
        "received_on": dates(received[place]),
    }
    for name, value in values.items():
        is_known = (rng.random(n) >= missing)[place]
        columns[name] = numbers(value[place], is_known) if name in RATIOS else money(value[place], is_known)
    columns["recorded_at"] = stamps(recorded[place])
    return table_of(columns).filter(pa.array(recorded[place] < bank.calendar.stop_at))
