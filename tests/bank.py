"""The tiny banks: few customers, every edge on purpose.

Days are counted back from as_of: `before(1)` is the last day that may be known, `before(0)` the as_of day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.handover import Bank

AS_OF = date(2024, 4, 1)
ZONE = "Europe/Berlin"
"""Summer time began on 2024-03-31: as_of's midnight is 22:00 UTC, a midnight a day earlier 23:00 UTC."""

DATA_FROM = date(2022, 1, 1)

Record = dict[str, Any]


def before(days: int) -> date:
    """The day that lies so many days before as_of."""
    return AS_OF - timedelta(days=days)


def after(days: int) -> date:
    """The day that lies so many days after as_of."""
    return AS_OF + timedelta(days=days)


def at(day: date, clock: str = "12:00") -> datetime:
    """A moment of a day in the bank's zone."""
    return datetime.fromisoformat(f"{day} {clock}")


LATE_EVENING = "23:59:59.999999"


def tiny_bank() -> Bank:
    """Eight customers of a bank in Berlin, made for as_of 2024-04-01.

    `0012` contacts, `12` nothing at all, `B` balances, `T` transactions, `W` complaints, signals and
    snapshots; `K0` closed on the as_of day, `K1` the day before, `N` opens on the as_of day.
    """
    tables = {
        "customers": _customers(),
        "contacts": _contacts(),
        "balances": _balances(),
        "transactions": _transactions(),
        "complaints": _complaints(),
        "warning_signals": _signals(),
        "snapshots": _snapshots(),
    }
    logs = ("contacts", "balances", "transactions", "complaints", "warning_signals")
    return Bank(tables, ZONE, dict.fromkeys(logs, DATA_FROM), after(30))


def _customers() -> list[Record]:
    def one(customer_id: str, opened_on: date | None, **more: Any) -> Record:
        row = {"customer_id": customer_id, "kind": "retail", "opened_on": opened_on, "born_on": None,
               "closed_on": None, "card_level": "gold", "manager_id": "m1"}  # fmt: skip
        return {**row, **more}

    opened = date(2020, 4, 1)
    return [
        one("0012", opened, born_on=date(1984, 4, 1)),
        one("12", before(1), kind="micro"),
        one("B", opened, kind="corporate"),
        one("T", opened, kind="institution"),
        one("W", None),
        one("K0", opened, closed_on=before(0)),
        one("K1", opened, closed_on=before(1)),
        one("N", before(0)),
    ]


def _contacts() -> list[Record]:
    def one(contact_id: str, moment: datetime, channel: str = "T", **more: Any) -> Record:
        row = {"contact_id": contact_id, "customer_id": "0012", "occurred_at": moment, "channel": channel,
               "direction": None, "outcome": None, "warmth": None, "recorded_at": None}  # fmt: skip
        return {**row, **more}

    missed = {"direction": "bank", "outcome": "not_reached"}
    return [
        one("c01", at(before(366), LATE_EVENING)),
        one("c02", at(before(365), "00:00"), "M", warmth=2),
        one("c03", at(before(31), LATE_EVENING), direction="bank"),
        one("c04", at(before(30), "00:00"), direction="customer", warmth=1),
        one("c05", datetime.fromisoformat("2024-03-31T21:59:59+00:00"), direction="bank", outcome="reached",
            warmth=-1),
        one("c06", datetime.fromisoformat("2024-03-31T22:00:00+00:00"), "B", direction="customer", warmth=2),
        one("c07", at(before(15)), **missed),
        one("c08", at(before(12)), recorded_at=at(before(0), "00:00")),
        one("c09", at(before(10)), recorded_at=at(before(1), LATE_EVENING)),
        one("c10", at(before(20))),
        one("c10", at(before(20)), **missed, recorded_at=at(before(18))),
        one("c11", at(before(5))),
        one("c11", at(before(5)), **missed, recorded_at=at(after(1))),
    ]  # fmt: skip


def _balances() -> list[Record]:
    def one(customer_id: str, days: int, product: str, units: int, bank: str | None = None) -> Record:
        held = {"customer_id": customer_id, "product": product, "held_on": before(days), "bank": bank}
        return {**held, "balance": units * 100}

    return [
        one("B", 90, "demand_deposit", 1000),
        one("B", 90, "fund", 500),
        one("B", 45, "demand_deposit", 600, "own"),
        one("B", 45, "term_deposit", 400, "own"),
        one("B", 45, "loan", 50, "own"),
        one("B", 45, "guarantee", 0, "own"),
        one("B", 10, "wealth", 3000, "elsewhere"),
        one("B", 5, "wealth", 9999, "nonbank"),
        one("K0", 46, "wealth", 700),
        one("T", 3, "demand_deposit", 100),
        one("T", 2, "demand_deposit", 300),
        one("T", 1, "demand_deposit", 500),
        one("T", 0, "demand_deposit", 900),
    ]


def _transactions() -> list[Record]:
    def one(number: int, moment: datetime, units: int, kind: str = "transfer", **more: Any) -> Record:
        row = {"transaction_id": f"t{number:02d}", "customer_id": "T", "occurred_at": moment, "kind": kind,
               "amount": units * 100, "channel": None, "counterparty_kind": None, "started_by": "customer",
               "recorded_at": None}  # fmt: skip
        return {**row, **more}

    by_bank = {"started_by": "bank"}
    return [
        one(1, at(before(91), LATE_EVENING), 1000, channel="online"),
        one(2, at(before(90), "00:00"), -200, channel="branch", counterparty_kind="own_elsewhere"),
        one(3, at(before(31)), -100, channel="online", counterparty_kind="supplier"),
        one(4, at(before(30), "00:00"), 300, "salary", **by_bank),
        one(5, at(before(60)), 300, "salary", **by_bank),
        one(6, at(before(61)), 300, "salary", **by_bank),
        one(7, at(before(1), LATE_EVENING), 50, "other", channel="mobile"),
        one(8, at(before(0), "00:00"), -999),
        one(9, at(before(30)), -5, "fee", **by_bank),
        one(10, at(before(90)), -3, "penalty_interest", **by_bank),
        one(11, at(before(91)), -7, "fee", **by_bank),
        one(12, at(before(2)), -60, recorded_at=at(after(3))),
        one(13, at(before(180), "00:00"), -1, customer_id="K0"),
        one(14, at(before(181), LATE_EVENING), -1, customer_id="B"),
        one(15, at(before(1)), -1, customer_id="K1"),
        one(16, at(before(1)), 300, "salary", customer_id="W", **by_bank),
    ]


def _complaints() -> list[Record]:
    def one(
        number: int, received_at: datetime, resolved_at: datetime | None, is_satisfied: bool | None
    ) -> Record:
        return {"complaint_id": f"k{number}", "customer_id": "W", "received_at": received_at,
                "resolved_at": resolved_at, "satisfied": is_satisfied}  # fmt: skip

    return [
        one(1, at(before(180), "00:00"), at(before(1), LATE_EVENING), False),
        one(2, at(before(181), LATE_EVENING), at(before(0), "00:00"), False),
        one(3, at(before(5)), None, None),
    ]


def _signals() -> list[Record]:
    def one(number: int, code: str, days: int, severity: int | None, closed_on: date | None = None) -> Record:
        return {"signal_id": f"s{number}", "code": code, "raised_on": before(days), "customer_id": "W",
                "industry": None, "severity": severity, "closed_on": closed_on}  # fmt: skip

    return [
        one(1, "M42", 30, 4),
        one(2, "M05", 31, 3, before(1)),
        one(3, "F07", 180, 5, before(0)),
        one(4, "H01", 181, 2),
        one(5, "E01", 90, None),
        one(6, "M42", 0, 5),
        {**one(7, "E02", 10, 5), "customer_id": None, "industry": "steel"},
    ]


def _snapshots() -> list[Record]:
    return [
        {"customer_id": "W", "as_of": before(1), "score": 5.5, "is_vip": False},
        {"customer_id": "W", "as_of": before(0), "score": None, "is_vip": True},
        {"customer_id": "W", "as_of": after(1), "score": 9.0, "is_vip": False},
        {"customer_id": "T", "as_of": before(400), "score": 2.0, "is_vip": True},
        {
            "customer_id": "T",
            "as_of": before(0),
            "score": 3.0,
            "is_vip": None,
            "recorded_at": at(before(0), "00:00"),
        },
    ]


def bank_with_states() -> Bank:
    """Four customers whose changes the bank keeps, with `valid_from`; a log that begins late, and an empty one."""

    def one(customer_id: str, valid_from: date, card_level: str | None, **more: Any) -> Record:
        row = {"customer_id": customer_id, "valid_from": valid_from, "kind": "retail",
               "card_level": card_level, "opened_on": before(700), "credit_line": None, "manager_id": None,
               "recorded_at": None}  # fmt: skip
        return {**row, **more}

    customers = [
        one("eve", before(700), None),
        one("eve", before(1), "gold", credit_line=500, manager_id="0007"),
        one("day", before(700), "platinum"),
        one("day", before(0), "diamond", manager_id="0007"),
        one("late", before(700), "diamond"),
        one("late", before(30), None, kind="micro", recorded_at=at(before(0), "00:00")),
        one("new", before(0), "gold"),
    ]
    contacts = [{"contact_id": "c1", "customer_id": "eve", "occurred_at": at(before(9)), "channel": "T"}]
    complaints = [{"complaint_id": "k1", "customer_id": "eve", "received_at": at(before(99))}]
    tables = {"customers": customers, "contacts": contacts, "complaints": complaints, "warning_signals": []}
    columns = {"warning_signals": ("signal_id", "customer_id", "code", "raised_on")}
    return Bank(tables, ZONE, {"contacts": before(9)}, after(30), columns=columns)
