"""The definition lab over a computed bank, at some dates, with the shipped policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from features.policy.lab import read_lab
from pipelines.engine import Engine
from pipelines.lab_rows import LabReader, eligible_rows
from tests.compute import Computed
from training import targets
from training.lab import Called

POLICY = read_lab(date(2026, 1, 1))


@contextmanager
def reading(computed: Computed, dates: Sequence[date]) -> Iterator[LabReader]:
    """A lab over the bank's tables at some dates, as everything is known today."""
    with Engine(computed.store.bank) as engine:
        settings = targets.LabelSettings(known_at=computed.store.bank.until_day)
        yield LabReader(engine, POLICY, settings, eligible_rows(engine, dates))


def definitions(computed: Computed, target: str, horizon: int, dates: Sequence[date]) -> dict[str, Called]:
    """Every definition of a target and horizon by its key."""
    with reading(computed, dates) as reader:
        return {one.definition.key: one for one in reader.definitions(target, horizon, dates)}
