"""What the product itself computes for a bank: through intake, the engine and the offline store."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import pyarrow.parquet as pq
import pytest

from features.groups.profile import spine_of, status
from features.groups.registry import GROUPS
from features.policy import read_policy
from features.windows import KEYS
from pipelines.build import Store, build, open_store
from pipelines.engine import Engine
from pipelines.intake import prepare
from pipelines.settings import Home
from tests.handover import Bank, Form, write_bank
from training import targets

STATUSES = ("ok", "closed", "no_history", "dormant")

Features = dict[str, dict[str, float | None]]
Labels = dict[str, float | None]
Wanted = tuple[str, int]


@dataclass(frozen=True)
class Computed:
    """A bank after intake, ready to compute features, statuses and labels."""

    store: Store

    @property
    def names(self) -> tuple[str, ...]:
        """Features that the bank has."""
        return self.store.bank.catalogue.names

    @property
    def absent(self) -> Mapping[str, str]:
        """Features that the bank lacks, with the reason."""
        return self.store.bank.catalogue.absent

    def stored(self, as_of: date) -> tuple[Features, dict[str, str]]:
        """Features and statuses of one as_of as `build` writes them to the offline store."""
        build(self.store, [as_of])
        rows = self.store.statuses(as_of).to_pylist()
        statuses = {row["customer_id"]: STATUSES[int(row["status_code"])] for row in rows}
        found: Features = {customer_id: {} for customer_id in statuses}
        for group in self.store.bank.catalogue.groups:
            names = [feature.name for feature in self.store.bank.catalogue.of_group(group)]
            part = pq.read_table(self.store.view(group, as_of), columns=["customer_id", *names]).to_pylist()
            assert len(part) == len(found), f"{group}: {len(found)} rows in, {len(part)} out"
            for row in part:
                found[row["customer_id"]] |= {name: row[name] for name in names}
        return found, statuses

    def at(
        self, as_ofs: Sequence[date], groups: Sequence[str] = ()
    ) -> dict[date, tuple[Features, dict[str, str]]]:
        """Features and statuses of several as_of dates in one spine, straight from the expressions.

        `groups` are those wanted, in a test of few; by default all that the bank has.
        """
        with (
            Engine(self.store.bank) as engine,
            engine.spine(engine.run_of(as_ofs), list(as_ofs)) as (tables, spine),
        ):
            found: dict[date, tuple[Features, dict[str, str]]] = {as_of: ({}, {}) for as_of in as_ofs}
            for row in engine.fetch(with_ids(spine, status(tables, spine, _min_tenure()))).to_pylist():
                features, statuses = found[row["as_of"]]
                features[row["customer_id"]] = {}
                statuses[row["customer_id"]] = STATUSES[int(row["status_code"])]
            for group in groups or self.store.bank.catalogue.groups:
                names = [feature.name for feature in self.store.bank.catalogue.of_group(group)]
                part = GROUPS[group](tables, spine).select(*KEYS, *names)
                assert engine.count(part) == engine.count(spine), group
                for row in engine.fetch(with_ids(spine, part)).to_pylist():
                    found[row["as_of"]][0][row["customer_id"]] |= {name: row[name] for name in names}
        return found

    def labels(self, as_ofs: Sequence[date], wanted: Sequence[Wanted]) -> dict[tuple[date, Wanted], Labels]:
        """Labels (target, horizon) of every customer on the spine, whether or not one can be scored."""
        with Engine(self.store.bank) as engine:
            spine = engine.keep("spine", spine_of(engine.tables, engine.moments(list(as_ofs))))
            settings = targets.LabelSettings(known_at=self.store.bank.until_day)
            found: dict[tuple[date, Wanted], Labels] = {}
            for target, horizon in wanted:
                labels = engine.fetch(getattr(targets, target)(engine.tables, spine, horizon, settings))
                for row in labels.to_pylist():
                    of_date = found.setdefault((row["as_of"], (target, horizon)), {})
                    of_date[row["customer_id"]] = row["label"]
        return found


def _min_tenure() -> int:
    return int(read_policy("targets")["min_tenure_days"])


def compute(bank: Bank, directory: Path, form: Form = "parquet") -> Computed:
    """Hand the bank over and prepare it; its state is in `directory`."""
    report = prepare(write_bank(bank, directory / "handed_over", form), directory / "tables")
    assert not report.rejected, report.to_dict()["rejected"]
    return Computed(open_store(Home(directory / "home"), report.prepared))


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Show how many cases a test tried, whether or not output is captured."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def with_ids(spine: ir.Table, part: ir.Table) -> ir.Table:
    """The rows with the customer's id and the date instead of the engine's numbers."""
    named = spine.select("customer_id", "as_of", *KEYS).left_join(part, KEYS)
    return named.drop(*(name for name in named.columns if name.endswith("_right")))
