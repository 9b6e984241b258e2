"""`bellwether groups` over books written by hand: page in both languages, pictures, tables, moves, refusals."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.policy import policy_text, read_policy
from pipelines.book import SCHEMA, write_book
from pipelines.group_files import write_groups
from pipelines.group_report import group_report
from pipelines.settings import Home
from serving.factor_sheet import CardFactor, CardLine, FactorSheet, ModelFactor, SumFactor, ValueFactor
from serving.manifest import Release
from serving.points import ScoreMap
from tests.models import bundle_parts
from tests.pipelines.conftest import Cli, Outcome
from training.package import write_bundle, write_release

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
CHINESE = re.compile(r"[一-鿿]")
MAP = ScoreMap(value=(0.0, 1000.0), score=(0.0, 1000.0))
SHEET = FactorSheet(
    (
        SumFactor("current_contribution", MAP, "f0", {"deposits": ("f1", 1)}, {"deposits": 0.0, "other": 0.0}),
        ValueFactor(
            "future_contribution", MAP, "f0", ("churn_90", "churn_180"), (1, 2), "growth_180", 0.25,
            (1.0, 0.9, 0.8), (0.5, 1.0, 1.0), 0.02, {"current": 0.0, "growth": 0.0, "stays": 0.6, "earns": 0.01},
        ),
        CardFactor("credit", MAP, (CardLine("f2", "arrears", (0.0,), (500, 100), 400),), {"arrears": 400.0}),
        ModelFactor("loyalty", MAP, "loyalty_360", 1),
        ModelFactor("growth_potential", MAP, "growth_180", 1),
    ),
    dict.fromkeys(
        ("current_contribution", "future_contribution", "credit", "loyalty", "growth_potential"), 0.2
    ),
    {},
)  # fmt: skip
DOCUMENTS = {
    "policy/texts.yaml": policy_text("texts"),
    "bank.json": '{"titles": {}, "currency": "CNY", "currency_decimals": 2}\n',
}


def _bundle(home: Home, version: str, sheet: FactorSheet | None) -> None:
    directory = home.bundles / version
    directory.parent.mkdir(parents=True, exist_ok=True)
    digest = write_bundle(directory, replace(bundle_parts(), documents=DOCUMENTS, factors=sheet))
    write_release(directory, Release(version, "r", "2026-11-01T08:00:00+00:00", digest))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Version 1 groups customers, version 2 is as it was before there were factors."""
    home = Home(tmp_path_factory.mktemp("bundles") / "home")
    _bundle(home, "1", SHEET)
    _bundle(home, "2", None)
    return home


@pytest.fixture
def home(bundles: Home, tmp_path: Path) -> Home:
    """A home of its own with these bundles, in which nothing is scored yet."""
    found = Home(tmp_path / "home")
    found.root.mkdir()
    found.bundles.symlink_to(bundles.bundles)
    return found


def _score(home: Home, day: date, customers: list[dict[str, Any]], version: str = "1") -> None:
    """Write the book of a date; what a customer does not say is null."""
    rows = [
        {"customer_id": f"CUST{place}", "status": "ok", "bundle_version": version, **customer}
        for place, customer in enumerate(customers)
    ]
    write_book(home, day, [pa.Table.from_pylist(rows, schema=SCHEMA)])


def _customer(group: int, tier: str, growth: float, contribution: float) -> dict[str, Any]:
    return {
        "current_contribution_score": 500.0, "future_contribution_score": 400.0, "credit_score": 600.0,
        "loyalty_score": 700.0, "growth_potential_score": growth, "current_contribution_value": contribution,
        "composite_score": 500.0, "group_number": group, "tier_code": tier, "churn_probability": 0.125,
    }  # fmt: skip


NOW = [
    _customer(1, "key", 900.0, 900_000.0), _customer(1, "key", 800.0, 100_000.0),
    _customer(2, "general", 600.0, 50_000.0), _customer(2, "general", 400.0, 0.0),
    _customer(3, "exit", 200.0, -50_000.0), {"status": "inactive"},
]  # fmt: skip
BEFORE = [NOW[0], {**NOW[1], "tier_code": "general"}, {**NOW[2], "group_number": 3}, NOW[3], NOW[5], NOW[4]]
"""A month before: the second was a general customer, the third in group 3; the fifth was not scored, the sixth was."""


def _json(found: Outcome) -> dict[str, Any]:
    assert found.code == 0, found.err
    answer: dict[str, Any] = json.loads(found.out.splitlines()[-1])
    return answer


def _table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def _in(page: str, language: str) -> str:
    """Text of the page in one language, without tags."""
    found = re.search(rf'<main lang="{language}">(.*?)</main>', page, re.DOTALL)
    assert found is not None
    return unescape(re.sub(r"<style.*?</style>|<title>.*?</title>|<[^>]*>", " ", found[1], flags=re.DOTALL))


@pytest.fixture(scope="module")
def shown(bundles: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is written of two months."""
    home = Home(tmp_path_factory.mktemp("shown") / "home")
    home.root.mkdir()
    home.bundles.symlink_to(bundles.bundles)
    _score(home, OCTOBER, BEFORE)
    _score(home, NOVEMBER, NOW)
    out = home.root / "out"
    write_groups(group_report(home, None), out, "en")
    return out


def test_the_command_counts_names_its_files_and_writes_the_same_again(
    shown: Path, cli: Cli, tmp_path: Path
) -> None:
    """900 + 100 + 50 + 0 - 50 = 1,000 thousand of five: a fifth is one customer, who brings 90%. CUST1 rose."""
    out = tmp_path / "out"
    report = _json(cli("groups", "--out", out, "--json", "--language", "en", home=shown.parent))
    assert (report["as_of"], report["version"]) == ("2026-11-01", "1")
    assert report["customers"] == {"known": 6, "grouped": 5}
    assert [report["groups"][str(number)] for number in range(1, 9)] == [2, 2, 1, 0, 0, 0, 0, 0]
    assert report["tiers"] == {"key": 2, "general": 2, "maintain": 0, "exit": 1}
    assert report["highest_fifth_share"] == 0.9
    assert report["moves"] == {
        "before": "2026-10-01", "now": "2026-11-01", "tiers": {"up": 1, "down": 0, "stayed": 3},
        "groups": {"moved": 1, "stayed": 3},
    }  # fmt: skip
    assert report["report"] == str(out / "groups.html")
    files = {Path(path).name for path in report["files"]} | {"groups.html"}
    assert files == {path.name for path in out.iterdir()}
    for path in out.iterdir():
        assert path.read_bytes() == (shown / path.name).read_bytes(), path.name


def test_the_tables_hold_what_was_worked_out_by_hand(shown: Path) -> None:
    """Growth potential: (900 + 800) / 2 = 850, (600 + 400) / 2 = 500, 200; all 2,900 / 5 = 580."""
    head, *rows = _table(shown / "group-table.csv")
    growth = dict(zip(head, rows[0], strict=True))
    assert (growth["factor"], growth["en"], growth["zh"]) == (
        "growth_potential",
        "Growth potential",
        "成长潜力",
    )
    assert [growth[f"group_{number}"] for number in (1, 2, 3, 4)] == ["850.0", "500.0", "200.0", ""]
    assert [growth[f"group_{number}_mark"] for number in (1, 2, 3, 4)] == ["leading", "", "trailing", ""]
    assert growth["mean_of_all"] == "580.0"
    share = dict(zip(head, rows[-1], strict=True))
    assert [share[f"group_{number}"] for number in (1, 2, 3, 4)] == ["0.4", "0.4", "0.2", "0.0"]
    assert [row[0] for row in rows] == [
        "growth_potential",
        "loyalty",
        "credit",
        "current_contribution",
        "future_contribution",
        "customer_share",
    ]
    assert _table(shown / "tier-moves.csv")[1:] == [
        ["key", "key", "1"], ["general", "key", "1"], ["general", "general", "2"], ["exit", "none", "1"],
        ["none", "exit", "1"],
    ]  # fmt: skip


def test_the_page_says_everything_in_both_languages_and_names_no_customer(
    shown: Path,
) -> None:
    page = (shown / "groups.html").read_text(encoding="utf-8")
    words = read_policy("reports")["groups"]
    for language in ("en", "zh"):
        text = _in(page, language)
        for name in ("table", "matrix", "value", "tiers", "counts", "files"):
            assert words[name]["heading"][language] in text
        for name in ("leading", "trailing"):
            assert words["table"][name][language] in text
        for each in (*read_policy("texts")["factors"]["names"].values(), words["share"]):
            assert each[language] in text
        for tier in read_policy("tiers")["tiers"].values():
            assert tier["name"][language] in text
        for number in ("850", "580", "90.0%", "40.0%", "12.5%"):
            assert number in text
        assert not re.search(r"\{\w+\}", text)
    assert not CHINESE.search(_in(page, "en"))
    assert "CUST" not in page
    assert "<img" not in page
    assert "<image" not in page


def test_marks_can_be_told_without_colour(shown: Path) -> None:
    page = (shown / "groups.html").read_text(encoding="utf-8")
    assert '<td class="leading">▲ 850</td>' in page
    assert '<td class="trailing">▽ 200</td>' in page
    assert "<td>500</td>" in page


def test_every_picture_is_there_in_both_languages_and_names_no_customer(
    shown: Path,
) -> None:
    """Five customers are too few to compare other numbers of groups."""
    out = shown
    names = {"market-matrix", "value-concentration", "tier-moves"}
    assert {path.name.split(".")[0] for path in out.glob("*.svg")} == names
    for path in out.glob("*.svg"):
        text = path.read_text(encoding="utf-8")
        assert bool(CHINESE.search(text)) == (".zh." in path.name)
        assert "CUST" not in text
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG") or ".zh." in path.name


def test_the_inner_names_of_pictures_do_not_meet(shown: Path) -> None:
    page = (shown / "groups.html").read_text(encoding="utf-8")
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    asked = set(re.findall(r'(?:url\(#|href="#)([^")]+)', page))
    assert asked <= set(names)


def test_with_one_monthly_date_the_page_says_so_instead_of_moves(
    home: Home, cli: Cli, tmp_path: Path
) -> None:
    """A date in the middle of a month decides no tier: it is no date to move from."""
    _score(home, date(2026, 10, 15), BEFORE)
    _score(home, NOVEMBER, NOW)
    report = _json(cli("groups", "--out", tmp_path / "out", "--json", home=home.root))
    assert report["moves"] is None
    assert not list((tmp_path / "out").glob("tier-moves*"))
    page = (tmp_path / "out" / "groups.html").read_text(encoding="utf-8")
    assert "up to 2026-11-01; there are: 2026-11-01." in _in(page, "en")
    assert "两个月度日期(每月一日),现有: 2026-11-01。" in _in(page, "zh")


def test_an_earlier_date_does_not_look_at_a_later_one(home: Home, cli: Cli, tmp_path: Path) -> None:
    _score(home, OCTOBER, BEFORE)
    _score(home, NOVEMBER, NOW)
    found = cli("groups", "--as-of", "2026-10-01", "--out", tmp_path / "out", "--json", home=home.root)
    report = _json(found)
    assert (report["as_of"], report["moves"]) == ("2026-10-01", None)


def test_a_month_without_tiers_has_no_moves_between_tiers(home: Home, cli: Cli, tmp_path: Path) -> None:
    """October was scored after November, with another version: no tier was decided for it, groups are there."""
    _score(home, OCTOBER, [{**customer, "tier_code": None} for customer in BEFORE], version="2")
    _score(home, NOVEMBER, NOW)
    report = _json(cli("groups", "--out", tmp_path / "out", "--json", home=home.root))
    assert report["moves"]["tiers"] is None
    assert report["moves"]["groups"] == {"moved": 1, "stayed": 3}
    assert not list((tmp_path / "out").glob("tier-moves*"))
    page = _in((tmp_path / "out" / "groups.html").read_text(encoding="utf-8"), "en")
    assert "No moves between tiers: at one of 2026-10-01 and 2026-11-01 no tier was decided." in page
    assert "scored with different versions (2 and 1)" in page


def test_a_book_that_brings_nothing_is_said_to_have_no_curve(home: Home, cli: Cli, tmp_path: Path) -> None:
    """10 - 30 = -20 CNY a year."""
    _score(home, NOVEMBER, [_customer(1, "key", 900.0, 1_000.0), _customer(2, "exit", 100.0, -3_000.0)])
    report = _json(cli("groups", "--out", tmp_path / "out", "--json", home=home.root))
    assert report["highest_fifth_share"] is None
    assert not list((tmp_path / "out").glob("value-concentration*"))
    page = (tmp_path / "out" / "groups.html").read_text(encoding="utf-8")
    assert (
        "there is no curve. Customers who bring something bring CNY 10, those who cost something (1) CNY -30."
        in _in(page, "en")
    )


def test_nothing_scored_is_refused(home: Home, cli: Cli, tmp_path: Path) -> None:
    found = cli("groups", "--out", tmp_path / "out", home=home.root)
    assert found.code == 1
    assert "book: expected a scored as_of; got none, there are: none." in found.err
    assert not (tmp_path / "out").exists()


def test_a_bundle_without_groups_is_refused(home: Home, cli: Cli, tmp_path: Path) -> None:
    _score(home, NOVEMBER, [{"status": "ok"}], version="2")
    found = cli("groups", "--out", tmp_path / "out", home=home.root)
    assert found.code == 1
    assert "groups: expected a bundle with groups; version 2, which scored 2026-11-01, has none" in found.err
    assert not (tmp_path / "out").exists()


def test_a_date_at_which_nobody_is_in_a_group_is_refused(home: Home, cli: Cli, tmp_path: Path) -> None:
    _score(home, NOVEMBER, [{"status": "inactive"}, {"status": "closed"}])
    found = cli("groups", "--out", tmp_path / "out", home=home.root)
    assert found.code == 1
    assert "expected customers in a group at 2026-11-01; of 2 none could be scored" in found.err
