"""What can be chosen of a model: everything that changes how it is fitted is here, is logged, and may be tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Kind = Literal["probability", "share", "amount"]
KINDS: dict[str, Kind] = {
    "churn": "probability",
    "default": "probability",
    "response": "probability",
    "loyalty": "share",
    "growth": "amount",
}
Shape = Literal["raising", "lowering", "coded"]
_OBJECTIVES = {"probability": "binary", "share": "cross_entropy", "amount": "regression"}


@dataclass(frozen=True)
class Recipe:
    """How a model is fitted.

    `half_life_days`: a training row this much older than the newest counts half; None: all count alike.
    `moved_limit`: a feature whose distribution moved further than this between older and newest training dates
    (Kolmogorov-Smirnov distance) is left out; None: none is. `linear_share`: how much of the margin is a linear model's
    (training/scorecard.py), 0 to 1. `raising` and `lowering`: features that may only raise, or only lower, the margin.
    `coded`: features whose numbers are codes of a text, without an order.
    """

    seed: int
    folds: int = 3
    learning_rate: float = 0.08
    max_trees: int = 400
    patience: int = 30
    min_rows_in_leaf: int = 100
    feature_share: float = 0.5
    row_share: float = 0.7
    ridge: float = 10.0
    extra_trees: bool = True
    half_life_days: int | None = None
    moved_limit: float | None = None
    linear_share: float = 0.0
    linear_strength: float = 1.0
    raising: tuple[str, ...] = ()
    lowering: tuple[str, ...] = ()
    coded: tuple[str, ...] = ()
    threads: int = 2

    def parameters(self, kind: Kind) -> dict[str, Any]:
        """Return LightGBM's parameters: depth <= 3, deterministic, no categorical splits."""
        return {
            "objective": _OBJECTIVES[kind],
            "learning_rate": self.learning_rate,
            "max_depth": 3,
            "num_leaves": 8,
            "min_data_in_leaf": self.min_rows_in_leaf,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "feature_pre_filter": False,
            "lambda_l2": self.ridge,
            "extra_trees": self.extra_trees,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }

    def without_depth_limit(self, kind: Kind) -> dict[str, Any]:
        """Return the same parameters for trees of any depth with 31 leaves: what depth <= 3 is compared with."""
        return {**self.parameters(kind), "max_depth": -1, "num_leaves": 31}


def recipe_from(texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Read settings of a recipe back from texts, as MLflow keeps them; None of none. What is no number or flag is left.

    Examples
    --------
    >>> recipe_from({"learning_rate": "0.05", "extra_trees": "True", "folds": "3", "raising": "()"})
    {'learning_rate': 0.05, 'extra_trees': True, 'folds': 3}
    """
    read: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "bool": lambda text: text == "True"}
    kinds = {field.name: str(field.type) for field in fields(Recipe)}
    found = {name: read[kinds[name]](text) for name, text in texts.items() if kinds.get(name) in read}
    return found or None
