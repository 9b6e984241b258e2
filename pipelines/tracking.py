"""A trained bundle becomes a version: logged, registered, loaded back, exported, and champion where there is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

import serving
from pipelines.errors import PipelineError
from pipelines.ledger import Ledger, aliases_of, database_of, open_ledger, registry_lock
from pipelines.settings import MODEL_NAME, Home, write_json
from serving.bundle import Bundle, FeatureFrame
from serving.champion import read_champion
from serving.golden import INPUT
from serving.manifest import CARD, GOLDEN, MANIFEST, RELEASE, Manifest, Release, unseal
from training.package import write_release
from training.wording import Wording

if TYPE_CHECKING:  # what trains takes seconds to import: who lists versions needs it not
    from training.budget import Budget
    from training.fit import FoldFigures
    from training.run import TrainedTarget

CHALLENGER, CHAMPION = "challenger", "champion"
_MODEL_CODE = Path(__file__).with_name("pyfunc_bundle.py")
_REQUIREMENTS = ("mlflow", "numba", "numpy", "pandas", "pyarrow", "pydantic")
_PARTIAL = ".partial"
_PARAMS_AT_ONCE = 100  # MLflow takes no more


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A finished training run.

    `bundle_dir` is the written bundle with the manifest of that digest. `params` say how it was trained, flat;
    `created_at` is the moment of registration as text. `timings` are figures that differ from run to run.
    """

    bundle_dir: Path
    manifest_sha256: str
    trained: tuple[TrainedTarget, ...]
    params: Mapping[str, str | int | float | bool | None]
    tags: Mapping[str, str]
    plots: tuple[Path, ...]
    card: str
    seed: int
    created_at: str
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Registered:
    """A bundle under its version: where it lies, and the aliases that point at it."""

    version: str
    run_id: str
    manifest_sha256: str
    bundle_dir: Path
    aliases: tuple[str, ...]


def track(home: Home, run: RunRecord) -> Registered:
    """Log a run, register its bundle, and export it; it serves at once where nothing serves yet.

    The bundle is loaded back from MLflow and has to predict its golden rows to the bit before it gets a version.
    The champion file is written last: a run that is killed leaves no champion file, or the right one, and what
    else it leaves is taken away or passed over by the next.

    Raises
    ------
    PipelineError
        The model that MLflow gives back predicts otherwise, or the home holds another bundle of this version.
    BundleError
        The bundle is not the one of `manifest_sha256`.
    """
    with registry_lock(home), open_ledger(home) as ledger:
        _remove_leftovers(home)
        bundle = Bundle.load(run.bundle_dir, run.manifest_sha256)
        with _started(ledger, run) as run_id:
            _log_facts(ledger, run, run_id)
            model = _log_model(ledger, run, bundle)
            _check_model(ledger, model.model_uri, bundle)
        version = _register(ledger, model, run, run_id)
        directory = _export(home, run, Release(version, run_id, run.created_at, run.manifest_sha256))
        ledger.client.set_registered_model_alias(MODEL_NAME, CHALLENGER, version)
        if not home.champion.exists():
            ledger.client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
            write_json(home.champion, {"version": version, "manifest_sha256": run.manifest_sha256})
        aliases = aliases_of(ledger.client)[version]
    return Registered(version, run_id, run.manifest_sha256, directory, aliases)


@contextmanager
def _started(ledger: Ledger, run: RunRecord) -> Iterator[str]:
    """Open the run: the one that `mlflow run` began, else a new one."""
    name = None if ledger.is_project_run else f"train {run.created_at}"
    with ledger.mlflow.start_run(experiment_id=ledger.experiment_id, run_name=name) as active:
        yield str(active.info.run_id)


def _log_facts(ledger: Ledger, run: RunRecord, run_id: str) -> None:
    mlflow = ledger.mlflow
    known = ledger.client.get_run(run_id).data.params
    params = {"seed": run.seed, **run.params}
    for item in run.trained:
        params |= {
            f"{item.key}/test_as_of": item.schedule.test.isoformat(),
            f"{item.key}/validation": item.validation,
            **(
                {f"{item.key}/recipe/{name}": value for name, value in asdict(item.recipe).items()}
                if item.recipe
                else {}
            ),
        }
    # What `mlflow run` was asked for stands there already, and a parameter is written once.
    new = {name if name not in known else f"used/{name}": str(value) for name, value in params.items()
           if value is not None and known.get(name) != str(value)}  # fmt: skip
    items = sorted(new.items())
    for start in range(0, len(items), _PARAMS_AT_ONCE):
        mlflow.log_params(dict(items[start : start + _PARAMS_AT_ONCE]))
    mlflow.set_tags({**run.tags, "manifest_sha256": run.manifest_sha256})
    mlflow.log_metrics({**dict(_figures(run.trained)), **run.timings})
    mlflow.log_dict(_trials(run.trained), "trials.json")
    for plot in run.plots:
        mlflow.log_artifact(str(plot), "plots")
    mlflow.log_text(run.card, CARD)


def _figures(trained: Sequence[TrainedTarget]) -> Iterator[tuple[str, float]]:
    """All figures by name: `churn_90/auc`, `baseline/recency/churn_90/auc`, and how the model was trained."""
    for item in trained:
        key, fitted = item.key, item.fitted
        for name, value in item.metrics.items():
            yield f"{key}/{name}", value
        for rule, figures in item.baselines.items():
            for name, value in figures.items():
                yield f"baseline/{rule}/{key}/{name}", value
        for name, found in item.intervals.items():
            yield from (
                (f"{key}/{name}_{end}", value) for end, value in (("low", found.low), ("high", found.high))
            )
        for number, fold in enumerate(fitted.folds):
            yield from ((f"{key}/fold_{number}/{name}", value) for name, value in _fold_figures(fold))
        if item.budget is not None:
            yield from ((f"{key}/{name}", value) for name, value in _budget_figures(item.budget))
        if item.choice is not None:
            yield f"{key}/out_of_time_score", item.choice.score
        yield f"{key}/trees", fitted.trees
        yield f"{key}/features", len(fitted.features)
        yield f"{key}/rows_train", item.train_rows
        yield f"{key}/customers_train", item.train_customers
        yield f"{key}/rows_test", len(item.test)
        yield f"{key}/train_base", item.train_base
        for name, difference in asdict(fitted.proof).items():
            yield f"{key}/proof_{name}", difference


def _fold_figures(fold: FoldFigures) -> Iterator[tuple[str, float]]:
    """How a fold's model does on the customers it has not seen; a figure with nothing to tell is left out."""
    if not isnan(fold.value):
        yield fold.name, fold.value
    yield from (("loss", fold.loss), ("trees", fold.trees), ("rows", fold.rows))


def _budget_figures(budget: Budget) -> Iterator[tuple[str, float]]:
    """What explanations cost; what was not measured is left out."""
    cost = budget.depth_cost
    found = {
        "depth_cost": cost.value,
        "depth_cost_low": cost.low,
        "depth_cost_high": cost.high,
        "reason_agreement_top": budget.agreement_top,
        "reason_agreement_all": budget.agreement_all,
    }
    return ((name, value) for name, value in found.items() if not isnan(value))


def _trials(trained: Sequence[TrainedTarget]) -> dict[str, Any]:
    """What was tried by model: every setting with its score, gain and error on the dates it was judged on."""
    return {
        item.key: {
            "dates": [day.isoformat() for day in item.choice.dates],
            "score": item.choice.score,
            "trials": [asdict(trial) for trial in item.choice.trials],
            "tuned": None
            if item.tuned is None
            else {"score": item.tuned.score, "began": item.tuned.began, "trials": item.tuned.trials},
        }
        for item in trained
        if item.choice is not None
    }


def last_recipes(home: Home) -> dict[str, dict[str, str]]:
    """Recipes of the newest version by model, as MLflow has them (texts); empty where there is none."""
    found = versions(home)
    if not found:
        return {}
    with open_ledger(home) as ledger:
        newest = ledger.client.get_model_version(MODEL_NAME, found[-1].version)
        params = ledger.client.get_run(newest.run_id).data.params
    recipes: dict[str, dict[str, str]] = {}
    for name, value in params.items():
        key, _, setting = name.partition("/recipe/")
        if setting:
            recipes.setdefault(key, {})[setting] = value
    return recipes


def _log_model(ledger: Ledger, run: RunRecord, bundle: Bundle) -> Any:
    """Log the bundle as a model from code: the loader, the package that reads it, and its files."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [ColSpec("string", "customer_id", required=False)]
    inputs += [ColSpec("double", name) for name in bundle.names]
    outputs = []
    for target in bundle.manifest.targets:
        ends = ("", "_low", "_high") if target.kind == "amount" else ("",)
        outputs += [ColSpec("double", f"{target.key}{end}") for end in ends]
    return ledger.mlflow.pyfunc.log_model(
        name=MODEL_NAME,
        python_model=str(_MODEL_CODE),
        artifacts={"bundle": str(run.bundle_dir)},
        code_paths=[str(Path(str(serving.__file__)).parent)],
        signature=ModelSignature(inputs=Schema([*inputs]), outputs=Schema([*outputs])),
        pip_requirements=[f"{name}=={library_version(name)}" for name in _REQUIREMENTS],
    )


def _check_model(ledger: Ledger, model_uri: str, bundle: Bundle) -> None:
    """Load the logged model and predict the golden rows: the same bits, or no version."""
    import pandas as pd

    path = list(sys.path)
    try:
        model = ledger.mlflow.pyfunc.load_model(model_uri)
    finally:
        sys.path[:] = path  # MLflow leaves the model's copy of our code in front
    golden = pq.read_table(bundle.directory / GOLDEN, columns=[INPUT + name for name in bundle.names])
    frame = pd.DataFrame({name: golden[INPUT + name].to_numpy() for name in reversed(bundle.names)})
    found = model.predict(frame)
    ids = tuple(map(str, frame.index))
    outputs = bundle.predict(FeatureFrame(ids, "", tuple(frame.columns), frame.to_numpy(np.float64))).outputs
    for key, output in outputs.items():
        if not np.array_equal(found[key].to_numpy(), output.prediction):
            raise PipelineError(
                f"{model_uri}, {key}: expected the golden predictions of the bundle to the bit; got others. "
                "No version was registered: check that the installed code is the one that trained."
            )


def _register(ledger: Ledger, model: Any, run: RunRecord, run_id: str) -> str:
    client = ledger.client
    if not client.search_registered_models(filter_string=f"name = '{MODEL_NAME}'"):
        client.create_registered_model(MODEL_NAME)
    version = client.create_model_version(
        MODEL_NAME,
        model.model_uri,
        run_id,
        tags={"manifest_sha256": run.manifest_sha256},
        model_id=model.model_id,
    )
    return str(version.version)


def _export(home: Home, run: RunRecord, release: Release) -> Path:
    """Copy the bundle to its version's folder, which appears only when it is whole and loads."""
    directory = home.bundles / release.version
    if directory.exists():
        raise PipelineError(
            f"{directory}: expected no bundle of version {release.version} yet; there is one, so this home's registry "
            f"({home.tracking_uri}) is not the one that numbered it. Bring that registry back, or move "
            f"{home.bundles} away."
        )
    partial = directory.with_name(f"{release.version}{_PARTIAL}")
    shutil.copytree(run.bundle_dir, partial, ignore=shutil.ignore_patterns(RELEASE))
    write_release(partial, release)
    Bundle.load(partial, run.manifest_sha256)
    partial.rename(directory)
    return directory


def _remove_leftovers(home: Home) -> None:
    """Take away what a killed run left of an export."""
    for path in home.bundles.glob(f"*{_PARTIAL}"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@dataclass(frozen=True)
class VersionRecord:
    """One registered version. `is_exported` is false where a run was killed before its bundle was in place."""

    version: str
    run_id: str
    created_at: str
    manifest_sha256: str
    aliases: tuple[str, ...]
    is_champion: bool
    is_exported: bool
    metrics: Mapping[str, Mapping[str, float | int | str | None]]

    def figures(self, language: str = "en") -> str:
        """Return one figure per model, in words."""
        words = Wording(language)
        shown = []
        for key, figures in self.metrics.items():
            for name in ("auc", "spearman"):
                if isinstance(value := figures.get(name), float):
                    shown.append(f"{key} {words(f'figures.{name}')} {value:.3f}")
                    break
        return " · ".join(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return what a machine reads of it."""
        return asdict(self)


def versions(home: Home) -> list[VersionRecord]:
    """List the registered versions, oldest first; none where nothing was trained yet."""
    if not database_of(home).is_file():
        return []
    serving_version = read_champion(home.root).version if home.champion.is_file() else None
    with open_ledger(home) as ledger:
        aliases = aliases_of(ledger.client)
        found = ledger.client.search_model_versions(f"name = '{MODEL_NAME}'")
        rows = sorted(((int(item.version), item) for item in found), key=lambda row: row[0])
        return [_version(home, item, aliases, serving_version) for _, item in rows]


def _version(
    home: Home, item: Any, aliases: Mapping[str, tuple[str, ...]], serving_version: str | None
) -> VersionRecord:
    version = str(item.version)
    directory = home.bundles / version
    created_at = datetime.fromtimestamp(item.creation_timestamp / 1000, UTC).isoformat(timespec="seconds")
    metrics: Mapping[str, Mapping[str, float | int | str | None]] = {}
    if directory.is_dir():
        created_at = unseal((directory / RELEASE).read_bytes(), Release, RELEASE).created_at
        metrics = unseal((directory / MANIFEST).read_bytes(), Manifest, MANIFEST).lineage.metrics
    return VersionRecord(
        version=version, run_id=str(item.run_id), created_at=created_at,
        manifest_sha256=str(item.tags.get("manifest_sha256", "")), aliases=aliases.get(version, ()),
        is_champion=version == serving_version, is_exported=directory.is_dir(), metrics=metrics,
    )  # fmt: skip
