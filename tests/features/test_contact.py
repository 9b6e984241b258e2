"""The rules of the contact features, one by one; every customer of the bank here is one case.

As_of is 2024-04-01 in Berlin; a contact is written as how many days before it took place.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Record = dict[str, Any]

OVERDUE = "contact_overdue_days"
MOVED = ("contact_count_moved_365d", "contact_gap_moved_days")


class Log:
    """Customers with their contacts and transactions, added case by case."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Record]] = {"customers": [], "contacts": [], "transactions": []}

    def one(self, name: str, *contacts: Record, days: int = 1000, **profile: Any) -> None:
        """A customer since so many days, with these contacts; neither managed nor of a level unless said."""
        opened = before(days)
        state = {"customer_id": name, "valid_from": opened, "opened_on": opened, "kind": "retail",
                 "card_level": None, "manager_id": None}  # fmt: skip
        self.tables["customers"].append({**state, **profile})
        rows = self.tables["contacts"]
        rows += [
            {"contact_id": f"c{len(rows) + n}", "customer_id": name, **row} for n, row in enumerate(contacts)
        ]

    def business(self, name: str, days: int, started_by: str) -> None:
        rows = self.tables["transactions"]
        rows.append({"transaction_id": f"t{len(rows)}", "customer_id": name, "occurred_at": at(before(days)),
                     "amount": -100, "kind": "payment", "started_by": started_by})  # fmt: skip


def talk(days: int, channel: str = "T", **more: Any) -> Record:
    """A contact so many days before as_of, with a date agreed."""
    row = {"occurred_at": at(before(days)), "channel": channel, "next_agreed_on": None, "direction": None,
           "purpose": None, "with_role": None, "outcome": None, "warmth": None, "manager_id": None}  # fmt: skip
    return {**row, **more}


def calls(*days: int) -> list[Record]:
    return [talk(back) for back in days]


MISSED = {"outcome": "not_reached"}


def cadences(log: Log) -> None:
    log.one("diamond 30", *calls(30, 5), card_level="diamond")
    log.one("diamond 31", *calls(31, 5), card_level="diamond")
    log.one("diamond once", *calls(5), talk(5, **MISSED), card_level="diamond")
    log.one("diamond met", talk(30, "B"), card_level="diamond")
    log.one("diamond met late", talk(33, "M"), card_level="diamond")
    log.one("diamond new", card_level="diamond", days=40)
    log.one("platinum", *calls(32, 20, 10, 5), talk(31, "M"), card_level="platinum")
    log.one("platinum met", talk(29, "M"), talk(10, "B"), card_level="platinum")
    log.one("gold", *calls(8), card_level="gold")
    log.business("gold", 9, "customer")
    log.one("gold busy", *calls(20), card_level="gold")
    log.business("gold busy", 7, "customer")
    log.one("gold quiet", *calls(10), talk(1, "E"), card_level="gold")
    log.business("gold quiet", 3, "bank")
    log.one("managed 91", talk(91, "E"), manager_id="m1")
    log.one("managed 92", talk(92, "L"), talk(5, **MISSED), manager_id="m1")
    log.one("managed old", talk(500), manager_id="m1")
    log.one("both", *calls(40, 38), card_level="diamond", manager_id="m1")
    log.one("nobody's", talk(300))


def appointments(log: Log) -> None:
    log.one("passed 4", talk(20, next_agreed_on=before(4)))
    log.one("passed 3", talk(20, next_agreed_on=before(3)))
    log.one("ahead", talk(20, next_agreed_on=after(4)))
    log.one("kept in grace", talk(30, next_agreed_on=before(20)), talk(17, "E"))
    log.one("kept late", talk(30, next_agreed_on=before(20)), talk(16))
    log.one("tried", talk(30, next_agreed_on=before(20)), talk(18, **MISSED))
    log.one("brought forward", talk(30, next_agreed_on=before(20)), talk(25))
    log.one("twice a day", talk(30, next_agreed_on=before(10)), talk(30, next_agreed_on=before(20)), talk(8))
    log.one("same day", talk(30, next_agreed_on=before(30)), talk(29, next_agreed_on=before(40)))
    log.one("old talk", talk(366, next_agreed_on=before(200)))
    log.one("last talk", talk(365, next_agreed_on=before(200)), talk(90, next_agreed_on=before(50)))


def habits(log: Log) -> None:
    log.one("odd", *calls(100, 70, 60, 20))
    log.one("even", *calls(366, 100, 70, 60, 20, 2), talk(2, "M"))
    log.one("cooling", talk(360, warmth=2), *calls(350, 340, 330, 100), talk(20, warmth=-1))
    log.one("warming", talk(360, warmth=-1), *calls(350, 340, 330, 100), talk(20, warmth=2))
    log.one("constant", talk(360, warmth=1), *calls(350, 340, 330, 100), talk(20, warmth=1))
    log.one("closer", talk(360, warmth=2), talk(100), talk(20, warmth=-1))
    log.one("one day", *calls(360, 100), talk(20, warmth=-1), talk(20, warmth=2, **MISSED))
    log.one("new", *calls(50, 40, 30), days=60)


def kinds(log: Log) -> None:
    by_customer, by_bank = {"direction": "customer"}, {"direction": "bank"}
    log.one(
        "kinds",
        talk(
            1, "T", **by_customer, outcome="declined", purpose="sale", with_role="decision_maker", warmth=-1
        ),
        talk(180, "M", **by_customer, outcome="interested", purpose="sale", with_role="finance", warmth=0),
        talk(181, "B", **by_bank, outcome="deal", purpose="care", manager_id="m1"),
        talk(90, "S", **by_bank, **MISSED, purpose="collection_notice", with_role="finance", manager_id="m2"),
        talk(91, "E", **by_bank, outcome="reached", warmth=-2, manager_id="m1"),
        talk(365, "T", **by_bank, outcome="declined", manager_id="m3"),
        talk(366, "L", outcome="deal", purpose="care", with_role="decision_maker", manager_id="m4"),
    )


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    log = Log()
    for cases in (cadences, appointments, habits, kinds):
        cases(log)
    bank = Bank(log.tables, ZONE, dict.fromkeys(("contacts", "transactions"), DATA_FROM), after(30))
    return compute(bank, tmp_path_factory.mktemp("contact")).at((AS_OF,), ["contact"])[AS_OF][0]


def near(*values: float) -> object:
    return pytest.approx(values, rel=1e-12)


def of(features: Features, name: str, *wanted: str) -> tuple[float | None, ...]:
    return tuple(features[name][one] for one in wanted)


def test_diamond_asks_for_two_calls_in_30_days(features: Features) -> None:
    """The second newest call is 30 days old: due today, not overdue. 31 days: 1 day. One call alone: never."""
    assert of(features, "diamond 30", OVERDUE) == (0,)
    assert of(features, "diamond 31", OVERDUE) == (1,)
    assert of(features, "diamond once", OVERDUE) == (365 - 30,)


def test_diamond_is_content_with_one_meeting_or_visit(features: Features) -> None:
    assert of(features, "diamond met", OVERDUE) == (0,)
    assert of(features, "diamond met late", OVERDUE) == (3,)


def test_nobody_is_overdue_for_days_before_the_relationship(features: Features) -> None:
    """Opened 40 days ago and never spoken to: 40 - 30."""
    assert of(features, "diamond new", OVERDUE) == (10,)


def test_platinum_asks_for_four_calls_or_two_meetings(features: Features) -> None:
    """The fourth newest call is 32 days old, and one meeting is not two: 32 - 30."""
    assert of(features, "platinum", OVERDUE) == (2,)
    assert of(features, "platinum met", OVERDUE) == (0,)


def test_gold_asks_for_a_call_after_a_week_without_business(features: Features) -> None:
    """Business 9 days and a call 8 days ago: 8 - 7. Business 7 days ago: today is the last day of the week.

    What the bank starts is no business, and an e-mail no call: 10 - 7.
    """
    assert of(features, "gold", OVERDUE) == (1,)
    assert of(features, "gold busy", OVERDUE) == (0,)
    assert of(features, "gold quiet", OVERDUE) == (3,)


def test_every_managed_customer_is_reached_once_in_91_days(features: Features) -> None:
    """Any channel counts, an attempt does not; who was last spoken to over a year ago counts 365 days: 365 - 91."""
    assert of(features, "managed 91", OVERDUE) == (0,)
    assert of(features, "managed 92", OVERDUE) == (1,)
    assert of(features, "managed old", OVERDUE) == (274,)


def test_the_cadence_most_overdue_counts_and_without_any_there_is_none(features: Features) -> None:
    """Diamond: second newest call 40 days ago, 10 overdue; managed: reached 38 days ago, in time."""
    assert of(features, "both", OVERDUE) == (10,)
    assert of(features, "nobody's", OVERDUE) == (None,)


def test_appointment_is_moved_once_three_days_of_grace_have_passed(features: Features) -> None:
    """Agreed for day 4: days 4, 3, 2, 1 have gone by. Agreed for day 3: the last day of grace is today."""
    assert of(features, "passed 4", *MOVED) == (1, 4)
    assert of(features, "passed 3", *MOVED) == (0, None)
    assert of(features, "ahead", *MOVED) == (0, None)


def test_contact_within_the_grace_keeps_the_appointment(features: Features) -> None:
    """Agreed for day 20: kept on day 17, moved on day 16; an attempt keeps nothing."""
    assert of(features, "kept in grace", *MOVED) == (0, None)
    assert of(features, "kept late", *MOVED) == (1, 20)
    assert of(features, "tried", *MOVED) == (1, 20)


def test_contact_before_the_agreed_day_keeps_the_appointment(features: Features) -> None:
    """It was brought forward. Of two dates agreed on one day the later counts: day 10, kept on day 8."""
    assert of(features, "brought forward", *MOVED) == (0, None)
    assert of(features, "twice a day", *MOVED) == (0, None)


def test_agreed_date_on_or_before_the_day_of_the_talk_is_no_appointment(features: Features) -> None:
    assert of(features, "same day", *MOVED) == (0, None)


def test_appointments_of_the_talks_of_365_days_count(features: Features) -> None:
    """Talks of day 365 (for day 200, next contact day 90) and of day 90 (for day 50): two, the last one 50 ago."""
    assert of(features, "old talk", *MOVED) == (0, None)
    assert of(features, "last talk", *MOVED) == (2, 50)


def test_median_interval(features: Features) -> None:
    """Days 100, 70, 60, 20: 30, 10, 40, the middle is 30. With day 2, twice: 30, 10, 40, 18; (18 + 30) / 2."""
    assert of(features, "odd", "contact_interval_median_days_365d") == (30,)
    assert of(features, "even", "contact_interval_median_days_365d") == (24,)


def test_intervals_of_shorter_windows_lie_in_them_with_both_ends(features: Features) -> None:
    """Within 90 days 70, 60, 20, 2: 68 / 3; within 180 also 100: 98 / 4, longest 40; day 366 in none."""
    names = ("contact_interval_mean_days_90d", "contact_interval_mean_days_180d",
             "contact_interval_longest_days_180d")  # fmt: skip
    assert of(features, "even", *names) == near(68 / 3, 24.5, 40)
    assert of(features, "even", "contact_gap_over_longest", "contact_interval_trend_180d") == near(2 / 40, 1)


def test_cooling_is_longer_intervals_and_falling_warmth(features: Features) -> None:
    """Days 360, 350, 340, 330, 100, 20: 340 / 5 = 68 in the year, 80 in the half; warmth 2 then -1: (-3 / 340) * 30.

    Days 360, 100, 20: 170 in the year, 80 in the half: they come closer.
    """
    names = ("contact_cooling_365d", "contact_warmth_slope_365d", "contact_interval_trend_180d")
    assert of(features, "cooling", *names) == near(1, -90 / 340, 80 / 68)
    assert of(features, "warming", *names) == near(0, 90 / 340, 80 / 68)
    assert of(features, "constant", *names) == near(0, 0, 80 / 68)
    assert of(features, "closer", *names) == near(0, -90 / 340, 80 / 170)


def test_warmth_of_one_day_has_a_mean_and_no_slope(features: Features) -> None:
    """-1 and, of an attempt, 2 on day 20: mean 1/2, no change against the year's mean."""
    names = ("contact_warmth_last", "contact_warmth_last_change_365d")
    assert of(features, "one day", *names) == near(0.5, 0)
    assert of(features, "one day", "contact_warmth_slope_365d", "contact_cooling_365d") == (None, None)
    assert of(features, "cooling", "contact_warmth_last_change_365d") == near(-1.5)


def test_count_trend_is_per_observed_day(features: Features) -> None:
    """`new`: 3 in 60 days and 3 in 60 days. `odd`: 3 in 90 days, 4 in 365: (3 / 90) / (4 / 365)."""
    assert of(features, "new", "contact_count_trend_90d_365d") == (1,)
    assert of(features, "odd", "contact_count_trend_90d_365d") == near(3 * 365 / (4 * 90))


def test_channels_of_180_days(features: Features) -> None:
    """Held: T 1, E 91, M 180; the text of day 90 did not reach, the visit of day 181 is outside."""
    names = [f"contact_count_channel_{letter}_180d" for letter in "tmesbl"]
    assert of(features, "kinds", *names, "contact_count_180d") == (1, 1, 1, 0, 0, 0, 3)


def test_concentration_and_meetings_of_365_days(features: Features) -> None:
    """Held in the year: T 1, M 180, B 181, E 91, T 365; (4 + 1 + 1 + 1) / 25, two of five meetings."""
    names = ("contact_channel_concentration_365d", "contact_meeting_share_365d")
    assert of(features, "kinds", *names) == near(7 / 25, 2 / 5)


def test_reach_of_attempts_not_begun_by_the_customer(features: Features) -> None:
    """90 days: the text missed. 180: the e-mail reached, 1 of 2. 365: visit and call too, 3 of 4."""
    names = [f"contact_reach_{days}d" for days in (90, 180, 365)]
    assert of(features, "kinds", *names) == near(0, 1 / 2, 3 / 4)


def test_share_begun_by_the_customer_and_its_change(features: Features) -> None:
    """180 days: 2 of 3 held; 365: 2 of 5; 2/3 - 2/5."""
    names = (
        "contact_customer_share_180d",
        "contact_customer_share_365d",
        "contact_customer_share_change_180d",
    )
    assert of(features, "kinds", *names) == near(2 / 3, 2 / 5, 2 / 3 - 2 / 5)


def test_outcomes(features: Features) -> None:
    """Declined on days 1 and 365, interested on day 180, deals on days 181 and 366; 2 of 5 held were declined."""
    names = ("contact_count_declined_180d", "contact_count_interested_180d", "contact_count_deal_365d")
    assert of(features, "kinds", *names, "contact_declined_share_365d") == near(1, 1, 1, 2 / 5)


def test_roles_purposes_and_managers_of_contacts_held(features: Features) -> None:
    """Roles: decision maker and finance; the missed text does not count. Purposes: sale, sale, care. m1, m3."""
    names = ("contact_decision_maker_share_365d", "contact_sale_share_365d", "contact_care_share_365d",
             "contact_manager_count_365d")  # fmt: skip
    assert of(features, "kinds", *names) == near(1 / 2, 2 / 3, 1 / 3, 2)


def test_collection_notices_count_whether_or_not_they_reach(features: Features) -> None:
    """The missed text of day 90; cold: -1 on day 1 and -2 on day 91, 0 is not cold."""
    assert of(features, "kinds", "contact_count_collection_180d", "contact_count_cold_180d") == (1, 2)
