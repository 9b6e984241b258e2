"""The lab's definitions for labels other than churn: growth that shrinks, low loyalty, instalments that are late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.lab import NEVER, Called, Days, Definition, Flags, Floats, Frame, Rows

PROBABILITIES = ("churn", "default", "response")
"""Targets whose given label is 0 or 1."""


@dataclass(frozen=True, eq=False)
class Amounts:
    """A label that is no event, per row: as it is, and as it is when the follow-up is over (NaN: not observed).

    `level`: what a change is measured from, NaN for loyalty. `first`: the first day of the label's window.
    """

    rows: Rows
    label: Floats
    later: Floats
    level: Floats
    first: Days


def growth_definitions(amounts: Amounts, frame: Frame, followed: Flags) -> list[Called]:
    """Call those whose level falls by at least each share of it; back: not so any more when judged anew.

    Judged anew means the same label, its window as much later as the follow-up is long. Only who had anything can
    shrink. A change has no moment: the first day of the window stands for it.
    """
    found = []
    for share in frame.tried("growth.shrunk_share"):

        def has_shrunk(label: Floats, share: float = share) -> Flags:
            return (amounts.level > 0) & (label <= -share * amounts.level)

        definition = Definition("growth", frame.horizon, "shrunk", (("shrunk_share", share),))
        found.append(
            _judged(definition, amounts, followed, has_shrunk(amounts.label), has_shrunk(amounts.later))
        )
    return found


def loyalty_definitions(amounts: Amounts, frame: Frame, followed: Flags) -> list[Called]:
    """Call those loyal in at most each share of the blocks; back: not so any more when judged anew."""
    return [
        _judged(
            Definition("loyalty", frame.horizon, "low", (("low_share", share),)),
            amounts,
            followed,
            amounts.label <= share,
            amounts.later <= share,
        )
        for share in frame.tried("loyalty.low_share")
    ]


def _judged(definition: Definition, amounts: Amounts, followed: Flags, hit: Flags, later: Flags) -> Called:
    moment = np.where(hit, amounts.first, NEVER)
    is_back = hit & ~later & ~np.isnan(amounts.later)
    return Called(definition, amounts.rows, ~np.isnan(amounts.label), hit, moment, followed, is_back)


@dataclass(frozen=True, eq=False)
class LateSigns:
    """Instalments so many days behind, per row: the label (NaN: none can fall behind), the day, and what is left.

    `is_still`: one is that far behind and unpaid at the end of the follow-up.
    """

    label: Floats
    day: Days
    is_still: Flags


def default_definitions(
    rows: Rows, signs: Mapping[int, LateSigns], frame: Frame, followed: Flags
) -> list[Called]:
    """Call those with an instalment each number of days behind; back: nothing is that far behind any more."""
    found = []
    for days, sign in sorted(signs.items()):
        is_own = frame.own["default.late_days"] == days
        definition = Definition("default", frame.horizon, "late", (("late_days", float(days)),), is_own)
        hit = sign.label == 1.0
        day, is_back = np.where(hit, sign.day, NEVER), hit & ~sign.is_still
        found.append(Called(definition, rows, ~np.isnan(sign.label), hit, day, followed, is_back))
    return found


def given_definitions(target: str, rows: Rows, value: Floats, low_shares: tuple[float, ...]) -> list[Called]:
    """Call by the bank's own labels: 1; of growth a fall; of loyalty at most each share. As_of stands for the moment.

    Nothing says how long such a label looks ahead, so nobody is followed up.
    """
    nobody = np.zeros(len(rows), dtype=bool)
    if target in PROBABILITIES:
        tried: list[tuple[tuple[tuple[str, float], ...], Flags]] = [((), value == 1.0)]
    elif target == "growth":
        tried = [((), value < 0.0)]
    else:
        tried = [((("low_share", share),), value <= share) for share in low_shares]
    is_valid, is_own = ~nobody, target in PROBABILITIES
    found = []
    for thresholds, hit in tried:
        definition = Definition(target, None, "given", thresholds, is_own)
        moment = np.where(hit, rows.as_of_day, NEVER)
        found.append(Called(definition, rows, is_valid, hit, moment, nobody, nobody))
    return found
