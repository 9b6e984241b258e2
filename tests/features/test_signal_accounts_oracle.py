"""Measures on accounts, contacts and loans against an independent computation, on random banks with long histories."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.compute import tell
from tests.measured import Measured, measured
from tests.oracle_account_events import TABLES, measures
from tests.oracle_numbers import is_equal
from tests.random_accounts import AS_OFS, accounts_bank

CUSTOMERS = 18
BANKS: dict[int, tuple[str, ...]] = {
    1: (), 2: (), 3: (), 4: (), 5: ("transactions",), 6: ("balances", "contacts", "facts", "repayments"),
}  # fmt: skip


def test_every_measure_equals_the_oracle(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    values: Counter[str] = Counter()
    differences: list[str] = []
    rows = evaluations = 0
    for seed, without in BANKS.items():
        bank = accounts_bank(seed, CUSTOMERS, without=without)
        got = measured(bank, tmp_path_factory.mktemp("accounts"), AS_OFS, tuple(TABLES))
        expected: Measured = {}
        for as_of in AS_OFS:
            of_tables = measures(bank, as_of)
            expected |= {
                (table, as_of, customer_id, day): figures  # type: ignore[misc]
                for table, of_people in of_tables.items()
                for customer_id, series in of_people.items()
                for day, figures in series
            }
            rows += len(of_tables["funds_need"]) + len({*of_tables["deposits"]} - {*of_tables["funds_need"]})
        for key in sorted({*expected, *got}):
            differences += compare(key, expected.get(key), got.get(key), seed, values)
        evaluations += len(got)
    shown = ", ".join(f"{name} {count}" for name, count in sorted(values.items()))
    tell(
        capsys,
        f"account measures: {rows} (customer, as_of) rows, {evaluations} evaluations, neither null nor 0: {shown}",
    )
    assert not differences, "\n".join(differences[:20])
    assert rows >= 500
    assert not [name for name, count in values.items() if count < 20]


def compare(
    key: tuple[object, ...],
    expected: object,
    got: dict[str, float | None] | None,
    seed: int,
    values: Counter[str],
) -> list[str]:
    """Differences of one evaluation; one without any figure may be left out."""
    wanted = expected if isinstance(expected, dict) else None
    if got is None:
        return (
            []
            if wanted and not any(value is not None for value in wanted.values())
            else [f"{seed} {key}: missing, {wanted}"]
        )
    if wanted is None:
        return [f"{seed} {key}: unexpected, {got}"]
    values.update({name: int(bool(value)) for name, value in got.items()})
    return [
        f"{seed} {key}: {name} expected {wanted[name]!r}, got {got[name]!r}"
        for name in {*wanted, *got}
        if not is_equal(wanted[name], got[name])
    ]
