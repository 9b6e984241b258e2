"""`promote`, `rollback` and `versions` as a user runs them: through the gate, against it, and back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger import database_of, open_ledger
from pipelines.settings import Home
from pipelines.tracking import RunRecord, track
from serving.bundle import Bundle
from serving.champion import load_champion, read_champion
from tests.challengers import Change, overstated, rewritten, upside_down
from tests.pipelines.conftest import Cli, Outcome, TrainedBank

Promote = Callable[..., Outcome]


@dataclass(frozen=True)
class Bench:
    """A home with the trained version 1, an equal version 2, 3 with every risk overstated, 4 turned upside down."""

    home: Home
    bank: Path


@pytest.fixture(scope="module")
def bench(trained: TrainedBank, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Copy the trained home and register three challengers in it."""
    root = tmp_path_factory.mktemp("bench") / "home"
    shutil.copytree(trained.home.root, root, ignore=shutil.ignore_patterns("stores"))
    (root / "stores").symlink_to(trained.home.stores)  # a feature store knows its place
    home = Home(root)
    with sqlite3.connect(database_of(home)) as database:  # its artifacts belong to the copy
        database.execute("UPDATE experiments SET artifact_location = ?", [home.artifacts.as_uri()])
    champion = Bundle.load(home.bundles / "1")
    changes: list[Change] = [lambda parts: parts, overstated, upside_down]
    for place, change in enumerate(changes):
        directory = tmp_path_factory.mktemp("challenger") / "bundle"
        digest = rewritten(champion, directory, change)
        run = RunRecord(
            bundle_dir=directory, manifest_sha256=digest, trained=(), params={}, tags={}, plots=(),
            card="# Card\n", seed=5, created_at=f"2026-11-0{place + 2}T08:00:00+00:00",
        )  # fmt: skip
        track(home, run)
    return Bench(home, trained.bank)


def _answer(found: Outcome) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(found.out.splitlines()[-1])
    return answer


def test_the_whole_way_through_the_gate_against_it_and_back(bench: Bench, cli: Cli) -> None:
    """Refused, refused again, overridden, shown, replaced by an equal one, and rolled back twice."""
    home = bench.home
    overstating = cli("promote", "3", home=home.root)
    assert overstating.code == 1
    assert "promote 3: refused, nothing was changed; version 1 stays the champion." in overstating.err
    assert (
        "calibration, Churn within" in overstating.err
    )  # at which horizon hangs on how many events there are
    assert "mean forecast over observed rate" in overstating.err
    assert "REFUSED" in overstating.out
    assert read_champion(home.root).version == "1"

    turned = cli("promote", "4", "--json", home=home.root)
    assert turned.code == 1
    answer = _answer(turned)
    assert (answer["promoted"], answer["champion_before"]) == (False, "1")
    worse = next(name for name in answer["failed"] if name.startswith("quality: churn"))
    quality = next(one for one in answer["checks"] if f"{one['code']}: {one['model']}" == worse)
    assert quality["interval"][1] < 0
    assert quality["facts"]["challenger"] < 0.5 < quality["facts"]["champion"]
    assert set(quality["text"]) == {"en", "zh"}
    assert answer["error"].startswith("promote 4: refused")
    assert turned.out.count("\n") == 1, "one JSON object and nothing else"

    forced = cli("promote", "3", "--override", "--reason", "obligation", "--by", "Li Hua", home=home.root)
    assert forced.code == 0, forced.err
    assert "Version 3 is the champion now (before: 1)." in forced.out
    assert (
        "promoted against the gate by Li Hua: obligation - a rule or a supervisor asks for it" in forced.out
    )
    override = load_champion(home.root) and read_champion(home.root).override
    assert override is not None
    assert (override.by, override.reason) == ("Li Hua", "obligation")
    assert any(name.startswith("calibration: churn") for name in override.failed)
    with open_ledger(home) as ledger:
        tags = ledger.client.get_model_version("bellwether", "3").tags
    assert any("Li Hua" in text for name, text in tags.items() if name.startswith("promotion/"))

    shown = cli("versions", home=home.root)
    assert "OVERRIDE" in shown.out
    assert "Hua" in shown.out  # a narrow table breaks the name
    three = next(
        one for one in _answer(cli("versions", "--json", home=home.root))["versions"] if one["version"] == "3"
    )
    assert (three["is_champion"], three["promoted"], three["refused"]) == (True, 1, 1)
    assert three["data"]["digest"] == Bundle.load(home.bundles / "3").manifest.lineage.data.digest

    back = cli("rollback", "--json", home=home.root)
    assert _answer(back) == {"version": "1", "champion_before": "3", "override": None}
    again = cli("rollback", home=home.root)
    assert again.code == 1
    assert "nothing before it" in again.err


def test_an_equal_challenger_is_promoted_and_an_override_it_does_not_need_is_not_recorded(
    bench: Bench, cli: Cli
) -> None:
    found = cli(
        "promote", "2", "--override", "--reason", "defect", "--by", "Li Hua", "--language", "zh", home=bench.home.root
    )  # fmt: skip
    assert found.code == 0, found.err
    assert "无需越过检查" in found.out
    assert "通过" in found.out
    assert read_champion(bench.home.root).override is None
    was = cli("promote", "2", home=bench.home.root)
    assert (was.code, was.out) == (0, "Version 2 is the champion already; nothing was changed.\n")
    cli("rollback", home=bench.home.root)


def test_who_scores_with_an_overridden_champion_is_told(bench: Bench, cli: Cli, tmp_path: Path) -> None:
    reason = ("--override", "--reason", "known_shift", "--by", "Li Hua")
    assert cli("promote", "3", *reason, home=bench.home.root).code == 0
    day = Bundle.load(bench.home.bundles / "3").manifest.lineage.data.until
    out = tmp_path / "scores.parquet"
    scored = cli("score", "--data", bench.bank, "--as-of", day, "--out", out, "--json", home=bench.home.root)
    assert _answer(scored)["override"]["by"] == "Li Hua"
    assert "promoted against the gate by Li Hua" in scored.err
    pages = tmp_path / "pages"
    watched = cli(
        "monitor", "--data", bench.bank, "--as-of", day, "--out", pages, "--json", home=bench.home.root
    )
    assert _answer(watched)["override"]["reason"] == "known_shift"
    page = (pages / "index.html").read_text(encoding="utf-8")
    assert "promoted against the gate by Li Hua" in page
    assert "由 Li Hua 越过检查提升" in page
    cli("rollback", home=bench.home.root)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--override",), "expected --override, --reason CODE and --by NAME together"),
        (
            ("--reason", "defect", "--by", "Li Hua"),
            "expected --override, --reason CODE and --by NAME together",
        ),
        (
            ("--override", "--reason", "because", "--by", "Li Hua"),
            "expected --reason as one of defect, obligation",
        ),
        (("--override", "--reason", "defect", "--by", " "), "expected --by as a name of 1 to 100 characters"),
    ],
)
def test_an_override_that_nobody_answers_for_is_refused(
    bench: Bench, cli: Cli, arguments: tuple[str, ...], message: str
) -> None:
    found = cli("promote", "3", *arguments, home=bench.home.root)
    assert found.code == 1
    assert message in found.err
    assert read_champion(bench.home.root).version == "1"


def test_what_cannot_be_promoted_is_refused_by_name(bench: Bench, cli: Cli, tmp_path: Path) -> None:
    unknown = cli("promote", "9", home=bench.home.root)
    assert (unknown.code, "expected a registered version (1, 2, 3, 4); got '9'" in unknown.err) == (1, True)
    nothing = cli("promote", "1", home=tmp_path / "new")
    assert (nothing.code, "expected a registered version (none: train first)" in nothing.err) == (1, True)
    home = Home(tmp_path / "damaged")
    shutil.copytree(
        bench.home.root, home.root, ignore=shutil.ignore_patterns("stores", "tables", "mlartifacts")
    )
    gone = cli("promote", "2", home=home.root)
    assert (gone.code, "Name the bank's tables with --data DIR" in gone.err) == (1, True)
    (home.bundles / "2" / "golden.parquet").write_bytes(b"-")
    damaged = cli("promote", "2", home=home.root)
    assert (damaged.code, "golden.parquet: expected SHA-256" in damaged.err) == (1, True)
    assert read_champion(home.root) == read_champion(bench.home.root)


def test_a_damaged_champion_can_be_replaced_by_whoever_answers_for_it(bench: Bench, cli: Cli) -> None:
    golden = bench.home.bundles / "1" / "golden.parquet"
    whole = golden.read_bytes()
    golden.write_bytes(b"-")
    refused = cli("promote", "2", home=bench.home.root)
    assert refused.code == 1
    assert "the champion's bundle does not load" in refused.err
    forced = cli("promote", "2", "--override", "--reason", "defect", "--by", "Li Hua", home=bench.home.root)
    assert forced.code == 0, forced.err
    assert load_champion(bench.home.root).version == "2"
    assert "golden.parquet" in cli("rollback", home=bench.home.root).err, (
        "nobody goes back to a damaged bundle"
    )
    golden.write_bytes(whole)
    assert cli("rollback", home=bench.home.root).code == 0
