"""Current contribution: what the products in use earn the bank now, per customer, product and part.

Contribution = margin + fees - cost to serve - expected loss, over the observed part of `[as_of - 365, as_of)`:

- *margin*: per product, the sum over days of the balance on that day times the margin in force on that day, a share
  a year, over 365 (ACT/365). Deposits earn transfer price - rate paid, credit rate charged - transfer price,
  everything else its fee rate. The balance on a day is that of `features.groups.balances`: the last row with
  `held_on` before the day, at most 45 days old, 0 if a later reporting date leaves the product out.
- *account_cost*: per product, the yearly cost of an account over 365 for each day on which its balance is not 0.
- *expected_loss*: per product at risk, the sum over days of the balance above 0 times probability of default times
  loss given default, over 365. The class of arrears is that of as_of, for the whole window and all products at risk:
  the loss that the bank now expects on what it lent in the year (own choice).
- *fee*, *penalty_interest*: taken from the account, refunds taken off; product `payments`.
- *contact_<channel>*, *transaction_<channel>*: their number times the cost of one; product `service`.

Rates are whole millionths; amounts and costs whole minor units of the bank's currency. Each (product, part) is
summed exactly and rounded once, half away from zero; a total is the sum of rounded parts, so a statement always adds
up. What lies beyond the observed days is not made up for: `contribution_observed_days_365d` says how many there were.

A part whose table the bank lacks is left out and named by `left_out`. The total, and every figure made of balances,
exists where the bank has `balances`; income from payments alone where it has `transactions`: fees less costs without
the margin would be no contribution (own choice). A day without a rate is refused before anything is computed.

At serving nothing is computed. The factor's value is the feature `contribution_total_365d` of the online vector, its
parts by family are the other features of the group; the statement by product is `statement` at the published as_of,
to be written beside the customer's other facts as [product, part, amount] (words are added at serving).

Source: five-factor.md, "current contribution"; what its words leave open is an own choice, said above.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.groups.product_earnings import product_sums
from features.groups.service_costs import FEES, KINDS, event_costs
from features.policy.rates import CHANNELS, Rates
from features.windows import KEYS, Tables

PAYMENTS, SERVICE = "payments", "service"
"""What stands for a product in the parts that no single product brings."""

NEEDED_TABLES: Mapping[str, tuple[str, ...]] = {
    "balances": ("margin", "account_cost", "expected_loss"),
    "transactions": (*FEES, *(f"transaction_{channel}" for channel in CHANNELS["transaction"])),
    "contacts": tuple(f"contact_{channel}" for channel in CHANNELS["contact"]),
}
"""The parts that a table gives."""


def left_out(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    """Name the parts that a bank's contribution lacks, by the table that it would take."""
    return {table: parts for table, parts in NEEDED_TABLES.items() if table not in tables}


def statement(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Say how the contribution of each customer comes about.

    One row per (customer_no, as_of_day) of `spine`, product and part that occurs in the year before as_of; a
    customer with none has no row. `amount` in minor units, costs and losses below 0: the rows of a customer add up
    to `contribution_total_365d`. `days` counts days (of a margin or loss those with a known balance, of an account's
    cost those with a balance not 0) or events. `balance_days` is the sum over the days of the balance (of a loss:
    above 0), null where the part has none. `rate_days` is the exact sum behind the amount: of a margin the sum over
    days of balance times millionths a year, of a loss of balance times millionths of millionths, of an account's cost
    of minor units a year; all of them over `Rates.days_in_year`. Null where nothing was rounded.

    Source: five-factor.md, "current contribution".
    """
    rows: list[ir.Table] = []
    if "balances" in tables:
        rows += _of_products(tables.keep("contribution_products", product_sums(tables, spine, rates)))
    for table, kind in KINDS.items():
        if table in tables:
            costs = event_costs(tables, spine, rates, table)
            rows += _of_events(tables.keep(f"contribution_{kind}_costs", costs), kind)
    lines = ibis.union(rows[0], *rows[1:]) if len(rows) > 1 else rows[0]
    return lines.semi_join(spine, KEYS)  # of a single as_of, `known` gives customers beyond the spine


def _of_products(sums: ir.Table) -> list[ir.Table]:
    held, at_risk = sums.filter(sums.held_days > 0), sums.filter(sums.loss.notnull())
    return [
        _lines(
            sums, sums["product"], "margin", amount=sums.margin, days=sums.days,
            balance_days=sums.balance_days, rate_days=sums.margin_sum,
        ),
        _lines(
            held, held["product"], "account_cost", amount=-held.account, days=held.held_days,
            rate_days=held.account_sum,
        ),
        _lines(
            at_risk, at_risk["product"], "expected_loss", amount=-at_risk.loss, days=at_risk.days,
            balance_days=at_risk.exposure_days, rate_days=at_risk.loss_sum,
        ),
    ]  # fmt: skip


def _of_events(costs: ir.Table, kind: str) -> list[ir.Table]:
    part = ibis.literal(f"{kind}_").concat(costs.channel)
    lines = [_lines(costs, SERVICE, part, amount=-costs.cost, days=costs.events)]
    for fee in FEES:
        if fee in costs.columns:
            paid = costs.group_by(*KEYS).aggregate(amount=costs[fee].sum(), days=costs[f"{fee}_events"].sum())
            paid = paid.filter(paid.days > 0)
            lines.append(_lines(paid, PAYMENTS, fee, amount=paid.amount, days=paid.days))
    return lines


def _lines(
    rows: ir.Table, product: str | ir.StringValue, part: str | ir.StringValue, **measures: ir.NumericValue
) -> ir.Table:
    """Rows of the statement; a measure that a part does not have is null."""
    types = {
        "amount": "int64",
        "days": "int64",
        "balance_days": "decimal(38, 0)",
        "rate_days": "decimal(38, 0)",
    }
    values = {name: measures.get(name, ibis.null(kind)).cast(kind) for name, kind in types.items()}
    words = {"product": product, "part": part}
    named = {name: ibis.literal(word) if isinstance(word, str) else word for name, word in words.items()}
    return rows.select(*KEYS, **named, **values)
