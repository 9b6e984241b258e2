"""Measures on loans: instalments missed, collection notices left unanswered, stock as collateral."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.signals.evaluations import earliest, evaluation_days, moments, on_days
from features.signals.flows import BUSINESS, of_kinds
from features.signals.limits import limits_of
from features.signals.measures import EVALUATED, Measure, MeasureTable
from features.signals.overdue import instalments
from features.windows import KEYS, Tables, known

_POLICY = read_policy("accounts")
_ANSWER_DAYS: int = int(_POLICY["answer_days"])
_EVALUATION = (*KEYS, EVALUATED)


def missed(tables: Tables, spine: ir.Table) -> ir.Table:
    """How long, and how much, a customer is behind with instalments, and whether notices about it were answered.

    One row per row of `spine` of a customer with an instalment known by as_of, and evaluation: firsts of months,
    as_of, the days on which an unpaid instalment passed a limit of a rule (or, recorded late, became known), and
    those on which a collection notice had waited long enough. Of what is unpaid at the earliest of them, the days on
    which limits were passed before it count too. Instalments of which less than `smallest_unpaid` is unpaid are
    left out. Days from the due day of the oldest to the evaluation, and their sum in minor units; 0 where nothing is
    overdue. Notices: collection notices since that due day, at least `answer_days` old, at which and after which
    nobody was reached; the customer's own contacts count as reached.

    Source: warning-signals.md, M48 and H05; what is overdue: `instalments`.
    """
    first = tables["repayments"].group_by("customer_no").aggregate(first=lambda t: t.known_day.min())
    those = spine.select(*KEYS).join(first, "customer_no")
    those = those.filter(those["first"] <= those.as_of_day).select(*KEYS)
    passed = tables.share("signals_limits_passed", lambda: _limits_passed(tables))
    events = passed.select("customer_no", "day")
    if "contacts" in tables:
        waited = ibis.greatest(_notices(tables).event_day + _ANSWER_DAYS, _notices(tables).known_day)
        events = events.union(_notices(tables).select("customer_no", day=waited.cast("int32")))
    days = evaluation_days(tables, those, events).union(_before(tables, those, passed), distinct=True)
    late = instalments(tables, moments(days))
    late = late.mutate(unpaid=late.principal + late.interest).filter(lambda t: t.unpaid >= _smallest(tables))
    found = late.group_by(*KEYS).aggregate(
        amount=late.unpaid.sum().cast("int64"), since_day=late.due_day.min()
    )
    joined = on_days(days, _with_notices(tables, found))
    notices = joined.notices.fill_null(0) if "contacts" in tables else ibis.null("int64")
    return joined.select(
        *_EVALUATION,
        days_overdue=(joined[EVALUATED] - joined.since_day).fill_null(0).cast("float64"),
        amount_overdue=joined.amount.fill_null(0).cast("float64"),
        notices_unanswered=notices.cast("float64"),
    )


def _smallest(tables: Tables) -> int:
    """The least that counts as unpaid of an instalment, in minor units."""
    return int(_POLICY["smallest_unpaid"] * 10**tables.currency_decimals)


def _limits_passed(tables: Tables) -> ir.Table:
    """Days on which an instalment, unpaid on them, passed a limit: customer_no, `day`, `paid_by` (null: unpaid yet)."""
    rows, smallest = tables["repayments"], _smallest(tables)
    due = rows.due_principal + rows.due_interest
    is_full = rows.paid_amount.isnull() | (due - rows.paid_amount < smallest)
    paid_by = ibis.ifelse(is_full, rows.paid_day, ibis.null("int32"))
    parts = []
    for limit in limits_of("days_overdue"):
        day = ibis.greatest(rows.event_day + int(limit) + 1, rows.known_day).cast("int32")
        part = rows.select("customer_no", "until_day", day=day, paid_by=paid_by, due=due)
        parts.append(part.filter(part.due >= smallest, part.until_day > part.day))
    found = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    found = found.filter(found.paid_by.isnull() | (found.paid_by >= found.day))
    return found.select("customer_no", "day", "until_day", "paid_by").distinct()


def _before(tables: Tables, spine: ir.Table, passed: ir.Table) -> ir.Table:
    """Limits passed before the earliest evaluation by what was still unpaid at it: KEYS, `evaluated_day`."""
    at = spine.join(earliest(tables), "as_of_day").join(passed, "customer_no")
    is_unpaid = at.paid_by.isnull() | (at.paid_by >= at.earliest)
    at = at.filter(at.day < at.earliest, at.until_day > at.earliest, is_unpaid)
    return at.select(*KEYS, **{EVALUATED: at.day})


def _notices(tables: Tables) -> ir.Table:
    rows = tables["contacts"].semi_join(tables["repayments"], "customer_no")
    return rows.filter(rows.purpose == "collection_notice")


def _with_notices(tables: Tables, found: ir.Table) -> ir.Table:
    """Add the number of unanswered notices to what is overdue at each moment."""
    if "contacts" not in tables:
        return found
    rows = known(tables, "contacts", found)
    rows = rows.join(found.select(*KEYS, "since_day"), KEYS)
    is_reached = rows.outcome.fill_null("not_reached") != "not_reached"
    is_reached = is_reached | (rows.direction.fill_null("bank") == "customer")
    answered = ibis.ifelse(is_reached, rows.occurred_at, ibis.null(rows.occurred_at.type()))
    rows = rows.mutate(answered=answered.max().over(group_by=KEYS))
    open_ = rows.filter(
        rows.purpose == "collection_notice",
        rows.event_day >= rows.since_day,
        rows.event_day <= rows.as_of_day - _ANSWER_DAYS,
        rows.answered.isnull() | (rows.occurred_at > rows.answered),
    )
    counts = open_.group_by(*KEYS).aggregate(notices=open_.count())
    return found.left_join(counts, KEYS).drop("customer_no_right", "as_of_day_right")


def collateral(tables: Tables, spine: ir.Table) -> ir.Table:
    """Running loans of a business that are secured by stock.

    One row per row of `spine` of a business with such a loan known by as_of, and evaluation: firsts of months, as_of,
    and the days on which one became known. Number of loans and sum of the amounts granted, in minor units. A loan
    runs until it matures, and longer while an instalment of it is unpaid.

    Source: warning-signals.md, F16.
    """
    rows = tables["loans"]
    rows = rows.filter(rows.collateral == "inventory")
    businesses = of_kinds(tables, spine, *BUSINESS).select(*KEYS)
    those = businesses.join(rows.select("customer_no", "known_day"), "customer_no")
    those = businesses.semi_join(those.filter(those.known_day <= those.as_of_day), KEYS)
    days = evaluation_days(tables, those, rows.select("customer_no", day=rows.known_day))
    at = rows.join(moments(days), "customer_no")
    at = at.filter(at.known_day <= at.as_of_day, at.until_day > at.as_of_day)
    runs = at.matures_day >= at.as_of_day
    if "repayments" in tables:
        late = instalments(tables, at.select(*KEYS).distinct())
        late = late.filter(late.principal + late.interest > 0).select(*KEYS, "loan_id").distinct()
        late = late.mutate(is_late=True)
        at = at.left_join(late, (*KEYS, "loan_id")).drop(
            "customer_no_right", "as_of_day_right", "loan_id_right"
        )
        runs = (at.matures_day >= at.as_of_day) | at.is_late.fill_null(False)  # noqa: FBT003
    found = at.group_by(*KEYS).aggregate(
        loans=at.count(where=runs), granted=at.amount.sum(where=runs).cast("int64")
    )
    joined = on_days(days, found)
    return joined.select(
        *_EVALUATION,
        inventory_loans=joined.loans.fill_null(0).cast("float64"),
        inventory_loan_amount=joined.granted.fill_null(0).cast("float64"),
    )


OVERDUE = MeasureTable(
    missed,
    (
        Measure("days_overdue", "days", ("repayments",), "Days since the oldest unpaid instalment was due."),
        Measure("amount_overdue", "money", ("repayments",), "Principal and interest overdue."),
        Measure(
            "notices_unanswered",
            "count",
            ("repayments", "contacts"),
            "Collection notices since then after which nobody was reached.",
        ),
    ),
)

COLLATERAL = MeasureTable(
    collateral,
    (
        Measure("inventory_loans", "count", ("loans",), "Running loans whose collateral is inventory."),
        Measure("inventory_loan_amount", "money", ("loans",), "Their amounts as granted."),
    ),
)
