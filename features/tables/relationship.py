"""Tables about people: who the customers are, who looks after them, and what passed between them."""

from features.tables.column import Table
from features.tables.spelling import dates, flags, ids, moments, money, number, one_of, texts, whole

SIGNAL_CODES = tuple(
    f"{category}{number:02d}"
    for category, last in (("E", 8), ("F", 30), ("M", 51), ("H", 14))
    for number in range(1, last + 1)
)

CUSTOMERS = Table(
    "customers",
    (
        *ids("customer_id"),
        *dates("valid_from?"),
        *one_of("kind", "retail", "micro", "corporate", "institution"),
        *dates("opened_on?", "born_on?"),
        *texts("sex?", "region?", "industry?", "occupation?", "branch?"),
        *one_of("source?", "walk_in", "list", "cluster", "industry"),
        *one_of("card_level?", "diamond", "platinum", "gold"),
        *texts("importance?", "risk_preference?"),
        *one_of("orientation?", "relationship", "value", "service"),
        *texts("preferred_channel?", "preferred_hours?"),
        *flags("marketing_opt_out?"),
        *ids("manager_id?", "household_id?"),
        *flags("household_consent?"),
        *whole("employees?", low=0, note="own choice of the bound: nobody employs fewer than none"),
        *money("credit_line?"),
        *dates("closed_on?"),
    ),
    key=("customer_id", "valid_from"),
    event="valid_from",
    event_fallback="opened_on",
    dated={"closed_on": ()},
)

MANAGERS = Table(
    "managers",
    (
        *ids("manager_id"),
        *dates("valid_from"),
        *texts("name?", "branch?"),
        *one_of("role?", "account_manager", "lobby_manager", "teller", "wealth_adviser", "branch_head"),
        *ids("superior_id?"),
        *number("ability?"),
        *dates("left_on?"),
    ),
    key=("manager_id", "valid_from"),
    event="valid_from",
    customer_column=None,
    dated={"left_on": ()},
)

CONTACTS = Table(
    "contacts",
    (
        *ids("contact_id", "customer_id", "manager_id?"),
        *moments("occurred_at"),
        *one_of("channel", "B", "E", "L", "M", "S", "T"),
        *one_of("direction?", "bank", "customer"),
        *one_of("purpose?", "care", "review", "sale", "complaint", "collection_notice", "other"),
        *one_of("with_role?", "decision_maker", "finance", "other"),
        *one_of("outcome?", "reached", "not_reached", "interested", "declined", "complaint", "deal"),
        *whole("warmth?", low=-2, high=2),
        *dates("next_agreed_on?"),
    ),
    key=("contact_id",),
    event="occurred_at",
    future_ok=("next_agreed_on",),
)

COMPLAINTS = Table(
    "complaints",
    (
        *ids("complaint_id", "customer_id"),
        *moments("received_at"),
        *texts("channel?", "category?"),
        *one_of("about?", "manager", "bank"),
        *whole("severity?", low=1, high=5),
        *ids("handler?"),
        *moments("first_response_at?", "resolved_at?"),
        *flags("satisfied?"),
        *ids("repeat_of?"),
    ),
    key=("complaint_id",),
    event="received_at",
    dated={"first_response_at": (), "resolved_at": ("satisfied",)},
)

WARNING_SIGNALS = Table(
    "warning_signals",
    (
        *ids("signal_id"),
        *one_of("code", *SIGNAL_CODES, note="E01..E08, F01..F30, M01..M51, H01..H14"),
        *dates("raised_on"),
        *ids("customer_id?"),
        *texts("industry?", "region?"),
        *whole("severity?", low=1, high=5),
        *texts("evidence?"),
        *dates("closed_on?"),
    ),
    key=("signal_id",),
    event="raised_on",
    dated={"closed_on": ()},
)

STRAIN_SIGNS = Table(
    "strain_signs",
    (*ids("sign_id", "customer_id"), *whole("code", low=1, high=13), *dates("noted_on")),
    key=("sign_id",),
    event="noted_on",
)

FACTS = Table(
    "facts",
    (
        *ids("customer_id"),
        *texts("code"),
        *dates("noted_on"),
        *number("value?", note="own choice: a number, in the unit of its code; yes and no are 1 and 0"),
        *dates("valid_until?"),
        *texts("source?"),
    ),
    key=("customer_id", "code", "noted_on"),
    event="noted_on",
    future_ok=("valid_until",),
)

RELATIONS = Table(
    "relations",
    (
        *ids("customer_id", "other_id"),
        *one_of(
            "kind", "guarantor", "shareholder", "affiliate", "parent", "subsidiary", "buyer", "supplier",
            "referred", "competitor_insider",
        ),
        *dates("since?"),
        *number("share?", low=0, high=1, unit="share"),
    ),
    key=("customer_id", "other_id", "kind"),
    event="since",
)  # fmt: skip

NEEDS = Table(
    "needs",
    (
        *ids("need_id", "customer_id"),
        *dates("noted_on"),
        *one_of("kind", "expansion", "new_project", "product", "credit_request"),
        *texts("product?"),
        *money("amount?"),
        *texts("urgency?"),
    ),
    key=("need_id",),
    event="noted_on",
)

TASKS = Table(
    "tasks",
    (
        *ids("task_id", "customer_id"),
        *one_of("kind", "call", "cross_sell", "plan", "directed", "referral"),
        *ids("plan_id?"),
        *texts("product?"),
        *dates("created_on", "due_on?", "done_on?"),
        *texts("outcome?"),
        *ids("referred_id?"),
    ),
    key=("task_id",),
    event="created_on",
    future_ok=("due_on",),
    dated={"done_on": ("outcome", "referred_id")},
)

SNAPSHOTS = Table(
    "snapshots",
    (*ids("customer_id"), *dates("as_of")),
    key=("customer_id", "as_of"),
    event="as_of",
    known_on_the_day=True,
    open_columns=True,
)

OUTCOMES = Table(
    "outcomes",
    (
        *ids("customer_id"),
        *dates("as_of"),
        *one_of("target", "churn", "growth", "loyalty", "default", "response"),
        *number("value", note="churn, default, response: 0 or 1; growth: minor units; loyalty: 0..1"),
    ),
    key=("customer_id", "as_of", "target"),
    event="as_of",
    known_on_the_day=True,
)
