"""Loans and repayments as tables, and what of them comes over the accounts."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.bank import Bank
from pipelines.sources.simulated.course import Visit
from pipelines.sources.simulated.credit import COLLATERALS, Credit
from pipelines.sources.simulated.days import NEVER, Days
from pipelines.sources.simulated.flows import DISBURSEMENT, PENALTY, REPAYMENT, Flows, by_bank, present_only
from pipelines.sources.simulated.history import History
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, numbers, table_of


def _loan_ids(credit: Credit, loans: Days) -> pa.Array:
    """Loans are numbered in the order of their granting days."""
    order = np.argsort(credit.loans.granted, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return numbered("L", number[loans])


def loans_table(credit: Credit) -> pa.Table:
    """One row per loan, in the order of granting."""
    order = np.argsort(credit.loans.granted, kind="stable")
    loans = credit.loans.rows(order)
    return table_of(
        {
            "loan_id": _loan_ids(credit, order),
            "customer_id": numbered("C", loans.customer),
            "granted_on": dates(loans.granted),
            "amount": money(loans.amount),
            "matures_on": dates(loans.matures),
            "rate": numbers(loans.rate),
            "collateral": chosen(COLLATERALS, loans.collateral),
            "collateral_value": money(loans.collateral_value, loans.collateral_value > 0),
            "guarantor_id": numbered("C", loans.guarantor, known=loans.guarantor >= 0),
        }
    )


def repayments_table(bank: Bank, credit: Credit) -> pa.Table:
    """One row per instalment that fell due within the data; unpaid so far where `paid_on` is null."""
    rows = credit.instalments
    is_paid = rows.paid < bank.calendar.stop
    return table_of(
        {
            "loan_id": _loan_ids(credit, rows.loan),
            "customer_id": numbered("C", rows.customer),
            "due_on": dates(rows.due),
            "due_principal": money(rows.principal),
            "due_interest": money(rows.interest),
            "paid_on": dates(np.where(is_paid, rows.paid, NEVER)),
            "paid_amount": money(rows.principal + rows.interest, is_paid),
        }
    )


def on_lending(bank: Bank, history: History, credit: Credit) -> Flows:
    """Disbursements, instalments and penalty interest that the bank books."""
    loans, rows = credit.loans, credit.instalments
    paid = rows.rows(np.flatnonzero(rows.paid < bank.calendar.stop))
    late = paid.rows(np.flatnonzero(paid.paid > paid.due + 5))
    fine = (late.principal + late.interest) * bank.rates.uses.penalty_a_day * (late.paid - late.due)
    parts = [
        by_bank(loans.customer, loans.granted, loans.amount, DISBURSEMENT),
        by_bank(paid.customer, paid.paid, -(paid.principal + paid.interest), REPAYMENT),
        by_bank(late.customer, late.paid, -np.maximum(0.01, fine), PENALTY),
    ]
    return present_only(bank, history, Flows.stack(parts))


def collection_notices(bank: Bank, history: History, credit: Credit) -> Visit:
    """Contacts that ask for an overdue instalment, some days after it fell due; half of them reach nobody."""
    rng, rows = bank.streams.of("notices"), credit.instalments
    day = rows.due + rng.integers(8, 20, len(rows.due))
    late = np.flatnonzero(
        (rows.paid > day) & (day < np.minimum(history.closes[rows.customer], bank.calendar.stop))
    )
    customer, day = rows.customer[late], day[late]
    month = np.searchsorted(
        [bank.calendar.edge(place) for place in range(1, bank.calendar.months)], day, side="right"
    )
    n = len(late)
    return Visit(
        customer=customer,
        day=day,
        month=month,
        seat=history.seat[customer, month],
        mood=history.mood[customer, month] - 0.5,
        has_decided=np.zeros(n, dtype=np.bool_),
        is_good=rng.random(n) < bank.rates.log.notice_reaches,
        severity=np.ones(n, dtype=np.int64),
    )
