"""Classes in words: every figure of the policy, in both languages; what a bundle lacks."""

from __future__ import annotations

from typing import Any

import pytest

from features.classes.reading import read_classes
from features.classes.records import OPPOSITE, Criterion, NotChecked
from features.policy import policy_text
from serving.classes import CLASSES_DOCUMENT, FACTS_DOCUMENT, ClassTexts
from serving.errors import BundleError
from serving.online import StoreAway
from serving.reasons import BankWords, Texts

TEXTS = Texts.parse(policy_text("texts"))
DOCUMENTS = {CLASSES_DOCUMENT: policy_text("classes"), FACTS_DOCUMENT: policy_text("facts")}


def writer(language: str = "en", documents: dict[str, str] = DOCUMENTS) -> ClassTexts:
    return ClassTexts(documents, TEXTS, BankWords(currency="CNY"), language)


def block(
    criteria: list[Criterion], language: str = "en", missing: tuple[NotChecked, ...] = ()
) -> dict[str, Any]:
    return writer(language).block(
        {
            "code": "d",
            "criteria": [one.to_json() for one in criteria],
            "not_checked": [one.to_json() for one in missing],
            "is_fallback": True,
        }
    )


@pytest.mark.parametrize(
    ("criterion", "en", "zh"),
    [
        (
            Criterion("credit_line", ">=", 60_000_000.0, 50_000_000.0),
            "Credit line CNY 600,000 >= CNY 500,000", "授信额度 60 万元 ≥ 50 万元",
        ),
        (
            Criterion("sales", ">", 500_000_100.0, 500_000_000.0),
            "Yearly sales CNY 5,000,001 > CNY 5,000,000", "年销售收入略高于 500 万元",
        ),
        (
            Criterion("debt_ratio", "<=", 0.6999999, 0.7), "Debt ratio just below 70%", "资产负债率略低于 70%",
        ),
        (Criterion("debt_ratio", "<=", 0.7, 0.7), "Debt ratio 70% <= 70%", "资产负债率 70% ≤ 70%"),
        (
            Criterion("months_in_business", ">=", 29.0, 12.0, is_floor=True),
            "Time in business at least 29 months >= 12 months", "经营时间至少 29 个月 ≥ 12 个月",
        ),
        (Criterion("stable_residence", "no", 0.0), "Stable residence: no", "居所稳定: 否"),
        (Criterion("exit_list", "yes", 1.0), "On the risk centre's yearly exit list", "列入风险中心年度退出名单"),
    ],
)  # fmt: skip
def test_a_criterion_is_told_with_its_figures(criterion: Criterion, en: str, zh: str) -> None:
    assert (block([criterion])["criteria"], block([criterion], "zh")["criteria"]) == ([en], [zh])


def test_what_could_not_be_checked_is_named() -> None:
    missing = (NotChecked("taxpayer"), NotChecked("months_in_business", 7.0))
    assert block([], missing=missing)["not_checked"] == [
        "General taxpayer: not on record",
        "Time in business: only known to be at least 7 months",
    ]


def test_every_figure_can_be_told_in_both_languages() -> None:
    told = 0
    for name, figure in read_classes().figures.items():
        for operator in OPPOSITE:
            limit = None if operator in ("yes", "no") else 3.0
            for language in ("en", "zh"):
                found = block([Criterion(name, operator, 1.0, limit)], language, (NotChecked(name),))
                for text in (*found["criteria"], *found["not_checked"]):
                    assert figure.titles[language] in text
                    assert not set("{}_") & set(text)
                    told += 1
    print(f"{told} sentences")
    assert told > 500


def test_a_class_or_figure_that_the_bundle_does_not_know_is_refused() -> None:
    with pytest.raises(
        StoreAway, match=r"expected classes in the words of policy/classes\.yaml; got 'shoe_size'"
    ):
        block([Criterion("shoe_size", "yes", 1.0)])


def test_damaged_words_are_refused() -> None:
    with pytest.raises(
        BundleError, match=r"expected 'policy/facts\.yaml'; there is none\. Train the bundle again"
    ):
        writer(documents={CLASSES_DOCUMENT: policy_text("classes")})
    with pytest.raises(BundleError, match=r"policy/classes\.yaml.*Train the bundle again"):
        writer(documents={**DOCUMENTS, CLASSES_DOCUMENT: "names: ["})
