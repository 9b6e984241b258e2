"""Nothing that became known at or after as_of changes a feature, a status or the spine, not by one bit."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.compute import compute, tell
from tests.copies import Variant, copy_of, differing, unchanged, with_copies, with_tables
from tests.handover import Bank
from tests.mutations import Future
from tests.random_bank import random_bank

ROUNDS = int(os.environ.get("BELLWETHER_LEAK_ROUNDS", "60"))
"""Rounds of changes; `make test-full` sets 1,000."""

AS_OF = date(2024, 10, 28)
CUSTOMERS = 12


@pytest.mark.parametrize("has_states", [True, False])
def test_rows_known_at_or_after_as_of_change_nothing(
    has_states: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each round removes, changes, adds and corrects rows in every table, and fills in later facts of known rows.

    A round is a copy of the customers inside one bank, next to a copy that stays as it is, and to one with a
    meeting in the last second before as_of: there every customer's features do change.
    """
    bank = random_bank(7, CUSTOMERS, as_ofs=(AS_OF,), has_states=has_states, is_whole=True)
    rounds = [Future(seed, AS_OF) for seed in range(1, ROUNDS // 2 + 1)]
    variants: dict[str, Variant] = {"base": unchanged}
    variants |= {f"r{place}": future for place, future in enumerate(rounds)}
    both = with_copies(bank, {**variants, "more": one_contact_more})
    features, statuses = compute(both, tmp_path).at((AS_OF,))[AS_OF]
    base, more = copy_of(features, "base"), copy_of(features, "more")
    assert {row["contact_gap_days"] for row in more.values()} == {1}
    assert len({text.split(": ")[0] for text in differing(base, more)}) == len(base) > 0
    for name in variants:
        wrong = differing(base, copy_of(features, name))
        assert not wrong, f"round {name}, states {has_states}: {wrong[:5]}"
        assert [statuses[f"{name}:{one}"] for one in base] == [statuses[f"base:{one}"] for one in base]
    done = sum((Counter(future.done) for future in rounds), Counter())
    tell(
        capsys,
        f"leak: {len(rounds)} rounds, {len(base)} customers, {len(base) * len(rounds)} rows equal; {done}",
    )
    assert all(done[change] for change in rounds[0].done)


def one_contact_more(bank: Bank) -> Bank:
    """The bank with a meeting of every customer in the last second before as_of."""
    moment = datetime.combine(AS_OF, time(0)) - timedelta(seconds=1)
    people = {row["customer_id"] for row in bank.tables["customers"]}
    rows = [
        {"contact_id": f"new{person}", "customer_id": person, "occurred_at": moment, "channel": "M"}
        for person in people
    ]
    return with_tables(bank, {**bank.tables, "contacts": [*bank.tables["contacts"], *rows]})
