"""Runs, versions and the champion file: what is written, in which order, and what a killed run leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import PipelineError
from pipelines.ledger import database_of, open_ledger
from pipelines.settings import Home
from pipelines.tracking import Registered, RunRecord, track
from pipelines.versions import versions
from serving.bundle import Bundle, FeatureFrame
from serving.champion import Champion, read_champion
from serving.errors import BundleError
from tests.packed import pack
from tests.trained import NAMES, all_trained, population

CREATED = ("2026-11-01T08:00:00+00:00", "2026-11-02T08:00:00+00:00")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """A finished training run with its bundle."""
    directory = tmp_path_factory.mktemp("packed")
    digest = pack(directory / "bundle", all_trained())
    plot = directory / "churn_90-lift.en.svg"
    plot.write_text("<svg/>", encoding="utf-8")
    return RunRecord(
        bundle_dir=directory / "bundle", manifest_sha256=digest, trained=all_trained(),
        params={"learning_rate": 0.1, "test_as_of": None}, tags={"code_commit": "0123abc"}, plots=(plot,),
        card="# Card\n", seed=1, created_at=CREATED[0],
    )  # fmt: skip


@pytest.fixture(scope="module")
def twice(
    packed: RunRecord, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, tuple[Registered, Registered]]:
    """A home with two versions."""
    home = Home(tmp_path_factory.mktemp("home"))
    return home, (track(home, packed), track(home, replace(packed, created_at=CREATED[1])))


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database before any run: to make it takes seconds, so tests copy this one."""
    home = Home(tmp_path_factory.mktemp("empty"))
    with open_ledger(home):
        return database_of(home)


@pytest.fixture
def home(tmp_path: Path, empty_database: Path) -> Home:
    """A home without any version."""
    return _new_home(tmp_path / "home", empty_database)


def _new_home(root: Path, empty_database: Path) -> Home:
    home = Home(root)
    root.mkdir()
    shutil.copy(empty_database, database_of(home))
    with sqlite3.connect(database_of(home)) as database:  # its artifacts belong to the new home
        database.execute("UPDATE experiments SET artifact_location = ?", [home.artifacts.as_uri()])
    return home


@pytest.fixture
def ledger(twice: tuple[Home, Any]) -> Iterator[Any]:
    """MLflow, looking at the home with two versions."""
    import mlflow

    mlflow.set_tracking_uri(twice[0].tracking_uri)
    yield mlflow
    mlflow.set_tracking_uri(None)


def test_the_first_version_serves_and_the_next_one_challenges(
    twice: tuple[Home, Any], packed: RunRecord
) -> None:
    home, (first, second) = twice
    assert (first.version, second.version) == ("1", "2")
    assert first.aliases == ("challenger", "champion")
    assert second.aliases == ("challenger",)
    champion = json.loads(home.champion.read_text(encoding="utf-8"))
    assert champion == {"version": "1", "manifest_sha256": packed.manifest_sha256}


def test_every_version_is_exported_whole(twice: tuple[Home, tuple[Registered, Registered]]) -> None:
    home, registered = twice
    for item, created_at in zip(registered, CREATED, strict=True):
        bundle = Bundle.load(home.bundles / item.version, item.manifest_sha256)
        assert bundle.release is not None
        assert bundle.release.version == item.version
        assert bundle.release.run_id == item.run_id
        assert bundle.release.created_at == created_at
    assert sorted(path.name for path in home.bundles.iterdir()) == ["1", "2"]


def test_a_run_holds_figures_of_the_models_and_of_the_simple_rules(
    twice: tuple[Home, Any], ledger: Any
) -> None:
    _, (first, _) = twice
    client = ledger.MlflowClient()
    run = client.get_run(first.run_id)
    model = all_trained()[0]
    assert client.get_experiment(run.info.experiment_id).name == "bellwether"
    assert run.info.status == "FINISHED"
    assert run.data.metrics["churn_90/auc"] == model.metrics["auc"]
    assert run.data.metrics["baseline/recency/churn_90/auc"] == model.baselines["recency"]["auc"]
    assert run.data.metrics["growth_180/trees"] == all_trained()[1].fitted.trees
    assert run.data.metrics["churn_90/proof_margin"] <= 1e-12
    fold = model.fitted.folds[2]
    assert run.data.metrics["churn_90/fold_2/auc"] == fold.value
    assert run.data.metrics["churn_90/fold_2/loss"] == fold.loss
    assert run.data.metrics["churn_90/fold_2/trees"] == fold.trees
    assert 0.0 < run.data.metrics["growth_180/fold_0/spearman"] < 1.0
    assert run.data.params["learning_rate"] == "0.1"
    assert run.data.params["seed"] == "1"
    assert "test_as_of" not in run.data.params
    assert run.data.tags["code_commit"] == "0123abc"
    paths = {item.path for folder in ("", "plots") for item in client.list_artifacts(first.run_id, folder)}
    assert {"MODEL_CARD.md", "plots/churn_90-lift.en.svg"} <= paths


def test_the_registered_model_predicts_what_the_bundle_predicts(twice: tuple[Home, Any], ledger: Any) -> None:
    """Columns in another order, an id and a foreign column change nothing."""
    home, (_, second) = twice
    drawn = population(300, 21).values
    frame = pd.DataFrame(drawn, columns=list(NAMES))[sorted(NAMES, reverse=True)]
    frame.insert(3, "customer_id", [f"C{row}" for row in range(len(frame))])
    found = ledger.pyfunc.load_model("models:/bellwether@challenger").predict(frame)
    bundle = Bundle.load(home.bundles / second.version)
    expected = bundle.predict(FeatureFrame(tuple(map(str, range(300))), "", NAMES, drawn)).outputs
    assert list(found.columns) == [
        "churn_90",
        "growth_180",
        "growth_180_low",
        "growth_180_high",
        "loyalty_360",
    ]
    for key, output in expected.items():
        assert np.array_equal(found[key], output.prediction)
    assert np.array_equal(found["growth_180_low"], np.asarray(expected["growth_180"].low))


def test_versions_are_listed_with_aliases_and_figures(twice: tuple[Home, Any], tmp_path: Path) -> None:
    home, _ = twice
    first, second = versions(home)
    assert (first.version, first.aliases, first.is_champion) == ("1", ("champion",), True)
    assert (second.version, second.aliases, second.is_champion) == ("2", ("challenger",), False)
    assert second.created_at == CREATED[1]
    assert first.metrics["churn_90"]["auc"] == all_trained()[0].metrics["auc"]
    assert first.figures().startswith("churn_90 AUC 0.")
    assert json.loads(json.dumps(first.to_dict()))["is_exported"] is True
    assert versions(Home(tmp_path / "new")) == []
    assert not (tmp_path / "new").exists(), "a listing makes nothing"


def test_nothing_of_mlflow_reaches_the_terminal(
    packed: RunRecord, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "new")
    track(home, packed)
    versions(home)
    assert capfd.readouterr() == ("", "")


def test_the_settings_of_mlflow_are_left_as_they_were(twice: tuple[Home, Any], packed: RunRecord) -> None:
    import mlflow

    before = mlflow.get_tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")
    versions(twice[0])
    assert (mlflow.get_tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")) == before


def test_a_run_begun_by_mlflow_run_is_written_to_where_it_began(
    packed: RunRecord, home: Home, empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run and its figures go to its own database; the version is counted by the home."""
    import mlflow

    elsewhere = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'elsewhere.db')}"
    client = mlflow.MlflowClient(elsewhere, elsewhere)
    experiment = client.create_experiment("projects", (tmp_path / "artifacts").as_uri())
    run_id = client.create_run(experiment).info.run_id
    client.log_param(run_id, "seed", "1")
    client.log_param(run_id, "learning_rate", "asked for")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", elsewhere)
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    registered = track(home, packed)
    assert registered.run_id == run_id
    run = client.get_run(run_id)
    assert run.data.metrics["churn_90/auc"] == all_trained()[0].metrics["auc"]
    assert run.data.params["learning_rate"] == "asked for"
    assert run.data.params["used/learning_rate"] == "0.1"
    assert client.search_registered_models() == []
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert [(item.version, item.aliases) for item in versions(home)] == [("1", ("challenger", "champion"))]
    Bundle.load(home.bundles / "1", packed.manifest_sha256)


def test_a_bundle_other_than_the_one_written_is_refused(packed: RunRecord, home: Home) -> None:
    with pytest.raises(BundleError, match="expected SHA-256 0000"):
        track(home, replace(packed, manifest_sha256="0" * 64))
    assert not home.champion.exists()
    assert versions(home) == []


def test_a_home_whose_registry_was_lost_is_not_written_over(packed: RunRecord, home: Home) -> None:
    (home.bundles / "1").mkdir(parents=True)
    with pytest.raises(
        PipelineError, match=r"bundles/1: expected no bundle of version 1 yet.*Bring that registry"
    ):
        track(home, packed)
    assert not home.champion.exists()


@pytest.mark.parametrize("is_new", [False, True], ids=["with a database", "without"])
def test_a_killed_run_leaves_no_champion_or_a_right_one(
    packed: RunRecord, tmp_path: Path, empty_database: Path, *, is_new: bool
) -> None:
    """Killed at moments spread over the run, each time in a home of its own; the next run puts everything right."""
    kept = 0
    delays = [0.2, 0.6] if is_new else [0.05 + 0.2 * place for place in range(6)]
    for place, delay in enumerate(delays):
        home = Home(tmp_path / str(place))
        if not is_new:
            _new_home(home.root, empty_database)
        _run_and_kill(home, packed, delay)
        if home.champion.exists():
            kept += 1
            assert _champion(home).version == "1"
        registered = track(home, packed)
        champion = _champion(home)
        assert registered.aliases[0] == "challenger"
        assert list(home.bundles.glob("*.partial")) == []
        assert [item.version for item in versions(home) if "champion" in item.aliases] == [champion.version]
    print(f"{len(delays)} kills, {kept} after the champion file")


def _run_and_kill(home: Home, run: RunRecord, delay: float) -> None:
    child = os.fork()
    if child == 0:
        try:
            track(home, run)
        finally:
            os._exit(0)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _champion(home: Home) -> Champion:
    """The champion, its bundle verified."""
    champion = read_champion(home.root)
    bundle = Bundle.load(home.bundles / champion.version, champion.manifest_sha256)
    assert bundle.release is not None
    assert bundle.release.version == champion.version
    return champion
