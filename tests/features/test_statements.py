"""Statements: measures, habits, medians and features against the oracle, and by hand around each edge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.groups.profile import spine_of
from features.groups.registry import GROUPS
from features.signals.registry import MEASURE_TABLES
from features.windows import KEYS
from pipelines.engine import Engine
from tests.compute import Computed, compute, tell, with_ids
from tests.oracle_industry import measures
from tests.oracle_known import by_customer, known_rows, states
from tests.oracle_numbers import is_equal
from tests.oracle_statements import Evaluation, statement_features
from tests.statement_bank import statement_bank

TABLES = ("statements", "lateness", "industry", "arrears")
AS_OFS = (date(2023, 5, 1), date(2024, 4, 29), date(2024, 4, 30), date(2024, 5, 1), date(2024, 8, 30))
LEAST = 1e-3
"""Below it, the difference of two shares counts and not their ratio."""

Rows = dict[str, list[Evaluation]]


def evaluations(computed: Computed, as_ofs: Sequence[date]) -> dict[tuple[str, date], Rows]:
    """What the product computes in one spine: per table, as_of and customer the days and measures."""
    found: dict[tuple[str, date], Rows] = {}
    with Engine(computed.store.bank) as engine:
        spine = engine.keep("spine", spine_of(engine.tables, engine.moments(list(as_ofs))))
        for name in TABLES:
            table = MEASURE_TABLES[name]
            if not table.exists(engine.tables):
                continue
            found |= {(name, as_of): {} for as_of in as_ofs}
            rows = table.rows(engine.tables, spine)
            schema = {column: str(kind) for column, kind in rows.schema().items()}
            wanted = [measure.name for measure in table.measures]
            keys = {"customer_no": "int32", "as_of_day": "int32", "evaluated_day": "int32"}
            assert schema == keys | dict.fromkeys(wanted, "float64"), name
            named = spine.select("customer_id", "as_of", *KEYS).join(rows, KEYS)
            for row in engine.fetch(named).to_pylist():
                day = date(1970, 1, 1) + timedelta(days=row["evaluated_day"])
                assert row["evaluated_day"] <= row["as_of_day"]
                of_one = found[name, row["as_of"]].setdefault(row["customer_id"], [])
                of_one.append((day, {measure: row[measure] for measure in wanted}))
    return found


def shown(names: set[str], rows: list[Evaluation]) -> list[tuple[Any, ...]]:
    """Rows in an order that does not depend on the last digits of a float."""

    def key(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (row[0], *(-1e99 if value is None else float(f"{value:.8g}") for value in row[1:]))

    made = [
        (day, *(None if values.get(name) is None else float(values[name]) for name in sorted(names)))
        for day, values in rows
    ]
    return sorted(made, key=key)


def differences(names: set[str], expected: list[Evaluation], got: list[Evaluation]) -> list[str]:
    """Where two lists of evaluations differ."""
    left, right = shown(names, expected), shown(names, got)
    if [row[0] for row in left] != [row[0] for row in right]:
        return [f"days expected {[str(row[0]) for row in left]}, got {[str(row[0]) for row in right]}"]
    found = []
    for wanted, held in zip(left, right, strict=True):
        for name, one, other in zip(sorted(names), wanted[1:], held[1:], strict=True):
            if not is_equal(one, other, LEAST):
                found.append(f"{wanted[0]} {name}: expected {one!r}, got {other!r}")
    return found


def test_every_measure_equals_the_oracle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Random companies with corrections, late receipts, shifted weeks, bases of zero and below."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    compared = evaluated = 0
    for seed in (1, 3):  # with an outlook for industries, and without
        bank = statement_bank(seed, 60, AS_OFS)
        got = evaluations(compute(bank, tmp_path / str(seed)), AS_OFS)
        for as_of in AS_OFS:
            expected, people = measures(bank, as_of), states(bank, as_of)
            compared += len(people)
            assert set(expected) == {table for table, day in got if day == as_of}
            for table, rows in expected.items():
                names = {measure.name for measure in MEASURE_TABLES[table].measures}
                assert names >= {name for of_one in rows.values() for _, values in of_one for name in values}
                for one in people:
                    own = rows.get(one, [])
                    evaluated += len(own)
                    counts.update(
                        name for _, values in own for name, value in values.items() if value is not None
                    )
                    found = differences(names, own, got[table, as_of].get(one, []))
                    wrong += [f"seed {seed}, {as_of}, {table} of {one}: {text}" for text in found]
    every = [measure.name for table in TABLES for measure in MEASURE_TABLES[table].measures]
    tell(capsys, f"statements: {compared} (customer, as_of) rows, {evaluated} evaluations, {len(wrong)} differences; "
         + ", ".join(f"{name} {counts[name]}" for name in every))  # fmt: skip
    assert not wrong, "\n".join(wrong[:20])
    assert compared >= 500
    assert not [name for name in every if not counts[name]]


def test_every_feature_equals_the_oracle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The group `statements` on the same companies; every feature occurs with a value that is not 0."""
    seen: Counter[str] = Counter()
    wrong: list[str] = []
    compared = 0
    bank = statement_bank(4, 100, AS_OFS)
    computed = compute(bank, tmp_path)
    names = [feature.name for feature in computed.store.bank.catalogue.of_group("statements")]
    with Engine(computed.store.bank) as engine:
        spine = engine.keep("spine", spine_of(engine.tables, engine.moments(list(AS_OFS))))
        rows = engine.fetch(with_ids(spine, GROUPS["statements"](engine.tables, spine))).to_pylist()
    people = {as_of: states(bank, as_of) for as_of in AS_OFS}
    held = {as_of: by_customer(known_rows(bank, "statements", as_of)) for as_of in AS_OFS}
    for row in rows:
        as_of, one = row["as_of"], row["customer_id"]
        expected = statement_features(bank, people[as_of][one], held[as_of].get(one, []), as_of)
        assert set(expected) == set(names)
        compared += 1
        for name, value in expected.items():
            seen[name] += value not in {None, 0}
            got = row[name]
            if not is_equal(value, got, LEAST):
                wrong.append(f"{as_of} {one} {name}: expected {value!r}, got {got!r}")
    tell(
        capsys,
        f"statement features: {compared} rows, {len(names)} features, {len(wrong)} differences; not 0: {dict(seen)}",
    )
    assert not wrong, "\n".join(wrong[:20])
    assert compared == 500
    assert all(seen[name] for name in names)
