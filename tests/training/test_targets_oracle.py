"""The labels: rule by rule on the tiny bank of `tests/label_bank.py`; and on random banks, by the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from tests.bank import AS_OF
from tests.compute import compute, tell
from tests.label_bank import label_bank
from tests.oracle_targets import oracle_labels
from tests.random_bank import AS_OFS, random_bank

Labels = Mapping[str, float | None]

MINIMUM_FALL = 100_000
"""Least fall of assets that counts as a drain, in minor units: 1000 units of the currency, by policy."""

LABELS: tuple[tuple[Literal["churn", "growth", "loyalty"], int], ...] = (
    ("churn", 90), ("churn", 180), ("growth", 90), ("growth", 180), ("loyalty", 90), ("loyalty", 180),
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, int], Labels]:
    computed = compute(label_bank(), tmp_path_factory.mktemp("labels"))
    return {wanted: labels for (_, wanted), labels in computed.labels((AS_OF,), LABELS).items()}


def test_silence_of_90_days_is_churn_and_of_89_days_is_not(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """`run90` is silent on days 0 to 89, `run89` on days 0 to 88: it pays at 23:59:59 of day 89."""
    assert [tiny["churn", 90][name] for name in ("run90", "run89")] == [1, 0]


def test_unmatured_product_exempts_above_80_percent_of_assets(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """Silent for 90 days, product matures on day 90; day 89 holds 8100 or 8000 of 10000: 81% stays."""
    assert [tiny["churn", 90][name] for name in ("exempt81", "exempt80")] == [0, 1]


def test_drained_to_40_percent_is_churn_and_to_41_percent_is_not(
    tiny: Mapping[tuple[str, int], Labels],
) -> None:
    """Days 60 to 89 hold 4000 of 10000 (40%), or 4101 of 10001 (41.0%)."""
    assert [tiny["churn", 90][name] for name in ("drained40", "drained41")] == [1, 0]


def test_closing_on_the_last_day_is_churn_and_a_day_later_is_not(
    tiny: Mapping[tuple[str, int], Labels],
) -> None:
    assert [tiny["churn", 90][name] for name in ("closes89", "closes90")] == [1, 0]
    assert [tiny["churn", 180][name] for name in ("closes89", "closes90")] == [1, 1]


def test_churn_is_nested(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """`drained40` has its 10000 back on day 90 and stays a churner of 180 days."""
    assert tiny["churn", 180]["drained40"] == 1
    early, late = tiny["churn", 90], tiny["churn", 180]
    assert all((late[name] or 0) >= (label or 0) for name, label in early.items())


def test_scheduled_repayment_is_no_shrinkage(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """`run89`: a loan of 500, 400 from day 31 on; 100 due on day 10 is added back: 500 - 500 = 0.

    Day -91 lies before the window. Day 89 is added back only for later days: 400 + 100 + 100 - 500 after 180.
    """
    assert (tiny["growth", 90]["run89"], tiny["growth", 180]["run89"]) == (0, 10_000)


def test_growth_compares_the_last_30_days_with_the_90_before(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """8000 - 10000, 4000 - 10000, 4101 - 10001; after 180 days 10000 - 10000 and 10000 - 10001."""
    names = ("exempt80", "drained40", "drained41")
    assert [tiny["growth", 90][name] for name in names] == [-200_000, -600_000, -590_000]
    assert [tiny["growth", 180][name] for name in names] == [-200_000, 0, -100]


def test_growth_is_null_without_an_observed_day(tiny: Mapping[tuple[str, int], Labels]) -> None:
    assert tiny["growth", 90]["run90"] is None


def test_loyalty_is_the_share_of_active_blocks(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """`drained40` pays on days 29, 59, 89: 3 of 3; `run89` on day 89: 1 of 3, its loan is not asked for.

    `run90` pays on days 90 and 119 (block 4), 149 and 179: 0 of 3, 3 of 6.
    """
    assert tiny["loyalty", 90]["drained40"] == 1
    assert tiny["loyalty", 90]["run89"] == pytest.approx(1 / 3, rel=1e-12)
    assert (tiny["loyalty", 90]["run90"], tiny["loyalty", 180]["run90"]) == (0, 0.5)


def test_loyalty_ends_with_the_first_product_given_up(tiny: Mapping[tuple[str, int], Labels]) -> None:
    """`drained41` has no fund from the report of day 90 on: blocks 4, 5 and 6 of 180 days are lost."""
    assert (tiny["loyalty", 90]["drained41"], tiny["loyalty", 180]["drained41"]) == (1, 0.5)


SWEPT = (LABELS[0], LABELS[1], LABELS[3], LABELS[5])
SEEDS = ((11, 150), (17, 250), (58, 150))


@pytest.mark.parametrize(("seed", "customers"), SEEDS)
def test_labels_equal_the_oracle(
    seed: int, customers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Churn exactly; growth and loyalty are one division of exact sums: 1e-9 is far above their rounding."""
    bank = random_bank(seed, customers)
    computed = compute(bank, tmp_path)
    tried = 0
    found = computed.labels((AS_OFS[0], AS_OFS[2]), SWEPT)
    for as_of in (AS_OFS[0], AS_OFS[2]):
        for target, horizon in SWEPT:
            got = found[as_of, (target, horizon)]
            expected = oracle_labels(bank, as_of, target, horizon, MINIMUM_FALL)
            wrong = differences(expected, got)
            assert not wrong, (
                f"{target} {horizon} at {as_of}: (oracle, product) {dict(list(wrong.items())[:5])}"
            )
            tried += len(expected)
    assert tried > 0, f"seed {seed}: no label to compare"
    tell(capsys, f"labels, seed {seed}: {tried} labels of {customers} customers compared, 0 differences")


def differences(expected: Labels, got: Labels) -> Mapping[str, tuple[float | None, float | None]]:
    """Labels that differ, of the customers who have one."""
    wrong = {}
    for name, label in expected.items():
        is_same = (
            got[name] is None if label is None else got[name] == pytest.approx(label, rel=1e-9, abs=1e-6)
        )
        if not is_same:
            wrong[name] = (label, got[name])
    return wrong
