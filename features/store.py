"""The feature store: Feast entity, views and services, generated from the catalogue.

Offline, every feature group is a view of its own with one column per feature, read with Feast's DuckDB
store. Online, a customer is one row of two features: `vector`, all the bank's features in catalogue order,
and `facts`, a canonical JSON text of what is no number of a model.
Feast takes seconds to import: it is imported where it is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import Catalogue

PROJECT = "bellwether"
ENTITY = "customer"
KEY = "customer_id"
TIMESTAMP = "event_timestamp"
DAY = "as_of_day"
TRAINING_SERVICE = "training"
ONLINE_VIEW = "online"
ONLINE_SERVICE = "serving"
ONLINE_FEATURES = (f"{ONLINE_VIEW}:vector", f"{ONLINE_VIEW}:facts")

LIFE = timedelta(hours=1)
"""How long a row of the offline store lives: dates are a day apart."""

_EPOCH = date(1970, 1, 1)
_SETTINGS = f"""\
project: {PROJECT}
provider: local
registry:
  path: registry.db
  cache_ttl_seconds: 0
entity_key_serialization_version: 3
"""
_OFFLINE = "offline_store:\n  type: duckdb\nonline_store: null\n"
_PUSHED = "offline_store:\n  type: features.pushed.PushedOnlyOfflineStore\n"
_ONLINE = f"{_PUSHED}online_store:\n  type: sqlite\n  path: online.db\n"


class StoreError(RuntimeError):
    """The feature store is absent, or does not hold what was asked of it."""


def day_number(as_of: date) -> int:
    """Return the days from 1970-01-01 to as_of.

    Examples
    --------
    >>> day_number(date(1970, 1, 31))
    30
    """
    return (as_of - _EPOCH).days


def as_of_moment(as_of: date, zone: str) -> datetime:
    """Return the as-of moment, the midnight that begins the date in the bank's zone, as UTC.

    Examples
    --------
    >>> as_of_moment(date(2026, 10, 31), "Asia/Shanghai").isoformat()
    '2026-10-30T16:00:00+00:00'
    """
    return datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def partition_path(store_dir: Path, view: str, as_of: date) -> Path:
    """Return the Parquet file that holds one view at one as_of."""
    return partition(store_dir, as_of) / f"{view}.parquet"


def partition(store_dir: Path, as_of: date) -> Path:
    """Return the folder of one as_of, with a file per view: it is there whole or not at all."""
    return store_dir / "offline" / f"as_of={as_of.isoformat()}"


def offline_definitions(catalogue: Catalogue, offline_dir: Path) -> list[Any]:
    """Return the entity, one view per feature group and the service `training`, for the offline store.

    A view's file per as_of holds customer_id, event_timestamp (the as-of moment), as_of_day (days since
    1970-01-01) and the group's features as float64, null = not observed. Rows live for an hour: only those of the
    very as_of can match, and a join does not pair a customer with all earlier dates first. A reader checks
    `as_of_day`, so an older row never stands in for a missing one.
    """
    from feast import FeatureService, FeatureView, Field, FileSource
    from feast.data_format import ParquetFormat
    from feast.types import Float64, Int64, String

    entity = _entity()
    views = []
    for group in catalogue.groups:
        source = FileSource(
            name=group,
            path=str(offline_dir.resolve() / "as_of=*" / f"{group}.parquet"),
            timestamp_field=TIMESTAMP,
            file_format=ParquetFormat(),
        )
        schema = [Field(name=KEY, dtype=String), Field(name=DAY, dtype=Int64)]
        schema += [
            Field(
                name=feature.name, dtype=Float64, description=feature.definition, tags={"unit": feature.unit}
            )
            for feature in catalogue.of_group(group)
        ]
        views.append(
            FeatureView(name=group, entities=[entity], ttl=LIFE, schema=schema, source=source, online=False)
        )
    inputs = [
        view[[feature.name for feature in catalogue.of_group(view.name) if feature.model_input]]
        for view in views
        if any(feature.model_input for feature in catalogue.of_group(view.name))
    ]
    return [entity, *views, FeatureService(name=TRAINING_SERVICE, features=inputs)]


def online_definitions() -> list[Any]:
    """Return the entity, the view `online` and the service `serving`, for the online store."""
    from feast import FeatureService, FeatureView, Field, FileSource
    from feast.types import Array, Float64, String

    entity = _entity()
    view = FeatureView(
        name=ONLINE_VIEW,
        entities=[entity],
        ttl=None,
        schema=[
            Field(name=KEY, dtype=String),
            Field(name="vector", dtype=Array(Float64)),
            Field(name="facts", dtype=String),
        ],
        # Feast asks for a source; rows are pushed by publish, so none is ever read from this path.
        source=FileSource(name=ONLINE_VIEW, path="pushed.parquet", timestamp_field=TIMESTAMP),
        online=True,
    )
    return [entity, view, FeatureService(name=ONLINE_SERVICE, features=[view])]


def write_offline_repo(store_dir: Path, catalogue: Catalogue) -> None:
    """Write `feature_store.yaml` and the registry of an offline store; its Parquet files may come later."""
    _write_repo(store_dir, _SETTINGS + _OFFLINE, offline_definitions(catalogue, store_dir / "offline"))


def write_online_repo(directory: Path) -> None:
    """Write `feature_store.yaml`, the registry and an empty SQLite store, read without ibis and duckdb."""
    _write_repo(directory, _SETTINGS + _ONLINE, online_definitions())


def stamped(table: pa.Table, as_of: date, zone: str) -> pa.Table:
    """Return a view's rows at one as_of as the offline store keeps them.

    One row per customer: customer_id and feature columns of any number type in, moment and day added.
    """
    moment = pa.scalar(as_of_moment(as_of, zone), pa.timestamp("us", tz="UTC"))
    columns = {
        KEY: table[KEY].cast(pa.string()),
        TIMESTAMP: pa.repeat(moment, table.num_rows),
        DAY: pa.repeat(pa.scalar(day_number(as_of), pa.int64()), table.num_rows),
    }
    for name in table.column_names:
        if name not in {KEY, TIMESTAMP, DAY, "as_of"}:
            columns[name] = table[name].cast(pa.float64())
    return pa.table(columns)


def read_training_frame(store_dir: Path, keys: pa.Table, names: Sequence[str], zone: str) -> pa.Table:
    """Read features of (customer_id, as_of) rows through Feast, point in time, in the order of `keys`.

    One row per row of `keys`: customer_id, as_of, then the features `names` as float64 (null = not observed).

    Parameters
    ----------
    keys
        customer_id (text) and as_of (date32).
    zone
        The bank's zone: an as_of is a midnight in it.

    Raises
    ------
    StoreError
        No store, an unknown feature, an as_of that was not built, or a customer without a row at its as_of.
    """
    store = _open_offline(store_dir)
    view_of = _views_of(store, names, store_dir)
    views = tuple(dict.fromkeys(view_of.values()))
    asked = sorted(set(keys["as_of"].to_pylist()))
    _check_partitions(store_dir, views, asked)
    if keys.num_rows == 0:
        empty = {
            KEY: keys[KEY],
            "as_of": keys["as_of"],
            **{name: pa.array([], pa.float64()) for name in names},
        }
        return pa.table(empty)
    rows = _historical_rows(store, keys, view_of, {day: as_of_moment(day, zone) for day in asked})
    _check_days(rows, keys, views)
    columns = {name: rows[f"{view_of[name]}__{name}"].cast(pa.float64()) for name in names}
    return pa.table({KEY: keys[KEY], "as_of": keys["as_of"], **columns})


def _entity() -> Any:
    from feast import Entity, ValueType

    return Entity(name=ENTITY, join_keys=[KEY], value_type=ValueType.STRING)


def _write_repo(directory: Path, settings: str, definitions: list[Any]) -> None:
    from feast import FeatureStore

    directory.mkdir(parents=True, exist_ok=True)
    (directory / "feature_store.yaml").write_text(settings, encoding="utf-8")
    FeatureStore(repo_path=str(directory)).apply(definitions)


def _open_offline(store_dir: Path) -> Any:
    for name in ("feature_store.yaml", "registry.db"):
        if not (store_dir / name).is_file():
            raise StoreError(
                f"offline feature store: expected {name} in {store_dir}; got none. Build the features first."
            )
    from feast import FeatureStore

    return FeatureStore(repo_path=str(store_dir))


def _views_of(store: Any, names: Sequence[str], store_dir: Path) -> dict[str, str]:
    """Return feature -> view, after checking that the store stands where it was written."""
    view_of: dict[str, str] = {}
    for view in store.list_feature_views():
        if Path(view.batch_source.path).parent.parent != store_dir.resolve() / "offline":
            raise StoreError(
                f"offline feature store: {store_dir} was moved from {view.batch_source.path}. "
                "Build it again here."
            )
        view_of.update({field.name: view.name for field in view.features if field.name != DAY})
    unknown = [name for name in names if name not in view_of]
    if unknown:
        raise StoreError(
            f"offline feature store {store_dir}: expected features of its {len(view_of)}; "
            f"got {', '.join(unknown)}"
        )
    return {name: view_of[name] for name in names}


def _check_partitions(store_dir: Path, views: Sequence[str], asked: Sequence[date]) -> None:
    missing = [
        f"{view} at {as_of}"
        for as_of in asked
        for view in views
        if not partition_path(store_dir, view, as_of).is_file()
    ]
    if missing:
        raise StoreError(
            f"offline feature store {store_dir}: {len(missing)} parts are not built, first {missing[0]}. "
            "Build the features of that as_of first."
        )


def _historical_rows(
    store: Any, keys: pa.Table, view_of: Mapping[str, str], moments: Mapping[date, datetime]
) -> pa.Table:
    """Return Feast's point-in-time rows in the order of `keys`; it keeps no order itself."""
    import pandas as pd

    stamps = pa.array([moments[day] for day in keys["as_of"].to_pylist()], pa.timestamp("us", tz="UTC"))
    entities = pd.DataFrame(
        {
            KEY: keys[KEY].cast(pa.string()).to_pandas(),
            TIMESTAMP: stamps.to_pandas(),
            "row_id": np.arange(keys.num_rows, dtype=np.int64),
        }
    )
    wanted = [f"{view}:{name}" for name, view in view_of.items()]
    wanted += [f"{view}:{DAY}" for view in dict.fromkeys(view_of.values())]
    # Imported first: Feast turns deprecations on as its parts are imported.
    from feast.infra.offline_stores import duckdb, ibis  # noqa: F401

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # until ibis asks DuckDB for to_arrow_table()
        rows = store.get_historical_features(entities, features=wanted, full_feature_names=True).to_arrow()
    rows = rows.sort_by("row_id")
    if not np.array_equal(rows["row_id"].to_numpy(), entities["row_id"].to_numpy()):
        raise StoreError(
            f"offline feature store: expected {keys.num_rows} rows, each once; got {rows.num_rows}"
        )
    return rows


def _check_days(rows: pa.Table, keys: pa.Table, views: Sequence[str]) -> None:
    """Refuse rows whose as_of is not exactly the one asked for."""
    asked = keys["as_of"].cast(pa.int32()).cast(pa.int64())
    for view in views:
        got = rows[f"{view}__{DAY}"]
        wrong = pc.fill_null(pc.not_equal(got, asked), fill_value=True)
        count = pc.sum(wrong).as_py()
        if count:
            row = pc.index(wrong, value=True).as_py()
            raise StoreError(
                f"offline feature store, view {view}: {count} of {keys.num_rows} rows are missing, "
                f"first customer {keys[KEY][row].as_py()} at {keys['as_of'][row].as_py()}. "
                "Build that as_of for these customers."
            )
