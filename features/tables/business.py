"""Tables about money: balances, transactions, holdings, loans, statements, and the market they stand in."""

from features.tables.column import Table
from features.tables.spelling import dates, ids, moments, money, number, one_of, texts, unsigned_money, whole

PRODUCTS = (
    "demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance",
    "loan", "card_credit", "guarantee", "other",
)  # fmt: skip
STATEMENT_AMOUNTS = (
    "sales", "cost_of_sales", "operating_expenses", "interest_expense", "investment_income",
    "fair_value_change", "non_operating_income", "non_operating_expense", "non_core_income",
    "disposal_income", "pre_tax_profit", "net_profit", "cash", "securities", "receivables",
    "related_receivables", "inventory", "current_assets", "fixed_assets", "intangibles", "total_assets",
    "short_term_debt", "long_term_debt", "current_liabilities", "total_liabilities", "equity",
    "paid_in_capital", "capital_due", "operating_cash_flow", "net_cash_flow", "capital_spending",
    "depreciation", "payroll", "welfare_provisions", "dividends",
)  # fmt: skip

BALANCES = Table(
    "balances",
    (
        *ids("customer_id"),
        *one_of("product", *PRODUCTS),
        *dates("held_on"),
        *money("balance"),
        *one_of("bank?", "own", "elsewhere", "nonbank", note="null: this bank", default="own"),
    ),
    key=("customer_id", "product", "held_on", "bank"),
    event="held_on",
)

TRANSACTIONS = Table(
    "transactions",
    (
        *ids("transaction_id", "customer_id"),
        *moments("occurred_at"),
        *money("amount"),
        *one_of(
            "kind", "transfer", "cash", "salary", "payment", "purchase", "fee", "interest",
            "penalty_interest", "loan_disbursement", "loan_repayment", "dividend", "tax", "other",
        ),
        *one_of("channel?", "branch", "atm", "online", "mobile", "pos", "system"),
        *ids("counterparty?"),
        *one_of(
            "counterparty_kind?", "own_elsewhere", "nonbank_lender", "payment_institution", "supplier",
            "buyer", "employee", "authority", "person",
        ),
        *one_of("started_by?", "customer", "bank"),
    ),
    key=("transaction_id",),
    event="occurred_at",
)  # fmt: skip

HOLDINGS = Table(
    "holdings",
    (
        *ids("holding_id", "customer_id"),
        *one_of("product", *PRODUCTS, note="own choice: the products of balances, so that families agree"),
        *dates("opened_on", "matures_on?", "closed_on?"),
        *money("amount?"),
        *ids("renewed_from?"),
        *texts("risk_grade?", "insurance_kind?"),
        *money("sum_insured?"),
    ),
    key=("holding_id",),
    event="opened_on",
    future_ok=("matures_on",),
    dated={"closed_on": ()},
)

LOANS = Table(
    "loans",
    (
        *ids("loan_id", "customer_id"),
        *dates("granted_on"),
        *money("amount"),
        *dates("matures_on"),
        *number("rate?", unit="share a year"),
        *one_of("collateral?", "property", "vehicle", "deposit", "inventory", "guarantee", "none"),
        *money("collateral_value?"),
        *ids("guarantor_id?"),
    ),
    key=("loan_id",),
    event="granted_on",
    future_ok=("matures_on",),
)

REPAYMENTS = Table(
    "repayments",
    (
        *ids("loan_id", "customer_id"),
        *dates("due_on"),
        *unsigned_money(
            "due_principal", "due_interest", note="own choice of the bound: no less than nothing is due"
        ),
        *dates("paid_on?"),
        *money("paid_amount?"),
    ),
    key=("loan_id", "due_on"),
    event="due_on",
    future_ok=("due_on",),
    dated={"paid_on": ("paid_amount",)},
)

STATEMENTS = Table(
    "statements",
    (
        *ids("customer_id"),
        *dates("period_end"),
        *whole("months", low=1, high=24, note="own choice of the bound: a first business year may be long"),
        *dates("received_on?"),
        *money(*(f"{name}?" for name in STATEMENT_AMOUNTS)),
        *number("capacity_use?", low=0, unit="share"),
        *number("output_growth?", unit="share"),
    ),
    key=("customer_id", "period_end", "months"),
    event="period_end",
    known_after=("received_on",),
)

INDUSTRY_OUTLOOK = Table(
    "industry_outlook",
    (
        *texts("industry"),
        *dates("stated_on"),
        *texts("region?"),
        *number("outlook", low=-2, high=2),
        *number("sales_growth?", unit="share"),
        *number("inventory_days_growth?", unit="share"),
    ),
    key=("industry", "region", "stated_on"),
    event="stated_on",
    customer_column=None,
)

MARKET = Table(
    "market",
    (*texts("series"), *dates("stated_on"), *number("value")),
    key=("series", "stated_on"),
    event="stated_on",
    customer_column=None,
)
