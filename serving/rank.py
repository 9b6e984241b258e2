"""Which few features say most about a prediction."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from serving.tables import FloatArray

MOST = 20  # reasons an answer may ask for; contract, "Answers out"


@dataclass(frozen=True)
class Ranking:
    """The strongest features of each row: base + sum of `effect` + `other` = margin, up to rounding.

    Attributes
    ----------
    feature
        (n, K): position among the bundle's features, strongest first; -1 where fewer have an effect.
    effect
        (n, K): SHAP value in the model's margin; 0 where `feature` is -1.
    other
        (n,): sum of all effects that are not shown.
    """

    feature: NDArray[np.int32]
    effect: FloatArray
    other: FloatArray


def strongest(
    contributions: FloatArray,
    is_silent: NDArray[np.bool_],
    count: int,
    engine: Literal["numpy", "numba"] = "numpy",
    threads: int = 1,
) -> Ranking:
    """Rank features by the size of their effect; of two equal ones the earlier in the bundle comes first.

    Parameters
    ----------
    contributions
        (n, features) effects, as `Bundle.predict` returns them.
    is_silent
        (features,): features that are never shown (protected ones); their effect is part of `other`.
    count
        How many to show, 0 to 20. A feature without any effect is never shown.
    engine
        "numpy" for few rows or "numba" for many; both give the same bits.
    threads
        Used by "numba" only.

    Source: contract.md, "Answers out"; the order of equal effects is an own choice, for answers that repeat.
    """
    if not 0 <= count <= MOST:
        raise ValueError(f"reasons: expected 0 to {MOST}, got {count}. Ask for fewer.")
    if engine == "numba":
        from serving import batch  # numba takes a second to import: only batches do

        return Ranking(*batch.rank(contributions, is_silent, count, threads))
    return _strongest_numpy(contributions, is_silent, count)


def _strongest_numpy(contributions: FloatArray, is_silent: NDArray[np.bool_], count: int) -> Ranking:
    n, features = contributions.shape
    size = np.where(is_silent, 0.0, np.abs(contributions))
    order = np.argsort(-size, axis=1, kind="stable")[:, :count]
    has_effect = np.take_along_axis(size, order, axis=1) > 0.0
    feature = np.full((n, count), -1, dtype=np.int32)
    effect = np.zeros((n, count))
    shown = min(count, features)
    feature[:, :shown] = np.where(has_effect, order, -1)
    effect[:, :shown] = np.where(has_effect, np.take_along_axis(contributions, order, axis=1), 0.0)
    rest = np.zeros((n, features + 1))  # starts at 0.0, so that the sum is defined without features too
    rest[:, 1:] = contributions
    rows, places = np.nonzero(has_effect)
    rest[rows, order[rows, places] + 1] = 0.0
    return Ranking(feature, effect, np.add.accumulate(rest, axis=1)[:, -1])
