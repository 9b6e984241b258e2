"""The model card: everything a reviewer has to find in it, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from serving.manifest import DataRange, FeatureSpec, Lineage
from tests.trained import NAMES, all_trained, trained
from training.card import CardContent, card_model, model_card
from training.splits import ScheduleRules, Span, schedule
from training.wording import Wording

LINEAGE = Lineage(
    policy_digest="p" * 64, catalogue_digest="k" * 64,
    data=DataRange("2024-01-01", "2026-11-01", "d" * 64), metrics={}, seeds={"training": 17},
    libraries={"lightgbm": "4.7.0", "numpy": "2.4.1"}, code_commit="0123abc",
)  # fmt: skip


def _content() -> CardContent:
    features = tuple(
        FeatureSpec(name, "float64", "count", name.split("_")[0].replace("txn", "transactions"), "g", None,
                    None, None, False)
        for name in NAMES if name.startswith(("contact", "txn"))
    )  # fmt: skip
    models = tuple(card_model(item) for item in all_trained())
    return CardContent(
        LINEAGE, models, features, ("transactions", "contacts", "customers"), "Asia/Shanghai", 0
    )


def _halves(card: str) -> tuple[str, str]:
    english, chinese = card.split("# Bellwether: 模型卡")
    return english, chinese


def test_both_languages_say_what_it_is_for_and_what_it_is_not() -> None:
    english, chinese = _halves(model_card(_content()))
    assert "must not be used" in english
    assert "Credit decisions" in english
    assert "禁止用途" in chinese
    assert "信贷决策" in chinese


def test_data_models_and_reproduction_are_named() -> None:
    facts = ("2024-01-01", "2026-11-01", "d" * 64, "Asia/Shanghai", "contacts, customers, transactions", "p" * 64,
             "--seed 17", "0123abc", "lightgbm 4.7.0, numpy 2.4.1", "k" * 64, "2026-07-01")  # fmt: skip
    for half in _halves(model_card(_content())):
        for fact in facts:
            assert fact in half, fact


def test_figures_stand_beside_those_of_the_simple_rules() -> None:
    model = trained("churn", 90)
    english, chinese = _halves(model_card(_content()))
    rules = ("recency", "frequency", "last_value", "logistic")
    row = [model.metrics["auc"], *(model.baselines[rule]["auc"] for rule in rules)]
    ends = model.intervals["auc"]
    first, *others = (f"{value:.4f}" for value in row)
    line = f"| AUC | {' | '.join([f'{first} [{ends.low:.4f}, {ends.high:.4f}]', *others])} |"
    assert line in english
    assert line in chinese
    assert f"{model.test.label.mean():.2%}" in english, "base rate of the test rows"


def test_labels_are_defined_with_the_figures_of_the_policy() -> None:
    english, chinese = _halves(model_card(_content()))
    assert "90 days without a transaction" in english
    assert "at most 40% of that mean" in english
    assert "连续 90 天没有主动交易" in chinese
    assert "blocks of 30 days" in english


def test_a_bank_s_own_labels_are_named_as_such() -> None:
    model = replace(card_model(trained("churn", 90), has_bank_labels=True), horizon=None)
    english, chinese = _halves(model_card(replace(_content(), models=(model,))))
    assert "### Churn\n" in english
    assert "from the table outcomes" in english
    assert "outcomes 表" in chinese
    assert "90 days without" not in english


def test_a_split_by_customer_is_told_from_one_by_time() -> None:
    model = replace(card_model(trained("churn", 90)), validation="customers", train_dates=())
    english, chinese = _halves(model_card(replace(_content(), models=(model,))))
    assert "kept out of training; there is one date only" in english
    assert "未参与训练的客户" in chinese


def test_what_was_left_out_stands_there_in_both_languages() -> None:
    absent = {
        "a": "no table loans",
        "b": "no table loans",
        "c": "no column contacts.warmth that serves past dates",
    }
    left = ("default: no label can be computed from these tables, and outcomes has none",)
    english, chinese = _halves(model_card(replace(_content(), left_out=left, absent=absent)))
    assert "- 2 features: no table loans" in english
    assert "default: no label" in english.lower()
    assert "- 2 个特征: 没有数据表 loans" in chinese
    assert "违约: 现有数据表无法计算标签" in chinese
    assert "contacts.warmth" in chinese
    assert "Nothing." in _halves(model_card(_content()))[0]


@pytest.mark.parametrize("until", [date(2026, 2, 1), date(2026, 9, 1)])
def test_the_reasons_that_training_gives_have_a_translation(until: date) -> None:
    rules = ScheduleRules(gap=0, minimum_dates=12, maximum_dates=24, minimum_history=30)
    reason = schedule("growth", 180, Span(date(2026, 1, 1), until), date(2026, 1, 15), rules)
    assert isinstance(reason, str)
    chinese = Wording("zh").translated(reason)
    assert chinese.startswith("增长(180 天)")
    assert Wording("en").translated(reason).startswith("Growth at 180 days")
