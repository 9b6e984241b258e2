"""Warnings from the tables to the answer: what /predict and score say is what the oracle finds open."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.build import Store
from pipelines.online import publish_as_of
from pipelines.score import ScoreOptions, score
from pipelines.settings import Home, write_json
from serving.champion import load_champion
from serving.manifest import Release
from serving.online import OnlineStore
from serving.requests import PredictRequest
from tests import oracle_signals
from tests.compute import compute, tell
from tests.handover import Bank
from tests.oracle_known import states
from tests.packed import pack
from tests.random_bank import random_bank
from tests.trained import all_trained
from training.package import write_release

AS_OF = date(2024, 10, 28)
VERSION = "1"
Block = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """A random bank, published, with a champion to answer for it."""

    bank: Bank
    home: Home
    store: Store


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    root = tmp_path_factory.mktemp("warnings")
    bank = random_bank(5, 80, is_whole=True)
    store = compute(bank, root / "bank").store
    home = Home(root / "home")
    publish_as_of(home, store, AS_OF)
    home.bundles.mkdir(parents=True)
    digest = pack(home.bundles / VERSION, all_trained())
    write_release(home.bundles / VERSION, Release(VERSION, "run", "2026-11-01T00:00:00Z", digest))
    write_json(home.champion, {"version": VERSION, "manifest_sha256": digest})
    return Published(bank, home, store)


def answers(published: Published, language: str) -> dict[str, Block]:
    """The answer of every customer that is scored."""
    ids = tuple(states(published.bank, AS_OF))
    answerer, rows = load_champion(published.home.root), OnlineStore.open(published.home.online).read(ids)
    numbers = itertools.count()
    answer = answerer.answer(PredictRequest(ids, None, 0, language), rows, lambda: f"p{next(numbers)}")
    return {one["customer_id"]: one for one in answer["predictions"] if one["status"] == "ok"}


def expected(published: Published) -> Mapping[str, list[tuple[str, int, str]]]:
    """Code, severity and date of each open warning by the oracle, in the order of the answer."""
    found, _ = oracle_signals.signals(published.bank, AS_OF)
    wanted = {}
    for customer_id, spans in found.items():
        by_code: dict[str, list[oracle_signals.Span]] = {}
        for span in spans:
            if span.is_open(AS_OF):
                by_code.setdefault(span.code, []).append(span)
        rows = [
            (code, max(span.severity for span in own), min(span.raised_on for span in own))
            for code, own in by_code.items()
        ]
        rows.sort(key=lambda row: (-row[1], -row[2].toordinal(), "EFMH".index(row[0][0]), row[0]))
        wanted[customer_id] = [(code, severity, raised.isoformat()) for code, severity, raised in rows]
    return wanted


def test_the_answer_tells_every_open_warning_in_both_languages(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted, found = expected(published), {language: answers(published, language) for language in ("en", "zh")}
    assert len(found["en"]) >= 20
    computed = 0
    for customer_id, one in found["en"].items():
        other = found["zh"][customer_id]
        shown = [(item["code"], item["severity"], item["raised_on"]) for item in one["warnings"]]
        assert shown == wanted[customer_id], customer_id
        for item, twin in zip(one["warnings"], other["warnings"], strict=True):
            assert item["title"] != twin["title"]
            assert item["category"] == item["code"][0]
            assert [measure["kind"] for measure in item["measures"]] == [m["kind"] for m in twin["measures"]]
            if item["evidence"] not in (None, "seen", "x", "y"):
                assert item["evidence"] != twin["evidence"]
                assert not set("{}_") & set(item["evidence"] + twin["evidence"])
                computed += 1
    count = sum(len(one["warnings"]) for one in found["en"].values())
    assert computed
    tell(
        capsys,
        f"warnings: {count} open of {len(found['en'])} customers, {computed} of them computed, in en and zh",
    )


def test_figures_are_those_of_the_newest_firing(published: Published) -> None:
    """Days overdue as the oracle has them, in the evidence of M48."""
    spans, _ = oracle_signals.signals(published.bank, AS_OF)
    tried = 0
    for customer_id, one in answers(published, "en").items():
        for item in one["warnings"]:
            own = [
                s
                for s in spans[customer_id]
                if s.code == item["code"] == "M48" and s.is_open(AS_OF) and s.values
            ]
            for span in own:
                assert span.values is not None
                days = int(span.values["days_overdue"] or 0)
                assert f"overdue for {days:,} day" in item["evidence"]
                tried += 1
    assert tried


def test_score_says_of_warnings_what_the_answer_says(published: Published, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    score(published.home, published.store, AS_OF, out, ScoreOptions(0, "zh"))
    told = answers(published, "zh")
    rows = {row["customer_id"]: row for row in pq.read_table(out).to_pylist()}
    for customer_id, row in rows.items():
        if row["status"] == "ok":
            assert row["warnings"] == told[customer_id]["warnings"]
        else:
            assert row["warnings"] is None
