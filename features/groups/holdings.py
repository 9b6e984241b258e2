"""Holdings: contracts open and maturing, renewed and lapsed; what is usual for the kind of customer and not held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from features.groups.balance_stages import ASSETS
from features.groups.levels import levels
from features.groups.profile import states
from features.policy import read_policy
from features.windows import KEYS, Tables, Window, counted, history_days, known, onto_spine, ratio, reached

_POLICY = read_policy("products")
FAMILIES: tuple[str, ...] = tuple(_POLICY["families"])
USUAL_PERCENT: int = int(_POLICY["usual_percent"])
CRITICAL_ILLNESS: tuple[str, ...] = tuple(_POLICY["critical_illness"])
YEAR = Window(365)
SOON = (30, 90)

_COUNTS = (
    "holding_count_open",
    "holding_family_count",
    *(f"holding_maturing_count_{days}d" for days in SOON),
    "holding_renewed_count_365d",
    "holding_lapsed_count_365d",
    "holding_broken_count_365d",
    "holding_opened_count_90d",
    "holding_opened_count_365d",
)
_AMOUNTS = {
    **{f"holding_maturing_amount_{days}d": f"holding_maturing_count_{days}d" for days in SOON},
    "holding_renewed_amount_365d": "holding_renewed_count_365d",
    "holding_lapsed_amount_365d": "holding_lapsed_count_365d",
    "insurance_cover_sum": "insured",
}
"""Feature that adds up amounts -> the number of holdings in it."""


def holdings(tables: Tables, spine: ir.Table) -> ir.Table:
    """Contracts held and given up, what matures, unmet needs, risk and insurance cover.

    One row per (customer_id, as_of) of `spine`. Money in minor units; a holding without an amount adds nothing.

    Source: balances.md, "Holdings"; customers.md, "Insurance cover".
    """
    rows = tables.keep("holdings_marked", _marked(tables, spine))
    state = states(tables, spine)
    joined = onto_spine(spine, _profile(tables, state))
    for part in (_totals(rows), _unmet(rows, state)):
        joined = onto_spine(joined, part)
    shares: dict[str, ir.Value] = {}
    if "balances" in tables:
        joined = onto_spine(joined, levels(tables, spine, {"asset": ASSETS}))
        for days in SOON:
            amount = _amount(tables, joined, f"holding_maturing_amount_{days}d")
            shares[f"holding_maturing_share_{days}d"] = ratio(amount, joined.asset_0)
    return joined.select(*KEYS, **_features(tables, joined), **shares)


def _marked(tables: Tables, spine: ir.Table) -> ir.Table:
    """Known holdings, each with what it is at as_of: open, matured, renewed by another one of the customer."""
    rows = known(tables, "holdings", spine)
    named = rows.filter(rows.renewed_from.notnull(), rows.renewed_from != rows.holding_id)
    named = named.select(*KEYS, holding_id=named.renewed_from).distinct().mutate(is_named=True)
    rows = rows.left_join(named, [*KEYS, "holding_id"])
    lasts = rows.matures_day.isnull() | (rows.matures_day >= rows.as_of_day)
    is_asset = rows["product"].isin(ASSETS)
    is_early = rows.closed_day.notnull() & (rows.closed_day < rows.matures_day).fill_null(False)  # noqa: FBT003
    return rows.select(
        *KEYS,
        "product",
        "opened_day",
        "closed_day",
        "matures_day",
        "amount",
        "sum_insured",
        "insurance_kind",
        is_asset=is_asset,
        is_open=rows.closed_day.isnull() & lasts,
        is_renewed=rows.is_named.notnull(),
        is_matured=is_asset & ~is_early & YEAR.holds(rows.matures_day, rows.as_of_day),
        is_broken=is_asset & is_early & rows.is_named.isnull() & YEAR.holds(rows.closed_day, rows.as_of_day),
        risk=_rank(rows.risk_grade, _POLICY["risk_grades"]),
    )


def _rank(word: ir.StringValue, ranks: Mapping[int, Sequence[str]]) -> ir.IntegerValue:
    """Return the rank of a word in lower case; null for one that the policy does not list."""
    pairs = [(text, ibis.literal(rank, "int32")) for rank, texts in ranks.items() for text in texts]
    return word.lower().cases(*pairs, else_=ibis.null("int32"))


def _profile(tables: Tables, state: ir.Table) -> ir.Table:
    """Whether the customer is a person, and the highest risk grade that suits the customer."""
    suits: ir.Value = ibis.null("int32")
    if "risk_preference" in tables.profile_columns:
        suits = _rank(state.risk_preference, _POLICY["risk_preferences"])
    return state.select(*KEYS, is_person=state.kind == "retail", suits=suits)


def _totals(rows: ir.Table) -> ir.Table:
    """Counts and sums of amounts, one row per KEYS with a holding."""
    is_soon = {
        days: rows.is_open & rows.is_asset & (rows.matures_day < rows.as_of_day + days) for days in SOON
    }
    is_insurance = rows.is_open & (rows["product"] == "insurance")
    is_renewed, is_lapsed = rows.is_matured & rows.is_renewed, rows.is_matured & ~rows.is_renewed
    return rows.group_by(*KEYS).aggregate(
        holding_count_open=rows.count(where=rows.is_open),
        holding_family_count=rows["product"].nunique(where=rows.is_open),
        first_day=rows.opened_day.min(where=rows.is_open),
        **{f"holding_maturing_count_{days}d": rows.count(where=is_soon[days]) for days in SOON},
        **{f"holding_maturing_amount_{days}d": rows.amount.sum(where=is_soon[days]) for days in SOON},
        holding_renewed_count_365d=rows.count(where=is_renewed),
        holding_renewed_amount_365d=rows.amount.sum(where=is_renewed),
        holding_lapsed_count_365d=rows.count(where=is_lapsed),
        holding_lapsed_amount_365d=rows.amount.sum(where=is_lapsed),
        holding_broken_count_365d=rows.count(where=rows.is_broken),
        **{
            f"holding_opened_count_{days}d": rows.count(
                where=Window(days).holds(rows.opened_day, rows.as_of_day)
            )
            for days in (90, 365)
        },
        last_opened_day=rows.opened_day.max(),
        last_closed_day=rows.closed_day.max(),
        risk=rows.risk.max(where=rows.is_open),
        insured=rows.count(where=is_insurance),
        insurance_cover_sum=rows.sum_insured.sum(where=is_insurance),
        kinds_unknown=rows.count(where=is_insurance & rows.insurance_kind.isnull()),
        critical=rows.count(where=is_insurance & rows.insurance_kind.lower().isin(CRITICAL_ILLNESS)),
    )


def _unmet(rows: ir.Table, state: ir.Table) -> ir.Table:
    """How many families are usual for the customer's kind, and how many of these the customer holds."""
    held = rows.filter(rows.is_open, rows["product"].isin(FAMILIES))
    held = held.select(*KEYS, family=held["product"]).distinct().join(state.select(*KEYS, "kind"), KEYS)
    alive = state.filter(state.closed_day.isnull()).select(*KEYS, "kind")
    size = alive.group_by("as_of_day", "kind").aggregate(customers=alive.count())
    living = held.semi_join(alive, KEYS)
    holders = living.group_by("as_of_day", "kind", "family").aggregate(holders=living.count())
    usual = holders.join(size, ["as_of_day", "kind"])
    usual = usual.filter(usual.holders * 100 >= usual.customers * USUAL_PERCENT)
    number = usual.group_by("as_of_day", "kind").aggregate(usual=usual.count())
    met = held.semi_join(usual, ["as_of_day", "kind", "family"])
    met = met.group_by(*KEYS).aggregate(met=met.count())
    wanted = state.select(*KEYS, "kind").left_join(number, ["as_of_day", "kind"])
    joined = onto_spine(wanted.select(*KEYS, "usual"), met)
    return joined.select(*KEYS, unmet=joined.usual.fill_null(0) - joined.met.fill_null(0))


def _amount(tables: Tables, joined: ir.Table, name: str) -> ir.FloatingValue:
    """Sum of the stated amounts: 0 where there is no such holding, null where none of them states an amount."""
    is_none = joined[_AMOUNTS[name]].fill_null(0) == 0
    total = ibis.ifelse(is_none, ibis.literal(0.0), joined[name].cast("float64"))
    return ibis.ifelse(reached(tables, "holdings", joined.as_of_day), total, ibis.null("float64"))


def _features(tables: Tables, joined: ir.Table) -> dict[str, ir.Value]:
    day = joined.as_of_day
    is_reached = reached(tables, "holdings", day)
    has_gap = ibis.cases(
        (joined.critical > 0, 0.0), (joined.kinds_unknown > 0, ibis.null("float64")), else_=1.0
    )
    matured = joined.holding_renewed_count_365d + joined.holding_lapsed_count_365d
    return {
        **{name: counted(tables, "holdings", joined[name], day) for name in _COUNTS},
        **{name: _amount(tables, joined, name) for name in _AMOUNTS},
        "holding_tenure_oldest_days": (day - joined.first_day).cast("float64"),
        "holding_renewed_share_365d": ratio(joined.holding_renewed_count_365d, matured),
        "holding_opening_gap_days": (day - joined.last_opened_day).cast("float64"),
        "holding_closing_gap_days": (day - joined.last_closed_day).cast("float64"),
        "holding_history_days": history_days(tables, "holdings", joined),
        "product_unmet_count": counted(tables, "holdings", joined.unmet, day),
        "holding_risk_highest": joined.risk.cast("float64"),
        "holding_risk_excess": (joined.risk - joined.suits).cast("float64"),
        "insurance_gap_critical": ibis.ifelse(joined.is_person & is_reached, has_gap, ibis.null("float64")),
    }
