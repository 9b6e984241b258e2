"""Imports of public data sets: contract tables without invented facts, and counts that add up."""

import csv
from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.intake import prepare, read_manifest
from pipelines.sources import ImportFailed, import_bank_marketing, import_online_retail
from pipelines.sources.bank_marketing import TITLES

RETAIL = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
CALLS = [
    "age", "job", "marital", "education", "default", "housing", "loan", "contact", "month", "day_of_week", "duration",
    "campaign", "pdays", "previous", "poutcome", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m",
    "nr.employed", "y",
]  # fmt: skip


def write_csv(path: Path, header: list[str], lines: list[list[Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *lines])
    return path


def read(out: Path, table: str) -> list[dict[str, Any]]:
    return pq.read_table(out / f"{table}.parquet").to_pylist()


def line(invoice: str, quantity: int, price: str, at: str = "2010-03-01 09:00:00", **other: str) -> list[Any]:
    customer, country = other.get("customer", "13085"), other.get("country", "France")
    return [invoice, other.get("code", "85048"), "LIGHTS", quantity, at, price, customer, country]


def test_purchases_are_payments_and_cancellations_give_back(tmp_path: Path) -> None:
    """Invoice 1: 12 x 6.95 + 1 x 0.05 = 83.45 paid; C2: -2 x 6.95 = 13.90 back; the earliest minute counts."""
    lines = [
        line("489434", 12, "6.95", "2010-03-01 09:01:00"),
        line("489434", 1, "0.05", "2010-03-01 09:00:00"),
        line("C489435", -2, "6.95", "2010-03-02 10:00:00", customer="13085.0"),
    ]
    report = import_online_retail(write_csv(tmp_path / "x.csv", RETAIL, lines), tmp_path / "out")
    assert [tuple(row.values()) for row in read(tmp_path / "out", "transactions")] == [
        ("489434", "13085", datetime(2010, 3, 1, 9), -8345, "purchase", "customer"),  # noqa: DTZ001
        ("C489435", "13085", datetime(2010, 3, 2, 10), 1390, "other", "customer"),  # noqa: DTZ001
    ]
    assert read(tmp_path / "out", "customers") == [
        {"customer_id": "13085", "kind": "retail", "region": "France"}
    ]
    assert (report.read, report.kept) == (3, 3)
    assert yaml.safe_load((tmp_path / "out" / "bank.yaml").read_text()) == {
        "zone": "Europe/London", "currency": "GBP", "currency_decimals": 2,
        "data_from": {"transactions": date(2010, 3, 1)}, "data_until": date(2010, 3, 3),
    }  # fmt: skip


def test_lines_without_customer_and_adjustments_of_bad_debt_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = [
        line("489434", 1, "1"),
        line("489435", 1, "1", customer=""),
        line("A506401", 1, "-53594.36", customer=""),
    ]
    report = import_online_retail(write_csv(tmp_path / "x.csv", RETAIL, lines), tmp_path / "out")
    assert (report.read, report.kept) == (3, 1)
    assert list(report.left_out.values()) == [1, 1]
    assert len(read(tmp_path / "out", "transactions")) == 1


def test_fractions_of_a_penny_are_rounded_half_to_even_once_per_invoice(tmp_path: Path) -> None:
    """1: 5 x 0.001 = half a penny to 0; 2: 15 x 0.001 = one and a half to 2; 3: 6 x 0.001 = 0.6 to 1 penny."""
    lines = [line("1", 5, "0.001"), line("2", 15, "0.001"), line("3", 6, "0.001"), line("4", 3, "0.35")]
    report = import_online_retail(write_csv(tmp_path / "x.csv", RETAIL, lines), tmp_path / "out")
    assert [row["amount"] for row in read(tmp_path / "out", "transactions")] == [0, -2, -1, -105]
    assert "3 invoices add up to a fraction of a penny" in " ".join(report.to_dict()["notes"])


def test_a_customer_of_several_countries_has_no_region_and_an_invoice_of_two_customers_is_two(
    tmp_path: Path,
) -> None:
    lines = [
        line("1", 1, "1"),
        line("2", 1, "1", country="Spain"),
        line("2", 1, "2", customer="7", country="Spain"),
    ]
    import_online_retail(write_csv(tmp_path / "x.csv", RETAIL, lines), tmp_path / "out")
    assert [(row["customer_id"], row["region"]) for row in read(tmp_path / "out", "customers")] == [
        ("13085", None), ("7", "Spain"),
    ]  # fmt: skip
    assert [row["transaction_id"] for row in read(tmp_path / "out", "transactions")] == [
        "1",
        "2/13085",
        "2/7",
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (
            line("489434", 1, "1.0000001"),
            "x.csv, column Price: expected at most six decimals; got another value in 1",
        ),
        (
            line("489434", 1, "1", "1/3/2010"),
            "column InvoiceDate: expected a timestamp; got another value in 1 rows",
        ),
        (
            line("B489434", 1, "1"),
            "column Invoice: expected a number, with A or C before; got another value in 1 rows",
        ),
    ],
)
def test_values_that_the_shop_never_published_are_refused(tmp_path: Path, bad: list[Any], words: str) -> None:
    with pytest.raises(ImportFailed) as refusal:
        import_online_retail(write_csv(tmp_path / "x.csv", RETAIL, [bad]), tmp_path / "out")
    assert words in str(refusal.value)
    assert not (tmp_path / "out").exists()


def call(month: str = "may", y: str = "no", **other: Any) -> list[Any]:
    plain: dict[str, Any] = dict(zip(CALLS, [
        56, "housemaid", "married", "basic.4y", "unknown", "no", "no", "telephone", month, "mon", 261, 1, 999, 0,
        "nonexistent", 1.1, 93.994, -36.4, 4.857, 5191.0, y,
    ], strict=True))  # fmt: skip
    return list({**plain, **other}.values())


def test_calls_become_snapshots_and_outcomes_without_what_only_the_call_tells(tmp_path: Path) -> None:
    lines = [call(), call("jun", "yes", pdays=3, previous=1), call("mar")]
    report = import_bank_marketing(write_csv(tmp_path / "x.csv", CALLS, lines, ";"), tmp_path / "out")
    snapshots = read(tmp_path / "out", "snapshots")
    assert list(snapshots[0]) == ["customer_id", "as_of", *TITLES]
    assert [(row["customer_id"], row["as_of"], row["pdays"], row["default"]) for row in snapshots] == [
        ("1", date(2008, 5, 1), None, "unknown"),
        ("2", date(2008, 6, 1), 3, "unknown"),
        ("3", date(2009, 3, 1), None, "unknown"),
    ]
    assert [(row["target"], row["value"]) for row in read(tmp_path / "out", "outcomes")] == [
        ("response", 0.0), ("response", 1.0), ("response", 0.0),
    ]  # fmt: skip
    assert (report.read, report.kept, dict(report.tables)) == (
        3,
        3,
        {"customers": 3, "snapshots": 3, "outcomes": 3},
    )
    assert yaml.safe_load((tmp_path / "out" / "bank.yaml").read_text())["data_until"] == date(2009, 4, 1)


def test_calls_out_of_order_are_refused(tmp_path: Path) -> None:
    lines = [call("may"), call("apr"), call("mar"), call("feb")]
    with pytest.raises(
        ImportFailed, match=r"the months run on to 2011-02\. Use bank-additional-full as published"
    ):
        import_bank_marketing(write_csv(tmp_path / "x.csv", CALLS, lines, ";"), tmp_path / "out")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (call(y="maybe"), "x.csv, column y: expected yes or no; got other values."),
        (call("5"), "x.csv, column month: expected jan, feb, mar"),
        (call(age="old"), "x.csv, column age: expected int64; got"),
    ],
)
def test_values_that_the_bank_never_published_are_refused(tmp_path: Path, bad: list[Any], words: str) -> None:
    with pytest.raises(ImportFailed) as refusal:
        import_bank_marketing(write_csv(tmp_path / "x.csv", CALLS, [bad], ";"), tmp_path / "out")
    assert words in str(refusal.value)


def test_a_place_with_other_files_is_not_touched_and_an_earlier_import_is_replaced(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "x.csv", RETAIL, [line("1", 1, "1")])
    import_online_retail(source, tmp_path / "out")
    import_online_retail(source, tmp_path / "out")
    (tmp_path / "out" / "diary.txt").write_text("mine")
    with pytest.raises(ImportFailed, match=r"it also holds diary\.txt\. Choose another directory"):
        import_online_retail(source, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "x.csv"]


def test_a_missing_file_or_column_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="does not exist"):
        import_online_retail(tmp_path / "none", tmp_path / "out")
    with pytest.raises(ImportFailed, match=r"expected one of year_2009_2010\.parquet"):
        import_online_retail(tmp_path, tmp_path / "out")
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(ImportFailed, match="expected a Parquet or CSV file"):
        import_bank_marketing(tmp_path / "x.txt", tmp_path / "out")
    pq.write_table(pa.table({"Invoice": ["1"]}), tmp_path / "x.parquet")
    with pytest.raises(ImportFailed, match="expected the columns StockCode, Description"):
        import_online_retail(tmp_path / "x.parquet", tmp_path / "out")


def test_the_published_shop_reconciles_to_the_penny(shared_data: Path, tmp_path: Path) -> None:
    """Every invoice total by plain Python decimals, over all 525,461 lines; then intake accepts every row."""
    report = import_online_retail(shared_data / "online_retail_ii", tmp_path / "out")
    assert (report.read, report.kept, list(report.left_out.values())) == (525461, 417534, [107924, 3])
    totals: dict[str, Decimal] = defaultdict(Decimal)
    lines = pq.read_table(shared_data / "online_retail_ii" / "year_2009_2010.parquet").select(
        ["Invoice", "Quantity", "Price", "Customer ID"]
    )
    for invoice, quantity, price, customer in zip(
        *(column.to_pylist() for column in lines.columns), strict=True
    ):
        if customer is not None:
            totals[invoice] += quantity * Decimal(repr(price))
    expected = {
        key: -int((total * 100).quantize(Decimal(1), ROUND_HALF_EVEN)) for key, total in totals.items()
    }
    rows = read(tmp_path / "out", "transactions")
    assert {row["transaction_id"]: row["amount"] for row in rows} == expected
    assert len(rows) == 23587
    taken = prepare(tmp_path / "out", tmp_path / "home")
    assert (taken.tables["customers"].accepted, taken.tables["transactions"].accepted) == (4383, 23587)
    assert taken.amounts["transactions"][0].accepted == sum(expected.values()) == -834820856


def test_the_published_calls_are_taken_in_whole(shared_data: Path, tmp_path: Path) -> None:
    """41,188 calls in 26 months from May 2008 to November 2010, 4,640 of them answered with yes."""
    report = import_bank_marketing(shared_data / "bank_marketing", tmp_path / "out")
    assert (report.read, report.kept) == (41188, 41188)
    outcomes = pq.read_table(tmp_path / "out" / "outcomes.parquet")
    months = sorted(set(outcomes["as_of"].to_pylist()))
    assert (len(months), months[0], months[-1]) == (26, date(2008, 5, 1), date(2010, 11, 1))
    assert sum(outcomes["value"].to_pylist()) == 4640
    assert outcomes["customer_id"].to_pylist()[::41187] == ["00001", "41188"]
    taken = prepare(tmp_path / "out", tmp_path / "home")
    assert {name: counts.accepted for name, counts in taken.tables.items()} == dict.fromkeys(
        report.tables, 41188
    )
    manifest = read_manifest(taken.prepared)
    assert manifest.data_until == date(2010, 12, 1)
    assert set(manifest.snapshot_columns) == set(TITLES) == set(manifest.titles)
    assert manifest.snapshot_columns["pdays"] == "number"
