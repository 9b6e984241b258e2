"""Explaining and ranking many rows, compiled by Numba; imported only when a batch asks for it.

Plain loops that let go of the interpreter lock, spread over threads by Python: Numba's own threading layers
may end the process when two threads enter or when it forks. Nothing is cached on disk: the cache is a pickle.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numpy.typing import NDArray

from serving.tables import SPLITS, ZERO, CompiledModel, FloatArray, Plan

BLOCK = 256  # rows that go through all trees together: their inputs and sums stay inside the cache


def explain(
    model: CompiledModel, rows: FloatArray, scale: FloatArray | None, threads: int
) -> tuple[FloatArray, FloatArray]:
    """Contributions and margins; see `serving.tables.explain_numpy`, which it equals to the last bit."""
    rows = np.require(rows, requirements=["C", "W"])  # any other layout would be compiled anew
    contributions = np.empty((len(rows), len(model.names)))
    margin = np.empty(len(rows))
    factor = np.ones(len(rows)) if scale is None else scale

    def run(part: slice) -> None:
        _explain_rows(rows[part], factor[part], model.plan, contributions[part], margin[part])

    _spread(run, len(rows), threads)
    return contributions, margin


def rank(
    contributions: FloatArray, is_silent: NDArray[np.bool_], count: int, threads: int
) -> tuple[NDArray[np.int32], FloatArray, FloatArray]:
    """Strongest features, their effects and the rest; see `serving.rank.strongest`, which it equals."""
    contributions = np.require(contributions, requirements=["C", "W"])
    n = len(contributions)
    feature = np.full((n, count), -1, dtype=np.int32)
    effect = np.zeros((n, count))
    other = np.empty(n)

    def run(part: slice) -> None:
        _rank_rows(contributions[part], is_silent, feature[part], effect[part], other[part])

    _spread(run, n, threads)
    return feature, effect, other


def _spread(run: Callable[[slice], None], rows: int, threads: int) -> None:
    """Run whole blocks of rows on several threads; each row is computed alone, so the cut changes no bit."""
    share = -(-rows // threads // BLOCK) * BLOCK
    parts = [slice(start, min(start + share, rows)) for start in range(0, rows, max(share, BLOCK))]
    if len(parts) == 1:
        run(parts[0])
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, parts))


def _explain_loop(
    rows: FloatArray, scale: FloatArray, plan: Plan, contributions: FloatArray, margin: FloatArray
) -> None:
    features = rows.shape[1]
    inputs = np.empty((len(plan.feature), BLOCK))
    sums = np.empty((features + 1, BLOCK))
    pattern = np.empty(BLOCK, dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        size = min(BLOCK, len(rows) - start)
        _read_block(rows[start : start + size], plan, inputs)
        sums[:] = 0.0
        for tree in range(len(plan.splits)):
            pattern[:size] = 0
            for split in range(plan.splits[tree]):
                source = plan.route[tree, split]
                limit = plan.limit[tree, split]
                for r in range(size):
                    pattern[r] |= np.int64(inputs[source, r] <= limit) << split
            for slot in range(SPLITS):
                feature = plan.slots[tree, slot]
                if feature == features:
                    break
                for r in range(size):
                    sums[feature, r] += plan.slot_tables[tree, slot, pattern[r]]
        for r in range(size):
            factor = scale[start + r]
            total = plan.base * factor
            for feature in range(features):
                value = sums[feature, r] * factor
                contributions[start + r, feature] = value
                total += value
            margin[start + r] = total


def _read_block_loop(rows: FloatArray, plan: Plan, inputs: FloatArray) -> None:
    for i in range(len(plan.feature)):
        for r in range(len(rows)):
            value = rows[r, plan.feature[i]]
            if np.isnan(value):
                value = plan.when_missing[i]
            elif abs(value) <= ZERO:
                value = plan.when_zero[i]
            inputs[i, r] = value


def _rank_loop(
    contributions: FloatArray,
    is_silent: NDArray[np.bool_],
    feature: NDArray[np.int32],
    effect: FloatArray,
    other: FloatArray,
) -> None:
    count = feature.shape[1]
    is_shown = np.zeros(contributions.shape[1], dtype=np.bool_)
    for r in range(len(contributions)):
        for f in range(contributions.shape[1]):
            value = contributions[r, f]
            if count == 0 or value == 0.0 or is_silent[f] or abs(value) <= abs(effect[r, count - 1]):
                continue
            place = count - 1
            while place > 0 and abs(value) > abs(effect[r, place - 1]):
                effect[r, place] = effect[r, place - 1]
                feature[r, place] = feature[r, place - 1]
                place -= 1
            effect[r, place] = value
            feature[r, place] = f
        for place in range(count):
            if feature[r, place] >= 0:
                is_shown[feature[r, place]] = True
        rest = 0.0
        for f in range(contributions.shape[1]):
            if not is_shown[f]:
                rest += contributions[r, f]
            is_shown[f] = False
        other[r] = rest


_read_block = numba.njit(nogil=True)(_read_block_loop)
_explain_rows = numba.njit(nogil=True)(_explain_loop)
_rank_rows = numba.njit(nogil=True)(_rank_loop)
