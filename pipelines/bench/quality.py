"""How good the models are on public data, by published protocols, beside what others reach on them.

Everything that is chosen (settings, trees, calibration) is chosen inside the training rows of each split:
`train_target` sees the test rows only to predict them. Random splits stand where the reference used them.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from pipelines.build import build, open_store
from pipelines.datasets import read_datasets
from pipelines.engine import Engine
from pipelines.errors import PipelineError
from pipelines.labels import plan_targets
from pipelines.lifetimes import RULE, lifetime_rule
from pipelines.settings import Home
from pipelines.sources import IMPORTS
from pipelines.sources.simulated import simulate
from pipelines.train import TrainOptions, prepared_tables, train, train_rules
from pipelines.truth import attainable
from training.dataset import Dataset, joined
from training.recipe import Shape
from training.resample import amount_figures, of_all
from training.run import RunRules, TrainedTarget, train_target
from training.scorecard import fit_scorecard
from training.splits import Schedule
from training.tune import Tuning

LIBRARIES = ("lightgbm", "scikit-learn", "catboost", "optuna")
REAL = Path(__file__).parents[2].parent / "shared" / "data"
"""The public data sets beside the project."""

TRIALS = 20
"""Recipes that the tuner tries inside the training rows of each split."""

Say = Callable[[str], None]
BoolArray = NDArray[np.bool_]


@dataclass
class _Found:
    """What the protocols found: figures with reference and reach, bounds, and what stands beside."""

    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    bounds: dict[str, dict[str, float]] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)

    def reach(self, name: str, value: float, reference: float, reach: float) -> None:
        self.figures[name] = {"value": value, "reference": reference, "reach": reach}

    def between(self, name: str, value: float, low: float, high: float) -> None:
        self.bounds[name] = {"value": value, "low": low, "high": high}


def bench_quality(
    real: Path = REAL, parts: tuple[str, ...] = (), progress: Say | None = None
) -> dict[str, Any]:
    """Run the protocols.

    Parameters
    ----------
    real
        Folder with the public data sets, one folder each.
    parts
        Names of the protocols to run; all of PROTOCOLS where empty.

    Returns
    -------
    The shape of contract.md, "The command line", `bench`, `quality`. What stands beside is in `floor`.

    Raises
    ------
    PipelineError
        A data set is not there, or a protocol is unknown.
    """
    unknown = sorted(set(parts) - set(PROTOCOLS))
    if unknown:
        raise PipelineError(
            f"bench quality: expected protocols among {', '.join(PROTOCOLS)}; got {', '.join(unknown)}"
        )
    say, found = progress or (lambda _: None), _Found()
    for name in parts or PROTOCOLS:
        with TemporaryDirectory() as directory:
            PROTOCOLS[name](_Place(name, real, Path(directory), say), found)
    return {
        "name": "quality",
        "figures": found.figures,
        "bounds": found.bounds,
        "floor": found.floor,
        "ratios": {},
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


@dataclass(frozen=True)
class _Place:
    """Where a protocol reads and works, and how it says how far it is."""

    name: str
    real: Path
    work: Path
    tell: Say

    def say(self, text: str) -> None:
        """Say how far the protocol is."""
        self.tell(f"{self.name}: {text}")

    @property
    def home(self) -> Home:
        return Home(self.work / "home")

    def imported(self, source: str, folder: str) -> Path:
        """Import a public data set and return the bank's folder."""
        found = self.real / folder
        if not found.is_dir():
            raise PipelineError(
                f"bench quality: expected the data set {source} in {found}; there is no such folder. "
                "Put the folder shared/data with the public data sets beside the project."
            )
        self.say("import")
        IMPORTS[source](found, self.work / "bank")
        return self.work / "bank"

    def rows(self, bank: Path) -> tuple[Dataset, RunRules]:
        """Every labelled row of a bank with one target from `outcomes`, in the order of dates and ids."""
        source = open_store(self.home, prepared_tables(self.home, bank))
        with Engine(source.bank) as engine:
            plan = plan_targets(source.bank, engine, None)
            build(source, plan.dates)
            ((rows, test),) = read_datasets(source, engine, plan).values()
        whole = rows if test is None else joined([rows, test])
        rules = replace(train_rules(source.bank, seed=1, threads=2), tuning=Tuning(TRIALS))
        return whole, rules


def _split(target: str, rows: Dataset, is_test: BoolArray, rules: RunRules) -> TrainedTarget:
    """Train on the rows that are not tested: choices, trees and calibration see no others."""
    day = rows.as_of[is_test].max().astype(object)
    schedule = Schedule(target, None, tuple(sorted(set(rows.as_of[~is_test].astype(object)))), day)
    return train_target(schedule, rows.where(~is_test), rows.where(is_test), rules)


def _folds(rows: Dataset, folds: int, seed: int) -> Iterator[BoolArray]:
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for _, out in splitter.split(np.zeros(len(rows)), rows.label > 0.5):
        is_test = np.zeros(len(rows), dtype=np.bool_)
        is_test[out] = True
        yield is_test


def _cross_validated(
    place: _Place, target: str, rows: Dataset, rules: RunRules, folds: int, seed: int = 1
) -> tuple[float, float]:
    """Mean AUC over stratified folds: the model's, and a logistic regression's on ranks."""
    found = []
    for number, is_test in enumerate(_folds(rows, folds, seed)):
        place.say(f"seed {seed}, fold {number + 1} of {folds}")
        item = _split(target, rows, is_test, rules)
        found.append((item.metrics["auc"], item.baselines["logistic"]["auc"]))
    model, logistic = np.mean(found, axis=0)
    return float(model), float(logistic)


def _linear(rows: Dataset, is_test: BoolArray, rules: RunRules) -> float:
    """AUC of a logistic regression alone: one slope per feature on ranks, one value per code."""
    train, test = rows.where(~is_test), rows.where(is_test)
    shapes: dict[int, Shape] = {
        train.names.index(name): "coded" for name in rules.recipe.coded if name in train.names
    }
    card = fit_scorecard(train.values, train.label, None, is_amount=False, shapes=shapes)
    return float(roc_auc_score(test.label, card.margin(test.values)))


def _catboost(rows: Dataset, is_test: BoolArray) -> float:
    """AUC of CatBoost with its defaults on the same numbers."""
    from catboost import CatBoostClassifier

    train, test = rows.where(~is_test), rows.where(is_test)
    model = CatBoostClassifier(random_seed=1, thread_count=2, verbose=0, allow_writing_files=False)
    model.fit(train.values, train.label)
    return float(roc_auc_score(test.label, model.predict_proba(test.values)[:, 1]))


def _in_time(place: _Place, found: _Found) -> None:
    rows, rules = place.rows(place.imported("bank-marketing", "bank_marketing"))
    order = np.argsort(np.array(rows.customer_ids))
    is_test = np.zeros(len(rows), dtype=np.bool_)
    is_test[order[len(rows) * 8 // 10 :]] = True
    place.say("train on the first 80%")
    item = _split("response", rows, is_test, rules)
    found.reach("bank_marketing_in_time_auc", item.metrics["auc"], 0.741, 0.73)
    found.between("bank_marketing_in_time_brier", item.metrics["brier"], 0.0, 0.22)
    found.floor["bank_marketing_in_time_logistic_auc"] = _linear(rows, is_test, rules)
    found.floor["bank_marketing_in_time_catboost_auc"] = _catboost(rows, is_test)


def _shuffled(place: _Place, found: _Found) -> None:
    rows, rules = place.rows(place.imported("bank-marketing", "bank_marketing"))
    model, logistic = _cross_validated(place, "response", rows, rules, 10)
    found.reach("bank_marketing_shuffled_auc", model, 0.8055, 0.804)
    found.floor["bank_marketing_shuffled_logistic_auc"] = logistic


def _taiwan(place: _Place, found: _Found) -> None:
    rows, rules = place.rows(place.imported("credit-default", "credit_default_tw"))
    model, logistic = _cross_validated(place, "default", rows, rules, 5)
    found.reach("credit_default_auc", model, 0.782, 0.785)
    found.floor["credit_default_logistic_auc"] = logistic


def _churn_modelling(place: _Place, found: _Found) -> None:
    rows, rules = place.rows(place.imported("churn-modelling", "churn_modelling"))
    results = [_cross_validated(place, "churn", rows, rules, 3, seed) for seed in range(1, 6)]
    model, logistic = np.mean(results, axis=0)
    found.reach("churn_modelling_auc", float(model), 0.868, 0.867)
    found.floor["churn_modelling_logistic_auc"] = float(logistic)


def _retail(place: _Place, found: _Found) -> None:
    bank, day = place.imported("online-retail", "online_retail_ii"), date(2010, 9, 1)
    place.say("train")
    result = train(place.home, bank, TrainOptions(test_as_of=day))
    models = {item.key: item for item in result.trained}
    churn, growth = models["churn_90"], models["growth_90"]
    found.reach("online_retail_churn_auc", churn.metrics["auc"], 0.732, 0.742)
    found.reach("online_retail_growth_spearman", growth.metrics["spearman"], 0.524, 0.525)
    place.say("BG/NBD and Gamma-Gamma")
    with Engine(result.store.bank) as engine:
        rule = lifetime_rule(engine, day, seed=1)
    if rule is None or isinstance(rule, str):
        raise PipelineError(f"bench quality: expected a buy-till-you-die model of Online Retail; got {rule}")
    silent = rule.scores(churn.schedule, churn.test, has_balances=False)[RULE]
    found.floor["online_retail_churn_bg_nbd_auc"] = float(roc_auc_score(churn.test.label, silent))
    spent = rule.scores(growth.schedule, growth.test, has_balances=False)[RULE]
    ranked = amount_figures(growth.test.level, growth.test.label, spent, None)["spearman"]
    found.floor["online_retail_growth_gamma_gamma_spearman"] = of_all(ranked, len(spent))


def _simulated(place: _Place, found: _Found) -> None:
    place.say("simulate 20,000 customers over 36 months")
    simulate(20_000, 36, 1, place.work / "bank")
    place.say("features and models")
    result = train(place.home, place.work / "bank", TrainOptions())
    churn = next(item for item in result.trained if item.key == "churn_90")
    growth = next(item for item in result.trained if item.schedule.target == "growth")
    share = attainable(place.work / "bank" / "truth", result.trained)["churn_90"]
    found.reach("simulated_churn_share_of_attainable_lift", share["share"], 1.0, 0.95)
    found.between("simulated_churn_ece", churn.metrics["ece"], 0.0, 0.01)
    found.between("simulated_growth_coverage", growth.metrics["coverage"], 0.78, 0.82)
    found.floor["simulated_churn_auc"] = share["auc"]
    found.floor["simulated_true_probability_auc"] = share["true_auc"]


PROTOCOLS: Mapping[str, Callable[[_Place, _Found], None]] = {
    "online-retail": _retail,
    "bank-marketing-in-time": _in_time,
    "bank-marketing-shuffled": _shuffled,
    "credit-default": _taiwan,
    "churn-modelling": _churn_modelling,
    "simulated": _simulated,
}
"""Every protocol by name, in the order of the printed table."""
