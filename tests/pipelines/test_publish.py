from __future__ import annotations

import fcntl
import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipelines import publish
from pipelines.publish import Publication, PublishError, publish_online
from serving.online import OnlineStore, StoreAway

SEPTEMBER, OCTOBER = date(2026, 9, 30), date(2026, 10, 31)
NAMES = ("contact_gap_days", "txn_count_30d", "contact_warmth_last")


def facts(as_of: date, **more: object) -> str:
    held = {"as_of": as_of.isoformat(), "catalogue": "c1", "status": "ok", "reason": None, **more}
    return json.dumps(held, sort_keys=True, separators=(",", ":"))


def publication(
    as_of: date = OCTOBER, ids: tuple[str, ...] = ("0012", "12", "客户"), shift: float = 0.0
) -> Publication:
    """Row i holds (shift + i, null, 0.1 * i)."""
    rows = np.arange(len(ids), dtype=float)
    values = np.column_stack([shift + rows, np.full(len(ids), np.nan), 0.1 * rows])
    return Publication(as_of, "Asia/Shanghai", NAMES, "c1", "d1", ids, values, (facts(as_of),) * len(ids))


def gaps(online: Path, *ids: str) -> list[float]:
    return OnlineStore.open(online).read(ids).values[:, 0].tolist()


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    online = tmp_path_factory.mktemp("published") / "online"
    publish_online(online, publication())
    return online


@pytest.fixture
def online(published_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published_once, tmp_path / "online"))


def test_rows_read_back_to_the_bit_in_the_order_asked_with_missing_values_in_place(online: Path) -> None:
    rows = OnlineStore.open(online).read(["客户", "nobody", "0012", "客户"])
    assert rows.is_present.tolist() == [True, False, True, True]
    expected = np.array([[2, np.nan, 0.2], [np.nan] * 3, [0, np.nan, 0], [2, np.nan, 0.2]])
    assert rows.values.tobytes() == expected.tobytes()
    assert rows.facts[1] is None
    assert rows.facts[0] == json.loads(facts(OCTOBER))
    assert rows.published.names == NAMES


def test_ids_are_text_and_compared_exactly(online: Path) -> None:
    assert OnlineStore.open(online).read(["12", "0012", "012", " 12"]).is_present.tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_a_newer_as_of_replaces_and_customers_who_left_are_gone(online: Path) -> None:
    report = publish_online(online, publication(date(2026, 11, 30), ids=("12", "new"), shift=7.0))
    assert report.replaced_as_of == "2026-10-31"
    rows = OnlineStore.open(online).read(["0012", "12", "new"])
    assert rows.is_present.tolist() == [False, True, True]
    assert rows.published.as_of == "2026-11-30"


def test_an_open_reader_follows_to_the_new_publication(online: Path) -> None:
    reader = OnlineStore.open(online)
    publish_online(online, publication(date(2026, 11, 30), shift=7.0))
    assert reader.read(["12"]).values[0, 0] == 8.0
    publish_online(online, publication(date(2026, 12, 31), shift=9.0))
    assert reader.read(["12"]).values[0, 0] == 10.0


def test_the_same_as_of_may_be_published_again(online: Path) -> None:
    publish_online(online, publication(shift=3.0))
    assert gaps(online, "0012") == [3.0]


def test_an_older_as_of_is_refused_and_nothing_changes(online: Path) -> None:
    with pytest.raises(
        PublishError, match="expected an as_of not before the published 2026-10-31; got 2026-09-30"
    ):
        publish_online(online, publication(SEPTEMBER, shift=50.0))
    assert gaps(online, "0012") == [0.0]


@pytest.mark.parametrize("moment", ["_write_rows", "_check_written", "_switch"])
def test_an_interruption_at_any_step_leaves_the_publication_before(
    online: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    step = getattr(publish, moment)

    def interrupted(*arguments: object) -> None:
        if moment != "_switch":
            step(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, moment, interrupted)
        with pytest.raises(KeyboardInterrupt):
            publish_online(online, publication(date(2026, 11, 30), shift=7.0))
    assert gaps(online, "0012", "12", "客户") == [0.0, 1.0, 2.0]
    publish_online(online, publication(date(2026, 11, 30), shift=8.0))
    assert gaps(online, "0012", "12", "客户") == [8.0, 9.0, 10.0]
    assert sorted(path.name for path in online.iterdir() if path.is_dir()) == ["2026-10-31-1", "2026-11-30-1"]


def test_two_publications_at_once_are_refused(online: Path) -> None:
    with (online / ".publishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PublishError, match="another publication is under way"):
            publish_online(online, publication())


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"customer_ids": ("1", "1", "2")}, "every customer once"),
        ({"customer_ids": ("1", "", "2")}, "customer ids that are text and not empty"),
        ({"customer_ids": ("1", None, "2")}, "customer ids that are text and not empty"),
        ({"customer_ids": ("1", 2, "3")}, "customer ids that are text and not empty"),
        ({"customer_ids": (), "facts": (), "values": np.empty((0, 3))}, "at least one customer"),
        ({"names": ("a", "a", "b")}, "every feature name once"),
        ({"values": np.zeros((3, 2))}, r"values of shape \(3, 3\) as float64, got \(3, 2\)"),
        ({"values": np.zeros((3, 3), dtype=np.float32)}, "as float32"),
        ({"values": np.full((3, 3), -np.inf)}, "no infinite value"),
        ({"facts": (facts(OCTOBER),) * 2}, "facts for 3 customers, got 2"),
        ({"facts": (facts(SEPTEMBER),) * 3}, "facts of this as_of and catalogue"),
        ({"facts": ("{",) * 3}, "facts of this as_of and catalogue"),
        ({"catalogue_digest": "c2"}, "facts of this as_of and catalogue"),
    ],
)
def test_rows_that_break_a_rule_are_refused_by_name(
    tmp_path: Path, wrong: dict[str, object], text: str
) -> None:
    with pytest.raises(PublishError, match=text):
        publish_online(tmp_path / "online", replace(publication(), **wrong))
    assert not (tmp_path / "online").exists()


def test_progress_counts_every_row(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "FRAME_ROWS", 2)
    written: list[int] = []
    publish_online(online, publication(), progress=written.append)
    assert written == [2, 1]


def test_a_store_that_is_away_says_so_and_answers_again_when_it_is_back(online: Path, tmp_path: Path) -> None:
    reader = OnlineStore.open(online)
    online.rename(tmp_path / "away")
    with pytest.raises(StoreAway, match="No such file or directory"):
        reader.read(["12"])
    shutil.copytree(tmp_path / "away", online)
    assert reader.read(["12"]).values[0, 0] == 1.0


def test_nothing_published_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreAway, match="Publish features with --online"):
        OnlineStore.open(tmp_path)


@pytest.mark.parametrize("damage", ["", "{", "{}", '{"directory": "../x"}', "[]"])
def test_a_damaged_pointer_is_refused(online: Path, damage: str) -> None:
    text = (online / "published.json").read_text()
    spoiled = json.dumps({**json.loads(text), **json.loads(damage)}) if "directory" in damage else damage
    (online / "published.json").write_text(spoiled)
    with pytest.raises(StoreAway, match=r"published\.json"):
        OnlineStore.open(online)


def test_a_damaged_database_is_refused(online: Path) -> None:
    database = online / "2026-10-31-1" / "online.db"
    database.write_bytes(b"x" * 8192)
    with pytest.raises(StoreAway, match="cannot be read"):
        OnlineStore.open(online)


def test_a_row_of_another_as_of_than_published_is_refused(online: Path) -> None:
    fields = json.loads((online / "published.json").read_text())
    (online / "published.json").write_text(json.dumps({**fields, "as_of": "2026-11-30"}))
    with pytest.raises(StoreAway, match=r"expected rows of .*2026-11-30.*got .*2026-10-31"):
        OnlineStore.open(online).read(["12"])
