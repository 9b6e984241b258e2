"""The tiny bank of the definition lab: eight customers, each of whom leaves in another way, or stays.

Days are counted from as_of. Balances are reported on days 30k - 1, so that each report holds for one block of 30 days:
that of day -31 for days -30 to -1, that of day -1 for days 0 to 29. Amounts here are major units, a hundred minor ones.
"""

from __future__ import annotations

from typing import Any

from tests.bank import DATA_FROM, after, at
from tests.handover import Bank

Record = dict[str, Any]

FIRST_REPORT, LAST_REPORT = -391, 179
FULL = 10_000
NAMES = ("closes", "dip", "drains", "gradual", "refills", "returns", "steady", "sudden")
"""In the order of their ids: what arrays over the rows of one as_of are ordered by."""


def lab_bank() -> Bank:
    """Who is called at 90 days, and what becomes of them.

    `gradual`, `sudden`, `returns` and `dip` make their last transaction on day -1. `gradual` held 10000, then 8000,
    6000 and 3000 in the three blocks before; `sudden` kept 10000 and `returns` 5000; `dip` has balances from day
    -211 on only. `returns` pays again on day 100. `drains` and `refills` stay active and are left with 2000 from day
    30 on; `refills` has 6000 again from day 150. `closes` pays until day 39, closes on day 40, and nothing is
    reported after day 29. `steady` does what it always did.
    """
    active = {name: range(-391, 180, 20) for name in NAMES} | {
        name: range(-391, 0, 20) for name in ("gradual", "sudden", "returns", "dip", "closes")
    }
    extra = {"gradual": [-1], "sudden": [-1], "returns": [-1, 100], "dip": [-1], "closes": [9, 39]}
    tables = {
        "customers": [
            {"customer_id": name, "kind": "retail", "opened_on": after(-900),
             "closed_on": after(40) if name == "closes" else None}
            for name in NAMES
        ],
        "transactions": [
            _payment(name, day) for name in NAMES for day in sorted({*active[name], *extra.get(name, [])})
        ],
        "balances": [
            {"customer_id": name, "product": "demand_deposit", "held_on": after(day), "balance": amount * 100}
            for name in NAMES
            for day in range(FIRST_REPORT, LAST_REPORT + 1, 30)
            if (amount := held(name, day)) is not None
        ],
    }  # fmt: skip
    return Bank(tables, "Asia/Shanghai", dict.fromkeys(("transactions", "balances"), DATA_FROM), after(180))


def held(name: str, day: int) -> int | None:
    """What a customer is reported to hold on a reporting date; None where nothing is reported."""
    match name:
        case "gradual":
            return FULL if day < -91 else {-91: 8000, -61: 6000}.get(day, 3000)
        case "returns":
            return 5000
        case "dip" if day < -211:
            return None
        case "closes" if day > 29:
            return None
        case "drains" | "refills" if day >= 29:
            return 6000 if name == "refills" and day >= 149 else 2000
    return FULL


def _payment(name: str, day: int) -> Record:
    return {"transaction_id": f"{name}{day}", "customer_id": name, "occurred_at": at(after(day)),
            "amount": -10_000, "kind": "payment", "started_by": "customer"}  # fmt: skip
