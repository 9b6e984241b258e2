"""The simulated bank is worth learning from: neither trivial nor hopeless, noisy, and the same for the same seed."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from features.store import day_number
from features.windows import customer_numbers
from pipelines.build import build, open_store, read_features
from pipelines.engine import Engine
from pipelines.settings import Home
from pipelines.sources.simulated import simulate
from pipelines.train import prepared_tables
from training.targets import LabelSettings, churn

DATES = (date(2025, 2, 1), date(2025, 6, 1), date(2025, 11, 1), date(2026, 3, 1), date(2026, 7, 1))


def _bytes(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        simulate(150, 14, seed, tmp_path / name)
    first, again, other = (_bytes(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert {name for name in first if first[name] == other[name]} <= {"bank.yaml"}
    print(f"{len(first)} files compared")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Features, label and true probability of 3,000 customers at five dates, put side by side."""
    bank = tmp_path_factory.mktemp("sim") / "bank"
    simulate(3000, 36, 1, bank)
    home = Home(tmp_path_factory.mktemp("home"))
    store = open_store(home, prepared_tables(home, bank))
    build(store, DATES)
    truth = pq.read_table(bank / "truth" / "hazard.parquet")
    parts: list[pa.Table] = []
    with Engine(store.bank) as engine:
        for as_of in DATES:
            statuses = store.statuses(as_of)
            ids = statuses.filter(pc.equal(statuses["status_code"], 0.0)).select(["customer_id"])
            spine = ids.append_column("as_of", pa.array([as_of] * len(ids), pa.date32()))
            spine = spine.append_column("as_of_day", pa.array([day_number(as_of)] * len(ids), pa.int32()))
            settings = LabelSettings(known_at=store.bank.until_day)
            eligible = engine.load("eligible", spine).join(customer_numbers(engine.tables), "customer_id")
            label = engine.fetch(churn(engine.tables, engine.keep("spine", eligible), 90, settings))
            true = truth.filter(pc.equal(truth["month_on"].cast(pa.date32()), pa.scalar(as_of, pa.date32())))
            row = (
                read_features(store, as_of)
                .drop(["as_of"])
                .join(label.drop(["as_of"]), "customer_id", join_type="inner")
            )
            parts.append(row.join(true.drop(["month_on"]), "customer_id", join_type="inner"))
    whole = pa.concat_tables(parts)
    return {
        name: whole[name].to_numpy(zero_copy_only=False)
        for name in whole.column_names
        if name != "customer_id"
    }


def _auc(label: np.ndarray, value: np.ndarray) -> float:
    known = np.nan_to_num(value, nan=float(np.nanmedian(value)))
    found = float(roc_auc_score(label, known))
    return max(found, 1.0 - found)


def _features(judged: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outside = {"label", "hazard", "churn_probability_90", "churn_probability_180"}
    return {
        name: column
        for name, column in judged.items()
        if name not in outside and not np.isnan(column).all() and np.nanmin(column) < np.nanmax(column)
    }


def test_churn_is_neither_trivial_nor_hopeless(judged: dict[str, np.ndarray]) -> None:
    label = judged["label"]
    true = _auc(label, judged["churn_probability_90"])
    recency = _auc(label, judged["txn_gap_days"])
    singles = {name: (_auc(label, column) - 0.5) / (true - 0.5) for name, column in _features(judged).items()}
    best = max(singles, key=lambda name: singles[name])
    print(f"{len(label)} rows, base {label.mean():.4f}, true AUC {true:.4f}, recency {recency:.4f}, ", end="")
    print(f"best of {len(singles)} single features {best} {singles[best]:.3f} of the attainable lift")
    assert 0.03 <= label.mean() <= 0.06
    assert 0.88 <= true <= 0.96
    assert recency <= 0.86
    assert singles[best] <= 0.85


def test_people_who_leave_share_every_observable_with_some_who_stay(judged: dict[str, np.ndarray]) -> None:
    """At least 95% of the leavers for whom a feature is observed lie inside the range of the stayers."""
    leaves = judged["label"] == 1.0
    shares = {}
    for name, column in _features(judged).items():
        stayers = column[~leaves & ~np.isnan(column)]
        leavers = column[leaves & ~np.isnan(column)]
        if len(leavers):
            shares[name] = float(((leavers >= stayers.min()) & (leavers <= stayers.max())).mean())
    worst = min(shares, key=lambda name: shares[name])
    print(f"{len(shares)} features; worst {worst} {shares[worst]:.3f}")
    assert shares[worst] >= 0.95


def test_balances_of_leavers_begin_to_fall_before_they_leave(judged: dict[str, np.ndarray]) -> None:
    trend, leaves = judged["asset_balance_trend_30d_90d"], judged["label"] == 1.0
    assert np.nanmean(trend[leaves]) < np.nanmean(trend[~leaves]) - 0.03


def test_observed_tables_are_noisy_and_incomplete(tmp_path: Path) -> None:
    report = simulate(400, 24, 2, tmp_path)
    contacts = pq.read_table(tmp_path / "contacts.parquet")
    missing = contacts["warmth"].null_count / contacts.num_rows
    days = pc.days_between(contacts["occurred_at"], contacts["recorded_at"])
    late = pc.mean(pc.greater(days, 1).cast(pa.float64())).as_py()
    print(
        f"warmth missing {missing:.3f}, recorded over a day late {late:.3f}, "
        f"duplicates {sum(report.duplicates.values())}"
    )
    assert 0.05 <= missing <= 0.9
    assert 0.005 <= late <= 0.9
    assert sum(report.duplicates.values()) > 0
