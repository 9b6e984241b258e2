"""A backtest as a run of MLflow: every figure at every test date, so that two runs can be laid over each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from math import isnan
from pathlib import Path

from pipelines.ledger import open_ledger
from pipelines.settings import Home
from training.backtest import ModelReport
from training.evaluate import MODEL
from training.resample import Interval

_TAG = {"kind": "backtest"}


def record_backtest(
    home: Home,
    models: tuple[ModelReport, ...],
    params: Mapping[str, str | int],
    tags: Mapping[str, str],
    reports: tuple[Path, ...],
) -> str:
    """Log a backtest and return its run id: figures by test date as steps 0, 1, 2 ..., means with their ends.

    Metrics: `<model>/<figure>` per test date, and of every rule `mean/<rule>/<model>/<figure>` with `_low`, `_high`.
    """
    with open_ledger(home) as ledger:
        name = None if ledger.is_project_run else f"backtest {params['dates']}"
        with ledger.mlflow.start_run(experiment_id=ledger.experiment_id, run_name=name) as active:
            known = ledger.client.get_run(active.info.run_id).data.params
            ledger.mlflow.log_params({key: value for key, value in params.items() if key not in known})
            ledger.mlflow.set_tags({**tags, **_TAG})
            days = sorted({day for model in models for day in model.by_date})
            for step, day in enumerate(days):
                ledger.mlflow.log_metrics(dict(_at(models, day)), step=step)
            ledger.mlflow.log_metrics(dict(_means(models)))
            for path in reports:
                ledger.mlflow.log_artifact(str(path), "backtest")
            return str(active.info.run_id)


def _at(models: tuple[ModelReport, ...], day: date) -> Iterator[tuple[str, float]]:
    for model in models:
        if day in model.by_date:
            for name, found in model.by_date[day].table[MODEL].items():
                if not isnan(found.value):
                    yield f"{model.key}/{name}", found.value


def _means(models: tuple[ModelReport, ...]) -> Iterator[tuple[str, float]]:
    for model in models:
        for rule, table in model.mean.table.items():
            for name, found in table.items():
                for end, value in _ends(found):
                    yield f"mean/{rule}/{model.key}/{name}{end}", value


def _ends(found: Interval) -> Iterator[tuple[str, float]]:
    for end, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
        if not isnan(value):
            yield end, value
