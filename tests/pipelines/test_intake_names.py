"""A bank's own attributes keep their values under any name that they may bear; other names are refused at once."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from pipelines.build import build, open_store, read_features
from pipelines.settings import Home
from tests.tables_in import take_in

AS_OF = date(2026, 1, 5)
NAMES = (
    "评分", "score x", 'a"b', "A'b", "select", "a.b", "a/b", "a,b", "score-x", "%s", "{x}", "a\nb", " lead", "1a", "é",
    "place", "known", "row_id", "status_code", "opened_day", "entity_timestamp", "_right", "value", "x" * 200,
)  # fmt: skip


def snapshots(*names: str) -> str:
    """One snapshot in which every attribute has a value of its own."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["customer_id", "as_of", *names])
    writer.writerow(["C1", AS_OF.isoformat(), *(str(place + 0.5) for place in range(len(names)))])
    return stream.getvalue()


def test_an_attribute_keeps_its_value_under_its_own_name(tmp_path: Path) -> None:
    report = take_in(tmp_path, snapshots=snapshots(*NAMES))
    store = open_store(Home(tmp_path / "home"), report.prepared)
    build(store, [AS_OF])
    features = next(row for row in read_features(store, AS_OF).to_pylist() if row["customer_id"] == "C1")
    assert {name: features[name] for name in NAMES} == {name: place + 0.5 for place, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("event_day", "reserved"), ("Known_Day", "reserved"), ("as_of_day", "reserved"), ("customer_no", "reserved"),
        ("customer_no_right", "reserved"), ("Event_Timestamp", "reserved"), ("a__b", "split_name"),
        ("a:b", "split_name"), ("contact_gap_days", "feature_name"),
    ],
)  # fmt: skip
def test_a_name_that_an_attribute_cannot_bear_rejects_the_table(name: str, key: str, tmp_path: Path) -> None:
    reason = take_in(tmp_path, snapshots=snapshots(name)).rejected["snapshots"]
    assert reason.key == f"rejected.{key}"
    assert reason.text().startswith(f"snapshots.{name}: expected ")
    assert reason.text("zh").endswith("请改名。")
