"""Which labels a bank can train on, on which dates; and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features import store as feast_store
from features.policy import read_policy
from features.windows import customer_numbers
from pipelines.build import Store
from pipelines.engine import Bank, Engine
from pipelines.errors import PipelineError
from training import arrears, targets
from training.splits import Schedule, ScheduleRules, Span, longest, schedule

TARGETS = ("churn", "growth", "loyalty", "default", "response")
EXPRESSIONS = {
    "churn": targets.churn,
    "growth": targets.growth,
    "loyalty": targets.loyalty,
    "default": arrears.default,
}
_ACTIVITY = frozenset({"transactions", "balances"})
_NEEDED: Mapping[str, frozenset[str]] = {"default": frozenset({"loans", "repayments"})}


@dataclass(frozen=True)
class Plan:
    """What will be trained: one schedule per model, and in words why the others are left out."""

    schedules: tuple[Schedule, ...]
    left_out: tuple[str, ...]
    from_outcomes: frozenset[str]
    outcomes: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def dates(self) -> tuple[date, ...]:
        """Every as_of that the plan needs, oldest first."""
        return tuple(sorted({as_of for item in self.schedules for as_of in (*item.train, item.test)}))


def plan_targets(bank: Bank, engine: Engine, test_as_of: date | None) -> Plan:
    """Choose targets, horizons and dates for a bank.

    A target with rows in `outcomes` takes its spine from there. `default` is computed where loans and
    repayments exist.

    Raises
    ------
    PipelineError
        Nothing can be trained: says why, target by target.
    """
    policy = read_policy("targets")
    outcomes = own_outcomes(engine)
    chosen: list[Schedule] = []
    left_out: list[str] = []
    for target in TARGETS:
        if target in outcomes:
            found = _outcome_schedule(target, outcomes[target], test_as_of)
            chosen.append(found)
        elif target in EXPRESSIONS and can_compute(target, frozenset(bank.manifest.tables)):
            schedules, refused = _computed(target, bank, policy, test_as_of)
            chosen.extend(schedules)
            left_out.extend(refused)
        else:
            left_out.append(f"{target}: no label can be computed from these tables, and outcomes has none")
    if not chosen:
        raise PipelineError("training: nothing can be trained. " + "; ".join(left_out))
    return Plan(tuple(chosen), tuple(left_out), frozenset(outcomes), outcomes)


def can_compute(target: str, tables: frozenset[str]) -> bool:
    """Say whether a bank with these tables has what a target's label is computed from."""
    return bool(_ACTIVITY & tables) and tables >= _NEEDED.get(target, frozenset())


def own_outcomes(engine: Engine) -> dict[str, pa.Table]:
    """Read the bank's own labels by target: customer_id, as_of, target, value; oldest first."""
    if "outcomes" not in engine.tables:
        return {}
    rows = engine.tables["outcomes"]
    rows = rows.filter(rows.until_day == targets.FOREVER).select("customer_id", "as_of", "target", "value")
    table = engine.fetch(rows).sort_by([("as_of", "ascending"), ("customer_id", "ascending")])
    names = sorted(set(table["target"].to_pylist()))
    return {name: table.filter(pc.equal(table["target"], name)) for name in names}


def _outcome_schedule(target: str, rows: pa.Table, test_as_of: date | None) -> Schedule:
    dates = sorted(set(rows["as_of"].to_pylist()))
    test = dates[-1] if test_as_of is None else test_as_of
    if test not in dates:
        raise PipelineError(
            f"outcomes, target {target}: expected a test as_of that has outcomes ({dates[0]} to {dates[-1]}); "
            f"got {test}"
        )
    return Schedule(target=target, horizon=None, train=tuple(day for day in dates if day < test), test=test)


def _computed(
    target: str, bank: Bank, policy: Mapping[str, Any], test_as_of: date | None
) -> tuple[list[Schedule], list[str]]:
    training = policy["training"]
    span = Span(first=first_day(bank), until=bank.manifest.data_until)
    horizons: Sequence[int] = policy[target]["horizons"]
    least = 1 if target == "churn" else training["minimum_dates"]
    rules = ScheduleRules(
        policy["gap_days"], least, training["maximum_dates"], training["minimum_history_days"]
    )
    back = {days: previous_window(target, days, bank) for days in horizons}
    if target != "churn":
        one, refused = longest(target, horizons, span, test_as_of, rules, back)
        return ([one] if one else []), list(refused) if one is None else []
    found = [schedule(target, days, span, test_as_of, rules) for days in horizons]
    return (
        [item for item in found if isinstance(item, Schedule)],
        [item for item in found if isinstance(item, str)],
    )


def previous_window(target: str, horizon: int, bank: Bank) -> int:
    """Return how many days before as_of a label itself looks back on, of which the data have to know."""
    if target != "growth":
        return 0
    has_balances = "balances" in bank.manifest.tables
    return int(read_policy("targets")["growth"]["base_window_days"]) if has_balances else horizon


def first_day(bank: Bank) -> date:
    """First day of the table that activity is read from."""
    starts = bank.manifest.data_from
    return starts["transactions"] if "transactions" in starts else starts["balances"]


def labels_of(source: Store, engine: Engine, plan: Plan, item: Schedule) -> tuple[pa.Table, pa.Table]:
    """Read the labels of one model: training rows and test rows, each customer_id, as_of, label and level.

    Training labels are seen as the bank knew them on the test date; test labels as it knows them today.
    """
    if item.target in plan.from_outcomes:
        return _outcome_labels(item, plan.outcomes[item.target])
    train = _labels_at(source, engine, item, item.train, feast_store.day_number(item.test))
    return train, _labels_at(source, engine, item, (item.test,), source.bank.until_day)


def _outcome_labels(item: Schedule, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    table = pa.table(
        {
            "customer_id": rows["customer_id"],
            "as_of": rows["as_of"],
            "label": rows["value"].cast(pa.float64()),
            "level": pa.array(np.full(rows.num_rows, np.nan)),
        }
    )
    return (
        table.filter(pc.less(table["as_of"], pa.scalar(item.test, pa.date32()))),
        table.filter(pc.equal(table["as_of"], pa.scalar(item.test, pa.date32()))),
    )


def read_labels(source: Store, engine: Engine, item: Schedule, outcomes: Mapping[str, pa.Table]) -> pa.Table:
    """Read the labels of one model at its test date, as the bank knows them today.

    One row per (customer_id, as_of): label and level. `outcomes` are the bank's own labels by target.
    """
    if item.horizon is None:
        return _outcome_labels(item, outcomes[item.target])[1]
    return _labels_at(source, engine, item, (item.test,), source.bank.until_day)


def _labels_at(
    source: Store, engine: Engine, item: Schedule, dates: Sequence[date], known_at: int
) -> pa.Table:
    """Compute the labels of one model at some dates, from what was known on day `known_at`."""
    assert item.horizon is not None
    policy = read_policy("targets")
    decimals = source.bank.manifest.currency_decimals
    eligible = engine.load(f"eligible_{item.key}", _eligible(source, dates))
    numbers = customer_numbers(engine.tables)
    spine = engine.keep(f"label_spine_{item.key}", eligible.join(numbers, "customer_id"))
    settings = targets.LabelSettings(known_at=known_at, decimals=decimals, gap=policy["gap_days"])
    label = engine.fetch(EXPRESSIONS[item.target](engine.tables, spine, item.horizon, settings))
    if "level" not in label.column_names:
        label = label.append_column("level", pa.array(np.full(label.num_rows, np.nan)))
    label = label.filter(pc.is_valid(label["label"]))
    return label.select(["customer_id", "as_of", "label", "level"]).sort_by(
        [("as_of", "ascending"), ("customer_id", "ascending")]
    )


def _eligible(source: Store, dates: Sequence[date]) -> pa.Table:
    """Return customers who can be scored at each date: customer_id, as_of, as_of_day."""
    parts = []
    for as_of in dates:
        statuses = source.statuses(as_of)
        ids = statuses.filter(pc.equal(statuses["status_code"], 0.0))["customer_id"].combine_chunks()
        parts.append(
            pa.table(
                {
                    "customer_id": ids,
                    "as_of": pa.array([as_of] * len(ids), pa.date32()),
                    "as_of_day": pa.array([feast_store.day_number(as_of)] * len(ids), pa.int32()),
                }
            )
        )
    return pa.concat_tables(parts)
