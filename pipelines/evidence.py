"""What a challenger is judged on: known outcomes, of customers and dates that trained neither bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features import store as feast_store
from features.policy.gate import GatePolicy
from pipelines.build import Progress, Store, build
from pipelines.drift import Bins
from pipelines.engine import Engine
from pipelines.errors import PipelineError
from pipelines.labels import can_compute, own_outcomes, read_labels
from pipelines.monitor import PREDICTION, bin_count
from pipelines.people import GROUPS, people_at
from serving.bundle import Bundle, FeatureFrame
from serving.manifest import TargetSpec
from serving.model import ModelOutput
from training.challenge import Case, Forecast, Outcomes, Scores
from training.promote import top_agreement
from training.splits import Schedule, kept_for_test, newest_ripe

HIGH = 2
"""Place of the band "high" among `serving.calibration.BANDS`."""

Obstacles = dict[str, tuple[str, Mapping[str, str]]]


@dataclass(frozen=True, eq=False)
class Pair:
    """The two bundles; the champion is None where nothing serves."""

    challenger: Bundle
    champion: Bundle | None

    @property
    def sides(self) -> Mapping[str, Bundle]:
        """Both by name, as far as they are there."""
        found = {"challenger": self.challenger, "champion": self.champion}
        return {name: bundle for name, bundle in found.items() if bundle is not None}

    def names(self) -> tuple[str, ...]:
        """Features that either reads."""
        return tuple(dict.fromkeys(name for bundle in self.sides.values() for name in bundle.names))


def read_case(source: Store, pair: Pair, policy: GatePolicy, progress: Progress | None = None) -> Case:
    """Read labels, features and groups at each model's newest ripe date, and ask both bundles.

    Raises
    ------
    PipelineError
        The tables do not have the challenger's features.
    """
    tell = progress or (lambda _text, _share: None)
    obstacles: Obstacles = {}
    has_champion = pair.champion is not None
    pair = _readable(source, pair, obstacles)
    today = source.bank.manifest.data_until
    with Engine(source.bank) as engine:
        outcomes = own_outcomes(engine)
        schedules = _schedules(source, pair, outcomes, obstacles)
        dates = sorted({today, *(item.test for item in schedules)})
        build(source, dates, progress)
        tell("gate: features", 0.1)
        frames = _read_dates(source, dates, pair.names())
        tell("gate: outcomes", 0.3)
        found = []
        for item in schedules:
            labels = read_labels(source, engine, item, outcomes)
            rows = _outcomes_of(_At(frames, engine, policy, pair), item, labels, obstacles)
            if rows is not None:
                found.append(rows)
    tell("gate: scores of today", 0.6)
    scores = _scores(source, pair, today, frames[today])
    tell("gate: figures", 0.8)
    return Case(tuple(found), scores, obstacles, has_champion)


def _readable(source: Store, pair: Pair, obstacles: Obstacles) -> Pair:
    """Leave the champion out where these tables lack its features, and name what it has and the challenger has not."""
    known = set(source.bank.catalogue.names)
    missing = {side: sorted(set(bundle.names) - known) for side, bundle in pair.sides.items()}
    if missing["challenger"]:
        raise PipelineError(
            f"promote: expected tables with every feature that the challenger reads; {len(missing['challenger'])} are "
            f"missing, such as {missing['challenger'][0]}. Give the tables that it is to serve with --data."
        )
    if pair.champion is None:
        return pair
    mine = {target.key: target for target in pair.challenger.manifest.targets}
    for target in pair.champion.manifest.targets:
        if target.key not in mine:
            obstacles[target.key] = "lost_model", {}
        elif missing["champion"]:
            obstacles[target.key] = "champion_features", {"feature": missing["champion"][0]}
    return Pair(pair.challenger, None) if missing["champion"] else pair


def _schedules(
    source: Store, pair: Pair, outcomes: Mapping[str, pa.Table], obstacles: Obstacles
) -> list[Schedule]:
    """Choose each model's date: the newest whose outcomes are ripe, if no label of its training looks beyond it."""
    found = []
    for target in pair.challenger.manifest.targets:
        day = _newest(source, pair, target, outcomes)
        if day is None:
            obstacles[target.key] = "no_outcomes", {}
            continue
        late = trained_later(pair, target.key, day)
        if late is None:
            found.append(Schedule(target.target, target.horizon_days, (), day))
        else:
            obstacles[target.key] = late
    return found


def _newest(source: Store, pair: Pair, target: TargetSpec, outcomes: Mapping[str, pa.Table]) -> date | None:
    if target.horizon_days is None:
        known = outcomes.get(target.target)
        return None if known is None else max(known["as_of"].to_pylist())
    if not can_compute(target.target, frozenset(source.bank.manifest.tables)):
        return None
    days = target.gap_days + target.horizon_days
    until = source.bank.manifest.data_until
    tested = [_tested_on(bundle, target.key) for bundle in pair.sides.values()]
    ripe = [day for day in tested if day is not None and day + timedelta(days=days) <= until]
    return max(newest_ripe(until, days), *ripe) if ripe else newest_ripe(until, days)


def trained_later(pair: Pair, key: str, day: date) -> tuple[str, Mapping[str, str]] | None:
    """Say which bundle was trained on labels that look beyond the date, or does not say; None: neither."""
    for side, bundle in pair.sides.items():
        if key not in {target.key for target in bundle.manifest.targets}:
            continue
        tested = _tested_on(bundle, key)
        if tested is None:
            return f"{side}_without_dates", {}
        if tested > day:
            return f"{side}_knows", {"as_of": day.isoformat(), "tested": tested.isoformat()}
    return None


def _tested_on(bundle: Bundle, key: str) -> date | None:
    value = bundle.manifest.lineage.metrics.get(key, {}).get("test_as_of")
    return date.fromisoformat(value) if isinstance(value, str) else None


@dataclass(frozen=True, eq=False)
class _At:
    """What outcomes are put together from: features by as_of, the engine, the policy, and the two bundles."""

    frames: Mapping[date, pa.Table]
    engine: Engine
    policy: GatePolicy
    pair: Pair


def _outcomes_of(at: _At, item: Schedule, labels: pa.Table, obstacles: Obstacles) -> Outcomes | None:
    """Put labels, forecasts and groups side by side, without customers that a bundle was trained on at this date."""
    ids = labels["customer_id"].to_pylist()
    kept = np.ones(len(ids), dtype=np.bool_)
    for bundle in at.pair.sides.values():
        kept &= unseen(bundle, item, ids)
    if not kept.any():
        obstacles[item.key] = "no_outcomes", {}
        return None
    labels = labels.filter(pa.array(kept))
    ids = labels["customer_id"].to_pylist()
    frame = _frame(at.frames[item.test], item.test, at.pair.names(), ids)
    forecasts = {
        side: _forecast(bundle.predict(frame, threads=2).outputs[item.key])
        for side, bundle in at.pair.sides.items()
        if any(target.key == item.key for target in bundle.manifest.targets)
    }
    kind = next(target.kind for target in at.pair.challenger.manifest.targets if target.key == item.key)
    return Outcomes(
        key=item.key, kind=kind, as_of=item.test, customer_ids=tuple(ids),
        label=_floats(labels["label"]), level=_floats(labels["level"]),
        groups=people_at(at.engine, item.test, ids, GROUPS, at.policy.age_bands),
        challenger=forecasts["challenger"], champion=forecasts.get("champion"),
    )  # fmt: skip


def unseen(bundle: Bundle, item: Schedule, ids: Sequence[str]) -> NDArray[np.bool_]:
    """Mark customers that a bundle was not trained on at a date: `train_target` keeps a fifth for the test."""
    lineage = bundle.manifest.lineage
    metrics = lineage.metrics.get(item.key, {})
    if metrics.get("validation") != "customers" or _tested_on(bundle, item.key) != item.test:
        return np.ones(len(ids), dtype=np.bool_)
    return kept_for_test(ids, lineage.seeds["training"])


def _read_dates(source: Store, dates: Sequence[date], names: tuple[str, ...]) -> dict[date, pa.Table]:
    """Read some as_of through Feast in one go: what it costs hangs on how often it is asked, not on the rows."""
    parts = []
    for day in dates:
        ids = source.statuses(day)["customer_id"]
        parts.append(pa.table({"customer_id": ids, "as_of": pa.array([day] * len(ids), pa.date32())}))
    table = feast_store.read_training_frame(
        source.directory, pa.concat_tables(parts), names, source.bank.manifest.zone
    )
    days = table["as_of"]
    return {day: table.filter(pc.equal(days, pa.scalar(day, pa.date32()))) for day in dates}


def _frame(table: pa.Table, as_of: date, names: tuple[str, ...], ids: Sequence[str]) -> FeatureFrame:
    place = {name: row for row, name in enumerate(table["customer_id"].to_pylist())}
    table = table.take(pa.array([place[name] for name in ids]))
    values = np.column_stack([_floats(table[name]) for name in names])
    return FeatureFrame(tuple(ids), as_of.isoformat(), names, values)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _forecast(output: ModelOutput) -> Forecast:
    ends = None if output.low is None or output.high is None else (output.low, output.high)
    return Forecast(output.prediction, ends, None if output.band is None else output.band == HIGH)


def _scores(source: Store, pair: Pair, today: date, features: pa.Table) -> tuple[Scores, ...]:
    """Scores of everyone who can be scored today, in bins of the challenger's reference."""
    statuses = source.statuses(today)
    ids = statuses.filter(pc.equal(statuses["status_code"], 0.0))["customer_id"].to_pylist()
    frame = _frame(features, today, pair.names(), ids)
    outputs = {side: bundle.predict(frame, threads=2).outputs for side, bundle in pair.sides.items()}
    reference, metrics = pair.challenger.reference(), pair.challenger.manifest.lineage.metrics
    found = []
    for key, output in outputs["challenger"].items():
        before = _floats(reference[f"{PREDICTION}{key}"])
        bins = Bins.of(before, bin_count(min(len(before), len(ids))))
        counts = [
            np.bincount(bins.codes(each), minlength=bins.missing + 1) for each in (before, output.prediction)
        ]
        other = outputs.get("champion", {}).get(key)
        agreement = metrics.get(key, {}).get("reason_agreement")
        found.append(
            Scores(
                key, today, counts[0], counts[1],
                None if other is None else top_agreement(output.prediction, other.prediction),
                agreement if isinstance(agreement, float) else None,
            )
        )  # fmt: skip
    return tuple(found)
