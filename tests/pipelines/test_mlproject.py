"""The MLflow project: its entry points run the commands, and a run of it ends in a version that serves."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipelines.build import open_store
from pipelines.intake import prepare
from pipelines.monitor import monitor
from pipelines.settings import Home
from pipelines.train import TrainOptions, train
from pipelines.versions import versions
from serving.bundle import Bundle
from serving.champion import read_champion
from serving.manifest import RELEASE
from tests.handover import Bank, write_bank

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
UNTIL = date(2026, 3, 1)
CUSTOMERS, DAYS = 400, 260
NEEDED = {"data": "bank", "as_of": "2026-03-01", "out": "o", "home": "h"}


def _bank() -> Bank:
    """Customers with a pace of their own, two in five of whom fall silent on some day."""
    draw = np.random.default_rng(7)
    start = UNTIL - timedelta(days=DAYS)
    customers, transactions = [], []
    for number in range(CUSTOMERS):
        name = f"C{number:04d}"
        customers.append({"customer_id": name, "kind": "retail", "opened_on": start - timedelta(days=number)})
        last = draw.integers(20, 200) if draw.random() < 0.4 else DAYS
        day = float(draw.exponential(5.0))
        while day < last:
            transactions.append(
                {
                    "transaction_id": f"{name}-{len(transactions)}",
                    "customer_id": name,
                    "occurred_at": datetime.combine(start + timedelta(days=int(day)), datetime.min.time()),
                    "amount": -int(draw.integers(1_000, 100_000)),
                    "kind": "payment",
                    "started_by": "customer",
                }
            )
            day += float(draw.exponential(4.0 + number % 20)) * (
                3.0 if last - day < 45 and last < DAYS else 1.0
            )
    return Bank({"customers": customers, "transactions": transactions}, "Asia/Shanghai", {}, UNTIL)


@pytest.fixture(scope="module")
def entry_points() -> Mapping[str, Any]:
    content = yaml.safe_load((PROJECT / "mlproject.yaml").read_text(encoding="utf-8"))
    return dict(content["entry_points"])


def test_every_parameter_has_a_type_that_mlflow_knows(entry_points: Mapping[str, Any]) -> None:
    """A number is a number, a file that has to be there a path."""
    types = {
        (name, parameter): each if isinstance(each, str) else each["type"]
        for name, entry in entry_points.items()
        for parameter, each in entry["parameters"].items()
    }
    assert set(types.values()) <= {"string", "float", "path", "uri"}
    numbers = {"seed", "folds", "trials", "dates", "step"}
    for (name, parameter), kind in types.items():
        assert (kind == "float") == (parameter in numbers), (name, parameter)
        assert (kind == "path") == (parameter == "data"), (name, parameter)


def test_mlflow_finds_the_project_under_the_name_it_looks_for() -> None:
    link = PROJECT / "MLproject"
    assert link.is_symlink()
    assert link.readlink() == Path("mlproject.yaml")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("train", {},
         ["train", "--data", "bank", "--seed", "1", "--folds", "3", "--trials", "0", "--home", "h"]),
        ("train", {"test_as_of": "2026-01-01", "seed": "7", "folds": "5", "trials": "20"},
         ["train", "--data", "bank", "--seed", "7", "--folds", "5", "--trials", "20", "--home", "h",
          "--test-as-of", "2026-01-01"]),
        ("backtest", {"dates": "2"},
         ["backtest", "--data", "bank", "--dates", "2", "--step", "3", "--seed", "1", "--home", "h"]),
        ("score", {}, ["score", "--data", "bank", "--as-of", "2026-03-01", "--out", "o", "--home", "h"]),
        ("monitor", {}, ["monitor", "--data", "bank", "--as-of", "2026-03-01", "--home", "h"]),
    ],
)  # fmt: skip
def test_an_entry_point_runs_its_command(
    entry_points: Mapping[str, Any], name: str, given: Mapping[str, str], expected: list[str], tmp_path: Path
) -> None:
    """An empty test date is not passed on at all. Values come quoted, as MLflow writes them."""
    shown = tmp_path / "bellwether"
    shown.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@"\n'
    )
    shown.chmod(0o755)
    known = entry_points[name]["parameters"]
    defaults = {name: each["default"] for name, each in known.items() if "default" in each}
    needed = {name: value for name, value in NEEDED.items() if name in known}
    values = {name: shlex.quote(str(value)) for name, value in {**defaults, **needed, **given}.items()}
    command = entry_points[name]["command"].format(**values)
    found = subprocess.run(
        ["bash", "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=True
    )
    assert json.loads(found.stdout) == expected


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """A home after `mlflow run . -e train`."""
    root = tmp_path_factory.mktemp("project")
    home, data = Home(root / "home"), write_bank(_bank(), root / "bank")
    home.root.mkdir()
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "MLFLOW_TRACKING_URI": home.tracking_uri,
                   "MLFLOW_DISABLE_TELEMETRY": "true"}  # fmt: skip
    environment.pop("MLFLOW_RUN_ID", None)
    run = subprocess.run(
        [BIN / "mlflow", "run", PROJECT, "-e", "train", "--env-manager", "local", "-P", f"data={data}",
         "-P", f"home={home.root}"],
        env=environment, cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return home, data


def test_a_run_of_the_project_ends_in_a_version_that_serves(project: tuple[Home, Path]) -> None:
    import mlflow

    home, _ = project
    champion = read_champion(home.root)
    bundle = Bundle.load(home.bundles / champion.version, champion.manifest_sha256)
    (only,) = versions(home)
    assert (only.version, only.aliases) == ("1", ("challenger", "champion"))
    client = mlflow.MlflowClient(home.tracking_uri, home.tracking_uri)
    run = client.get_run(only.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.project.entryPoint"] == "train"
    assert run.data.metrics["churn_90/auc"] == bundle.manifest.lineage.metrics["churn_90"]["auc"]
    assert run.data.params["seed"] == "1"
    assert run.data.params["trials"] == "0"


def test_the_same_tables_seed_and_code_give_the_same_content(
    project: tuple[Home, Path], tmp_path: Path
) -> None:
    """Another home, another process, the tables in another folder: the version, run and times are not in the hash."""
    home, data = project
    options = TrainOptions(seed=1, has_leak_check=False)
    again = train(Home(tmp_path / "home"), Path(shutil.copytree(data, tmp_path / "bank")), options)
    assert again.manifest_sha256 == read_champion(home.root).manifest_sha256
    names = {path.name for path in again.bundle_dir.iterdir()}
    assert names == {path.name for path in (home.bundles / "1").iterdir()} - {RELEASE}


def test_the_version_can_be_watched(project: tuple[Home, Path], tmp_path: Path) -> None:
    home, data = project
    prepared = prepare(data, home.tables).prepared
    report = monitor(home, open_store(home, prepared), UNTIL, tmp_path, "en")
    assert report.version == "1"
    assert report.rows["current"] + sum(
        count for name, count in report.rows.items() if name.startswith("not_scorable")
    ) == CUSTOMERS  # fmt: skip
    bundle = Bundle.load(home.bundles / "1")
    assert set(report.features) == set(bundle.names)
    content = json.loads((tmp_path / "monitor.json").read_text(encoding="utf-8"))
    assert set(content["predictions"]) == {target.key for target in bundle.manifest.targets}
