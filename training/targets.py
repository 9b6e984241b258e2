"""Labels: what became of a customer after as_of, as Ibis expressions over prepared tables.

Every label looks at `[as_of + gap, as_of + gap + horizon)` and at rows that the bank knew at `known_at`
(a day number): training on a test date sees labels as they stood on that date, never corrections made later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir

from features.groups.balance_stages import ASSETS, overlap, reports, segments
from features.policy import read_policy
from features.windows import KEYS, Tables, exact, masked, onto_spine, ratio

FOREVER = 2**31 - 1


@dataclass(frozen=True)
class LabelSettings:
    """What a label needs besides the tables: the policy, the unit of money, and what was known when.

    `policy` is the bank's own target policy, unless another definition is to be tried.
    """

    known_at: int
    decimals: int = 2
    gap: int = 0
    policy: Mapping[str, Any] = field(default_factory=lambda: read_policy("targets"))


def in_force(tables: Tables, name: str, known_at: int) -> ir.Table:
    """Rows of a table as the bank knew them at a day, later facts set to null."""
    rows = tables[name]
    rows = rows.filter(rows.known_day <= known_at, rows.until_day > known_at)
    return masked(rows, name, ibis.literal(known_at))


def churn(tables: Tables, spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """1 if the customer leaves or all but leaves within the horizon, else 0.

    One row per (customer_id, as_of) of `spine`. Three clauses: the relationship closes; a run of 90 days
    without customer-started transactions lies wholly inside the window (unless an unmatured product keeps the
    assets); own-bank assets are drained at the end of a listed horizon up to this one. A clause whose table
    is missing is left out. Nested by construction: churn at 90 implies churn at 180.

    Source: contract.md, "churn".
    """
    moments = label_windows(spine, horizon, settings)
    clauses = [closings(tables, moments, settings)]
    if "transactions" in tables:
        clauses.append(silent_runs(tables, moments, settings))
    if "balances" in tables:
        clauses.extend(
            _drained(tables, moments, other, settings) for other in listed_horizons(horizon, settings)
        )
    joined = spine
    for clause in clauses:
        hit = clause.select(*KEYS).distinct().mutate(hit=ibis.literal(1))
        joined = onto_spine(joined, hit)
        joined = joined.mutate(
            label=ibis.greatest(
                joined.hit.fill_null(0), joined.label if "label" in joined.columns else ibis.literal(0)
            )
        ).drop("hit")
    return joined.select("customer_id", "as_of", label=joined.label.cast("float64"))


def label_windows(spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """Return what a label looks at: KEYS, and its days from `first` until before `stop`."""
    start = spine.as_of_day + settings.gap
    return spine.select(*KEYS, first=start, stop=start + horizon)


def listed_horizons(horizon: int, settings: LabelSettings) -> list[int]:
    """Horizons of churn up to this one: at the end of each, drained assets are churn."""
    return [other for other in settings.policy["churn"]["horizons"] if other <= horizon]


def closings(tables: Tables, moments: ir.Table, settings: LabelSettings) -> ir.Table:
    """Relationships that close inside the window; one row per KEYS, with `closed_day`."""
    customers = in_force(tables, "customers", settings.known_at)
    closing = customers.group_by("customer_no").aggregate(closed_day=customers.closed_day.min())
    joined = moments.join(closing, "customer_no")
    return joined.filter(joined.closed_day >= joined.first, joined.closed_day < joined.stop)


def silent_runs(tables: Tables, moments: ir.Table, settings: LabelSettings) -> ir.Table:
    """Find runs of inactivity wholly inside the window that nothing exempts; one row per (customer_id, as_of, run).

    `day` is the one before the run's first, `last` the one on which the run is as long as policy asks.
    """
    policy = settings.policy["churn"]
    run_days = policy["inactive_run_days"]
    rows = in_force(tables, "transactions", settings.known_at)
    days = rows.filter(rows.started_by == "customer").select("customer_no", day=rows.event_day).distinct()
    inside = moments.join(days, "customer_no")
    inside = inside.filter(inside.day >= inside.first, inside.day < inside.stop)
    columns = [*KEYS, "first", "stop"]
    edges = moments.select(*columns, day=(moments.first - 1).cast("int32")).union(
        inside.select(*columns, day=inside.day.cast("int32"))
    )
    later = edges.day.lead().over(group_by=KEYS, order_by="day")
    runs = edges.mutate(later=ibis.coalesce(later, edges.stop))
    runs = runs.filter(runs.later - runs.day - 1 >= run_days)
    runs = runs.mutate(last=(runs.day + run_days).cast("int32"))
    if "balances" not in tables or "holdings" not in tables:
        return runs
    return runs.anti_join(_exempt(tables, runs, settings), [*KEYS, "last"])


def _exempt(tables: Tables, runs: ir.Table, settings: LabelSettings) -> ir.Table:
    """Runs on whose 90th day an unmatured product is held and assets exceed 80% of their earlier mean."""
    policy = settings.policy["churn"]
    holdings = in_force(tables, "holdings", settings.known_at)
    held = runs.join(holdings.select("customer_no", "opened_day", "matures_day", "closed_day"), "customer_no")
    held = held.filter(
        held.opened_day <= held.last,
        held.matures_day > held.last,
        held.closed_day.isnull() | (held.closed_day > held.last),
    )
    held = held.select(*KEYS, "first", "last").distinct()
    base = mean_assets(
        tables, held, held.as_of_day - policy["base_window_days"], held.as_of_day - 1, settings
    )
    level = mean_assets(tables, held, held.last, held.last, settings)
    both = base.rename(base="mean").join(level, [*KEYS, "last"])
    return both.filter(both["mean"] > both.base * policy["exempt_assets_share"])


def _drained(tables: Tables, moments: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    policy = settings.policy["churn"]
    levels = drain_levels(tables, moments, horizon, settings)
    least = policy["drained_minimum_fall"] * 10**settings.decimals
    return levels.filter(is_drained(levels.base, levels["mean"], policy["drained_share"], least))


def is_drained(base: Any, mean: Any, share: float, least: float) -> Any:
    """Say whether assets fell from `base` to at most a share of it, and by at least so much; columns or arrays."""
    return (base > 0) & (mean <= base * share) & (base - mean >= least)


def drain_levels(tables: Tables, moments: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """Own-bank assets before as_of and at the end of a horizon: `base` and `mean`; one row per KEYS with both."""
    policy = settings.policy["churn"]
    window = policy["drained_window_days"]
    stop = moments.first + horizon
    rows = moments.mutate(last=stop - 1)
    base = mean_assets(
        tables, rows, rows.as_of_day - policy["base_window_days"], rows.as_of_day - 1, settings
    )
    end = mean_assets(tables, rows, stop - window, stop - 1, settings)
    return base.rename(base="mean").join(end, [*KEYS, "last"])


def mean_assets(
    tables: Tables, rows: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue, settings: LabelSettings
) -> ir.Table:
    """Mean own-bank assets over the days first..last; one row per row of `rows` with an observed day, in `mean`."""
    sums = level_sums(tables, rows.mutate(w_first=first, w_last=last), settings)
    return sums.mutate(mean=ratio(sums.asset, sums.days)).filter(lambda t: t["mean"].notnull())


def level_sums(tables: Tables, rows: ir.Table, settings: LabelSettings) -> ir.Table:
    """Sums of daily own-bank assets and loans over `w_first`..`w_last` (both included), and the observed days.

    Days after the last reporting date + 45 days count as observed with nothing held: a customer whose balances
    are no longer reported is gone (own choice). One row per row of `rows` with an observed day.
    """
    own = own_segments(tables, settings)
    joined = rows.join(own, "customer_no")
    n = overlap(joined, joined.w_first, joined.w_last)
    tail_start = ibis.greatest(joined.w_first.cast("int64"), joined.end + 1)
    tail = ibis.ifelse(
        joined.is_last,
        ibis.greatest(joined.w_last.cast("int64") - tail_start + 1, ibis.literal(0, "int64")),
        0,
    )
    each = joined.mutate(
        n=n + tail, asset_days=exact(joined.asset) * exact(n), loan_days=exact(joined.loan) * exact(n)
    )
    keys = [column for column in rows.columns if column not in {"w_first", "w_last"}]
    total = each.group_by(keys).aggregate(
        days=each.n.sum(), asset=each.asset_days.sum(), loan=each.loan_days.sum()
    )
    return total.filter(total.days > 0)


def own_segments(tables: Tables, settings: LabelSettings) -> ir.Table:
    """Segments of own balances: a value per customer from `start` to `end`, and whether it is the newest."""
    rows = in_force(tables, "balances", settings.known_at)
    rows = rows.filter(rows.bank.fill_null("own") == "own")
    rows = rows.mutate(as_of_day=ibis.literal(settings.known_at))
    own = segments(reports(rows))
    newest = own.event_day.max().over(group_by="customer_no")
    return own.select("customer_no", "start", "end", "asset", "loan", is_last=own.event_day == newest)


def growth(tables: Tables, spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """Change of what the customer has with the bank, in minor units; null where nothing was observed.

    One row per (customer_id, as_of) of `spine`, with `label` and `level` (the previous level: what the change
    is measured from). With balances: mean own-bank assets plus loans over the last 30 days of the horizon minus
    their mean over the 90 days before as_of, every scheduled instalment since then added back. Without: turnover
    in the horizon minus turnover of the same length before.

    Source: contract.md, "growth".
    """
    if "balances" not in tables:
        return _turnover_growth(tables, spine, horizon, settings)
    policy = settings.policy["growth"]
    stop = spine.as_of_day + settings.gap + horizon
    base_first = spine.as_of_day - policy["base_window_days"]
    base = _level(tables, spine.mutate(w_first=base_first, w_last=spine.as_of_day - 1), settings)
    end = _level(tables, spine.mutate(w_first=stop - policy["end_window_days"], w_last=stop - 1), settings)
    both = onto_spine(spine, base.select(*KEYS, base="level"))
    both = onto_spine(both, end.select(*KEYS, end="level"))
    return both.select("customer_id", "as_of", label=both.end - both.base, level=both.base)


def _level(tables: Tables, rows: ir.Table, settings: LabelSettings) -> ir.Table:
    """Mean assets plus loans plus instalments scheduled since 90 days before as_of, over the observed days."""
    sums = level_sums(tables, rows, settings)
    level = ratio(sums.asset + sums.loan, sums.days)
    if "repayments" not in tables:
        return sums.mutate(level=level)
    repaid = _repaid_days(tables, rows, settings)
    joined = onto_spine(sums, repaid)
    added = ratio(joined.repaid.fill_null(0), joined.days)
    return joined.mutate(level=ratio(joined.asset + joined.loan, joined.days) + added)


def _repaid_days(tables: Tables, rows: ir.Table, settings: LabelSettings) -> ir.Table:
    """Sum over the window's observed days of the principal due since 90 days before as_of and before the day."""
    schedule = tables["repayments"]
    schedule = schedule.filter(schedule.until_day > settings.known_at)
    due = rows.join(schedule.select("customer_no", "due_principal", due=schedule.event_day), "customer_no")
    since = due.as_of_day - settings.policy["growth"]["base_window_days"]
    due = due.filter(due.due >= since, due.due < due.w_last)
    due = due.mutate(w_first=ibis.greatest(due.w_first, due.due + 1))
    counted = level_sums(tables, due.select(*KEYS, "w_first", "w_last", "due", "due_principal"), settings)
    each = counted.mutate(part=exact(counted.due_principal) * exact(counted.days))
    return each.group_by(*KEYS).aggregate(repaid=each.part.sum())


def _turnover_growth(tables: Tables, spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    rows = in_force(tables, "transactions", settings.known_at)
    rows = rows.filter(rows.started_by == "customer")
    start = spine.as_of_day + settings.gap
    moments = spine.select(*KEYS, first=start, stop=start + horizon)
    near = moments.join(rows.select("customer_no", "event_day", size=rows.amount.abs()), "customer_no")
    after = (near.event_day >= near.first) & (near.event_day < near.stop)
    before = (near.event_day >= near.as_of_day - horizon) & (near.event_day < near.as_of_day)
    total = near.group_by(*KEYS).aggregate(
        after=near["size"].sum(where=after), before=near["size"].sum(where=before)
    )
    joined = onto_spine(spine, total)
    level = joined.before.fill_null(0).cast("float64")
    return joined.select(
        "customer_id", "as_of", label=joined.after.fill_null(0).cast("float64") - level, level=level
    )


def loyalty(tables: Tables, spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """Share of the horizon's 30-day blocks in which the customer is active and keeps what was held.

    One row per (customer_id, as_of) of `spine`; 0..1. Active: a customer-started transaction in the block
    (where `transactions` exists). Keeps: on the block's last day every asset product held at as_of is still
    held, by `balances`, or by `holdings` where there are no balances. Loans are not asked for: repaying one on
    schedule is not disloyal.

    Source: contract.md, "loyalty".
    """
    length = settings.policy["loyalty"]["block_days"]
    count = horizon // length
    numbers = ibis.memtable({"block": list(range(count))})
    blocks = spine.select(*KEYS).cross_join(numbers.mutate(block=numbers.block.cast("int32")))
    start = blocks.as_of_day + settings.gap
    blocks = blocks.mutate(first=start + blocks.block * length, last=start + (blocks.block + 1) * length - 1)
    if "transactions" in tables:
        blocks = blocks.semi_join(_active_blocks(tables, blocks, settings), [*KEYS, "block"])
    if "balances" in tables:
        blocks = blocks.anti_join(_lost_balances(tables, blocks, settings), [*KEYS, "block"])
    elif "holdings" in tables:
        blocks = blocks.anti_join(_lost_holdings(tables, blocks, settings), [*KEYS, "block"])
    kept = blocks.group_by(*KEYS).aggregate(kept=blocks.count())
    joined = onto_spine(spine, kept)
    return joined.select(
        "customer_id", "as_of", label=joined.kept.fill_null(0).cast("float64") / float(count)
    )


def _active_blocks(tables: Tables, blocks: ir.Table, settings: LabelSettings) -> ir.Table:
    rows = in_force(tables, "transactions", settings.known_at)
    days = rows.filter(rows.started_by == "customer").select("customer_no", day=rows.event_day).distinct()
    near = blocks.join(days, "customer_no")
    return near.filter(near.day >= near["first"], near.day <= near["last"])


def _lost_balances(tables: Tables, blocks: ir.Table, settings: LabelSettings) -> ir.Table:
    """Blocks on whose last day a product with a balance above 0 at as_of has none."""
    rows = in_force(tables, "balances", settings.known_at)
    rows = rows.filter(rows.bank.fill_null("own") == "own")
    rows = rows.mutate(as_of_day=ibis.literal(settings.known_at))
    dates = segments(reports(rows)).select("customer_no", "event_day", "start", "end")
    held = rows.filter(rows["product"].isin(ASSETS), rows.balance > 0)
    held = held.select("customer_no", "event_day", product=held["product"]).join(
        dates, ["customer_no", "event_day"]
    )
    held = held.select("customer_no", "product", "start", "end")
    moments = blocks.select(*KEYS).distinct().join(held, "customer_no")
    moments = moments.filter(moments.start <= moments.as_of_day, moments.end >= moments.as_of_day)
    wanted = blocks.join(moments.select(*KEYS, "product"), KEYS)
    wanted = wanted.select(*KEYS, "block", "last", "product")
    found = wanted.join(held, ["customer_no", "product"])
    found = found.filter(found.start <= found["last"], found.end >= found["last"])
    return wanted.anti_join(found, [*KEYS, "block", "product"])


def _lost_holdings(tables: Tables, blocks: ir.Table, settings: LabelSettings) -> ir.Table:
    """Blocks on whose last day no holding is open of a product of which one was open at as_of."""
    rows = in_force(tables, "holdings", settings.known_at)
    held = rows.filter(rows["product"].isin(ASSETS)).select(
        "customer_no", "product", "opened_day", "closed_day"
    )
    moments = blocks.select(*KEYS).distinct().join(held, "customer_no")
    moments = moments.filter(
        moments.opened_day < moments.as_of_day,
        moments.closed_day.isnull() | (moments.closed_day >= moments.as_of_day),
    )
    wanted = blocks.join(moments.select(*KEYS, "product").distinct(), KEYS)
    wanted = wanted.select(*KEYS, "block", "last", "product")
    found = wanted.join(held, ["customer_no", "product"])
    found = found.filter(
        found.opened_day <= found["last"], found.closed_day.isnull() | (found.closed_day > found["last"])
    )
    return wanted.anti_join(found, [*KEYS, "block", "product"])
