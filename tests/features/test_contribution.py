"""Contribution: statements by hand, laws, what a bank without a table gets; dated rates and what is refused in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.contribution import left_out, statement
from features.groups.contribution import contribution_at
from features.groups.profile import spine_of
from features.policy.dated import Series, Step
from features.policy.rates import Rates, day_of, read_rates
from features.policy.tree import Place, PolicyError
from features.rounding import rounded
from features.windows import Tables
from pipelines.engine import Engine
from tests.compute import compute, tell, with_ids
from tests.copies import unchanged, with_copies, with_tables
from tests.handover import Bank
from tests.oracle_contribution import half_away, lines_of
from tests.oracle_known import by_customer, known_rows, states
from tests.random_bank import random_bank

Row = dict[str, Any]
Amounts = dict[str, int]

CASES: Mapping[str, Any] = yaml.load(
    (Path(__file__).parents[1] / "cases" / "contribution.yaml").read_text(encoding="utf-8"),
    Loader=yaml.BaseLoader,
)
AS_OF = date.fromisoformat(CASES["as_of"])
MONTH_ENDS = [date(2022 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(12, 24)]


@dataclass(frozen=True)
class Contributions:
    """Statements and features of every customer of a bank at one as_of, and the parts that it lacks."""

    lines: Mapping[str, list[Row]]
    features: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, tuple[str, ...]]
    absent: frozenset[str]

    def amounts(self, customer_id: str) -> Amounts:
        return {f"{line['product']} {line['part']}": line["amount"] for line in self.lines[customer_id]}


@contextmanager
def running(bank: Bank, directory: Path, as_of: date) -> Iterator[tuple[Engine, Tables, ir.Table]]:
    """The bank's tables in an engine, and its spine."""
    computed = compute(bank, directory)
    with Engine(computed.store.bank) as engine:
        tables = replace(engine.run_of([as_of]), only_day=day_of(as_of))  # as a store is built
        yield engine, tables, engine.keep("spine", spine_of(tables, engine.moments([as_of])))


def contributions(bank: Bank, directory: Path, rates: Rates, as_of: date = AS_OF) -> Contributions:
    with running(bank, directory, as_of) as (engine, tables, spine):
        rows = engine.fetch(with_ids(spine, contribution_at(tables, spine, rates))).to_pylist()
        stated = engine.fetch(with_ids(spine, statement(tables, spine, rates))).to_pylist()
        missing, absent = left_out(tables), frozenset(engine.bank.catalogue.absent)
    lines: dict[str, list[Row]] = {row["customer_id"]: [] for row in rows}
    for line in stated:
        if line["product"] is not None:
            lines[line["customer_id"]].append(line)
    return Contributions(lines, {row["customer_id"]: row for row in rows}, missing, absent)


def case_rates() -> Rates:
    """The rates of the cases; what they do not name is 0."""
    named = {
        name: tuple(
            Step(date.fromisoformat(day), int(Decimal(value) * 10**6), "case") for day, value in steps.items()
        )
        for name, steps in CASES["rates"].items()
    }
    delivered = read_rates()
    assert set(named) <= set(delivered.series)
    nothing = (Step(date(2000, 1, 1), 0, "case"),)
    here = Place("tests/cases/contribution.yaml", 1)
    series = {name: Series(name, here, named.get(name, nothing)) for name in delivered.series}
    return replace(delivered, series=series)


def fen(text: str) -> int:
    return int(Decimal(text) * 100)


def rows_of(case: Mapping[str, Any], customer_id: str) -> Iterator[tuple[str, Row]]:
    """The raw rows of one case, with the table that each belongs to."""
    serial = iter(f"{customer_id}-{number}" for number in range(100))
    for row in case.get("balances", ()):
        days = MONTH_ENDS if row["on"] == "month_ends" else [date.fromisoformat(day) for day in row["on"]]
        for day in days:
            yield "balances", {"customer_id": customer_id, "product": row["product"], "held_on": day,
                               "balance": fen(row["balance"]), "bank": row.get("bank", "own")}  # fmt: skip
    for row in case.get("repayments", ()):
        paid, amount = row.get("paid_on"), row.get("paid_amount")
        yield "repayments", {
            "loan_id": f"{customer_id}-loan", "customer_id": customer_id, "due_on": date.fromisoformat(row["due_on"]),
            "due_principal": fen(row["due_principal"]), "due_interest": fen(row["due_interest"]),
            "paid_on": date.fromisoformat(paid) if paid else None, "paid_amount": fen(amount) if amount else None,
        }  # fmt: skip
    for row in case.get("transactions", ()):
        yield "transactions", {
            "transaction_id": next(serial), "customer_id": customer_id, "amount": fen(row["amount"]),
            "occurred_at": datetime.fromisoformat(row["at"]), "kind": row["kind"], "channel": row.get("channel"),
        }  # fmt: skip
    for row in case.get("contacts", ()):
        yield "contacts", {
            "contact_id": next(serial), "customer_id": customer_id, "occurred_at": datetime.fromisoformat(row["at"]),
            "channel": row["channel"], "outcome": row.get("outcome"),
        }  # fmt: skip


def case_bank(*tables: str) -> Bank:
    """The customers of the cases, opened in 2020; of the named tables only, if any are named."""
    found: dict[str, list[Row]] = {"customers": []}
    for case in CASES["cases"]:
        opened = date(2020, 1, 1)
        found["customers"].append({"customer_id": case["name"], "kind": "retail", "opened_on": opened})
        for table, row in rows_of(case, case["name"]):
            if table in tables or not tables:
                found.setdefault(table, []).append(row)
    first = dict.fromkeys((table for table in found if table != "customers"), date(2022, 1, 1))
    return Bank(found, data_from=first, data_until=date(2024, 1, 10))


@pytest.fixture(scope="module")
def hand_made(tmp_path_factory: pytest.TempPathFactory) -> Contributions:
    return contributions(case_bank(), tmp_path_factory.mktemp("cases"), case_rates())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_case(case: Mapping[str, Any], hand_made: Contributions) -> None:
    expected = {name: fen(amount) for name, amount in case["statement"].items()}
    assert hand_made.amounts(case["name"]) == expected, case["why"]
    assert hand_made.features[case["name"]]["contribution_total_365d"] == sum(expected.values())


def test_a_person_can_repeat_a_line(hand_made: Contributions) -> None:
    """10,000.00 on 365 days; 3,650,000.00 yuan-days; 10,000.00 x (18,000 x 181 + 16,000 x 184) millionths."""
    margin, account = sorted(
        hand_made.lines[CASES["cases"][0]["name"]], key=lambda line: line["part"], reverse=True
    )
    assert (margin["days"], margin["balance_days"]) == (365, 365_000_000)
    assert margin["rate_days"] == 1_000_000 * (18_000 * 181 + 16_000 * 184)
    assert round(margin["rate_days"] / 365 / 10**6) == margin["amount"] == 16_992
    assert (account["days"], account["balance_days"], account["rate_days"]) == (365, None, 365 * 3650)


def test_features_are_sums_of_the_statement(hand_made: Contributions) -> None:
    """The loan on time: margin 2,000.00, loss 450.41, nothing else; the largest family earned all of it."""
    loan = hand_made.features["a loan paid on time"]
    names = ("total", "loans", "deposits", "cost", "expected_loss", "largest_share", "cost_over_income")
    shown = [loan[f"contribution_{name}_365d"] for name in names]
    assert shown == [154_959, 200_000, 0, 0, 45_041, 1, 0]
    paid = hand_made.features["fees less refunds, penalty interest, and what the transactions cost"]
    assert (paid["contribution_payments_365d"], paid["contribution_cost_365d"]) == (400, 2030)
    assert paid["contribution_cost_over_income_365d"] == pytest.approx(2030 / 400, rel=1e-12)


def test_trend_compares_the_last_90_days_with_the_year(hand_made: Contributions) -> None:
    """The deposit held all year: 3 October to 31 December, 10,000 x 0.016 x 90 / 365 = 39.45, less 9.00, a day 0.3383.

    The year: 169.92 - 36.50 = 133.42, a day 0.36553.
    """
    deposit = hand_made.features[CASES["cases"][0]["name"]]
    assert deposit["contribution_trend_90d_365d"] == pytest.approx((3045 / 90) / (13_342 / 365), rel=1e-12)
    assert deposit["contribution_observed_days_365d"] == 365
    fees = hand_made.features["one fee 91 days before as_of, one 90 days before"]
    assert fees["contribution_trend_90d_365d"] == pytest.approx((990 / 90) / (1980 / 365), rel=1e-12)


def test_total_below_zero_has_no_trend_and_no_income_no_ratio(hand_made: Contributions) -> None:
    row = hand_made.features["a contact costs what its channel cost on its day, reached or not"]
    names = ("total", "largest_share", "cost_over_income")
    assert [row[f"contribution_{name}_365d"] for name in names] == [-6100, None, None]
    assert row["contribution_trend_90d_365d"] is None


def test_who_has_nothing_contributes_nothing(hand_made: Contributions) -> None:
    """A table that reaches the window and holds nothing of the customer says 0, not null."""
    row = hand_made.features["a product that nobody priced is left out"]
    assert [row[f"contribution_{name}_365d"] for name in ("total", "deposits", "payments")] == [0, 0, 0]


def test_bank_without_repayments_uses_the_rate_for_unknown_arrears(tmp_path: Path) -> None:
    """Probability 0.02 instead of 0.01: 100,000 x 0.02 x (0.40 x 181 + 0.50 x 184) / 365 = 900.82."""
    rates = case_rates()
    steps = (Step(date(2000, 1, 1), 20_000, "case"),)
    unknown = replace(rates.series["default_probability.not_known"], steps=steps)
    rates = replace(rates, series={**rates.series, "default_probability.not_known": unknown})
    found = contributions(case_bank("balances"), tmp_path, rates)
    assert found.amounts("a loan paid on time")["loan expected_loss"] == -90_082


def test_parts_without_a_table_are_left_out_by_name(tmp_path: Path) -> None:
    """Without transactions and contacts the total is margin less account cost and loss, and both are named."""
    found = contributions(case_bank("balances", "repayments"), tmp_path, case_rates())
    assert set(found.left_out) == {"transactions", "contacts"}
    assert found.left_out["transactions"][:2] == ("fee", "penalty_interest")
    assert found.features["a loan paid on time"]["contribution_total_365d"] == 154_959
    assert "contribution_payments_365d" in found.absent
    assert not found.lines["the first and the last moment of the window"]


def test_bank_without_balances_has_its_payments_and_no_total(tmp_path: Path) -> None:
    found = contributions(case_bank("transactions"), tmp_path, case_rates())
    assert {
        "contribution_total_365d",
        "contribution_cost_365d",
        "contribution_trend_90d_365d",
    } <= found.absent
    assert "contribution_payments_365d" not in found.absent
    assert found.features["the first and the last moment of the window"]["contribution_payments_365d"] == 1000
    assert set(found.left_out) == {"balances", "contacts"}


def test_costs_follow_the_decimals_of_the_currency(tmp_path: Path) -> None:
    """Without decimals a cost of 0.20 is nothing, one of 5.00 is 5; with three it is 5,000."""
    for decimals, expected in ((0, -11), (3, -11_000)):
        place = tmp_path / str(decimals)
        with running(case_bank("contacts"), place, AS_OF) as (engine, tables, spine):
            rows = engine.fetch(statement(replace(tables, currency_decimals=decimals), spine, case_rates()))
        amounts = {row["part"]: row["amount"] for row in rows.to_pylist()}
        assert amounts["contact_T"] == expected


def test_a_rate_without_a_value_on_a_day_of_the_window_is_refused(tmp_path: Path) -> None:
    """The window of 2024-01-01 begins on 2023-01-01: a rate from then on will do, one from the day after will not."""
    rates = case_rates()

    def beginning(day: date) -> Rates:
        late = Series("fund.fee_rate", Place("rates.yaml", 7), (Step(day, 1, "case"),))
        return replace(rates, series={**rates.series, "fund.fee_rate": late})

    beginning(date(2023, 1, 1)).check(AS_OF, 365)
    with running(case_bank("balances"), tmp_path, AS_OF) as (_, tables, spine), pytest.raises(
        PolicyError,
        match=r"^rates.yaml, line 7: expected a value of fund.fee_rate on 2023-01-01; the first is from "
        r"2023-01-02. Add a step",
    ):  # fmt: skip
        contribution_at(tables, spine, beginning(date(2023, 1, 2)))


def test_every_line_equals_the_oracle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, on a random bank under the rates as delivered; the lines add up to the total."""
    bank, as_of, count = random_bank(31, 120, is_whole=True), date(2025, 3, 1), 0
    found = contributions(bank, tmp_path, read_rates(), as_of)
    tables = {name: by_customer(known_rows(bank, name, as_of)) for name in bank.tables if name != "customers"}
    for customer_id in states(bank, as_of):
        own = {name: rows.get(customer_id, []) for name, rows in tables.items()}
        expected = {" ".join(key): amount for key, amount in lines_of(bank, own, as_of, 365).items()}
        assert found.amounts(customer_id) == expected, customer_id
        total = found.features[customer_id]["contribution_total_365d"]
        assert total is None or total == sum(expected.values())
        count += len(expected)
    tell(capsys, f"contribution: {count} lines of statements equal to the oracle's")


def test_rounding_is_exact_where_floats_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Halves, whole multiples and their neighbours, up to 2**49 after division, against whole numbers in Python."""
    draw, numbers = Random(3), []
    for denominator in (1, 365, 365 * 10**6, 365 * 10**12):
        for _ in range(400):
            whole = draw.choice((draw.randrange(2**49), draw.randrange(10**6), draw.randrange(4)))
            near = whole * denominator + draw.choice((0, denominator // 2, denominator // 2 + 1))
            numbers.append((denominator, draw.choice((1, -1)) * (near + draw.choice((-1, 0, 0, 1)))))
    connection = ibis.duckdb.connect()
    for denominator in {denominator for denominator, _ in numbers}:
        values = [value for each, value in numbers if each == denominator]
        table = ibis.memtable(pa.table({"text": [str(value) for value in values]}))
        shown = table.select("text", got=rounded(table.text.cast("decimal(38, 0)"), denominator))
        for row in connection.to_pyarrow(shown).to_pylist():
            expected = half_away(Fraction(int(row["text"]), denominator))
            assert int(row["got"]) == expected, (row["text"], denominator)
    tell(capsys, f"rounding: {len(numbers)} exact quotients")


DAYS = st.one_of(st.sampled_from((1, 2, 44, 45, 46, 90, 91, 365, 366, 410)), st.integers(1, 420))
HELD = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from([f"c{number}" for number in range(8)]),
        "held_on": DAYS.map(lambda back: AS_OF - timedelta(days=back)),
        "product": st.sampled_from(("demand_deposit", "fund", "loan", "guarantee", "card_credit")),
        "balance": st.integers(-(10**12), 10**12),
    }
)


def key_of(row: Row) -> tuple[Any, ...]:
    return row["customer_id"], row["held_on"], row["product"]


@settings(max_examples=2, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))
@given(
    drawn=st.lists(HELD, min_size=60, max_size=160, unique_by=key_of),
    factor=st.integers(2, 7),
)
def test_laws_of_contribution(drawn: list[Row], factor: int) -> None:
    """Parts add up to the total; a report split in two equal ones changes nothing; margins scale with their rates."""
    people = sorted({row["customer_id"] for row in drawn})
    customers = [{"customer_id": one, "kind": "retail", "opened_on": date(2020, 1, 1)} for one in people]
    plain = Bank({"customers": customers, "balances": drawn}, data_until=AS_OF)
    both = with_copies(plain, {"plain": unchanged, "split": split})
    rates = read_rates()
    with TemporaryDirectory() as directory:
        found = contributions(both, Path(directory) / "once", rates)
        more = contributions(plain, Path(directory) / "scaled", scaled(rates, factor))
    for one in people:
        first, second = f"plain:{one}", f"split:{one}"
        assert found.features[first]["contribution_total_365d"] == sum(found.amounts(first).values())
        assert found.amounts(first) == found.amounts(second)
        exact = {line["product"]: line["rate_days"] for line in margins(found, first)}
        assert {line["product"]: line["rate_days"] for line in margins(more, one)} == {
            product: sums * factor for product, sums in exact.items()
        }


def split(bank: Bank) -> Bank:
    """Each report that another follows within 45 days, but not on the next day, once more on its next day."""
    rows = bank.tables["balances"]
    dates: dict[str, list[date]] = {}
    for row in rows:
        dates.setdefault(row["customer_id"], []).append(row["held_on"])
    again = []
    for row in rows:
        later = min((day for day in dates[row["customer_id"]] if day > row["held_on"]), default=None)
        if later is not None and 1 < (later - row["held_on"]).days <= 45:
            again.append({**row, "held_on": row["held_on"] + timedelta(days=1)})
    assert again
    return with_tables(bank, {**bank.tables, "balances": [*rows, *again]})


def scaled(rates: Rates, factor: int) -> Rates:
    """The rates with every margin times a whole number."""
    names = {name for product in rates.products for name in product.margin}
    series = {
        name: replace(
            one, steps=tuple(replace(step, millionths=step.millionths * factor) for step in one.steps)
        )
        for name, one in rates.series.items()
        if name in names
    }
    return replace(rates, series={**rates.series, **series})


def margins(found: Contributions, customer_id: str) -> list[Row]:
    return [line for line in found.lines[customer_id] if line["part"] == "margin"]
