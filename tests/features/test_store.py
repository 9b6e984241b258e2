from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.catalogue import Catalogue, Group
from features.store import (
    StoreError,
    as_of_moment,
    partition_path,
    read_training_frame,
    stamped,
    write_offline_repo,
    write_online_repo,
)

ZONE = "Asia/Shanghai"
AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 31), date(2026, 9, 30), date(2026, 10, 31)
_TEXT = {"definition": "d", "null_means": "n"}
CONTACT = Group("contact", "contact", ("contacts",), "contact.md")
TRANSACTIONS = Group("transactions", "transactions", ("transactions",), "balances.md")
CATALOGUE = Catalogue(
    features=(
        CONTACT.feature("contact", "gap", unit="days", **_TEXT),
        CONTACT.feature("contact", "warmth", statistic="last", unit="score", **_TEXT),
        TRANSACTIONS.feature("txn", "count", window="30d", unit="count", **_TEXT),
        TRANSACTIONS.feature("status", "code", unit="code", model_input=False, **_TEXT),
    ),
    absent={},
)
NAMES = ("txn_count_30d", "contact_gap_days", "contact_warmth_last")


def write_part(store: Path, as_of: date, ids: list[str], shift: float) -> None:
    """contact_gap = shift + row; warmth = -row, null in the first; txn_count = 10 * (shift + row)."""
    rows = np.arange(len(ids), dtype=float)
    contact = {
        "customer_id": ids,
        "contact_gap_days": shift + rows,
        "contact_warmth_last": pa.array([None, *(-rows[1:])], pa.float64()),
    }
    transactions = {
        "customer_id": ids,
        "txn_count_30d": 10 * (shift + rows),
        "status_code": np.zeros(len(ids)),
    }
    for view, columns in (("contact", contact), ("transactions", transactions)):
        path = partition_path(store, view, as_of)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(stamped(pa.table(columns), as_of, ZONE), path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("stores") / "abc"
    write_offline_repo(store, CATALOGUE)
    write_part(store, AUGUST, ["0012", "12", "C3", "C4"], 100.0)
    write_part(store, OCTOBER, ["0012", "12", "C3"], 200.0)
    return store


@pytest.fixture
def store(built: Path) -> Iterator[Path]:
    """The built store, and after the test again as it was."""
    kept = built.with_name("kept")
    shutil.copytree(built, kept)
    yield built
    shutil.rmtree(built, ignore_errors=True)
    kept.rename(built)


def keys(*rows: tuple[str, date]) -> pa.Table:
    return pa.table(
        {"customer_id": [row[0] for row in rows], "as_of": pa.array([row[1] for row in rows], pa.date32())}
    )


def test_an_as_of_is_a_midnight_in_the_banks_zone() -> None:
    assert as_of_moment(OCTOBER, "Asia/Shanghai").isoformat() == "2026-10-30T16:00:00+00:00"
    assert as_of_moment(OCTOBER, "UTC").isoformat() == "2026-10-31T00:00:00+00:00"


def test_rows_come_back_in_the_order_asked_with_the_values_of_their_own_as_of(store: Path) -> None:
    asked = keys(
        ("C3", OCTOBER), ("0012", AUGUST), ("12", OCTOBER), ("0012", OCTOBER), ("C4", AUGUST), ("12", AUGUST)
    )
    frame = read_training_frame(store, asked, NAMES, ZONE)
    assert frame.column_names == ["customer_id", "as_of", *NAMES]
    assert frame["customer_id"].to_pylist() == ["C3", "0012", "12", "0012", "C4", "12"]
    assert frame["as_of"].to_pylist() == asked["as_of"].to_pylist()
    assert frame["contact_gap_days"].to_pylist() == [202.0, 100.0, 201.0, 200.0, 103.0, 101.0]
    assert frame["txn_count_30d"].to_pylist() == [2020.0, 1000.0, 2010.0, 2000.0, 1030.0, 1010.0]
    assert frame["contact_warmth_last"].to_pylist() == [-2.0, None, -1.0, None, -3.0, -1.0]


def test_a_row_asked_twice_comes_back_twice(store: Path) -> None:
    frame = read_training_frame(store, keys(("12", OCTOBER), ("12", OCTOBER)), NAMES, ZONE)
    assert frame["contact_gap_days"].to_pylist() == [201.0, 201.0]


def test_no_rows_asked_gives_an_empty_frame_with_its_columns(store: Path) -> None:
    assert read_training_frame(store, keys(), NAMES, ZONE).column_names == ["customer_id", "as_of", *NAMES]


def test_an_as_of_that_was_not_built_is_refused_and_no_older_row_stands_in(store: Path) -> None:
    with pytest.raises(StoreError, match=r"2 parts are not built, first transactions at 2026-09-30\. Build"):
        read_training_frame(store, keys(("12", SEPTEMBER)), NAMES, ZONE)


def test_a_customer_who_has_only_an_older_row_is_refused(store: Path) -> None:
    with pytest.raises(StoreError, match=r"1 of 2 rows are missing, first customer C4 at 2026-10-31"):
        read_training_frame(store, keys(("12", OCTOBER), ("C4", OCTOBER)), NAMES, ZONE)


def test_a_customer_without_any_row_is_refused(store: Path) -> None:
    with pytest.raises(StoreError, match="1 of 1 rows are missing, first customer nobody at 2026-10-31"):
        read_training_frame(store, keys(("nobody", OCTOBER)), NAMES, ZONE)


def test_an_unknown_feature_is_named(store: Path) -> None:
    with pytest.raises(StoreError, match="expected features of its 4; got txn_count_7d"):
        read_training_frame(store, keys(("12", OCTOBER)), ("txn_count_7d",), ZONE)


def test_a_deleted_store_says_so(store: Path) -> None:
    shutil.rmtree(store)
    with pytest.raises(
        StoreError, match=r"expected feature_store.yaml in .*; got none\. Build the features first"
    ):
        read_training_frame(store, keys(("12", OCTOBER)), NAMES, ZONE)


def test_a_moved_store_is_refused(store: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(store, moved)
    with pytest.raises(StoreError, match=r"was moved from .* Build it again here"):
        read_training_frame(moved, keys(("12", OCTOBER)), NAMES, ZONE)


def test_the_training_service_holds_every_model_input_and_nothing_else(store: Path) -> None:
    from feast import FeatureStore

    service = FeatureStore(repo_path=str(store)).get_feature_service("training")
    held = {field.name for projection in service.feature_view_projections for field in projection.features}
    assert held == set(NAMES)


def test_an_online_repo_is_written_without_reading_any_file(tmp_path: Path) -> None:
    write_online_repo(tmp_path / "online")
    assert sorted(path.name for path in (tmp_path / "online").iterdir()) == [
        "feature_store.yaml",
        "online.db",
        "registry.db",
    ]
