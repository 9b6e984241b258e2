"""The rules of the complaint features, one by one; every customer of the bank here is one case.

As_of is 2024-04-01 in Berlin; moments are written as days before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, LATE_EVENING, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Record = dict[str, Any]


class Cases:
    """Customers with their complaints, contacts and transactions."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Record]] = {
            table: [] for table in ("customers", "complaints", "contacts", "transactions")
        }

    def one(self, name: str, *complaints: Record, days: int = 1000) -> None:
        row = {"customer_id": name, "kind": "retail", "opened_on": before(days)}
        self.tables["customers"].append(row)
        for number, complaint in enumerate(complaints, start=1):
            key = {"complaint_id": f"{name}{number}", "customer_id": name}
            self.tables["complaints"].append({**key, **complaint})

    def talks(self, name: str, *days: int, outcome: str | None = None) -> None:
        rows = self.tables["contacts"]
        for back in days:
            rows.append({"contact_id": f"c{len(rows)}", "customer_id": name, "occurred_at": at(before(back)),
                         "channel": "T", "outcome": outcome})  # fmt: skip

    def pays(self, name: str, *amounts: tuple[int, int], started_by: str = "customer") -> None:
        """Payments as (days before as_of, amount)."""
        rows = self.tables["transactions"]
        for back, amount in amounts:
            rows.append({"transaction_id": f"t{len(rows)}", "customer_id": name, "kind": "payment",
                         "occurred_at": at(before(back)), "amount": amount, "started_by": started_by})  # fmt: skip


def received(
    days: int, *, answered: int | None = None, resolved: int | None = None, clock: str = "12:00", **more: Any
) -> Record:
    """A complaint received, answered and resolved so many days before as_of."""
    row = {"received_at": at(before(days), clock), "severity": None, "about": None, "satisfied": None,
           "repeat_of": None, "first_response_at": None if answered is None else at(before(answered)),
           "resolved_at": None if resolved is None else at(before(resolved))}  # fmt: skip
    return {**row, **more}


def handled(cases: Cases) -> None:
    cases.one(
        "windows",
        received(90, clock="00:00", severity=5, about="manager"),
        received(91, clock=LATE_EVENING, severity=4, about="bank"),
        received(180, clock="00:00", about="bank"),
        received(365, clock="00:00", severity=1, repeat_of="windows9"),
        received(366, clock=LATE_EVENING, severity=3, about="manager", repeat_of="windows4"),
    )
    cases.one(
        "steps",
        received(100, answered=99, resolved=90, satisfied=False),
        received(50, answered=50, resolved=10, satisfied=True),
        received(40, answered=35, resolved=0, satisfied=False),
        received(30, resolved=20),
        received(400, answered=300, resolved=5, satisfied=False),
    )
    cases.one("none")


def followed(cases: Cases) -> None:
    """Each complained 100 days ago unless said; 60 days before it are days 160 to 101, after it days 99 to 40."""
    cases.one("withdrawn", received(100))
    cases.talks("withdrawn", 161, 160, 130, 101, 100, 99, 39)
    cases.one("kept on", received(200), received(100))
    cases.talks("kept on", 101, 40)
    cases.talks("kept on", 50, 50, outcome="not_reached")
    cases.one("too early", received(30))
    cases.talks("too early", 40, 20)
    cases.one("just long", received(31))
    cases.talks("just long", 40, 20)
    cases.one("new", received(100), days=120)
    cases.talks("new", 110, 90)
    cases.one("no talk", received(100))
    cases.talks("no talk", 90)
    cases.one("long ago", received(366))
    cases.talks("long ago", 370, 360)


def silent(cases: Cases) -> None:
    """Turnover 200 in days 180 to 91 unless said."""
    for name, recent, talk in (
        ("half", 100, 91), ("more", 101, 91), ("spoken", 100, 90), ("quiet", 0, 400),
    ):  # fmt: skip
        cases.one(name)
        cases.pays(name, (180, -150), (91, 50), (181, 10_000))
        cases.pays(name, (90, -recent), (0, -10_000))
        cases.talks(name, talk)
    cases.talks("half", 5, outcome="not_reached")
    cases.pays("half", (5, 9_999), started_by="bank")
    cases.one("never paid")
    cases.one("ninety", days=90)
    cases.one("ninety-one", days=91)
    cases.pays("ninety-one", (91, -10))


def the_bank() -> Bank:
    cases = Cases()
    for add in (handled, followed, silent):
        add(cases)
    logs = ("complaints", "contacts", "transactions")
    return Bank(cases.tables, ZONE, dict.fromkeys(logs, DATA_FROM), after(30))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return compute(the_bank(), tmp_path_factory.mktemp("complaints")).at((AS_OF,), ["complaints"])[AS_OF][0]


def of(features: Features, name: str, *wanted: str) -> tuple[float | None, ...]:
    return tuple(features[name][f"complaint_{one}"] for one in wanted)


def test_windows_begin_at_midnight(features: Features) -> None:
    """Days 90, 91, 180, 365, 366; severities 5, 4, none, 1, 3."""
    assert of(features, "windows", "count_90d", "count_180d", "count_365d") == (1, 3, 4)
    assert of(features, "windows", "severity_sum_90d", "severity_sum_180d", "severity_sum_365d") == (5, 9, 10)


def test_repeats_and_whom_they_are_about_count_over_365_days(features: Features) -> None:
    assert of(features, "windows", "count_repeat_365d", "count_manager_365d", "count_bank_365d") == (1, 1, 2)


def test_time_to_answer_is_over_complaints_of_the_year_that_were_answered(features: Features) -> None:
    """1, 0 and 5 days; the one of day 400 is outside: 6 / 3."""
    assert of(features, "steps", "response_mean_days_365d", "response_longest_days_365d") == (2, 5)


def test_resolved_on_the_as_of_day_is_open_and_says_nothing_of_satisfaction(features: Features) -> None:
    """10, 40 and 10 days to resolve; unsatisfied 1 of the 2 that say so; the last one resolved 5 days ago."""
    names = ("resolution_mean_days_365d", "resolution_longest_days_365d", "unsatisfied_share_365d")
    assert of(features, "steps", *names) == (20, 40, 0.5)
    assert of(features, "steps", "count_unsatisfied_365d", "gap_resolved_days") == (1, 5)


def test_oldest_open_complaint(features: Features) -> None:
    """Of `steps` the one of day 40 is open; of `windows` all are, the oldest of day 366."""
    assert of(features, "steps", "count_open", "open_oldest_days", "gap_days") == (1, 40, 30)
    assert of(features, "windows", "count_open", "open_oldest_days") == (5, 366)


def test_without_a_complaint_counts_are_zero_and_times_unknown(features: Features) -> None:
    assert of(features, "none", "count_365d", "severity_sum_365d", "count_repeat_365d") == (0, 0, 0)
    names = (
        "gap_days",
        "open_oldest_days",
        "response_mean_days_365d",
        "unsatisfied_share_365d",
        "contact_after",
    )
    assert of(features, "none", *names) == (None,) * 5


def test_contact_after_the_last_complaint_against_before(features: Features) -> None:
    """`withdrawn`: before it days 160, 130, 101, after it day 99: 1 / 3. `kept on`: 1 / 1, attempts do not count."""
    assert of(features, "withdrawn", "contact_after") == pytest.approx((1 / 3,), rel=1e-12)
    assert of(features, "kept on", "contact_after") == (1,)


def test_thirty_days_after_a_complaint_are_needed(features: Features) -> None:
    """Complaint on day 30: 29 whole days since. On day 31: 30 days, one contact in 30 against one in 60: 2."""
    assert of(features, "too early", "contact_after") == (None,)
    assert of(features, "just long", "contact_after") == (2,)


def test_days_before_the_relationship_are_not_observed(features: Features) -> None:
    """Opened on day 120: 20 days before the complaint; 1 in 60 days after it against 1 in 20 before it: 1 / 3."""
    assert of(features, "new", "contact_after") == pytest.approx((1 / 3,), rel=1e-12)


def test_no_contact_before_or_a_complaint_over_a_year_ago_say_nothing(features: Features) -> None:
    assert of(features, "no talk", "contact_after") == (None,)
    assert of(features, "long ago", "contact_after") == (None,)


def test_half_the_turnover_without_a_contact_is_a_silent_complaint(features: Features) -> None:
    """100 against 150 + 50; 101 is more than half; attempts and what the bank starts do not count."""
    assert of(features, "half", "silent") == (1,)
    assert of(features, "more", "silent") == (0,)
    assert of(features, "quiet", "silent") == (1,)


def test_a_contact_in_90_days_makes_it_no_silence(features: Features) -> None:
    assert of(features, "spoken", "silent") == (0,)


def test_nothing_before_is_no_fall_and_90_days_are_too_short(features: Features) -> None:
    """With 91 days of relationship the turnover of its first day can have fallen: 0 after 10."""
    assert of(features, "never paid", "silent") == (0,)
    assert of(features, "ninety", "silent") == (None,)
    assert of(features, "ninety-one", "silent") == (1,)


def test_silence_is_seen_without_a_table_of_complaints(features: Features, tmp_path: Any) -> None:
    tables = {table: rows for table, rows in the_bank().tables.items() if table != "complaints"}
    bank = replace(
        the_bank(), tables=tables, data_from=dict.fromkeys(("contacts", "transactions"), DATA_FROM)
    )
    computed = compute(bank, tmp_path)
    alone = computed.at((AS_OF,), ["complaints"])[AS_OF][0]
    assert [name for name in computed.names if name.startswith("complaint")] == ["complaint_silent"]
    assert {one: row["complaint_silent"] for one, row in alone.items()} == {
        one: row["complaint_silent"] for one, row in features.items()
    }


def test_aftermath_needs_the_contact_log(tmp_path: Any) -> None:
    tables = {table: rows for table, rows in the_bank().tables.items() if table != "contacts"}
    bank = replace(
        the_bank(), tables=tables, data_from=dict.fromkeys(("complaints", "transactions"), DATA_FROM)
    )
    computed = compute(bank, tmp_path)
    assert computed.absent["complaint_contact_after"] == "no table contacts"
    assert computed.absent["complaint_silent"] == "no table contacts"
