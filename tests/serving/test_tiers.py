"""Tiers, month by month: the cases that the business reads, and laws over any course of scores."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.policy.tiers import TIERS, TierPolicy, read_tiers
from serving.tiers import NONE, TierState, decide
from tests.policy_cases import read_cases

POLICY = read_tiers(date(2026, 1, 1))
CASES = [(group, case) for group, cases in read_cases("tiers").items() for case in cases]
SCORES = st.lists(st.one_of(st.none(), st.integers(0, 1000)), min_size=1, max_size=14)
CAPS = st.lists(st.sampled_from(TIERS), min_size=14, max_size=14)


def course(
    composite: list[float | None], hard: list[str], policy: TierPolicy, skips: int = -1
) -> list[TierState]:
    """States of one customer over some months."""
    found: list[TierState] = []
    for month, (score, cap) in enumerate(zip(composite, hard, strict=False)):
        value = np.array([np.nan if score is None else float(score)])
        capped = np.array([TIERS.index(cap)])
        before = found[-1] if found else None
        found.append(decide(before, value, capped, policy, 100 + month, is_next=month != skips))
    return found


@pytest.mark.parametrize(("group", "case"), CASES, ids=[f"{group}: {case['what']}" for group, case in CASES])
def test_a_tier_is_the_one_that_the_business_expects(group: str, case: dict[str, Any]) -> None:
    scores = case["composite"]
    states = course(scores, case.get("hard", ["key"] * len(scores)), POLICY, case.get("skips", -1))
    ranks = [int(state.rank.item()) for state in states]
    assert ["none" if rank == NONE else TIERS[rank] for rank in ranks] == case["tiers"]


def test_how_many_cases_the_business_reads() -> None:
    print(f"tiers: {len(CASES)} cases")
    assert len(CASES) >= 45


def test_since_is_the_month_of_the_move() -> None:
    states = course([500.0, 760.0, 760.0, 760.0], ["key"] * 4, POLICY)
    assert [int(state.since.item()) for state in states] == [100, 100, 102, 102]


@given(scores=SCORES, caps=CAPS)
def test_a_tier_moves_only_after_the_rule_has_held(scores: list[float | None], caps: list[str]) -> None:
    states = course(scores, caps, POLICY)
    ranks = [int(state.rank.item()) for state in states]
    for month in range(1, len(ranks)):
        if ranks[month] == ranks[month - 1] or ranks[month - 1] == NONE:
            continue
        assert month >= POLICY.months
        assert len(set(ranks[month - POLICY.months : month])) == 1
        assert all(score is not None for score in scores[month - POLICY.months + 1 : month + 1])


@given(scores=SCORES, caps=CAPS, lift=st.integers(0, 300))
def test_without_a_wait_a_better_score_never_means_a_lower_tier(
    scores: list[float | None], caps: list[str], lift: int
) -> None:
    at_once = TierPolicy(1, POLICY.enter, POLICY.leave, POLICY.hard)
    higher = [None if score is None else min(1000, score + lift) for score in scores]
    pairs = zip(course(scores, caps, at_once), course(higher, caps, at_once), strict=True)
    assert all(better.rank.item() >= worse.rank.item() for worse, better in pairs)


@given(scores=st.lists(SCORES, min_size=1, max_size=6))
def test_a_customer_alone_and_among_others_has_the_same_tier(scores: list[list[float | None]]) -> None:
    months = max(map(len, scores))
    table = np.array(
        [[np.nan if s is None else s for s in [*one, *[None] * (months - len(one))]] for one in scores]
    )
    together: TierState | None = None
    capped = np.full(len(scores), len(TIERS) - 1)
    for month in range(months):
        together = decide(together, table[:, month].astype(float), capped, POLICY, month)
    assert together is not None
    for row, one in enumerate(table):
        alone: TierState | None = None
        for month in range(months):
            alone = decide(alone, one[month : month + 1].astype(float), capped[:1], POLICY, month)
        assert alone is not None
        assert alone.rank.item() == together.rank[row]
