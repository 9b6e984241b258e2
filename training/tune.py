"""Tuning: Optuna tries recipes on earlier dates, from the default and the last one found onwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.choose import BEYOND, FloatArray, Judge
from training.recipe import Recipe

TUNED = ("learning_rate", "min_rows_in_leaf", "feature_share", "row_share", "ridge", "extra_trees")


@dataclass(frozen=True)
class Tuning:
    """How much may be tried: at most so many trials and seconds per model, beginning with `start` where there is one.

    0 trials: nothing is tuned.
    """

    trials: int = 0
    seconds: float = 0.0
    start: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Tuned:
    """The best recipe, its score on the earlier dates, that of the recipe it began with, and how many were tried."""

    recipe: Recipe
    score: float
    began: float
    trials: int


def tune(judge: Judge, recipe: Recipe, tuning: Tuning) -> Tuned:
    """Search for a better recipe; the one it began with stays unless another is better by more than its error."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=recipe.seed, multivariate=True)
    )
    first = {name: getattr(recipe, name) for name in TUNED}
    study.enqueue_trial(first)
    if tuning.start is not None:
        study.enqueue_trial({**first, **{name: tuning.start[name] for name in TUNED if name in tuning.start}})

    drawn: dict[int, FloatArray] = {}

    def objective(trial: optuna.Trial) -> float:
        score, drawn[trial.number] = judge.score(replace(recipe, **_suggested(trial)))
        return score

    study.optimize(objective, n_trials=tuning.trials, timeout=tuning.seconds or None)
    began = float(study.trials[0].values[0])
    error = float(np.nanstd(drawn[study.best_trial.number] - drawn[0]))
    if study.best_value - began <= BEYOND * error:
        return Tuned(recipe, began, began, len(study.trials))
    return Tuned(replace(recipe, **study.best_params), float(study.best_value), began, len(study.trials))


def _suggested(trial: Any) -> dict[str, Any]:
    """Return the recipe's settings of a trial; the ranges are wide around the default. Source: own choice."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.2, log=True),
        "min_rows_in_leaf": trial.suggest_int("min_rows_in_leaf", 5, 400, log=True),
        "feature_share": trial.suggest_float("feature_share", 0.1, 1.0),
        "row_share": trial.suggest_float("row_share", 0.4, 1.0),
        "ridge": trial.suggest_float("ridge", 0.1, 100.0, log=True),
        "extra_trees": trial.suggest_categorical("extra_trees", [True, False]),
    }
