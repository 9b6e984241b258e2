"""Every feature group by the name of its subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis.expr.types as ir

from features.groups.balances import balances
from features.groups.complaints import complaints
from features.groups.contact import contact
from features.groups.contribution import contribution
from features.groups.credit import credit
from features.groups.facts import facts
from features.groups.holdings import holdings
from features.groups.industry import industry
from features.groups.managers import managers
from features.groups.market import market
from features.groups.needs import needs
from features.groups.profile import profile
from features.groups.relations import relations
from features.groups.signals import signals
from features.groups.snapshots import snapshots
from features.groups.statements import statements
from features.groups.strain import strain
from features.groups.tasks import tasks
from features.groups.transactions import transactions
from features.windows import Tables

GroupExpression = Callable[[Tables, ir.Table], ir.Table]

GROUPS: Mapping[str, GroupExpression] = {
    "contact": contact,
    "balances": balances,
    "transactions": transactions,
    "contribution": contribution,
    "holdings": holdings,
    "credit": credit,
    "signals": signals,
    "statements": statements,
    "complaints": complaints,
    "strain": strain,
    "needs": needs,
    "tasks": tasks,
    "managers": managers,
    "relations": relations,
    "facts": facts,
    "profile": profile,
    "industry": industry,
    "market": market,
    "snapshots": snapshots,
}
