"""Need features: what customers have said they will want, and when they last said so."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("needs", "products", ("needs",), "five-factor.md, growth potential, questions 2 and 4")
_OUT = "the table does not reach the window"

NEED_KINDS = {
    "plan": (("expansion", "new_project"), "Development plans (more capacity or a new project)"),
    "product": (("product",), "Needs for a product"),
    "credit_request": (("credit_request",), "Requests for credit"),
}
"""Part of a feature's name -> the kinds of the contract that count, and what they are called.

Development plans are one kind: "recorded needs, capacity expansion, new projects" (five-factor.md).
"""

NEED_WINDOWS = (90, 365)


def _features() -> list[Feature]:
    add = _GROUP.feature
    windows = [(kind, text, days) for kind, (_, text) in NEED_KINDS.items() for days in NEED_WINDOWS]
    return [
        *(
            add("need", "count", statistic=kind, window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"{text} noted in the last {days} days.")
            for kind, text, days in windows
        ),
        *(
            add("need", "amount", statistic=kind, window=f"{days}d", unit="money", null_means=_OUT,
                definition=f"Sum of the amounts of: {text[0].lower()}{text[1:]} noted in the last {days} days. One "
                           "without an amount adds nothing.")
            for kind, text, days in windows
        ),
        add("need", "gap", unit="days", null_means="no need known",
            definition="Days from the last need noted, of any kind, to as_of."),
        add("product", "asked", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition="Products named in needs of any kind noted in the last 365 days, each once."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    **{feature.name: ("needs", "amount") for feature in FEATURES if feature.name.startswith("need_amount")},
    "product_asked_count_365d": ("needs", "product"),
}
