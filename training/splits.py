"""Which as_of dates train and which one tests: monthly, in time order, purged by gap + horizon."""

from __future__ import annotations

import calendar
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

_HASHES = 1 << 20


@dataclass(frozen=True)
class Span:
    """The days a label can be computed on: from the first day of its main table to `data_until`."""

    first: date
    until: date


@dataclass(frozen=True)
class Schedule:
    """The dates of one target and horizon: those that train, oldest first, and the one that tests."""

    target: str
    horizon: int | None
    train: tuple[date, ...]
    test: date

    @property
    def key(self) -> str:
        """Name of the model, such as churn_90; a target without horizon has none in its name."""
        return self.target if self.horizon is None else f"{self.target}_{self.horizon}"


@dataclass(frozen=True)
class ScheduleRules:
    """Policy of the dates: gap, and how many training dates at least and at most, and their history in days."""

    gap: int
    minimum_dates: int
    maximum_dates: int
    minimum_history: int


def months_before(anchor: date, months: int) -> date:
    """Return the same day of an earlier month, or that month's last day where it is shorter.

    Examples
    --------
    >>> months_before(date(2026, 3, 31), 1), months_before(date(2026, 1, 1), 2)
    (datetime.date(2026, 2, 28), datetime.date(2025, 11, 1))
    """
    index = anchor.year * 12 + anchor.month - 1 - months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor.day, last))


def newest_ripe(until: date, days: int) -> date:
    """Return the newest first of a month whose label of `days` days (gap included) is ripe.

    Examples
    --------
    >>> newest_ripe(date(2026, 11, 1), 90)
    datetime.date(2026, 8, 1)
    """
    return (until - timedelta(days=days)).replace(day=1)


def ripe_dates(span: Span, days: int, history: int, most: int) -> tuple[date, ...]:
    """Return the newest firsts of a month, oldest first, whose label of `days` days (gap included) is ripe.

    Parameters
    ----------
    history
        Days that the data have to reach back before each.
    most
        How many at most.

    Examples
    --------
    >>> span = Span(date(2026, 1, 10), date(2026, 7, 1))
    >>> [str(day) for day in ripe_dates(span, 90, 30, 18)]
    ['2026-03-01', '2026-04-01']
    """
    newest, earliest = newest_ripe(span.until, days), span.first + timedelta(days=history)
    found: list[date] = []
    while len(found) < most and (as_of := months_before(newest, len(found))) >= earliest:
        found.append(as_of)
    return tuple(reversed(found))


def schedule(
    target: str,
    horizon: int,
    span: Span,
    test: date | None,
    rules: ScheduleRules,
    *,
    previous_window: int = 0,
) -> Schedule | str:
    """Choose the dates of one target and horizon, or say why there are none.

    Parameters
    ----------
    test
        The test date; None takes the newest ripe first of a month.
    previous_window
        Days before as_of that the label itself looks back on: they have to lie inside the data.

    Returns
    -------
    The schedule; or a sentence that names what is missing.
    """
    purge = timedelta(days=rules.gap + horizon)
    tested = newest_ripe(span.until, rules.gap + horizon) if test is None else test
    if tested + purge > span.until:
        return (
            f"{target} at {horizon} days: the label at {tested} is ripe on {tested + purge}, "
            f"the data end at {span.until}"
        )
    earliest = span.first + timedelta(days=max(rules.minimum_history, previous_window))
    train: list[date] = []
    for months in range(1, 12 * 50):
        as_of = months_before(tested, months)
        if as_of < earliest or len(train) == rules.maximum_dates:
            break
        if as_of + purge <= tested:
            train.append(as_of)
    if len(train) < rules.minimum_dates:
        return (
            f"{target} at {horizon} days: expected at least {rules.minimum_dates} monthly training dates from "
            f"{earliest} whose labels are ripe by {tested}; got {len(train)}"
        )
    return Schedule(target=target, horizon=horizon, train=tuple(reversed(train)), test=tested)


def longest(
    target: str,
    horizons: Sequence[int],
    span: Span,
    test: date | None,
    rules: ScheduleRules,
    previous_windows: Mapping[int, int],
) -> tuple[Schedule | None, tuple[str, ...]]:
    """Return the schedule of the longest horizon that has one, and why the longer ones have none."""
    refused: list[str] = []
    for horizon in horizons:
        found = schedule(target, horizon, span, test, rules, previous_window=previous_windows[horizon])
        if isinstance(found, Schedule):
            return found, tuple(refused)
        refused.append(found)
    return None, tuple(refused)


def kept_for_test(customer_ids: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Mark the fifth of the customers that a run with this seed tests on where there is no time order, (rows,)."""
    return np.asarray(customer_folds(customer_ids, 5, seed + 1) == 0)


def drawn_customers(customer_ids: Sequence[str], most: int, seed: int) -> NDArray[np.bool_]:
    """Mark the rows of whole customers, drawn by a hash of their id, so that about `most` rows are left, (rows,).

    All are marked where there are no more. A smaller draw with the same seed is part of a larger one.
    """
    if len(customer_ids) <= most:
        return np.ones(len(customer_ids), dtype=np.bool_)
    share = _HASHES * most // len(customer_ids)
    return np.asarray(customer_folds(customer_ids, _HASHES, seed) < share)


def customer_folds(customer_ids: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """Put whole customers into folds by a hash of their id: always the same ones, in any order.

    Shape (rows,), values 0 .. folds - 1.
    """
    fold = {name: zlib.crc32(f"{seed}:{name}".encode()) % folds for name in set(customer_ids)}
    return np.fromiter((fold[name] for name in customer_ids), dtype=np.int64, count=len(customer_ids))
