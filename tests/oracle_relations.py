"""The oracle's needs, tasks and relations: who is tied to whom, link by link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.handover import Bank
from tests.oracle_balances import ASSETS, Stream
from tests.oracle_known import Known, accepted_rows, first_day, is_known
from tests.oracle_numbers import Exact, ratio

Found = dict[str, Exact | float | None]
Customers = Mapping[str, Known]
Rows = Mapping[str, Mapping[str, list[Known]]]

PLANS = ("expansion", "new_project")
GROUP = {"shareholder", "affiliate", "parent", "subsidiary"}
SUPPLY = {"buyer", "supplier"}
YES = {"deal", "interested", "accepted", "yes", "成交", "有意向", "接受"}
NO = {"declined", "refused", "rejected", "no", "拒绝", "谢绝", "不需要"}


def relation_features(bank: Bank, customers: Customers, rows: Rows, as_of: date) -> dict[str, Found]:
    """Every feature of the groups `needs`, `tasks` and `relations`, as far as the bank has the tables."""
    found: dict[str, Found] = {one: {} for one in customers}
    links = both_ways(rows.get("relations", {}))
    for one in customers:
        if "needs" in rows:
            found[one] |= need_features(
                rows["needs"].get(one, []), as_of, is_reached=reaches(bank, "needs", as_of)
            )
        if "tasks" in rows:
            of_work = task_features(rows["tasks"].get(one, []), as_of)
            brought = referred(one, rows["tasks"].get(one, []), links.get(one, []), as_of)
            there = [other for other in brought if customers.get(other, {}).get("opened_on") is not None]
            counts: Found = {
                "referral_count_365d": len(brought),
                "referral_count_converted_365d": sum(
                    customers[other]["opened_on"] < as_of for other in there
                ),
            }
            found[one] |= null_unless({**of_work, **counts}, is_reached=reaches(bank, "tasks", as_of))
        if "relations" in rows:
            found[one] |= link_features(bank, links.get(one, []), customers, as_of)
            if "balances" in rows:
                found[one]["relation_asset_sum"] = assets_of(links.get(one, []), rows["balances"], as_of)
    return found


def reaches(bank: Bank, table: str, as_of: date) -> bool:
    """Whether the table begins before as_of."""
    first = first_day(bank, table)
    return first is not None and first < as_of


def null_unless(found: Found, *, is_reached: bool) -> Found:
    """The features; of counts nothing where the table does not reach back."""
    kept = {"task_gap_days", "task_response_share_365d"}
    return {name: value if is_reached or name in kept else None for name, value in found.items()}


def need_features(rows: list[Known], as_of: date, *, is_reached: bool) -> Found:
    """Counts and amounts of needs by kind, and the products asked for."""
    dated = [((as_of - row["noted_on"]).days, row) for row in rows]
    counts: Found = {}
    for name, kinds in (("plan", PLANS), ("product", ("product",)), ("credit_request", ("credit_request",))):
        for days in (90, 365):
            inside = [row for back, row in dated if back <= days and row["kind"] in kinds]
            counts[f"need_count_{name}_{days}d"] = len(inside)
            counts[f"need_amount_{name}_{days}d"] = sum(row.get("amount") or 0 for row in inside)
    named = {row["product"] for back, row in dated if back <= 365 and row.get("product") is not None}
    counts["product_asked_count_365d"] = len(named)
    found: Found = {name: value if is_reached else None for name, value in counts.items()}
    return {**found, "need_gap_days": min((back for back, _ in dated), default=None)}


def task_features(rows: list[Known], as_of: date) -> Found:
    """Open and overdue tasks, and what the customer said to those done within a year."""
    still_open = [row for row in rows if row.get("done_on") is None]
    done = [((as_of - row["done_on"]).days, row) for row in rows if row.get("done_on") is not None]
    year = [row for back, row in done if back <= 365]
    said = [
        row["outcome"].lower()
        for row in year
        if row["kind"] in ("plan", "directed") and row.get("outcome") is not None
    ]
    refused = {row.get("product") for row in year if (row.get("outcome") or "").lower() in NO}
    return {
        "task_count_open": len(still_open),
        "task_count_overdue": sum(
            row.get("due_on") is not None and row["due_on"] < as_of for row in still_open
        ),
        "task_gap_days": min((back for back, _ in done), default=None),
        "task_response_share_365d": ratio(sum(word in YES for word in said), len(said)),
        "product_declined_count_365d": len(refused - {None}),
    }


@dataclass(frozen=True)
class Link:
    """A relation seen from one of the two: the other one is his `kind`, or he the other one's."""

    other: str
    kind: str
    is_own: bool
    since: date | None


def both_ways(relations: Mapping[str, list[Known]]) -> dict[str, list[Link]]:
    """The links of everybody; nobody is tied to himself."""
    found: dict[str, list[Link]] = defaultdict(list)
    for one, rows in relations.items():
        for row in rows:
            other, since = row["other_id"], row.get("since")
            if other != one:
                found[one].append(Link(other, row["kind"], True, since))
                found[other].append(Link(one, row["kind"], False, since))
    return found


def referred(one: str, tasks: list[Known], links: list[Link], as_of: date) -> set[str]:
    """Whom the customer referred within a year, by tasks or relations."""
    by_task = {
        row["referred_id"]
        for row in tasks
        if row["kind"] == "referral"
        and row.get("done_on") is not None
        and (as_of - row["done_on"]).days <= 365
        and row.get("referred_id") not in (None, one)
    }
    by_link = {
        link.other
        for link in links
        if link.kind == "referred" and link.is_own and link.since and (as_of - link.since).days <= 365
    }
    return by_task | by_link


def is_influence(link: Link) -> bool:
    """Whether the customer influences the other one."""
    return link.kind in GROUP | SUPPLY or (link.kind == "referred" and link.is_own)


def link_features(bank: Bank, links: list[Link], customers: Customers, as_of: date) -> Found:
    """Counts of others by kind; the bank knew of any relation at all."""

    def others(*kinds: str, is_own: bool | None = None) -> set[str]:
        return {link.other for link in links if link.kind in kinds and is_own in (None, link.is_own)}

    known_once = any(is_known(bank, "relations", row, as_of) for row in accepted_rows(bank, "relations"))
    counts: Found = {
        "relation_count_guarantor": len(others("guarantor", is_own=True)),
        "relation_count_guarantee": len(others("guarantor", is_own=False)),
        "relation_count_group": len(others(*GROUP)),
        "relation_count_supply": len(others(*SUPPLY)),
        "relation_count_referred": len(others("referred", is_own=True)),
        "is_referred": int(bool(others("referred", is_own=False))),
        "has_competitor_insider": int(bool(others("competitor_insider"))),
    }
    if "closed_on" in bank.header("customers"):
        left = {one.other for one in links if customers.get(one.other, {}).get("closed_on") is not None}
        counts["relation_count_closed"] = len(left)
    if not (known_once or reaches(bank, "relations", as_of)):
        counts = dict.fromkeys(counts)
    counts["relation_count_new"] = newcomers([link for link in links if is_influence(link)], customers, as_of)
    return counts


def newcomers(links: list[Link], customers: Customers, as_of: date) -> int | None:
    """How many opened on the day of the link or later, of those of whom both days are known."""
    dated = []
    for link in links:
        opened = customers.get(link.other, {}).get("opened_on")
        if link.since is not None and opened is not None and opened < as_of:
            dated.append((link.other, opened >= link.since))
    return len({other for other, is_new in dated if is_new}) if dated else None


def assets_of(links: list[Link], balances: Mapping[str, list[Known]], as_of: date) -> int | None:
    """Own-bank assets of the influenced, each once; None where none of them has a fresh report."""
    others = {link.other for link in links if is_influence(link)}
    held = [Stream(balances.get(other, []), "own").amount(as_of.toordinal(), ASSETS) for other in others]
    fresh = [amount for amount in held if amount is not None]
    return sum(fresh) if fresh else None
