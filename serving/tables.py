"""The served model: trees of depth <= 3 as tables of exact SHAP values, and their evaluation in NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.errors import BundleError

SPLITS = 7
PATTERNS = 1 << SPLITS
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2
# LightGBM writes its zero threshold as the float32 literal 1e-35f and takes anything as small as that for 0.
ZERO = float(np.float32(1e-35))
CHUNK = 16  # rows per NumPy step: 16 rows of 500 trees stay inside the second-level cache

FloatArray = NDArray[np.float64]
_ARRAYS: Mapping[str, tuple[Any, tuple[int, ...]]] = {
    "split_feature": (np.int32, (SPLITS,)),
    "threshold": (np.float64, (SPLITS,)),
    "default_left": (np.bool_, (SPLITS,)),
    "missing_type": (np.uint8, (SPLITS,)),
    "shap_feature": (np.int32, (SPLITS,)),
    "table": (np.float64, (PATTERNS, SPLITS)),
}


class Plan(NamedTuple):
    """A compiled model laid out for evaluation: arrays only, in the one kind of record that Numba takes.

    An input is a feature together with the fate of its missing values and zeros; a split asks
    `input <= limit`. A missing value that goes left enters as -inf, one that goes right as +inf, so that a
    single comparison is LightGBM's decision, missing values and zeros included. Values are finite or NaN.
    """

    base: float
    feature: NDArray[np.intp]  # (inputs,)
    when_missing: FloatArray  # (inputs,)
    when_zero: FloatArray  # (inputs,)
    route: NDArray[np.intp]  # (trees, 8): the input that each split compares; the eighth bit is never set
    limit: FloatArray  # (trees, 8)
    splits: NDArray[np.intp]  # (trees,): number of splits
    slots: NDArray[np.intp]  # (trees, 7): feature of each table column; one past the last where unused
    slot_tables: FloatArray  # (trees, 7, 128): a slot's values side by side


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """One model as tables: what each tree compares, and what each of its 128 outcomes says per feature.

    Arrays have one row per tree, in the order of the model; unused slots of a tree come last and have
    feature -1. Bit s of a pattern is set when split s sends the row left; `table[t, pattern, j]` is the SHAP
    value of feature `shap_feature[t, j]` in tree t. Margin = base + sum of the contributions.

    Source: architecture.md, "Explanations at the price of a prediction".
    """

    names: tuple[str, ...]
    base: float
    split_feature: NDArray[np.int32]
    threshold: FloatArray
    default_left: NDArray[np.bool_]
    missing_type: NDArray[np.uint8]
    shap_feature: NDArray[np.int32]
    table: FloatArray

    def __post_init__(self) -> None:
        """Refuse arrays of another shape, type or range than the evaluation relies on."""
        trees = len(self.split_feature)
        for name, (dtype, shape) in _ARRAYS.items():
            array = getattr(self, name)
            expected = (trees, *shape)
            if array.dtype != dtype or array.shape != expected:
                raise BundleError(
                    f"table {name}: expected {np.dtype(dtype)} of shape {expected}, got {array.dtype} of "
                    f"shape {array.shape}. Compile the model again."
                )
        _check_values(self)
        for name in _ARRAYS:
            getattr(self, name).setflags(write=False)

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.split_feature)

    def over(self, names: tuple[str, ...]) -> "CompiledModel":
        """Same model over more columns, which it does not read; its own keep their order.

        Raises
        ------
        BundleError
            A column of the model is not among `names`, or they stand there in another order.
        """
        place = {name: i for i, name in enumerate(names)}
        columns = [place.get(name, -1) for name in self.names]
        if min(columns) < 0 or columns != sorted(columns):
            raise BundleError(
                f"features: expected the model's {len(self.names)} in their order among the bundle's "
                f"{len(names)}, got {[name for name in self.names if name not in place] or 'another order'}. "
                "List the bundle's features in catalogue order."
            )
        moved = np.array([*columns, -1], dtype=np.int32)
        return replace(
            self, names=names, split_feature=moved[self.split_feature], shap_feature=moved[self.shap_feature]
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the names, as arrays to be stored without pickle."""
        return {"base": np.array([self.base])} | {name: getattr(self, name) for name in _ARRAYS}

    @cached_property
    def plan(self) -> Plan:
        """The same model, laid out for evaluation."""
        return _plan(self)


def read_arrays(names: tuple[str, ...], arrays: Mapping[str, NDArray[Any]]) -> CompiledModel:
    """Compiled model of stored arrays.

    Raises
    ------
    BundleError
        An array is missing, unknown, or of another shape, type or range.
    """
    if set(arrays) != {"base", *_ARRAYS}:
        raise BundleError(
            f"compiled tables: expected arrays {sorted(('base', *_ARRAYS))}, got {sorted(arrays)}. "
            "Export the bundle again."
        )
    base = arrays["base"]
    if base.dtype != np.float64 or base.shape != (1,):
        raise BundleError(
            f"table base: expected one float64, got {base.dtype} of shape {base.shape}. Export again."
        )
    return CompiledModel(names=names, base=float(base[0]), **{name: arrays[name] for name in _ARRAYS})


def _check_values(model: CompiledModel) -> None:
    features = len(model.names)
    rules = {
        f"split_feature between -1 and {features - 1}": _between(model.split_feature, -1, features - 1),
        f"shap_feature between -1 and {features - 1}": _between(model.shap_feature, -1, features - 1),
        "missing_type 0, 1 or 2": bool((model.missing_type <= MISSING_NAN).all()),
        "thresholds that are numbers": not bool(np.isnan(model.threshold).any()),
        "finite table": bool(np.isfinite(model.table).all()),
        "a finite base": bool(np.isfinite(model.base)),
        "distinct features within a tree": _has_distinct_slots(model.shap_feature),
        "used slots first": _is_filled_from_the_left(model.shap_feature)
        and _is_filled_from_the_left(model.split_feature),
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise BundleError(f"compiled tables: expected {'; '.join(broken)}. Compile the model again.")


def _between(array: NDArray[np.int32], low: int, high: int) -> bool:
    return bool(((array >= low) & (array <= high)).all())


def _has_distinct_slots(slots: NDArray[np.int32]) -> bool:
    ordered = np.sort(slots, axis=1)
    return not bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())


def _is_filled_from_the_left(slots: NDArray[np.int32]) -> bool:
    return not bool(((slots[:, 1:] >= 0) & (slots[:, :-1] < 0)).any())


def _plan(model: CompiledModel) -> Plan:
    is_used = model.split_feature >= 0
    zero_is_missing = model.missing_type == MISSING_ZERO
    # Without a direction for missing values a missing value is a 0, and goes where 0 goes.
    missing_left = np.where(model.missing_type == MISSING_NONE, model.threshold >= 0.0, model.default_left)
    code = model.split_feature * 4 + zero_is_missing * 2 + missing_left
    distinct, position = np.unique(np.where(is_used, code, 0), return_inverse=True)
    fate = np.where(distinct % 2 == 1, -np.inf, np.inf)
    route = np.zeros((model.trees, SPLITS + 1), dtype=np.intp)
    route[:, :SPLITS] = position.reshape(is_used.shape)
    limit = np.full(route.shape, np.nan)  # nothing is <= NaN: unused splits and the eighth stay unset
    # A threshold of +inf parts missing values from all others; values themselves are finite.
    limit[:, :SPLITS] = np.where(is_used, np.minimum(model.threshold, np.finfo(np.float64).max), np.nan)
    return Plan(
        base=model.base,
        feature=(distinct // 4).astype(np.intp),
        when_missing=fate,
        when_zero=np.where(distinct // 2 % 2 == 1, fate, 0.0),
        route=route,
        limit=limit,
        splits=is_used.sum(axis=1, dtype=np.intp),
        slots=np.where(model.shap_feature < 0, len(model.names), model.shap_feature).astype(np.intp),
        slot_tables=np.ascontiguousarray(model.table.transpose(0, 2, 1)),
    )


def explain_numpy(
    model: CompiledModel, rows: FloatArray, scale: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Contribution of every feature, and the margin that they add up to; for few rows.

    Parameters
    ----------
    model
        Compiled model.
    rows
        (n, features), in the order of `model.names`; NaN = not observed.
    scale
        (n,): factor of each row, by which base and contributions are multiplied; 1 when left out.

    Returns
    -------
    (n, features) contributions, each added in the order of the trees, and (n,) margins: base plus the
    contributions, added one after the other in the order of the features. Equal to the last bit whatever rows
    come along, and equal to `explain_numba`.
    """
    contributions = np.empty((len(rows), len(model.names)))
    for start in range(0, len(rows), CHUNK):
        stop = min(start + CHUNK, len(rows))
        contributions[start:stop] = _contributions(model, rows[start:stop])
    terms = np.empty((len(rows), len(model.names) + 1))
    terms[:, 0] = model.base
    terms[:, 1:] = contributions
    if scale is not None:
        terms *= scale[:, None]
        contributions = terms[:, 1:].copy()
    return contributions, np.add.accumulate(terms, axis=1)[:, -1]


def explain_numba(
    model: CompiledModel, rows: FloatArray, scale: FloatArray | None = None, threads: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Same as `explain_numpy`, to the last bit, for many rows; the first call compiles for some seconds."""
    from serving import batch  # numba takes a second to import: only batches do

    return batch.explain(model, rows, scale, threads)


def _contributions(model: CompiledModel, rows: FloatArray) -> FloatArray:
    plan = model.plan
    values = rows.take(plan.feature, axis=1)
    values = np.where(np.abs(values) <= ZERO, plan.when_zero, values)
    values = np.where(np.isnan(values), plan.when_missing, values)
    is_left = values.take(plan.route.ravel(), axis=1) <= plan.limit.ravel()
    pattern = np.packbits(is_left, bitorder="little").reshape(len(rows), model.trees)
    outcome = pattern + np.arange(0, model.trees * PATTERNS, PATTERNS)
    terms = model.table.reshape(-1, SPLITS).take(outcome, axis=0)
    width = len(model.names) + 1
    columns = plan.slots.ravel() + np.arange(0, len(rows) * width, width)[:, None]
    sums = np.bincount(columns.ravel(), weights=terms.ravel(), minlength=len(rows) * width)
    return sums.astype(np.float64, copy=False).reshape(len(rows), width)[:, :-1]
