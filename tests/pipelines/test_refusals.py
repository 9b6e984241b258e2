"""Bad input on the command line: each has its outcome, and a text that says what to do."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.pipelines.conftest import Cli, TrainedBank


def _write(directory: Path, table: str, header: list[str], rows: list[list[str]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _shop(directory: Path, days: int = 400, customers: int = 60, every: int = 10) -> Path:
    """Everybody pays every `every` days: nobody ever leaves."""
    start = date(2025, 1, 1)
    _write(
        directory, "customers", ["customer_id", "kind"], [[f"C{i:03d}", "retail"] for i in range(customers)]
    )
    rows = [
        [
            f"T{i}-{day}",
            f"C{i:03d}",
            f"{start + timedelta(days=day)} 10:00:00",
            "-12.50",
            "purchase",
            "customer",
        ]
        for i in range(customers)
        for day in range(i % every, days, every)
    ]
    header = ["transaction_id", "customer_id", "occurred_at", "amount", "kind", "started_by"]
    _write(directory, "transactions", header, rows)
    return directory


def test_an_empty_directory_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    outcome = cli("check", tmp_path / "bank")
    assert outcome.code == 1
    assert "expected" in outcome.err
    assert "customers" in outcome.err


def test_customers_alone_are_refused(cli: Cli, tmp_path: Path) -> None:
    _write(tmp_path / "bank", "customers", ["customer_id", "kind"], [["C1", "retail"]])
    outcome = cli("check", tmp_path / "bank")
    assert outcome.code == 1
    assert "expected" in outcome.err


def test_a_missing_directory_is_refused(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("train", "--data", tmp_path / "nowhere")
    assert outcome.code == 1
    assert "nowhere" in outcome.err
    assert "Traceback" not in outcome.err


def test_check_names_the_features_that_a_bank_lacks_and_why(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("check", _shop(tmp_path / "bank"), "--json")
    assert outcome.code == 0
    found = json.loads(outcome.out.strip().splitlines()[-1])
    assert found["tables"]["customers"] == {
        "read": 60, "accepted": 60, "duplicate": 0, "correction": 0, "quarantined": 0,
    }  # fmt: skip
    assert "txn_gap_days" in found["features"]["built"]
    assert found["features"]["absent"]["contact_gap_days"] == "no table contacts"
    assert (
        found["features"]["absent"]["tenure_days"] == "no column customers.opened_on that serves past dates"
    )


def test_no_churners_in_the_training_window_is_refused(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("train", "--data", _shop(tmp_path / "bank"))
    assert outcome.code == 1
    assert "churn: expected at least 20 training rows with the event" in outcome.err
    assert "features/policy/targets.yaml" in outcome.err


def test_a_horizon_longer_than_the_data_is_refused(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("train", "--data", _shop(tmp_path / "bank", days=100))
    assert outcome.code == 1
    assert "churn at 90 days" in outcome.err


def test_an_as_of_beyond_the_data_is_refused(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("features", "--data", _shop(tmp_path / "bank"), "--as-of", "2030-01-01")
    assert outcome.code == 1
    assert "expected at most 2026-02-05" in outcome.err


def test_scores_without_a_champion_are_refused(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    outcome = cli("score", "--data", _shop(tmp_path / "bank"), "--as-of", "2026-01-01", "--out", out)
    assert outcome.code == 1
    assert "Train a model first" in outcome.err
    assert not out.exists()


def test_a_bundle_with_one_changed_byte_is_refused(trained: TrainedBank, cli: Cli, tmp_path: Path) -> None:
    table = trained.home.bundles / "1" / "churn_90" / "tables.npz"
    whole = table.read_bytes()
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 1
    try:
        table.write_bytes(bytes(damaged))
        out = tmp_path / "scores.parquet"
        day = trained.as_of.isoformat()
        outcome = cli("score", "--data", trained.bank, "--as-of", day, "--out", out, home=trained.home.root)
        assert outcome.code == 1
        assert "churn_90/tables.npz" in outcome.err
        outcome = cli("serve", "--port", "39999", home=trained.home.root)
        assert outcome.code == 1
        assert "churn_90/tables.npz" in outcome.err
    finally:
        table.write_bytes(whole)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--language", "fr", "versions"], "--language: expected en or zh; got 'fr'"),
        (["--home"], "--home: expected a directory; got ''"),
    ],
)
def test_common_options_say_what_they_take(arguments: list[str], text: str) -> None:
    from pipelines.cli import main

    with pytest.raises(SystemExit, match=text.replace("(", r"\(")):
        main(arguments)
