"""`bellwether contribution`: the statement on the terminal and as JSON, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main
from tests.handover import Bank, write_bank


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One customer with 36,500.00 in a fund on the last day of 2025, and one branch visit; no transactions."""
    customers = [{"customer_id": "007", "kind": "retail", "opened_on": date(2025, 7, 1)}]
    balances = [{"customer_id": "007", "product": "fund", "held_on": date(2025, 12, 30), "balance": 3_650_000},
                {"customer_id": "007", "product": "other", "held_on": date(2025, 12, 30), "balance": 5}]  # fmt: skip
    contacts = [
        {
            "contact_id": "1",
            "customer_id": "007",
            "occurred_at": datetime(2025, 12, 1, tzinfo=UTC),
            "channel": "B",
        }
    ]
    bank = Bank(
        {"customers": customers, "balances": balances, "contacts": contacts}, data_until=date(2026, 1, 1)
    )
    return write_bank(bank, tmp_path_factory.mktemp("bank"))


def call(data: Path, home: Path, *more: str) -> None:
    main(["contribution", "--data", str(data), "--as-of", "2026-01-01", "--home", str(home), *more])


def run(data: Path, home: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[dict[str, Any], str]:
    """The JSON object and what people read."""
    with pytest.raises(SystemExit) as stop:
        call(data, home, "--json", *more)
    assert not stop.value.code
    shown = capsys.readouterr()
    found: dict[str, Any] = json.loads(shown.out.splitlines()[-1])
    return found, shown.err


def test_statement_adds_up_and_names_what_is_left_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One day: 36,500.00 x 0.0065 / 365 = 0.65; the account 12.00 / 365 = 0.03; the visit 18.00."""
    found, shown = run(data, tmp_path, capsys, "--customer", "007", "--language", "en")
    amounts = {(line["product"], line["part"]): line["amount"] for line in found["parts"]}
    assert amounts == {("fund", "margin"): 65, ("fund", "account_cost"): -3, ("service", "contact_B"): -1800}
    assert found["total"] == sum(amounts.values()) == -1738
    assert (list(found["left_out"]), found["not_priced"], found["knows_arrears"]) == (
        ["transactions"],
        ["other"],
        False,
    )
    assert found["observed_days"] == 2
    for text in ("fund · margin", "36,500.00", "0.650000%", "-17.38", "Observed: 2 of 365 days.",
                 "no table transactions: fees, penalty interest and cost of transactions"):  # fmt: skip
        assert text in shown
    assert "contribution_" not in shown


def test_statement_in_chinese(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, shown = run(data, tmp_path, capsys, "--language", "zh")
    assert (found["customer_id"], found["customers"], found["total"]) == (None, 1, -1738)
    for text in ("基金 · 收益", "服务 · 网点接待", "合计", "-17.38", "因本行没有 transactions 表而未计入"):
        assert text in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ("--customer", "7"),
            "--customer 7: expected a customer known at 2026-01-01; there is none of this id.",
        ),
        (("--as-of", "2026-01-02"), "as_of 2026-01-02: expected at most 2026-01-01"),
    ],
)
def test_what_cannot_be_stated_is_refused(
    more: tuple[str, ...], message: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        call(data, tmp_path, *more)
    assert stop.value.code == 1
    assert message in capsys.readouterr().err.replace("\n", "")
