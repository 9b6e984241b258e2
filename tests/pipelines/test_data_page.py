"""The data page: figures against small tables worked out by hand, and what a page that travels may hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from features.definitions import FEATURES, bank_catalogue
from features.policy import read_policy
from features.tables import TABLES, BankManifest
from pipelines.data_page import CheckedBank, write_data_page
from pipelines.data_page.gains import Gains, gains
from pipelines.data_page.profile import ColumnFigures, TableFigures, profile_tables
from pipelines.data_page.table_part import fold
from pipelines.intake import IntakeReport, Language, read_manifest
from pipelines.intake.words import LANGUAGES
from tests.tables_in import Handed, day, take_in

VOID = {"meta", "input", "br"}
HEAD = "transaction_id,customer_id,occurred_at,amount,kind,recorded_at\n"
ONE = "T1,C1,2026-01-05 10:00,5,cash,\n"


@dataclass(frozen=True)
class Made:
    """A bank's tables taken in, and the page about them."""

    report: IntakeReport
    manifest: BankManifest
    figures: dict[str, TableFigures]
    gains: Gains
    html: str

    def column(self, table: str, name: str) -> ColumnFigures:
        return next(found for found in self.figures[table].columns if found.column.name == name)

    def main(self, language: Language) -> str:
        """One language's half of the page, as text without tags."""
        half = self.html.split(f'<main lang="{language}">')[1].split("</main>")[0]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", half))


def make(place: Path, settings: str = "", language: Language = "en", **tables: Handed) -> Made:
    report = take_in(place, settings, **tables)
    manifest = read_manifest(report.prepared)
    catalogue = bank_catalogue(manifest) if "customers" in manifest.tables else None
    page = write_data_page(CheckedBank("bank", report, manifest, catalogue), place / "reports", language)
    assert page.name == f"check-{report.digest[:16]}.html"
    figures = profile_tables(report.prepared, manifest)
    found = gains(report, manifest, catalogue, figures)
    return Made(report, manifest, figures, found, page.read_text(encoding="utf-8"))


def test_figures_of_amounts_are_those_of_the_rows_in_force(tmp_path: Path) -> None:
    """5, 7, 9 and a correction of 9 to -1 in major units; a duplicate and a quarantined row do not count.

    In force: -100, 500, 700, 900 minor units; of four the lower middle value is 500.
    """
    lines = (
        "T1,C1,2026-01-05 10:00,5,cash,2026-01-05 11:00\nT2,C1,2026-01-06 10:00,7,fee,2026-01-09 11:00\n"
        "T3,C2,2026-03-05 10:00,9,cash,2026-03-05 11:00\nT3,C2,2026-03-05 10:00,-1,cash,2026-03-12 11:00\n"
        "T1,C1,2026-01-05 10:00,5,cash,2026-01-05 11:00\nT4,C9,2026-01-05 10:00,5,cash,2026-01-05 11:00\n"
    )
    made = make(tmp_path, "currency: CNY", transactions=HEAD + lines)
    amount = made.column("transactions", "amount")
    assert (amount.rows, amount.missing, amount.distinct) == (4, 0, 4)
    assert (amount.low, amount.median, amount.high) == (-100, 500, 900)
    kind = made.column("transactions", "kind")
    assert (kind.distinct, kind.words, kind.low) == (2, (("cash", 3), ("fee", 1)), None)
    assert "amount amount CNY 0% 4 -1 5 9" in made.main("en")
    assert "6 read = 2 accepted" not in made.main("en")
    assert "8 read = 5 accepted + 1 duplicates + 1 corrections + 1 quarantined" in made.main("en")


def test_rows_over_time_and_the_delay_of_recording(tmp_path: Path) -> None:
    """Recorded on the day, 3 days, 7 days and on the day; two of four are late, the lower middle is 3, worst 7."""
    lines = (
        "T1,C1,2026-01-05 10:00,5,cash,2026-01-05 11:00\nT2,C1,2026-01-06 10:00,7,fee,2026-01-09 11:00\n"
        "T3,C2,2026-03-05 10:00,9,cash,2026-03-12 11:00\nT4,C2,2026-03-06 10:00,9,cash,2026-03-06 11:00\n"
    )
    made = make(tmp_path, transactions=HEAD + lines)
    found = made.figures["transactions"]
    assert found.months == {2026 * 12: 2, 2026 * 12 + 2: 2}
    delay = found.delay
    assert (delay.dated, delay.late, delay.median, delay.worst) == (4, 2, 3, 7)
    assert (
        "Known later than the event: 50.0% of the dated rows; of these, median 3 days and at most 7 days."
        in (made.main("en"))
    )
    assert made.figures["customers"].undated == 2
    assert "2 rows without a date are not in the picture." in made.main("en")


def test_days_are_those_of_the_bank_and_texts_are_measured_only(tmp_path: Path) -> None:
    """23:30 UTC on the 5th is the 6th in Shanghai. Lengths of "abc" and "abcdefg": 3 and 7."""
    contacts = (
        "contact_id,customer_id,occurred_at,channel,next_agreed_on,warmth\n"
        "K1,C1,2026-01-05T23:30:00Z,T,2026-02-01,-2\nK2,C1,2026-01-10T01:00:00Z,M,,2\nK3,C1,2026-01-12T01:00:00Z,M,,2\n"
    )
    facts = "customer_id,code,noted_on,source\nC1,abc,2026-01-01,\nC1,abcdefg,2026-01-02,\n"
    made = make(tmp_path, "zone: Asia/Shanghai", contacts=contacts, facts=facts)
    moment = made.column("contacts", "occurred_at")
    assert (moment.low, moment.high) == (day("2026-01-06"), day("2026-01-12"))
    agreed = made.column("contacts", "next_agreed_on")
    assert (agreed.missing, agreed.low, agreed.high, agreed.histogram) == (
        2,
        day("2026-02-01"),
        day("2026-02-01"),
        None,
    )
    warmth = made.column("contacts", "warmth").histogram
    assert warmth is not None
    assert (warmth.upper, warmth.rows) == ((-2, -1, 0, 1, 2), (1, 0, 0, 0, 2))
    code = made.column("facts", "code")
    assert (code.low, code.high, code.words, code.histogram) == (3, 7, (), None)


@pytest.mark.parametrize(("count", "shown"), [(1000, "1,000"), (1001, "more than 1,000")])
def test_different_values_are_counted_exactly_up_to_a_thousand(
    tmp_path: Path, count: int, shown: str
) -> None:
    lines = [f"T{number},C1,2026-01-05 10:00,{number % count},cash,\n" for number in range(2000)]
    made = make(tmp_path, transactions=HEAD + "".join(lines))
    assert made.column("transactions", "amount").distinct == (count if count == 1000 else None)
    assert f"amount amount major units 0% {shown} 0" in made.main("en")


def test_bars_hold_every_row_and_long_tails_are_stretched(tmp_path: Path) -> None:
    """1..2000 has no long tail; with 50 rows of a million it has: 98 in 100 rows span 500 times the middle half."""
    values = [*range(1, 2001), *[1_000_000] * 50]
    plain = [f"T{number},C1,2026-01-05 10:00,{value},cash,\n" for number, value in enumerate(values[:2000])]
    tailed = [f"T{number},C1,2026-01-05 10:00,{value},cash,\n" for number, value in enumerate(values)]
    for lines, is_stretched in ((plain, False), (tailed, True)):
        made = make(tmp_path / str(is_stretched), transactions=HEAD + "".join(lines))
        found = made.column("transactions", "amount").histogram
        assert found is not None
        assert found.is_stretched is is_stretched
        assert sum(found.rows) == len(lines)
        assert len(found.upper) == len(set(found.upper)) <= read_policy("data_page")["limits"]["bars"]
        assert ("bars widen away from 0" in made.main("en")) is is_stretched


def test_a_column_without_a_value_is_called_empty_and_its_features_are_told(tmp_path: Path) -> None:
    contacts = "contact_id,customer_id,occurred_at,channel,warmth\nK1,C1,2026-01-05,T,\n"
    made = make(tmp_path, contacts=contacts)
    warmth = made.column("contacts", "warmth")
    assert (warmth.present, warmth.low, warmth.histogram) == (0, None, None)
    (gap,) = [gap for gap in made.gains.gaps if gap.kind == "empty_column"]
    assert gap.names == ("contacts.warmth",)
    assert {feature.name for feature in gap.features} >= {"contact_warmth_mean_365d"}
    assert "Fill in contacts.warmth: no row has a value" in made.main("en")
    assert "warmth whole number 100% 0 empty in every row" in made.main("en")


def test_absent_features_each_stand_once_under_their_reason(tmp_path: Path) -> None:
    made = make(tmp_path, transactions=HEAD + ONE)
    catalogue = bank_catalogue(made.manifest)
    grouped = [feature.name for gap in made.gains.absent for feature in gap.features]
    assert Counter(grouped) == Counter(catalogue.absent.keys())
    for language in LANGUAGES:
        half = made.html.split(f'<main lang="{language}">')[1].split("</main>")[0]
        shown = re.findall(r"<li>([^<]+)\s<code>(\w+)</code></li>", half)
        names = Counter(name for _, name in shown if name in {each.name for each in FEATURES})
        assert names == Counter([*catalogue.names, *catalogue.absent]), language
        assert all(title.strip() and title.strip() != name for title, name in shown)
    print(f"{len(grouped)} absent features, each with a reason, in {len(LANGUAGES)} languages")


@pytest.mark.parametrize("has_all_columns", [True, False])
@pytest.mark.parametrize(
    "left_out", [(), ("contacts",), ("balances", "transactions"), ("statements", "loans")]
)
def test_reasons_agree_with_the_catalogue(left_out: tuple[str, ...], *, has_all_columns: bool) -> None:
    """Whatever is missing: what the page names as lacking is named in the catalogue's own reason."""
    tables = {
        name: table.names if has_all_columns else table.required
        for name, table in TABLES.items()
        if name not in left_out
    }
    manifest = BankManifest("0", "UTC", "", 2, {}, date(2026, 1, 1), tables)
    catalogue = bank_catalogue(manifest)
    report = IntakeReport("0", Path(), {}, {}, {}, (), (), {}, {})
    found = gains(report, manifest, catalogue, {})
    assert sum(len(gap.features) for gap in found.absent) == len(catalogue.absent)
    for gap in found.absent:
        for feature in gap.features:
            named = [name for name in gap.names if name in catalogue.absent[feature.name]]
            assert named, (gap.names, catalogue.absent[feature.name])
    assert [len(gap.features) for gap in found.gaps] == sorted(
        (len(gap.features) for gap in found.gaps), reverse=True
    )


def test_a_profile_without_dates_is_advised_to_say_since_when(tmp_path: Path) -> None:
    """credit_line is there but undated; card_level is not there, and would need valid_from as well."""
    customers = "customer_id,kind,opened_on,credit_line\nC1,retail,2020-01-01,5\n"
    made = make(tmp_path, customers=customers, transactions=HEAD + ONE)
    by_names = {gap.names: gap.kind for gap in made.gains.gaps}
    assert by_names[("customers.credit_line",)] == "undated"
    assert by_names[("customers.card_level", "customers.valid_from")] == "column"
    assert "Say since when customers.credit_line holds" in made.main("en")


def test_a_name_that_comes_near_is_asked_about(tmp_path: Path) -> None:
    lines = "contact_id,customer_id,occurred_at,channel,Warmth\nK1,C1,2026-01-05,T,1\n"
    place = tmp_path / "in"
    place.mkdir()
    (place / "transaction.csv").write_text("x\n", encoding="utf-8")
    page = make(tmp_path, contacts=lines).main("en")
    assert 'Add the column contacts.warmth (you hand over "Warmth"' in page.replace("&quot;", '"')
    assert '(you hand over "transaction.csv"' in page.replace("&quot;", '"')


def test_quarantined_rows_come_with_rule_and_advice_the_most_first(tmp_path: Path) -> None:
    lines = ONE + "".join(f"Q{n},C9,2026-01-05,5,cash,\n" for n in range(3)) + "T2,C1,2026-01-05,5,gold,\n"
    made = make(tmp_path, transactions=HEAD + lines)
    assert [(issue.count, issue.rule) for issue in made.gains.issues] == [
        (3, "unknown_customer"),
        (1, "one_of"),
    ]
    text = made.main("en")
    assert text.index("transactions.customer_id 3 unknown customer") < text.index(
        "transactions.kind 1 one of"
    )
    assert "first: row 2 of transactions.csv" in text
    assert "未知客户" in made.main("zh")


def test_no_id_and_no_free_text_is_on_the_page(tmp_path: Path) -> None:
    """Canaries in every id, in free texts, in quarantined rows, and in a file without a header that is rejected."""
    customers = "customer_id,kind,region,manager_id,occupation\nCANARY1,retail,SECRETa,CANARYm,SECRETo\n"
    customers += "CANARY1,micro,,,\nCANARY2,retail,SECRETb,,\n"
    transactions = HEAD + (
        "CANARYt,CANARY2,2026-01-05,5,cash,\nCANARYu,CANARY9,2026-01-05,5,cash,\nCANARYv,CANARY2,2026-01-05,5,SECRET,\n"
        "CANARYw,CANARY2,SECRETd,5,cash,\nCANARYx,CANARY2,2026-01-05,5\n"
    )
    made = make(
        tmp_path,
        customers=customers,
        transactions=transactions,
        contacts="CANARYk,CANARY2,2026-01-05,T\n",
        complaints=b"complaint_id,customer_id,received_at\nCANARYc,\xffSECRET,2026-01-05\n",
        snapshots="customer_id,as_of,note\nCANARY2,2026-01-05,SECRET note\n",
    )
    assert set(made.report.rejected) == {"contacts", "complaints"}
    assert made.report.tables["transactions"].quarantined == 4
    assert not re.findall("CANARY|SECRET", made.html)
    assert "printed on the terminal" in made.main("en")


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    column = f'"{evil} ""x"" \' {{0}}"'
    snapshots = f"customer_id,as_of,{column},plain\nC1,2026-01-05,1,2\nC2,2026-01-05,3,4\n"
    titles = f"titles:\n  plain: {{en: '{evil}', zh: '{evil}'}}\n"
    place = tmp_path / "in"
    place.mkdir()
    (place / "<img src=x>.csv").write_text("x\n", encoding="utf-8")
    made = make(tmp_path, titles, snapshots=snapshots)
    assert "<script" not in made.html
    assert "<img" not in made.html
    assert made.html.count("&lt;script&gt;") >= 4
    _parse(made.html)


def test_the_page_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    made = make(tmp_path, language="zh", transactions=HEAD + ONE)
    parsed = _parse(made.html)
    policy = [
        content
        for tag, content in parsed
        if tag == "meta" and "default-src 'none'" in content.get("content", "")
    ]
    assert len(policy) == 1
    for tag, attributes in parsed:
        assert tag not in {"script", "link", "img", "iframe", "object", "form"}
        assert attributes.get("href", "#").startswith("#")
        assert not {"src", "onclick", "onload"} & attributes.keys()
    ids = [attributes["id"] for _, attributes in parsed if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"][1:] for _, attributes in parsed if "href" in attributes}
    assert links
    assert links <= set(ids)
    assert re.search(r'id="show-zh" checked', made.html)
    assert [file.suffix for file in (tmp_path / "reports").iterdir()] == [".html"]


def test_empty_tables_and_the_least_bank_make_a_page(tmp_path: Path) -> None:
    made = make(tmp_path, customers="customer_id,kind\n", transactions=HEAD)
    assert made.figures["transactions"].rows == 0
    text = made.main("en")
    assert "No row was taken in." in text
    assert "no row with a date was taken in" in text
    assert "Fill the table transactions" in text
    _parse(made.html)


def test_without_customers_the_page_says_that_nothing_can_be_computed(tmp_path: Path) -> None:
    made = make(tmp_path, customers="kind\nretail\n", transactions=HEAD + ONE)
    assert made.gains.gaps[0].names == ("customers",)
    assert f"none of {len(FEATURES)}: without the table customers" in made.main("en")
    assert "更正被拒收的 customers 表" in made.main("zh")
    _parse(made.html)


def test_months_become_quarters_and_years_where_bars_would_not_fit() -> None:
    """10 years have 120 months, one bar too many is 121: quarters; 100 years: years."""
    assert fold({24000: 1, 24119: 2})[0] == 1
    step, bars = fold({24000: 1, 24001: 4, 24120: 2})
    assert (step, bars[24000], bars[24120], len(bars)) == (3, 5, 2, 41)
    assert fold({24000: 1, 24000 + 1199: 2})[0] == 12


def test_every_text_stands_in_both_languages_with_the_same_slots() -> None:
    texts = list(_texts(read_policy("data_page")))
    for text in texts:
        assert set(text) == set(LANGUAGES), text
        slots = [sorted(set(re.findall(r"\{(\w+)\}", text[language]))) for language in LANGUAGES]
        assert slots[0] == slots[1], text
    policy = read_policy("data_page")
    assert set(policy["table_titles"]) == set(TABLES)
    columns = [column for table in TABLES.values() for column in table.columns]
    assert {column.type for column in columns} == set(policy["types"])
    assert {column.unit for column in columns} - {"", "minor units"} <= set(policy["units"])
    print(f"{len(texts)} texts, each in {len(LANGUAGES)} languages")


def test_the_command_tells_where_the_page_lies(cli: Any, tmp_path: Path) -> None:
    take_in(tmp_path, transactions=HEAD + ONE)
    outcome = cli("check", tmp_path / "in", "--json")
    told = json.loads(outcome.out.splitlines()[-1])
    assert outcome.code == 0
    assert Path(told["report"]) == tmp_path / "home" / "reports" / f"check-{told['digest'][:16]}.html"
    assert Path(told["report"]).is_file()
    assert {"tables", "rejected", "amounts", "issues", "digest", "prepared", "features"} <= told.keys()
    assert told["report"] in outcome.err
    assert outcome.err.count(told["prepared"]) == 1


def _texts(node: Any) -> Iterator[dict[str, str]]:
    """The leaves of a tree of texts."""
    if isinstance(node, dict) and "en" in node:
        yield node
    elif isinstance(node, dict):
        for inner in node.values():
            yield from _texts(inner)


class _Strict(HTMLParser):
    """Takes note of every tag, and refuses one that is not closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _parse(html: str) -> list[tuple[str, dict[str, str]]]:
    parser = _Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.found
