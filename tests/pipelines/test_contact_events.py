"""What gives a reason to call: each event on both sides of its edges, and which one is told.

As_of is 2024-04-01; a day is written as how many days before or after it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.policy import parse_policy, policy_text, read_policy
from pipelines import contact_events as events_module
from pipelines.contact_events import Event, contact_events
from pipelines.engine import Bank as PreparedBank
from serving.event_words import EventTexts
from serving.reasons import BankWords, Texts
from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import compute
from tests.handover import Bank

Record = dict[str, Any]
LARGE = 50_000_00


class Book:
    """Customers, each with what happened."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Record]] = {
            "customers": [], "transactions": [], "holdings": [], "repayments": [], "loans": [],
        }  # fmt: skip

    def one(self, name: str, **profile: Any) -> None:
        """A private customer since 1,000 days, active yesterday through a branch."""
        state = {"customer_id": name, "valid_from": before(1000), "opened_on": before(1000), "kind": "retail",
                 "born_on": None, "industry": None}  # fmt: skip
        self.tables["customers"].append({**state, **profile})

    def moved(self, name: str, days: int, amount: int, channel: str = "branch", by: str = "customer") -> None:
        rows = self.tables["transactions"]
        rows.append({"transaction_id": f"t{len(rows)}", "customer_id": name, "occurred_at": at(before(days)),
                     "amount": amount, "kind": "transfer", "channel": channel, "started_by": by})  # fmt: skip

    def held(
        self, name: str, product: str, matures: int | None, amount: int | None, closed: int | None = None
    ) -> None:
        rows = self.tables["holdings"]
        rows.append({"holding_id": f"h{len(rows)}", "customer_id": name, "product": product,
                     "opened_on": before(200), "matures_on": None if matures is None else after(matures),
                     "closed_on": None if closed is None else before(closed), "amount": amount})  # fmt: skip


def years_ago(years: int, days: int) -> date:
    """A day so many years before the day that lies so many days after as_of."""
    day = after(days)
    return day.replace(year=day.year - years)


def cases() -> Book:
    book = Book()
    for name, days, amount, by in (
        ("out", 7, -LARGE, "customer"), ("out long ago", 8, -LARGE, "customer"), ("in", 1, LARGE, "customer"),
        ("small", 1, -LARGE + 1, "customer"), ("the bank's", 1, -LARGE, "bank"),
    ):  # fmt: skip
        book.one(name)
        book.moved(name, 300, -100)
        book.moved(name, days, amount, by=by)
        book.moved(name, 2, -100)
    for name, matures, closed in (
        ("matures today", 0, None), ("matures in time", 13, None), ("matures later", 14, None), ("redeemed", 5, 3),
    ):  # fmt: skip
        book.one(name)
        book.held(name, "wealth", matures, 1_000_000, closed)
    book.one("two mature")
    book.held("two mature", "fund", 9, 100)
    book.held("two mature", "term_deposit", 4, None)
    for name, days in (("birthday", 6), ("birthday later", 7), ("birthday today", 0)):
        book.one(name, born_on=years_ago(40, days))
    book.one("a firm", kind="corporate", born_on=years_ago(40, 1))
    book.one("five years", opened_on=years_ago(5, 3))
    book.one("four years", opened_on=years_ago(4, 3))
    for name, days in (("quiet", 60), ("not yet quiet", 59)):
        book.one(name)
        book.moved(name, days, -100)
    book.one("first mobile")
    book.moved("first mobile", 300, -100)
    book.moved("first mobile", 7, -100, "mobile")
    book.one("new here")
    book.moved("new here", 80, -100)
    book.moved("new here", 7, -100, "mobile")
    book.one("both", born_on=years_ago(40, 1))
    book.moved("both", 300, -100)
    book.moved("both", 3, -LARGE)
    book.one("closed", born_on=years_ago(40, 1), closed_on=before(5))
    return book


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedBank:
    tables = {name: rows for name, rows in cases().tables.items() if rows}
    bank = Bank(tables, ZONE, {"transactions": DATA_FROM, "holdings": DATA_FROM}, after(10))
    return compute(bank, tmp_path_factory.mktemp("events")).store.bank


@pytest.fixture(scope="module")
def found(prepared: PreparedBank) -> dict[str, Event]:
    return dict(contact_events(prepared, AS_OF))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("out", "large_out"), ("out long ago", None), ("in", "large_in"), ("small", None), ("the bank's", None),
        ("matures today", "maturing"), ("matures in time", "maturing"), ("matures later", None), ("redeemed", None),
        ("birthday", "birthday"), ("birthday later", None), ("birthday today", "birthday"), ("a firm", None),
        ("five years", "anniversary"), ("four years", None), ("quiet", "dormant"), ("not yet quiet", None),
        ("first mobile", "first_channel"), ("new here", None), ("both", "large_out"), ("closed", None),
    ],
)  # fmt: skip
def test_an_event_is_told_within_its_days_and_amounts(
    found: dict[str, Event], name: str, code: str | None
) -> None:
    assert (found[name]["code"] if name in found else None) == code


def test_of_two_products_the_one_that_matures_first_is_told(found: dict[str, Event]) -> None:
    event = found["two mature"]
    assert (event["on"], event["detail"], event["amount"]) == (after(4).isoformat(), "term_deposit", None)


def test_offers_news_and_holidays_come_from_policy(
    prepared: PreparedBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An offer for holders of wealth products until before as_of + 1; a holiday in two days for everyone else."""
    policy = parse_policy(policy_text("events"), "events.yaml")
    policy["offers"] = [{"code": "deposit", "from": AS_OF, "until": after(1), "holds": ["wealth"]}]
    policy["holidays"]["days"] = [{"date": after(2)}]
    monkeypatch.setattr(events_module, "read_policy", lambda _: policy)
    today = dict(contact_events(prepared, AS_OF))
    assert (today["matures later"]["code"], today["matures later"]["detail"]) == ("offer", "deposit")
    assert (today["redeemed"]["code"], today["redeemed"]["on"]) == ("holiday", after(2).isoformat())
    assert "closed" not in today


def test_an_event_is_told_in_both_languages() -> None:
    texts = Texts(read_policy("texts"))
    event = {
        "code": "maturing",
        "kind": "behaviour",
        "on": "2026-11-05",
        "amount": 5_000_000,
        "detail": "wealth",
    }
    told = [
        EventTexts(read_policy("events"), texts, BankWords(currency="CNY"), language).block(event)["text"]
        for language in ("en", "zh")
    ]
    assert "a wealth product" in told[0]
    assert "2026-11-05" in told[0]
    assert "理财产品" in told[1]


def test_every_event_has_its_words() -> None:
    policy = read_policy("events")
    assert set(policy["order"]) <= set(policy["texts"])
    assert all(set(words) == {"en", "zh"} for words in policy["texts"].values())
