"""The backtest as a user runs it: figures per date and over the dates, the page, the run in MLflow; what is refused."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from pipelines.ledger import open_ledger
from tests.pipelines.conftest import Cli, TrainedBank


def test_backtest_tests_every_target_at_every_date(trained: TrainedBank, cli: Cli) -> None:
    found = cli("backtest", "--data", trained.bank, "--dates", "2", "--json", home=trained.home.root)
    assert found.code == 0, found.err
    report = json.loads(found.out.splitlines()[-1])
    first, last = (date.fromisoformat(day) for day in report["dates"])
    assert timedelta(days=88) <= last - first <= timedelta(days=92)
    churn = report["models"]["churn_90"]
    assert list(churn["by_date"]) == report["dates"]
    rules = churn["mean"]["figures"]
    assert {"model", "recency", "frequency", "last_value", "logistic", "lifetimes"} <= set(rules)
    assert rules["model"]["expected_maximum_profit"]["value"] > 0
    assert 0.5 < rules["model"]["auc"]["low"] < rules["model"]["auc"]["value"] < rules["model"]["auc"]["high"]
    assert 0 < churn["never_seen"]["rows"] < churn["mean"]["rows"] / 3
    assert {part["name"] for part in churn["segments"]} >= {"kind", "card_level", "region", "tenure"}
    page = (trained.home.reports / "backtest" / "report.html").read_text(encoding="utf-8")
    assert page.count("<main lang=") == 2
    assert "90 天内流失" in page
    assert "nan" not in page.lower().replace("finance", "")
    with open_ledger(trained.home) as ledger:
        run = ledger.client.get_run(report["run_id"])
        history = ledger.client.get_metric_history(report["run_id"], "churn_90/auc")
        assert run.data.tags["kind"] == "backtest"
        assert run.data.metrics["mean/model/churn_90/auc_low"] == pytest.approx(rules["model"]["auc"]["low"])
        assert [point.step for point in history] == [0, 1]


def test_a_date_whose_labels_are_not_ripe_is_refused_by_name(trained: TrainedBank, cli: Cli) -> None:
    late = trained.as_of - timedelta(days=10)
    found = cli(
        "backtest", "--data", trained.bank, "--dates", "1", "--test-as-of", str(late), home=trained.home.root
    )
    assert found.code == 1
    assert "is ripe on" in found.err
