"""Turns a LightGBM model of shallow trees into the served tables, and proves that both say the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from serving.tables import PATTERNS, SPLITS, ZERO, CompiledModel, FloatArray, explain_numpy
from training.errors import CompileError
from training.model_text import DEFAULT_LEFT, MISSING_SHIFT, Step, Tree, leaf_paths, read_trees

if TYPE_CHECKING:
    from lightgbm import Booster

TOLERANCE = (
    1e-12  # of the sum of absolute terms; architecture.md, "Explanations at the price of a prediction"
)
REFERENCE_ROWS = 2_000
RANDOM_ROWS = 500
HUGE = 1e308


_GOES_LEFT = (np.arange(PATTERNS)[:, None] >> np.arange(SPLITS) & 1).astype(bool)


def compile_booster(booster_text: str, feature_names: Sequence[str]) -> CompiledModel:
    """Tables of a LightGBM model: its splits, and the exact path-dependent SHAP values of every outcome.

    Parameters
    ----------
    booster_text
        LightGBM's text of the model (`Booster.model_to_string()`).
    feature_names
        Names of the bundle's features; the model's columns have to be these, in this order.

    Raises
    ------
    CompileError
        The text is no model of one output, its columns are others, or a tree is deeper than 3, has more than
        7 splits, splits on categories, or has linear leaves.

    Source: Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles"
    (2018), path-dependent, covers from LightGBM's row counts; architecture.md, "Explanations at the price of
    a prediction".
    """
    trees = read_trees(booster_text, tuple(feature_names))
    shape = (len(trees), SPLITS)
    split_feature = np.full(shape, -1, dtype=np.int32)
    threshold = np.zeros(shape)
    decision = np.zeros(shape, dtype=np.uint8)
    shap_feature = np.full(shape, -1, dtype=np.int32)
    table = np.zeros((len(trees), PATTERNS, SPLITS))
    base = 0.0
    for t, tree in enumerate(trees):
        splits = len(tree.feature)
        split_feature[t, :splits] = tree.feature
        threshold[t, :splits] = tree.threshold
        decision[t, :splits] = tree.decision
        slots = sorted(set(tree.feature))
        shap_feature[t, : len(slots)] = slots
        base += _fill_table(table[t], tree, slots)
    return CompiledModel(
        names=tuple(feature_names),
        base=base,
        split_feature=split_feature,
        threshold=threshold,
        default_left=(decision & DEFAULT_LEFT) != 0,
        missing_type=(decision >> MISSING_SHIFT).astype(np.uint8),
        shap_feature=shap_feature,
        table=table,
    )


def _fill_table(table: FloatArray, tree: Tree, slots: Sequence[int]) -> float:
    """Write a tree's SHAP values for all 128 outcomes into `table`, and return its expected value.

    A tree is the sum of its leaves, and SHAP values add up: each leaf is a game among the at most three
    features on its path. A coalition S is worth leaf value x [those in S lead here] x shares of the rest; a
    feature's value is its mean gain over all orders, summed here over the subsets of the others.
    """
    expected = 0.0
    for path, leaf in leaf_paths(tree):
        value = tree.leaf_value[leaf]
        players = sorted({step.feature for step in path})
        share = {f: float(np.prod([step.share for step in path if step.feature == f])) for f in players}
        leads = {f: _leads_here([step for step in path if step.feature == f]) for f in players}
        expected += value * float(np.prod(list(share.values())))
        for f in players:
            others = [other for other in players if other != f]
            gain = sum(_weighted_subsets(others, share, leads), start=np.zeros(PATTERNS))
            table[:, slots.index(f)] += value * (leads[f] - share[f]) * gain
    return expected


def _leads_here(steps: Iterable[Step]) -> FloatArray:
    """1 for each of the 128 outcomes in which all steps are taken, else 0."""
    taken = [_GOES_LEFT[:, step.split] == step.is_left for step in steps]
    return np.array(np.logical_and.reduce(taken), dtype=np.float64)


def _weighted_subsets(
    others: Sequence[int], share: Mapping[int, float], leads: Mapping[int, FloatArray]
) -> Iterable[FloatArray]:
    """Weight x worth of every subset of the other features, for a leaf of value 1."""
    players = len(others) + 1
    for size in range(players):
        weight = factorial(size) * factorial(players - size - 1) / factorial(players)
        for subset in combinations(others, size):
            worth = np.full(PATTERNS, weight)
            for f in others:
                worth *= leads[f] if f in subset else share[f]
            yield worth


@dataclass(frozen=True)
class Proof:
    """Largest differences between tables and model, as shares of the sum of absolute terms of the row."""

    rows: int
    margin: float
    contribution: float
    base: float


def prove(compiled: CompiledModel, booster: "Booster", rows: FloatArray, seed: int = 0) -> Proof:
    """Compare tables with the booster's own scores and SHAP values.

    Tried are up to 2,000 of the given rows (evenly spaced), 500 random ones, the row without any value, and
    rows in which every column runs through its thresholds, their neighbours on both sides, +-1e308, +-0, the
    smallest numbers, the zero threshold and its neighbours, and missing.

    Parameters
    ----------
    compiled
        Tables compiled from the booster.
    booster
        The trained booster; its first `compiled.trees` trees are compared.
    rows
        (n, features) of the reference population, in the order of `compiled.names`.
    seed
        Of the random rows.

    Raises
    ------
    CompileError
        The columns differ, or a difference exceeds 1e-12 of the sum of absolute terms.
    """
    columns = tuple(booster.feature_name())
    if columns != compiled.names:
        raise CompileError(
            f"proof: expected the booster's columns to be the {len(compiled.names)} of the tables in their "
            f"order, got {len(columns)} others. Compile the booster that was trained."
        )
    cases = np.ascontiguousarray(proof_rows(compiled, rows, seed))
    contributions, margin = explain_numpy(compiled, cases)
    expected_margin = booster.predict(cases, raw_score=True, num_iteration=compiled.trees)
    expected = np.asarray(booster.predict(cases, pred_contrib=True, num_iteration=compiled.trees))
    terms = _absolute_terms(compiled, cases)
    proof = Proof(
        rows=len(cases),
        margin=float((np.abs(margin - expected_margin) / terms).max()),
        contribution=float((np.abs(contributions - expected[:, :-1]) / terms[:, None]).max(initial=0.0)),
        base=float((np.abs(compiled.base - expected[:, -1]) / terms).max()),
    )
    for name, difference in (
        ("margin", proof.margin),
        ("SHAP values", proof.contribution),
        ("base", proof.base),
    ):
        if not difference <= TOLERANCE:
            raise CompileError(
                f"proof over {proof.rows} rows, {name}: expected a difference of at most {TOLERANCE:g} of "
                f"the sum of absolute terms, got {difference:g}. Compile this booster's own text."
            )
    return proof


def proof_rows(compiled: CompiledModel, rows: FloatArray, seed: int) -> FloatArray:
    """Rows on which tables and model are compared: (cases, features)."""
    features = len(compiled.names)
    if rows.ndim != 2 or rows.shape[1] != features or not len(rows):
        raise CompileError(
            f"proof rows: expected (n, {features}) with n >= 1, got {rows.shape}. Pass the reference."
        )
    draw = np.random.default_rng(seed)
    picked = np.unique(np.linspace(0, len(rows) - 1, REFERENCE_ROWS).astype(np.intp))
    mixed = rows[draw.integers(len(rows), size=(RANDOM_ROWS, features)), np.arange(features)]
    is_missing = draw.random(mixed.shape) < draw.random((RANDOM_ROWS, 1))
    mixed = np.clip(mixed, -HUGE / 100, HUGE / 100) * draw.uniform(0.1, 10.0, size=mixed.shape)
    random_rows = np.where(is_missing, np.nan, mixed)
    return np.vstack([rows[picked], random_rows, np.full((1, features), np.nan), _edges(compiled, draw)])


def _edges(compiled: CompiledModel, draw: np.random.Generator) -> FloatArray:
    """Rows in which each column runs, in its own order, through every value at which a split may turn."""
    special = np.array([HUGE, -HUGE, 0.0, -0.0, np.nan, 5e-324, -5e-324, ZERO, -ZERO])
    columns = []
    for feature in range(len(compiled.names)):
        limits = np.unique(compiled.threshold[compiled.split_feature == feature])
        values = np.concatenate([special, limits[np.isfinite(limits)]])
        columns.append(np.concatenate([values, np.nextafter(values, np.inf), np.nextafter(values, -np.inf)]))
    length = max(len(column) for column in columns)
    return np.column_stack([draw.permutation(np.resize(column, length)) for column in columns])


def _absolute_terms(compiled: CompiledModel, rows: FloatArray) -> FloatArray:
    """Sum over all trees of the absolute values that are added up for a row: the yardstick of rounding."""
    absolute = replace(compiled, base=abs(compiled.base), table=np.abs(compiled.table))
    return np.maximum(explain_numpy(absolute, rows)[1], np.finfo(np.float64).tiny)
