"""The declared tables against the contract's own table, copied here by hand."""

import pytest

from features.tables import ALWAYS, NEVER, STATEMENT_AMOUNTS, TABLES, BankManifest

CONTRACT = {
    "customers": "customer_id, valid_from?, kind, opened_on?, born_on?, sex?, region?, industry?, occupation?, "
    "branch?, source?, card_level?, importance?, risk_preference?, orientation?, preferred_channel?, preferred_hours?, "
    "marketing_opt_out?, manager_id?, household_id?, household_consent?, employees?, credit_line?, closed_on?",
    "managers": "manager_id, valid_from, name?, branch?, role?, superior_id?, ability?, left_on?",
    "balances": "customer_id, product, held_on, balance, bank?",
    "transactions": "transaction_id, customer_id, occurred_at, amount, kind, channel?, counterparty?, "
    "counterparty_kind?, started_by?",
    "holdings": "holding_id, customer_id, product, opened_on, matures_on?, closed_on?, amount?, renewed_from?, "
    "risk_grade?, insurance_kind?, sum_insured?",
    "loans": "loan_id, customer_id, granted_on, amount, matures_on, rate?, collateral?, collateral_value?, "
    "guarantor_id?",
    "repayments": "loan_id, customer_id, due_on, due_principal, due_interest, paid_on?, paid_amount?",
    "contacts": "contact_id, customer_id, manager_id?, occurred_at, channel, direction?, purpose?, with_role?, "
    "outcome?, "
    "warmth?, next_agreed_on?",
    "complaints": "complaint_id, customer_id, received_at, channel?, category?, about?, severity?, handler?, "
    "first_response_at?, resolved_at?, satisfied?, repeat_of?",
    "warning_signals": "signal_id, code, raised_on, customer_id?, industry?, region?, severity?, evidence?, closed_on?",
    "strain_signs": "sign_id, customer_id, code, noted_on",
    "statements": "customer_id, period_end, months, received_on?, sales?, cost_of_sales?, operating_expenses?, "
    "interest_expense?, investment_income?, fair_value_change?, non_operating_income?, non_operating_expense?, "
    "non_core_income?, disposal_income?, pre_tax_profit?, net_profit?, cash?, securities?, receivables?, "
    "related_receivables?, inventory?, current_assets?, fixed_assets?, intangibles?, total_assets?, short_term_debt?, "
    "long_term_debt?, current_liabilities?, total_liabilities?, equity?, paid_in_capital?, capital_due?, "
    "operating_cash_flow?, net_cash_flow?, capital_spending?, depreciation?, payroll?, welfare_provisions?, "
    "dividends?, capacity_use?, output_growth?",
    "facts": "customer_id, code, noted_on, value?, valid_until?, source?",
    "relations": "customer_id, other_id, kind, since?, share?",
    "needs": "need_id, customer_id, noted_on, kind, product?, amount?, urgency?",
    "tasks": "task_id, customer_id, kind, plan_id?, product?, created_on, due_on?, done_on?, outcome?, referred_id?",
    "industry_outlook": "industry, stated_on, region?, outlook, sales_growth?, inventory_days_growth?",
    "market": "series, stated_on, value",
    "snapshots": "customer_id, as_of",
    "outcomes": "customer_id, as_of, target, value",
}
KEYS = {
    "customers": "customer_id valid_from", "managers": "manager_id valid_from",
    "balances": "customer_id product held_on bank", "transactions": "transaction_id", "holdings": "holding_id",
    "loans": "loan_id", "repayments": "loan_id due_on", "contacts": "contact_id", "complaints": "complaint_id",
    "warning_signals": "signal_id", "strain_signs": "sign_id", "statements": "customer_id period_end months",
    "facts": "customer_id code noted_on", "relations": "customer_id other_id kind", "needs": "need_id",
    "tasks": "task_id", "industry_outlook": "industry region stated_on", "market": "series stated_on",
    "snapshots": "customer_id as_of", "outcomes": "customer_id as_of target",
}  # fmt: skip


@pytest.mark.parametrize("table", CONTRACT)
def test_columns_are_those_of_the_contract_and_recorded_at(table: str) -> None:
    declared = [f"{column.name}{'' if column.required else '?'}" for column in TABLES[table].columns]
    assert declared == [*CONTRACT[table].split(", "), "recorded_at?"]


def test_the_tables_and_their_keys_are_those_of_the_contract() -> None:
    assert list(TABLES) == list(CONTRACT)
    assert {name: " ".join(table.key) for name, table in TABLES.items()} == KEYS


def test_facts_that_come_later_are_masked_with_the_columns_that_hang_on_them() -> None:
    assert {name: dict(table.dated) for name, table in TABLES.items() if table.dated} == {
        "customers": {"closed_on": ()},
        "managers": {"left_on": ()},
        "holdings": {"closed_on": ()},
        "repayments": {"paid_on": ("paid_amount",)},
        "complaints": {"first_response_at": (), "resolved_at": ("satisfied",)},
        "warning_signals": {"closed_on": ()},
        "tasks": {"done_on": ("outcome", "referred_id")},
    }


def test_only_due_dates_maturities_and_the_like_may_lie_in_the_future() -> None:
    assert {name: table.future_ok for name, table in TABLES.items() if table.future_ok} == {
        "holdings": ("matures_on",),
        "loans": ("matures_on",),
        "repayments": ("due_on",),
        "contacts": ("next_agreed_on",),
        "facts": ("valid_until",),
        "tasks": ("due_on",),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_column_that_a_declaration_names_exists_and_fits(table: object) -> None:
    from features.tables import Table

    assert isinstance(table, Table)
    assert table.column(table.event).is_time
    named = [*table.key, *table.known_after, *table.future_ok, *table.dated]
    named += [column for hanging in table.dated.values() for column in hanging]
    assert set(named) <= set(table.names)
    assert all(table.column(name).is_time for name in (*table.known_after, *table.future_ok, *table.dated))
    assert all(not column.required for column in table.columns if column.default is not None)
    for column in table.columns:
        assert bool(column.allowed) == (column.type == "enum")
        assert (column.name.endswith("_at"), column.name.endswith("_on")) in (
            (column.type == "timestamp", False), (False, column.type == "date"), (False, False),
        )  # fmt: skip


def test_statements_hold_every_amount_as_money() -> None:
    assert TABLES["statements"].money == STATEMENT_AMOUNTS
    assert len(STATEMENT_AMOUNTS) == 35


def test_there_are_103_warning_signals() -> None:
    assert len(TABLES["warning_signals"].column("code").allowed) == 103


def test_an_unknown_column_is_refused_with_the_columns_there_are() -> None:
    with pytest.raises(
        KeyError, match="market has no column 'rate'; it has series, stated_on, value, recorded_at"
    ):
        TABLES["market"].column("rate")


def test_the_days_of_rows_without_bounds_are_the_ends_of_int32() -> None:
    assert (ALWAYS, NEVER) == (-(2**31), 2**31 - 1)


def test_a_manifest_survives_json_and_is_canonical() -> None:
    from datetime import date

    bank = BankManifest(
        digest="d", zone="Asia/Shanghai", currency="CNY", currency_decimals=2,
        data_from={"loans": date(2025, 1, 1)}, data_until=date(2026, 1, 1), tables={"loans": ("loan_id",)},
        fixed_profile=("region",), snapshot_columns={"age": "number"}, titles={"age": {"en": "Age", "zh": "年龄"}},
    )  # fmt: skip
    assert BankManifest.from_json(bank.to_json()) == bank
    assert BankManifest.from_json(bank.to_json()).to_json() == bank.to_json()
    assert "年龄" in bank.to_json()
