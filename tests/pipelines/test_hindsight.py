"""The leak alarm of training: what became known later may not be in a feature; what was known then raises none."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.groups import registry
from features.groups.contact import contact
from features.groups.profile import profile
from features.windows import Tables
from pipelines.build import Store, build, read_features
from pipelines.hindsight import check_hindsight
from pipelines.settings import Home
from tests.bank import AS_OF, after, before, tiny_bank
from tests.compute import compute
from tests.handover import Bank, write_bank
from tests.pipelines.conftest import Cli
from tests.pipelines.test_mlproject import _bank as paying_bank
from tests.random_bank import random_bank
from training.dataset import Dataset
from training.errors import TrainingError


def rows_of(store: Store, *as_ofs: date) -> Dataset:
    """What training would read of everyone at some dates; the labels are of no account."""
    build(store, as_ofs)
    names = tuple(feature.name for feature in store.bank.catalogue.features if feature.model_input)
    frames = [read_features(store, as_of, names) for as_of in as_ofs]
    ids = [name for frame in frames for name in frame["customer_id"].to_pylist()]
    values = np.concatenate([np.column_stack([frame[name].to_numpy() for name in names]) for frame in frames])
    days = np.concatenate([frame["as_of"].to_numpy() for frame in frames]).astype("datetime64[D]")
    return Dataset(tuple(ids), days, names, values, np.zeros(len(ids)), np.full(len(ids), np.nan))


def contacts_only() -> Bank:
    """The tiny bank with nothing but its contacts: few groups, and late rows and corrections among them."""
    bank = tiny_bank()
    tables = {name: bank.tables[name] for name in ("customers", "contacts")}
    return Bank(tables, bank.zone, {"contacts": bank.data_from["contacts"]}, bank.data_until)


def test_rows_and_corrections_that_came_later_raise_no_alarm(tmp_path: Path) -> None:
    """Of the tiny bank's contacts one is of the as_of day, one was recorded on it, one was corrected a day later."""
    store = compute(contacts_only(), tmp_path).store
    rows = pq.read_table(store.bank.directory / "contacts.parquet")
    as_of_day = (AS_OF - date(1970, 1, 1)).days
    late = rows.filter(pc.greater(rows["known_day"], as_of_day))
    assert sorted(late["contact_id"].to_pylist()) == ["c06", "c08", "c11"]
    was_corrected = pc.and_(
        pc.less_equal(rows["known_day"], as_of_day), pc.equal(rows["until_day"], as_of_day + 2)
    )
    assert rows.filter(was_corrected)["contact_id"].to_pylist() == ["c11"]
    check_hindsight(store, rows_of(store, AS_OF), 300, threads=2)


def test_a_bank_with_every_table_raises_no_alarm(tmp_path: Path) -> None:
    """Five of thirty are looked at, without the others' logs but those of the customers whom they are tied to."""
    as_of = date(2024, 10, 27)
    store = compute(random_bank(2, 30, is_whole=True), tmp_path).store
    check_hindsight(store, rows_of(store, as_of), 5, threads=2)


def test_what_a_tied_customer_holds_counts_though_he_opens_later(tmp_path: Path) -> None:
    """`B` holds 7.00 the day before as_of and is a customer from as_of on; only `A`, the parent, is looked at."""
    held = {"customer_id": "B", "product": "fund", "held_on": before(1), "balance": 700}
    tables = {
        "customers": [
            {"customer_id": "A", "kind": "corporate", "opened_on": before(400)},
            {"customer_id": "B", "kind": "corporate", "opened_on": AS_OF},
        ],
        "relations": [{"customer_id": "A", "other_id": "B", "kind": "subsidiary", "since": before(300)}],
        "balances": [held, {**held, "held_on": AS_OF, "balance": 900}],
    }
    store = compute(Bank(tables, data_until=after(30)), tmp_path).store
    rows = rows_of(store, AS_OF)
    assert rows.customer_ids == ("A",)
    assert rows.column("relation_asset_sum").tolist() == [700.0]
    check_hindsight(store, rows, 1, threads=2)


def test_a_feature_that_reads_later_rows_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All contacts of a customer, known or not: of the one who has any, 2 more than were known then."""

    def leaking(tables: Tables, spine: ir.Table) -> ir.Table:
        rows = tables["contacts"]
        ever = rows.group_by("customer_no").aggregate(ever=rows.count())
        found = contact(tables, spine).left_join(ever, "customer_no").drop("customer_no_right")
        return found.mutate(contact_count_365d=found.ever.cast("float64")).drop("ever")

    monkeypatch.setitem(registry.GROUPS, "contact", leaking)  # type: ignore[arg-type]
    store = compute(contacts_only(), tmp_path).store
    with pytest.raises(TrainingError) as alarm:
        check_hindsight(store, rows_of(store, AS_OF), 300, threads=2)
    text = str(alarm.value)
    assert text.startswith(
        f"features at {AS_OF}: expected the same values of 7 customers without what became known"
    )
    assert "got others of contact_count_365d (contact, 1) (its group" in text
    assert f"Remove {store.directory} and train again" in text
    assert "features.windows.known" in text


def test_a_value_written_into_the_store_is_named(tmp_path: Path) -> None:
    """Only the newest date is looked at; a value in place of nothing is as much a difference as another value."""
    store = compute(contacts_only(), tmp_path).store
    month_ago = before(31)
    build(store, [month_ago, AS_OF])
    falsify(store, month_ago, "contact_count_30d")
    check_hindsight(store, rows_of(store, month_ago, AS_OF), 300, threads=2)
    falsify(store, AS_OF, "contact_gap_days", "contact_count_30d")
    with pytest.raises(
        TrainingError,
        match=r"got others of contact_count_30d \(contact, 7\), contact_gap_days \(contact, 7\) ",
    ):
        check_hindsight(store, rows_of(store, month_ago, AS_OF), 300, threads=2)


def falsify(store: Store, as_of: date, *names: str) -> None:
    """Write 99.5 for everyone."""
    path = store.view("contact", as_of)
    table = pq.read_table(path, partitioning=None)
    for name in names:
        place = table.column_names.index(name)
        table = table.set_column(place, name, pc.add(pc.fill_null(pc.multiply(table[name], 0.0), 0.0), 99.5))
    pq.write_table(table, path)


def test_train_stops_and_registers_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the tenure: how many transactions the customer will ever have made."""

    def leaking(tables: Tables, spine: ir.Table) -> ir.Table:
        rows = tables["transactions"]
        ever = rows.group_by("customer_no").aggregate(ever=rows.count())
        found = profile(tables, spine).left_join(ever, "customer_no").drop("customer_no_right")
        return found.mutate(tenure_days=found.ever.cast("float64")).drop("ever")

    monkeypatch.setitem(registry.GROUPS, "profile", leaking)  # type: ignore[arg-type]
    outcome = cli("train", "--data", write_bank(paying_bank(), tmp_path / "bank"))
    assert outcome.code == 1
    assert "expected the same values of 300 customers without what became known on or after" in outcome.err
    named = re.search(r"got others of tenure_days \(profile, (\d+)\) \(its group", outcome.err)
    assert named is not None
    assert int(named[1]) > 200
    assert not Home(tmp_path / "home").bundles.exists()
