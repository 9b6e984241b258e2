"""`bellwether targets` as a user runs it: the labels of `train`, the page in both languages, and what is refused."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from features.policy.lab import read_lab
from features.store import day_number
from pipelines.datasets import read_datasets
from pipelines.engine import Engine
from pipelines.lab_rows import LabReader, eligible_rows
from tests.bank import after, at
from tests.handover import Bank, write_bank
from tests.pipelines.conftest import Cli, TrainedBank
from training.targets import LabelSettings

CONTACTS = [{"contact_id": "1", "customer_id": "c000", "occurred_at": at(after(-1)), "channel": "T"}]


def _json(out: str) -> dict[str, Any]:
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_the_policys_own_definition_is_the_label_that_train_uses(trained: TrainedBank) -> None:
    """Every churn and default row of training and of the test, each as it was known when train read it."""
    bank = trained.store.bank
    policy, plan = read_lab(bank.manifest.data_until), trained.result.plan
    compared = 0
    with Engine(bank) as engine:
        datasets = read_datasets(trained.store, engine, plan)
        for item in plan.schedules:
            if item.target not in {"churn", "default"}:
                continue
            assert item.horizon is not None
            for part, dates, known_at in (
                (datasets[item.key][0], item.train, day_number(item.test)),
                (datasets[item.key][1], (item.test,), bank.until_day),
            ):
                assert part is not None
                settings = LabelSettings(known_at, bank.manifest.currency_decimals)
                reader = LabReader(engine, policy, settings, eligible_rows(engine, dates))
                called = reader.definitions(item.target, item.horizon, dates)
                (own,) = (
                    one
                    for one in called
                    if one.definition.is_own and one.definition.clause in {"whole", "late"}
                )
                ids, days = reader.eligible["customer_id"].to_pylist(), reader.eligible["as_of"].to_pylist()
                rows = zip(days, ids, own.hit.tolist(), own.valid.tolist(), strict=True)
                found = {(day, name): float(hit) for day, name, hit, is_valid in rows if is_valid}
                as_of = [date.fromisoformat(str(day)[:10]) for day in part.as_of]
                expected = dict(
                    zip(zip(as_of, part.customer_ids, strict=True), part.label.tolist(), strict=True)
                )
                assert found == expected, item
                compared += len(found)
    assert compared > 5000


def test_the_command_writes_a_page_and_one_json_object(small_bank: Path, cli: Cli, tmp_path: Path) -> None:
    found = cli("targets", "--data", small_bank, "--json")
    assert found.code == 0, found.err
    report = _json(found.out)
    assert set(report) == {"labels", "overlaps", "lead_by", "left_out", "report"}
    assert report["lead_by"] == "balances"
    assert {"churn_90", "churn_180", "growth_180", "loyalty_360", "default_360"} <= set(report["labels"])
    assert any(line.startswith("response:") for line in report["left_out"])
    churn = report["labels"]["churn_90"]
    days = [date.fromisoformat(day) for day in churn["dates"]]
    assert len(days) == 12
    assert all(timedelta(days=27) < later - earlier < timedelta(days=32) for earlier, later in pairwise(days))
    by_key = {one["definition"]: one for one in churn["definitions"]}
    own = by_key[churn["own"]["definition"]]
    assert own["own"]
    assert own["thresholds"] == {"inactive_run_days": 90, "drained_share": 0.4, "drained_minimum_fall": 1000}
    assert 0.01 < own["base_rate"] < 0.2
    assert own["events"] == sum(one["events"] for one in own["by_date"].values())
    assert own["lead_days"]["judged"] == sum(own["lead_days"]["counts"].values())
    assert churn["recommended"] is None or churn["recommended"] in by_key
    nested = next(
        one
        for one in report["overlaps"]
        if one["first"].startswith("churn_90/whole") and one["second"].startswith("churn_180/whole")
    )
    assert nested["both"] == nested["first_events"]  # who churns within 90 days churns within 180

    page = Path(report["report"]).read_text(encoding="utf-8")
    assert page.count("<main lang=") == 2
    assert "90 天内流失" in page
    assert "no transaction by the customer for 90 days" in page
    assert page.count("<svg") == 2 * (2 * len(report["labels"]) + 1)
    text = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.search(r"\bnan\b|None(?! is recommended)|[a-z]+_[a-z]+_|\{|\}", text)
    bare = re.sub(r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>', "", page, flags=re.DOTALL)
    assert "://" not in bare  # nothing is loaded from anywhere
    assert "<image" not in page  # nor shown as an image, which the page's own security policy forbids


def _handed_over(tmp_path: Path, bank: Bank) -> Path:
    return write_bank(bank, tmp_path / "bank")


def _customers(count: int) -> list[dict[str, Any]]:
    return [{"customer_id": f"c{n:03d}", "kind": "retail", "opened_on": after(-900)} for n in range(count)]


def test_a_bank_without_a_label_is_refused_target_by_target(cli: Cli, tmp_path: Path) -> None:
    contacts = [
        {
            "contact_id": "1",
            "customer_id": "c000",
            "occurred_at": at(after(-1)),
            "channel": "T",
            "direction": "bank",
        }
    ]
    data = _handed_over(tmp_path, Bank({"customers": _customers(2), "contacts": contacts}))
    found = cli("targets", "--data", data, "--json")
    assert found.code == 1
    message = _json(found.out)["error"]
    assert message.startswith("targets: no label can be shown.")
    for target in ("churn", "growth", "loyalty", "default", "response"):
        assert f"{target}: no label can be computed from these tables, and outcomes has none" in message


def _payments(first: int, last: int) -> list[dict[str, Any]]:
    return [
        {"transaction_id": f"{name}-{day}", "customer_id": name, "occurred_at": at(after(day)), "amount": -100,
         "kind": "payment", "started_by": "customer"}
        for name in ("c000", "c001") for day in range(first, last, 10)
    ]  # fmt: skip


def test_too_short_data_say_what_was_expected(cli: Cli, tmp_path: Path) -> None:
    """Data of 50 days hold no window of 90, nor one of 30 days of growth with as many before it."""
    bank = Bank({"customers": _customers(2), "transactions": _payments(0, 50)}, data_until=after(50))
    found = cli("targets", "--data", _handed_over(tmp_path, bank))
    assert found.code == 1
    assert (
        "churn at 90 days: expected data of at least 120 days around the first of a month; got 2024-04-01"
        in found.err
    )
    assert "to 2024-05-21" in found.err


def test_what_follow_up_and_history_cannot_judge_is_said(cli: Cli, tmp_path: Path) -> None:
    """200 days: churn at 90 days has dates, but no date has 270 days of history."""
    bank = Bank({"customers": _customers(2), "transactions": _payments(0, 200)}, data_until=after(200))
    found = cli("targets", "--data", _handed_over(tmp_path, bank), "--json")
    assert found.code == 0, found.err
    report = _json(found.out)
    assert report["lead_by"] == "transactions"
    churn = report["labels"]["churn_90"]
    assert churn["recommended"] is None
    assert all(one["lead_days"]["judged"] == 0 for one in churn["definitions"])
    page = Path(report["report"]).read_text(encoding="utf-8")
    assert "not enough data: 0 of 0 events" in page
    again = cli("targets", "--data", tmp_path / "bank", "--json")
    assert _json(again.out) == report
    assert Path(report["report"]).read_text(encoding="utf-8") == page


def test_the_banks_own_labels_are_shown_and_nothing_is_chosen(cli: Cli, tmp_path: Path) -> None:
    """30 of 100 churn at one as_of, 60 at the next; response 0 for all. Loyalty 0.3: not at most 0.25."""
    outcomes = [
        {"customer_id": f"c{n:03d}", "as_of": after(month), "target": target, "value": value}
        for n in range(100)
        for month, churners in ((0, 30), (30, 60))
        for target, value in (("churn", float(n < churners)), ("response", 0.0), ("loyalty", 0.3))
    ]
    data = _handed_over(
        tmp_path, Bank({"customers": _customers(100), "contacts": CONTACTS, "outcomes": outcomes})
    )
    found = cli("targets", "--data", data, "--json")
    assert found.code == 0, found.err
    report = _json(found.out)
    churn = report["labels"]["churn"]
    assert (churn["given"], churn["recommended"]) == (True, None)
    assert [one["events"] for one in churn["definitions"][0]["by_date"].values()] == [30, 60]
    assert churn["definitions"][0]["base_rate"] == pytest.approx(0.45)
    loyalty = {one["definition"]: one["events"] for one in report["labels"]["loyalty"]["definitions"]}
    assert loyalty == {
        "loyalty/given/low_share=0": 0,
        "loyalty/given/low_share=0.25": 0,
        "loyalty/given/low_share=0.5": 200,
    }
    pair = next(
        one
        for one in report["overlaps"]
        if (one["first"], one["second"]) == ("churn/given", "response/given")
    )
    assert (pair["rows"], pair["first_events"], pair["both"], pair["jaccard"]) == (200, 90, 0, 0.0)
    assert report["lead_by"] == "nothing"
    assert "按本行给出" in Path(report["report"]).read_text(encoding="utf-8")


def test_online_retail_says_why_no_churn_fits(shared_data: Path, cli: Cli, tmp_path: Path) -> None:
    """A shop's customers come back: of those silent for 90 days more than a quarter buy again within 90 more."""
    bank = tmp_path / "shop"
    assert cli("import", "online-retail", shared_data / "online_retail_ii", "--out", bank).code == 0
    found = cli("targets", "--data", bank, "--json")
    assert found.code == 0, found.err
    churn = _json(found.out)["labels"]["churn_90"]
    assert churn["dates"][-1] == "2010-09-01"
    tests = churn["own"]["tests"]
    print(tests)
    assert 0.35 < tests["base_rate"]["value"] < 0.5
    assert 0.25 < tests["false_alarms"]["value"] < 0.45
    assert not tests["false_alarms"]["holds"]
    assert churn["recommended"] is None
