"""What reasons cost: scoring a population with explanations, against LightGBM's bare predictions of it."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.policy.factors import read_factors
from serving.bundle import Bundle, FeatureFrame
from serving.calibration import Calibration, Interval, Knots, Scale
from serving.factors import Scored
from serving.manifest import DataRange, FeatureSpec, Lineage, TargetSpec
from serving.model import ModelOutput
from serving.rank import strongest
from serving.tables import FloatArray
from training.compile import compile_booster
from training.factors import READ, plan_sheet
from training.package import BundleParts, ModelParts, write_bundle

THREADS = 2
REASONS = 5
TREES = 400
LEARNED_ROWS = 20_000
CONTRIB_ROWS = 3_000
GROUP_ROWS = 16_384
REPEATS = 3
LIBRARIES = ("lightgbm", "numba", "numpy", "pyarrow")
_SCALE = "feature_000"
IN_FORCE = date(2026, 1, 1)
Kind = Literal["probability", "share", "amount"]


@dataclass(frozen=True, eq=False)
class _Case:
    """A population in a Parquet file, a bundle for it, and the boosters it was compiled from.

    `valued` is the same bundle with the five factors and groups.
    """

    values: FloatArray
    path: Path
    bundle: Bundle
    valued: Bundle
    boosters: tuple[Any, ...]


def bench_score(
    rows: int = 200_000, features: int = 60, seed: int = 1, progress: Callable[[str], None] | None = None
) -> dict[str, object]:
    """Time scores with top-5 reasons of three models, Parquet to Parquet, against bare predictions.

    The floor is LightGBM's plain prediction of the same rows by the same three models, from memory to memory;
    both use two threads, after a warm-up, by turns, and the median of three counts. `pred_contrib` runs over
    3,000 rows and is scaled up.

    Returns
    -------
    The shape of contract.md, "The command line", `bench`: seconds in `figures` and `floor`.
    """
    say = progress or (lambda _: None)
    with TemporaryDirectory() as directory:
        say(f"drawing {rows} rows of {features} features, training three models")
        case = _make_case(Path(directory), rows, features, seed)
        out = Path(directory, "scores.parquet")
        say("warming up")
        _score(case, case.valued, out)
        _plain(case, case.values[:CONTRIB_ROWS])
        explained, valued, plain = [], [], []
        for repeat in range(REPEATS):
            say(f"measuring, {repeat + 1} of {REPEATS}")
            explained.append(_timed(lambda: _score(case, case.bundle, out)))
            valued.append(_timed(lambda: _score(case, case.valued, out)))
            plain.append(_timed(lambda: _plain(case, case.values)))
        say("measuring pred_contrib")
        part = case.values[:CONTRIB_ROWS]
        contrib = _timed(lambda: _contrib(case, part)) * rows / len(part)
        written = pq.ParquetFile(out).metadata.num_rows
    if written != rows:
        raise RuntimeError(f"scores: expected {rows} rows, got {written}. Report this with the seed {seed}.")
    medians = [statistics.median(times) for times in (explained, valued, plain)]
    return _report(rows, len(case.bundle.names), (medians[0], medians[1], medians[2]), contrib)


def _report(rows: int, features: int, times: tuple[float, float, float], contrib: float) -> dict[str, object]:
    explained, valued, plain = times
    return {
        "name": "score",
        "figures": {
            "score.rows": rows,
            "score.features": features,
            "score.models": 3,
            "score.explained_seconds": explained,
            "score.explained_us_per_row": explained / rows * 1e6,
            "score.with_factors_seconds": valued,
            "score.pred_contrib_seconds": contrib,
        },
        "floor": {"score.plain_seconds": plain, "score.plain_us_per_row": plain / rows * 1e6},
        "ratios": {
            "score.explained_over_plain": explained / plain,
            "score.pred_contrib_over_explained": contrib / explained,
            "score.with_factors_over_explained": valued / explained,
        },
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
    }


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _plain(case: _Case, values: FloatArray) -> None:
    for booster in case.boosters:
        booster.predict(values, num_threads=THREADS)


def _contrib(case: _Case, values: FloatArray) -> None:
    for booster in case.boosters:
        booster.predict(values, pred_contrib=True, num_threads=THREADS)


def _score(case: _Case, bundle: Bundle, out: Path) -> None:
    """Read, predict, rank and write, one row group per step, two steps at a time."""
    groups = pq.ParquetFile(case.path).metadata.num_row_groups
    writer = None
    with ThreadPoolExecutor(THREADS) as pool:
        for table in pool.map(lambda group: _score_group(case.path, bundle, group), range(groups)):
            writer = writer or pq.ParquetWriter(out, table.schema)
            writer.write_table(table)
    if writer is not None:
        writer.close()


def _score_group(path: Path, bundle: Bundle, group: int) -> pa.Table:
    table = pq.ParquetFile(path).read_row_group(group, use_threads=False)
    names = tuple(table.column_names)
    values = np.empty((table.num_rows, len(names)))
    for i, column in enumerate(table.columns):
        values[:, i] = column.to_numpy()
    frame = FeatureFrame(("",) * table.num_rows, "2020-01-01", names, values)
    columns: dict[str, pa.Array] = {}
    found = bundle.predict(frame, engine="numba")
    for key, output in found.outputs.items():
        columns |= _columns(bundle, key, output, values)
    if found.scored is not None:
        columns |= _valued(bundle, found.scored)
    return pa.table(columns)


def _valued(bundle: Bundle, scored: Scored) -> dict[str, pa.Array]:
    """Columns of the factors, the composite and the group."""
    columns = {"composite": pa.array(scored.composite)}
    for name, told in scored.factors.items():
        columns |= {f"{name}_value": pa.array(told.value), f"{name}_score": pa.array(told.score)}
        columns |= {f"{name}_{part}": pa.array(points) for part, points in told.parts.items()}
    if bundle.groups is not None:
        columns["group"] = pa.array(bundle.groups.of(scored))
    return columns


def _columns(bundle: Bundle, key: str, output: ModelOutput, values: FloatArray) -> dict[str, pa.Array]:
    ranking = strongest(output.contributions, bundle.is_protected, REASONS, engine="numba")
    medians = np.array([feature.median for feature in bundle.manifest.features], dtype=np.float64)
    shown = ranking.feature.ravel()
    rows = np.repeat(np.arange(len(values)), REASONS)
    is_empty = shown < 0
    reasons = pa.StructArray.from_arrays(
        [
            pa.DictionaryArray.from_arrays(pa.array(shown, mask=is_empty), list(bundle.names)),
            pa.array(ranking.effect.ravel(), mask=is_empty),
            pa.array(values[rows, shown], from_pandas=True),
            pa.array(medians[shown], mask=is_empty),
        ],
        names=["feature", "effect", "value", "usual"],
    )
    starts = pa.array(np.arange(0, len(shown) + 1, REASONS, dtype=np.int32))
    return {
        f"{key}_prediction": pa.array(output.prediction),
        f"{key}_percentile": pa.array(output.percentile),
        f"{key}_base": pa.array(output.base),
        f"{key}_reasons": pa.ListArray.from_arrays(starts, reasons),
        f"{key}_other": pa.array(ranking.other),
    }


def _make_case(directory: Path, rows: int, features: int, seed: int) -> _Case:
    """Draw a population with gaps and zeros, and train a bundle of three models on its first rows."""
    draw = np.random.default_rng(seed)
    policy = read_factors(IN_FORCE)
    own = (*READ, *(line.feature for line in policy.card))
    names = (*(f"feature_{i:03d}" for i in range(features)), *own)
    values = draw.normal(size=(rows, len(names))).round(3)
    values[draw.random(values.shape) < 0.2] = np.nan
    values[:, ::5] = np.where(draw.random(values[:, ::5].shape) < 0.5, 0.0, values[:, ::5])
    table = pa.table({name: pa.array(values[:, i], from_pandas=True) for i, name in enumerate(names)})
    pq.write_table(table, directory / "features.parquet", row_group_size=GROUP_ROWS)
    learned = values[: min(rows, LEARNED_ROWS)]
    known = np.nan_to_num(learned)
    signal = known @ (draw.normal(size=len(names)) / np.sqrt(len(names))) + known[:, 0] * known[:, 1]
    signal += draw.normal(size=len(known))
    labels: dict[Kind, FloatArray] = {
        "probability": (signal > 1.0).astype(np.float64),
        "amount": signal,
        "share": 1.0 / (1.0 + np.exp(-signal)),
    }
    boosters = tuple(_train(kind, learned, label, names, seed) for kind, label in labels.items())
    models = tuple(_parts(kind, booster, names) for kind, booster in zip(labels, boosters, strict=True))
    parts = _bundle_parts(names, models, learned[:2_000], seed)
    sheet = plan_sheet(names, [model.target for model in models], policy)
    for folder, one in (("bundle", parts), ("valued", replace(parts, factors=sheet))):
        write_bundle(directory / folder, one)
    bundle, valued = (Bundle.load(directory / folder) for folder in ("bundle", "valued"))
    return _Case(values, directory / "features.parquet", bundle, valued, boosters)


def _train(kind: Kind, values: FloatArray, label: FloatArray, names: tuple[str, ...], seed: int) -> Any:
    import lightgbm as lgb  # takes seconds to import

    parameters = {
        "objective": {"probability": "binary", "amount": "regression", "share": "cross_entropy"}[kind],
        "max_depth": 3,
        "num_leaves": 8,
        "learning_rate": 0.05,
        "seed": seed,
        "num_threads": THREADS,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    return lgb.train(parameters, lgb.Dataset(values, label, feature_name=list(names)), TREES)


def _parts(kind: Kind, booster: Any, names: tuple[str, ...]) -> ModelParts:
    key = {"probability": "churn_90", "amount": "growth_180", "share": "loyalty_360"}[kind]
    target, horizon = key.split("_")
    is_amount = kind == "amount"
    text = booster.model_to_string()
    return ModelParts(
        target=TargetSpec(key, target, int(horizon), 0, kind, None),
        compiled=compile_booster(text, names),
        booster_text=text,
        calibration=Calibration(
            knots=None if is_amount else Knots(margin=(-1.0, 1.0), logit=(-1.0, 1.0)),
            interval=Interval(level=0.8, low=-1.0, high=1.0) if is_amount else None,
            scale=Scale(floor=100_000.0, features=(_SCALE,)) if is_amount else None,
            quantiles=(),
        ),
    )


def _bundle_parts(
    names: tuple[str, ...], models: tuple[ModelParts, ...], reference: FloatArray, seed: int
) -> BundleParts:
    features = tuple(
        FeatureSpec(name, "float64", "count", "profile", "bench", None, None, None, protected=False)
        for name in names
    )
    lineage = Lineage("", "", DataRange("2020-01-01", "2020-01-01", ""), {}, {"train": seed}, {}, "")
    return BundleParts(features, models, reference, lineage, {}, "Made by the bench.\n")
