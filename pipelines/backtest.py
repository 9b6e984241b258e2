"""`bellwether backtest`: every target at several test dates, each trained on what was ripe and known before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

from features.policy import read_policy
from pipelines.backtest_page import write_backtest_page
from pipelines.backtest_record import record_backtest
from pipelines.build import Progress, Store, build, open_store
from pipelines.datasets import read_datasets
from pipelines.engine import Engine
from pipelines.errors import PipelineError
from pipelines.labels import TARGETS, Plan, plan_targets
from pipelines.lifetimes import LifetimeRule, lifetime_rule
from pipelines.people import SEGMENTS, people_at
from pipelines.register import run_tags
from pipelines.settings import Home
from pipelines.train import prepared_tables, scale_rule, train_rules
from training.backtest import Judged, ModelReport, Origin, judge, run_origin
from training.dataset import codes_seen, without_unseen
from training.errors import TrainingError
from training.plots import Currency
from training.resample import Interval
from training.splits import months_before, newest_ripe


@dataclass(frozen=True)
class BacktestOptions:
    """What a user chooses: how many test dates, how many months apart, the newest of them (None: newest ripe)."""

    dates: int = 4
    step: int = 3
    test_as_of: date | None = None
    seed: int = 1
    threads: int = 2


@dataclass(frozen=True, eq=False)
class BacktestReport:
    """Every model over its test dates, and in words what could not be tested where."""

    dates: tuple[date, ...]
    models: tuple[ModelReport, ...]
    left_out: tuple[str, ...]
    html: Path
    json: Path
    run_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the `backtest --json` object."""
        return {
            "dates": [day.isoformat() for day in self.dates],
            "models": {model.key: _model(model) for model in self.models},
            "left_out": list(self.left_out),
            "report": str(self.html),
            "run_id": self.run_id,
        }


def backtest(
    home: Home, data: Path, options: BacktestOptions, language: str, progress: Progress | None = None
) -> BacktestReport:
    """Train and test every target at each date, judge it, and write the report: HTML for people, JSON for machines.

    Raises
    ------
    PipelineError
        The tables were refused, or there is no date to test at.
    TrainingError
        No target can be tested at any date.
    """
    tell = progress or (lambda _text, _share: None)
    source = open_store(home, prepared_tables(home, data, progress))
    origins: dict[str, list[Origin]] = {}
    segments: dict[str, list[Mapping[str, Sequence[str]]]] = {}
    left_out: list[str] = []
    with Engine(source.bank, options.threads) as engine:
        dates = origin_dates(source, engine, options)
        plans = [plan_targets(source.bank, engine, day) for day in dates]
        build(source, {day for plan in plans for day in plan.dates}, progress)
        for place, (day, plan) in enumerate(zip(dates, plans, strict=True)):
            tell(f"backtest {day}", place / len(dates))
            for origin in _origins(source, engine, plan, options, left_out):
                origins.setdefault(origin.trained.key, []).append(origin)
                segments.setdefault(origin.trained.key, []).append(
                    people_at(engine, day, origin.test.customer_ids, SEGMENTS)
                )
    if not origins:
        raise TrainingError("backtest: no target could be tested. " + "; ".join(left_out))
    tell("figures", 0.0)
    models = tuple(judge(origins[key], segments[key], options.seed) for key in sorted(origins, key=_place))
    folder = home.reports / "backtest"
    folder.mkdir(parents=True, exist_ok=True)
    report = BacktestReport(
        tuple(dates), models, tuple(dict.fromkeys(left_out)), folder / "report.html", folder / "report.json"
    )
    report.json.write_text(json.dumps(report.to_dict(), indent=1), encoding="utf-8")
    manifest = source.bank.manifest
    currency = Currency(manifest.currency, manifest.currency_decimals)
    write_backtest_page(models, dates, report.left_out, currency, report.html, language)
    tell("figures", 0.9)
    params: dict[str, str | int] = {
        "dates": ",".join(map(str, dates)),
        "step": options.step,
        "seed": options.seed,
    }
    run_id = record_backtest(home, models, params, run_tags(manifest), (report.html, report.json))
    tell("figures", 1.0)
    return replace(report, run_id=run_id)


def origin_dates(source: Store, engine: Engine, options: BacktestOptions) -> list[date]:
    """Choose the test dates, oldest first: the newest ripe one of the shortest churn label, and those steps before it.

    Where `outcomes` has the labels, its newest dates.

    Raises
    ------
    PipelineError
        There is none, or outcomes has a single date: nothing lies before it to train on.
    """
    plan = plan_targets(source.bank, engine, options.test_as_of)
    if plan.from_outcomes:
        known = sorted({day for item in plan.schedules for day in (*item.train, item.test)})
        if len(known) < 2:
            raise PipelineError(
                f"backtest: expected outcomes at two as_of dates or more; got {known[0]} alone, and nothing before it "
                "to train on. `bellwether train` tests it on customers left out."
            )
        return known[1:][-options.dates :]
    manifest = source.bank.manifest
    horizon = min(item.horizon for item in plan.schedules if item.horizon is not None)
    newest = options.test_as_of or newest_ripe(
        manifest.data_until, read_policy("targets")["gap_days"] + horizon
    )
    first = min(manifest.data_from.values(), default=manifest.data_until)
    found = [months_before(newest, options.step * back) for back in range(options.dates)]
    return [day for day in reversed(found) if day > first]


def _origins(
    source: Store, engine: Engine, plan: Plan, options: BacktestOptions, left_out: list[str]
) -> list[Origin]:
    """Train and test what can be at one date; the reasons why others cannot are added to `left_out`."""
    left_out += plan.left_out
    datasets = read_datasets(source, engine, plan)
    seen = codes_seen((rows for rows, _ in datasets.values()), source.bank.codes)
    has_balances = "balances" in source.bank.manifest.tables
    rules = train_rules(source.bank, options.seed, options.threads)
    lifetimes = _lifetimes(engine, plan, options.seed, left_out)
    found = []
    for item in plan.schedules:
        rows, test = datasets[item.key]
        if test is None or not len(test):
            left_out.append(f"{item.target} at {item.test}: no training or no test row")
            continue
        try:
            others = lifetimes.scores(item, test, has_balances=has_balances) if lifetimes else {}
            found.append(
                run_origin(
                    item,
                    rows,
                    without_unseen(test, seen),
                    rules,
                    scale_of=scale_rule(source.bank, item),
                    others=others,
                )
            )
        except TrainingError as refusal:
            left_out.append(f"{item.test}: {refusal}")
    return found


def _lifetimes(engine: Engine, plan: Plan, seed: int, left_out: list[str]) -> LifetimeRule | None:
    """Fit the buy-till-you-die rule at the plan's test date; why it cannot be goes to `left_out`."""
    churn = [item for item in plan.schedules if item.target == "churn" and item.horizon is not None]
    found = lifetime_rule(engine, churn[0].test, seed) if churn else None
    if isinstance(found, str):
        left_out.append(found)
        return None
    return found


def _place(key: str) -> tuple[int, int]:
    """Order of a model, such as churn_90: by target, then horizon."""
    target, _, horizon = key.partition("_")
    return TARGETS.index(target), int(horizon or 0)


def _model(model: ModelReport) -> dict[str, Any]:
    return {
        "headline": model.headline,
        "by_date": {day.isoformat(): _judged(one) for day, one in model.by_date.items()},
        "mean": _judged(model.mean),
        "never_seen": _judged(model.new),
        "ahead_of": {rule: _interval(found) for rule, found in model.ahead.items()},
        "segments": [
            {"name": part.name, "value": part.value, **_judged(part.judged)} for part in model.segments
        ],
    }


def _judged(one: Judged) -> dict[str, Any]:
    figures = {
        rule: {name: _interval(found) for name, found in table.items()} for rule, table in one.table.items()
    }
    return {"rows": one.rows, "events": None if isnan(one.events) else one.events, "figures": figures}


def _interval(found: Interval) -> dict[str, float | None]:
    return {name: None if isnan(value) else value for name, value in asdict(found).items()}
