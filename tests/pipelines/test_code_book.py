"""The code book of text attributes: codes stand by the day on which a text was first known, and stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.build import open_store
from pipelines.intake import prepare
from pipelines.settings import Home
from tests.bank import before, tiny_bank
from tests.handover import Bank, write_bank


def _bank(*seen: tuple[str, int, str]) -> Bank:
    """The tiny bank with a snapshot for each customer, days before as_of, and text."""
    rows = [{"customer_id": one, "as_of": before(days), "city": city} for one, days, city in seen]
    bank = tiny_bank()
    return replace(bank, tables={**bank.tables, "snapshots": rows})


def _codes(home: Home, bank: Bank, directory: Path) -> dict[str, int]:
    prepared = prepare(write_bank(bank, directory / "bank"), directory / "prepared").prepared
    return dict(open_store(home, prepared).bank.codes["city"])


def test_a_text_first_seen_later_shifts_no_code_in_a_new_home(tmp_path: Path) -> None:
    first = _codes(Home(tmp_path / "one"), _bank(("W", 90, "Wuhan"), ("T", 90, "Rome")), tmp_path / "a")
    grown = _bank(("W", 90, "Wuhan"), ("T", 90, "Rome"), ("B", 30, "Basel"))
    assert first == {"Rome": 0, "Wuhan": 1}
    assert _codes(Home(tmp_path / "one"), grown, tmp_path / "b") == {**first, "Basel": 2}
    assert _codes(Home(tmp_path / "two"), grown, tmp_path / "c") == {**first, "Basel": 2}
