"""The monitor: what counts as drift, what raises an alarm, and what a report may hold."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.policy import read_policy
from pipelines.drift import Bins
from pipelines.monitor import MonitorReport, Population, compare
from serving.bundle import Bundle
from tests.packed import pack
from tests.trained import NAMES, population, trained

AS_OF = date(2026, 11, 1)
ROWS = 900
MISSING, CONSTANT, EMPTY = "is_managed", "complaint_count_180d", "signal_severity_open_max"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    directory = tmp_path_factory.mktemp("monitor") / "bundle"
    pack(directory, [trained("churn", 90)], reference=_with_still_columns(population(1_200, 3).values))
    return Bundle.load(directory)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the monitor called someone")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def drifted(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> MonitorReport:
    """Quieter customers, and one feature that nobody has any more."""
    values = _with_still_columns(population(ROWS, 11, shift=1.0).values)
    values[:, NAMES.index(MISSING)] = np.nan
    return compare(bundle, _now(values), tmp_path_factory.mktemp("drifted"), "zh", {"not_scorable_closed": 7})


def _with_still_columns(
    values: np.ndarray[Any, np.dtype[np.float64]],
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One feature with a single value, one never observed."""
    values[:, NAMES.index(CONSTANT)] = 2.0
    values[:, NAMES.index(EMPTY)] = np.nan
    return values


def _now(values: np.ndarray[Any, np.dtype[np.float64]]) -> Population:
    return Population(tuple(f"SECRET-{row:06d}" for row in range(len(values))), AS_OF, values)


def _codes(reference: list[float], values: list[float], count: int = 10) -> list[int]:
    return Bins.of(np.array(reference), count).codes(np.array(values)).tolist()


def test_a_bin_holds_equally_many_rows_however_uneven_the_amounts() -> None:
    values = np.exp(np.arange(1000) / 40)
    assert np.bincount(Bins.of(values, 10).codes(values)).tolist() == [0, *[100] * 10]


def test_a_value_that_many_share_has_its_own_bin() -> None:
    """19 of 20 hold 1: 0, 1 and what lies beyond are told apart."""
    reference = [0.0] + [1.0] * 19
    assert _codes(reference, [-1.0, 0.0, 0.5, 1.0, 2.0, np.nan]) == [0, 1, 1, 2, 3, 4]


def test_new_values_of_a_constant_are_seen_on_both_sides() -> None:
    assert _codes([5.0] * 9, [4.0, 5.0, 6.0, np.nan]) == [0, 1, 2, 3]


def test_a_feature_never_observed_has_one_bin_for_whatever_comes() -> None:
    assert _codes([np.nan] * 3, [-1.0, 7.0, np.nan]) == [0, 0, 1]


def test_customers_like_those_of_the_reference_raise_no_alarm(
    bundle: Bundle, tmp_path: Path, no_network: None
) -> None:
    report = compare(bundle, _now(_with_still_columns(population(ROWS, 12).values)), tmp_path, "en", {})
    assert report.alarms == ()
    assert max(item.psi for item in report.features.values()) < 0.1
    assert "No alarm stands." in report.html.read_text(encoding="utf-8")


def test_other_customers_raise_alarms_the_largest_first(drifted: MonitorReport) -> None:
    names = [alarm.name for alarm in drifted.alarms]
    assert names[0] == MISSING
    assert {"txn_count_90d", "asset_balance_drawdown_365d", "churn_90"} <= set(names)
    assert [alarm.psi for alarm in drifted.alarms] == sorted((a.psi for a in drifted.alarms), reverse=True)
    assert drifted.predictions["churn_90"].mean_now > drifted.predictions["churn_90"].mean_before
    assert "已分配客户经理" in str(drifted.alarms[0])


def test_constant_and_empty_features_are_named_and_have_figures(drifted: MonitorReport) -> None:
    for name, share in ((CONSTANT, 0.0), (EMPTY, 1.0)):
        item = drifted.features[name]
        assert (item.psi, item.is_constant, item.alarm) == (0.0, True, False)
        assert (item.missing_before, item.missing_now) == (share, share)
    page = drifted.html.read_text(encoding="utf-8")
    assert "One and the same value before and now: Complaints over 180 days" in page
    assert "前后均无记录: 未关闭预警信号最高等级" in page


def test_the_json_is_flat_and_holds_numbers_only(drifted: MonitorReport) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON number")

    path = drifted.html.with_name("monitor.json")
    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert content == json.loads(json.dumps(drifted.to_dict()))
    assert list(content["features"][MISSING]) == [
        "alarm", "is_constant", "limit", "missing_before", "missing_now", "psi",
    ]  # fmt: skip
    assert content["as_of"] == "2026-11-01"
    assert content["rows"]["current"] == ROWS
    assert content["rows"]["not_scorable_closed"] == 7
    assert content["alarms"][0]["name"] == MISSING


def test_no_customer_stands_in_a_report(drifted: MonitorReport) -> None:
    files = list(drifted.html.parent.iterdir())
    assert {path.name for path in files} == {"index.html", "drift.html", "monitor.json"}
    for path in files:
        assert "SECRET-" not in path.read_text(encoding="utf-8"), path.name
    first = float(population(ROWS, 11, shift=1.0).values[0, NAMES.index("asset_balance_mean_90d")])
    assert f"{first:.0f}" not in (drifted.html.parent / "drift.html").read_text(encoding="utf-8")


def test_the_page_is_whole_in_both_languages_and_loads_nothing(drifted: MonitorReport) -> None:
    page = drifted.html.read_text(encoding="utf-8")
    assert page.index('lang="zh">\n<h1>') < page.index('lang="en">\n<h1>')
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    assert _opened(page) == {}
    for name in NAMES:
        assert name not in page, "raw feature names are not for people"


def test_features_that_grow_with_the_record_never_alarm(
    bundle: Bundle, tmp_path: Path, monkeypatch: Any
) -> None:
    policy = {**read_policy("monitor"), "growing": ["tenure_days"]}
    for module in ("monitor", "monitor_page"):
        monkeypatch.setattr(
            f"pipelines.{module}.read_policy", lambda name: policy if name == "monitor" else read_policy(name)
        )
    values = _with_still_columns(population(ROWS, 12).values)
    values[:, NAMES.index("tenure_days")] += 5000.0
    report = compare(bundle, _now(values), tmp_path, "en", {})
    item = report.features["tenure_days"]
    assert item.psi > 1.0
    assert (item.limit, item.alarm) == (None, False)
    assert "grows by itself" in report.html.read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", [13, 14, 15])
def test_a_hundred_customers_are_enough_and_alarm_for_no_reason(
    bundle: Bundle, tmp_path: Path, seed: int
) -> None:
    now = _now(_with_still_columns(population(100, seed).values))
    report = compare(bundle, now, tmp_path, "en", {})
    assert report.features["contact_gap_days"].limit == 0.25
    assert report.alarms == ()


def test_fewer_customers_are_not_judged(bundle: Bundle, tmp_path: Path) -> None:
    now = _now(_with_still_columns(population(99, 13, shift=3.0).values))
    report = compare(bundle, now, tmp_path, "en", {})
    assert max(item.psi for item in report.features.values()) > 1.0
    assert report.alarms == ()
    assert {item.limit for item in report.features.values()} == {None}
    assert "Fewer than 100 customers: nothing is judged." in report.html.read_text(encoding="utf-8")


def test_the_sample_is_the_same_customers_in_any_order() -> None:
    values = population(500, 1).values
    forth = _now(values)
    back = Population(forth.customer_ids[::-1], AS_OF, values[::-1])
    assert set(forth.sample(50).customer_ids) == set(back.sample(50).customer_ids)
    place = dict(zip(forth.customer_ids, values, strict=True))
    picked = back.sample(50)
    for name, row in zip(picked.customer_ids, picked.values, strict=True):
        assert np.array_equal(row, place[name], equal_nan=True)


def _opened(page: str) -> Mapping[str, int]:
    """Tags that are opened and not closed, or the other way round."""
    counts: dict[str, int] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in {"meta", "br", "link", "input"}:
                counts[tag] = counts.get(tag, 0) + 1

        def handle_endtag(self, tag: str) -> None:
            counts[tag] = counts.get(tag, 0) - 1

    Reader().feed(page)
    return {tag: count for tag, count in counts.items() if count}
