"""Industry features: what is said of the customer's line of business."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group(
    "industry", "profile", ("customers", "industry_outlook"), "five-factor.md, growth potential, question 3"
)
_NONE = "no industry on record, or no statement about it within the allowed age (policy/industry.yaml)"
_RULE = "The newest statement for the customer's industry and region, else for the industry at large"


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("industry", "outlook", statistic="level", unit="score", null_means=_NONE,
            definition=f"Outlook of the industry (-2..2). {_RULE}."),
        add("industry", "outlook", statistic="change", window="180d", unit="score",
            null_means="no such statement now or 180 days before",
            definition=f"Outlook of the industry minus the one that held 180 days before as_of. {_RULE}."),
        add("industry", "sales", statistic="growth", unit="share", null_means=f"{_NONE}, or it gives no figure",
            definition=f"Growth of the industry's sales. {_RULE}."),
        add("industry", "inventory", statistic="growth", unit="share", null_means=f"{_NONE}, or it gives no figure",
            definition=f"Growth of the industry's inventory days. {_RULE}."),
        add("industry", "outlook", statistic="age", unit="days", null_means=_NONE, model_input=False,
            definition=f"Days from the day of the statement to as_of. {_RULE}."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    **{feature.name: ("customers", "industry") for feature in FEATURES},
}
