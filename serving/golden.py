"""Golden rows: inputs with the outputs of the day a bundle was made; it has to repeat them to be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.errors import BundleError
from serving.tables import FloatArray

if TYPE_CHECKING:
    from serving.factors import Scored
    from serving.model import ModelOutput

TOLERANCE = 1e-9  # architecture.md, "Why training and serving cannot differ"
INPUT = "input."
_FIELDS = ("margin", "prediction", "low", "high", "band", "percentile", "base")


def golden_table(names: tuple[str, ...], values: FloatArray, outputs: Mapping[str, FloatArray]) -> pa.Table:
    """Inputs (`input.<feature>`, null = not observed) and `golden_columns` of some rows."""
    columns = {INPUT + name: pa.array(values[:, i], from_pandas=True) for i, name in enumerate(names)}
    for name, array in outputs.items():
        if array.ndim == 2:
            flat = pa.array(np.ascontiguousarray(array).ravel())
            columns[name] = pa.FixedSizeListArray.from_arrays(flat, array.shape[1])
        else:
            columns[name] = pa.array(array)
    return pa.table(columns)


def check_golden(
    data: bytes, names: tuple[str, ...], predict: Callable[[FloatArray], Mapping[str, FloatArray]]
) -> None:
    """Predict the golden rows again; `predict` gives their `golden_columns`.

    Raises
    ------
    BundleError
        Inputs or outputs are not those of the bundle, or one differs by more than 1e-9.
    """
    table = _read(data)
    inputs = [INPUT + name for name in names]
    if [name for name in table.column_names if name.startswith(INPUT)] != inputs or not table.num_rows:
        raise BundleError(
            f"golden rows: expected the {len(names)} features as inputs. Export the bundle again."
        )
    values = np.column_stack([_numbers(table[name]) for name in inputs])
    outputs = predict(values)
    stored = set(table.column_names) - set(inputs)
    if stored != set(outputs):
        raise BundleError(
            f"golden rows: expected the outputs {sorted(outputs)}, got {sorted(stored)}. "
            "Export the bundle again."
        )
    for name, found in outputs.items():
        expected = _numbers(table[name]).reshape(found.shape)
        if not np.isclose(found, expected, rtol=0.0, atol=TOLERANCE, equal_nan=True).all():
            difference = np.nanmax(np.abs(found - expected), initial=0.0)
            raise BundleError(
                f"golden rows, {name}: expected the stored outputs to {TOLERANCE:g}, got a difference of "
                f"{difference:g}. The bundle does not predict as it did: train it again."
            )


def golden_columns(outputs: Mapping[str, ModelOutput], scored: Scored | None) -> dict[str, FloatArray]:
    """All outputs (`<key>.<field>`) and factors (`factors.<name>.<field>`) of some rows; NaN: not known."""
    columns: dict[str, FloatArray] = {}
    if scored is not None:
        columns["composite"] = scored.composite
        for name, told in scored.factors.items():
            fields = {"value": told.value, "score": told.score, "start": told.start}
            fields |= {f"parts.{part}": points for part, points in told.parts.items()}
            columns |= {f"factors.{name}.{field}": array for field, array in fields.items()}
    for key, output in outputs.items():
        for name in _FIELDS:
            array = getattr(output, name)
            if array is not None:
                columns[f"{key}.{name}"] = np.asarray(array, dtype=np.float64)
        columns[f"{key}.contributions"] = output.contributions
    return columns


def _read(data: bytes) -> pa.Table:
    try:
        return pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise BundleError(f"golden rows: expected Parquet, got {error}. Export the bundle again.") from error


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    array = column.combine_chunks()
    if pa.types.is_fixed_size_list(array.type):
        array = array.flatten()
    if array.type != pa.float64():
        raise BundleError(f"golden rows: expected float64, got {array.type}. Export the bundle again.")
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.float64)
