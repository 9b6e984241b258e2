"""Classes from the tables to the answer: what /predict and score say, and that the past stays what it was."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.build import Store, build
from pipelines.classes import Classes, micro_classes
from pipelines.online import publish_as_of
from pipelines.score import ScoreOptions, score
from pipelines.settings import Home, write_json
from serving.champion import load_champion
from serving.manifest import Release
from serving.online import OnlineStore
from serving.requests import PredictRequest
from tests.bank import AS_OF, after, at, before
from tests.compute import compute, tell
from tests.handover import Bank
from tests.packed import pack
from tests.trained import all_trained
from training.package import write_release

VERSION = "1"
Row = dict[str, Any]
FIELDS = ("code", "name", "criteria", "not_checked", "is_fallback")
GOOD_A = ("accounts_sound", "accounts_separate", "governance", "taxpayer")
OWNER = {"owns_property": 1.0, "property_value": 300_000.0}


def customer(customer_id: str, line: int | None, **more: Any) -> Row:
    row = {"customer_id": customer_id, "kind": "micro", "valid_from": before(900), "opened_on": before(900),
           "born_on": date(2020, 1, 1), "industry": "food", "manager_id": "m1",
           "credit_line": None if line is None else line * 100}  # fmt: skip
    return {**row, **more}


def fact(customer_id: str, code: str, value: float | None = 1.0, days: int = 30, **more: Any) -> Row:
    row = {"customer_id": customer_id, "code": code, "noted_on": before(days), "value": value, "valid_until": None,
           "recorded_at": None}  # fmt: skip
    return {**row, **more}


def facts_of(customer_id: str, values: dict[str, float]) -> list[Row]:
    return [fact(customer_id, code, value) for code, value in values.items()]


def loan(customer_id: str, amount: int, worth: int, collateral: str = "property", **more: Any) -> Row:
    row = {"loan_id": f"l{customer_id}{amount}{collateral}{worth}", "customer_id": customer_id,
           "granted_on": before(200), "amount": amount * 100, "matures_on": after(200), "collateral": collateral,
           "collateral_value": worth * 100}  # fmt: skip
    return {**row, **more}


def statement(customer_id: str, days: int, **more: Any) -> Row:
    row = {"customer_id": customer_id, "period_end": before(days), "months": 12, "received_on": None,
           "sales": 6_000_000_00, "equity": 2_000_000_00, "total_assets": 5_000_000_00,
           "total_liabilities": 3_500_000_00}  # fmt: skip
    return {**row, **more}


def the_bank(more_facts: tuple[Row, ...] = ()) -> Bank:
    """Micro customers of every class at 2024-04-01, and a retail and a corporate one who have none.

    `key` is a, with a debt ratio of 70%; `old` is the same with a statement of 731 days ago. `half` uses exactly half
    of a line of 500,000, `more` a yuan more of 600,000. `young` has 3 months and pledged property, 70% lent on it;
    `pawn` is like it with inventory. `gap` uses 60% of 900,000. `plain` has a home, `past` a home noted until a day
    ago. `shop` is in real estate, `bank` in finance, `bad` on the exit list, `late` recorded on it at as_of's midnight.
    """
    names = ("half", "gap", "plain", "past", "shop", "bank", "bad", "late")
    customers = [
        customer("key", 800_000), customer("old", 800_000), customer("half", 500_000), customer("more", 600_000),
        customer("young", 500_000, born_on=date(2024, 1, 1)), customer("pawn", 500_000, born_on=date(2024, 1, 1)),
        customer("gap", 900_000), customer("plain", None, born_on=None), customer("past", None),
        customer("shop", None, industry="real_estate"), customer("bank", None, industry="finance"),
        customer("bad", 900_000), customer("late", None), customer("person", None, kind="retail"),
        customer("large", 900_000, kind="corporate"),
    ]  # fmt: skip
    facts = [fact(one, "stable_residence", 1.0, 40) for one in names if one != "past"]
    for one in ("key", "old"):
        facts += facts_of(one, {**dict.fromkeys(GOOD_A, 1.0), "invoiced_amount": 5_000_001.0})
    for one in ("half", "more", "gap"):
        facts += facts_of(one, OWNER)
    facts += [
        fact("past", "stable_residence", 1.0, 40, valid_until=before(1)),
        fact("bad", "exit_list", None),
        fact("late", "exit_list", 1.0, 3, recorded_at=at(before(0), "00:00")),
        fact("person", "debt_evasion"),
        *more_facts,
    ]
    used = {
        "key": 0,
        "old": 0,
        "half": 250_000,
        "more": 300_001,
        "young": 100_000,
        "pawn": 100_000,
        "gap": 540_000,
    }
    return Bank(
        {
            "customers": customers,
            "facts": facts,
            "balances": [
                {"customer_id": row["customer_id"], "product": product, "held_on": before(5), "bank": None,
                 "balance": amount * 100}
                for row in customers
                for product, amount in (("demand_deposit", 1000), ("loan", used.get(row["customer_id"], 0)))
            ],
            "statements": [statement("key", 90), statement("old", 731)],
            "loans": [loan("young", 350_000, 500_000), loan("young", 999_999, 1, matures_on=before(1)),
                      loan("pawn", 1000, 500_000, "inventory")],
            "transactions": [
                {"transaction_id": f"t{row['customer_id']}", "customer_id": row["customer_id"], "kind": "payment",
                 "occurred_at": at(before(9)), "amount": -100, "started_by": "customer"}
                for row in customers
            ],
            "contacts": [],
            "complaints": [],
            "repayments": [{"loan_id": "none", "customer_id": "gap", "due_on": before(400), "due_principal": 100,
                            "due_interest": 0, "paid_on": before(399), "paid_amount": 100}],
        },
        "Europe/Berlin", {"repayments": before(500)}, after(30),
        columns={
            "contacts": ("contact_id", "customer_id", "occurred_at", "channel", "outcome"),
            "complaints": ("complaint_id", "customer_id", "received_at"),
        },
    )  # fmt: skip


def classes_at(bank: Bank, directory: Path, *as_ofs: date) -> list[Classes]:
    store = compute(bank, directory).store
    build(store, as_ofs)
    return [micro_classes(store, as_of) for as_of in as_ofs]


@dataclass(frozen=True)
class Published:
    """The bank, published at AS_OF, with a champion to answer for it."""

    home: Home
    store: Store
    classes: Classes


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    root = tmp_path_factory.mktemp("classes")
    store = compute(the_bank(), root / "bank").store
    home = Home(root / "home")
    publish_as_of(home, store, AS_OF)
    home.bundles.mkdir(parents=True)
    digest = pack(home.bundles / VERSION, all_trained())
    write_release(home.bundles / VERSION, Release(VERSION, "run", "2026-11-01T00:00:00Z", digest))
    write_json(home.champion, {"version": VERSION, "manifest_sha256": digest})
    return Published(home, store, micro_classes(store, AS_OF))


def answers(published: Published, language: str) -> dict[str, Row]:
    ids = tuple(row["customer_id"] for row in the_bank().tables["customers"])
    answerer, rows = load_champion(published.home.root), OnlineStore.open(published.home.online).read(ids)
    numbers = itertools.count()
    answer = answerer.answer(PredictRequest(ids, None, 0, language), rows, lambda: f"p{next(numbers)}")
    return {one["customer_id"]: one for one in answer["predictions"]}


def test_classes_by_hand(published: Published) -> None:
    """What decides each is in the docstring of `the_bank`; `past` has no home any more that is known of."""
    found = {name: (one["code"], one["is_fallback"]) for name, one in published.classes.items()}
    assert found == {
        "key": ("a", False),
        "old": ("d", True),
        "half": ("b", False),
        "more": ("c", False),
        "young": ("b", False),
        "pawn": ("d", True),
        "gap": ("d", True),
        "plain": ("d", False),
        "past": ("d", True),
        "shop": ("e", False),
        "bank": ("f", False),
        "bad": ("f", False),
        "late": ("d", False),
    }


def test_figures_are_read_as_the_tables_have_them(published: Published) -> None:
    def told(name: str) -> dict[str, tuple[float, float | None]]:
        return {
            one["figure"]: (one["value"], one.get("limit")) for one in published.classes[name]["criteria"]
        }

    assert told("key")["net_assets"] == (200_000_000, 100_000_000)
    assert told("key")["sales"] == (600_000_000, 500_000_000)
    assert told("key")["invoiced_amount"] == (500_000_100, 500_000_000)
    assert (told("key")["debt_ratio"], told("key")["months_in_business"]) == ((0.7, 0.7), (51, 36))
    assert told("half")["credit_utilisation"] == (0.5, 0.5)
    assert (told("young")["collateral_ltv"], told("young")["months_in_business"]) == ((0.7, 0.7), (3, 3))
    assert told("pawn") == {"months_in_business": (3, 12)}
    assert {"figure": "months_in_business", "operator": ">=", "value": 29, "limit": 12, "is_floor": True} in (
        published.classes["plain"]["criteria"]
    )


def test_a_mark_that_was_never_noted_of_anybody_cannot_be_checked(published: Published) -> None:
    """The exit list is kept for `bad`, debt evasion for a retail customer; nothing is overdue."""
    missing = {one["figure"] for one in published.classes["shop"]["not_checked"]}
    assert {"negative_list", "loan_loss", "litigation"} <= missing
    assert not {"exit_list", "debt_evasion", "malicious_arrears"} & missing


def test_the_answer_tells_the_class_in_words(published: Published) -> None:
    en, zh = answers(published, "en"), answers(published, "zh")
    assert en["gap"]["class"] | {"not_checked": []} == {
        "code": "d",
        "name": "inclusive",
        "criteria": ["Credit line CNY 900,000 > CNY 800,000", "Use of the credit line 60% > 50%"],
        "not_checked": [],
        "is_fallback": True,
    }
    assert zh["more"]["class"]["name"] == "维护客户"
    assert zh["more"]["class"]["criteria"] == [
        "经营时间 51 个月 ≥ 12 个月", "省内自有房产", "房产市值 30 万元 ≥ 30 万元", "授信额度 60 万元 > 50 万元",
        "授信额度 60 万元 ≤ 80 万元", "授信使用率略高于 50%",
    ]  # fmt: skip
    assert "Deed for the property: not on record" in en["more"]["class"]["not_checked"]
    assert "Time in business: only known to be at least 29 months" in en["plain"]["class"]["not_checked"]
    assert en["plain"]["class"]["criteria"][0] == "Time in business at least 29 months >= 12 months"
    assert en["bad"]["class"]["criteria"] == ["On the risk centre's yearly exit list"]


def test_customers_of_other_kinds_have_no_class(published: Published) -> None:
    found = answers(published, "en")
    assert [found[one]["status"] for one in ("person", "large")] == ["ok", "ok"]
    assert not [one for one in ("person", "large") if "class" in found[one]]
    assert not {"person", "large"} & set(published.classes)


def test_score_says_of_the_class_what_the_answer_says(published: Published, tmp_path: Path) -> None:
    told = answers(published, "zh")
    out = tmp_path / "scores.parquet"
    score(published.home, published.store, AS_OF, out, ScoreOptions(0, "zh"))
    counts: Counter[str] = Counter()
    for row in pq.read_table(out).to_pylist():
        block = told[row["customer_id"]].get("class", dict.fromkeys(FIELDS))
        assert {name: row[f"class_{name}"] for name in FIELDS} == block
        counts[block["code"] or "none"] += 1
    assert dict(counts) == {"a": 1, "b": 2, "c": 1, "d": 6, "e": 1, "f": 2, "none": 2}


def test_what_is_recorded_later_does_not_change_the_past(
    published: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes of the as_of day, or recorded on it, for everybody: the classes at as_of stay; a day later they are f."""
    names = [row["customer_id"] for row in the_bank().tables["customers"]]
    later = tuple(fact(one, "negative_list", 1.0, 0) for one in names)
    behind = tuple(fact(one, "poor_credit", 1.0, 9, recorded_at=at(before(0), "00:00")) for one in names)
    then, next_day = classes_at(the_bank((*later, *behind)), tmp_path, AS_OF, after(1))
    assert then == published.classes
    assert {one["code"] for one in next_day.values()} == {"f"}
    tell(capsys, f"classes: {len(then)} customers, the same after {len(later) + len(behind)} later notes")


def test_a_bank_without_the_tables_gives_everybody_the_fallback(tmp_path: Path) -> None:
    """Customers in one state each and balances: no credit line, industry or fact that serves."""
    customers = [
        {"customer_id": one, "kind": "micro", "opened_on": before(900), "credit_line": 9} for one in "AB"
    ]
    balances = [{"customer_id": "A", "product": "loan", "held_on": before(5), "balance": 100}]
    bank = Bank({"customers": customers, "balances": balances}, "UTC", {}, after(30))
    (found,) = classes_at(bank, tmp_path, AS_OF)
    assert [(one["code"], one["is_fallback"], one["criteria"]) for one in found.values()] == [
        ("d", True, [])
    ] * 2
    missing = {one["figure"] for one in found["A"]["not_checked"]}
    assert {"exit_list", "barred_industry", "taxpayer", "credit_line", "stable_residence"} <= missing
