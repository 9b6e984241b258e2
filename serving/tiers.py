"""Tiers: which one a customer is in, and since when. A state: it depends on its own past.

Decided once per monthly as_of by `score`; /predict only reads it. A customer moves only after another tier has been
called for on so many consecutive monthly dates as policy says, and then to the nearest one that held on all of them.

Source: five-factor.md, "Value tiers".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.policy.tiers import TIERS, TierPolicy

Ranks = NDArray[np.int64]
TIERS_DOCUMENT = "policy/tiers.yaml"
NONE = -1
"""Rank of no tier."""


@dataclass(frozen=True, eq=False)
class TierState:
    """Tiers of some customers at one date, each (n,).

    `rank` is the place in TIERS, -1 where there is none yet; `since` the day number on which the tier was entered.
    `wanted` is the tier that has been called for on the last `months` dates (-1, 0: none but the present one). `capped`
    is the rank that hard rules allow at most.
    """

    rank: Ranks
    since: Ranks
    wanted: Ranks
    months: Ranks
    capped: Ranks


def called_for(now: Ranks, composite: NDArray[np.float64], capped: Ranks, policy: TierPolicy) -> Ranks:
    """Return the tier that score and hard rules call for, by rank; -1 where the composite is not known.

    A tier above the present one (or any, where there is none yet) needs its entry score; the present one and those
    below it are left only under their `leave` score.

    Parameters
    ----------
    now
        (n,): present rank, -1 where there is none.
    capped
        (n,): the highest rank that hard rules allow.
    """
    found = np.zeros(len(now), dtype=np.int64)
    for rank in range(1, len(TIERS)):
        edge = np.where((now == NONE) | (rank > now), policy.enter[rank], policy.leave[rank])
        found = np.where(composite >= edge, rank, found)
    found = np.minimum(found, capped)
    return np.where(np.isnan(composite), NONE, found)


def decide(
    before: TierState | None,
    composite: NDArray[np.float64],
    capped: Ranks,
    policy: TierPolicy,
    day: int,
    *,
    is_next: bool = True,
) -> TierState:
    """Return the tiers at a date.

    Parameters
    ----------
    before
        State of the same customers at the date before; None: there is none, and the rule counts at once. A customer who
        had no tier then gets one at once too.
    composite
        (n,): NaN where the customer cannot be scored; the tier then stays as it is, and nothing is counted.
    day
        Number of this date.
    is_next
        Whether `before` is of the month before: after a gap the counting begins anew.
    """
    rows = len(composite)
    none = np.full(rows, NONE, dtype=np.int64)
    now = none if before is None else before.rank
    wanted = called_for(now, composite, capped, policy)
    is_first = (now == NONE) & (wanted != NONE)
    rank, since = (
        np.where(is_first, wanted, now),
        np.where(is_first, day, none if before is None else before.since),
    )
    is_other = (now != NONE) & (wanted != NONE) & (wanted != now)
    earlier, count = (
        (none, np.zeros(rows, dtype=np.int64)) if before is None else (before.wanted, before.months)
    )
    goes_on = is_other & (earlier != NONE) & (np.sign(wanted - now) == np.sign(earlier - now)) & is_next
    # Of two tiers called for in a row the nearer one has held on both dates.
    nearer = np.where(wanted > now, np.minimum(wanted, earlier), np.maximum(wanted, earlier))
    held = np.where(goes_on, nearer, np.where(is_other, wanted, NONE))
    months = np.where(goes_on, count + 1, np.where(is_other, 1, 0))
    moves = is_other & (months >= policy.months)
    return TierState(
        rank=np.where(moves, held, rank),
        since=np.where(moves, day, since),
        wanted=np.where(moves, NONE, held),
        months=np.where(moves, 0, months),
        capped=capped,
    )


class TierTexts:
    """Writes the answer's block `tier` in one language, from what is published of a customer."""

    def __init__(self, content: Mapping[str, Any], language: str) -> None:
        tiers = content["tiers"]
        self._names = {code: tier["name"][language] for code, tier in tiers.items()}
        self._strategies = {
            code: [line[language] for line in tier["strategy"]] for code, tier in tiers.items()
        }
        self._rules = {rule["code"]: rule["title"][language] for rule in content["hard"]}

    def block(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return the block of a published entry: code, since, next_review and codes of hard rules."""
        code = entry["code"]
        return {
            "code": code,
            "name": self._names[code],
            "since": entry["since"],
            "next_review": entry["next_review"],
            "strategy": list(self._strategies[code]),
            "rules": [self._rules[rule] for rule in entry["rules"]],
        }
