"""Rows of the definition lab: who could be scored when, and what became of them, fetched as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.groups.profile import status
from features.policy import read_policy
from features.policy.lab import LabPolicy
from features.store import day_number
from features.windows import KEYS
from pipelines.build import ROWS_AT_ONCE
from pipelines.engine import Engine
from pipelines.labels import EXPRESSIONS
from training import lab_labels, targets
from training.lab import NEVER, Called, ChurnSigns, Days, Flags, Floats, Frame, Rows, churn_definitions
from training.lab_figures import Falls, falling_blocks
from training.lab_others import (
    Amounts,
    LateSigns,
    default_definitions,
    given_definitions,
    growth_definitions,
    loyalty_definitions,
)


def eligible_rows(engine: Engine, dates: Sequence[date]) -> pa.Table:
    """Read who can be scored at each date, by the same rule as the feature store's status; no feature is built.

    Columns customer_id, customer_no, as_of, as_of_day, in order of as_of, then customer_no.
    """
    least = int(read_policy("targets")["min_tenure_days"])
    if not dates:
        return pa.table({})
    at_once = max(1, ROWS_AT_ONCE // max(1, engine.customers()))
    run = engine.run_of(dates)
    parts = []
    for start in range(0, len(dates), at_once):
        with engine.spine(run, dates[start : start + at_once]) as (tables, spine):
            code = status(tables, spine, least)
            found = spine.join(code.filter(code.status_code == 0.0).select(*KEYS), KEYS)
            parts.append(engine.fetch(found.select("customer_id", "customer_no", "as_of", "as_of_day")))
    return pa.concat_tables(parts).sort_by([("as_of_day", "ascending"), ("customer_no", "ascending")])


@dataclass(frozen=True, eq=False)
class LabReader:
    """Reads the tables of one bank for the lab, as the bank knows them at `settings.known_at`."""

    engine: Engine
    policy: LabPolicy
    settings: targets.LabelSettings
    eligible: pa.Table

    def definitions(self, target: str, horizon: int, dates: Sequence[date]) -> list[Called]:
        """Call by every definition of a target and horizon in the grid, at some as_of dates."""
        wanted = pa.array([day_number(day) for day in dates], pa.int32())
        table = self.eligible.filter(pc.is_in(self.eligible["as_of_day"], wanted))
        rows = Rows(_days(table, "customer_no"), _days(table, "as_of_day"))
        frame = Frame(horizon, self.policy, own_thresholds(self.settings.policy), self.settings.decimals)
        days = self.settings.gap + horizon + self.policy.measures.follow_up_days
        followed = rows.as_of_day + days <= self.settings.known_at
        with self.engine.scratch():
            asked = _Asked(self, rows, table["customer_id"], self.engine.load("lab_rows", table), horizon)
            match target:
                case "churn":
                    return churn_definitions(asked.churn(frame), frame, followed)
                case "growth":
                    return growth_definitions(asked.amounts("growth"), frame, followed)
                case "loyalty":
                    return loyalty_definitions(asked.amounts("loyalty"), frame, followed)
                case _:
                    return default_definitions(rows, asked.late(frame), frame, followed)


def given_labels(engine: Engine, policy: LabPolicy) -> Mapping[str, list[Called]]:
    """Call by the bank's own labels: target -> definitions."""
    if "outcomes" not in engine.tables:
        return {}
    rows = engine.tables["outcomes"]
    rows = rows.filter(rows.until_day == targets.FOREVER).select("customer_no", "as_of", "target", "value")
    table = engine.fetch(rows).sort_by([("as_of", "ascending"), ("customer_no", "ascending")])
    shares = policy.grid["loyalty.low_share"]
    found = {}
    for target in sorted(set(table["target"].to_pylist())):
        part = table.filter(pc.equal(table["target"], target))
        as_of = part["as_of"].cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
        value = part["value"].cast(pa.float64()).to_numpy()
        found[target] = given_definitions(target, Rows(_days(part, "customer_no"), as_of), value, shares)
    return found


def falls_before(engine: Engine, policy: LabPolicy, settings: targets.LabelSettings, key: Days) -> Falls:
    """Look before each (customer, day) pair for how long its level had been falling: balances, else turnover."""
    measures, tables = policy.measures, engine.tables
    pairs = Rows(key % 2**32, key // 2**32)
    levels = np.full((len(key), measures.lead_blocks + measures.reference_blocks), np.nan)
    share = measures.fall_share_balances
    if len(key) and ("balances" in tables or "transactions" in tables):
        loaded = engine.load("lab_pairs", _pairs(pairs))
        found = engine.fetch(lab_labels.block_levels(tables, loaded, measures, settings))
        place = pairs.places(_days(found, "customer_no"), _days(found, "as_of_day"))
        levels[place, _days(found, "block")] = found["level"].to_numpy()
        if "balances" not in tables:
            share = measures.fall_share_turnover
            known = (pairs.as_of_day - tables.first_day["transactions"]) // measures.block_days
            is_known = np.arange(levels.shape[1])[None, :] < known[:, None]
            levels = np.where(is_known, np.nan_to_num(levels), np.nan)  # known, and no turnover: 0
    return Falls(key, falling_blocks(levels, measures, share), measures.block_days, measures.lead_blocks)


def own_thresholds(policy: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the thresholds of the label that `train` uses, by their names in the lab's grid."""
    churn = ("inactive_run_days", "drained_share", "drained_minimum_fall")
    own = {f"churn.{name}": float(policy["churn"][name]) for name in churn}
    return {**own, "default.late_days": float(policy["default"]["late_days"])}


def with_threshold(
    settings: targets.LabelSettings, target: str, name: str, value: float
) -> targets.LabelSettings:
    """Return the label's settings with another threshold of its policy."""
    changed = {**settings.policy, target: {**settings.policy[target], name: value}}
    return replace(settings, policy=changed)


@dataclass(frozen=True, eq=False)
class _Asked:
    """One target and horizon over its rows: each question to the tables, answered as an array over them."""

    reader: LabReader
    rows: Rows
    ids: pa.ChunkedArray
    spine: ir.Table
    horizon: int

    def churn(self, frame: Frame) -> ChurnSigns:
        engine, settings, days = self.reader.engine, self.reader.settings, self._follow_up
        tables = engine.tables
        moments = engine.keep("lab_moments", targets.label_windows(self.spine, self.horizon, settings))
        nothing = np.full(len(self.rows), np.nan)
        silent, base, ends, assets = None, nothing, None, nothing
        active = np.zeros(len(self.rows), dtype=bool)
        low: dict[float, Days] = {}
        if "transactions" in tables:
            runs = [int(run) for run in frame.tried("churn.inactive_run_days") if run <= self.horizon]
            silent = {run: self._silent(moments, run) for run in runs}
            active = self._flags(lab_labels.active_after(tables, moments, days, settings))
        if "balances" in tables:
            base, ends = self._ends(moments)
            levels = engine.load("lab_levels", self._ever_drained(base, ends, frame))
            levels = levels.join(moments.select(*KEYS, "first", "stop"), KEYS)
            for share in frame.tried("churn.drained_share"):
                low[share] = self._days(lab_labels.low_days(tables, levels, share, settings))
            assets = self._floats(lab_labels.assets_after(tables, moments, days, settings), "mean")
        closed = self._days(lab_labels.closing_days(tables, moments, settings))
        return ChurnSigns(self.rows, closed, silent, base, ends, low, active, assets)

    def amounts(self, target: str) -> Amounts:
        engine, settings = self.reader.engine, self.reader.settings
        later = replace(settings, gap=settings.gap + self._follow_up)
        now, then = (
            self._labelled(engine.fetch(EXPRESSIONS[target](engine.tables, self.spine, self.horizon, each)))
            for each in (settings, later)
        )
        first = self.rows.as_of_day + settings.gap
        return Amounts(self.rows, now["label"], then["label"], now.get("level", now["label"]), first)

    def late(self, frame: Frame) -> dict[int, LateSigns]:
        engine = self.reader.engine
        found = {}
        for days in map(int, frame.tried("default.late_days")):
            settings = with_threshold(self.reader.settings, "default", "late_days", days)
            moments = targets.label_windows(self.spine, self.horizon, settings)
            label = engine.fetch(EXPRESSIONS["default"](engine.tables, self.spine, self.horizon, settings))
            still = lab_labels.late_after(engine.tables, moments, self._follow_up, settings)
            found[days] = LateSigns(
                label=self._labelled(label)["label"],
                day=self._days(lab_labels.late_days(engine.tables, moments, settings)),
                is_still=self._flags(still),
            )
        return found

    @property
    def _follow_up(self) -> int:
        return self.reader.policy.measures.follow_up_days

    def _silent(self, moments: ir.Table, run: int) -> Days:
        settings = with_threshold(self.reader.settings, "churn", "inactive_run_days", run)
        return self._days(lab_labels.silent_days(self.reader.engine.tables, moments, settings))

    def _ends(self, moments: ir.Table) -> tuple[Floats, dict[int, Floats]]:
        """Mean assets before as_of, and at the end of each listed horizon."""
        engine, settings = self.reader.engine, self.reader.settings
        base, ends = np.full(len(self.rows), np.nan), {}
        for horizon in targets.listed_horizons(self.horizon, settings):
            found = engine.fetch(lab_labels.asset_ends(engine.tables, moments, horizon, settings))
            base[self._places(found)] = found["base"].to_numpy()
            ends[horizon] = np.full(len(self.rows), np.nan)
            ends[horizon][self._places(found)] = found["end"].to_numpy()
        return base, ends

    def _ever_drained(self, base: Floats, ends: Mapping[int, Floats], frame: Frame) -> pa.Table:
        """Rows drained by the least strict thresholds of the grid, with their base."""
        share = max(frame.tried("churn.drained_share"))
        hit = np.zeros(len(self.rows), dtype=bool)
        for end in ends.values():
            hit |= targets.is_drained(base, end, share, 0.0)
        pairs = _pairs(Rows(self.rows.customer_no[hit], self.rows.as_of_day[hit]))
        return pairs.append_column("base", pa.array(base[hit], pa.float64()))

    def _places(self, found: pa.Table) -> NDArray[np.intp]:
        return self.rows.places(_days(found, "customer_no"), _days(found, "as_of_day"))

    def _days(self, answer: ir.Table) -> Days:
        """Return the answer's column `day`; NEVER for rows without."""
        found = self.reader.engine.fetch(answer)
        days = np.full(len(self.rows), NEVER, dtype=np.int64)
        days[self._places(found)] = _days(found, "day")
        return days

    def _flags(self, answer: ir.Table) -> Flags:
        """Return whether each row is in the answer."""
        flags = np.zeros(len(self.rows), dtype=bool)
        flags[self._places(self.reader.engine.fetch(answer))] = True
        return flags

    def _floats(self, answer: ir.Table, column: str) -> Floats:
        """Return a column of the answer; NaN for rows without."""
        found = self.reader.engine.fetch(answer)
        values = np.full(len(self.rows), np.nan)
        values[self._places(found)] = found[column].to_numpy()
        return values

    def _labelled(self, found: pa.Table) -> dict[str, Floats]:
        """Return label and level over the rows: customers' numbers are in the order of their ids."""
        found = found.sort_by([("as_of", "ascending"), ("customer_id", "ascending")])
        assert found["customer_id"].combine_chunks().equals(self.ids.combine_chunks())
        names = [name for name in found.column_names if name in {"label", "level"}]
        return {name: found[name].cast(pa.float64()).to_numpy() for name in names}


def _pairs(rows: Rows) -> pa.Table:
    return pa.table(
        {
            "customer_no": pa.array(rows.customer_no, pa.int32()),
            "as_of_day": pa.array(rows.as_of_day, pa.int32()),
        }
    )


def _days(table: pa.Table, column: str) -> Days:
    days: Days = table[column].to_numpy().astype(np.int64)
    return days
