"""Who serves and who served before: promotion and rollback as steps, what is recorded, and what a kill leaves."""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import champions
from pipelines.champions import Entry, install, mend, next_entry, read_standing, record_refusal
from pipelines.errors import PipelineError
from pipelines.gate_show import list_versions
from pipelines.ledger import aliases_of, open_ledger, registry_lock
from pipelines.promote import rollback
from pipelines.settings import Home
from pipelines.tracking import RunRecord, track
from serving.champion import Override, load_champion, read_champion
from serving.errors import BundleError
from tests.packed import pack
from tests.trained import all_trained

PROMOTED_AT = "2026-11-02T08:00:00+00:00"
OVERRIDE = Override("obligation", "Li Hua", ("quality: churn_90",))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with three versions; the first serves."""
    directory = tmp_path_factory.mktemp("packed")
    digest = pack(directory / "bundle", all_trained())
    run = RunRecord(
        bundle_dir=directory / "bundle", manifest_sha256=digest, trained=all_trained(), params={}, tags={}, plots=(),
        card="# Card\n", seed=1, created_at="2026-11-01T08:00:00+00:00",
    )  # fmt: skip
    home = Home(tmp_path_factory.mktemp("three") / "home")
    for _ in range(3):
        track(home, run)
    return home


@pytest.fixture
def home(three: Home, tmp_path: Path) -> Home:
    """A copy of it."""
    shutil.copytree(three.root, tmp_path / "home")
    return Home(tmp_path / "home")


def _promote(
    home: Home, version: str, override: Override | None = None, on_step: Callable[[bytes], object] = len
) -> None:
    """Promote without the gate: the step alone."""
    digest = read_champion(home.root).manifest_sha256  # all three have equal content
    entry = Entry(
        0, "promoted", PROMOTED_AT, version, digest, None, None, None, override, override and override.by
    )
    with registry_lock(home), open_ledger(home) as ledger:
        mend(home, ledger)
        numbered = next_entry(home, entry)
        on_step(b"b")
        install(home, ledger, numbered)
        on_step(b"d")


def _alias(home: Home) -> str:
    with open_ledger(home) as ledger:
        (version,) = (version for version, names in aliases_of(ledger.client).items() if "champion" in names)
    return version


def test_a_promotion_moves_the_alias_and_the_file_and_is_recorded(home: Home) -> None:
    assert read_standing(home).entry is None, "the first version serves without a record"
    _promote(home, "2")
    assert (_alias(home), load_champion(home.root).version) == ("2", "2")
    first, second = read_standing(home).entries
    assert (first.kind, first.version, first.at, first.below) == (
        "first",
        "1",
        "2026-11-01T08:00:00+00:00",
        None,
    )
    assert (second.kind, second.version, second.replaced, second.below) == (
        "promoted",
        "2",
        "1",
        first.sequence,
    )
    with open_ledger(home) as ledger:
        tags = ledger.client.get_model_version("bellwether", "2").tags
    assert json.loads(tags["promotion/2"])["replaced"] == "1"


def test_rollback_goes_back_one_step_and_once_more_one_further(home: Home) -> None:
    _promote(home, "2")
    _promote(home, "3")
    assert [rollback(home).version, rollback(home, "Wang Fang").version] == ["2", "1"]
    with pytest.raises(
        PipelineError, match="expected a champion before the present one; got version 1, and nothing"
    ):
        rollback(home)
    assert (_alias(home), read_champion(home.root).version) == ("1", "1")
    kinds = [
        (entry.kind, entry.version, entry.replaced, entry.by) for entry in read_standing(home).chain[::-1]
    ]
    assert kinds == [
        ("first", "1", None, None),
        ("promoted", "2", "1", None),
        ("promoted", "3", "2", None),
        ("rolled_back", "2", "3", None),
        ("rolled_back", "1", "2", "Wang Fang"),
    ]


def test_a_promotion_after_a_rollback_returns_to_what_it_replaced(home: Home) -> None:
    _promote(home, "2")
    rollback(home)
    _promote(home, "3")
    assert rollback(home).version == "1"


def test_rollback_is_refused_where_nothing_was_promoted(home: Home, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="got version 1, and nothing before it"):
        rollback(home)
    with pytest.raises(PipelineError, match="got none, and nothing before it"):
        rollback(Home(tmp_path / "empty"))


def test_rollback_to_a_damaged_bundle_is_refused_and_changes_nothing(home: Home) -> None:
    _promote(home, "2")
    before = home.champion.read_bytes(), home.promotions.read_bytes()
    (home.bundles / "1" / "golden.parquet").write_bytes(b"-")
    with pytest.raises(BundleError, match="golden"):
        rollback(home)
    assert (home.champion.read_bytes(), home.promotions.read_bytes()) == before


def test_an_override_stays_with_its_version_and_comes_back_with_it(home: Home) -> None:
    _promote(home, "2", OVERRIDE)
    assert read_champion(home.root).override == OVERRIDE
    _promote(home, "3")
    assert read_champion(home.root).override is None
    assert rollback(home).override == OVERRIDE
    assert read_champion(home.root).override == OVERRIDE
    listed = {one.record.version: one.to_dict() for one in list_versions(home)}
    assert [each["kind"] for each in listed["2"]["decisions"]] == ["promoted", "rolled_back"]
    assert listed["2"]["decisions"][0]["override"]["by"] == "Li Hua"
    assert (listed["2"]["promoted"], listed["2"]["brought_back"]) == (1, 1)


def test_a_refusal_is_recorded_and_changes_nothing_else(home: Home) -> None:
    check = {"code": "quality", "model": "churn_90", "state": "failed"}
    entry = Entry(0, "refused", "2026-11-02T08:00:00+00:00", "2", "", None, None, None, checks=(check,))
    before = home.champion.read_bytes()
    for _ in range(2):
        record_refusal(home, replace(next_entry(home, entry), previous=None, below=None))
    assert home.champion.read_bytes() == before
    assert [entry.kind for entry in read_standing(home).entries] == ["first", "refused", "refused"]
    two = list_versions(home)[1].to_dict()
    assert (two["refused"], two["promoted"]) == (2, 0)
    assert two["decisions"][0]["failed"] == ["quality: churn_90"]


def test_a_line_that_was_cut_off_does_not_count_and_is_cut_away(home: Home) -> None:
    _promote(home, "2")
    with home.promotions.open("ab") as record:
        record.write(b'{"sequence": 3, "kind": "promo')
    assert [entry.sequence for entry in read_standing(home).entries] == [1, 2]
    _promote(home, "3")
    assert [entry.version for entry in read_standing(home).entries] == ["1", "2", "3"]


def test_a_record_that_lacks_what_the_champion_file_names_is_refused(home: Home) -> None:
    _promote(home, "2")
    lines = home.promotions.read_text(encoding="utf-8").splitlines(keepends=True)
    home.promotions.write_text(lines[0], encoding="utf-8")
    with pytest.raises(PipelineError, match=r"expected entry 2 about version 2, which .* names; got none"):
        read_standing(home)
    home.promotions.write_text("{}\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="expected one entry per line"):
        read_standing(home)


def test_a_champion_file_that_went_away_is_missed(home: Home) -> None:
    _promote(home, "2")
    home.champion.unlink()
    with pytest.raises(PipelineError, match="expected the champion file"):
        read_standing(home)


ROUNDS = int(os.environ.get("BELLWETHER_KILL_ROUNDS", "8"))


def test_a_promotion_that_is_killed_leaves_the_champion_before_or_the_new_one(home: Home) -> None:
    """Killed at moments spread over the step; what was acknowledged is there, and the next command puts all right."""
    _promote(home, "2")
    draw = random.Random(7)
    _, step = _promote_and_kill(home, "3", 60.0)
    counts = {"before": 0, "after": 0, "acknowledged": 0, "mended": 0}
    for place in range(ROUNDS):
        old = read_champion(home.root).version
        new = "3" if old == "2" else "2"
        is_acknowledged, _ = _promote_and_kill(home, new, step * draw.uniform(0.0, 2.0))
        champion = read_champion(home.root).version
        assert champion in {old, new}, place
        assert champion == new or not is_acknowledged
        assert load_champion(home.root).version == champion
        standing = read_standing(home)
        assert standing.entry is not None
        assert standing.entry.version == champion
        listed = {one.record.version: one for one in list_versions(home)}
        assert [version for version, one in listed.items() if "champion" in one.aliases] == [champion]
        counts["acknowledged"] += is_acknowledged
        counts["after" if champion == new else "before"] += 1
        counts["mended"] += _alias(home) != champion
        with registry_lock(home), open_ledger(home) as ledger:
            mend(home, ledger)
        assert _alias(home) == champion
        _check_tags(home)
    print(f"{ROUNDS} kills within {2 * step:.3f} s: {counts}")
    assert counts["before"] >= 1
    assert counts["after"] >= 1


@pytest.mark.parametrize("last_step", ["record", "file"])
def test_a_promotion_killed_right_before_its_last_step_is_taken_back(home: Home, last_step: str) -> None:
    """After the record alone, and after all but the champion file: the champion before serves, and a rollback works."""
    _promote(home, "2")
    child = os.fork()
    if child == 0:
        name = "_tag" if last_step == "record" else "write_json"
        setattr(champions, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        _promote(home, "3")
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert read_standing(home).entries[-1].version == "3", "the record says what was tried"
    assert _alias(home) == ("2" if last_step == "record" else "3")
    assert [one.aliases for one in list_versions(home)] == [(), ("champion",), ("challenger",)]
    assert not list_versions(home)[2].decisions
    assert rollback(home).version == "1"
    assert _alias(home) == "1"
    _check_tags(home)


def _check_tags(home: Home) -> None:
    in_force = {f"promotion/{entry.sequence}" for entry in read_standing(home).chain}
    with open_ledger(home) as ledger:
        found = [ledger.client.get_model_version("bellwether", version).tags for version in ("1", "2", "3")]
    assert {name for tags in found for name in tags if name.startswith("promotion/")} <= in_force


def _promote_and_kill(home: Home, version: str, delay: float) -> tuple[bool, float]:
    """Promote in a process of its own and kill it some seconds after the step began.

    Return whether it had said that it was done, and how long the step took until then.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _promote(home, version, on_step=lambda text: os.write(writing, text))
        finally:
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 1) == b"b"
    begun = time.monotonic()
    is_done = bool(select.select([reading], [], [], delay)[0])
    took = time.monotonic() - begun
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = os.read(reading, 1)
    os.close(reading)
    assert said == b"d" or not is_done
    return said == b"d", took
