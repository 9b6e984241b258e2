"""What the product itself computes for a bank: through intake, the engine and the offline store."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.build import Store, build, open_store
from pipelines.engine import Engine
from pipelines.intake import prepare
from pipelines.settings import Home
from tests.handover import Bank, Form, write_bank
from training import targets

STATUSES = ("ok", "closed", "no_history", "dormant")

Features = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Computed:
    """A bank after intake, with the offline store of its features."""

    store: Store

    @property
    def names(self) -> tuple[str, ...]:
        """Features that the bank has."""
        return self.store.bank.catalogue.names

    @property
    def absent(self) -> Mapping[str, str]:
        """Features that the bank lacks, with the reason."""
        return self.store.bank.catalogue.absent

    def features(self, as_of: date) -> Features:
        """Every feature of every customer on the spine."""
        build(self.store, [as_of])
        found: Features = {row["customer_id"]: {} for row in self.store.statuses(as_of).to_pylist()}
        for group in self.store.bank.catalogue.groups:
            names = [feature.name for feature in self.store.bank.catalogue.of_group(group)]
            rows = pq.read_table(self.store.view(group, as_of), columns=["customer_id", *names]).to_pylist()
            assert len(rows) == len(found), f"{group}: {len(found)} rows in, {len(rows)} out"
            for row in rows:
                found[row["customer_id"]] |= {name: row[name] for name in names}
        return found

    def statuses(self, as_of: date) -> dict[str, str]:
        """Status of every customer on the spine."""
        build(self.store, [as_of])
        rows = self.store.statuses(as_of).to_pylist()
        return {row["customer_id"]: STATUSES[int(row["status_code"])] for row in rows}

    def labels(self, as_of: date, target: str, horizon: int) -> dict[str, float | None]:
        """Label of every customer on the spine, whether or not the customer can be scored."""
        ids = self.store.statuses(as_of).select(["customer_id"])
        with Engine(self.store.bank) as engine:
            everyone = engine.load("everyone", ids)
            spine = engine.keep("label_spine", everyone.cross_join(engine.moments([as_of])))
            settings = targets.LabelSettings(known_at=self.store.bank.until_day)
            labels = getattr(targets, target)(engine.tables, spine, horizon, settings)
            return {row["customer_id"]: row["label"] for row in engine.fetch(labels).to_pylist()}


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Show how many cases a test tried, whether or not output is captured."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def compute(bank: Bank, directory: Path, as_ofs: Iterable[date] = (), form: Form = "parquet") -> Computed:
    """Hand the bank over, prepare it and build its features at some as_of dates."""
    report = prepare(write_bank(bank, directory / "handed_over", form), directory / "tables")
    assert not report.rejected, report.to_dict()["rejected"]
    store = open_store(Home(directory / "home"), report.prepared)
    build(store, as_ofs)
    return Computed(store)
