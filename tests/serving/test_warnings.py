"""Warnings in words: figures with their limits, in both languages, from the records of signals.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from features.policy import policy_text
from features.signals.reading import parse_signals, read_signals
from serving.reasons import BankWords, Texts
from serving.warnings import WarningTexts

TEXTS = Texts.parse(policy_text("texts"))
BANK = BankWords(currency="CNY")


def block(language: str, **entry: Any) -> dict[str, Any]:
    given = {"kind": "corporate", "severity": 3, "raised_on": "2024-03-05", "source": "computed",
             "evaluated_on": "2024-03-06", **entry}  # fmt: skip
    (one,) = WarningTexts(read_signals(), TEXTS, BANK, language).blocks([given])
    return one


def evidence(code: str, figures: dict[str, float | None], language: str = "en", **more: Any) -> str:
    return str(block(language, code=code, figures=figures, **more)["evidence"])


SALES = {
    "sales": 870_000_000.0, "sales_before": 1_240_000_000.0, "sales_growth": -0.29838709677419356,
    "equity": None, "equity_before": None, "equity_growth": None,
}  # fmt: skip


def test_evidence_shows_the_figures_and_their_limits() -> None:
    assert evidence("F08", SALES) == (
        "sales CNY 12,400,000 -> CNY 8,700,000, -29.8%, limit -25%; "
        "equity not known -> not known, not known, limit -25%"
    )
    assert evidence("F08", SALES, "zh") == (
        "销售收入 1,240 万元 -> 870 万元,-29.8%,限额 -25%;所有者权益 未知 -> 未知,未知,限额 -25%"
    )


@pytest.mark.parametrize(
    ("code", "figures", "en", "zh"),
    [
        (
            "M48", {"amount_overdue": 12_345.0, "days_overdue": 1.0},
            "CNY 123.45 overdue for 1 day, limit 3 days", "逾期 123.45 元,已 1 天,限额 3 天",
        ),
        (
            "F26", {"fixed_assets_growth_over_sales": -0.355},
            "growth of fixed assets less that of sales -35.5 points, limit 30 points either way",
            "固定资产与销售增速之差 -35.5 个百分点,限额正负 30 个百分点",
        ),
        (
            "F20", {"trades_90d": 14.0, "trades_of_habit": 3.5},
            "14 investments opened and closed in 90 days, limit 10, 3.5 times the habit, limit 3 times",
            "近 90 天买卖投资 14 次,限额 10,为平时的 3.5 倍,限额 3 倍",
        ),
        (
            "F13", {"guarantor_severity": 5.0},
            "a guarantor has an open warning of severity 5, limit 4", "担保人有等级 5 的未关闭预警,限额 4",
        ),
    ],
)  # fmt: skip
def test_every_unit_is_written_as_people_read_it(
    code: str, figures: dict[str, float | None], en: str, zh: str
) -> None:
    assert (evidence(code, figures), evidence(code, figures, "zh")) == (en, zh)


def test_the_rule_for_the_customers_kind_speaks() -> None:
    """M47 asks a business about its requests, a person about withdrawals."""
    text = evidence("M47", {"withdrawal_30d": 6_000_000.0, "withdrawal_of_assets": 0.6}, kind="retail")
    assert text == "withdrew CNY 60,000 at once, 60% of mean assets of 12 months, limit 50%"


def test_the_version_that_was_in_force_at_the_evaluation_speaks() -> None:
    old = policy_text("signals")
    start = old.index("  - code: M15\n")
    record = old[start : old.index("  - code: M16\n")]
    newer = record.replace("from: 2000-01-01", "from: 2024-07-01").replace('">=", 30', '">=", 20')
    newer = newer.replace("{plant_stopped_days: 29}", "{plant_stopped_days: 19}")
    both = parse_signals(old.replace(record, record + newer), "signals.yaml")
    writer = WarningTexts(both, TEXTS, BANK, "en")
    entry = {"code": "M15", "kind": "micro", "severity": 4, "raised_on": "2024-06-01", "source": "computed",
             "figures": {"plant_stopped_days": 40.0}}  # fmt: skip
    texts = [
        writer.blocks([{**entry, "evaluated_on": day}])[0]["evidence"] for day in ("2024-06-30", "2024-07-01")
    ]
    assert texts == ["plant stopped for 40 days, limit 30 days", "plant stopped for 40 days, limit 20 days"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_recorded_signal_says_what_was_recorded(language: str) -> None:
    one = block(language, code="H02", source="recorded", evidence="court notice", severity=5)
    assert (one["category"], one["severity"], one["evidence"]) == ("H", 5, "court notice")
    assert block(language, code="H02", source="recorded", evidence=None)["evidence"] is None


def test_a_signal_recorded_of_a_customer_for_whom_no_record_is_has_the_codes_title() -> None:
    one = block("en", code="F28", kind="retail", source="recorded", evidence=None, raised_on="1999-05-05")
    assert one["title"] == "intangibles overpriced"
    assert one["measures"] == [
        {"kind": "prevent", "text": "Check the figures against tax, bank and customs records"}
    ]


def test_every_signal_can_be_told_in_both_languages() -> None:
    """All examples that fire: a title, evidence without braces or raw names, and at least one measure."""
    told = 0
    for signal in read_signals().signals:
        figures = {} if signal.examples is None else signal.examples.fires
        source = "recorded" if signal.rule is None else "computed"
        for language in ("en", "zh"):
            one = block(
                language,
                code=signal.code,
                kind=signal.kinds[0],
                source=source,
                figures=figures,
                evidence="seen",
            )
            assert one["title"]
            assert one["measures"]
            assert not set("{}_") & set(one["evidence"]), one
            told += 1
    assert told == 2 * 104
