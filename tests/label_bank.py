"""The tiny bank of the labels: eight customers around the thresholds of churn, growth and loyalty.

Days are counted from as_of: day 0 is the as_of day, day -1 the day before it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.bank import after, at
from tests.handover import Bank

Record = dict[str, Any]

MONTHLY = (29, 59, 89, 119, 149, 179)
REPORTS = (-95, -60, -30, 0, 30, 59, 90, 120, 149)


def label_bank() -> Bank:
    """Eight customers, all active on day -1.

    `run90` comes back on day 90, `run89` on day 89; `exempt81` and `exempt80` keep an unmatured product, and
    81 or 80% of their assets; `drained40` and `drained41` are left with that share at the end of 90 days;
    `closes89` and `closes90` close on that day.
    """
    active = {
        "run90": (90, 119, 149, 179),
        "run89": (89, 119, 149, 179),
        "exempt81": (90,),
        "exempt80": (90,),
    }
    names = (*active, "drained40", "drained41", "closes89", "closes90")
    closings = {"closes89": after(89), "closes90": after(90)}
    tables = {
        "customers": [
            {
                "customer_id": name,
                "kind": "retail",
                "opened_on": date(2020, 1, 1),
                "closed_on": closings.get(name),
            }
            for name in names
        ],
        "transactions": [
            _transaction(name, day, place)
            for name in names
            for place, day in enumerate((-40, -1, *active.get(name, MONTHLY)))
        ],
        "balances": _balances(),
        "holdings": [_holding("exempt81", after(90)), _holding("exempt80", after(90))],
        "repayments": [_instalment(-91), _instalment(10), _instalment(89)],
    }
    return Bank(tables, "Asia/Shanghai", {"transactions": after(-365), "balances": after(-365)}, after(180))


def _transaction(customer_id: str, day: int, place: int) -> Record:
    moment: datetime = at(after(day), "23:59:59" if day == 89 else "00:00")
    return {"transaction_id": f"{customer_id}-{place}", "customer_id": customer_id, "occurred_at": moment,
            "amount": -10_000, "kind": "payment", "started_by": "customer"}  # fmt: skip


def _balances() -> list[Record]:
    def path(customer_id: str, product: str, *units: int) -> list[Record]:
        return [
            {"customer_id": customer_id, "product": product, "held_on": after(day), "balance": amount * 100}
            for day, amount in zip(REPORTS, units, strict=True)
        ]

    full, after_60 = (10_000,) * 4, (10_000,) * 5
    return [
        *path("run89", "loan", 500, 500, 500, 500, 400, 400, 400, 400, 400),
        *path("run89", "demand_deposit", *[0] * 9),
        *path("exempt81", "term_deposit", *full, *[8100] * 5),
        *path("exempt80", "term_deposit", *full, *[8000] * 5),
        *path("drained40", "demand_deposit", *after_60, 4000, *after_60[:3]),
        *path("drained41", "demand_deposit", *after_60, 4100, *after_60[:3]),
        *path("drained41", "fund", *[1] * 6, *[0] * 3),
    ]


def _holding(customer_id: str, matures_on: date) -> Record:
    return {"holding_id": f"h-{customer_id}", "customer_id": customer_id, "product": "term_deposit",
            "opened_on": after(-300), "matures_on": matures_on, "closed_on": None}  # fmt: skip


def _instalment(day: int) -> Record:
    return {"loan_id": "l1", "customer_id": "run89", "due_on": after(day), "due_principal": 10_000,
            "due_interest": 100, "paid_on": after(day), "paid_amount": 10_100}  # fmt: skip
