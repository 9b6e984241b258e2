"""Relation features: to whom the customer is tied, and whether those he influences earn or cost the bank."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("relations", "profile", ("relations",), "five-factor.md, growth potential, question 5")
_OUT = "the bank knows no relation of anybody at as_of"

GROUP_LINKS = ("shareholder", "affiliate", "parent", "subsidiary")
SUPPLY_LINKS = ("buyer", "supplier")
"""Kinds that are ties inside a group, and along a supply chain. A relation reads: other_id is the customer's kind."""


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("relation", "count", statistic="guarantor", unit="count", null_means=_OUT,
            definition="Others who guarantee for the customer."),
        add("relation", "count", statistic="guarantee", unit="count", null_means=_OUT,
            definition="Others for whom the customer guarantees."),
        add("relation", "count", statistic="group", unit="count", null_means=_OUT,
            definition="Others tied to the customer in a group (shareholder, affiliate, parent, subsidiary), whichever "
                       "of the two the relation is recorded for."),
        add("relation", "count", statistic="supply", unit="count", null_means=_OUT,
            definition="Others who buy from the customer or supply him, whichever of the two the relation is recorded "
                       "for."),
        add("relation", "count", statistic="referred", unit="count", null_means=_OUT,
            definition="Others whom the customer referred, by the relations."),
        add("is", "referred", unit="flag", null_means=_OUT,
            definition="1 if another customer referred this one, by the relations, else 0."),
        add("has", "competitor_insider", unit="flag", null_means=_OUT,
            definition="1 if a relation, in either direction, is one to an insider of a competitor, else 0."),
        add("relation", "count", statistic="closed", unit="count", null_means=_OUT,
            definition="Other customers with a relation of any kind, in either direction, who have left before as_of."),
        add("relation", "count", statistic="new", unit="count",
            null_means="no influenced customer with a known opening and a relation of known date",
            definition="Influenced customers who opened their relationship on the day of the relation or later. "
                       "Influenced: tied in a group or supply chain, in either direction, or referred by him."),
        add("relation", "asset", statistic="sum", unit="money", tables=("balances",),
            null_means="no influenced customer with a reporting date within the last 45 days",
            definition="Own-bank assets of the influenced customers, each once, on their last reporting date before "
                       "as_of, at most 45 days old."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "relation_count_closed": ("customers", "closed_on"),
    "relation_count_new": ("relations", "since"),
}
