from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path

import pytest

import serving
from features.definitions import FEATURES
from features.policy import policy_text
from serving.calibration import BANDS
from serving.manifest import FeatureSpec
from serving.reasons import BankWords, ReasonTexts, Texts, feature_title
from serving.requests import LANGUAGES, RequestError

TEXTS = Texts.parse(policy_text("texts"))
BANK = BankWords(
    titles={"nr_employed": {"en": "People employed", "zh": "就业人数"}}, currency="CNY", currency_decimals=2
)
SPECS = tuple(
    FeatureSpec(f.name, "float64", f.unit, f.family, f.group, None, f.usual, None, False) for f in FEATURES
)
RAW_NAME = re.compile(r"\b(" + "|".join(re.escape(f.name) for f in FEATURES) + r")\b")
VALUES = {"share": (0.123, 0.5), "flag": (1.0, 0.0), "code": (2.0, 1.0), "money": (12_345_600.0, 99_900.0)}


def spec(name: str, unit: str, *, categories: tuple[str, ...] | None = None) -> FeatureSpec:
    return FeatureSpec(name, "float64", unit, "snapshots", "snapshots", categories, None, None, False)


def say(one: FeatureSpec, value: float, usual: float | None, language: str, *, is_own: bool = False) -> str:
    return ReasonTexts(TEXTS, [one], BANK, language).text(0, value, usual, is_own=is_own)


def named(name: str) -> FeatureSpec:
    return next(one for one in SPECS if one.name == name)


def test_the_contracts_own_example_is_said_as_written() -> None:
    assert say(named("contact_gap_days"), 71.0, 24.0, "zh", is_own=True) == "已 71 天未联系,平时间隔 24 天"
    assert say(named("contact_gap_days"), 71.0, 24.0, "en", is_own=True) == (
        "No contact for 71 days; usually every 24 days"
    )


def test_every_feature_has_a_text_in_every_direction_and_language_and_none_holds_a_raw_name() -> None:
    texts = {language: ReasonTexts(TEXTS, SPECS, BANK, language) for language in LANGUAGES}
    tried = 0
    for place, one in enumerate(SPECS):
        high, low = VALUES.get(one.unit, (71.0, 24.0))
        situations = [(high, low), (low, high), (high, high), (high, None), (math.nan, low), (math.nan, None)]
        for language, (value, usual), is_own in itertools.product(LANGUAGES, situations, (True, False)):
            text = texts[language].text(place, value, usual, is_own=is_own)
            assert text.strip() == text
            assert text
            assert not RAW_NAME.search(text), text
            assert not re.search(r"[{}]|\bnan\b|None", text), text
            assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language == "zh"), text
            tried += 1
    print(f"{tried} reason texts of {len(SPECS)} features")
    assert tried == len(SPECS) * 2 * 6 * 2


def test_every_built_in_feature_has_a_title_of_its_own() -> None:
    for language in LANGUAGES:
        titles = [feature_title(TEXTS, one.name, BANK, language) for one in SPECS]
        assert len(set(titles)) == len(titles)
        assert not [title for title in titles if "attribute" in title or "本行指标" in title]


@pytest.mark.parametrize(
    ("value", "usual", "is_own", "english", "chinese"),
    [
        (5.0, 3.0, True, "5, above the usual 3", "5,高于平时的 3"),
        (2.0, 3.0, True, "2, below the usual 3", "2,低于平时的 3"),
        (3.0, 3.0, True, "3, as usual", "3,与平时相同"),
        (5.0, 3.0, False, "5, above the typical 3", "5,高于一般客户的 3"),
        (2.0, 3.0, False, "2, below the typical 3", "2,低于一般客户的 3"),
        (3.0, 3.0, False, "3, as is typical", "3,与一般客户相同"),
        (3.04, 3.0, False, "3, as is typical", "3,与一般客户相同"),
        (5.0, None, False, "5", "5"),
        (math.nan, 3.0, False, "nothing on record", "无记录"),
    ],
)
def test_the_sentence_follows_the_direction(
    value: float, usual: float | None, is_own: bool, english: str, chinese: str
) -> None:
    one = named("txn_count_90d")
    assert say(one, value, usual, "en", is_own=is_own) == f"Transactions over 90 days: {english}"
    assert say(one, value, usual, "zh", is_own=is_own) == f"近 90 天交易笔数: {chinese}"


@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        ("money", 1_234_567_890.0, "CNY 12,345,679", "1,234.57 万元"),
        ("money", 123_456_789_000.0, "CNY 1,234,567,890", "12.35 亿元"),
        ("money", 999_900.0, "CNY 9,999", "9,999 元"),
        ("money", 1_000_000.0, "CNY 10,000", "1 万元"),
        ("money", -2_500_000.0, "CNY -25,000", "-2.5 万元"),
        ("money", 1250.0, "CNY 12.50", "12.50 元"),
        ("money", 0.0, "CNY 0", "0 元"),
        ("share", 0.5, "50%", "50%"),
        ("share", 0.1234, "12.3%", "12.3%"),
        ("share", 0.0012, "0.12%", "0.12%"),
        ("share", -0.25, "-25%", "-25%"),
        ("ratio", 1.0, "1 times", "1 倍"),
        ("ratio", 2.345, "2.35 times", "2.35 倍"),
        ("days", 1.0, "1 day", "1 天"),
        ("days", 1500.0, "1,500 days", "1,500 天"),
        ("months", 3.0, "3 months", "3 个月"),
        ("years", 41.6, "42 years", "42 年"),
        ("flag", 1.0, "yes", "是"),
        ("flag", 0.0, "no", "否"),
        ("number", -0.001, "0", "0"),
        ("score", -1.5, "-1.5", "-1.5"),
    ],
)
def test_numbers_are_written_as_a_banker_reads_them(
    unit: str, value: float, english: str, chinese: str
) -> None:
    one = spec("nr_employed", unit)
    assert say(one, value, None, "en") == f"People employed: {english}"
    assert say(one, value, None, "zh") == f"就业人数: {chinese}"


def test_money_without_a_known_currency_is_a_bare_number_and_another_currency_stands_behind() -> None:
    one = named("credit_line")
    for currency, english, chinese in (("", "12,500", "1.25 万"), ("EUR", "EUR 12,500", "1.25 万 EUR")):
        bank = BankWords(currency=currency)
        assert (
            ReasonTexts(TEXTS, [one], bank, "en").text(0, 1.25e6, None, is_own=False)
            == f"Credit line: {english}"
        )
        assert (
            ReasonTexts(TEXTS, [one], bank, "zh").text(0, 1.25e6, None, is_own=False)
            == f"授信额度: {chinese}"
        )


def test_codes_are_said_in_the_banks_words() -> None:
    job = spec("job", "code", categories=("admin.", "blue-collar"))
    assert say(job, 1.0, None, "en") == 'The bank\'s attribute "Job": blue-collar'
    assert say(job, 7.0, None, "zh") == '本行指标"Job": 其他取值'
    assert say(named("card_level"), 3.0, None, "zh") == "贵宾卡等级: 钻石"


def test_a_category_that_looks_like_a_slot_is_said_as_it_is() -> None:
    odd = spec("job", "code", categories=("{usual}", "{title}"))
    assert say(odd, 0.0, None, "en").endswith(": {usual}")
    assert say(odd, 1.0, None, "en").endswith(": {title}")


def test_a_banks_title_goes_before_a_made_up_one_and_no_name_comes_through_raw() -> None:
    for name in ("Balance", "age", "AGE", "EstimatedSalary", "PAY_0", "x1", "X1", "euribor3m"):
        for language in LANGUAGES:
            assert name not in say(spec(name, "number"), 3.0, 2.0, language)
    assert say(spec("nr_employed", "number"), 3.0, None, "zh").startswith("就业人数")


def test_every_refusal_in_the_code_has_a_message_in_both_languages_and_no_other_stands_there() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(serving.__file__).parent.glob("*.py"))
    codes = set(re.findall(r"RequestError\(\s*\d+, \"(\w+)\"", source))
    assert codes == set(TEXTS.content["errors"])
    for code in codes:
        message = TEXTS.error(RequestError(400, code, field="f", value="v", expected="e"))
        assert set(message) == set(LANGUAGES)
        assert not re.search(r"[{}]", "".join(message.values()))


def test_families_and_bands_have_words() -> None:
    for language in LANGUAGES:
        assert all(TEXTS.word("families", f.family, language) for f in FEATURES)
        assert all(TEXTS.word("bands", band, language) for band in BANDS)


def test_texts_that_lack_a_part_are_refused() -> None:
    with pytest.raises(ValueError, match="are missing"):
        Texts.parse("units: {}")


def test_the_banks_words_survive_their_file_and_others_are_refused() -> None:
    assert BankWords.from_json(BANK.to_json()) == BANK
    with pytest.raises(ValueError, match=r"bank\.json: expected titles"):
        BankWords.from_json(json.dumps({"title": {}}))
