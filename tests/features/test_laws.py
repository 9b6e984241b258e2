"""Laws that hold for every feature of every bank, whatever its customers did."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.catalogue import Catalogue
from tests.chance import EDGES
from tests.compute import Features, compute, tell
from tests.copies import copy_of, differing, unchanged, with_copies, with_tables
from tests.handover import MONEY, Bank
from tests.random_bank import AS_OFS, random_bank

AS_OF = date(2024, 3, 1)
SHIFT = 92
DATED = "contribution_"
"""Features under dated rates and fixed costs, rounded to minor units: their laws are in test_contribution.py."""
CALENDAR = (DATED, "signal_", "txn_weekend")
"""Features that look at the calendar: rates of a day, signals evaluated on firsts of months, weekends."""
AMOUNTS = (DATED, "signal_", "asset_is_dormant", "asset_movement")
"""Features under limits that are amounts of money."""
LOGS = ("contacts", "transactions", "balances", "complaints", "warning_signals")

Row = dict[str, Any]

DAYS = st.one_of(st.sampled_from(EDGES), st.integers(1, 420)).map(lambda back: AS_OF - timedelta(days=back))
MOMENTS = st.builds(datetime.combine, DAYS, st.sampled_from((time(0), time(12), time(23, 59, 59))))
UNITS = st.one_of(st.integers(-(10**9), 10**9), st.sampled_from((0, 1, -1)))
COLUMNS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "contacts": {
        "occurred_at": MOMENTS,
        "channel": st.sampled_from("TMBE"),
        "direction": st.sampled_from(("bank", "customer", None)),
        "outcome": st.sampled_from((None, "reached", "not_reached")),
        "warmth": st.one_of(st.none(), st.integers(-2, 2)),
    },
    "transactions": {
        "occurred_at": MOMENTS,
        "amount": UNITS,
        "kind": st.sampled_from(("transfer", "salary", "fee", "other")),
        "channel": st.sampled_from(("branch", "online", None)),
        "counterparty_kind": st.sampled_from((None, "own_elsewhere")),
        "started_by": st.sampled_from(("customer", "customer", "bank")),
    },
    "balances": {
        "held_on": DAYS,
        "product": st.sampled_from(("demand_deposit", "fund", "loan")),
        "bank": st.sampled_from(("own", "elsewhere")),
        "balance": st.integers(0, 10**11),
    },
    "complaints": {"received_at": MOMENTS},
    "warning_signals": {
        "raised_on": DAYS,
        "code": st.sampled_from(("E01", "M42")),
        "severity": st.one_of(st.none(), st.integers(1, 5)),
    },
}
IDS = {"contacts": "contact_id", "transactions": "transaction_id", "complaints": "complaint_id",
       "warning_signals": "signal_id"}  # fmt: skip


@st.composite
def banks(draw: st.DrawFn) -> Bank:
    """A bank of twelve customers in UTC, with up to ten rows of each table per customer."""
    people = [f"c{number}" for number in range(12)]
    kinds = st.sampled_from(("retail", "micro", "corporate"))
    opened = st.one_of(st.none(), DAYS)
    customers = [
        {"customer_id": person, "kind": draw(kinds), "opened_on": draw(opened), "born_on": date(1980, 2, 29)}
        for person in people
    ]
    tables: dict[str, list[Row]] = {"customers": customers}
    for table, columns in COLUMNS.items():
        rows = st.lists(
            st.fixed_dictionaries({"customer_id": st.sampled_from(people), **columns}),
            min_size=25,
            max_size=120,
        )
        tables[table] = with_ids(table, draw(rows))
    return Bank(tables, "UTC", data_until=AS_OF + timedelta(days=SHIFT + 1))


def with_ids(table: str, rows: list[Row]) -> list[Row]:
    """Rows with an id of their own; of balances with one key the first."""
    if table in IDS:
        return [{IDS[table]: f"{place:04d}", **row} for place, row in enumerate(rows)]
    keys: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        keys.setdefault((row["customer_id"], row["held_on"], row["product"], row["bank"]), row)
    return [*keys.values()]


def tenfold(bank: Bank) -> Bank:
    """The same bank in a currency worth a tenth."""
    return with_tables(
        bank, {table: [tenfold_row(row) for row in rows] for table, rows in bank.tables.items()}
    )


def tenfold_row(row: Mapping[str, Any]) -> Row:
    return {name: value * 10 if name in MONEY and value is not None else value for name, value in row.items()}


def handed_over_twice(bank: Bank) -> Bank:
    """Every row twice."""
    return with_tables(bank, {table: [*rows, *rows] for table, rows in bank.tables.items()})


def later(bank: Bank) -> Bank:
    """The same bank, everything some days later."""

    def shifted(row: Mapping[str, Any]) -> Row:
        return {n: v + timedelta(days=SHIFT) if isinstance(v, date) else v for n, v in row.items()}

    return with_tables(bank, {table: [shifted(row) for row in rows] for table, rows in bank.tables.items()})


@settings(
    max_examples=2, deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
@given(bank=banks())
def test_laws(bank: Bank) -> None:
    """Currency, duplicates and calendar change nothing that they should not; parts stay within the whole.

    The variants are copies inside one bank: an example costs two runs of the engine.
    """
    variants = {"plain": unchanged, "tenfold": tenfold, "twice": handed_over_twice, "later": later}
    both = replace(with_copies(bank, variants), data_from=dict.fromkeys(LOGS, date(2022, 1, 1)))
    with tempfile.TemporaryDirectory() as directory:
        computed = compute(both, Path(directory))
        dates = computed.at((AS_OF, AS_OF + timedelta(days=SHIFT)))
    features, _ = dates[AS_OF]
    plain = copy_of(features, "plain")
    assert differing(plain, copy_of(features, "twice")) == []
    money_scales(computed.store.bank.catalogue, plain, copy_of(features, "tenfold"))
    shifted = copy_of(dates[AS_OF + timedelta(days=SHIFT)][0], "later")
    assert differing(without_history(plain), without_history(shifted)) == []
    for row in plain.values():
        windows_grow(row)
        values_stay_in_range(computed.store.bank.catalogue, row)


def without_history(features: Features) -> Features:
    """Features without the length of the log and what looks at the calendar."""
    return {
        customer_id: {
            name: value
            for name, value in row.items()
            if "history" not in name and not name.startswith(CALENDAR)
        }
        for customer_id, row in features.items()
    }


def money_scales(catalogue: Catalogue, plain: Features, scaled: Features) -> None:
    """Amounts are ten times as large, to the rounding of one division; everything else is as it was."""
    for customer_id, row in plain.items():
        for name, value in row.items():
            if name.startswith(AMOUNTS):
                continue
            factor = 10 if catalogue[name].unit == "money" else 1
            expected = None if value is None else pytest.approx(value * factor, rel=1e-12, abs=1e-12)
            assert scaled[customer_id][name] == expected, (customer_id, name)


def windows_grow(row: Mapping[str, float | None]) -> None:
    """A longer window holds at least what a shorter one holds."""
    for subject in ("contact_count", "txn_count", "txn_turnover", "txn_active_count", "signal_count_new"):
        windows = [
            row[f"{subject}_{days}d"] or 0 for days in (30, 90, 180, 365) if f"{subject}_{days}d" in row
        ]
        assert windows == sorted(windows), subject
    assert (row["txn_active_count_365d"] or 0) <= (row["txn_count_365d"] or 0)
    assert (row["txn_gap_days"] or 0) <= (row["txn_age_days"] or 0)
    assert (row["contact_gap_days"] or 0) <= (row["contact_gap_customer_days"] or 10**6)
    longest, mean = row["contact_interval_longest_days_365d"], row["contact_interval_mean_days_365d"]
    assert (longest is None and mean is None) or (longest or 0) >= (mean or 0) >= 1


def values_stay_in_range(catalogue: Catalogue, row: Mapping[str, float | None]) -> None:
    """Counts are whole, gaps at least a day, shares between 0 and 1 (a slope, a change or a deviation may not)."""
    for name, value in row.items():
        unit = catalogue[name].unit
        if value is None:
            continue
        assert math.isfinite(value), name
        if unit in ("count", "flag"):
            assert value >= 0, name
            assert value == int(value), name
        if name.endswith("gap_days"):
            assert value >= 1, name
        if unit == "share" and not {"slope", "deviation", "change", "acceleration"} & set(name.split("_")):
            assert 0 <= value <= 1, name
    assert row["asset_balance_falling_months"] in (None, 0, 1, 2, 3, 4, 5)


def test_order_files_and_other_customers_change_no_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows shuffled, three files per table, and other customers in the same tables."""
    bank = random_bank(21, 60, is_whole=True)
    others = random_bank(22, 60, is_whole=True)
    others = with_tables(
        others, {**others.tables, "market": bank.tables["market"]}
    )  # there is but one market
    alone = with_copies(bank, {"a": unchanged})
    mixed = with_copies(bank, {"a": unchanged, "b": lambda _: others})
    shuffled = with_tables(mixed, {table: shuffle(rows) for table, rows in mixed.tables.items()})
    dates = (date(2024, 4, 1), date(2024, 10, 28))
    plain = compute(alone, tmp_path / "plain").at(dates)
    other = compute(shuffled, tmp_path / "shuffled", "folders").at(dates)
    for as_of in dates:
        expected, got = (without_segment(copy_of(one[as_of][0], "a")) for one in (plain, other))
        assert differing(expected, got) == []
    rows = sum(len(features) for features, _ in plain.values())
    tell(capsys, f"order, files, other customers: {rows} rows equal to the bit")


def test_an_as_of_by_itself_is_as_it_is_in_company(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A large bank's dates are computed one by one, a small one's together: the same features, bit for bit."""
    computed = compute(random_bank(32, 40, is_whole=True), tmp_path)
    rows = 0
    for as_of, (together, _) in computed.at((AS_OFS[0], AS_OFS[-1])).items():
        alone = computed.at((as_of,))[as_of][0]
        assert differing(together, alone) == [], as_of
        rows += len(alone)
    tell(capsys, f"an as_of by itself and in company: {rows} rows equal to the bit")


def without_segment(features: Features) -> Features:
    """Features without what is measured against all customers of a kind."""
    return {
        customer_id: {name: value for name, value in row.items() if name != "product_unmet_count"}
        for customer_id, row in features.items()
    }


def shuffle(rows: Any) -> list[Row]:
    found = list(rows)
    Random(5).shuffle(found)
    return found
