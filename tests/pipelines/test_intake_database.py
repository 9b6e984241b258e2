"""A DuckDB file as a source: the same tables as in files, opened for reading only; and what else a path may name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.intake import IntakeError, prepare, read_manifest
from tests.compute import tell
from tests.handover import arrow_table, bank_yaml, write_bank
from tests.random_bank import random_bank
from tests.tables_in import fates, quarantine, rows

CUSTOMERS = "CREATE TABLE customers AS SELECT unnest(['C1', '0012']) AS customer_id, 'retail' AS kind"
CONTACTS = (
    "CREATE TABLE contacts AS SELECT 'K' || i AS contact_id, ['C1', '12'][i] AS customer_id, "
    "TIMESTAMP '2026-01-05 10:00' AS occurred_at, 'T' AS channel FROM range(1, 3) AS numbers(i)"
)


def database(place: Path, *statements: str, settings: str = "") -> Path:
    """A DuckDB file made by these statements, with bank.yaml beside it."""
    place.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(place / "bank.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    if settings:
        (place / "bank.yaml").write_text(settings, encoding="utf-8")
    return place / "bank.duckdb"


def test_a_bank_in_a_duckdb_file_is_prepared_as_the_same_bank_in_parquet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = random_bank(13, 60, is_whole=True)
    files = prepare(write_bank(bank, tmp_path / "files"), tmp_path / "out")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "bank.yaml").write_text(bank_yaml(bank), encoding="utf-8")
    with duckdb.connect(str(tmp_path / "base" / "bank.duckdb")) as connection:
        for table in bank.tables:
            connection.register("made", arrow_table(bank, table))
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM made")
    base = prepare(tmp_path / "base" / "bank.duckdb", tmp_path / "out")
    assert base.tables == files.tables
    assert base.amounts == files.amounts
    for table in bank.tables:
        left, right = (pq.read_table(one.prepared / f"{table}.parquet") for one in (files, base))
        assert right.cast(left.schema).equals(left), table
    left_manifest, right_manifest = read_manifest(files.prepared), read_manifest(base.prepared)
    assert right_manifest.to_json().replace(base.digest, files.digest) == left_manifest.to_json()
    count = sum(counts.read for counts in files.tables.values())
    tell(
        capsys, f"DuckDB file: {count} rows of {len(bank.tables)} tables prepared as from Parquet, to the bit"
    )


def test_rows_of_a_duckdb_file_are_quarantined_with_their_place(tmp_path: Path) -> None:
    report = prepare(database(tmp_path / "in", CUSTOMERS, CONTACTS), tmp_path / "out")
    assert fates(report, "contacts") == (1, 0, 0, 1)
    assert quarantine(report)[0] == (
        "bank.duckdb/contacts", "contacts", "2", "customer_id", "unknown customer", "12",
    )  # fmt: skip
    assert (report.quarantine_folder / "contacts.csv").is_file()


def test_whole_numbers_are_minor_units_and_decimals_major_units_and_enums_are_texts(tmp_path: Path) -> None:
    made = (
        "CREATE TYPE kinds AS ENUM ('cash', 'fee')",
        """CREATE TABLE transactions AS SELECT 'T1' AS transaction_id, 'C1' AS customer_id,
        DATE '2026-01-05' AS occurred_at, 1250 AS amount, CAST('cash' AS kinds) AS kind""",
        """CREATE TABLE loans AS SELECT 'L1' AS loan_id, 'C1' AS customer_id, DATE '2026-01-05' AS granted_on,
        CAST(12.5 AS DECIMAL(18, 2)) AS amount, DATE '2027-01-05' AS matures_on""",
    )
    report = prepare(database(tmp_path / "in", CUSTOMERS, *made), tmp_path / "out")
    assert [rows(report, table)[0]["amount"] for table in ("transactions", "loans")] == [1250, 1250]


def test_ids_as_numbers_are_rejected_as_in_parquet(tmp_path: Path) -> None:
    made = "CREATE TABLE contacts AS SELECT 1 AS contact_id, 'C1' AS customer_id, now() AS occurred_at, 'T' AS channel"
    report = prepare(database(tmp_path / "in", CUSTOMERS, made), tmp_path / "out")
    assert report.rejected["contacts"].text() == (
        "contacts.contact_id: expected ids as text; got numbers (INTEGER) in bank.duckdb/contacts. Numbers have "
        "lost leading zeros: export the column as text."
    )


def test_a_view_is_read_like_a_table_and_other_tables_are_left_alone(tmp_path: Path) -> None:
    made = (CUSTOMERS, CONTACTS.replace("TABLE contacts", "TABLE calls"),
            "CREATE VIEW contacts AS SELECT * FROM calls", "CREATE SCHEMA other",
            "CREATE TABLE other.loans AS SELECT 1 AS loan_id")  # fmt: skip
    report = prepare(database(tmp_path / "in", *made), tmp_path / "out")
    assert fates(report, "contacts") == (1, 0, 0, 1)
    assert report.ignored_files == ("calls",)
    assert set(report.tables) == {"customers", "contacts"}


def test_a_view_that_fails_is_rejected(tmp_path: Path) -> None:
    made = (
        "CREATE TABLE calls AS SELECT 1 AS x",
        "CREATE VIEW contacts AS SELECT * FROM calls",
        "DROP TABLE calls",
    )
    report = prepare(database(tmp_path / "in", CUSTOMERS, CONTACTS.replace("contacts", "facts", 1), *made),
                     tmp_path / "out")  # fmt: skip
    assert (
        report.rejected["contacts"]
        .text()
        .startswith("bank.duckdb/contacts: expected a readable DuckDB file; got")
    )


def test_the_file_is_not_changed_and_not_read_again_while_its_content_is_the_same(tmp_path: Path) -> None:
    file = database(tmp_path / "in", CUSTOMERS, CONTACTS, settings="zone: Asia/Shanghai\n")
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    first = prepare(file, tmp_path / "out")
    file.touch()
    again = prepare(file, tmp_path / "out")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    assert [path.name for path in file.parent.iterdir() if path.name != "bank.yaml"] == ["bank.duckdb"]
    assert (first.reused, again.reused, again.digest) == (False, True, first.digest)
    assert read_manifest(first.prepared).zone == "Asia/Shanghai"
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM contacts WHERE contact_id = 'K2'")
    changed = prepare(file, tmp_path / "out")
    assert changed.tables["contacts"].read == 1


def test_a_damaged_duckdb_file_stops_intake(tmp_path: Path) -> None:
    file = database(tmp_path / "in", CUSTOMERS, CONTACTS)
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(
        IntakeError, match=r"^bank.duckdb: expected a DuckDB file that can be opened for reading; got"
    ):
        prepare(file, tmp_path / "out")


def test_mended_rows_lie_beside_a_duckdb_file_as_beside_others(tmp_path: Path) -> None:
    file = database(tmp_path / "in", CUSTOMERS, CONTACTS)
    line = (prepare(file, tmp_path / "out").quarantine_folder / "contacts.csv").read_text(encoding="utf-8")
    (file.parent / "corrected").mkdir()
    (file.parent / "corrected" / "contacts.csv").write_text(
        line.replace("K2,12,", "K2,0012,"), encoding="utf-8"
    )
    report = prepare(file, tmp_path / "out")
    assert fates(report, "contacts") == (2, 0, 0, 1)


@pytest.mark.parametrize("address", ["postgresql://teller:secret@db.bank/core", "postgres://db/core"])
def test_a_postgresql_address_is_refused_with_the_way_out_and_without_its_password(
    address: str, tmp_path: Path
) -> None:
    with pytest.raises(IntakeError) as refusal:
        prepare(Path(address), tmp_path / "out")
    assert "a PostgreSQL server, which cannot be read here. Export its tables to Parquet" in str(
        refusal.value
    )
    assert "secret" not in str(refusal.value)


def test_a_hand_over_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = database(tmp_path / "in", CUSTOMERS, CONTACTS)
    with pytest.raises(
        IntakeError, match=r"bank.duckdb changed while it was being read: nothing was written"
    ):
        prepare(
            file, tmp_path / "out", progress=lambda table, *_: file.touch() if table == "contacts" else None
        )
    assert list((tmp_path / "out").iterdir()) == []


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    made = "CREATE TABLE facts (customer_id VARCHAR, code VARCHAR, noted_on DATE)"
    report = prepare(database(tmp_path / "in", CUSTOMERS, CONTACTS, made), tmp_path / "out")
    assert fates(report, "facts") == (0, 0, 0, 0)
    assert pq.read_schema(report.prepared / "facts.parquet").field("noted_on").type == pa.date32()
