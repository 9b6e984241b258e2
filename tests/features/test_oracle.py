"""Every feature against an independent computation in plain Python, on random banks full of coincidences."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.compute import Computed, compute, tell
from tests.handover import Bank
from tests.oracle import oracle_features
from tests.oracle_numbers import Value, is_equal
from tests.oracle_targets import oracle_status
from tests.random_bank import AS_OFS, random_bank

ROWS = int(os.environ.get("BELLWETHER_SWEEP_ROWS", "5000"))
"""How many (customer, as_of) rows are compared at least; `make test-full` sets 200,000."""

FIRST_SEED = int(os.environ.get("BELLWETHER_SWEEP_SEED", "1"))
IS_LONG = ROWS > 10_000
CUSTOMERS = 1_000 if IS_LONG else 300


@dataclass
class Tally:
    """What has been compared so far, and the first differences."""

    rows: int = 0
    values: int = 0
    names: set[str] = field(default_factory=set)
    banks: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what was compared elsewhere."""
        self.rows += other.rows
        self.values += other.values
        self.banks += other.banks
        self.names |= other.names
        self.differences += other.differences


def compare_bank(seed: int, bank: Bank, computed: Computed, tally: Tally) -> None:
    """Compare every feature and status of one bank at every as_of."""
    texts: dict[tuple[str, str], float | None] = {}
    for as_of, (got, statuses) in computed.at(AS_OFS).items():
        expected = oracle_features(bank, as_of)
        assert set(got) == set(expected), f"seed {seed}, {as_of}: rows differ {set(got) ^ set(expected)}"
        for customer_id, wanted in oracle_status(bank, as_of).items():
            if statuses[customer_id] != wanted:
                where = f"seed {seed}, {as_of}, customer {customer_id}"
                tally.differences.append(f"{where}: status expected {wanted}, got {statuses[customer_id]}")
        for customer_id, features in expected.items():
            assert set(features) == set(got[customer_id]), (
                f"seed {seed}: {set(features) ^ set(computed.names)}"
            )
            where = f"seed {seed}, {as_of}, customer {customer_id}"
            compare_row(where, features, got[customer_id], tally, texts)
        tally.rows += len(expected)
    if len(set(texts.values())) < len(texts):
        tally.differences.append(f"seed {seed}: two texts of one attribute share a code: {texts}")


def compare_row(
    where: str,
    expected: Mapping[str, Value],
    got: Mapping[str, float | None],
    tally: Tally,
    texts: dict[tuple[str, str], float | None],
) -> None:
    """Compare one customer's features; a text attribute must always have the same code."""
    for name, value in expected.items():
        tally.values += 1
        tally.names.add(name)
        if isinstance(value, str):
            same = texts.setdefault((name, value), got[name]) == got[name] and got[name] is not None
        else:
            same = is_equal(value, got[name])
        if not same:
            tally.differences.append(f"{where}: {name} expected {value!r}, got {got[name]!r}")


def judged(seed: int) -> Tally:
    """Compute one bank both ways and compare."""
    tally, is_csv = Tally(banks=1), seed % 2 == 0
    bank = random_bank(seed, CUSTOMERS, is_csv=is_csv)
    with TemporaryDirectory() as directory:
        compare_bank(seed, bank, compute(bank, Path(directory), "csv" if is_csv else "parquet"), tally)
    return tally


def tallies() -> Iterator[Tally]:
    """Bank after bank; of a long sweep two at a time."""
    seeds = count(FIRST_SEED)
    if not IS_LONG:
        yield from map(judged, seeds)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        while True:
            yield from pool.map(judged, islice(seeds, 2))


def test_every_feature_equals_the_oracle(capsys: pytest.CaptureFixture[str]) -> None:
    whole = Tally()
    for tally in tallies():
        whole.add(tally)
        if IS_LONG:
            tell(capsys, f"{whole.rows} of {ROWS} rows, {len(whole.differences)} differences")
        if whole.rows >= ROWS:
            break
    tell(
        capsys,
        f"oracle: {whole.rows} (customer, as_of) rows of {whole.banks} banks, rows out = rows in, "
        f"{len(whole.names)} features, {whole.values} values, {len(whole.differences)} differences",
    )
    assert not whole.differences, "\n".join(whole.differences[:20])
    assert whole.rows >= ROWS


def test_oracle_sees_every_feature_that_the_catalogue_has() -> None:
    """Between them the first banks have every built-in feature with a value that is neither null nor zero."""
    from features.definitions import FEATURES

    seen: set[str] = set()
    for seed in range(1, 6):
        bank = random_bank(seed, 60)
        for as_of in (date(2024, 4, 1), date(2024, 10, 28)):
            for features in oracle_features(bank, as_of).values():
                seen |= {name for name, value in features.items() if value}
    assert {feature.name for feature in FEATURES} <= seen
