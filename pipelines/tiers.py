"""The state of tiers, month by month: read, decided at the next month, written once and never again.

One Parquet file per monthly as_of (the first of a month) in the home's book. A date between two months has the state of
the month before; a month older than the newest decided one is read if it was decided, and never invented afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.policy.tiers import TIERS, HardRule, TierPolicy, read_tiers
from features.store import day_number
from pipelines.build import Store, read_features
from pipelines.settings import Home
from serving.tiers import NONE, TierState, decide
from training.splits import months_before

Entry = dict[str, Any]
FloatArray = NDArray[np.float64]
_EPOCH = date(1970, 1, 1)
_STATE = ("rank", "since", "wanted", "months", "capped")


def state_file(home: Home, as_of: date) -> Path:
    """Return the file of one monthly state."""
    return home.book / "tiers" / f"as_of={as_of.isoformat()}.parquet"


def decided_dates(home: Home) -> list[date]:
    """Return the dates whose state was decided, oldest first."""
    folder = home.book / "tiers"
    found = folder.glob("as_of=*.parquet") if folder.is_dir() else ()
    return sorted(date.fromisoformat(path.stem.removeprefix("as_of=")) for path in found)


def read_tier_entries(home: Home, as_of: date) -> dict[str, Entry]:
    """Read what is published of each customer's tier at a date: that of the newest decided month up to it.

    An entry holds `code`, `since`, `next_review` (dates as text) and the codes of the hard `rules` that held.
    """
    past = [day for day in decided_dates(home) if day <= as_of]
    if not past:
        return {}
    table = pq.read_table(state_file(home, past[-1]), partitioning=None)
    review = _next_month(past[-1])
    columns = zip(
        *(table[name].to_pylist() for name in ("customer_id", "rank", "since", "rules")), strict=True
    )
    return {
        customer_id: _entry(rank, since, rules, review)
        for customer_id, rank, since, rules in columns
        if rank != NONE
    }


class TierBook:
    """The tiers of one as_of: decided where it is the next month, else read.

    `is_new`: whether this run decides them; `close` then writes the state, whole or not at all.
    """

    def __init__(self, home: Home, source: Store, as_of: date) -> None:
        self._home, self._as_of = home, as_of
        dates = decided_dates(home)
        self.is_new = as_of.day == 1 and (not dates or as_of > dates[-1])
        self._entries = {} if self.is_new else read_tier_entries(home, as_of)
        self._parts: list[pa.Table] = []
        self.counts = dict.fromkeys(reversed(TIERS), 0)
        if self.is_new:
            self._policy = read_tiers(as_of)
            self._before = _Before.read(home, dates[-1] if dates else None)
            self._rules = _Rules.read(source, as_of, self._policy)
            self._is_next = bool(dates) and _next_month(dates[-1]) == as_of

    def of(self, customer_ids: Sequence[str], composite: FloatArray) -> list[Entry | None]:
        """Return what is told of each customer's tier, and count it; see `_found`."""
        entries = self._found(customer_ids, composite)
        for entry in entries:
            if entry is not None:
                self.counts[entry["code"]] += 1
        return entries

    def _found(self, customer_ids: Sequence[str], composite: FloatArray) -> list[Entry | None]:
        """Return what is told of each customer's tier; None where there is none.

        Parameters
        ----------
        composite
            (n,): NaN where the customer cannot be scored.
        """
        if not self.is_new:
            return [self._entries.get(customer_id) for customer_id in customer_ids]
        held = [self._rules.of(customer_id) for customer_id in customer_ids]
        capped = np.array(
            [min([rule.at_most for rule in rules], default=len(TIERS) - 1) for rules in held], np.int64
        )
        before = None if self._before is None else self._before.of(customer_ids)
        day = day_number(self._as_of)
        state = decide(before, composite, capped, self._policy, day, is_next=self._is_next)
        codes = [[rule.code for rule in rules] for rules in held]
        columns: dict[str, Any] = {name: pa.array(getattr(state, name), pa.int32()) for name in _STATE}
        self._parts.append(
            pa.table(
                {
                    "customer_id": pa.array(customer_ids, pa.string()),
                    **columns,
                    "rules": pa.array(codes, pa.list_(pa.string())),
                    "composite": pa.array(composite, from_pandas=True),
                }
            )
        )
        review = _next_month(self._as_of)
        return [
            None if rank == NONE else _entry(rank, since, rules, review)
            for rank, since, rules in zip(state.rank.tolist(), state.since.tolist(), codes, strict=True)
        ]

    def close(self) -> None:
        """Write the decided state; a state that has appeared meanwhile stays as it is."""
        if not self._parts:
            return
        path = state_file(self._home, self._as_of)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{os.getpid()}.{path.name}.draft")
        try:
            pq.write_table(pa.concat_tables(self._parts), draft)
            if not path.exists():
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class _Before:
    """The state of the month decided last, by customer."""

    state: TierState
    place: Mapping[str, int] = field(repr=False)

    @classmethod
    def read(cls, home: Home, as_of: date | None) -> _Before | None:
        if as_of is None:
            return None
        table = pq.read_table(state_file(home, as_of), partitioning=None)
        arrays = (np.asarray(table[name].to_numpy(), dtype=np.int64) for name in _STATE)
        ids = table["customer_id"].to_pylist()
        return cls(TierState(*arrays), {customer_id: place for place, customer_id in enumerate(ids)})

    def of(self, customer_ids: Sequence[str]) -> TierState:
        """State of these customers; no tier of one who was not there."""
        places = np.array([self.place.get(customer_id, -1) for customer_id in customer_ids])
        is_known = places >= 0
        none = {"rank": NONE, "since": NONE, "wanted": NONE, "months": 0, "capped": len(TIERS) - 1}
        picked = (
            np.where(is_known, getattr(self.state, name)[np.maximum(places, 0)], none[name])
            if len(self.place)
            else np.full(len(places), none[name])
            for name in _STATE
        )
        return TierState(*picked)


@dataclass(frozen=True, eq=False)
class _Rules:
    """The hard rules that hold for each customer; those whose feature the bank lacks are left out."""

    held: Mapping[str, tuple[HardRule, ...]]

    @classmethod
    def read(cls, source: Store, as_of: date, policy: TierPolicy) -> _Rules:
        rules = [rule for rule in policy.hard if rule.feature in source.bank.catalogue.names]
        if not rules:
            return cls({})
        names = tuple(dict.fromkeys(rule.feature for rule in rules))
        frame = read_features(source, as_of, names)
        found: dict[str, tuple[HardRule, ...]] = {}
        values = {name: frame[name].to_numpy(zero_copy_only=False) for name in names}
        for row, customer_id in enumerate(frame["customer_id"].to_pylist()):
            held = tuple(rule for rule in rules if values[rule.feature][row] >= rule.at_least)
            if held:
                found[customer_id] = held
        return cls(found)

    def of(self, customer_id: str) -> tuple[HardRule, ...]:
        """Rules that hold for a customer."""
        return self.held.get(customer_id, ())


def _entry(rank: int, since: int, rules: Sequence[str], review: date) -> Entry:
    return {
        "code": TIERS[rank],
        "since": (_EPOCH + timedelta(days=since)).isoformat(),
        "next_review": review.isoformat(),
        "rules": list(rules),
    }


def _next_month(as_of: date) -> date:
    return months_before(as_of, -1)
