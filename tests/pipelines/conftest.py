"""One small simulated bank, trained once for all tests of the whole path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from pipelines.build import Store, open_store
from pipelines.cli import main
from pipelines.online import publish_as_of
from pipelines.register import register
from pipelines.settings import Home
from pipelines.tracking import Registered
from pipelines.train import TrainOptions, TrainResult, prepared_tables, train

Cli = Callable[..., "Outcome"]
OPTIONS = TrainOptions(seed=5, has_leak_check=False)


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class TrainedBank:
    """A home in which a small bank has been trained and published."""

    home: Home
    bank: Path
    store: Store
    result: TrainResult
    registered: Registered
    as_of: date


@pytest.fixture(scope="session")
def small_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate 500 customers over 30 months."""
    from pipelines.sources.simulated import simulate

    bank = tmp_path_factory.mktemp("simulated") / "bank"
    simulate(500, 30, 3, bank)
    return bank


@pytest.fixture(scope="session")
def trained(small_bank: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedBank:
    """Train and publish the small bank."""
    home = Home(tmp_path_factory.mktemp("trained") / "home")
    result = train(home, small_bank, OPTIONS)
    registered = register(home, result, OPTIONS)
    store = open_store(home, prepared_tables(home, small_bank))
    publish_as_of(home, store, store.bank.manifest.data_until)
    return TrainedBank(home, small_bank, store, result, registered, store.bank.manifest.data_until)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in a home of its own."""

    def run(*arguments: str | Path, home: Path | None = None) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([*map(str, arguments), "--home", str(home or tmp_path / "home")])
        printed = capsys.readouterr()
        code = stop.value.code
        return Outcome(code if isinstance(code, int) else 0 if code is None else 1, printed.out, printed.err)

    return run
