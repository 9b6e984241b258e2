"""Feature groups: one expression per subject, `(tables, spine) -> one row per (customer_id, as_of)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis.expr.types as ir

from features.groups.balances import balances
from features.groups.complaints import complaints
from features.groups.contact import contact
from features.groups.profile import profile
from features.groups.signals import signals
from features.groups.snapshots import snapshots
from features.groups.transactions import transactions
from features.windows import Tables

GroupExpression = Callable[[Tables, ir.Table], ir.Table]

GROUPS: Mapping[str, GroupExpression] = {
    "contact": contact,
    "balances": balances,
    "transactions": transactions,
    "signals": signals,
    "complaints": complaints,
    "profile": profile,
    "snapshots": snapshots,
}
