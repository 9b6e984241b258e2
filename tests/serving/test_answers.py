from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.signals.reading import read_signals
from serving.answers import Answerer
from serving.bundle import FeatureFrame
from serving.champion import load_champion
from serving.errors import BundleError, FrameError
from serving.online import OnlineRows, OnlineStore, StoreAway
from serving.reasons import BankWords, Texts
from serving.requests import PredictRequest

EVERYBODY = tuple(f"C{number:06d}" for number in range(60))
SCORABLE = tuple(customer_id for customer_id in EVERYBODY if not customer_id.endswith("9"))
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def answerer(small_home: Path) -> Answerer:
    return load_champion(small_home)


@pytest.fixture(scope="module")
def store(small_home: Path) -> OnlineStore:
    return OnlineStore.open(small_home / "online")


def new_id() -> str:
    return f"p{next(NUMBERS)}"


def ask(
    answerer: Answerer, store: OnlineStore, *ids: str, reasons: int = 5, language: str = "zh"
) -> dict[str, Any]:
    request = PredictRequest(ids, None, reasons, language)
    return answerer.answer(request, store.read(ids), new_id)


def frame_of(answerer: Answerer, rows: OnlineRows, ids: tuple[str, ...]) -> FeatureFrame:
    return FeatureFrame(ids, rows.published.as_of, rows.published.names, rows.values)


def test_a_scored_customer_has_the_contracts_blocks_and_no_others(
    answerer: Answerer, store: OnlineStore
) -> None:
    answer = ask(answerer, store, "C000000")
    assert list(answer) == ["bundle_version", "as_of", "language", "predictions"]
    assert (answer["bundle_version"], answer["as_of"], answer["language"]) == ("7", "2026-10-31", "zh")
    (one,) = answer["predictions"]
    blocks = ["churn", "growth", "loyalty"]
    assert list(one) == [
        "customer_id", "status", "prediction_id", *blocks, "factors", "composite_score", "group", "reasons", "base",
        "warnings", "contact", "tier",
    ]  # fmt: skip
    assert list(one["churn"]) == ["probability", "horizon_days", "by_horizon", "band", "percentile"]
    assert list(one["growth"]) == ["expected_change", "low", "high", "level", "horizon_days", "percentile"]
    assert list(one["loyalty"]) == ["expected_share", "horizon_days", "percentile"]
    assert list(one["reasons"]) == list(one["base"]) == blocks
    assert list(one["reasons"]["churn"][0]) == [
        "family",
        "feature",
        "value",
        "usual",
        "unit",
        "effect",
        "text",
    ]
    assert (one["churn"]["horizon_days"], list(one["churn"]["by_horizon"])) == (90, ["90", "180"])
    assert all(type(one["growth"][name]) is int for name in ("expected_change", "low", "high"))


def test_every_number_is_the_bundles_own_to_the_bit(answerer: Answerer, store: OnlineStore) -> None:
    answers = ask(answerer, store, *SCORABLE)["predictions"]
    outputs = answerer.bundle.predict(frame_of(answerer, store.read(SCORABLE), SCORABLE)).outputs
    for place, one in enumerate(answers):
        assert one["churn"]["probability"] == outputs["churn_90"].prediction[place]
        assert one["churn"]["by_horizon"]["90"] == one["churn"]["probability"]
        assert one["churn"]["by_horizon"]["180"] == outputs["churn_180"].prediction[place]
        assert one["churn"]["by_horizon"]["180"] >= one["churn"]["by_horizon"]["90"]
        assert one["growth"]["expected_change"] == round(outputs["growth_180"].margin[place])
        assert one["growth"]["low"] <= one["growth"]["expected_change"] <= one["growth"]["high"]
        assert one["loyalty"]["expected_share"] == outputs["loyalty_360"].prediction[place]
        assert one["loyalty"]["percentile"] == outputs["loyalty_360"].percentile[place]


def test_base_and_effects_add_up_to_the_margin(answerer: Answerer, store: OnlineStore) -> None:
    outputs = answerer.bundle.predict(frame_of(answerer, store.read(SCORABLE), SCORABLE)).outputs
    keys = {"churn": "churn_90", "growth": "growth_180", "loyalty": "loyalty_360"}
    tried = 0
    for reasons in (0, 1, 5, 20):
        for place, one in enumerate(ask(answerer, store, *SCORABLE, reasons=reasons)["predictions"]):
            for target, key in keys.items():
                effects = [item["effect"] for item in one["reasons"][target]]
                terms = np.abs(outputs[key].contributions[place]).sum() + abs(one["base"][target])
                bound = 1e-12 * terms if target == "growth" else 1e-9
                assert abs(one["base"][target] + sum(effects) - outputs[key].margin[place]) <= bound
                tried += 1
    print(f"{tried} sums")
    assert tried == 4 * 54 * 3


def test_reasons_are_the_strongest_first_and_the_rest_comes_last(
    answerer: Answerer, store: OnlineStore
) -> None:
    (one,) = ask(answerer, store, "C000001", reasons=4)["predictions"]
    *items, rest = one["reasons"]["churn"]
    sizes = [abs(item["effect"]) for item in items]
    assert len(items) == 4
    assert sizes == sorted(sizes, reverse=True)
    assert list(rest) == ["family", "effect"]
    assert rest["family"] == "other"


def test_without_reasons_everything_is_in_the_rest(answerer: Answerer, store: OnlineStore) -> None:
    (one,) = ask(answerer, store, "C000001", reasons=0)["predictions"]
    assert [[item["family"] for item in items] for items in one["reasons"].values()] == [["other"]] * 3


def test_who_is_not_there_gets_his_id_and_nothing_else(answerer: Answerer, store: OnlineStore) -> None:
    assert ask(answerer, store, "nobody")["predictions"] == [{"customer_id": "nobody", "status": "not_found"}]


@pytest.mark.parametrize(
    ("customer_id", "reason", "chinese", "english"),
    [
        ("C000009", "closed", "不评分: 客户关系已结束", "Not scored: the relationship is closed"),
        ("C000029", "dormant", "不评分: 近 180 天无活动", "Not scored: no activity in the last 180 days"),
    ],
)
def test_who_cannot_be_scored_hears_why(
    answerer: Answerer, store: OnlineStore, customer_id: str, reason: str, chinese: str, english: str
) -> None:
    for language, text in (("zh", chinese), ("en", english)):
        (one,) = ask(answerer, store, customer_id, language=language)["predictions"]
        assert one == {"customer_id": customer_id, "status": "not_scorable", "reason": reason, "text": text}


def test_answers_come_in_the_order_asked_and_each_has_its_own_prediction_id(
    answerer: Answerer, store: OnlineStore
) -> None:
    ids = ("C000009", "C000003", "nobody", "C000003", "C000001")
    predictions = ask(answerer, store, *ids)["predictions"]
    assert tuple(one["customer_id"] for one in predictions) == ids
    named = [one["prediction_id"] for one in predictions if one["status"] == "ok"]
    assert len(set(named)) == len(named) == 3
    assert {**predictions[1], "prediction_id": ""} == {**predictions[3], "prediction_id": ""}


def test_a_customer_alone_and_among_others_gets_the_same_answer(
    answerer: Answerer, store: OnlineStore
) -> None:
    together = {one["customer_id"]: one for one in ask(answerer, store, *EVERYBODY)["predictions"]}
    for customer_id in EVERYBODY:
        (alone,) = ask(answerer, store, customer_id)["predictions"]
        assert json.dumps({**alone, "prediction_id": ""}) == json.dumps(
            {**together[customer_id], "prediction_id": ""}
        )


def test_an_answer_is_json_without_nan(answerer: Answerer, store: OnlineStore) -> None:
    json.dumps(ask(answerer, store, *EVERYBODY, reasons=20), allow_nan=False)


def everything_told(answerer: Answerer, row: dict[str, float]) -> dict[str, dict[str, Any]]:
    """All reasons of the churn model by feature; what `row` leaves out is not observed."""
    names = answerer.bundle.names
    values = np.array([[row.get(name, np.nan) for name in names]])
    frame = FeatureFrame(("x",), "2026-10-31", names, values)
    (one,) = answerer.written(frame, answerer.bundle.predict(frame), 20, "zh")
    return {item["feature"]: item for items in one["reasons"].values() for item in items[:-1]}


def test_a_value_is_compared_with_the_customers_own_habit_where_it_is_known(answerer: Answerer) -> None:
    told = everything_told(answerer, {"contact_gap_days": 71.0, "contact_interval_mean_days_365d": 24.0})
    gap = told["contact_gap_days"]
    assert (gap["value"], gap["usual"], gap["unit"], gap["family"]) == (71, 24, "days", "contact")
    assert gap["text"] == "已 71 天未联系,平时间隔 24 天"


def test_a_value_without_a_known_habit_is_compared_with_the_reference_median(answerer: Answerer) -> None:
    gap = everything_told(answerer, {"contact_gap_days": 71.0})["contact_gap_days"]
    spec = next(one for one in answerer.bundle.manifest.features if one.name == "contact_gap_days")
    assert gap["usual"] == spec.median
    assert "一般客户为" in gap["text"]


def test_what_was_not_observed_is_null_and_said_so(answerer: Answerer) -> None:
    gap = everything_told(answerer, {})["contact_gap_days"]
    assert gap["value"] is None
    assert gap["text"] == "没有联系记录"


def test_a_target_without_a_model_is_absent_throughout(answerer: Answerer, store: OnlineStore) -> None:
    only = replace(answerer.bundle, models=answerer.bundle.models[:1], factors=None, groups=None)
    lone = Answerer(only, Texts(answerer._texts.content), BankWords(), read_signals())
    (one,) = ask(lone, store, "C000000")["predictions"]
    assert not {"growth", "loyalty", "factors", "composite_score", "group"} & set(one)
    assert one["churn"]["by_horizon"] == {"90": one["churn"]["probability"]}
    assert list(one["reasons"]) == list(one["base"]) == ["churn"]


def test_a_response_model_has_no_horizon(answerer: Answerer, store: OnlineStore) -> None:
    model = answerer.bundle.models[0]
    response = replace(
        model, target=replace(model.target, key="response", target="response", horizon_days=None)
    )
    lone = Answerer(
        replace(answerer.bundle, models=(response,), factors=None, groups=None),
        Texts(answerer._texts.content),
        BankWords(),
        read_signals(),
    )
    (one,) = ask(lone, store, "C000000")["predictions"]
    assert list(one["response"]) == ["probability", "horizon_days", "band", "percentile"]
    assert one["response"]["horizon_days"] is None


def test_a_store_that_lacks_a_feature_is_refused_even_when_nobody_is_scored(
    answerer: Answerer, store: OnlineStore
) -> None:
    rows = store.read(["nobody"])
    behind = replace(
        rows, published=replace(rows.published, names=rows.published.names[1:]), values=rows.values[:, 1:]
    )
    with pytest.raises(FrameError, match="contact_gap_days"):
        answerer.answer(PredictRequest(("nobody",)), behind, new_id)


def test_a_row_of_unknown_status_is_refused(answerer: Answerer, store: OnlineStore) -> None:
    rows = replace(store.read(["C000009"]), facts=({"status": "not_scorable", "reason": "asleep"},))
    with pytest.raises(StoreAway, match=r"expected a known status of a row; got 'not_scorable' \('asleep'\)"):
        answerer.answer(PredictRequest(("C000009",)), rows, new_id)


def test_a_bundle_that_was_never_released_does_not_answer(answerer: Answerer) -> None:
    with pytest.raises(BundleError, match=r"expected release\.json"):
        Answerer(
            replace(answerer.bundle, release=None),
            Texts(answerer._texts.content),
            BankWords(),
            read_signals(),
        )


def test_an_open_warning_is_told_with_its_figures_and_what_to_do(
    answerer: Answerer, store: OnlineStore
) -> None:
    """C000000 has 2,500 overdue for 35 days: more than the 3 days of M48, and above the step at 30."""
    (zh,) = ask(answerer, store, "C000000")["predictions"]
    (en,) = ask(answerer, store, "C000000", language="en")["predictions"]
    shared = {"code": "M48", "category": "M", "severity": 4, "raised_on": "2026-09-27"}
    assert zh["warnings"] == [
        {
            **shared,
            "title": "开始拖欠本息",
            "evidence": "逾期 2,500 元,已 35 天,限额 3 天",
            "measures": [
                {"kind": "prevent", "text": "客户经理三日内致电,了解需求"},
                {"kind": "prevent", "text": "书面约定还款计划"},
                {"kind": "exit", "text": "依法保全债权"},
            ],
        }
    ]
    (warning,) = en["warnings"]
    assert {name: warning[name] for name in shared} == shared
    assert warning["title"] == "begins to miss principal or interest"
    assert warning["evidence"] == "CNY 2,500 overdue for 35 days, limit 3 days"
    assert [measure["kind"] for measure in warning["measures"]] == ["prevent", "prevent", "exit"]


def test_a_customer_without_a_warning_has_an_empty_block(answerer: Answerer, store: OnlineStore) -> None:
    (one,) = ask(answerer, store, "C000001")["predictions"]
    assert one["warnings"] == []


def test_a_micro_customers_class_is_told_with_what_decided_it(answerer: Answerer, store: OnlineStore) -> None:
    (zh,) = ask(answerer, store, "C000001")["predictions"]
    (en,) = ask(answerer, store, "C000001", language="en")["predictions"]
    assert list(en)[-1] == "class"
    assert en["class"] == {
        "code": "b",
        "name": "potential",
        "criteria": ["Owns property in the province", "Credit line CNY 600,000 >= CNY 500,000"],
        "not_checked": ["Internal rules with corporate governance: not on record"],
        "is_fallback": False,
    }
    assert zh["class"] == {
        "code": "b",
        "name": "潜力客户",
        "criteria": ["省内自有房产", "授信额度 60 万元 ≥ 50 万元"],
        "not_checked": ["内部管理制度及公司治理完善: 无记录"],
        "is_fallback": False,
    }


def test_a_customer_of_another_kind_has_no_class(answerer: Answerer, store: OnlineStore) -> None:
    (one,) = ask(answerer, store, "C000000")["predictions"]
    assert "class" not in one


def test_facts_that_say_nothing_of_warnings_are_refused(answerer: Answerer, store: OnlineStore) -> None:
    rows = replace(store.read(["C000000"]), facts=({"status": "ok", "reason": None},))
    with pytest.raises(StoreAway, match="expected warnings in the facts of a row; got none"):
        answerer.answer(PredictRequest(("C000000",)), rows, new_id)


def test_a_bundle_older_than_a_block_leaves_it_out(answerer: Answerer, store: OnlineStore) -> None:
    """The tier and the event are published; the bundle has no words for them yet."""
    new = ("policy/tiers.yaml", "policy/events.yaml", "policy/classes.yaml")
    documents = {name: text for name, text in answerer.bundle.documents.items() if name not in new}
    older = Answerer(
        replace(answerer.bundle, documents=documents),
        Texts(answerer._texts.content),
        BankWords(),
        read_signals(),
    )
    (one,) = ask(older, store, "C000000")["predictions"]
    (now,) = ask(answerer, store, "C000000")["predictions"]
    assert "tier" not in one
    assert "event" not in one["contact"]
    assert now["tier"]["code"] == "general"
    assert "2026-11-05" in now["contact"]["event"]["text"]
