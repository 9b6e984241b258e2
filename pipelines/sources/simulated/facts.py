"""Single recorded facts about customers: what papers say, what was seen on a visit, what life brings."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Days, Numbers
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.population import MICRO, RETAIL
from pipelines.sources.simulated.rates import RATES
from pipelines.sources.simulated.writing import chosen, dates, numbered, numbers, table_of

ONCE = RATES.papers.noted_once
YEARLY = "file_completeness"
HEADCOUNT = "headcount_on_payroll"
TROUBLES = ("litigation", "loan_converted", "dishonest_debtor", "exit_list")
CHANGE_ASKED = "manager_change_asked"
CODES = (*(code for code, _, _ in ONCE), YEARLY, HEADCOUNT, *TROUBLES, CHANGE_ASKED)
SOURCES = ("file", "visit", "register", "risk centre")


@dataclass(frozen=True)
class _Noted(Columns):
    customer: Days
    code: Days
    day: Days
    value: Numbers
    source: Days


def facts_table(bank: Bank, history: History) -> pa.Table:
    """One row per fact and day; a headcount holds for a quarter, a file's completeness for a year."""
    rows = _Noted.stack(
        [_once(bank), _regular(bank, history), _troubles(bank, history), _changes_asked(bank, history)]
    )
    opened, closes = bank.population.profile.opened[rows.customer], history.closes[rows.customer]
    there = (rows.day >= opened) & (rows.day < closes) & (rows.day < bank.calendar.stop)
    rows = rows.rows(np.flatnonzero(there))
    key = (rows.customer * len(CODES) + rows.code) * 100_000 + rows.day
    rows = rows.rows(np.unique(key, return_index=True)[1])
    rows = rows.rows(np.argsort(rows.day, kind="stable"))
    lasts = np.select(
        [rows.code == CODES.index(YEARLY), rows.code == CODES.index(HEADCOUNT)], [365, 92], NEVER
    )
    return table_of(
        {
            "customer_id": numbered("C", rows.customer),
            "code": chosen(CODES, rows.code),
            "noted_on": dates(rows.day),
            "value": numbers(rows.value),
            "valid_until": dates(np.minimum(rows.day + lasts, NEVER)),
            "source": chosen(SOURCES, rows.source),
        }
    )


def _once(bank: Bank) -> _Noted:
    """What is noted when the file is opened, for those who tell."""
    rng, n = bank.streams.of("facts once"), bank.population.size
    is_business, parts = bank.population.is_business, []
    for place, (code, of_businesses, of_people) in enumerate(ONCE):
        who = np.flatnonzero(rng.random(n) < np.where(is_business, of_businesses, of_people))
        value: Numbers = np.ones(len(who))
        if code.endswith("_value"):
            value = (
                np.round(np.exp(rng.normal(13.0 if code == "property_value" else 11.5, 0.6, len(who))) / 1e3)
                * 1e3
            )
        if code == "months_paid":
            value = rng.integers(1, 120, len(who)).astype(np.float64)
        day = bank.population.profile.opened[who] + rng.integers(0, 60, len(who))
        parts.append(_Noted(who, np.full(len(who), place), day, value, rng.integers(0, 3, len(who))))
    return _Noted.stack(parts)


def _regular(bank: Bank, history: History) -> _Noted:
    """Files looked through once a year, and the headcount on the payroll of businesses each quarter."""
    parts = []
    profile, checked = bank.population.profile, bank.rates.papers.files_checked_a_quarter
    for month in range(0, bank.calendar.months, 3):
        rng, first = bank.streams.of("facts regular", month), bank.calendar.edge(month)
        looked = np.flatnonzero((rng.random(len(profile.kind)) < checked) & (profile.kind <= MICRO))
        share = np.round(rng.beta(6.0, 2.0, len(looked)), 2)
        code = np.full(len(looked), CODES.index(YEARLY))
        parts.append(
            _Noted(looked, code, first + rng.integers(0, 80, len(looked)), share, np.zeros_like(looked))
        )
        staff = np.flatnonzero((profile.kind != RETAIL) & (profile.employees > 3))
        size = profile.employees[staff] * np.exp(0.22 * np.minimum(history.health[staff, month], 0.2))
        size = np.rint(size * np.exp(rng.normal(0.0, 0.03, len(staff))))
        code = np.full(len(staff), CODES.index(HEADCOUNT))
        parts.append(_Noted(staff, code, np.full(len(staff), first + 12), size, np.full(len(staff), 0)))
    return _Noted.stack(parts)


def _troubles(bank: Bank, history: History) -> _Noted:
    """What registers and the risk centre report of businesses in deep strain."""
    parts = []
    for month in range(bank.calendar.months):
        rng = bank.streams.of("facts troubles", month)
        deep = history.is_strained[:, month] & (history.health[:, month] < bank.rates.firms.arrears_health)
        who = np.flatnonzero(rng.random(len(deep)) < np.where(deep, bank.rates.papers.troubles, 0.0))
        code = CODES.index(TROUBLES[0]) + rng.choice(
            len(TROUBLES), len(who), p=bank.rates.papers.trouble_shares
        )
        day = rng.integers(bank.calendar.edge(month), bank.calendar.edge(month + 1), len(who))
        parts.append(_Noted(who, code, day, np.ones(len(who)), rng.integers(2, 4, len(who))))
    return _Noted.stack(parts)


def _changes_asked(bank: Bank, history: History) -> _Noted:
    """Customers who ask for another manager, some weeks after a complaint that was handled badly."""
    rng, log = bank.streams.of("facts changes"), history.complaints
    asks = (
        (log.day >= bank.calendar.start)
        & ~log.is_good
        & (rng.random(len(log.day)) < bank.rates.papers.change_asked)
    )
    rows = log.rows(np.flatnonzero(asks))
    n = len(rows.day)
    day = rows.day + rng.integers(3, 40, n)
    return _Noted(
        rows.customer, np.full(n, CODES.index(CHANGE_ASKED)), day, np.ones(n), np.ones(n, dtype=np.int64)
    )
