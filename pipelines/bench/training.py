"""What training costs by size: seconds and memory of every target on a drawn bank, features built before."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.policy import read_policy
from pipelines.bench.alone import alone, peak_mib
from pipelines.bench.big_bank import Size, write_big_bank
from pipelines.build import Store, build
from pipelines.engine import Engine, open_bank
from pipelines.labels import plan_targets
from pipelines.settings import Home
from pipelines.train import TrainOptions, train_on

CUSTOMERS = (10_000, 30_000, 100_000)
PER_CUSTOMER = {"transactions": 100, "contacts": 16, "balances": 24}
LIBRARIES = ("lightgbm", "scikit-learn", "feast", "duckdb")


@dataclass(frozen=True)
class Measured:
    """One training in a process of its own: seconds without the building of features, and the most memory it held.

    `dates`, `available` and `trained` are those of the model with the most rows; `features` go into every model.
    """

    seconds: float
    peak_mib: float
    models: int
    dates: int
    available: int
    trained: int
    features: int


def bench_training(
    customers: Sequence[int] = CUSTOMERS, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Train every target with the default settings on drawn banks of several sizes, one after the other.

    The bank is that of `bench features`: 100 transactions, 16 contacts and 24 balances per customer over two years.
    Features are built before the clock starts; labels, reading through Feast, choices, fits, proof, explanation budget
    and the bundle are inside; the leak alarm, which computes features, is not. Nothing is tuned: `train --trials` adds
    at most training.tuning_seconds per model.

    Returns
    -------
    The shape of contract.md, "The command line", `bench`. Seconds and MiB in `figures`; `ratios` say how both grew from
    the smallest bank to the largest.
    """
    say, found = progress or (lambda _: None), {}
    for count in customers:
        with TemporaryDirectory() as directory:
            root = Path(directory)
            say(f"{count:,} customers: drawing the bank")
            size = Size(count, *(count * each for each in PER_CUSTOMER.values()))
            alone(write_big_bank, root / "bank", size)
            say(f"{count:,} customers: features")
            alone(run_build, root / "bank", root / "store")
            say(f"{count:,} customers: training")
            found[count] = alone(run_training, root / "bank", root / "store", root / "home")
    few, many = found[customers[0]], found[customers[-1]]
    return {
        "name": "training",
        "figures": {
            f"training.{count}_customers.{name}": value
            for count, one in found.items()
            for name, value in vars(one).items()
        },
        "floor": {},
        "ratios": {
            "training.seconds_largest_over_smallest": many.seconds / few.seconds,
            "training.memory_largest_over_smallest": many.peak_mib / few.peak_mib,
        },
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "tuning_seconds_per_model": read_policy("targets")["training"]["tuning_seconds"],
            **{library: version(library) for library in LIBRARIES},
        },
    }


def run_build(bank: Path, store: Path) -> int:
    """Build the features of every as_of that training needs; return how many there are."""
    opened = open_bank(bank, {})
    with Engine(opened) as engine:
        dates = plan_targets(opened, engine, None).dates
    return build(Store(store, opened), dates)


def run_training(bank: Path, store: Path, home: Path) -> Measured:
    """Train on features that are built."""
    source = Store(store, open_bank(bank, {}))
    began = time.perf_counter()
    result = train_on(Home(home), source, TrainOptions(has_leak_check=False))
    seconds = time.perf_counter() - began
    largest = max(result.trained, key=lambda item: item.available_rows)
    return Measured(
        seconds=seconds,
        peak_mib=peak_mib(),
        models=len(result.trained),
        dates=len(largest.schedule.train),
        available=largest.available_rows,
        trained=largest.train_rows,
        features=len(largest.test.names),
    )
