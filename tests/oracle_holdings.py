"""The oracle's holdings: contract by contract, and what the other customers of a kind hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.handover import Bank
from tests.oracle_balances import ASSETS, Stream
from tests.oracle_known import Known, first_day, serving_profile
from tests.oracle_numbers import Exact, ratio

Found = dict[str, Exact | float | None]

FAMILIES = {
    "demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance", "loan", "card_credit", "guarantee",
}  # fmt: skip
USUAL_FROM = 30
GRADES = {"R1": 1, "R2": 2, "R3": 3, "R4": 4, "R5": 5, "r1": 1, "高风险": 5}
PREFERENCES = {"conservative": 2, "balanced": 3, "aggressive": 5, "C1": 1}
CRITICAL = {"critical_illness", "Critical_Illness", "重疾"}


@dataclass(frozen=True)
class Contracts:
    """The known holdings of one customer at as_of."""

    rows: list[Known]
    as_of: date

    def ago(self, day: date | None) -> int | None:
        """Days from the day to as_of."""
        return None if day is None else (self.as_of - day).days

    def is_open(self, row: Known) -> bool:
        """Not closed, and not matured before as_of."""
        matures = self.ago(row.get("matures_on"))
        return row.get("closed_on") is None and (matures is None or matures <= 0)

    def is_renewed(self, row: Known) -> bool:
        """Whether another holding of the customer names it."""
        return any(
            other.get("renewed_from") == row["holding_id"] and other["holding_id"] != row["holding_id"]
            for other in self.rows
        )

    def was_closed_early(self, row: Known) -> bool:
        """Closed before it matured."""
        closed, matures = row.get("closed_on"), row.get("matures_on")
        return closed is not None and matures is not None and closed < matures

    def in_force(self) -> list[Known]:
        """Open holdings."""
        return [row for row in self.rows if self.is_open(row)]

    def maturing(self, days: int) -> list[Known]:
        """Open asset products that mature within some days from as_of on."""
        found = []
        for row in self.in_force():
            matures = self.ago(row.get("matures_on"))
            if row["product"] in ASSETS and matures is not None and -days < matures <= 0:
                found.append(row)
        return found

    def matured(self, *, renewed: bool) -> list[Known]:
        """Asset products that matured in the last year, renewed ones or the others."""
        found = []
        for row in self.rows:
            matures = self.ago(row.get("matures_on"))
            is_recent = matures is not None and 1 <= matures <= 365
            if row["product"] in ASSETS and is_recent and not self.was_closed_early(row):
                found.append(row)
        return [row for row in found if self.is_renewed(row) == renewed]

    def broken(self) -> int:
        """Asset products closed before maturity in the last year and not renewed."""
        return sum(
            row["product"] in ASSETS
            and self.was_closed_early(row)
            and (self.ago(row["closed_on"]) or 0) <= 365
            and not self.is_renewed(row)
            for row in self.rows
        )


def holding_features(
    bank: Bank,
    customers: Mapping[str, Known],
    rows: Mapping[str, Mapping[str, list[Known]]],
    as_of: date,
) -> dict[str, Found]:
    """Every feature of the group `holdings` for every customer; those that need a column the bank lacks too."""
    contracts = {one: Contracts(rows["holdings"].get(one, []), as_of) for one in customers}
    usual = usual_families(customers, contracts)
    first = first_day(bank, "holdings")
    is_reached = first is not None and first < as_of
    found = {}
    for one, state in customers.items():
        own = contracts[one]
        counts = counted(own, usual[state["kind"]])
        features: Found = {
            **(counts if is_reached else dict.fromkeys(counts)),
            **fit(state, own, is_reached=is_reached),
            **gaps(own),
            "holding_history_days": 0
            if first is None
            else max(0, (as_of - max(first, state.get("opened_on") or first)).days),
        }
        if "balances" in rows:
            assets = Stream(rows["balances"].get(one, []), "own").amount(as_of.toordinal(), ASSETS)
            for days in (30, 90):
                amount = total(own.maturing(days)) if is_reached else None
                features[f"holding_maturing_share_{days}d"] = ratio(amount, assets)
        if "risk_preference" not in serving_profile(bank):
            del features["holding_risk_excess"]
        found[one] = features
    return found


def usual_families(customers: Mapping[str, Known], contracts: Mapping[str, Contracts]) -> dict[str, set[str]]:
    """Of each kind of customer, the families that at least 30% of those not closed hold."""
    alive = {one: state for one, state in customers.items() if state.get("closed_on") is None}
    size = Counter(state["kind"] for state in alive.values())
    holders: Counter[tuple[str, str]] = Counter()
    for one, state in alive.items():
        for family in {row["product"] for row in contracts[one].in_force()} & FAMILIES:
            holders[state["kind"], family] += 1
    return {
        kind: {family for family in FAMILIES if holders[kind, family] * 100 >= USUAL_FROM * size[kind] > 0}
        for kind in {state["kind"] for state in customers.values()}
    }


def total(rows: list[Known], column: str = "amount") -> int | None:
    """Sum of what is stated; 0 of no rows, None where none of them states it."""
    stated = [row[column] for row in rows if row.get(column) is not None]
    return sum(stated) if stated or not rows else None


def counted(own: Contracts, usual: set[str]) -> Found:
    """Counts and amounts: null where the table does not reach."""
    in_force, opened = own.in_force(), [own.ago(row["opened_on"]) or 0 for row in own.rows]
    renewed, lapsed = own.matured(renewed=True), own.matured(renewed=False)
    return {
        "holding_count_open": len(in_force),
        "holding_family_count": len({row["product"] for row in in_force}),
        **{f"holding_maturing_count_{days}d": len(own.maturing(days)) for days in (30, 90)},
        **{f"holding_maturing_amount_{days}d": total(own.maturing(days)) for days in (30, 90)},
        "holding_renewed_count_365d": len(renewed),
        "holding_renewed_amount_365d": total(renewed),
        "holding_lapsed_count_365d": len(lapsed),
        "holding_lapsed_amount_365d": total(lapsed),
        "holding_broken_count_365d": own.broken(),
        "holding_opened_count_90d": sum(back <= 90 for back in opened),
        "holding_opened_count_365d": sum(back <= 365 for back in opened),
        "product_unmet_count": len(usual - {row["product"] for row in in_force}),
        "insurance_cover_sum": total(
            [row for row in in_force if row["product"] == "insurance"], "sum_insured"
        ),
    }


def fit(state: Known, own: Contracts, *, is_reached: bool) -> Found:
    """Risk against preference, and whether critical illness is covered."""
    grades = [GRADES[row["risk_grade"]] for row in own.in_force() if row.get("risk_grade") in GRADES]
    highest, suits = max(grades, default=None), PREFERENCES.get(str(state.get("risk_preference")))
    kinds = [row.get("insurance_kind") for row in own.in_force() if row["product"] == "insurance"]
    gap: int | None = 1
    if any(kind in CRITICAL for kind in kinds):
        gap = 0
    elif None in kinds:
        gap = None
    return {
        "holding_risk_highest": highest,
        "holding_risk_excess": None if highest is None or suits is None else highest - suits,
        "insurance_gap_critical": gap if state["kind"] == "retail" and is_reached else None,
    }


def gaps(own: Contracts) -> Found:
    """Times since openings and closings, and the share renewed."""
    renewed, lapsed = len(own.matured(renewed=True)), len(own.matured(renewed=False))
    opened = [own.ago(row["opened_on"]) or 0 for row in own.rows]
    closed = [own.ago(row["closed_on"]) or 0 for row in own.rows if row.get("closed_on") is not None]
    return {
        "holding_tenure_oldest_days": max(
            (own.ago(row["opened_on"]) or 0 for row in own.in_force()), default=None
        ),
        "holding_opening_gap_days": min(opened, default=None),
        "holding_closing_gap_days": min(closed, default=None),
        "holding_renewed_share_365d": ratio(renewed, renewed + lapsed),
    }
