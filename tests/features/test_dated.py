"""Policy files: what is wrong in one is refused with file, line and remedy, before anything is computed."""

from __future__ import annotations

from datetime import date

import pytest

import features.policy
from features.policy import parse_policy, policy_names, policy_text, read_policy
from features.policy.dated import COST, SHARE_A_YEAR, parse_dated, parse_dated_lists
from features.policy.rates import parse_rates, read_rates
from features.policy.tree import PolicyError
from pipelines.cli import main

FILE = "rates.yaml"
MEASURES = {"fund.fee_rate": SHARE_A_YEAR, "contact.T": COST}
GOOD = """\
days_in_year: 365
rates:
  fund:
    fee_rate:
      - {from: 2020-01-01, value: 0.006, unit: share a year, source: price list 2020}
      - {from: 2024-07-01, value: "-0.0050", unit: share a year, source: price list 2024}
  contact:
    T:
      - {from: 2020-01-01, value: 8, unit: major units, source: own choice}
"""
SECOND = '{from: 2024-07-01, value: "-0.0050", unit: share a year, source: price list 2024}'


def test_a_value_is_in_force_from_its_date_to_the_next() -> None:
    fund = parse_dated(GOOD, FILE, "rates", MEASURES)["fund.fee_rate"]
    days = (date(2020, 1, 1), date(2024, 6, 30), date(2024, 7, 1), date(2100, 1, 1))
    assert [fund.on(day).millionths for day in days] == [6000, 6000, -5000, -5000]
    assert fund.steps[1].source == "price list 2024"


def test_a_day_before_the_first_date_has_no_value() -> None:
    fund = parse_dated(GOOD, FILE, "rates", MEASURES)["fund.fee_rate"]
    with pytest.raises(PolicyError) as refused:
        fund.on(date(2019, 12, 31))
    assert str(refused.value) == (
        "rates.yaml, line 4: expected a value of fund.fee_rate on 2019-12-31; the first is from 2020-01-01. "
        "Add a step from 2019-12-31 or earlier, or choose a later date."
    )


LISTS = GOOD[: GOOD.index("  contact:")].replace("value: 0.006", "values: [0.5, 0.006, 0.5]")
LISTS = LISTS.replace('value: "-0.0050"', "values: [1]")
LIST_MEASURES = {"fund.fee_rate": SHARE_A_YEAR}


def test_the_values_of_a_dated_list_ascend_and_each_stands_once() -> None:
    fund = parse_dated_lists(LISTS, FILE, "rates", LIST_MEASURES)["fund.fee_rate"]
    assert fund.on(date(2024, 6, 30)).millionths == (6000, 500_000)
    assert fund.on(date(2024, 7, 1)).millionths == (1_000_000,)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("values: [1]", "value: 1", "expected from, values, unit and source in a step of fund.fee_rate; got value."),
        ("values: [1]", "values: 1", "expected a list such as [30, 60] for values of fund.fee_rate; got none."),
        ("values: [1]", "values: [1, 2]", "expected -1 to 1 (share a year) for fund.fee_rate; got 2."),
        ("2024-07-01", "2020-01-01", "expected the dates of fund.fee_rate in order, each once; 2020-01-01 is there"),
    ],
)  # fmt: skip
def test_a_dated_list_keeps_the_rules_of_a_dated_number(before: str, after: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_dated_lists(LISTS.replace(before, after), FILE, "rates", LIST_MEASURES)
    assert str(refused.value).startswith(f"rates.yaml, line 6: {message}")


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("2024-07-01", "2020-01-01", 6, "2020-01-01 is there twice. Put the steps in order"),
        ("2024-07-01", "2019-07-01", 6, "2019-07-01 stands after 2020-01-01. Put the steps in order"),
        ("2024-07-01", "2024-07-32", 6, "expected a date such as 2024-01-31 for from of fund.fee_rate; got"),
        ('"-0.0050"', "0.5%", 6, "expected a number such as 0.0125 for fund.fee_rate; got '0.5%'. Write digits"),
        ('"-0.0050"', "nan", 6, "expected a number such as 0.0125 for fund.fee_rate; got 'nan'"),
        ('"-0.0050"', "true", 6, "expected a number such as 0.0125 for fund.fee_rate; got 'true'"),
        ('"-0.0050"', "1.5", 6, "expected -1 to 1 (share a year) for fund.fee_rate; got 1.5. Correct it; a percentage"),
        ('"-0.0050"', "0.0000005", 6, "expected at most six decimals for fund.fee_rate; got 0.0000005. Round it."),
        ('"-0.0050"', "", 6, "expected one value for value of fund.fee_rate; got none. Write one."),
        ('"-0.0050"', "[1, 2]", 6, "expected one value for value of fund.fee_rate; got none. Write one."),
        (SECOND, "0.005", 6, "expected a step of fund.fee_rate as a mapping (name: value); got a single value."),
        (", source: price list 2024", "", 6, "in a step of fund.fee_rate; source is missing. Add it."),
        ("price list 2024}", "x, until: 2025-01-01}", 6, "got until. A step ends where the next begins"),
        ("unit: major units", "unit: percent", 9, "expected the unit 'major units' for contact.T; got 'percent'."),
        ("value: 8,", "value: -8,", 9, "expected 0 to 1000000 (major units) for contact.T; got -8."),
        ("    T:", "    X:", 8, "such as contact.T, fund.fee_rate; got contact.X. Correct"),
        ("  fund:", "  find:", 4, "got find.fee_rate. Correct the name, or take it out."),
        ("rates:", "rate:", 1, "expected a value of fund.fee_rate in rates; there is none. Add it as a list of steps"),
        ("  contact:\n    T:", "  fund:\n    T:", 7, "expected each name once; got 'fund' again, first on line 3."),
        ("share a year, source: price list 2020}", "share a year", 6, "expected valid YAML; got"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_dated_policy_is_said_with_its_line(
    before: str, after: str, line: int, message: str
) -> None:
    assert GOOD.count(before) == 1
    with pytest.raises(PolicyError) as refused:
        parse_dated(GOOD.replace(before, after), FILE, "rates", MEASURES)
    assert str(refused.value).startswith(f"rates.yaml, line {line}: ")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  wealth: {family", "  welth: {family", "expected a product out of demand_deposit, term_deposit, wealth,"),
        ("wealth: {family: investments", "wealth: {family: fees", "expected family of wealth out of deposits, loans,"),
        ("insurance: {family: insurance, earns: fee, at", "insurance: {family: insurance, earns: tip, at",
         "expected earns of insurance out of funding, lending, fee; got 'tip'"),
        ("guarantee: {family: loans, earns: fee, at_risk: true}", "guarantee: {family: loans, earns: fee}",
         "expected family, earns and at_risk of guarantee; at_risk is missing. Add it."),
        ("not_priced: [other]", "not_priced: []", "other is in neither. Give it rates, or name it in not_priced."),
        ("not_priced: [other]", "not_priced: [other, loan]", "a product without rates out of other; got 'loan'"),
        ("late_31: 31", "late_31: 1", "expected classes of arrears that begin at 0 days and rise"),
        ("late_31: 31", "late_31: soon", "expected a whole number of days for late_31; got 'soon'. Correct it."),
        ("days_in_year: 365", "days_in_year: 0", "expected 360 or 365 days; got 0. Choose one."),
        ("    loss_given_default:", "    loss_given_defolt:", "got loan.loss_given_defolt. Correct the name"),
        ("    pos:", "    phone:", "got transaction.phone. Correct the name, or take it out."),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_rates_is_said_with_its_line(before: str, after: str, message: str) -> None:
    text = policy_text("rates")
    line = text[: text.index(before)].count("\n") + 1
    with pytest.raises(PolicyError) as refused:
        parse_rates(text.replace(before, after, 1), FILE)
    assert str(refused.value).startswith(f"rates.yaml, line {line}: ")
    assert message in str(refused.value)


def test_rates_as_delivered_price_every_product_and_channel() -> None:
    rates = read_rates()
    assert {product.name for product in rates.products} | set(rates.not_priced) == {
        "demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance", "loan", "card_credit", "guarantee",
        "other",
    }  # fmt: skip
    assert {"contact.T", "transaction.unstated", "default_probability.not_known"} <= set(rates.series)


@pytest.mark.parametrize("name", policy_names())
def test_every_policy_file_with_a_syntax_error_is_refused_with_file_and_line(name: str) -> None:
    text = policy_text(name)
    assert parse_policy(text, f"{name}.yaml") == read_policy(name)
    line = text.count("\n") + 1
    with pytest.raises(
        PolicyError, match=rf"^{name}\.yaml, line {line}: expected valid YAML; got .+Look at this"
    ):
        parse_policy(f'{text}broken: "\\x"\n', f"{name}.yaml")


def test_a_policy_file_that_is_no_text_or_no_mapping_is_refused() -> None:
    for text, line, message in (
        ("- a\n- b\n", 1, "expected a mapping (name: value); got a list."),
        ("", 1, "expected a mapping (name: value); got nothing."),
        ("a: 1\nb: \x07\n", 2, "expected valid YAML; got"),
        ("a: 1\nb: {c: 1,\n    c: 2}\n", 3, "expected each name once; got 'c' again, first on line 2."),
    ):
        with pytest.raises(PolicyError) as refused:
            parse_policy(text, "x.yaml")
        assert str(refused.value).startswith(f"x.yaml, line {line}: ")
        assert message in str(refused.value)


def test_a_command_does_not_start_with_a_broken_policy_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message and exit 1, before the command itself has looked at anything."""
    whole = policy_text
    broken = "horizon: [1\nmodels: {}\n"
    monkeypatch.setattr(
        features.policy, "policy_text", lambda name: broken if name == "reports" else whole(name)
    )
    read_policy.cache_clear()
    try:
        with pytest.raises(SystemExit) as stop:
            main(["versions"])
    finally:
        read_policy.cache_clear()
    assert stop.value.code == 1
    shown = capsys.readouterr().err
    assert "features/policy/reports.yaml, line 2: expected valid YAML" in shown
    assert "Traceback" not in shown
