"""The definition lab: figures by hand on the tiny bank of `tests/lab_bank.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from features.policy import read_policy
from features.store import day_number
from pipelines.lab_rows import falls_before, own_thresholds
from tests.bank import AS_OF, after, at
from tests.compute import Computed, compute
from tests.handover import Bank
from tests.lab_bank import NAMES, lab_bank
from tests.lab_reading import POLICY, definitions, reading
from tests.label_bank import label_bank
from training.lab import Called, Frame
from training.lab_figures import Lead, alarms_of, lead_of, overlap_of, overlaps_of, pairs_wanted, rates_of

OWN = "churn_90/whole/inactive_run_days=90/drained_share=0.4/drained_minimum_fall=1000"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    return compute(lab_bank(), tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def churn(tiny: Computed) -> Mapping[str, Called]:
    return definitions(tiny, "churn", 90, [AS_OF])


def names(called: Called, of: str = "hit") -> set[str]:
    """Who is called, or has come back."""
    return {name for name, is_so in zip(NAMES, getattr(called, of), strict=True) if is_so}


SILENT = {"gradual", "sudden", "returns", "dip"}


def test_silence_of_30_days_calls_who_pauses_after_day_39_too(churn: Mapping[str, Called]) -> None:
    """`closes` pays last on day 39: silent from day 40 to 89, 50 days. `steady` pays every 20 days."""
    assert names(churn["churn_90/silence/inactive_run_days=30"]) == SILENT | {"closes"}
    assert names(churn["churn_90/silence/inactive_run_days=60"]) == SILENT
    assert names(churn["churn_90/silence/inactive_run_days=90"]) == SILENT


def test_a_run_longer_than_the_horizon_is_not_tried(churn: Mapping[str, Called]) -> None:
    assert "churn_90/silence/inactive_run_days=120" not in churn


def test_drained_looks_at_share_and_fall(churn: Mapping[str, Called]) -> None:
    """Days 60 to 89 hold: `gradual` 3000 of (8000 + 6000 + 3000) / 3 = 5667, 53%; `drains`, `refills` 20%.

    `closes`: the report of day 29 holds for 45 days, to day 74: 15 days of 10000, 15 of nothing: 50%. Falls: 2667,
    8000, 8000 and 5000: none is 10000.
    """
    key = "churn_90/drained/drained_share={}/drained_minimum_fall={}".format
    assert names(churn[key(0.2, 0)]) == {"drains", "refills"}
    assert names(churn[key(0.4, 1000)]) == {"drains", "refills"}
    assert names(churn[key(0.6, 1000)]) == {"drains", "refills", "gradual", "closes"}
    assert names(churn[key(0.6, 10000)]) == set()


def test_closing_is_a_clause_of_its_own(churn: Mapping[str, Called]) -> None:
    assert names(churn["churn_90/closing"]) == {"closes"}


def test_the_whole_is_any_of_its_clauses_and_the_own_one_is_marked(churn: Mapping[str, Called]) -> None:
    assert names(churn[OWN]) == set(NAMES) - {"steady"}
    own = {key for key, one in churn.items() if one.definition.is_own}
    assert own == {
        OWN, "churn_90/closing", "churn_90/silence/inactive_run_days=90",
        "churn_90/drained/drained_share=0.4/drained_minimum_fall=1000",
    }  # fmt: skip


def test_the_moment_is_the_first_day_of_silence_of_the_low_level_or_of_closing(
    churn: Mapping[str, Called],
) -> None:
    """`drains` holds 2000 from day 30 on; `closes` is called by closing alone at the policy's own thresholds."""
    moment = dict(zip(NAMES, churn[OWN].moment - day_number(AS_OF), strict=True))
    called = {name: moment[name] for name in NAMES if name != "steady"}
    assert called == {
        "gradual": 0,
        "sudden": 0,
        "returns": 0,
        "dip": 0,
        "drains": 30,
        "refills": 30,
        "closes": 40,
    }
    low = churn["churn_90/drained/drained_share=0.6/drained_minimum_fall=0"]
    moment = dict(zip(NAMES, low.moment - day_number(AS_OF), strict=True))
    assert (moment["gradual"], moment["closes"]) == (0, 75)


def test_who_pays_again_or_has_half_again_is_a_false_alarm(churn: Mapping[str, Called]) -> None:
    """Days 90 to 179 are the follow-up. `returns` pays on day 100; `refills` holds 6000 of 10000 from day 150 on."""
    assert names(churn[OWN], "back") == {"returns", "refills"}
    alarms = alarms_of(churn[OWN])
    assert (alarms.followed, alarms.back, alarms.share) == (7, 2, pytest.approx(2 / 7))


def test_who_is_called_by_two_clauses_is_back_when_both_grounds_are_gone(tmp_path: Path) -> None:
    """`returns` with nothing left from day 0 on is silent and drained: paying on day 100 undoes the silence alone."""
    bank = lab_bank()
    balances = [
        {**row, "balance": 0} if row["customer_id"] == "returns" and row["held_on"] >= AS_OF else row
        for row in bank.tables["balances"]
    ]
    changed = Bank({**bank.tables, "balances": balances}, bank.zone, bank.data_from, bank.data_until)
    found = definitions(compute(changed, tmp_path), "churn", 90, [AS_OF])
    assert "returns" in names(found["churn_90/silence/inactive_run_days=90"], "back")
    assert "returns" in names(found["churn_90/drained/drained_share=0.4/drained_minimum_fall=1000"])
    assert "returns" not in names(found[OWN], "back")


def test_a_follow_up_that_passes_the_data_is_not_judged(tiny: Computed) -> None:
    """Data end on day 180: a window of 180 days leaves no follow-up."""
    found = definitions(tiny, "churn", 180, [AS_OF])
    assert alarms_of(found[OWN.replace("churn_90", "churn_180")]).followed == 0


def test_base_rate_counts_customers_at_each_as_of(churn: Mapping[str, Called]) -> None:
    (rate,) = rates_of(churn[OWN])
    assert (rate.day, rate.rows, rate.events, rate.share) == (day_number(AS_OF), 8, 7, 0.875)


def test_overlap_of_silence_and_drain(churn: Mapping[str, Called]) -> None:
    """Silent: gradual, sudden, returns, dip; down to 60%: gradual, closes, drains, refills: 1 shared of 7."""
    silence = churn["churn_90/silence/inactive_run_days=90"]
    drained = churn["churn_90/drained/drained_share=0.6/drained_minimum_fall=1000"]
    found = overlap_of(silence, drained)
    assert (found.rows, found.first_events, found.second_events, found.both) == (8, 4, 4, 1)
    assert found.jaccard == pytest.approx(1 / 7)
    assert overlap_of(drained, silence).jaccard == found.jaccard
    assert overlap_of(silence, silence).jaccard == 1.0
    assert len(overlaps_of([silence, drained, churn[OWN]])) == 3


def test_lead_time_counts_falling_blocks_before_the_event(tiny: Computed) -> None:
    """`gradual`: 8000, 6000, 3000 against 10000: 90 days; the other judged ones fell by nothing before: 0.

    `dip` has no balances before day -210: the blocks of days -270 to -181, the reference, are not known. Without the
    event is `steady` alone: not falling.
    """
    with reading(tiny, [AS_OF]) as reader:
        (own,) = [one for one in reader.definitions("churn", 90, [AS_OF]) if one.definition.key == OWN]
        falls = falls_before(reader.engine, POLICY, reader.settings, pairs_wanted([own], 0))
    lead = lead_of(own, falls, 0)
    assert (lead.events, lead.judged) == (7, 6)
    assert {days: count for days, count in lead.counts.items() if count} == {0: 5, 90: 1}
    assert [lead.quantile(share) for share in (0.25, 0.5, 0.75, 1.0)] == [0, 0, 0, 90]
    assert lead.fell_share == pytest.approx(1 / 6)
    assert lead.others_share == 0.0


def test_lead_time_without_balances_looks_at_turnover(tmp_path: Path) -> None:
    """`dip`'s turnover is 1 or 2 payments a block, as its reference: no fall of more than half."""
    bank = lab_bank()
    tables = {name: rows for name, rows in bank.tables.items() if name != "balances"}
    computed = compute(Bank(tables, bank.zone, bank.data_from, bank.data_until), tmp_path)
    with reading(computed, [AS_OF]) as reader:
        (own,) = [
            one
            for one in reader.definitions("churn", 90, [AS_OF])
            if one.definition.is_own and one.definition.clause == "whole"
        ]
        falls = falls_before(reader.engine, POLICY, reader.settings, pairs_wanted([own], 0))
    assert names(own) == SILENT | {"closes"}
    assert own.definition.key == "churn_90/whole/inactive_run_days=90"
    lead = lead_of(own, falls, 0)
    assert (lead.events, lead.judged, lead.counts[0]) == (5, 5, 5)


def test_one_event_seen_from_two_as_of_dates_counts_once(tiny: Computed) -> None:
    """From a month earlier `closes` (day 40 of AS_OF, day 71 there) is called as well; it closes once."""
    earlier = date(2024, 3, 1)
    with reading(tiny, [earlier, AS_OF]) as reader:
        closing = reader.definitions("churn", 90, [earlier, AS_OF])[0]
        falls = falls_before(reader.engine, POLICY, reader.settings, pairs_wanted([closing], 0))
    assert closing.hit.sum() == 2
    assert lead_of(closing, falls, 0).events == 1
    assert [rate.events for rate in rates_of(closing)] == [1, 1]


def test_shrunk_growth_and_low_loyalty(tiny: Computed) -> None:
    """Last 30 of 90 days against the 90 before: gradual 3000 of 5667 (-47%), drains and refills -80%, closes -50%.

    Loyal blocks of three: silent ones none; `closes` pays on days 9 and 39, and holds nothing on day 89: two.
    """
    growth = definitions(tiny, "growth", 90, [AS_OF])
    assert names(growth["growth_90/shrunk/shrunk_share=0.25"]) == {"gradual", "drains", "refills", "closes"}
    assert names(growth["growth_90/shrunk/shrunk_share=0.5"]) == {"drains", "refills", "closes"}
    later = growth["growth_90/shrunk/shrunk_share=0.5"]
    assert names(later, "back") == {"refills"}  # 6000 of 10000 on days 150 to 179: -40%
    loyalty = definitions(tiny, "loyalty", 90, [AS_OF])
    assert names(loyalty["loyalty_90/low/low_share=0"]) == SILENT
    assert names(loyalty["loyalty_90/low/low_share=0.25"]) == SILENT
    assert not any(one.definition.is_own for one in [*growth.values(), *loyalty.values()])


def test_an_unmatured_product_can_exempt_a_short_run_and_not_a_long_one(tmp_path: Path) -> None:
    """`exempt80` holds 10000 on day 29 and 8000 on day 59: exempt (above 80%) at a run of 30 days, not at 60 or 90."""
    bank = label_bank()
    ids = sorted({str(row["customer_id"]) for row in bank.tables["customers"]})
    found = definitions(compute(bank, tmp_path), "churn", 90, [AS_OF])
    called = {
        days: {
            name
            for name, hit in zip(ids, found[f"churn_90/silence/inactive_run_days={days}"].hit, strict=True)
            if hit
        }
        for days in (30, 60, 90)
    }
    assert [("exempt80" in called[days]) for days in (30, 60, 90)] == [False, True, True]
    assert [("run89" in called[days]) for days in (30, 60, 90)] == [True, True, False]


def test_instalments_late_by_each_number_of_days(tmp_path: Path) -> None:
    """Due on day 10: paid on day 45 (35 days late), on day 80 (70) or never; paid after 5 days is not late.

    The follow-up of 90 days after 360 ends on day 450: who has paid by then is back.
    """
    paid = {"a": 45, "b": 80, "c": None, "d": 15}
    bank = Bank(
        {
            "customers": [
                {"customer_id": name, "kind": "retail", "opened_on": after(-900)} for name in paid
            ],
            "transactions": [
                {"transaction_id": name, "customer_id": name, "occurred_at": at(after(-1)), "amount": -1,
                 "kind": "payment", "started_by": "customer"} for name in paid
            ],
            "loans": [
                {"loan_id": name, "customer_id": name, "granted_on": after(-400), "amount": 10_000,
                 "matures_on": after(800)} for name in paid
            ],
            "repayments": [
                {"loan_id": name, "customer_id": name, "due_on": after(10), "due_principal": 100, "due_interest": 1,
                 "paid_on": None if day is None else after(day), "paid_amount": 101}
                for name, day in paid.items()
            ],
        },
        data_from={"transactions": after(-400)}, data_until=after(500),
    )  # fmt: skip
    found = definitions(compute(bank, tmp_path), "default", 360, [AS_OF])
    hits = {
        days: "".join(sorted(name for name, hit in zip(paid, found[key].hit, strict=True) if hit))
        for days in (30, 60, 90)
        for key in [f"default_360/late/late_days={days}"]
    }
    assert hits == {30: "abc", 60: "bc", 90: "c"}
    late = found["default_360/late/late_days=30"]
    assert (late.moment[:3] - day_number(AS_OF)).tolist() == [40, 40, 40]
    assert late.back.tolist() == [True, True, False, False]
    assert [one.definition.is_own for one in found.values()] == [False, True, False]


def test_quantiles_of_no_event_are_none() -> None:
    assert Lead(0, {0: 0, 30: 0}, None).quantile(0.5) is None
    assert Lead(0, {0: 0}, None).fell_share is None


def test_the_policys_own_thresholds_are_always_tried() -> None:
    grid, own = POLICY.grid, read_policy("targets")
    assert own["churn"]["inactive_run_days"] in grid["churn.inactive_run_days"]  # the shipped grid's anyway
    changed = {**own, "churn": {**own["churn"], "inactive_run_days": 75}}
    frame = Frame(180, POLICY, own_thresholds(changed), 2)
    assert frame.tried("churn.inactive_run_days") == (30, 60, 75, 90, 120, 180)
