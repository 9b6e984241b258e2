"""Task and referral features: what is still to be done for the customer, what came of offers, whom he brought."""

from __future__ import annotations

from features.catalogue import Feature, Group

_SOURCE = "contact.md, Tasks, plans and referrals"
_WORK = Group("tasks", "contact", ("tasks",), _SOURCE)
_OFFERS = Group("tasks", "products", ("tasks",), _SOURCE)
_OUT = "the table does not reach the window"


def _features() -> list[Feature]:
    add, offer = _WORK.feature, _OFFERS.feature
    return [
        add("task", "count", statistic="open", unit="count", null_means=_OUT,
            definition="Tasks set before as_of and not done before it."),
        add("task", "count", statistic="overdue", unit="count", null_means=_OUT,
            definition="Open tasks whose due date lies before as_of."),
        add("task", "gap", unit="days", null_means="no task done",
            definition="Days from the last day on which a task was done to as_of."),
        add("referral", "count", window="365d", unit="count", null_means=_OUT,
            definition="Others whom the customer referred in the last 365 days, each once: named in a referral task "
                       "done in them or, where the bank has relations, in a relation 'referred' since then. Nobody "
                       "refers himself."),
        add("referral", "count", statistic="converted", window="365d", unit="count", null_means=_OUT,
            definition="Those of the referred of the last 365 days who opened a relationship before as_of."),
        offer("task", "response", statistic="share", window="365d", unit="share",
              null_means="no such task done with an outcome in the window",
              definition="Plan and directed tasks that the customer took up, over those with an outcome, done in the "
                         "last 365 days (words: policy/tasks.yaml)."),
        offer("product", "declined", statistic="count", window="365d", unit="count", null_means=_OUT,
              definition="Products that the customer declined in tasks of any kind done in the last 365 days, each "
                         "once (words: policy/tasks.yaml)."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "task_count_open": ("tasks", "done_on"),
    "task_count_overdue": ("tasks", "done_on", "due_on"),
    "task_gap_days": ("tasks", "done_on"),
    "referral_count_365d": ("tasks", "done_on", "referred_id"),
    "referral_count_converted_365d": ("tasks", "done_on", "referred_id"),
    "task_response_share_365d": ("tasks", "done_on", "outcome"),
    "product_declined_count_365d": ("tasks", "done_on", "outcome", "product"),
}
