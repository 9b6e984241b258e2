"""The training set: rows of (customer_id, as_of) with features, label and what the label is measured from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.errors import TrainingError
from training.splits import drawn_customers

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of one target: one per (customer_id, as_of).

    `values` is (rows, features), NaN = not observed; `label` and `level` are (rows,). `level` is the previous
    level that a change is measured from; NaN for targets that have none.
    """

    customer_ids: tuple[str, ...]
    as_of: NDArray[np.datetime64]
    names: tuple[str, ...]
    values: FloatArray
    label: FloatArray
    level: FloatArray

    def __len__(self) -> int:
        return len(self.customer_ids)

    def column(self, name: str) -> FloatArray:
        """Return one feature, (rows,)."""
        return self.values[:, self.names.index(name)]

    def where(self, mask: NDArray[np.bool_]) -> Dataset:
        """Return the rows of a mask, in order."""
        chosen = np.flatnonzero(mask)
        return Dataset(
            customer_ids=tuple(self.customer_ids[row] for row in chosen),
            as_of=self.as_of[chosen],
            names=self.names,
            values=self.values[chosen],
            label=self.label[chosen],
            level=self.level[chosen],
        )


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Return the rows of several sets with the same features, one after the other."""
    return Dataset(
        customer_ids=tuple(name for part in parts for name in part.customer_ids),
        as_of=np.concatenate([part.as_of for part in parts]),
        names=parts[0].names,
        values=np.concatenate([part.values for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        level=np.concatenate([part.level for part in parts]),
    )


def some_customers(data: Dataset, most: int, seed: int) -> Dataset:
    """Return the rows of whole customers, drawn by a hash of their id, so that about `most` are left."""
    if len(data) <= most:
        return data
    return data.where(drawn_customers(data.customer_ids, most, seed))


def codes_seen(parts: Iterable[Dataset], names: Iterable[str]) -> dict[str, frozenset[int]]:
    """Return, for each coded feature, the codes that training rows have."""
    found: dict[str, set[int]] = {name: set() for name in names}
    for data in parts:
        for name, codes in found.items():
            column = data.column(name)
            codes.update(int(code) for code in np.unique(column[~np.isnan(column)]))
    return {name: frozenset(codes) for name, codes in found.items()}


def without_unseen(data: Dataset, seen: Mapping[str, frozenset[int]]) -> Dataset:
    """Return the rows with codes that no training row has set to null, as serving does."""
    values = data.values.copy()
    for name, codes in seen.items():
        place = data.names.index(name)
        values[~np.isin(values[:, place], sorted(codes)), place] = np.nan
    return replace(data, values=values)


def assemble(frame: pa.Table, labels: pa.Table, names: Sequence[str]) -> Dataset:
    """Put features and labels side by side.

    Parameters
    ----------
    frame
        customer_id, as_of and the features, as read through the feature store.
    labels
        customer_id, as_of, label and level, in the same order.

    Raises
    ------
    TrainingError
        The rows are not the same, a label is not a finite number, or a feature is infinite.
    """
    for key in ("customer_id", "as_of"):
        if frame[key].to_pylist() != labels[key].to_pylist():
            raise TrainingError(
                f"training set: expected features and labels of the same {key}s in the same order"
            )
    values = np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in names]).astype(
        np.float64
    )
    label = labels["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    if not np.isfinite(label).all():
        raise TrainingError(
            f"training set: expected finite labels; got {int((~np.isfinite(label)).sum())} that are not"
        )
    if np.isinf(values).any():
        column = names[int(np.flatnonzero(np.isinf(values).any(axis=0))[0])]
        raise TrainingError(
            f"training set: expected finite features or null; {column} holds an infinite value"
        )
    return Dataset(
        customer_ids=tuple(frame["customer_id"].to_pylist()),
        as_of=frame["as_of"].to_numpy(zero_copy_only=False).astype("datetime64[D]"),
        names=tuple(names),
        values=np.ascontiguousarray(values),
        label=label,
        level=labels["level"].to_numpy(zero_copy_only=False).astype(np.float64),
    )
