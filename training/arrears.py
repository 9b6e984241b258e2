"""The label of default: an instalment that falls 60 days behind."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.windows import KEYS, Tables, onto_spine
from training.targets import LabelSettings, in_force


def default(tables: Tables, spine: ir.Table, horizon: int, settings: LabelSettings) -> ir.Table:
    """1 if an instalment falls 60 days behind within the horizon, else 0.

    One row per (customer_id, as_of) of `spine` whose customer can fall behind: an instalment's 60th day after it was
    due lies in the window, and none is 60 days behind at as_of already. Null for the others: they have no label.

    Source: contract.md, "default"; who can fall behind is an own choice.
    """
    late = settings.policy["default"]["late_days"]
    start = spine.as_of_day + settings.gap
    moments = spine.select(*KEYS, first=start, stop=start + horizon)
    repayments = in_force(tables, "repayments", settings.known_at)
    due = moments.join(
        repayments.select("customer_no", "paid_day", behind=repayments.event_day + late), "customer_no"
    )
    is_unpaid = due.paid_day.isnull() | (due.paid_day >= due.behind)
    total = due.group_by(*KEYS).aggregate(
        due=due.count(where=(due.behind >= due["first"]) & (due.behind < due.stop)),
        falls=due.count(where=(due.behind >= due["first"]) & (due.behind < due.stop) & is_unpaid),
        is_behind=due.count(
            where=(due.behind < due["first"]) & (due.paid_day.isnull() | (due.paid_day >= due["first"]))
        ),
    )
    joined = onto_spine(spine, total)
    can_fall = (joined.due > 0) & (joined.is_behind == 0)
    label = ibis.ifelse(can_fall, (joined.falls > 0).cast("float64"), ibis.null("float64"))
    return joined.select("customer_id", "as_of", label=label)
