"""Loans and their instalments as tables."""

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.business.events import last_day
from pipelines.sources.simulated.business.rates import LAW
from pipelines.sources.simulated.credit import COLLATERALS, GUARANTEE, Credit, Instalments
from pipelines.sources.simulated.days import NEVER, Days, Flags
from pipelines.sources.simulated.history import Bank, History
from pipelines.sources.simulated.noise import with_duplicates
from pipelines.sources.simulated.writing import chosen, dates, money, numbered, numbers, table_of

DAYS_A_MONTH = 30.44


def is_lent(bank: Bank, history: History, credit: Credit) -> Flags:
    """Whether a loan was granted before the data end and while the customer was there."""
    loans = credit.loans
    opened = bank.population.profile.opened[loans.customer]
    result: Flags = (loans.granted >= opened) & (loans.granted < last_day(bank, history, loans.customer))
    return result


def guarantors(history: History, credit: Credit) -> Days:
    """Who vouches for each loan, -1 nobody: a customer who had not left when the loan was granted."""
    loans = credit.loans
    there = (loans.guarantor >= 0) & (history.closes[loans.guarantor] > loans.granted)
    return np.where((loans.collateral == GUARANTEE) & there, loans.guarantor, -1)


def loans_table(bank: Bank, history: History, credit: Credit) -> pa.Table:
    """One row per loan; collateral has a value where it is a thing."""
    loans, guarantor = credit.loans, guarantors(history, credit)
    table = table_of(
        {
            "loan_id": numbered("L", np.arange(len(loans.customer))),
            "customer_id": numbered("C", loans.customer),
            "granted_on": dates(loans.granted),
            "amount": money(loans.amount),
            "matures_on": dates(loans.matures),
            "rate": numbers(loans.rate),
            "collateral": chosen(COLLATERALS, loans.collateral),
            "collateral_value": money(loans.collateral_value, loans.collateral_value > 0),
            "guarantor_id": numbered("C", guarantor, known=guarantor >= 0),
        }
    )
    return table.filter(pa.array(is_lent(bank, history, credit)))


def repayments_table(bank: Bank, history: History, credit: Credit) -> pa.Table:
    """One row per instalment: those due within the data, and those of the next months, unpaid so far."""
    rows = Instalments.stack([credit.instalments, _ahead(bank, history, credit)])
    kept = is_lent(bank, history, credit)[rows.loan] & (rows.due < history.closes[rows.customer])
    order = np.flatnonzero(kept)
    rows = rows.rows(order[np.lexsort((rows.loan[order], rows.due[order]))])
    is_paid = rows.paid < last_day(bank, history, rows.customer)
    table = table_of(
        {
            "loan_id": numbered("L", rows.loan),
            "customer_id": numbered("C", rows.customer),
            "due_on": dates(rows.due),
            "due_principal": money(rows.principal),
            "due_interest": money(rows.interest),
            "paid_on": dates(rows.paid, is_paid),
            "paid_amount": money(np.round(rows.principal, 2) + np.round(rows.interest, 2), is_paid),
        }
    )
    return with_duplicates(table, bank.rates.noise.duplicates, bank.streams.of("repayments twice"))


def _ahead(bank: Bank, history: History, credit: Credit) -> Instalments:
    """Instalments of the months after the data, as the plans of the loans that are still owed say."""
    loans, calendar = credit.loans, bank.calendar
    newest = np.full(bank.population.size, -1)
    newest[loans.customer] = np.arange(len(loans.customer))
    who = np.flatnonzero((newest >= 0) & (credit.owed[:, -1] > 0.01) & (history.closes > calendar.stop))
    loan, left = newest[who], credit.owed[who, -1]
    term = np.maximum(1.0, np.rint((loans.matures[loan] - loans.granted[loan]) / DAYS_A_MONTH))
    parts: list[Instalments] = []
    for month in range(calendar.months, calendar.months + LAW.months_ahead):
        principal = np.round(np.minimum(left, loans.amount[loan] / term + 0.005), 2)
        due = np.full(len(who), calendar.edge(month) + bank.rates.credit.instalment_day - 1)
        interest = np.round(left * loans.rate[loan] / 12.0, 2)
        rows = Instalments(loan, who, due, principal, interest, np.full(len(who), NEVER))
        parts.append(rows.rows(np.flatnonzero(principal > 0)))
        left = np.round(left - principal, 2)
    return Instalments.stack(parts)
