"""Warning signals by hand: who is meant, what counts once, what a missing table means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.definitions.signals import TABLES
from features.signals.registry import MEASURE_TABLES
from pipelines.warnings import Entry, open_warnings
from tests.compute import Computed, compute
from tests.handover import Bank

AS_OF = date(2024, 4, 1)
ZONE = "Asia/Shanghai"

Row = dict[str, Any]


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


def customer(customer_id: str, kind: str = "micro", **more: Any) -> Row:
    row = {"customer_id": customer_id, "kind": kind, "opened_on": date(2018, 1, 1), "industry": None,
           "region": None, "valid_from": date(2018, 1, 1)}  # fmt: skip
    return {**row, **more}


def signal(customer_id: str | None, code: str, days: int, severity: int | None = None, **more: Any) -> Row:
    row = {"signal_id": f"{customer_id}{code}{days}{more}", "code": code, "raised_on": before(days),
           "customer_id": customer_id, "industry": None, "region": None, "severity": severity,
           "evidence": None, "closed_on": None}  # fmt: skip
    return {**row, **more}


def fact(customer_id: str, code: str, days: int, value: float | None) -> Row:
    return {"customer_id": customer_id, "code": code, "noted_on": before(days), "value": value}


def the_bank() -> Bank:
    """A few businesses and a person.

    `steel` and `north` are industry and region of `S`; `M` is of the region alone, `F` of another industry there,
    `X` says nothing of either. `C` has clusters, `D` doubles, `P` a product whose price falls, `R` is a person, `G`
    guarantees `B` and `R`, `Q` guarantees `T`.
    """
    north = {"region": "north"}
    customers = [
        customer("S", industry="steel", **north), customer("M", **north),
        customer("F", industry="food", **north), customer("X"), customer("C"), customer("D"), customer("P"),
        customer("R", "retail"), customer("G"), customer("B"), customer("Q"), customer("T"),
    ]  # fmt: skip
    signals = [
        signal(None, "E01", 30, 4, industry="steel"),
        signal(None, "E01", 20, 5, industry="steel", region="south"),
        signal(None, "E03", 10, None, industry="steel", region="north"),
        signal(None, "E04", 200, 2, region="north"),
        signal(None, "E07", 40, 5, region="north", closed_on=before(1)),
        signal("C", "F25", 10, 2), signal("C", "M18", 10, 4), signal("C", "F26", 10, 4),
        signal("C", "F02", 10, 2), signal("C", "F15", 10, 2), signal("C", "M05", 100, 3),
        signal("C", "M08", 100, 1, closed_on=before(91)),
        signal("D", "H01", 100, 2, evidence="old"), signal("D", "H01", 50, 5, evidence="new"),
        signal("D", "H01", 5, 5, closed_on=before(2)), signal("D", "M12", 15, 4, evidence="a visit"),
        signal("R", "F07", 3, None),
        signal("G", "H01", 60, 5), signal("G", "H02", 40, 3),
        signal("Q", "M49", 300, 4, closed_on=before(8)),
    ]  # fmt: skip
    facts = [
        fact("P", "product_price_change", 90, -0.25), fact("P", "product_price_change", 60, -0.1),
        fact("P", "product_price_change", 30, None), fact("P", "product_price_change", 5, -0.3),
        fact("D", "product_price_change", 20, -0.2), fact("R", "product_price_change", 20, -0.5),
        fact("S", "plant_stopped_days", 40, 29),
    ]  # fmt: skip
    relations = [
        {"customer_id": "B", "other_id": "G", "kind": "guarantor", "since": before(500)},
        {"customer_id": "R", "other_id": "G", "kind": "guarantor", "since": before(500)},
        {"customer_id": "X", "other_id": "G", "kind": "supplier", "since": before(500)},
    ]
    loans = [
        {"loan_id": "l1", "customer_id": "T", "granted_on": before(100), "amount": 100, "matures_on": before(-300),
         "guarantor_id": "Q", "collateral": "guarantee"},
        {"loan_id": "l2", "customer_id": "M", "granted_on": before(50), "amount": 100, "matures_on": before(10),
         "guarantor_id": "G", "collateral": "guarantee"},
        {"loan_id": "l3", "customer_id": "F", "granted_on": before(50), "amount": 100, "matures_on": before(-10),
         "guarantor_id": "nobody", "collateral": "guarantee"},
    ]  # fmt: skip
    tables = {
        "customers": customers,
        "warning_signals": signals,
        "facts": facts,
        "relations": relations,
        "loans": loans,
    }
    return Bank(tables, ZONE, {"warning_signals": date(2020, 1, 1)}, AS_OF + timedelta(days=30))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    return compute(the_bank(), tmp_path_factory.mktemp("signals"))


@pytest.fixture(scope="module")
def features(bank: Computed) -> Mapping[str, Mapping[str, float | None]]:
    return bank.at([AS_OF])[AS_OF][0]


@pytest.fixture(scope="module")
def warnings(bank: Computed) -> Mapping[str, tuple[Entry, ...]]:
    return open_warnings(bank.store.bank, AS_OF)


def told(warnings: Mapping[str, tuple[Entry, ...]], customer_id: str) -> list[tuple[str, int, str]]:
    """Code, severity and date of each open warning, in their order."""
    return [(one["code"], one["severity"], one["raised_on"]) for one in warnings.get(customer_id, ())]


def day(days: int) -> str:
    return before(days).isoformat()


Warnings = Mapping[str, tuple[Entry, ...]]
Features = Mapping[str, Mapping[str, float | None]]


def test_a_signal_of_an_industry_or_region_holds_for_everyone_in_it(warnings: Warnings) -> None:
    """One that names both holds where both meet; E03 has its record's severity 3; E07 is closed."""
    assert told(warnings, "S") == [("E01", 4, day(30)), ("E03", 3, day(10)), ("E04", 2, day(200))]
    assert told(warnings, "X") == []
    assert ("E04", 2, day(200)) in told(warnings, "M")
    assert told(warnings, "F") == [("E04", 2, day(200))]


def test_a_cluster_counts_once_under_the_category_of_its_most_severe(features: Features) -> None:
    """F25 2, F26 4, M18 4: 4, and finance, whose F26 comes first; F02 2, F15 2: 2; M05 3, M08 closed: 3."""
    row = features["C"]
    assert row["signal_count_open"] == 6
    assert (row["signal_count_open_finance"], row["signal_count_open_operations"]) == (4, 2)
    assert row["signal_severity_open_sum"] == 4 + 2 + 3
    assert row["signal_severity_open_sum_finance"] == 4 + 2
    assert row["signal_severity_open_sum_operations"] == 3
    assert row["signal_severity_sum_operations_180d"] == 3


def test_the_trend_compares_with_what_was_open_90_days_before(features: Features) -> None:
    """Now 9; 90 days before M05 3 was open, and M08, closed the day before that, was not."""
    row = features["C"]
    assert row["signal_severity_open_change_90d"] == 9 - 3
    assert row["signal_severity_open_change_finance_90d"] == 6
    assert row["signal_severity_open_change_operations_90d"] == 0
    assert features["Q"]["signal_severity_open_change_operations_90d"] == -4


def test_a_code_counts_once_however_often_it_is_open(features: Features, warnings: Warnings) -> None:
    """H01 is open twice and closed once; M12 is recorded with 4 and computed with 3."""
    assert features["D"]["signal_count_open"] == 2
    assert features["D"]["signal_severity_open_sum"] == 5 + 4
    assert features["D"]["signal_count_new_30d"] == 2
    assert features["D"]["signal_count_novel_90d"] == 1
    assert told(warnings, "D") == [("H01", 5, day(100)), ("M12", 4, day(20))]


def test_of_one_code_the_most_severe_speaks(warnings: Warnings) -> None:
    told_of = {one["code"]: one for one in warnings["D"]}
    assert (told_of["H01"]["source"], told_of["H01"]["evidence"]) == ("recorded", "new")
    assert (told_of["M12"]["source"], told_of["M12"]["evidence"]) == ("recorded", "a visit")


def test_a_computed_signal_is_open_until_two_clear_evaluations(
    features: Features, warnings: Warnings
) -> None:
    """-25%, then -10% (clear), then a fact without a value (not evaluated), then -30%: one signal, still open."""
    assert told(warnings, "P") == [("M12", 3, day(90))]
    (warning,) = warnings["P"]
    assert warning["figures"] == {"product_price_change": -0.3}
    assert warning["evaluated_on"] == day(4)
    assert (features["P"]["signal_count_new_90d"], features["P"]["signal_gap_days"]) == (1, 90)


def test_a_rule_about_businesses_is_not_computed_for_persons_but_what_is_recorded_stands(
    features: Features, warnings: Warnings
) -> None:
    """R's price fact is nobody's business; the recorded F07 has its record's severity 4."""
    assert told(warnings, "R") == [("F07", 4, day(3))]
    assert features["R"]["signal_count_evaluated"] == 0


def test_not_evaluated_is_apart_from_no(features: Features, warnings: Warnings) -> None:
    """29 days of standstill are evaluated and clear; nothing was evaluated of X."""
    assert features["S"]["signal_count_evaluated"] == 1
    assert "M15" not in [code for code, *_ in told(warnings, "S")]
    assert features["X"]["signal_count_evaluated"] == 0
    assert features["X"]["signal_count_open"] == 0


def test_a_guarantor_with_a_severe_signal_is_one_for_the_customer(
    features: Features, warnings: Warnings
) -> None:
    """G has H01 of 5 since day 60; a person has no F13, a supplier is no guarantor."""
    assert told(warnings, "B") == [("F13", 4, day(60))]
    assert warnings["B"][0]["figures"] == {"guarantor_severity": 5}
    assert "F13" not in [code for code, *_ in told(warnings, "R") + told(warnings, "X")]
    assert features["B"]["signal_count_evaluated"] == 1


def test_a_guarantor_signal_lasts_while_both_the_guarantee_and_the_trouble_do(
    features: Features, warnings: Warnings
) -> None:
    """T: from the loan, day 100, to the closing of Q's M49, day 8. M: to the maturity of the loan, day 10.

    The guarantor of F is no customer: nothing can be said of him.
    """
    assert told(warnings, "T") == []
    assert features["T"]["signal_gap_days"] == 100
    assert features["T"]["signal_severity_open_change_finance_90d"] == -4
    assert "F13" not in [code for code, *_ in told(warnings, "M")]
    assert features["M"]["signal_count_new_90d"] == 2
    assert features["F"]["signal_count_evaluated"] == 0


def test_warnings_come_the_most_severe_first_then_the_newest_then_by_code(warnings: Warnings) -> None:
    assert told(warnings, "C") == [
        ("F26", 4, day(10)), ("M18", 4, day(10)), ("M05", 3, day(100)),
        ("F02", 2, day(10)), ("F15", 2, day(10)), ("F25", 2, day(10)),
    ]  # fmt: skip


def test_signals_are_null_where_nothing_recorded_reaches_as_of_and_nothing_was_evaluated(
    tmp_path: Path,
) -> None:
    rows = [signal("a", "H01", -3)]
    tables = {
        "customers": [customer("a"), customer("b")],
        "warning_signals": rows,
        "facts": [fact("b", "plant_stopped_days", 9, 30.0)],
    }
    found = compute(Bank(tables, ZONE, {}, AS_OF + timedelta(days=30)), tmp_path).at([AS_OF])[AS_OF][0]
    assert found["a"]["signal_count_open"] is None
    assert found["a"]["signal_severity_open_sum"] is None
    assert found["a"]["signal_count_evaluated"] == 0
    assert found["b"]["signal_count_open"] == 1
    assert found["b"]["signal_count_open_hazard"] == 0


def test_the_group_exists_where_a_signal_can_be_recorded_or_computed() -> None:
    needed = {
        table for one in MEASURE_TABLES.values() for measure in one.measures for table in measure.tables
    }
    assert set(TABLES) == needed | {"warning_signals", "industry_outlook"}


def test_a_bank_without_any_such_table_has_no_signals(tmp_path: Path) -> None:
    complaint = {
        "complaint_id": "k",
        "customer_id": "a",
        "received_at": datetime.combine(before(27), time(12)),
    }
    found = compute(Bank({"customers": [customer("a")], "complaints": [complaint]}, ZONE), tmp_path)
    assert not [name for name in found.names if name.startswith("signal_")]
    assert found.absent["signal_count_open"].startswith("none of the tables warning_signals, statements")
    assert open_warnings(found.store.bank, before(1)) == {}
