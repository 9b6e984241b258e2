"""Credit features: what is borrowed and guaranteed, how much of the line is used, and how instalments are paid."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("credit", "credit", (), "balances.md, Credit")
_LOANS, _REPAYMENTS, _BALANCES = ("loans",), ("repayments",), ("balances",)
_OUT = "the table does not reach the window"
_RUNNING = "Running: granted before as_of and maturing on or after it."
_DUE = (
    "An instalment is principal plus interest, due before as_of; one of 0 is none. Paid: paid before as_of, and "
    "the amount is not stated or is at least what was due."
)
_OPEN = (
    "An instalment due before as_of is open while less than what was due is known to be paid; a part payment settles "
    "interest before principal."
)


def _features() -> list[Feature]:
    return [*_used(), *_instalments(), *_arrears(), *_loans(), *_guarantees(), *_others()]


def _used() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("credit", "utilisation", unit="share", tables=_BALANCES,
            null_means="no line on record, a line of 0, or no reporting date within 45 days",
            definition="Loans and card credit used at this bank on the last reporting date, over the credit line in "
                       "the newest state before as_of."),
        *(
            add("credit", "utilisation", statistic="change", window=f"{days}d", unit="share", tables=_BALANCES,
                null_means="no line on record, a line of 0, or no reporting date within 45 days before either day",
                definition=f"Loans and card credit used at as_of minus those used {days} days before, over the credit "
                           "line in the newest state before as_of.")
            for days in (90, 180)
        ),
        add("guarantee", "balance", statistic="level", unit="money", tables=_BALANCES,
            null_means="no reporting date within the last 45 days",
            definition="Guarantees that this bank gives for the customer, on the last reporting date before as_of."),
    ]  # fmt: skip


def _instalments() -> list[Feature]:
    add = _GROUP.feature
    found = []
    for days in (180, 365):
        inside = f"due in the last {days} days"
        found += [
            add("repayment", "due", statistic="count", window=f"{days}d", unit="count", tables=_REPAYMENTS,
                null_means=_OUT, definition=f"Instalments {inside}. {_DUE}"),
            add("repayment", "on_time", statistic="count", window=f"{days}d", unit="count", tables=_REPAYMENTS,
                null_means=_OUT, definition=f"Instalments {inside} that were paid by the day they were due. {_DUE}"),
            add("repayment", "on_time", statistic="share", window=f"{days}d", unit="share", tables=_REPAYMENTS,
                null_means="no instalment due in the window",
                definition=f"Instalments {inside} that were paid by the day they were due, over all {inside}. {_DUE}"),
        ]  # fmt: skip
    return [
        *found,
        add("repayment", "early", statistic="count", window="365d", unit="count", tables=_REPAYMENTS,
            null_means=_OUT,
            definition=f"Instalments due in the last 365 days that were paid before the day they were due. {_DUE}"),
        add("repayment", "part", statistic="count", window="365d", unit="count", tables=_REPAYMENTS,
            null_means=_OUT,
            definition="Instalments due before as_of of which a part was paid in the last 365 days: more than nothing "
                       "and less than what was due."),
        add("repayment", "history", unit="days", tables=_REPAYMENTS, null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


def _arrears() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("arrears", "now", unit="days", tables=_REPAYMENTS, null_means=_OUT,
            definition=f"Days from the day the oldest open instalment was due to as_of; 0 if none is open. {_OPEN}"),
        add("arrears", "worst", window="365d", unit="days", tables=_REPAYMENTS, null_means=_OUT,
            definition="Most days that an instalment was late of those open or paid in the last 365 days: to the day "
                       f"it was paid, or to as_of; 0 if none was. {_OPEN}"),
        add("arrears", "principal", statistic="sum", unit="money", tables=_REPAYMENTS, null_means=_OUT,
            definition=f"Principal of open instalments not yet paid. {_OPEN}"),
        add("arrears", "interest", statistic="sum", unit="money", tables=_REPAYMENTS, null_means=_OUT,
            definition=f"Interest of open instalments not yet paid. {_OPEN}"),
        add("arrears", "first", statistic="age", unit="days", tables=_REPAYMENTS,
            null_means="no instalment was ever seriously late",
            definition="Days since an instalment first was seriously late: open so many days (policy) after it was "
                       f"due, on a day before as_of. {_OPEN}"),
    ]  # fmt: skip


def _loans() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("loan", "running", statistic="count", unit="count", tables=_LOANS, null_means=_OUT,
            definition=f"Loans running at as_of. {_RUNNING}"),
        add("loan", "running", statistic="amount", unit="money", tables=_LOANS, null_means=_OUT,
            definition=f"Sum of the amounts lent of loans running at as_of. {_RUNNING}"),
        add("loan", "to_value", unit="ratio", tables=_LOANS, null_means="no running loan with collateral of a value",
            definition="Sum of the amounts lent over the sum of collateral values, of running loans whose collateral "
                       f"has a value above 0. {_RUNNING}"),
        add("loan", "inventory", statistic="share", unit="share", tables=_LOANS,
            null_means="no running loan whose collateral is stated",
            definition=f"Running loans secured by inventory over those whose collateral is stated. {_RUNNING}"),
        add("loan", "rate", statistic="mean", unit="share", tables=_LOANS,
            null_means="no running loan with a rate, or amounts of 0",
            definition="Mean yearly rate of running loans, weighted by the amounts lent; rates are taken to 8 "
                       f"decimals. {_RUNNING}"),
        add("loan", "gap", unit="days", tables=_LOANS, null_means="no loan known",
            definition="Days from the granting of the last loan to as_of."),
        add("loan", "maturing", statistic="count", window="90d", unit="count", tables=_LOANS, null_means=_OUT,
            definition="Running loans that mature within 90 days from as_of on."),
        add("loan", "maturing", statistic="amount", window="90d", unit="money", tables=_LOANS, null_means=_OUT,
            definition="Sum of the amounts lent of running loans that mature within 90 days from as_of on."),
    ]  # fmt: skip


def _guarantees() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("guarantee", "given", statistic="count", unit="count", tables=_LOANS, null_means=_OUT,
            definition=f"Running loans of other customers that name the customer as guarantor. {_RUNNING}"),
        add("guarantee", "given", statistic="amount", unit="money", tables=_LOANS, null_means=_OUT,
            definition="Sum of the amounts lent of running loans of other customers that name the customer as "
                       f"guarantor. {_RUNNING}"),
        add("guarantor", "count", unit="count", tables=_LOANS, null_means=_OUT,
            definition="Other customers known at as_of who are named as guarantor of the customer's running loans, "
                       f"each once. {_RUNNING}"),
    ]  # fmt: skip


def _others() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("enquiry", "count", window="90d", unit="count", tables=("facts",), null_means=_OUT,
            definition="Days of the last 90 on which a fact was noted that counts as an enquiry by another bank "
                       "(policy); a note with the value 0 says no."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "credit_utilisation": ("customers", "credit_line"),
    "credit_utilisation_change_90d": ("customers", "credit_line"),
    "credit_utilisation_change_180d": ("customers", "credit_line"),
    **{
        feature.name: ("repayments", "paid_on")
        for feature in FEATURES
        if feature.name.startswith(("repayment_on_time", "repayment_early", "arrears"))
    },
    "repayment_part_count_365d": ("repayments", "paid_on", "paid_amount"),
    "loan_to_value": ("loans", "collateral_value"),
    "loan_inventory_share": ("loans", "collateral"),
    "loan_rate_mean": ("loans", "rate"),
    "guarantee_given_count": ("loans", "guarantor_id"),
    "guarantee_given_amount": ("loans", "guarantor_id"),
    "guarantor_count": ("loans", "guarantor_id"),
}
"""Feature -> the optional table and columns that it cannot do without."""
