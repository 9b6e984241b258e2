"""What the definition lab asks the tables, as Ibis expressions: when an event happens, and what comes after it.

The labels themselves are those of `training/targets.py` and `training/arrears.py`; here stands what they do not say.
`moments` has KEYS and the days from `first` until before `stop` that a label looks at.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy.lab import LabMeasures
from features.windows import KEYS, Tables, ratio
from training.targets import (
    LabelSettings,
    closings,
    drain_levels,
    in_force,
    level_sums,
    mean_assets,
    own_segments,
    silent_runs,
)


def closing_days(tables: Tables, moments: ir.Table, settings: LabelSettings) -> ir.Table:
    """Days on which relationships close inside the window; one row per KEYS that closes, `day`."""
    return closings(tables, moments, settings).select(*KEYS, day="closed_day")


def silent_days(tables: Tables, moments: ir.Table, settings: LabelSettings) -> ir.Table:
    """First day of the first run without a customer-started transaction; one row per KEYS with one, `day`.

    The moment of leaving is when the silence begins, not when it has lasted long enough to be called.
    """
    runs = silent_runs(tables, moments, settings)
    return runs.group_by(*KEYS).aggregate(day=runs.day.min() + 1)


def asset_ends(tables: Tables, moments: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """Mean own-bank assets before as_of and at the end of a horizon: `base`, `end`; see `drain_levels`."""
    levels = drain_levels(tables, moments, horizon, settings)
    return levels.select(*KEYS, "base", end=levels["mean"])


def low_days(tables: Tables, levels: ir.Table, share: float, settings: LabelSettings) -> ir.Table:
    """First day inside the window with own-bank assets at or below a share of the base; `day`.

    One row per KEYS of `levels` (KEYS, first, stop, base) with such a day. After the last reporting date + 45 days
    nothing is held, as in `level_sums`.
    """
    own = own_segments(tables, settings)
    last = own.filter(own.is_last)
    tail = last.mutate(
        start=last.end + 1, end=ibis.literal(2**31 - 1, "int64"), asset=ibis.literal(0, "int64")
    )
    columns = ["customer_no", "start", "end", "asset"]
    held = levels.join(own.select(*columns).union(tail.select(*columns)), "customer_no")
    inside = (held.end >= held["first"]) & (held.start < held.stop)
    held = held.filter(inside, held.base > 0, held.asset <= held.base * share)
    return held.group_by(*KEYS).aggregate(day=ibis.greatest(held.start, held["first"].cast("int64")).min())


def active_after(tables: Tables, moments: ir.Table, days: int, settings: LabelSettings) -> ir.Table:
    """KEYS whose customer starts a transaction within so many days after the window."""
    rows = in_force(tables, "transactions", settings.known_at)
    active = rows.filter(rows.started_by == "customer").select("customer_no", day=rows.event_day).distinct()
    near = moments.join(active, "customer_no")
    near = near.filter(near.day >= near.stop, near.day < near.stop + days)
    return near.select(*KEYS).distinct()


def assets_after(tables: Tables, moments: ir.Table, days: int, settings: LabelSettings) -> ir.Table:
    """Mean own-bank assets at the end of the days after the window, over as many as a drain is measured on; `mean`."""
    window = settings.policy["churn"]["drained_window_days"]
    stop = moments.stop + days
    return mean_assets(tables, moments, stop - window, stop - 1, settings).select(*KEYS, "mean")


def late_days(tables: Tables, moments: ir.Table, settings: LabelSettings) -> ir.Table:
    """First day inside the window on which an instalment is as far behind as policy asks; one row per KEYS, `day`."""
    late = settings.policy["default"]["late_days"]
    repayments = in_force(tables, "repayments", settings.known_at)
    due = moments.join(
        repayments.select("customer_no", "paid_day", behind=repayments.event_day + late), "customer_no"
    )
    due = due.filter(
        due.behind >= due["first"],
        due.behind < due.stop,
        due.paid_day.isnull() | (due.paid_day >= due.behind),
    )
    return due.group_by(*KEYS).aggregate(day=due.behind.min())


def late_after(tables: Tables, moments: ir.Table, days: int, settings: LabelSettings) -> ir.Table:
    """KEYS with an instalment that far behind and still unpaid so many days after the window."""
    late = settings.policy["default"]["late_days"]
    repayments = in_force(tables, "repayments", settings.known_at)
    due = moments.join(
        repayments.select("customer_no", "paid_day", behind=repayments.event_day + late), "customer_no"
    )
    end = due.stop + days
    due = due.filter(due.behind < end, due.paid_day.isnull() | (due.paid_day >= end))
    return due.select(*KEYS).distinct()


def block_levels(tables: Tables, pairs: ir.Table, measures: LabMeasures, settings: LabelSettings) -> ir.Table:
    """What customers had in each block of days before a moment; block 0 ends on the day before it.

    One row per (customer_no, as_of_day, block) of `pairs`, whose as_of_day is the moment, with `level`: mean
    own-bank assets over the block's observed days; without balances, turnover by the customer in the block, where a
    block without any has no row. Minor units.
    """
    count = measures.reference_blocks + measures.lead_blocks
    numbers = ibis.memtable({"block": list(range(count))})
    blocks = pairs.cross_join(numbers.mutate(block=numbers.block.cast("int32")))
    stop = blocks.as_of_day - blocks.block * measures.block_days
    blocks = blocks.mutate(w_first=stop - measures.block_days, w_last=stop - 1)
    if "balances" in tables:
        sums = level_sums(tables, blocks, settings)
        return sums.select(*KEYS, "block", level=ratio(sums.asset, sums.days))
    rows = in_force(tables, "transactions", settings.known_at)
    rows = rows.filter(rows.started_by == "customer")
    near = blocks.join(rows.select("customer_no", "event_day", size=rows.amount.abs()), "customer_no")
    near = near.filter(near.event_day >= near.w_first, near.event_day <= near.w_last)
    return near.group_by(*KEYS, "block").aggregate(level=near["size"].sum().cast("float64"))
