"""The catalogue of 103 signals: complete, true to its examples, and refused with file, line and remedy if not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from features.policy import policy_text
from features.policy.tree import PolicyError
from features.signals.conditions import holds, severity
from features.signals.evidence import measures_said, written
from features.signals.reading import parse_signals, read_signals
from features.signals.records import KINDS, Combination, Condition, SignalCatalogue
from features.signals.registry import MEASURE_TABLES, check_measures
from features.tables import SIGNAL_CODES

FILE = "signals.yaml"
COMPUTED = (
    "E08", *(f"F{number:02d}" for number in (*range(1, 19), 20, 24, 25, 26, 27, 29, 30)),
    *(f"M{number:02d}" for number in (1, 3, 5, 7, 8, 10, 12, 13, 14, 15, 18, 19, 34, 39, 42, 43, 45, 46, 47, 48)),
    "H05", "H07", "H08", "H09", "H11", "H13",
)  # fmt: skip
"""Codes for which warning-signals.md gives a rule."""

ALSO_RETAIL = ("M39", "M42", "M43", "M44", "M45", "M46", "M47", "M48")


@pytest.fixture(scope="module")
def catalogue() -> SignalCatalogue:
    return read_signals()


def test_each_of_the_103_codes_has_a_record(catalogue: SignalCatalogue) -> None:
    assert len(SIGNAL_CODES) == 103
    assert tuple(dict.fromkeys(signal.code for signal in catalogue.signals)) == SIGNAL_CODES


def test_every_code_with_a_rule_in_the_domain_is_computed_and_no_other(catalogue: SignalCatalogue) -> None:
    computed = {signal.code for signal in catalogue.signals if signal.rule is not None}
    assert computed == set(COMPUTED)
    assert len(computed) == 52


def test_signals_are_about_whom_the_domain_says(catalogue: SignalCatalogue) -> None:
    """F, M and H about businesses, M39 and M42-M48 also about retail customers, E about all."""
    kinds: dict[str, set[str]] = {}
    for signal in catalogue.signals:
        kinds.setdefault(signal.code, set()).update(signal.kinds)
    everyone, businesses = set(KINDS), set(KINDS) - {"retail"}
    assert kinds == {
        code: everyone if code[0] == "E" or code in ALSO_RETAIL else businesses for code in SIGNAL_CODES
    }


def test_every_example_does_what_it_says(catalogue: SignalCatalogue) -> None:
    tried = 0
    for signal in catalogue.signals:
        if signal.rule is None or signal.examples is None:
            continue
        assert holds(signal.rule.test, signal.examples.fires) is True, signal.code
        assert holds(signal.rule.test, signal.examples.silent) is False, signal.code
        tried += 1
    assert tried == 53


def test_evidence_of_every_example_is_a_sentence_without_names_or_braces(catalogue: SignalCatalogue) -> None:
    for signal in catalogue.signals:
        if signal.rule is None or signal.examples is None:
            continue
        for language in ("en", "zh"):
            text = written(signal.rule, language, signal.examples.fires, lambda name, value: f"<{value}>")
            assert not set("{}_") & set(text), (signal.code, text)


def test_every_unit_and_table_of_a_measure_is_what_the_product_computes(catalogue: SignalCatalogue) -> None:
    check_measures(catalogue, MEASURE_TABLES)
    for signal in catalogue.signals:
        assert set(measures_said([signal])) <= set(catalogue.units), signal.code


CONDITION = {
    "all": Combination("all", (Condition("a", ">", 1), Condition("b", "<=", 0))),
    "any": Combination("any", (Condition("a", ">", 1), Condition("b", "<=", 0))),
    "any_known": Combination("any_known", (Condition("a", ">", 1), Condition("b", "<=", 0))),
}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (2, 0, (True, True, True)),
        (2, 1, (False, True, True)),
        (1, 1, (False, False, False)),
        (2, None, (None, True, True)),
        (1, None, (False, None, False)),
        (None, None, (None, None, None)),
    ],
)
def test_what_cannot_be_computed_is_unknown_and_not_no(
    a: float | None, b: float | None, expected: tuple[bool | None, ...]
) -> None:
    """a > 1 and b <= 0 under all, any and any_known."""
    assert tuple(holds(test, {"a": a, "b": b}) for test in CONDITION.values()) == expected


@pytest.mark.parametrize(("days", "expected"), [(4, 3), (30, 3), (31, 4), (60, 4), (61, 5)])
def test_an_instalment_is_the_more_severe_the_longer_it_is_overdue(
    catalogue: SignalCatalogue, days: int, expected: int
) -> None:
    signal = catalogue.named("M48", "retail", date(2024, 4, 1))
    assert severity(signal, {"days_overdue": days, "amount_overdue": 10_000}) == expected


@pytest.mark.parametrize(("growth", "expected"), [(-0.05, 1), (-0.19, 1), (-0.2, 3), (-0.9, 3)])
def test_a_fall_of_profit_is_severe_from_a_fifth_on(
    catalogue: SignalCatalogue, growth: float, expected: int
) -> None:
    signal = catalogue.named("F10", "micro", date(2024, 4, 1))
    assert severity(signal, {"pre_tax_profit_growth": growth}) == expected


def test_a_dated_version_holds_from_its_day_until_the_next(catalogue: SignalCatalogue) -> None:
    """A second F27 from 2024-07-01 with a limit of 40%: the first holds to the day before."""
    text = edited(record_of("F27"), record_of("F27") + second_version("2024-07-01"))
    both = parse_signals(text, FILE)
    for day, limit in ((date(2024, 6, 30), 0.3), (date(2024, 7, 1), 0.4)):
        rule = both.named("F27", "micro", day).rule
        assert rule is not None
        assert rule.test.conditions[0].limit == limit
    assert catalogue.named("F27", "retail", date(1999, 1, 1)).code == "F27"


def edited(old: str, new: str) -> str:
    text = policy_text("signals")
    assert text.count(old) == 1, old
    return text.replace(old, new)


def record_of(code: str) -> str:
    text = policy_text("signals")
    start = text.index(f"  - code: {code}\n")
    end = text.find("  - code: ", start + 1)
    return text[start:] if end < 0 else text[start:end]


def second_version(day: str) -> str:
    return record_of("F27").replace("from: 2000-01-01", f"from: {day}").replace('">", 0.3', '">", 0.4')


def in_f27(old: str, new: str) -> Callable[[], str]:
    def change() -> str:
        record = record_of("F27")
        assert old in record, old
        return edited(record, record.replace(old, new, 1))

    return change


REFUSALS: dict[str, tuple[Callable[[], str], str]] = {
    "unknown measure": (
        in_f27("[[intangibles_share,", "[[intangible_share,"),
        r"expected a name such as intangibles_share, .*for a measure of F27; got 'intangible_share'\. Correct",
    ),
    "unknown operator": (
        in_f27('">"', '"=="'),
        r"expected one of <, <=, >, >= for the operator of F27; got '=='\. Correct the name\.",
    ),
    "unknown table": (
        in_f27("table: statements", "table: statement"),
        r"expected a name such as statements, .* for the table of F27; got 'statement'",
    ),
    "unknown function": (
        in_f27("table: statements", "function: statements"),
        r"expected one of guarantor for the function of F27; got 'statements'",
    ),
    "limit that is no number": (
        in_f27('">", 0.3]', '">", high]'),
        r"expected a number for the limit of F27; got 'high'\. Write digits and a point\.",
    ),
    "duplicate code and date": (
        lambda: edited(record_of("F27"), record_of("F27") * 2),
        r"expected the versions of F27 in order of their dates, each once; 2000-01-01 is there twice \(line \d+\)",
    ),
    "overlapping dates": (
        lambda: edited(record_of("F27"), record_of("F27") + second_version("1999-12-31")),
        r"1999-12-31 stands after 2000-01-01 \(line \d+\)\. Two versions would hold on one day",
    ),
    "missing code": (
        lambda: edited(record_of("F27"), ""),
        r"expected a record of each of the 103 codes; F27 is missing\. Add it",
    ),
    "unknown code": (
        in_f27("code: F27", "code: F31"),
        r"expected a name such as .* for the code of a signal; got 'F31'",
    ),
    "code out of order": (
        lambda: edited(record_of("F27"), "").rstrip() + "\n" + record_of("F27"),
        r"expected records in the order of their codes; F27 stands after H14\. Move it\.",
    ),
    "no silent example": (
        in_f27("      silent: {intangibles_share: 0.3}\n", ""),
        r"expected two examples, fires and silent, in F27; got fires\. Write both\.",
    ),
    "firing example that is silent": (
        in_f27("fires: {intangibles_share: 0.41}", "fires: {intangibles_share: 0.3}"),
        r"expected the example 'fires' of F27 to fire; it is silent\. Correct its figures or the rule\.",
    ),
    "silent example that fires": (
        in_f27("silent: {intangibles_share: 0.3}", "silent: {intangibles_share: 0.31}"),
        r"expected the example 'silent' of F27 to be silent; it fires\.",
    ),
    "silent example that is not evaluated": (
        in_f27("silent: {intangibles_share: 0.3}", "silent: {intangibles_share: null}"),
        r"expected the example 'silent' of F27 to be silent; it cannot be evaluated\.",
    ),
    "example with another table's measure": (
        in_f27("fires: {intangibles_share: 0.41}", "fires: {days_overdue: 4}"),
        r"expected measures of the rule's table in an example of F27; got days_overdue\.",
    ),
    "open row that is closed": (
        lambda: edited(
            record_of("F28"),
            record_of("F28").replace("fires: {raised_on: 2024-03-01}", "fires: {closed_on: 2024-03-01}"),
        ),
        r"expected raised_on alone, for an open row, in the example of F28; got closed_on\.",
    ),
    "severity out of 1-5": (
        in_f27("severity: 2", "severity: 6"),
        r"expected a whole number from 1 to 5 for the severity of F27; got '6'\. Correct it\.",
    ),
    "missing language": (
        in_f27(', zh: "无形资产占比过高"', ""),
        r"expected the title of F27 in en and zh; got en\. Give each language its text\.",
    ),
    "empty text": (
        in_f27('zh: "无形资产占比过高"', 'zh: ""'),
        r"expected a text for the title of F27 in zh; got ''\. Write one\.",
    ),
    "no evidence": (
        in_f27("    evidence:\n", "    reason:\n"),
        r"expected rule and evidence together in F27; one is missing\.",
    ),
    "slot that nothing fills": (
        in_f27("{intangibles_share.limit}", "{intangibles_share.bound}"),
        r"in the evidence of F27 \(en\); got \{intangibles_share\.bound\}\. Correct the slot\.",
    ),
    "evidence without its measure": (
        in_f27("intangibles are {intangibles_share} of", "intangibles are too much of"),
        r"expected every measure of the rule in the evidence of F27 \(en\); \{intangibles_share\} is missing\.",
    ),
    "open brace": (
        in_f27("intangibles are {intangibles_share} of", "intangibles are {intangibles_share} {of"),
        r"expected braces in pairs in the evidence of F27 \(en\)",
    ),
    "unknown advice": (
        in_f27("advice: [check_books]", "advice: [burn_books]"),
        r"for the advice of F27; got 'burn_books'",
    ),
    "unknown kind of customer": (
        in_f27("[micro, corporate, institution]", "[micro, company]"),
        r"expected one of retail, micro, corporate, institution for applies_to of F27; got 'company'",
    ),
    "unknown source": (
        in_f27("sources: [S]", "sources: [X]"),
        r"expected one of S, A, C, R for the sources of F27; got 'X'",
    ),
    "unknown field": (
        in_f27("severity: 2", "severity: 2\n    colour: red"),
        r"in a signal; got colour\. Correct the name, or take it out\.",
    ),
    "missing field": (
        in_f27("    advice: [check_books]\n", ""),
        r"in a signal; advice is missing\. Add it\.",
    ),
    "no date": (
        in_f27("from: 2000-01-01", "from: 2000-13-01"),
        r"expected a date such as 2024-01-31 for from of F27; got '2000-13-01'",
    ),
    "two ways of joining": (
        in_f27("      all: ", "      any: [[intangibles_share, \">\", 1]]\n      all: "),
        r"expected table or function, and one of all, any, any_known, in the rule of F27; got table, any, all\.",
    ),
    "condition of two parts": (
        in_f27('[[intangibles_share, ">", 0.3]]', '[[intangibles_share, 0.3]]'),
        r"expected \[measure, operator, limit\] in F27; got something else\. Write three parts\.",
    ),
    "no condition": (
        in_f27('[[intangibles_share, ">", 0.3]]', "[]"),
        r"expected a condition in all of F27; got none\. Add one\.",
    ),
    "measure in two tables": (
        lambda: edited("    guarantor_severity: score\n", "    guarantor_severity: score\n    sales: money\n"),
        r"expected every measure in one table; got sales again, first on line \d+\.",
    ),
    "unknown unit": (
        lambda: edited("    guarantor_severity: score\n", "    guarantor_severity: stars\n"),
        r"for the unit of guarantor_severity; got 'stars'",
    ),
    "code in two clusters": (
        lambda: edited("  - [M05, M08]\n", "  - [M05, M08]\n  - [M08, M03]\n"),
        r"expected every code in at most one cluster; got M08 in two\.",
    ),
    "version for other customers": (
        lambda: edited(
            record_of("F27"), record_of("F27") + second_version("2024-07-01").replace("micro, corporate", "micro")
        ),
        r"expected versions of F27 for the same kinds as on line \d+; got micro, institution\.",
    ),
    "version that reads another table": (
        lambda: edited(record_of("M15"), record_of("M15") + another_table()),
        r"expected all versions of M15 to read one table; got overdue after noted\. Keep the table",
    ),
    "YAML syntax": (
        in_f27('title: {en: "intangibles too large"', 'title: {en: "intangibles too large'),
        r"expected valid YAML; got .*Look at this line and the one above",
    ),
}  # fmt: skip


def another_table() -> str:
    record = (
        record_of("M15")
        .replace("from: 2000-01-01", "from: 2024-07-01")
        .replace("table: noted", "table: overdue")
    )
    return record.replace("plant_stopped_days", "days_overdue")


@pytest.mark.parametrize("case", REFUSALS)
def test_a_file_that_does_not_hold_together_is_refused_with_its_line(case: str) -> None:
    change, message = REFUSALS[case]
    with pytest.raises(PolicyError, match=rf"^{FILE}, line \d+: [\s\S]*{message}"):
        parse_signals(change(), FILE)


def test_the_line_is_the_one_that_is_wrong() -> None:
    text = in_f27('">"', '"=="')()
    line = text[: text.index('"=="')].count("\n") + 1
    with pytest.raises(PolicyError, match=rf"^{FILE}, line {line}: "):
        parse_signals(text, FILE)


def test_a_measure_that_the_product_does_not_compute_is_refused() -> None:
    for old, new, got in (
        (
            "    plant_stopped_days: days\n",
            "    plant_stopped_days: days\n    plant_size: money\n",
            "plant_size",
        ),
        (
            "    plant_stopped_days: days\n",
            "    plant_stopped_days: count\n",
            "plant_stopped_days in count, and",
        ),
    ):
        catalogue = parse_signals(edited(old, new), FILE)
        with pytest.raises(
            PolicyError, match=rf"^{FILE}, line \d+: expected a measure that the product computes.*got {got}"
        ):
            check_measures(catalogue, MEASURE_TABLES)
