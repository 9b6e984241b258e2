"""MLflow, kept quiet: the ledger of runs and versions of one installation."""

from __future__ import annotations

import fcntl
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.settings import MODEL_NAME, Home

EXPERIMENT = "bellwether"
_RUN_ID, _TRACKING_URI = "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"
_QUIET: Mapping[str, str] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True, eq=False)
class Ledger:
    """An open connection: the module, and a client whose registry is the installation's.

    Runs are written where `mlflow run` says, if it started this process; versions are always counted in the
    installation, or two registries would give one number to two bundles.
    """

    mlflow: ModuleType
    client: Any
    experiment_id: str | None

    @property
    def is_project_run(self) -> bool:
        """Whether `mlflow run` started this process, and with it the run to be written to."""
        return self.experiment_id is None


@contextmanager
def open_ledger(home: Home) -> Iterator[Ledger]:
    """Connect to MLflow, and leave its settings as they were.

    Nothing that MLflow has to say reaches the terminal, and nothing leaves the machine.
    """
    os.environ.update(_QUIET)
    with _hushed():
        import mlflow

        is_project_run = _RUN_ID in os.environ
        before = os.environ.get(_TRACKING_URI)
        _make_database(home)
        settings: Any = mlflow  # takes None as well: no address of its own
        settings.set_tracking_uri(before if is_project_run else home.tracking_uri)
        try:
            client = mlflow.MlflowClient(registry_uri=home.tracking_uri)
            yield Ledger(mlflow, client, None if is_project_run else _experiment(home, client))
        finally:
            settings.set_tracking_uri(before)


@contextmanager
def registry_lock(home: Home) -> Iterator[None]:
    """Let one process at a time give out version numbers and write the champion file; the others wait."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / ".registry.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def database_of(home: Home) -> Path:
    """Return the file of MLflow's database, made by the first run."""
    return Path(home.tracking_uri.removeprefix("sqlite:///"))


def aliases_of(client: Any) -> dict[str, tuple[str, ...]]:
    """Aliases per version; empty where nothing is registered."""
    found: dict[str, tuple[str, ...]] = {}
    for model in client.search_registered_models(filter_string=f"name = '{MODEL_NAME}'"):
        for alias, version in sorted(model.aliases.items()):
            found[str(version)] = (*found.get(str(version), ()), alias)
    return found


def _make_database(home: Home) -> None:
    """Make MLflow's database where there is none; it appears only when all its tables are there.

    MLflow takes seconds to make them one by one, and never opens again a database that it was killed over.
    """
    database = database_of(home)
    if database.exists():
        return
    from mlflow.store.model_registry import sqlalchemy_store

    stores: Any = sqlalchemy_store
    draft = database.with_name(f".{database.name}.draft")
    draft.unlink(missing_ok=True)
    stores.SqlAlchemyStore(f"sqlite:///{draft}").engine.dispose()
    draft.replace(database)


def _experiment(home: Home, client: Any) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(EXPERIMENT, artifact_location=home.artifacts.as_uri()))


@contextmanager
def _hushed() -> Iterator[None]:
    """Silence what MLflow and its libraries log and warn of; errors still raise."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
