"""Imports of credit-default, churn-modelling and berka: the published data sets whole, and nothing but them."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.engine import Engine, open_bank
from pipelines.intake import prepare, read_manifest
from pipelines.labels import plan_targets
from pipelines.sources import (
    IMPORTS,
    ImportFailed,
    ImportReport,
    import_berka,
    import_churn_modelling,
    import_credit_default,
)
from tests.pipelines.conftest import Cli

FILES = {
    "credit-default": ("credit_default_tw", "uci_credit_card.parquet"),
    "churn-modelling": ("churn_modelling", "churn_modelling.parquet"),
}


def read(out: Path, table: str) -> pa.Table:
    return pq.read_table(out / f"{table}.parquet")


def require_all_accepted(report: ImportReport, home: Path) -> Path:
    """Hand the import to intake: every row written is accepted, none quarantined. Returns the prepared folder."""
    taken = prepare(report.out, home)
    assert not taken.rejected
    assert {name: counts.accepted for name, counts in taken.tables.items()} == dict(report.tables)
    return taken.prepared


def test_card_holders_of_taiwan_are_taken_in_whole(shared_data: Path, tmp_path: Path) -> None:
    """30,000 clients, 6,636 in default: 22.12%. The first one by hand: limit 20,000, F, university, married, 24."""
    report = import_credit_default(shared_data / "credit_default_tw", tmp_path / "out")
    assert (report.read, report.kept, set(report.tables.values())) == (30000, 30000, {30000})
    outcomes, customers = read(tmp_path / "out", "outcomes"), read(tmp_path / "out", "customers")
    assert pc.sum(outcomes["value"]).as_py() == 6636
    assert round(6636 / 30000, 4) == 0.2212
    assert set(outcomes["target"].to_pylist()) == {"default"}
    assert customers["customer_id"].to_pylist()[::29999] == ["00001", "30000"]
    assert Counter(customers["sex"].to_pylist()) == {"F": 18112, "M": 11888}
    first = read(tmp_path / "out", "snapshots").slice(0, 1).to_pylist()[0]
    assert list(first.values())[:6] == ["00001", date(2005, 10, 1), 20000, "university", "married", 24]
    assert (first["status_september"], first["status_april"]) == (2, -2)
    assert (first["bill_september"], first["paid_august"]) == (3913, 689)
    manifest = read_manifest(require_all_accepted(report, tmp_path / "home"))
    assert set(manifest.snapshot_columns) == set(manifest.titles)
    assert len(manifest.snapshot_columns) == 22
    assert "sex" not in manifest.snapshot_columns


def test_simulated_churners_are_taken_in_whole(shared_data: Path, tmp_path: Path) -> None:
    """10,000 customers, 2,037 left: 20.37%. The first by hand: 15634602, woman of 42 in France, score 619, left."""
    report = import_churn_modelling(shared_data / "churn_modelling", tmp_path / "out")
    assert (report.read, report.kept, set(report.tables.values())) == (10000, 10000, {10000})
    outcomes = read(tmp_path / "out", "outcomes")
    assert pc.sum(outcomes["value"]).as_py() == 2037
    assert set(outcomes["target"].to_pylist()) == {"churn"}
    assert read(tmp_path / "out", "customers").slice(0, 1).to_pylist() == [
        {"customer_id": "15634602", "kind": "retail", "sex": "F"}
    ]
    assert list(read(tmp_path / "out", "snapshots").slice(0, 1).to_pylist()[0].values()) == [
        "15634602", date(2016, 1, 1), 619, "France", 42, 2, 0.0, 1, True, True, 101348.88,
    ]  # fmt: skip
    manifest = read_manifest(require_all_accepted(report, tmp_path / "home"))
    assert set(manifest.snapshot_columns) == set(manifest.titles)
    assert "almost certainly simulated" in " ".join(report.to_dict()["notes"])


@pytest.fixture(scope="module")
def czech(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ImportReport:
    return import_berka(shared_data / "berka", tmp_path_factory.mktemp("berka") / "out")


def test_the_czech_bank_reconciles(czech: ImportReport, tmp_path: Path) -> None:
    """4,500 owners; 49,102 + 30,200 transactions; 682 loans, 31 of status B and 45 of D: 76 bad.

    Left out: 869 persons who own no account, as client and as right (2 x 869 = 1,738), 6,471 orders, 77 districts.
    """
    assert list(czech.left_out.values()) == [1738, 6471, 77]
    tables = dict(czech.tables)
    assert tables.pop("balances") == 62260
    assert tables == {
        "customers": 4500, "transactions": 79302, "holdings": 892, "loans": 682, "outcomes": 682,
    }  # fmt: skip
    outcomes = read(czech.out, "outcomes")
    assert pc.sum(outcomes["value"]).as_py() == 31 + 45
    manifest = read_manifest(require_all_accepted(czech, tmp_path / "home"))
    assert (manifest.zone, manifest.currency, manifest.data_until) == (
        "Europe/Prague",
        "CZK",
        date(1999, 1, 1),
    )
    assert manifest.fixed_profile == ()
    assert "region" not in manifest.tables["customers"]


def test_every_heller_of_the_czech_bank_is_there(czech: ImportReport, shared_data: Path) -> None:
    """Transaction 695247 of 1993-01-01 pays 700 crowns in; all of them add up as in the files."""
    expected = 0
    for name in ("19930101_19940331", "feup_354_loan_accounts"):
        rows = pq.read_table(shared_data / "berka" / f"trans_partial_{name}.parquet")
        signs = [1 if word in ("PRIJEM", "credit") else -1 for word in rows["type"].to_pylist()]
        expected += sum(
            sign * round(amount * 100) for sign, amount in zip(signs, rows["amount"].to_pylist(), strict=True)
        )
    moves = read(czech.out, "transactions")
    assert pc.sum(moves["amount"]).as_py() == expected
    one = moves.filter(pc.equal(moves["transaction_id"], "695247")).to_pylist()[0]
    assert (one["amount"], one["kind"], one["started_by"]) == (70000, "cash", "customer")
    bank_started = set(moves.filter(pc.equal(moves["started_by"], "bank"))["kind"].to_pylist())
    assert bank_started == {"interest", "fee", "penalty_interest", "loan_repayment"}


def test_a_closing_balance_is_what_the_days_amounts_reach(czech: ImportReport) -> None:
    """No day's close is farther than 333 crowns from the day before plus its sum: the bank's own rounding."""
    moves, held = read(czech.out, "transactions"), read(czech.out, "balances")
    sums: Counter[tuple[str, date]] = Counter()
    for customer, moment, amount in zip(
        *(moves[name].to_pylist() for name in ("customer_id", "occurred_at", "amount")), strict=True
    ):
        sums[customer, moment.date()] += amount
    before: dict[str, int] = {}
    worst = 0
    for customer, day, balance in zip(
        *(held[name].to_pylist() for name in ("customer_id", "held_on", "balance")), strict=True
    ):
        worst = max(worst, abs(balance - before.get(customer, 0) - sums[customer, day]))
        before[customer] = balance
    assert worst < 33300
    assert date(1994, 3, 31) not in held["held_on"].to_pylist()


def test_nothing_of_a_loan_is_known_at_the_as_of_of_its_outcome(czech: ImportReport) -> None:
    """As_of is the first of the loan's month; no repayment is dated before its loan."""
    loans = {row["customer_id"]: row for row in read(czech.out, "loans").to_pylist()}
    outcomes = {row["customer_id"]: row["as_of"] for row in read(czech.out, "outcomes").to_pylist()}
    assert outcomes == {name: row["granted_on"].replace(day=1) for name, row in loans.items()}
    opened = dict(
        zip(
            *read(czech.out, "customers").select(["customer_id", "opened_on"]).to_pydict().values(),
            strict=True,
        )
    )
    assert all(opened[name] < as_of for name, as_of in outcomes.items())
    repayments = [
        row for row in read(czech.out, "transactions").to_pylist() if row["kind"] == "loan_repayment"
    ]
    assert len(repayments) == 123
    assert all(row["occurred_at"].date() > loans[row["customer_id"]]["granted_on"] for row in repayments)
    assert all(row["matures_on"] - row["granted_on"] >= timedelta(days=365) for row in loans.values())


def test_a_file_that_ends_is_no_churn(czech: ImportReport, tmp_path: Path) -> None:
    """Transactions are complete from no day on: default alone is planned, at the 66 months with a loan."""
    bank = open_bank(prepare(czech.out, tmp_path / "home").prepared, {})
    with Engine(bank, 1) as engine:
        plan = plan_targets(bank, engine, None)
    assert [item.target for item in plan.schedules] == ["default"]
    assert len(plan.dates) == 66
    assert {reason.split(":")[0].split(" at ")[0] for reason in plan.left_out} == {
        "churn", "growth", "loyalty", "response",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "damage", "words"),
    [
        ("credit-default", lambda rows: rows.slice(1), "expected 30,000 rows; got 29,999. Use the file"),
        ("credit-default", lambda rows: rows.drop_columns("X6"), "uci_credit_card.parquet: expected the columns X6"),
        ("credit-default", lambda rows: _put(rows, "Y", 2), "column Y: expected 0, 1; got 2."),
        ("credit-default", lambda rows: _put(rows, "X5", None), "column X5: expected a value in every row"),
        ("credit-default", lambda rows: _put(rows, "ID", 2), "expected 30,000 different customers; got 29,999"),
        ("churn-modelling", lambda rows: rows.slice(0, 9000), "expected 10,000 rows; got 9,000"),
        ("churn-modelling", lambda rows: _put(rows, "Gender", "?"), "column Gender: expected Female, Male; got ?."),
        ("churn-modelling", lambda rows: _put(rows, "Exited", 0), "expected 2,037 rows whose label is 1; got 2,036"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(
    source: str, damage: Callable[[pa.Table], pa.Table], words: str, shared_data: Path, tmp_path: Path
) -> None:
    folder, name = FILES[source]
    pq.write_table(damage(pq.read_table(shared_data / folder / name)), tmp_path / name)
    with pytest.raises(ImportFailed) as refusal:
        IMPORTS[source](tmp_path / name, tmp_path / "out")
    assert words in str(refusal.value)
    assert not (tmp_path / "out").exists()


def _put(rows: pa.Table, name: str, value: object) -> pa.Table:
    """Put another value into the first row of one column."""
    place = rows.column_names.index(name)
    values = [value, *rows[name].to_pylist()[1:]]
    return rows.set_column(place, name, pa.array(values, rows.schema.field(name).type))


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("loan", lambda rows: _put(rows, "status", "E"), "loan.parquet, column status: expected A, B, C, D; got E."),
        ("card", lambda rows: rows.slice(2), "card.parquet: expected 892 rows; got 890"),
        ("card", lambda rows: _put(rows, "disp_id", -1), "column disp_id: expected ids of disp; 1 rows have another"),
        ("client", lambda rows: rows.drop_columns("sex"), "client.parquet: expected the columns sex"),
        ("trans_partial_19930101_19940331", lambda rows: _put(rows, "operation", "X"), "got PRIJEM / X / "),
        ("disp", None, "expected the files disp.parquet; the folder holds account.parquet"),
    ],
)  # fmt: skip
def test_a_damaged_folder_of_the_czech_bank_is_refused(
    name: str, damage: Callable[[pa.Table], pa.Table] | None, words: str, shared_data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "berka"
    folder.mkdir()
    for file in (shared_data / "berka").glob("*.parquet"):
        copyfile(file, folder / file.name)
    path = folder / f"{name}.parquet"
    rows = pq.read_table(path)
    path.unlink()
    if damage is not None:
        pq.write_table(damage(rows), path)
    with pytest.raises(ImportFailed) as refusal:
        import_berka(folder, tmp_path / "out")
    assert words in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_single_file_of_the_czech_bank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loan.parquet").write_bytes(b"")
    with pytest.raises(
        ImportFailed, match=r"expected the folder that holds account\.parquet, client\.parquet"
    ):
        import_berka(tmp_path / "loan.parquet", tmp_path / "out")


def test_card_holders_train_end_to_end_with_customers_split(
    shared_data: Path, cli: Cli, tmp_path: Path
) -> None:
    """One as_of: a fifth of the customers tests. Gradient boosting is known to reach about 0.78 here."""
    bank = tmp_path / "cards"
    assert cli("import", "credit-default", shared_data / "credit_default_tw", "--out", bank).code == 0
    outcome = cli("train", "--data", bank, "--json")
    assert outcome.code == 0, outcome.err
    metrics: dict[str, Any] = json.loads(outcome.out.strip().splitlines()[-1])["metrics"]
    print("credit-default AUC", metrics["default"]["auc"])
    assert set(metrics) == {"default"}
    assert metrics["default"]["validation"] == "customers"
    assert 0.76 < metrics["default"]["auc"] < 0.80
