"""The rules of the signs of strain, one by one; every customer of the bank here is one case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Record = dict[str, Any]
BOTH = ("strain_count_visible_180d", "strain_count_any_180d")

SIGNS = {
    "recorded": [(1, 180), (1, 179), (2, 181), (9, 365), (9, 366), (13, 5), (11, 5)],
    "cold": [(11, 180)],
    "later": [(3, 0)],
    "all": [(8, 10), (11, 10), (12, 10), (13, 10), (4, 10), (4, 20), (5, 181)],
}
"""Recorded signs as (code, days before as_of)."""

TALKS: dict[str, list[tuple[int, Record]]] = {
    "moved 180": [(200, {"next_agreed_on": before(180)})],
    "moved 181": [(200, {"next_agreed_on": before(181)})],
    "cold": [(360, {"warmth": 2}), (350, {}), (340, {}), (330, {}), (100, {}), (20, {"warmth": -1})],
    "told": [(180, {"purpose": "complaint"})],
    "told 181": [(181, {"outcome": "complaint"})],
    "all": [(200, {"next_agreed_on": before(100)}), (3, {"outcome": "complaint"})],
}
COMPLAINTS = {"wrote": 180, "wrote 181": 181, "all": 5}
SIGNALS = {"left": ("M46", 180), "left 181": ("M46", 181), "other": ("M42", 5), "all": ("M46", 5)}


def the_bank() -> Bank:
    people = sorted({*SIGNS, *TALKS, *COMPLAINTS, *SIGNALS})
    talk = {"channel": "T", "warmth": None, "outcome": None, "purpose": None, "next_agreed_on": None}
    tables: dict[str, list[Record]] = {
        "customers": [{"customer_id": one, "kind": "retail", "opened_on": before(1000)} for one in people],
        "contacts": [
            {
                "contact_id": f"{one} {back}",
                "customer_id": one,
                "occurred_at": at(before(back)),
                **talk,
                **more,
            }
            for one, talks in TALKS.items()
            for back, more in talks
        ],
        "complaints": [
            {"complaint_id": one, "customer_id": one, "received_at": at(before(back))}
            for one, back in COMPLAINTS.items()
        ],
        "warning_signals": [
            {"signal_id": one, "customer_id": one, "code": code, "raised_on": before(back)}
            for one, (code, back) in SIGNALS.items()
        ],
        "strain_signs": [
            {"sign_id": f"{one} {place}", "customer_id": one, "code": code, "noted_on": before(back)}
            for one, signs in SIGNS.items()
            for place, (code, back) in enumerate(signs)
        ],
    }
    logs = [table for table in tables if table != "customers"]
    return Bank(tables, ZONE, dict.fromkeys(logs, DATA_FROM), after(30))


def without(*missing: str) -> Bank:
    bank = the_bank()
    tables = {table: rows for table, rows in bank.tables.items() if table not in missing}
    return replace(
        bank, tables=tables, data_from={table: DATA_FROM for table in tables if table != "customers"}
    )


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return compute(the_bank(), tmp_path_factory.mktemp("strain")).at((AS_OF,), ["contact", "strain"])[AS_OF][
        0
    ]


def of(features: Features, name: str, *wanted: str) -> tuple[float | None, ...]:
    return tuple(features[name][one] for one in wanted)


def test_recorded_signs_on_the_managers_side_count_per_window(features: Features) -> None:
    """1 on days 180 and 179; with 2 on day 181 and 9 on day 365 four in the year; 11 and 13 are the customer's."""
    names = ("strain_count_recorded_180d", "strain_count_recorded_365d")
    assert of(features, "recorded", *names) == (2, 4)


def test_kinds_of_recorded_signs_are_of_all_thirteen(features: Features) -> None:
    """1, 2, 9, 11, 13 in 365 days."""
    assert of(features, "recorded", "strain_count_codes_365d", "strain_gap_days") == (5, 5)


def test_sign_noted_on_the_as_of_day_is_not_known(features: Features) -> None:
    assert of(features, "later", "strain_count_codes_365d", "strain_gap_days") == (0, None)
    assert of(features, "later", *BOTH) == (0, 0)


def test_moved_appointment_is_sign_8_for_180_days(features: Features) -> None:
    assert of(features, "moved 180", *BOTH) == (1, 1)
    assert of(features, "moved 181", *BOTH) == (0, 0)


def test_cooling_is_sign_11_and_recorded_as_well_it_counts_once(features: Features) -> None:
    assert of(features, "cold", "contact_cooling_365d", *BOTH) == (1, 1, 1)


def test_complaint_written_or_told_is_sign_12(features: Features) -> None:
    assert of(features, "wrote", *BOTH) == (1, 1)
    assert of(features, "told", *BOTH) == (1, 1)
    assert of(features, "wrote 181", *BOTH) == (0, 0)
    assert of(features, "told 181", *BOTH) == (0, 0)


def test_accounts_opened_elsewhere_are_sign_13(features: Features) -> None:
    assert of(features, "left", *BOTH) == (1, 1)
    assert of(features, "left 181", *BOTH) == (0, 0)
    assert of(features, "other", *BOTH) == (0, 0)


def test_signs_visible_and_recorded_are_counted_once_each(features: Features) -> None:
    """Visible 8, 12, 13; recorded 8, 11, 12, 13 and 4 twice; 5 was noted 181 days ago: 4, 8, 11, 12, 13."""
    assert of(features, "all", *BOTH) == (3, 5)


def test_what_no_table_shows_is_not_seen(tmp_path: Path) -> None:
    """Without complaints and signals `all` shows 8 and the complaint that was told."""
    computed = compute(without("complaints", "warning_signals", "strain_signs"), tmp_path)
    found = computed.at((AS_OF,), ["contact"])[AS_OF][0]
    assert of(found, "all", "strain_count_visible_180d") == (2,)
    assert of(found, "left", "strain_count_visible_180d") == (0,)
    assert computed.absent["strain_count_any_180d"] == "no table strain_signs"


def test_recorded_signs_need_no_contact_log(tmp_path: Path) -> None:
    computed = compute(without("contacts"), tmp_path)
    assert computed.absent["strain_count_visible_180d"] == "no table contacts"
    assert {"strain_count_recorded_180d", "strain_gap_days"} <= set(computed.names)
