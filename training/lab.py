"""The definition lab: label definitions with other thresholds, and whom each calls, before anything is trained.

A definition is a target, a horizon, a clause and its thresholds. What the label code finds is fetched once, as
arrays over the (customer, as_of) rows that `train` would label; every definition is then a mask over those rows.

- churn: each clause by itself (`closing`; `silence`, a run of so many days without a customer-started transaction;
  `drained`, assets down to a share and by a least fall), and `whole`: every combination of their thresholds. The
  combination with the policy's own thresholds is the label that `train` uses.
- growth: `shrunk`, the level falls by at least a share. The label itself is an amount and has no threshold.
- loyalty: `low`, loyal in at most a share of the blocks. Neither has this one.
- default: `late`, an instalment so many days behind.
- `given`: the bank's own labels in `outcomes`; what they mean is the bank's, so nothing is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.policy.lab import LabPolicy
from training.targets import is_drained

Flags = NDArray[np.bool_]
Days = NDArray[np.int64]
Floats = NDArray[np.float64]

NEVER = 2**31 - 1
"""The day number of what does not happen."""
CHURN_CLAUSES = ("closing", "silence", "drained")


@dataclass(frozen=True)
class Definition:
    """One way to say who has the event. `thresholds` by name, days and major units whole; `is_own`: the policy's."""

    target: str
    horizon: int | None
    clause: str
    thresholds: tuple[tuple[str, float], ...] = ()
    is_own: bool = False

    @property
    def key(self) -> str:
        """Name of the definition.

        Examples
        --------
        >>> Definition("churn", 90, "silence", (("inactive_run_days", 60.0),)).key
        'churn_90/silence/inactive_run_days=60'
        """
        target = self.target if self.horizon is None else f"{self.target}_{self.horizon}"
        return "/".join([target, self.clause, *(f"{name}={value:g}" for name, value in self.thresholds)])

    @property
    def has_moment(self) -> bool:
        """Whether the event happens on a day, and does not only show at the window's end."""
        return self.clause not in {"shrunk", "low", "given"}


@dataclass(frozen=True, eq=False)
class Rows:
    """The (customer, as_of) rows of one target and horizon, in order of as_of, then customer; each once."""

    customer_no: Days
    as_of_day: Days

    def __len__(self) -> int:
        return len(self.customer_no)

    @property
    def key(self) -> Days:
        """One number per row, ascending."""
        return pair_key(self.customer_no, self.as_of_day)

    @property
    def days(self) -> Days:
        """The as_of day numbers, each once, ascending."""
        return np.unique(self.as_of_day)

    def places(self, customer_no: Days, as_of_day: Days) -> NDArray[np.intp]:
        """Return the place of each of some (customer, as_of) pairs; all of them have one."""
        return np.searchsorted(self.key, pair_key(customer_no, as_of_day))


def pair_key(customer_no: Days, day: Days) -> Days:
    """Make one number of a customer and a day: ordered by day, then customer."""
    return day.astype(np.int64) * 2**32 + customer_no


@dataclass(frozen=True, eq=False)
class Called:
    """Whom a definition calls: arrays over the rows.

    `valid`: the row has a label; `hit`: it has the event; `moment`: the day of the event (NEVER without one);
    `followed`: the follow-up after its window lies inside the data; `back`: its customer has come back by then.
    """

    definition: Definition
    rows: Rows
    valid: Flags
    hit: Flags
    moment: Days
    followed: Flags
    back: Flags


@dataclass(frozen=True, eq=False)
class ChurnSigns:
    """What becomes of each row, as far as churn asks: arrays over `rows`, a clause without its table is None.

    `closed`: day of closing. `silent`: per run length, first day of the first run that nothing exempts.
    `base`, `ends`: mean own-bank assets over the 90 days before as_of, and at the end of each listed horizon (NaN:
    not observed). `low`: per share of the grid, the first day inside the window with assets at or below that share
    of the base. `active_after`, `assets_after`: in the follow-up, a customer-started transaction; mean assets at its
    end. Days are day numbers, NEVER where there is none; amounts minor units.
    """

    rows: Rows
    closed: Days
    silent: Mapping[int, Days] | None
    base: Floats
    ends: Mapping[int, Floats] | None
    low: Mapping[float, Days]
    active_after: Flags
    assets_after: Floats


@dataclass(frozen=True)
class Frame:
    """What all definitions of one target and horizon share: the lab's policy, the label's own, the unit of money."""

    horizon: int
    policy: LabPolicy
    own: Mapping[str, float]
    decimals: int

    def tried(self, name: str) -> tuple[float, ...]:
        """Return a threshold's values: those of the grid and the policy's own, ascending."""
        return tuple(
            sorted({*self.policy.grid[name], self.own[name]} if name in self.own else self.policy.grid[name])
        )


def churn_definitions(signs: ChurnSigns, frame: Frame, followed: Flags) -> list[Called]:
    """Call by every clause and threshold alone, then by every combination of them.

    A customer called by several clauses is back when the ground of each is gone: activity again after closing or
    silence, assets above the policy's share again after a drain.
    """
    runs = [int(days) for days in frame.tried("churn.inactive_run_days") if days <= frame.horizon]
    by_clause: dict[str, list[Called]] = {"closing": [_closing(signs, frame, followed)]}
    if signs.silent is not None and runs:
        by_clause["silence"] = [_silence(signs, frame, followed, days) for days in runs]
    if signs.ends is not None:
        pairs = product(frame.tried("churn.drained_share"), frame.tried("churn.drained_minimum_fall"))
        by_clause["drained"] = [_drained(signs, frame, followed, share, least) for share, least in pairs]
    whole = [_combined(parts, frame) for parts in product(*by_clause.values())]
    return [*(called for parts in by_clause.values() for called in parts), *whole]


def _churn(frame: Frame, clause: str, thresholds: Iterable[tuple[str, float]]) -> Definition:
    named = tuple(thresholds)
    is_own = all(frame.own[f"churn.{name}"] == value for name, value in named)
    return Definition("churn", frame.horizon, clause, named, is_own)


def _closing(signs: ChurnSigns, frame: Frame, followed: Flags) -> Called:
    hit = signs.closed != NEVER
    return _of(_churn(frame, "closing", ()), signs, hit, signs.closed, (followed, signs.active_after))


def _silence(signs: ChurnSigns, frame: Frame, followed: Flags, days: int) -> Called:
    assert signs.silent is not None
    first = signs.silent[days]
    definition = _churn(frame, "silence", [("inactive_run_days", float(days))])
    return _of(definition, signs, first != NEVER, first, (followed, signs.active_after))


def _drained(signs: ChurnSigns, frame: Frame, followed: Flags, share: float, least: float) -> Called:
    assert signs.ends is not None
    hit = np.zeros(len(signs.rows), dtype=bool)
    for end in signs.ends.values():
        hit |= is_drained(signs.base, end, share, least * 10**frame.decimals)
    is_back = signs.assets_after > signs.base * frame.policy.measures.back_share
    named = [("drained_share", share), ("drained_minimum_fall", least)]
    return _of(_churn(frame, "drained", named), signs, hit, signs.low[share], (followed, is_back))


def _of(
    definition: Definition, signs: ChurnSigns, hit: Flags, moment: Days, after: tuple[Flags, Flags]
) -> Called:
    followed, is_back = after
    return Called(
        definition,
        signs.rows,
        np.ones(len(hit), dtype=bool),
        hit,
        np.where(hit, moment, NEVER),
        followed,
        hit & is_back,
    )


def _combined(parts: Sequence[Called], frame: Frame) -> Called:
    hit = np.logical_or.reduce([part.hit for part in parts])
    is_back = np.logical_and.reduce([~part.hit | part.back for part in parts])
    thresholds = [pair for part in parts for pair in part.definition.thresholds]
    return Called(
        definition=_churn(frame, "whole", thresholds),
        rows=parts[0].rows,
        valid=parts[0].valid,
        hit=hit,
        moment=np.minimum.reduce([part.moment for part in parts]),
        followed=parts[0].followed,
        back=hit & is_back,
    )
