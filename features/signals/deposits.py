"""Measures on what is kept at this bank, month by month: deposits and settlement falling, one large withdrawal."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.groups.balance_stages import ASSETS, DEPOSITS
from features.policy import read_policy
from features.signals.evaluations import (
    calendar,
    day_number,
    month_start,
    months_of,
    on_months,
    run_months,
    with_other,
)
from features.signals.flows import (
    BY_MONTH,
    KNOWLEDGE,
    by_month,
    ever_of_kinds,
    months,
    observed_from,
    of_kinds,
    recent,
    seen,
    seen_at,
    staged,
    thirty_days,
)
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.tables import NEVER
from features.windows import KEYS, Tables, exact, ratio

_POLICY = read_policy("accounts")
_AMOUNTS = ("deposit", "asset", "whole")
_FALLS = 4
"""Months of which three can be running down."""

_BACKS = tuple(range(1, _FALLS + 1))
_YEAR = 12


def closings(tables: Tables, place: str, reach: int) -> tuple[ir.Table, ir.Table]:
    """Balances on the newest reporting date of each calendar month, at one place: this bank, elsewhere, nonbank.

    Two stages. Of months of which every row was known by the next evaluation and stayed, one row per customer_no and
    event_month: `deposit`, `asset` and `whole` (every product) in minor units (int64), the same at whatever evaluation;
    a product missing on the date counts as 0. Of the others, one row per customer_no, reporting date `last_day`,
    from_month and until_month, to be settled at each evaluation.
    """

    def by_day() -> ir.Table:
        rows = recent(tables, "balances", reach)
        rows = rows.filter(rows.bank.fill_null("own") == place)

        def of(products: tuple[str, ...]) -> ir.IntegerValue:
            return ibis.ifelse(rows["product"].isin(products), rows.balance, ibis.literal(0, "int64"))

        each = staged(
            tables, rows, last_day=rows.event_day, deposit=of(DEPOSITS), asset=of(ASSETS), whole=rows.balance
        )
        return _added(each, ("customer_no", *KNOWLEDGE, "last_day"))

    days = tables.share(f"signals_reports_{place}", by_day)
    is_settled = (days.from_month == days.event_month + 1) & (days.until_month == NEVER)

    def newest() -> ir.Table:
        of_month = days.mutate(is_settled=is_settled).group_by("customer_no", "event_month")
        found = of_month.aggregate(
            is_settled=lambda t: t.is_settled.all(),
            **{amount: days[amount].argmax(days.last_day) for amount in _AMOUNTS},
        )
        return found.filter(found.is_settled).drop("is_settled")

    ends = tables.share(f"signals_closings_{place}", newest)
    return ends, days.anti_join(ends, ["customer_no", "event_month"])


def month_ends(tables: Tables, stages: tuple[ir.Table, ir.Table], reach: int) -> ir.Table:
    """Balances at the ends of the months before each evaluation.

    One row per customer_no, `month` of the evaluation and `back` (1: the month just ended) with a reporting date:
    `deposit`, `asset`, `whole`.
    """
    ends, unsettled = stages
    lasting = ends.mutate(from_month=ends.event_month + 1, until_month=ibis.literal(NEVER, "int32"))
    plain = seen(tables, lasting, reach).select(*BY_MONTH, "back", *_AMOUNTS)
    return plain.union(_settled_then(seen(tables, unsettled, reach)))


def _settled_then(rows: ir.Table) -> ir.Table:
    """Balances at the ends of months, of the rows that each first of a month saw."""
    of_day = _added(rows, (*BY_MONTH, "back", "last_day"))
    return of_day.group_by(*BY_MONTH, "back").aggregate(
        **{amount: of_day[amount].argmax(of_day.last_day) for amount in _AMOUNTS}
    )


def _added(rows: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    return rows.group_by(*keys).aggregate(**{amount: rows[amount].sum().cast("int64") for amount in _AMOUNTS})


def deposits(tables: Tables, spine: ir.Table) -> ir.Table:
    """Whether deposits and settlement keep falling: of the month just ended and the three before it.

    One row per row of `spine` and first of a month with a reporting date, or settlement, in the four months before
    it. Deposits are those of a month's newest reporting date; settlement is the turnover of a calendar month, both
    ways. A change needs an amount above 0 three months before; months falling are counted back from the newest, 0 to
    3. Null: deposits without a reporting date in a month asked for; settlement where the observed part of the
    relationship does not reach over all four months.

    Source: warning-signals.md, M42.
    """
    found = tables.share("signals_deposits", lambda: _deposits(tables))
    at = on_months(tables, spine.select(*KEYS, "opened_day"), found)
    held = [at[f"deposit_{back}"] for back in range(1, _FALLS + 1)]
    settled: list[ir.IntegerValue] = [ibis.null("int64")] * _FALLS
    if "transactions" in tables:
        is_whole = observed_from(tables, "transactions", at) <= at.first_day
        settled = [
            ibis.ifelse(is_whole, at[f"settled_{back}"].fill_null(0), ibis.null("int64"))
            for back in range(1, _FALLS + 1)
        ]
    return at.select(
        *KEYS,
        EVALUATED,
        **_falling("deposits", held),
        **_falling("settlement", settled),
    )


def _falling(name: str, newest_first: Sequence[ir.IntegerValue]) -> dict[str, ir.FloatingValue]:
    """Measures of four month's amounts; months falling is null unless all are known."""
    now, before = newest_first[0], newest_first[-1]
    count: ir.Value = ibis.literal(0.0)
    for place in reversed(range(_FALLS - 1)):
        falls = newest_first[place] < newest_first[place + 1]
        count = ibis.ifelse(falls, 1.0 + count, ibis.literal(0.0))
    is_known = ibis.and_(*(amount.notnull() for amount in newest_first))
    return {
        f"{name}_now": now.cast("float64"),
        f"{name}_3m_before": before.cast("float64"),
        f"{name}_falling_months": ibis.ifelse(is_known, count, ibis.null("float64")),
        f"{name}_change_3m": ibis.ifelse(before > 0, ratio(now - before, before), ibis.null("float64")),
    }


def _deposits(tables: Tables) -> ir.Table:
    """Amounts of the four months before each first of a month, one row per customer_no and `month` with any.

    `deposit_<back>` and `settled_<back>` in minor units, null where the month has none; `first_day` of the four.
    """
    firsts = run_months(tables)
    parts: dict[str, ir.Table] = {}
    if "balances" in tables:
        ends, unsettled = closings(tables, "own", _YEAR)
        parts["ends"] = _month_columns(tables, ends)
        parts["others"] = _other_ends(tables, unsettled)
    if "transactions" in tables:
        parts["settled"] = _turnovers(tables)
    parts = {name: tables.keep(f"signals_deposits_{name}", part) for name, part in parts.items()}
    wide = ibis.union(*(part.select("customer_no") for part in parts.values()), distinct=True)
    for part in parts.values():
        wide = with_other(wide, part, ("customer_no",))
    nothing = ibis.null("int64")
    columns: dict[str, ir.Value] = {}
    for month in firsts:
        for back in _BACKS:
            columns[f"deposit_{back}_{month}"] = (
                ibis.coalesce(wide[f"end_{month - back}"], wide[f"other_{back}_{month}"])
                if "ends" in parts
                else nothing
            )
            columns[f"settled_{back}_{month}"] = (
                wide[f"settled_{back}_{month}"] if "settled" in parts else nothing
            )
    wide = tables.keep("signals_deposits_wide", wide.select("customer_no", **columns))
    names = tuple(f"{name}_{back}" for name in ("deposit", "settled") for back in _BACKS)
    starts = [day_number(month_start(month - _FALLS)) for month in firsts]
    return by_month(tables, wide, names).join(calendar({"month": firsts, "first_day": starts}), "month")


def _month_columns(tables: Tables, ends: ir.Table) -> ir.Table:
    """Deposits at the ends of months that are settled: `end_<month>`, one row per customer_no."""
    firsts = run_months(tables)
    return ends.group_by("customer_no").aggregate(
        **{
            f"end_{month}": ends.deposit.max(where=ends.event_month == month)
            for month in range(firsts[0] - _FALLS, firsts[-1])
        }
    )


def _other_ends(tables: Tables, unsettled: ir.Table) -> ir.Table:
    """Deposits at the ends of the other months, as each first of a month saw them: `other_<back>_<month>`."""
    ends = _settled_then(seen(tables, unsettled, _FALLS))
    return ends.group_by("customer_no").aggregate(
        **{
            f"other_{back}_{month}": ends.deposit.max(where=(ends.month == month) & (ends.back == back))
            for month in run_months(tables)
            for back in _BACKS
        }
    )


def _turnovers(tables: Tables) -> ir.Table:
    """Turnover of each of the four months before each first of a month: `settled_<back>_<month>`."""
    rows = months(tables)
    return rows.group_by("customer_no").aggregate(
        **{
            f"settled_{back}_{month}": rows.turnover.sum(where=seen_at(rows, month, (back, back))).cast(
                "int64"
            )
            for month in run_months(tables)
            for back in _BACKS
        }
    )


def withdrawals(tables: Tables, spine: ir.Table) -> ir.Table:
    """The largest sum that a person took out at once, against what is usually kept here.

    One row per row of `spine` of a retail customer and first of a month: the largest cash withdrawal or transfer out
    that the customer started in the 30 days before it, in minor units, 0 where there was none; and its share of the
    mean of the month-end assets of twelve months, 0 where nothing was withdrawn. Null: the observed part of the
    relationship does not reach over the 30 days; the share also with fewer than `asset_months` month ends, or with a
    mean not above 0.

    Source: warning-signals.md, M47.
    """
    taken = tables.share("signals_taken", lambda: _taken(tables))
    found = tables.share("signals_withdrawals", lambda: _withdrawals(tables, taken))
    people = of_kinds(tables, spine, "retail").select(*KEYS, "opened_day")
    at = with_other(months_of(tables, people), found, BY_MONTH)
    is_whole = observed_from(tables, "transactions", at) <= at[EVALUATED] - 30
    taken = at.taken.fill_null(0)
    is_enough = (at.ends >= int(_POLICY["asset_months"])) & (at.assets > 0)
    share = ibis.ifelse(is_enough, ratio(exact(taken) * at.ends, at.assets), ibis.null("float64"))
    share = ibis.ifelse(taken == 0, ibis.literal(0.0), share)
    return at.select(
        *KEYS,
        EVALUATED,
        withdrawal_30d=ibis.ifelse(is_whole, taken.cast("float64"), ibis.null("float64")),
        withdrawal_of_assets=ibis.ifelse(is_whole, share, ibis.null("float64")),
    )


def _taken(tables: Tables) -> ir.Table:
    """The largest withdrawal of the 30 days before each first of a month, where there was one: `taken`."""
    rows = ever_of_kinds(tables, tables["transactions"], "retail")
    rows = rows.filter(rows.amount < 0, rows.kind.isin(_POLICY["withdrawals"]), rows.started_by == "customer")
    near = thirty_days(tables, rows, {})
    return near.group_by(*BY_MONTH).aggregate(taken=(-near.amount).max())


def _withdrawals(tables: Tables, taken: ir.Table) -> ir.Table:
    """Withdrawals with sum and number of the month-end assets of the twelve months before."""
    if "balances" not in tables:
        return taken.mutate(assets=ibis.null("int64"), ends=ibis.null("int64"))
    ends, unsettled = closings(tables, "own", _YEAR)
    people = ends.semi_join(taken, "customer_no")
    sums: dict[str, ir.Value] = {}
    for month in run_months(tables):
        is_inside = _lies(people, month, _YEAR)
        sums[f"assets_{month}"] = exact(people.asset).sum(where=is_inside)
        sums[f"ends_{month}"] = people.count(where=is_inside)
    wide = tables.keep("signals_asset_years", people.group_by("customer_no").aggregate(**sums))
    others = _settled_then(seen(tables, unsettled, _YEAR).semi_join(taken, BY_MONTH))
    of_others = others.group_by(*BY_MONTH).aggregate(
        other_assets=exact(others.asset).sum(), other_ends=others.count()
    )
    found = with_other(taken, by_month(tables, wide, ("assets", "ends")), BY_MONTH)
    found = with_other(found, of_others, BY_MONTH)
    return found.select(
        *BY_MONTH,
        "taken",
        assets=found.assets.fill_null(0) + found.other_assets.fill_null(0),
        ends=found.ends.fill_null(0) + found.other_ends.fill_null(0),
    )


def _lies(ends: ir.Table, month: int, reach: int) -> ir.BooleanValue:
    """Say whether a month's end lies within so many months before the first of a month."""
    return (ends.event_month >= month - reach) & (ends.event_month < month)


def _of(name: str, table: str, what: str) -> tuple[Measure, ...]:
    return (
        Measure(f"{name}_now", "money", (table,), f"{what} of the month just ended."),
        Measure(f"{name}_3m_before", "money", (table,), "The same three months before."),
        Measure(f"{name}_falling_months", "count", (table,), "Months in a row below the one before, 0 to 3."),
        Measure(f"{name}_change_3m", "share", (table,), "Change over the three months."),
    )


DEPOSITS_FALLING = MeasureTable(
    deposits,
    (
        *_of("deposits", "balances", "Deposits at the end"),
        *_of("settlement", "transactions", "Turnover"),
    ),
)

WITHDRAWALS = MeasureTable(
    withdrawals,
    (
        Measure("withdrawal_30d", "money", ("transactions",), "Largest withdrawal of 30 days."),
        Measure(
            "withdrawal_of_assets",
            "share",
            ("transactions", "balances"),
            "Its share of the mean month-end assets of twelve months.",
        ),
    ),
)
