"""What a bank has to hand over at all: a directory, its tables, bank.yaml; and the report in both languages."""

import io
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from pipelines.intake import IntakeError, prepare, show
from tests.tables_in import CUSTOMERS, Handed, hand_in, take_in

CONTACTS = "contact_id,customer_id,occurred_at,channel,warmth\n"
PARQUET = pa.table(
    {"contact_id": ["K1"], "customer_id": ["C1"], "occurred_at": [date(2026, 1, 5)], "channel": ["T"]}
)


def test_two_forms_of_one_table_are_rejected(tmp_path: Path) -> None:
    source = hand_in(
        tmp_path / "in", customers=CUSTOMERS, contacts=CONTACTS, facts="customer_id,code,noted_on\n"
    )
    hand_in(tmp_path / "in", contacts=PARQUET)
    assert prepare(source, tmp_path / "out").rejected["contacts"].text() == (
        "contacts: expected one form of the table; got contacts.csv, contacts.parquet. Keep one and remove the rest."
    )


def test_an_empty_folder_of_a_table_is_rejected(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers=CUSTOMERS, contacts=CONTACTS)
    (source / "loans").mkdir()
    assert (
        "expected Parquet files in the folder loans/"
        in prepare(source, tmp_path / "out").rejected["loans"].text()
    )


def test_files_of_no_table_are_named_and_left_alone(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers=CUSTOMERS, contacts=CONTACTS)
    (source / "truth").mkdir()
    (source / "contakts.csv").write_text("x")
    assert prepare(source, tmp_path / "out").ignored_files == ("contakts.csv", "truth/")


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "expected customers and at least one further table in"),
        ({"contacts": CONTACTS}, "got contacts. Add customers.parquet or customers.csv."),
        (
            {"customers": CUSTOMERS},
            "got customers. Add events (such as transactions or contacts) or snapshots.",
        ),
        ({"customers": CUSTOMERS, "market": "series,stated_on,value\n"}, "got customers, market. Add events"),
    ],
)
def test_a_directory_without_the_needed_tables_stops_intake(
    tmp_path: Path, tables: dict[str, Handed], words: str
) -> None:
    source = hand_in(tmp_path / "in", **tables)
    with pytest.raises(IntakeError) as refusal:
        prepare(source, tmp_path / "out")
    assert words in str(refusal.value)
    assert "请" in refusal.value.message.text("zh")
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_no_directory_stops_intake(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="does not exist"):
        prepare(tmp_path / "none", tmp_path / "out")
    (tmp_path / "file").write_text("x")
    with pytest.raises(IntakeError, match="is a file"):
        prepare(tmp_path / "file", tmp_path / "out")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("zone: Mars/Olympus", "bank.yaml, zone: expected a time zone name such as Asia/Shanghai; got 'Mars/Olympus'."),
        ("currency: yuan", "bank.yaml, currency: expected three capital letters such as CNY; got 'yuan'."),
        ("currency_decimals: true", "bank.yaml, currency_decimals: expected a whole number from 0 to 6; got True."),
        ("data_until: 2026-01-05 10:00:00", "bank.yaml, data_until: expected a date such as 2026-10-31 (the midnight"),
        ("data_from: {contakts: 2026-01-05}", "bank.yaml, data_from: expected tables of the contract"),
        ("fixed_profile: [hobby]", "bank.yaml, fixed_profile: expected a list of columns of customers"),
        ("titles: {x: {en: X}}", "bank.yaml, titles.x: expected a text under each of en and zh; got {'en': 'X'}."),
        ("zones: UTC", "bank.yaml, zones: expected one of zone, currency, currency_decimals, data_from, data_until"),
        ("- UTC", "bank.yaml: expected a YAML mapping; got: list."),
        ("zone: [", "bank.yaml: expected a YAML mapping; got: while parsing a flow node"),
    ],
)  # fmt: skip
def test_bank_yaml_is_held_against_what_is_allowed(tmp_path: Path, settings: str, words: str) -> None:
    with pytest.raises(IntakeError) as refusal:
        take_in(tmp_path, settings, contacts=CONTACTS)
    assert words in str(refusal.value)


@pytest.mark.parametrize(("language", "words"), [("en", "Rejected as a whole:"), ("zh", "整表拒收:")])
def test_the_report_is_printed_in_both_languages(tmp_path: Path, language: str, words: str) -> None:
    report = take_in(tmp_path, contacts=f"{CONTACTS}K1,C1,2026-01-05,X,\n", loans="loan_id\n")
    page = io.StringIO()
    show(report, Console(file=page, width=200), "zh" if language == "zh" else "en")
    assert words in page.getvalue()
    assert "'X'" in page.getvalue()
