"""From tables to an explained answer on a small simulated bank: one path, read from both ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.definitions import FEATURES
from features.groups.profile import spine_of
from features.groups.registry import GROUPS
from features.store import StoreError
from features.windows import KEYS
from pipelines.build import build, open_store, read_features
from pipelines.datasets import read_datasets
from pipelines.engine import Engine
from pipelines.labels import plan_targets
from pipelines.score import ScoreOptions, score
from pipelines.settings import Home
from serving.champion import load_champion
from serving.online import OnlineStore
from serving.requests import PredictRequest
from tests.pipelines.conftest import TrainedBank


def test_every_target_with_labels_gets_a_model_and_the_others_are_named(trained: TrainedBank) -> None:
    report = trained.result.report()
    assert {"churn", "growth", "loyalty"} <= set(report["metrics"])
    assert report["horizons"]["churn"] == 90
    assert any(line.startswith("response:") for line in report["left_out"])
    assert set(report["metrics"]["churn"]) >= {"auc", "average_precision", "brier", "ece", "top_decile_lift"}
    assert {"recency", "frequency", "logistic"} <= set(report["baselines"])


def test_the_served_tables_are_proved_against_the_fitted_trees(trained: TrainedBank) -> None:
    for item in trained.result.trained:
        proof = item.fitted.proof
        assert max(proof.margin, proof.contribution, proof.base) <= 1e-12
        print(f"{item.key}: {proof}")


def test_every_group_computes_exactly_what_the_catalogue_names(trained: TrainedBank) -> None:
    catalogue = trained.store.bank.catalogue
    with Engine(trained.store.bank) as engine:
        tables = engine.run_of([trained.as_of])
        spine = engine.keep("spine", spine_of(tables, engine.moments([trained.as_of])))
        for group in catalogue.groups:
            columns = set(GROUPS[group](tables, spine).columns) - set(KEYS)
            known = {feature.name for feature in FEATURES if feature.group == group}
            assert columns == known, group


def test_deleting_the_store_between_build_and_read_makes_training_fail(
    trained: TrainedBank, tmp_path: Path
) -> None:
    """Training reads its frame through the feature store and from nowhere else."""
    home = Home(tmp_path / "home")
    store = open_store(home, trained.store.bank.directory)
    with Engine(store.bank) as engine:
        plan = plan_targets(store.bank, engine, None)
        first = plan.schedules[0]
        plan = replace(plan, schedules=(replace(first, train=first.train[-1:]),))
        build(store, plan.dates)
        store.view("contact", plan.dates[0]).unlink()
        with pytest.raises(StoreError, match="not built"):
            read_datasets(store, engine, plan)
        (store.directory / "registry.db").unlink()
        with pytest.raises(StoreError, match=r"expected registry\.db"):
            read_datasets(store, engine, plan)


def test_the_online_row_is_the_offline_row_bit_for_bit(trained: TrainedBank) -> None:
    """Every customer of the bank: same values, same gaps, same order."""
    frame = read_features(trained.store, trained.as_of)
    ids = frame["customer_id"].to_pylist()
    names = trained.store.bank.catalogue.names
    offline = np.column_stack([frame[name].to_numpy(zero_copy_only=False) for name in names]).astype(
        np.float64
    )
    online = OnlineStore.open(trained.home.online)
    for start in range(0, len(ids), 500):
        rows = online.read(ids[start : start + 500])
        assert rows.published.names == names
        np.testing.assert_array_equal(rows.values, offline[start : start + 500])
    print(f"{len(ids)} customers x {len(names)} features compared")


def _flat(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            key: inner for name, part in value.items() for key, inner in _flat(f"{path}_{name}", part).items()
        }
    return {path: value}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_score_says_the_same_as_predict_to_the_bit(
    trained: TrainedBank, tmp_path: Path, language: str
) -> None:
    out = tmp_path / "scores.parquet"
    report = score(trained.home, trained.store, trained.as_of, out, ScoreOptions(5, language))
    rows = pq.read_table(out).to_pylist()
    assert len(rows) == report.scored + report.not_scorable
    answerer = load_champion(trained.home.root)
    online = OnlineStore.open(trained.home.online)
    compared = 0
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        ids = tuple(row["customer_id"] for row in part)
        request = PredictRequest(customer_ids=ids, as_of=None, reasons=5, language=language)
        answer = answerer.answer(request, online.read(ids), lambda: "id")
        for row, one in zip(part, answer["predictions"], strict=True):
            flat = {key: value for name, part_ in one.items() for key, value in _flat(name, part_).items()}
            flat.pop("prediction_id", None)
            for key, value in flat.items():
                # a list of structs has every field; what an item lacks is null
                is_list = key.startswith("reasons_")
                said = (
                    [{field: item.get(field) for field in row[key][0]} for item in value]
                    if is_list
                    else value
                )
                assert row[key] == said, key
                compared += 1
    print(f"{len(rows)} customers, {compared} values compared")


def test_reasons_add_up_to_the_margin(trained: TrainedBank, tmp_path: Path) -> None:
    """base + sum of effects = margin, seen through the stored calibration: the 90-day probability, exactly."""
    out = tmp_path / "scores.parquet"
    score(trained.home, trained.store, trained.as_of, out, ScoreOptions(3, "en"))
    bundle = load_champion(trained.home.root).bundle
    model = next(model for model in bundle.models if model.target.key == "churn_90")
    knots = model.calibration.knots
    assert knots is not None
    count = 0
    for row in pq.read_table(out).to_pylist():
        if row["status"] != "ok":
            continue
        margin = row["base_churn"] + sum(item["effect"] for item in row["reasons_churn"])
        slope = (knots.logit[1] - knots.logit[0]) / (knots.margin[1] - knots.margin[0])
        logit = knots.logit[0] + slope * (margin - knots.margin[0])
        assert row["churn_probability"] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-9)
        growth = row["base_growth"] + sum(item["effect"] for item in row["reasons_growth"])
        assert row["growth_expected_change"] == round(growth) or abs(growth % 1 - 0.5) < 1e-3
        assert row["churn_by_horizon_180"] >= row["churn_probability"]
        count += 1
    assert count
    print(f"{count} customers added up")


def test_nothing_half_written_remains(trained: TrainedBank) -> None:
    left = [
        str(path)
        for path in trained.home.root.rglob("*")
        if "draft" in path.name or "partial" in path.name or path.name.startswith(".building")
    ]
    assert not left, left


def test_the_champion_is_the_first_version_and_its_digest_is_pinned(trained: TrainedBank) -> None:
    champion = json.loads(trained.home.champion.read_text(encoding="utf-8"))
    assert champion == {"version": "1", "manifest_sha256": trained.registered.manifest_sha256}
    assert trained.registered.aliases == ("challenger", "champion")
