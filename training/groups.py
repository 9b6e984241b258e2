"""Fit groups of customers on their scores, and number them so that a number keeps its meaning.

Source: five-factor.md, "Groups": 8 groups on four scores, numbered by descending mean value at first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from features.policy import read_policy
from serving.factors import Factors, Scored
from serving.groups import Groups, marked

FloatArray = NDArray[np.float64]
TRIES = 10
"""Fits from other starts, of which the tightest is taken."""

ROWS = 50_000
"""Customers that a fit sees at most, evenly spaced."""


@dataclass(frozen=True)
class GroupPolicy:
    """The factors that customers are grouped by, how many groups, and how they are marked and kept."""

    factors: tuple[str, ...]
    count: int
    others: tuple[int, ...]
    marked_share: float
    keep_gain: float


def read_group_policy() -> GroupPolicy:
    """Return the policy of groups."""
    content = read_policy("groups")
    return GroupPolicy(
        tuple(content["factors"]), content["count"], tuple(content["others"]), content["marked_share"],
        content["keep_gain"],
    )  # fmt: skip


def can_group(factors: Factors, policy: GroupPolicy) -> bool:
    """Whether a bundle has the factors that customers are grouped by."""
    return set(policy.factors) <= set(factors.parts)


def group_scores(scored: Scored, names: Sequence[str]) -> FloatArray:
    """Return the scores that group customers, (n, factors), of those of whom all are known."""
    scores = np.column_stack([scored.factors[name].score for name in names])
    return scores[~np.isnan(scores).any(axis=1)]


def fit_groups(scores: FloatArray, policy: GroupPolicy, seed: int, last: Groups | None = None) -> Groups:
    """Find groups among customers' scores.

    With the `last` bundle's groups, the fit goes on from their centres, so that a boundary moves only as far as the
    customers have moved; a fresh fit replaces it where it is tighter by more than policy allows. Either way a number
    goes to the new group nearest to the one that bore it.

    Parameters
    ----------
    scores
        (customers, factors), 0-1000.
    """
    seen = scores[:: max(1, len(scores) // ROWS)]
    count = min(policy.count, len(np.unique(seen, axis=0)))
    with threadpool_limits(limits=1):
        fresh = KMeans(count, n_init=TRIES, random_state=seed).fit(seen)
        chosen = fresh
        known = None if last is None or last.factors != policy.factors else last
        if known is not None and len(known.centres) == count:
            kept = KMeans(count, init=np.array(known.centres), n_init=1).fit(seen)
            if kept.inertia_ <= fresh.inertia_ * (1.0 + policy.keep_gain):
                chosen = kept
    centres = np.rint(chosen.cluster_centers_)  # whole points: the last bits of a mean hang on the machine
    numbers = _first_numbers(centres) if known is None else _kept_numbers(centres, known)
    order = np.argsort(numbers)
    centres, numbers = centres[order], numbers[order]
    lead, trail = marked(centres, policy.marked_share)
    return Groups(
        factors=policy.factors,
        numbers=tuple(numbers.tolist()),
        centres=tuple(tuple(centre) for centre in centres.tolist()),
        leading=_named(numbers, lead, policy.factors),
        trailing=_named(numbers, trail, policy.factors),
        is_fewer=count < policy.count,
    )


def _named(
    numbers: NDArray[np.int64], marks: NDArray[np.bool_], factors: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    return {
        str(number): tuple(name for name, is_marked in zip(factors, row, strict=True) if is_marked)
        for number, row in zip(numbers.tolist(), marks, strict=True)
    }


def _first_numbers(centres: FloatArray) -> NDArray[np.int64]:
    """Number groups by descending mean score, from 1."""
    numbers = np.empty(len(centres), dtype=np.int64)
    numbers[np.argsort(-centres.mean(axis=1), kind="stable")] = np.arange(1, len(centres) + 1)
    return numbers


def _kept_numbers(centres: FloatArray, last: Groups) -> NDArray[np.int64]:
    """Give each group the number of the last group that it is matched to; new ones get the lowest free numbers.

    The match is the one with the least sum of distances between centres.
    """
    before = np.array(last.centres)
    apart = np.linalg.norm(centres[:, None, :] - before[None, :, :], axis=2)
    mine, theirs = linear_sum_assignment(apart)
    numbers = np.zeros(len(centres), dtype=np.int64)
    numbers[mine] = np.array(last.numbers, dtype=np.int64)[theirs]
    taken = set(numbers.tolist())
    free = iter(number for number in range(1, len(centres) + len(last.numbers) + 1) if number not in taken)
    unnamed = np.flatnonzero(numbers == 0)
    for place in unnamed[np.argsort(-centres[unnamed].mean(axis=1), kind="stable")]:
        numbers[place] = next(free)
    return numbers


def compare_counts(scores: FloatArray, counts: Sequence[int], seed: int) -> Mapping[int, Mapping[str, float]]:
    """Say of other numbers of groups how well they part customers, and how steady they are.

    `silhouette` is -1..1, higher is better; `stability` the mean adjusted Rand index between groups fitted on two
    draws of customers, 1 = the same groups. On at most 3,000 customers.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    seen = scores[:: max(1, len(scores) // 3_000)]
    found: dict[int, Mapping[str, float]] = {}
    draw = np.random.default_rng(seed)
    halves = [draw.integers(0, len(seen), len(seen)) for _ in range(6)]
    for count in counts:
        if count >= len(np.unique(seen, axis=0)):
            continue
        with threadpool_limits(limits=1):
            labels = _fitted(seen, count, seed).labels_
            refits: list[Any] = [_fitted(seen[rows], count, seed).predict(seen) for rows in halves]
        pairs = zip(refits[::2], refits[1::2], strict=True)
        found[count] = {
            "silhouette": float(silhouette_score(seen, labels)),
            "stability": float(np.mean([adjusted_rand_score(one, other) for one, other in pairs])),
        }
    return found


def _fitted(scores: FloatArray, count: int, seed: int) -> KMeans:
    return KMeans(count, n_init=TRIES, random_state=seed).fit(scores)
