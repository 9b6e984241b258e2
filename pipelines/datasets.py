"""The rows that models train and are tested on: labels, and the features of their rows read through the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from features import store as feast_store
from features.policy import read_policy
from pipelines.build import Store
from pipelines.engine import Engine
from pipelines.labels import Plan, labels_of
from training.dataset import Dataset, assemble
from training.splits import drawn_customers

KEYS = ("customer_id", "as_of")
DRAW = 1
"""Seed of the draw of customers: not the run's, so that all runs on the same tables see the same ones."""


@dataclass(frozen=True, eq=False)
class _Labels:
    """Labels of one model: the rows that train (`train` of `available`) and those that test."""

    train: pa.Table
    test: pa.Table
    available: int


class Datasets(Mapping[str, tuple[Dataset, Dataset | None]]):
    """Training and test rows by model (churn_90); no test rows where there is only one as_of.

    A data set is put together anew each time it is asked for: the features, which the models share, are in memory once.
    """

    def __init__(self, frame: pa.Table, labels: Mapping[str, _Labels], names: tuple[str, ...]) -> None:
        self._frame, self._labels, self._names = frame, labels, names
        pairs = zip(frame["customer_id"].to_pylist(), frame["as_of"].to_pylist(), strict=True)
        self._place = {pair: row for row, pair in enumerate(pairs)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, key: str) -> tuple[Dataset, Dataset | None]:
        labels = self._labels[key]
        if not labels.train.num_rows:
            return self._dataset(labels.test), None
        return self._dataset(labels.train), self._dataset(labels.test) if labels.test.num_rows else None

    def available(self, key: str) -> int:
        """Count the labelled rows that could train a model; more than it has where customers were drawn."""
        return self._labels[key].available

    def _dataset(self, part: pa.Table) -> Dataset:
        pairs = zip(part["customer_id"].to_pylist(), part["as_of"].to_pylist(), strict=True)
        rows = pa.array([self._place[pair] for pair in pairs], pa.int64())
        return assemble(self._frame.take(rows), part, self._names)


def read_datasets(source: Store, engine: Engine, plan: Plan) -> Datasets:
    """Read the rows of every model, features through the feature store in one go.

    Where more rows could train than policy allows (training.maximum_rows), whole customers are drawn, the same ones for
    every model. Test rows are all of them.
    """
    most = int(read_policy("targets")["training"]["maximum_rows"])
    labels = {}
    for item in plan.schedules:
        train, test = labels_of(source, engine, plan, item)
        drawn = drawn_customers(train["customer_id"].to_pylist(), most, DRAW)
        labels[item.key] = _Labels(train.filter(pa.array(drawn)), test, train.num_rows)
    parts = [part.select(KEYS) for one in labels.values() for part in (one.train, one.test) if part.num_rows]
    keys = pa.concat_tables(parts).group_by(["as_of", "customer_id"]).aggregate([])
    keys = keys.select(KEYS).sort_by([("as_of", "ascending"), ("customer_id", "ascending")])
    names = tuple(feature.name for feature in source.bank.catalogue.features if feature.model_input)
    frame = feast_store.read_training_frame(source.directory, keys, names, source.bank.manifest.zone)
    return Datasets(frame, labels, names)
