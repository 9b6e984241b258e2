"""The contact log and the complaints as the bank's staff write them down: mostly, and not always in time."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.course import Visit
from pipelines.sources.simulated.days import Days, Flags, moments, weekday
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.noise import MICROSECONDS_A_DAY, recording
from pipelines.sources.simulated.population import RETAIL
from pipelines.sources.simulated.rates import WARM_UP_MONTHS, Rates
from pipelines.sources.simulated.writing import chosen, dates, numbered, numbers, stamps, table_of

CHANNELS = ("T", "S", "E", "M", "B", "L")
PURPOSES = ("care", "review", "sale", "complaint", "other", "collection_notice")
OUTCOMES = ("reached", "not_reached", "interested", "declined", "complaint", "deal")
ROLES = ("decision_maker", "finance", "other")
CATEGORIES = ("waiting time", "fees", "wrong advice", "system failure", "rates", "privacy", "manners")


def contacts_table(bank: Bank, history: History, notices: Visit) -> pa.Table:
    """One row per contact that was written down; warmth is often left out."""
    rng, touch = bank.streams.of("contact_log"), bank.rates.touch
    log = _written(Visit.stack([history.contacts, notices]), history.closes, bank, rng)
    n = len(log.customer)
    by_customer = rng.random(n) < touch.started_by_customer * np.exp(0.3 * np.clip(log.mood, -3, 2)) * (
        log.severity < 1
    )
    by_customer &= log.is_good
    reached = log.is_good
    day = np.where(by_customer, log.day, log.day - np.maximum(weekday(log.day) - 4, 0))
    day = np.maximum(day, np.maximum(bank.population.profile.opened[log.customer], bank.calendar.start))
    happened = moments(day, rng.integers(9 * 3600, 18 * 3600, n))
    known = recording(happened, bank.calendar.stop_at, (touch.late_share, touch.late_days), rng)
    order = np.flatnonzero(known.is_in_time)
    order = order[np.argsort(happened[order], kind="stable")]
    warmth, has_warmth = _warmth(bank, log, reached, rng)
    agreed = day + rng.integers(14, 60, n)
    purpose = rng.choice([0, 1, 2, 4, -1], n, p=bank.rates.log.purposes)
    columns = {
        "contact_id": numbered("K", np.arange(n)[: len(order)], 8),
        "customer_id": numbered("C", log.customer).take(pa.array(order)),
        "manager_id": _managers(bank, log, rng).take(pa.array(order)),
        "occurred_at": stamps(happened[order]),
        "channel": chosen(CHANNELS, rng.choice(6, n, p=bank.rates.log.channels)[order]),
        "direction": chosen(("bank", "customer"), by_customer.astype(np.int64)[order]),
        "purpose": chosen(PURPOSES, np.where(log.severity > 0, 5, purpose)[order]),
        "with_role": chosen(ROLES, _roles(bank, log, rng)[order]),
        "outcome": chosen(OUTCOMES, _outcomes(log, reached, bank.rates, rng)[order]),
        "warmth": numbers(warmth[order], has_warmth[order]),
        "next_agreed_on": dates(
            agreed[order], (reached & (rng.random(n) < bank.rates.log.next_agreed))[order]
        ),
        "recorded_at": stamps(known.at[order]),
    }
    return table_of(columns)


def _written(visits: Visit, closes: Days, bank: Bank, rng: np.random.Generator) -> Visit:
    kept = (visits.day >= bank.calendar.start) & (visits.day < bank.calendar.stop)
    kept &= (rng.random(len(kept)) < bank.rates.touch.recorded) & (visits.day < closes[visits.customer])
    return visits.rows(np.flatnonzero(kept))


def _managers(bank: Bank, log: Visit, rng: np.random.Generator) -> pa.Array:
    manager = bank.staff.occupant[log.seat, log.month + WARM_UP_MONTHS]
    return numbered("M", manager, 4, rng.random(len(manager)) > bank.rates.log.manager_missing)


def _warmth(bank: Bank, log: Visit, reached: Flags, rng: np.random.Generator) -> tuple[Days, Flags]:
    """Satisfaction as the manager feels it: each has a bias of his or her own, and some note nothing."""
    touch, n = bank.rates.touch, len(log.customer)
    manager = bank.staff.occupant[log.seat, log.month + WARM_UP_MONTHS]
    bias = bank.streams.of("warmth_bias").normal(0.0, touch.warmth_bias, len(bank.staff.skill))[manager]
    felt = 1.1 * log.mood + 0.5 + bias + rng.normal(0.0, touch.warmth_noise, n) - 0.5 * log.has_decided
    warmth = np.clip(np.rint(felt), -2, 2).astype(np.int64)
    return warmth, reached & (rng.random(n) >= touch.warmth_missing)


def _roles(bank: Bank, log: Visit, rng: np.random.Generator) -> Days:
    role = rng.choice([0, 1, 2, -1], len(log.customer), p=bank.rates.log.roles)
    return np.where(bank.population.profile.kind[log.customer] == RETAIL, -1, role)


def _outcomes(log: Visit, reached: Flags, rates: Rates, rng: np.random.Generator) -> Days:
    """What a contact came to: interest and deals follow satisfaction, refusals the lack of it."""
    lean, law = np.clip(log.mood, -2.0, 2.0), rates.log
    roll = rng.random(len(lean))
    ends = np.array(law.outcomes)[:, None] + np.array(law.outcomes_by_mood)[:, None] * lean[None, :]
    place = (roll[None, :] > ends).sum(axis=0)
    outcome = np.array([5, 2, 3, 4, 0])[place]
    return np.where(reached, outcome, 1)


def complaints_table(bank: Bank, history: History) -> pa.Table:
    """One row per complaint, with how it was handled as far as that is known before the data end."""
    rng, law = bank.streams.of("complaint_log"), bank.rates.log
    every = history.complaints
    kept = (every.day >= bank.calendar.start) & (every.day < history.closes[every.customer])
    order = np.flatnonzero(kept)
    log = every.rows(order[np.argsort(every.day[order], kind="stable")])
    n = len(log.day)
    received = moments(log.day, rng.integers(8 * 3600, 20 * 3600, n))
    response, resolved, is_resolved = _handling(log, received, bank, rng)
    satisfied = np.where(rng.random(n) < law.satisfied_wrong, ~log.is_good, log.is_good)
    known = recording(received, bank.calendar.stop_at, (bank.rates.touch.late_share, 10), rng)
    table = table_of(
        {
            "complaint_id": numbered("P", np.arange(n)),
            "customer_id": numbered("C", log.customer),
            "received_at": stamps(received),
            "channel": chosen(("telephone", "branch", "online", None), rng.integers(0, 4, n)),
            "category": chosen(CATEGORIES, rng.integers(0, len(CATEGORIES), n)),
            "about": chosen(("manager", "bank"), (rng.random(n) < law.about_bank).astype(np.int64)),
            "severity": numbers(log.severity),
            "handler": _managers(bank, log, rng),
            "first_response_at": stamps(response, response < bank.calendar.stop_at),
            "resolved_at": stamps(resolved, is_resolved),
            "satisfied": numbers(satisfied, is_resolved & (rng.random(n) < law.satisfied_noted)),
            "repeat_of": _repeats(log, known.is_in_time),
            "recorded_at": stamps(known.at),
        }
    )
    return table.filter(pa.array(known.is_in_time))


def _handling(log: Visit, received: Days, bank: Bank, rng: np.random.Generator) -> tuple[Days, Days, Flags]:
    """First response, resolution, and whether there was one before the data end: soon where handled well."""
    law, good = bank.rates.log, log.is_good.astype(np.int64)
    hours, days = np.array(law.response_hours)[good], np.array(law.resolution_days)[good]
    response = received + (rng.exponential(hours) * 3.6e9).astype(np.int64)
    resolved = response + (rng.exponential(days) * MICROSECONDS_A_DAY).astype(np.int64)
    is_resolved = rng.random(len(good)) < np.array(law.resolved)[good]
    return response, resolved, is_resolved & (resolved < bank.calendar.stop_at)


def _repeats(log: Visit, is_known: Flags) -> pa.Array:
    """A complaint of one who complained before, badly handled and less than half a year ago, repeats that one."""
    order = np.lexsort((log.day, log.customer))
    before = np.full(len(order), -1)
    same = (log.customer[order][1:] == log.customer[order][:-1]) & ~log.is_good[order][:-1]
    soon = log.day[order][1:] - log.day[order][:-1] < 180
    before[order[1:]] = np.where(same & soon, order[:-1], -1)
    return numbered("P", before, known=(before >= 0) & is_known[before])
