"""Classes of micro and small businesses: the cases of the business, and laws of the rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.classes.classify import classify
from features.classes.known import Business, Ground, known_of
from features.classes.reading import parse_classes, read_classes
from features.classes.records import Classified
from features.policy import parse_policy, policy_text, read_policy
from features.policy.dated import PolicyError
from tests.compute import tell

MINOR = 100
CASES = parse_policy(
    (Path(__file__).parents[1] / "cases" / "classes.yaml").read_text(encoding="utf-8"),
    "tests/cases/classes.yaml",
)
AS_OF: date = CASES["as_of"]
MONEY = ("sales", "net_assets")
FEATURES = {
    "age": "statement_gap_days",
    "sales": "statement_sales_level",
    "debt_ratio": "statement_debt_ratio",
    "sales_growth": "statement_sales_growth",
    "equity_growth": "statement_equity_growth",
}

Case = dict[str, Any]


def whole(case: Case) -> Case:
    """The case with what its `like` says; of industry, the trade that no list names."""
    like: Case = CASES["like"][case["like"]]
    found = {"industry": "food", **like, **case}
    for part in ("facts", "statement"):
        both = {**like.get(part, {}), **(case.get(part) or {})}
        found[part] = {} if part in case and case[part] is None else both
    return found


def business(case: Case) -> Business:
    statement = {
        name: value * MINOR if name in MONEY and value is not None else value
        for name, value in case["statement"].items()
    }
    features = {FEATURES[name]: value for name, value in statement.items() if name in FEATURES}
    line = case.get("line")
    features |= {
        "credit_line": None if line is None else line * MINOR,
        "credit_utilisation": case.get("used"),
        "arrears_now_days": case.get("arrears_days"),
    }
    return Business(
        as_of=AS_OF,
        born_on=case.get("born_on"),
        opened_on=case.get("opened_on"),
        industry=case["industry"],
        net_assets=statement.get("net_assets"),
        collateral_ltv=case.get("pledged"),
        facts={code: value for code, value in case["facts"].items() if value is not None},
        features=features,
    )


def ground(*not_kept: str) -> Ground:
    policy = read_classes()
    marks = frozenset(name for name, figure in policy.figures.items() if figure.is_mark)
    return Ground(policy.figures, policy.on(AS_OF, MINOR).industries, marks - set(not_kept), MINOR)


def classified(case: Case) -> Classified:
    held = known_of(ground(*case.get("not_kept", ())), business(case))
    return classify(read_classes().on(AS_OF, MINOR), held)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_a_case_of_the_business(case: Case) -> None:
    found = classified(whole(case))
    assert (found.code, found.is_fallback) == (case["class"], case.get("is_fallback", False))
    if "by" in case:
        assert list(dict.fromkeys(one.figure for one in found.criteria)) == case["by"]
    assert [one.figure for one in found.not_checked] == case.get("missing", [])


def test_there_are_cases_of_every_class(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {code: sum(case["class"] == code for case in CASES["cases"]) for code in "feabcd"}
    fallbacks = sum(case.get("is_fallback", False) for case in CASES["cases"])
    assert min(counts.values()) >= 4
    assert len({case["name"] for case in CASES["cases"]}) == len(CASES["cases"]) >= 45
    tell(capsys, f"classes: {len(CASES['cases'])} cases, {counts}, {fallbacks} of them fallbacks")


def test_every_limit_of_the_policy_decides_a_case() -> None:
    """A limit moved by a hair to either side changes some case: each is held on both sides."""
    cases = [whole(case) for case in CASES["cases"]]
    rules = read_classes().on(AS_OF, MINOR)
    held = [known_of(ground(*case.get("not_kept", ())), business(case)) for case in cases]
    before = [classify(rules, one) for one in held]
    for name, limit in rules.limits.items():
        for moved in (limit - 0.0005, limit + 0.0005):
            limits = {**rules.limits, name: moved}
            changed = type(rules)(rules.tests, rules.classes, limits, rules.guards, rules.industries, "d")
            after = [classify(changed, one) for one in held]
            differs = [one.code != two.code or one.is_fallback != two.is_fallback or one.not_checked != two.not_checked
                       for one, two in zip(before, after, strict=True)]  # fmt: skip
            if any(differs):
                break
        else:
            pytest.fail(f"no case stands at {name}")


EXEMPTING = ("litigation", "listed_vice", "malicious_arrears", "dishonest_debtor_removal", "property_deed")
"""Figures under `unless`: known, they may stand in the way of a class; not known, they do not."""


def test_what_is_not_known_never_makes_a_class() -> None:
    """Taking any one figure away gives the same class, or a later one of the order, or the fallback."""
    rules = read_classes().on(AS_OF, MINOR)
    order = [*rules.classes, "fallback"]
    tried = 0
    for case in map(whole, CASES["cases"]):
        held = known_of(ground(*case.get("not_kept", ())), business(case))
        full = classify(rules, held)
        for name in held:
            less = classify(rules, {key: value for key, value in held.items() if key != name})
            places = [order.index("fallback" if one.is_fallback else one.code) for one in (full, less)]
            if name not in (
                "litigation",
                "listed_vice",
                "malicious_arrears",
                "dishonest_debtor_removal",
                "property_deed",
            ):
                is_between = less.code == "d" and not less.is_fallback and full.is_fallback
                assert places[1] >= places[0] or is_between, (case["name"], name)
            tried += 1
    assert tried > 1000


def test_of_a_customer_of_whom_nothing_is_known_everything_is_missing() -> None:
    found = classify(read_classes().on(AS_OF, MINOR), {})
    assert (found.code, found.is_fallback, found.criteria) == ("d", True, ())
    assert {"exit_list", "barred_industry", "taxpayer", "credit_line", "stable_residence"} <= {
        one.figure for one in found.not_checked
    }


@pytest.mark.parametrize(("day", "expected"), [(-1, "b"), (0, "d")])
def test_a_limit_holds_from_its_day(day: int, expected: str) -> None:
    text = policy_text("classes")
    old = 'small: [{from: 1990-01-01, value: 500000, unit: major units, source: "customers.md, classes b and c: 50万"}]'
    assert old in text
    newer = old[:-1] + ', {from: 2024-07-01, value: 600000, unit: major units, source: "committee"}]'
    policy = parse_classes(text.replace(old, newer), "classes.yaml", read_policy("facts"))
    on = date(2024, 7, 1) + timedelta(days=day)
    case = whole({"like": "owner", "name": "x"})
    assert classify(policy.on(on, MINOR), known_of(ground(), business(case))).code == expected


@pytest.mark.parametrize(
    ("section", "newer", "case", "codes"),
    [
        (
            "  e:\n    - from: 1990-01-01",
            '  e:\n    - {from: 1990-01-01, source: "old", any: [adjust_judged]}\n    - from: 2024-07-01',
            {"like": "key", "industry": "real_estate"},
            ("a", "e"),
        ),
        (
            'class: d, source: "customers.md: default d"}',
            'class: d, source: "customers.md: default d"}\n  - {from: 2024-07-01, class: c, source: committee}',
            {"like": "owner", "used": 0.6},
            ("d", "c"),
        ),
    ],
    ids=["rule", "fallback"],
)
def test_a_rule_and_the_fallback_hold_from_their_day(
    section: str, newer: str, case: Case, codes: tuple[str, str]
) -> None:
    text = policy_text("classes")
    assert text.count(section) == 1
    policy = parse_classes(text.replace(section, newer), "classes.yaml", read_policy("facts"))
    held = known_of(ground(), business(whole(case)))
    found = tuple(classify(policy.on(day, MINOR), held).code for day in (date(2024, 6, 30), date(2024, 7, 1)))
    assert found == codes


def test_a_list_of_industries_holds_from_its_day() -> None:
    text = policy_text("classes").replace(
        "  cautious:\n", '    - {from: 2024-07-01, names: [food], source: "committee"}\n  cautious:\n', 1
    )
    policy = parse_classes(text, "classes.yaml", read_policy("facts"))
    lists = [policy.on(day, MINOR).industries["barred"] for day in (date(2024, 6, 30), date(2024, 7, 1))]
    assert ("food" in lists[0], "food" in lists[1]) == (False, True)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("- governance\n", "- goverance\n", r"line \d+: expected a fact of facts.yaml.*governance.*; got goverance"),
        ("- taxpayer\n", "- invoiced_amount\n", r"expected a limit for invoiced_amount \(money\)"),
        ("sales > sales.key", "sales > debt_ratio.key", r"limit in major units for sales; debt_ratio.key is in share"),
        ("sales > sales.key", "sales > sale.key", r"expected a limit such as .*sales.key.*; got sale.key"),
        ("sales > sales.key", "sales over sales.key", r"got 'sales over sales.key'"),
        ("unless: [between_classes]", "without: [between_classes]", r"expected one of all, any.*; got without"),
        ("      all:\n        - accounts_sound", "      every:\n        - accounts_sound", r"got from, source, every"),
        ("  c:\n    - from: 1990-01-01", "  g:\n    - from: 1990-01-01", r"each of a, b, c, d, e, f once in rules"),
        ("class: d,", "class: x,", r"expected class as one of a, b, c, d, e, f; got 'x'"),
        ("  cautious:\n", "  careful:\n", r"expected the lists barred, cautious; got barred, careful"),
        ("net_assets: {unit: money,", "net_worth: {unit: money,", r"expected a feature for net_worth"),
        ("feature: credit_line,", "", r"expected a feature for credit_line"),
        ("while: statement_age <=", "while: age <=", r"a figure and a limit that exist in while of net_assets"),
        ('  f:\n    - from: 1990-01-01', '  f:\n    - from: soon', r"expected a date such as .*'soon'"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_in_the_policy_is_refused(before: str, after: str, message: str) -> None:
    text = policy_text("classes")
    assert text.count(before) >= 1
    with pytest.raises(PolicyError, match=message):
        parse_classes(text.replace(before, after, 1), "classes.yaml", read_policy("facts"))


def test_a_day_before_the_policy_is_refused() -> None:
    with pytest.raises(
        PolicyError, match=r"line \d+: expected .* on 1989-12-31; the first is from 1990-01-01"
    ):
        read_classes().on(date(1989, 12, 31), MINOR)
