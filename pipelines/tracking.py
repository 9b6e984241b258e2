"""A trained bundle becomes a version: logged, registered, loaded back, exported, and champion where there is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import serving
from pipelines.errors import PipelineError
from pipelines.ledger import Ledger, aliases_of, open_ledger, registry_lock
from pipelines.run_facts import figures, model_params, trials
from pipelines.settings import MODEL_NAME, Home, write_json
from serving.bundle import Bundle, FeatureFrame
from serving.golden import INPUT
from serving.manifest import CARD, GOLDEN, RELEASE, Release
from training.package import write_release
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
    params = {"seed": run.seed, **run.params, **dict(model_params(run.trained))}
    # What `mlflow run` was asked for stands there already, and a parameter is written once.
    new = {name if name not in known else f"used/{name}": str(value) for name, value in params.items()
           if value is not None and known.get(name) != str(value)}  # fmt: skip
    items = sorted(new.items())
    for start in range(0, len(items), _PARAMS_AT_ONCE):
        mlflow.log_params(dict(items[start : start + _PARAMS_AT_ONCE]))
    mlflow.set_tags({**run.tags, "manifest_sha256": run.manifest_sha256})
    mlflow.log_metrics({**dict(figures(run.trained)), **run.timings})
    mlflow.log_dict(trials(run.trained), "trials.json")
    for plot in run.plots:
        mlflow.log_artifact(str(plot), "plots")
    mlflow.log_text(run.card, CARD)


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
