"""Warning signals in plain Python: conditions over measures of the other oracles, episodes by a loop, and sums.

The rules are read from signals.yaml as bare YAML; what they mean is written here once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import yaml

from features.policy import policy_text
from tests import oracle_account_events, oracle_industry
from tests.handover import Bank
from tests.oracle_accounts import known_from
from tests.oracle_known import Known, first_day, known_rows, serving_profile, states
from tests.oracle_numbers import Exact

Found = dict[str, Exact | float | None]
Values = Mapping[str, Exact | float | None]

DAY = timedelta(days=1)
CATEGORIES = {"E": "environment", "F": "finance", "M": "operations", "H": "hazard"}
CLUSTERS = ({"F02", "F15"}, {"F04", "F10"}, {"M05", "M08"}, {"F25", "F26", "M18"})
NEEDED = {
    "warning_signals", "statements", "repayments", "transactions", "balances", "holdings", "loans", "contacts",
    "facts", "needs", "industry_outlook",
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A signal while it lasts; `values` are the figures of a computed one's newest firing."""

    code: str
    raised_on: date
    closed_on: date | None
    severity: int
    values: Values | None = None
    evidence: str | None = None

    def is_open(self, day: date) -> bool:
        """Whether it was raised before the day and not closed before it."""
        return self.raised_on < day and (self.closed_on is None or self.closed_on >= day)


@lru_cache(maxsize=1)
def records() -> list[dict[str, Any]]:
    """The records of signals.yaml."""
    found: list[dict[str, Any]] = yaml.safe_load(policy_text("signals"))["signals"]
    return found


def record_of(code: str, kind: str) -> dict[str, Any]:
    """The record of a code for a kind of customer, or for any."""
    of_code = [record for record in records() if record["code"] == code]
    return next((record for record in of_code if kind in record["applies_to"]), of_code[0])


def answer(condition: Any, values: Values) -> bool | None:
    """True, false or unknown."""
    if isinstance(condition, dict):
        ((how, parts),) = condition.items()
        answers = [answer(part, values) for part in parts]
        if how == "all":
            return False if False in answers else None if None in answers else True
        known = [one for one in answers if one is not None]
        if any(known):
            return True
        return None if len(known) < (1 if how == "any_known" else len(answers)) else False
    measure, operator, limit = condition
    value = values.get(measure)
    if value is None:
        return None
    value = float(value)
    compared: dict[str, bool] = {
        "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit,
    }  # fmt: skip
    return compared[operator]


def level(record: Mapping[str, Any], values: Values) -> int | None:
    """Severity of a firing, 0 for a clear evaluation, None where there is none."""
    rule = {how: parts for how, parts in record["rule"].items() if how not in ("table", "function")}
    fires = answer(rule, values)
    if not fires:
        return None if fires is None else 0
    steps = record.get("severity_steps", ())
    severities: list[int] = [step["severity"] for step in steps if answer(step["when"], values)]
    own: int = record["severity"]
    return max([own, *severities])


def episodes(code: str, levels: Iterable[tuple[date, int, Values]], clear: int = 2) -> list[Span]:
    """Spans through which a signal was open, from evaluations in the order of their days."""
    found: list[Span] = []
    current: Span | None = None
    cleared = 0
    days: dict[date, tuple[int, Values]] = {}
    for day, severity, values in levels:
        if day not in days or severity > days[day][0]:
            days[day] = (severity, values)
    for day, (severity, values) in sorted(days.items(), key=lambda item: item[0]):
        if severity:
            current = Span(code, current.raised_on if current else day - DAY, None, severity, values)
            cleared = 0
        elif current:
            cleared += 1
            if cleared == clear:
                found.append(Span(code, current.raised_on, day - DAY, current.severity, current.values))
                current = None
    return [*found, current] if current else found


@lru_cache(maxsize=4)
def signals(bank: Bank, as_of: date) -> tuple[dict[str, list[Span]], dict[str, set[str]]]:
    """Every signal of every customer raised before as_of, and the codes that were evaluated."""
    people = states(bank, as_of)
    found: dict[str, list[Span]] = {one: [] for one in people}
    evaluated: dict[str, set[str]] = {one: set() for one in people}
    series = measures(bank, as_of)
    for one, state in people.items():
        for record in records():
            rule = record.get("rule", {})
            if "table" not in rule or state["kind"] not in record["applies_to"]:
                continue
            rows = series.get(rule["table"], {}).get(one, [])
            levels = [(day, level(record, values), values) for day, values in rows]
            known = [(day, severity, values) for day, severity, values in levels if severity is not None]
            found[one] += episodes(record["code"], known)
            evaluated[one] |= {record["code"]} if known else set()
        found[one] += recorded(bank, as_of, one, state)
    troubles = {one: [span for span in spans if span.code != "F13"] for one, spans in found.items()}
    for one, state in people.items():
        links = (
            guarantees(bank, as_of, one, people)
            if state["kind"] in record_of("F13", "micro")["applies_to"]
            else []
        )
        evaluated[one] |= {"F13"} if links else set()
        found[one] += guaranteed(links, troubles, as_of)
    return found, evaluated


def measures(bank: Bank, as_of: date) -> dict[str, dict[str, Any]]:
    """Evaluations of every measure table: table -> customer -> (day, values)."""
    tables: dict[str, dict[str, Any]] = {**oracle_account_events.measures(bank, as_of)}
    tables |= oracle_industry.measures(bank, as_of)
    tables["noted"] = {}
    for row in known_rows(bank, "facts", as_of) if "facts" in bank.tables else ():
        if row["code"] in ("product_price_change", "plant_stopped_days"):
            rows = tables["noted"].setdefault(row["customer_id"], [])
            rows.append((known_from(bank, "facts", row), {row["code"]: row["value"]}))
    return tables


def recorded(bank: Bank, as_of: date, one: str, state: Known) -> list[Span]:
    """Signals that somebody wrote down of the customer, or of the customer's industry or region."""
    if "warning_signals" not in bank.tables:
        return []
    serving = serving_profile(bank)
    place = {name: state.get(name) if name in serving else None for name in ("industry", "region")}
    found = []
    for row in known_signals(bank, as_of):
        named = {name: row[name] for name in place if row.get(name) is not None}
        is_meant = (
            row["customer_id"] == one
            if row["customer_id"] is not None
            else row["code"].startswith("E") and named and all(place[name] == named[name] for name in named)
        )
        if is_meant:
            severity = row.get("severity") or record_of(row["code"], state["kind"])["severity"]
            text = row.get("evidence")
            found.append(Span(row["code"], row["raised_on"], row.get("closed_on"), severity, None, text))
    return found


@lru_cache(maxsize=4)
def known_signals(bank: Bank, as_of: date) -> Sequence[Known]:
    """Recorded signals as they stood at as_of."""
    return known_rows(bank, "warning_signals", as_of)


def guarantees(
    bank: Bank, as_of: date, one: str, people: Mapping[str, Known]
) -> list[tuple[str, date, date]]:
    """Guarantors who are customers, each with the days of the guarantee."""
    return [link for owner, *link in all_guarantees(bank, as_of) if owner == one and link[0] in people]  # type: ignore[misc]


@lru_cache(maxsize=4)
def all_guarantees(bank: Bank, as_of: date) -> Sequence[tuple[str, str, date, date]]:
    """Customer, guarantor and days of every guarantee known at as_of."""
    found = []
    for row in known_rows(bank, "loans", as_of) if "loans" in bank.tables else ():
        if row.get("guarantor_id") is not None:
            start = known_from(bank, "loans", row) - DAY
            found.append((row["customer_id"], row["guarantor_id"], start, row["matures_on"]))
    for row in known_rows(bank, "relations", as_of) if "relations" in bank.tables else ():
        if row["kind"] == "guarantor":
            is_dated = row.get("since") is not None
            start = known_from(bank, "relations", row) - DAY if is_dated else told(bank, row)
            found.append((row["customer_id"], row["other_id"], start, date.max))
    return found


def told(bank: Bank, row: Known) -> date:
    """The day on which the bank came to know of a relation without a beginning."""
    return known_from(bank, "relations", {**row, "since": date(1900, 1, 1)}) - DAY


def guaranteed(
    links: Sequence[tuple[str, date, date]], troubles: Mapping[str, Sequence[Span]], as_of: date
) -> list[Span]:
    """F13: the days on which a guarantor had an open signal of severity 4 or more, joined where they touch."""
    spans = []
    for guarantor, start, until in links:
        for trouble in troubles[guarantor]:
            first, last = max(start, trouble.raised_on), min(until, trouble.closed_on or date.max)
            last = last if last < as_of else date.max
            if trouble.severity >= 4 and first < last:
                spans.append((first, last))
    joined: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    severity = record_of("F13", "micro")["severity"]
    return [Span("F13", first, None if last == date.max else last, severity) for first, last in joined]


def severity_sums(severities: Mapping[str, int]) -> dict[str, int]:
    """Sum by letter of category of the most severe code of each cluster; of equal ones the first."""
    total = dict.fromkeys(CATEGORIES, 0)
    for code, severity in severities.items():
        cluster = next((one for one in CLUSTERS if code in one), {code})
        rivals = [
            (-severities[other], "EFMH".index(other[0]), other) for other in cluster & severities.keys()
        ]
        if min(rivals)[-1] == code:
            total[code[0]] += severity
    return total


def signal_features(bank: Bank, people: Mapping[str, Known], rows: Any, as_of: date) -> dict[str, Found]:
    """Every feature of the group `signals` for every customer."""
    if not NEEDED & set(bank.tables):
        return {one: {} for one in people}
    found, evaluated = signals(bank, as_of)
    first = first_day(bank, "warning_signals") if "warning_signals" in bank.tables else None
    is_reached = first is not None and first < as_of
    return {one: features_of(found[one], len(evaluated[one]), as_of, is_reached=is_reached) for one in people}


def features_of(spans: Sequence[Span], evaluated: int, as_of: date, *, is_reached: bool) -> Found:
    """Features of one customer."""

    def worst(wanted: Iterable[Span]) -> dict[str, int]:
        codes: dict[str, int] = {}
        for span in wanted:
            codes[span.code] = max(codes.get(span.code, 0), span.severity)
        return codes

    now = worst(span for span in spans if span.is_open(as_of))
    before = severity_sums(worst(span for span in spans if span.is_open(as_of - 90 * DAY)))
    recent = severity_sums(worst(span for span in spans if span.raised_on >= as_of - 180 * DAY))
    current = severity_sums(now)
    old = {span.code for span in spans if span.raised_on < as_of - 90 * DAY}
    counts: Found = {"signal_count_open": len(now), "signal_severity_open_sum": sum(current.values())}
    counts["signal_severity_open_change_90d"] = sum(current.values()) - sum(before.values())
    counts["signal_count_novel_90d"] = len({span.code for span in spans} - old)
    for letter, name in CATEGORIES.items():
        counts[f"signal_count_open_{name}"] = sum(code.startswith(letter) for code in now)
        counts[f"signal_severity_open_sum_{name}"] = current[letter]
        counts[f"signal_severity_open_change_{name}_90d"] = current[letter] - before[letter]
        counts[f"signal_severity_sum_{name}_180d"] = recent[letter]
    for days in (30, 90, 180):
        counts[f"signal_count_new_{days}d"] = len(
            {span.code for span in spans if span.raised_on >= as_of - days * DAY}
        )
    return {
        **(counts if is_reached or evaluated else dict.fromkeys(counts)),
        "signal_count_evaluated": evaluated,
        "signal_severity_open_max": max(now.values(), default=None),
        "signal_gap_days": min(((as_of - span.raised_on).days for span in spans), default=None),
    }
