"""Warning signals and signs of strain that staff record: mostly with reason, sometimes without, often not at all."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.columns import Columns
from pipelines.sources.simulated.days import NEVER, Days, Flags, moments
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.noise import recording
from pipelines.sources.simulated.population import INDUSTRIES, PUBLIC_INDUSTRIES, REGIONS
from pipelines.sources.simulated.writing import chosen, dates, numbered, numbers, stamps, table_of

EARLY = ("M02", "M07", "M12", "M21", "M22", "M24", "M32", "M33", "M36", "F19")
LATE = ("M15", "M41", "M43", "M44", "M50", "H01", "H02", "H03", "H04", "F11")
OTHER = ("M06", "M16", "M20", "M25", "M30", "M37", "F14", "F27", "M23", "H14")
PERSONAL = ("M39", "M42", "M46", "M47")
INDUSTRY_WIDE = ("E01", "E02", "E03", "E08")
REGION_WIDE = ("E04", "E06", "E07")
CODES = EARLY + LATE + OTHER + PERSONAL + INDUSTRY_WIDE + REGION_WIDE
SIGNS = (1, 2, 3, 4, 5, 6, 7, 9, 10)
TALKS_TO_OTHERS = 13


@dataclass(frozen=True)
class _Raised(Columns):
    customer: Days
    industry: Days
    region: Days
    code: Days
    day: Days
    severity: Days


def warning_signals_table(bank: Bank, history: History) -> pa.Table:
    """One row per recorded signal, some for a whole industry or region; a share recorded late."""
    rng, law, stop = bank.streams.of("signals"), bank.rates.papers, bank.calendar.stop
    parts = [_of_month(bank, history, month) for month in range(bank.calendar.months)]
    rows = _Raised.stack(parts)
    rows = rows.rows(np.argsort(rows.day, kind="stable"))
    n = len(rows.day)
    known = recording(
        moments(rows.day, np.full(n, 10 * 3_600)),
        bank.calendar.stop_at,
        (bank.rates.touch.late_share, 25),
        rng,
    )
    closed = rows.day + rng.integers(40, 320, n)
    is_closed = (closed < stop) & (rng.random(n) < law.signals_closed)
    table = table_of(
        {
            "signal_id": numbered("W", np.arange(n)),
            "code": chosen(CODES, rows.code),
            "raised_on": dates(rows.day),
            "customer_id": numbered("C", rows.customer, known=rows.customer >= 0),
            "industry": chosen(INDUSTRIES + PUBLIC_INDUSTRIES, rows.industry),
            "region": chosen(REGIONS, rows.region),
            "severity": numbers(rows.severity, rng.random(n) > law.severity_missing),
            "evidence": chosen(("visit", "press", "court notice", "credit bureau"), rng.integers(-1, 4, n)),
            "closed_on": dates(np.where(is_closed, closed, NEVER)),
            "recorded_at": stamps(known.at),
        }
    )
    return table.filter(pa.array(known.is_in_time))


def _there(bank: Bank, history: History, month: int) -> Flags:
    """With the bank for the whole month."""
    first, last = bank.calendar.edge(month), bank.calendar.edge(month + 1)
    result: Flags = (bank.population.profile.opened < first) & (history.closes > last)
    return result


def _of_month(bank: Bank, history: History, month: int) -> _Raised:
    rng, firms = bank.streams.of("signal", month), bank.rates.firms
    there, is_business = _there(bank, history, month), bank.population.is_business
    strained, health = history.is_strained[:, month], history.health[:, month]
    n = len(there)
    chance = np.where(strained, firms.signals_in_strain, firms.signals_without)
    on_business = np.flatnonzero(there & is_business & (rng.random(n) < chance))
    is_late = (health < firms.arrears_health) & (rng.random(n) < bank.rates.papers.late_signals)
    code = np.where(is_late, len(EARLY), 0) + rng.integers(0, 10, n)
    code = np.where(strained, code, len(EARLY) + len(LATE) + rng.integers(0, 10, n))
    severity = np.clip(1 + rng.binomial(3, 0.4, n) + is_late + strained, 1, 5)
    usual, going = bank.rates.papers.personal_signals
    personal = np.where(_is_going(history, bank.calendar.edge(month + 1), n), going, usual)
    on_people = np.flatnonzero(there & ~is_business & (rng.random(n) < personal))
    code[on_people] = len(EARLY) + len(LATE) + len(OTHER) + rng.integers(0, len(PERSONAL), len(on_people))
    severity[on_people] = rng.integers(1, 4, len(on_people))
    who = np.concatenate([on_business, on_people])
    none = np.full(len(who), -1)
    day = rng.integers(bank.calendar.edge(month), bank.calendar.edge(month + 1), len(who))
    wide = _wide(bank, month, rng)
    return _Raised.stack([_Raised(who, none, none, code[who], day, severity[who]), wide])


def _is_going(history: History, day: int, n: int) -> Flags:
    going = np.zeros(n, dtype=np.bool_)
    rows = history.departures
    going[rows.customer[(rows.decided < day) & (rows.won_back > day)]] = True
    return going


def _wide(bank: Bank, month: int, rng: np.random.Generator) -> _Raised:
    """Signals for industries that fare badly, and now and then for a region."""
    law, outlook = bank.rates.papers, bank.world.outlook_of(month)
    bad = np.flatnonzero((outlook < law.industry_outlook) & (rng.random(len(outlook)) < law.industry_signals))
    regions = np.flatnonzero(rng.random(len(REGIONS)) < law.region_signals)
    start = CODES.index(INDUSTRY_WIDE[0])
    n = len(bad) + len(regions)
    code = np.concatenate(
        [
            start + rng.integers(0, len(INDUSTRY_WIDE), len(bad)),
            start + len(INDUSTRY_WIDE) + rng.integers(0, len(REGION_WIDE), len(regions)),
        ]
    )
    return _Raised(
        customer=np.full(n, -1),
        industry=np.concatenate([bad, np.full(len(regions), -1)]),
        region=np.concatenate([np.full(len(bad), -1), regions]),
        code=code,
        day=rng.integers(bank.calendar.edge(month), bank.calendar.edge(month + 1), n),
        severity=rng.integers(2, 5, n),
    )


def strain_signs_table(bank: Bank, history: History) -> pa.Table:
    """Signs of a strained relationship that somebody wrote down, more of them where satisfaction is low."""
    customers: list[Days] = []
    days: list[Days] = []
    codes: list[Days] = []
    law = bank.rates.papers
    for month in range(bank.calendar.months):
        rng = bank.streams.of("strain_signs", month)
        first, last = bank.calendar.edge(month), bank.calendar.edge(month + 1)
        there, mood = _there(bank, history, month), history.mood[:, month]
        going = _is_going(history, last, len(mood))
        chance = law.strain_signs * np.exp(-np.clip(mood, -2.5, 2.5)) + law.strain_signs_going * going
        who = np.flatnonzero(there & (rng.random(len(mood)) < chance))
        talks = going[who] & (rng.random(len(who)) < law.talks_to_others)
        customers.append(who)
        days.append(rng.integers(first, last, len(who)))
        codes.append(np.where(talks, TALKS_TO_OTHERS, np.array(SIGNS)[rng.integers(0, len(SIGNS), len(who))]))
    customer, day, code = np.concatenate(customers), np.concatenate(days), np.concatenate(codes)
    return table_of(
        {
            "sign_id": numbered("G", np.arange(len(customer))),
            "customer_id": numbered("C", customer),
            "code": numbers(code),
            "noted_on": dates(day),
        }
    )
