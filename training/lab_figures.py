"""Figures of a definition: how often at each as_of, shared with which others, how long before, how many come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.policy.lab import LabMeasures
from training.lab import Called, Days, Definition, Floats, pair_key


@dataclass(frozen=True)
class Rate:
    """Base rate at one as_of: customers with a label, and with the event."""

    day: int
    rows: int
    events: int

    @property
    def share(self) -> float | None:
        """Share with the event; None where nobody has a label."""
        return self.events / self.rows if self.rows else None


@dataclass(frozen=True)
class Lead:
    """How long before the event balances (or turnover) began to fall, in days; each event counts once.

    `counts`: events by days of lead, from 0 (no fall before) to the longest looked at (that long or longer).
    `others_share`: of the customers without the event at the newest as_of, how many were falling just before its
    window; None where nobody could be judged. `events` are all, `judged` those with a level to fall from.
    """

    events: int
    counts: Mapping[int, int]
    others_share: float | None

    @property
    def judged(self) -> int:
        """Events with a level known to fall from."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> int | None:
        """Return the least lead that at least a share of the judged events do not exceed; None without any.

        Examples
        --------
        >>> lead = Lead(5, {0: 1, 30: 2, 60: 1}, None)
        >>> lead.quantile(0.25), lead.quantile(0.5), lead.quantile(0.75)
        (0, 30, 30)
        """
        reached = 0
        for days, count in sorted(self.counts.items()):
            reached += count
            if count and reached >= share * self.judged:
                return days
        return None

    @property
    def fell_share(self) -> float | None:
        """Share of the judged events with a fall before; None without any."""
        return None if not self.judged else 1.0 - self.counts.get(0, 0) / self.judged


@dataclass(frozen=True)
class Alarms:
    """Of those called whose follow-up lies inside the data: how many there are, how many came back."""

    followed: int
    back: int

    @property
    def share(self) -> float | None:
        """Share of false alarms; None where nobody could be followed."""
        return self.back / self.followed if self.followed else None


@dataclass(frozen=True)
class Overlap:
    """Two definitions over the rows that both have a label for: events of each, and of both."""

    first: Definition
    second: Definition
    rows: int
    first_events: int
    second_events: int
    both: int

    @property
    def jaccard(self) -> float | None:
        """Rows with both events over rows with any; None where there is no event."""
        either = self.first_events + self.second_events - self.both
        return self.both / either if either else None


@dataclass(frozen=True)
class Finding:
    """All figures of one definition; `with_own`: overlap with the policy's own (None: it has none, or is it)."""

    definition: Definition
    rates: tuple[Rate, ...]
    lead: Lead
    alarms: Alarms
    with_own: Overlap | None

    @property
    def events(self) -> int:
        """Rows with the event, over all as_of."""
        return sum(rate.events for rate in self.rates)

    @property
    def shares(self) -> tuple[float, ...]:
        """Base rates of the as_of dates at which anybody has a label."""
        return tuple(rate.share for rate in self.rates if rate.share is not None)

    @property
    def mean_rate(self) -> float | None:
        """Mean of the base rates, every as_of alike; None where nobody has a label."""
        return float(np.mean(self.shares)) if self.shares else None


def rates_of(called: Called) -> tuple[Rate, ...]:
    """Count customers with a label and with the event at each as_of."""
    days, place = np.unique(called.rows.as_of_day, return_inverse=True)
    rows = np.bincount(place, weights=called.valid, minlength=len(days))
    events = np.bincount(place, weights=called.valid & called.hit, minlength=len(days))
    return tuple(Rate(int(d), int(n), int(e)) for d, n, e in zip(days, rows, events, strict=True))


def alarms_of(called: Called) -> Alarms:
    """Count false alarms among those called whose follow-up lies inside the data."""
    judged = called.hit & called.followed
    return Alarms(int(judged.sum()), int((judged & called.back).sum()))


def overlap_of(first: Called, second: Called) -> Overlap:
    """Compare two definitions on the (customer, as_of) rows that both label; their horizons may differ."""
    keys, left, right = np.intersect1d(
        first.rows.key, second.rows.key, assume_unique=True, return_indices=True
    )
    valid = first.valid[left] & second.valid[right]
    one, two = first.hit[left] & valid, second.hit[right] & valid
    assert len(keys) == len(valid)
    return Overlap(
        first.definition,
        second.definition,
        int(valid.sum()),
        int(one.sum()),
        int(two.sum()),
        int((one & two).sum()),
    )


def overlaps_of(members: Sequence[Called]) -> tuple[Overlap, ...]:
    """Compare every two of some definitions, each pair once."""
    return tuple(
        overlap_of(first, second) for place, first in enumerate(members) for second in members[place + 1 :]
    )


@dataclass(frozen=True, eq=False)
class Falls:
    """How long levels have been falling before (customer, day) pairs: blocks, -1 where it cannot be said.

    `key`: pairs as `pair_key`, ascending, each once. `block_days`, `most`: days of a block, blocks looked at.
    """

    key: Days
    blocks: NDArray[np.int64]
    block_days: int
    most: int

    def of(self, key: Days) -> NDArray[np.int64]:
        """Return the falling blocks of pairs, all of which are known."""
        return self.blocks[np.searchsorted(self.key, key)]


def falling_blocks(levels: Floats, measures: LabMeasures, fall_share: float) -> NDArray[np.int64]:
    """Count the newest blocks in a row that lie below the reference by more than a share of it.

    Parameters
    ----------
    levels
        Shape (pairs, lead blocks + reference blocks), newest block first; NaN where nothing was observed.

    Returns
    -------
    0 .. lead blocks; -1 where the newest or a reference block is unknown, or the reference is not above 0.

    Examples
    --------
    >>> measures = LabMeasures(18, 90, 0.5, 30, 3, 1, 0.1, 0.5)
    >>> levels = np.array([[50.0, 80, 95, 100], [100, 50, 50, 100], [1, 1, 1, np.nan]])
    >>> falling_blocks(levels, measures, 0.1).tolist()
    [2, 0, -1]
    """
    lead = measures.lead_blocks
    reference = levels[:, lead:].mean(axis=1)
    with np.errstate(invalid="ignore"):
        is_low = levels[:, :lead] < (1.0 - fall_share) * reference[:, None]
        is_known = (reference > 0) & ~np.isnan(levels[:, 0])
    count = np.cumprod(is_low, axis=1).sum(axis=1)
    return np.where(is_known, count, -1).astype(np.int64)


def lead_of(called: Called, falls: Falls, gap: int) -> Lead:
    """Count events by how long before them the fall began; one event seen from several as_of counts once."""
    hit = called.hit & called.valid
    events = np.unique(pair_key(called.rows.customer_no[hit], called.moment[hit]))
    found = falls.of(events)
    found = found[found >= 0]
    counts = (
        np.bincount(found, minlength=falls.most + 1)
        if len(found)
        else np.zeros(falls.most + 1, dtype=np.int64)
    )
    others = falls.of(control_pairs(called, gap))
    others = others[others >= 0]
    return Lead(
        events=len(events),
        counts={place * falls.block_days: int(count) for place, count in enumerate(counts)},
        others_share=float((others > 0).mean()) if len(others) else None,
    )


def control_pairs(called: Called, gap: int) -> Days:
    """Return customers without the event at the newest as_of, with the first day of its window."""
    newest = called.rows.as_of_day.max(initial=-1)
    quiet = called.valid & ~called.hit & (called.rows.as_of_day == newest)
    return np.unique(pair_key(called.rows.customer_no[quiet], called.rows.as_of_day[quiet] + gap))


def pairs_wanted(all_called: Iterable[Called], gap: int) -> Days:
    """Return every (customer, day) before which a fall is looked for: events, and those to compare them with."""
    wanted = [np.empty(0, dtype=np.int64)]
    newest = {}
    for called in all_called:
        hit = called.hit & called.valid
        wanted.append(pair_key(called.rows.customer_no[hit], called.moment[hit]))
        newest[id(called.rows)] = called.rows
    for rows in newest.values():
        last = rows.as_of_day == rows.as_of_day.max(initial=-1)
        wanted.append(pair_key(rows.customer_no[last], rows.as_of_day[last] + gap))
    return np.unique(np.concatenate(wanted))


def finding(called: Called, falls: Falls, gap: int, own: Called | None) -> Finding:
    """Work out every figure of a definition."""
    return Finding(
        definition=called.definition,
        rates=rates_of(called),
        lead=lead_of(called, falls, gap),
        alarms=alarms_of(called),
        with_own=None if own is None or own is called else overlap_of(own, called),
    )
