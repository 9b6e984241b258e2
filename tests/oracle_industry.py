"""The oracle's medians of an industry, and what stands beside them: growth, inventory days, pay, arrears."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.handover import Bank
from tests.oracle_known import (
    Known,
    accepted_rows,
    by_customer,
    first_day,
    is_announced,
    is_known,
    known_rows,
    local_day,
    newest_versions,
    serving_profile,
    states,
    without_later_facts,
)
from tests.oracle_numbers import Exact, answer
from tests.oracle_statements import (
    DAY,
    Evaluation,
    Evaluations,
    Pair,
    days,
    grown,
    known_on,
    lateness,
    minus,
    months_later,
    over,
    pairs_at,
    statement_measures,
)

ENOUGH = 10
STALE_AFTER = timedelta(days=396)

Cohort = tuple[Any, ...]
Medians = Mapping[Cohort, tuple[Exact, date]]
Statements = Mapping[str, list[Known]]


def measures(bank: Bank, as_of: date) -> dict[str, Evaluations]:
    """Every measure table of statements at as_of: per customer the evaluations known, with their dates."""
    people = states(bank, as_of)
    serving = serving_profile(bank)
    for state in people.values():
        for column in ("industry", "region", "employees"):
            if column not in serving:
                state[column] = None
    rows = by_customer(known_rows(bank, "statements", as_of)) if "statements" in bank.tables else {}
    pairs = {one: list(pairs_at(rows.get(one, []))) for one in people}
    beside = over_industry(bank, people, pairs)
    found: dict[str, Evaluations] = {"industry": industry(bank, people, pairs, as_of)}
    if "statements" not in bank.tables:
        return found
    found["lateness"] = {one: lateness(bank, one, as_of) for one in people}
    found["statements"] = {
        one: statement_measures(bank, rows.get(one, []), beside.get(one, {})) for one in people
    }
    if "repayments" in bank.tables:
        found["arrears"] = arrears(bank, people, rows, pairs, as_of)
    return {table: {one: shown(own) for one, own in of_all.items()} for table, of_all in found.items()}


def shown(rows: list[Evaluation]) -> list[Evaluation]:
    """The evaluations as rules read them: a fraction is the nearest float, as the limits are."""
    return [(day, {name: answer(value) for name, value in values.items()}) for day, values in rows]


def medians(values: Mapping[Cohort, Mapping[str, tuple[date, Exact, date]]]) -> Medians:
    """Median of each cohort of enough companies, and the day on which the tenth was known.

    Of each company: end of the period, value, day on which it was known.
    """
    found = {}
    for cohort, companies in values.items():
        if len(companies) < ENOUGH:
            continue
        ordered = sorted(value for _, value, _ in companies.values())
        half = len(ordered) // 2
        middle = ordered[half] if len(ordered) % 2 else Fraction(ordered[half - 1] + ordered[half]) / 2
        found[cohort] = (middle, sorted(day for *_, day in companies.values())[ENOUGH - 1])
    return found


def cohort_medians(
    bank: Bank,
    people: Mapping[str, Known],
    pairs: Mapping[str, list[Pair]],
    of: Callable[[Pair], Exact | None],
) -> Medians:
    """Medians over the companies of an industry with equal months and year, each with its newest such period."""
    values: dict[Cohort, dict[str, tuple[date, Exact, date]]] = {}
    for one, own in pairs.items():
        for row, base in own:
            value, line = of((row, base)), people[one]["industry"]
            if value is None or line is None:
                continue
            held = values.setdefault((line, row["months"], row["period_end"].year), {})
            if one not in held or held[one][0] < row["period_end"]:
                held[one] = (row["period_end"], value, max(known_on(bank, row), known_on(bank, base)))
    return medians(values)


def growth_of(figure: str) -> Callable[[Pair], Exact | None]:
    return lambda pair: grown(pair[0].get(figure), pair[1].get(figure))


def over_industry(
    bank: Bank, people: Mapping[str, Known], pairs: Mapping[str, list[Pair]]
) -> dict[str, dict[tuple[date, int], list[Evaluation]]]:
    """Growth over the industry's, by customer and period."""
    found: dict[str, dict[tuple[date, int], list[Evaluation]]] = {}
    sales_of, profit_of = growth_of("sales"), growth_of("pre_tax_profit")
    sales = cohort_medians(bank, people, pairs, sales_of)
    profits = cohort_medians(bank, people, pairs, profit_of)
    for one, own in pairs.items():
        state = people[one]
        if state["industry"] is None:
            continue
        for row, base in own:
            day = max(known_on(bank, row), known_on(bank, base))
            cohort = (state["industry"], row["months"], row["period_end"].year)
            held = found.setdefault(one, {}).setdefault((row["period_end"], row["months"]), [])
            middle, since = sales.get(cohort, (outlook_then(bank, state, day), day))
            ahead = minus(sales_of((row, base)), middle)
            if ahead is not None:
                held.append((max(day, since), {"sales_growth_over_industry": ahead}))
            profit = profit_of((row, base))
            if cohort in profits and profit is not None:
                middle, since = profits[cohort]
                apart = {
                    "pre_tax_profit_growth_over_industry": profit - middle,
                    "pre_tax_profit_growth": profit,
                }
                held.append((max(day, since), apart))
    return found


def outlook_then(bank: Bank, state: Known, day: date) -> Exact | None:
    """Growth of sales stated for the industry and not yet stale, as known on a day: own region, then newest."""
    if "industry_outlook" not in bank.tables:
        return None
    rows = [
        row
        for row in known_rows(bank, "industry_outlook", day)
        if row["industry"] == state["industry"]
        and row.get("sales_growth") is not None
        and row.get("region") in {None, state["region"]}
        and row["stated_on"] >= day - STALE_AFTER
    ]
    best = max(rows, key=lambda row: (row.get("region") is not None, row["stated_on"]), default=None)
    return None if best is None else Fraction(best["sales_growth"])


def industry(
    bank: Bank, people: Mapping[str, Known], pairs: Mapping[str, list[Pair]], as_of: date
) -> Evaluations:
    """Growth of the industry's median inventory days, for each of its customers."""

    def both(pair: Pair) -> tuple[Exact | None, Exact | None]:
        now, before = (days(row, "inventory", "cost_of_sales") for row in pair)
        return (None, None) if now is None or before is None else (now, before)

    now = cohort_medians(bank, people, pairs, lambda pair: both(pair)[0])
    before = cohort_medians(bank, people, pairs, lambda pair: both(pair)[1])
    book: dict[str, list[tuple[date, int, int, Exact]]] = {}
    for cohort, (middle, day) in now.items():
        line, months, year = cohort
        share = over(middle, before[cohort][0])
        if share is not None:
            book.setdefault(line, []).append((day, year, months, share - 1))
    found: Evaluations = {}
    for one, state in people.items():
        line = state["industry"]
        best: dict[date, tuple[Any, ...]] = {}
        for day, year, months, growth in book.get(line, []):
            best[day] = max(best.get(day, ()), (year, months, 0, growth))
        covered = {year for _, year, _, _ in book.get(line, [])}
        for day, year, is_own, growth in stated_growths(bank, state, as_of):
            if year not in covered:
                best[day] = max(best.get(day, ()), (year, 0, is_own, growth))
        found[one] = [(day, {"industry_inventory_days_growth": value[-1]}) for day, value in best.items()]
    return found


def stated_growths(bank: Bank, state: Known, as_of: date) -> list[tuple[date, int, int, float]]:
    """Outlooks with a growth of inventory days: day known, year stated, whether for the own region, growth."""
    found = []
    for row in known_rows(bank, "industry_outlook", as_of) if "industry_outlook" in bank.tables else []:
        region, growth = row.get("region"), row.get("inventory_days_growth")
        if row["industry"] != state["industry"] or growth is None or region not in {None, state["region"]}:
            continue
        moments = [row["stated_on"], *([row["recorded_at"]] if row.get("recorded_at") else [])]
        day = max(local_day(moment, bank.zone) for moment in moments) + DAY
        found.append((day, row["stated_on"].year, int(region is not None), growth))
    return found


def pay_medians(bank: Bank, people: Mapping[str, Known], rows: Statements) -> Medians:
    """Median pay per employee by industry, region, months and year."""
    values: dict[Cohort, dict[str, tuple[date, Exact, date]]] = {}
    for one, state in people.items():
        if state["industry"] is None or state["region"] is None:
            continue
        for row in rows.get(one, []):
            pay = over(row.get("payroll"), state["employees"])
            if pay is None:
                continue
            cohort = (state["industry"], state["region"], row["months"], row["period_end"].year)
            held = values.setdefault(cohort, {})
            if one not in held or held[one][0] < row["period_end"]:
                held[one] = (row["period_end"], pay, known_on(bank, row))
    return medians(values)


def known_instalments(bank: Bank, rows: list[Known], day: date) -> list[Known]:
    """Of all versions of one customer's instalments, what was known at a midnight."""
    announced = [row for row in rows if is_announced(bank, "repayments", row, day)]
    newest = newest_versions(bank, "repayments", announced)
    known = [row for row in newest if is_known(bank, "repayments", row, day)]
    return [without_later_facts(bank, "repayments", row, day) for row in known]


def owed(instalments: list[Known], day: date) -> tuple[int, int, date | None]:
    """Principal and interest overdue, and since when, of what was known at a midnight."""
    principal = interest = 0
    since = None
    for row in instalments:
        whole = row["due_principal"] + row["due_interest"]
        paid = (
            0
            if row.get("paid_on") is None
            else whole
            if row.get("paid_amount") is None
            else row["paid_amount"]
        )
        left = (
            max(row["due_interest"] - paid, 0),
            max(row["due_principal"] - max(paid - row["due_interest"], 0), 0),
        )
        if row["due_on"] < day and sum(left) > 0:
            interest, principal = interest + left[0], principal + left[1]
            since = min(row["due_on"], since or row["due_on"])
    return principal, interest, since


def arrears(
    bank: Bank, people: Mapping[str, Known], rows: Statements, pairs: Mapping[str, list[Pair]], as_of: date
) -> Evaluations:
    """The newest statement beside what was overdue, on days of statements and of changes."""
    start = first_day(bank, "repayments")
    pay = pay_medians(bank, people, rows)
    of_customer = by_customer(accepted_rows(bank, "repayments"))
    found: Evaluations = {}
    for one, state in people.items():
        statements = rows.get(one, [])
        received = {known_on(bank, row) for row in statements}
        before: int | None = 0
        for day in sorted(received | changes(bank, of_customer.get(one, []))):
            if not received or not min(received) <= day <= as_of:
                continue
            instalments = known_instalments(bank, of_customer.get(one, []), day)
            principal, interest, since = owed(instalments, day)
            is_reached = start is not None and start < day
            amount = principal + interest if is_reached else None
            if day in received or (amount is not None and amount != (before or 0)):
                debt = (principal, interest) if is_reached else (None, None)
                known = [row for row in statements if known_on(bank, row) <= day]
                row = max(known, key=lambda row: (row["period_end"], row["months"]))
                base = next(
                    (base for cur, base in pairs[one] if cur is row and known_on(bank, base) <= day), None
                )
                figures = beside(row, base, debt, since)
                due = fell_due(instalments, row, debt[0])
                figures["arrears_principal_due"] = due
                figures["arrears_depreciation_of_principal_due"] = over(row.get("depreciation"), due)
                figures["arrears_pay_of_median"] = pay_share(state, row, pay, day)
                found.setdefault(one, []).append((day, figures))
            before = amount
    return found


def changes(bank: Bank, rows: list[Known]) -> set[date]:
    """Days on which what is overdue may change: after a due or paid date of a version, but not before it was known.

    And the first day that the table reaches.
    """
    start = first_day(bank, "repayments")
    found = set() if start is None else {start + DAY}
    for row in rows:
        due, recorded = row["due_on"], row.get("recorded_at")
        known = max(due, local_day(recorded, bank.zone)) if recorded is not None else due
        found |= {max(day, known) + DAY for day in (due, row.get("paid_on")) if day is not None}
    return found


def beside(
    row: Known, base: Known | None, debt: tuple[int | None, int | None], since: date | None
) -> dict[str, Any]:
    """Figures of the statement that the rules of moral hazard read beside what is overdue."""
    paid_out = row.get("dividends")
    if paid_out is not None and not (since is not None and since <= row["period_end"]):
        paid_out = 0
    base = base or {}
    return {
        "arrears_amount": None if debt[0] is None or debt[1] is None else debt[0] + debt[1],
        "arrears_principal": debt[0],
        "arrears_interest": debt[1],
        "arrears_dividends": paid_out,
        "arrears_interest_expense": row.get("interest_expense"),
        "arrears_net_profit": row.get("net_profit"),
        "arrears_depreciation": row.get("depreciation"),
        "arrears_sales_growth": grown(row.get("sales"), base.get("sales")),
        "arrears_expense_growth": grown(row.get("operating_expenses"), base.get("operating_expenses")),
    }


def fell_due(instalments: list[Known], row: Known, principal: int | None) -> int | None:
    """Principal due in the statement's period, or overdue if that is more."""
    if principal is None:
        return None
    start = months_later(row["period_end"], -row["months"])
    due = [part["due_principal"] for part in instalments if start < part["due_on"] <= row["period_end"]]
    return max(sum(due), principal)


def pay_share(state: Known, row: Known, pay: Medians, day: date) -> Exact | None:
    """Pay per employee over the median of industry and region, where that was known on the day."""
    cohort = (state["industry"], state["region"], row["months"], row["period_end"].year)
    if cohort not in pay or pay[cohort][1] > day:
        return None
    return over(over(row.get("payroll"), state["employees"]), pay[cohort][0])
