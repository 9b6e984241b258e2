"""The definition lab on random banks: equal to the label code and to plain Python, and the laws that it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from pipelines.lab_rows import falls_before, with_threshold
from tests import oracle_targets
from tests.compute import compute, tell
from tests.handover import Bank
from tests.lab_reading import POLICY, definitions, reading
from tests.oracle_balances import ASSETS
from tests.oracle_known import by_customer
from tests.random_bank import AS_OFS, random_bank
from training import targets
from training.lab_figures import finding, pairs_wanted, rates_of

TRIED = ((90, 30, 0.2, 0), (90, 60, 0.6, 10_000), (180, 90, 0.4, 0), (180, 120, 0.2, 1000))
"""Horizon, days of silence, share left, least fall in major units."""
SEEDS = ((11, 60), (17, 60))


def labelled_bank(seed: int, customers: int) -> Bank:
    """A random bank's tables that churn is read from, all of them."""
    bank = random_bank(seed, customers, is_whole=True)
    wanted = ("customers", "transactions", "balances", "holdings")
    return replace(bank, tables={name: bank.tables[name] for name in wanted})


@pytest.mark.parametrize(("seed", "customers"), SEEDS)
def test_every_definition_equals_the_label_with_its_thresholds(
    seed: int, customers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The label code with the policy changed, and a plain-Python oracle with its constants changed, call the same."""
    bank = labelled_bank(seed, customers)
    dates, tried, events = [AS_OFS[0]], 0, 0
    with reading(compute(bank, tmp_path), dates) as reader:
        spine = reader.engine.load("spine", reader.eligible)
        ids = reader.eligible["customer_id"].to_pylist()
        by_key = {
            one.definition.key: one for days in (90, 180) for one in reader.definitions("churn", days, dates)
        }
        for horizon, run, share, fall in TRIED:
            thresholds = {"inactive_run_days": run, "drained_share": share, "drained_minimum_fall": fall}
            named = (f"{name}={value:g}" for name, value in thresholds.items())
            hit = by_key["/".join([f"churn_{horizon}", "whole", *named])].hit
            settings = reader.settings
            for name, value in thresholds.items():
                settings = with_threshold(settings, "churn", name, value)
            labels = reader.engine.fetch(targets.churn(reader.engine.tables, spine, horizon, settings))
            labels = labels.sort_by("customer_id")
            assert labels["label"].to_pylist() == hit.astype(float).tolist()
            expected = oracle_hits(bank, dates[0], horizon, (run, Fraction(str(share)), fall * 100))
            assert dict(zip(ids, hit.tolist(), strict=True)) == expected
            tried += len(hit)
            events += int(hit.sum())
    tell(capsys, f"definitions, seed {seed}: {tried} labels compared twice, {events} events")
    assert events > 0


def oracle_hits(
    bank: Bank, as_of: date, horizon: int, thresholds: tuple[int, Fraction, int]
) -> dict[str, bool]:
    """Whom plain Python calls, with other thresholds in place of the oracle's."""
    run, share, fall = thresholds
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle_targets, "SILENCE", run)
        patch.setattr(oracle_targets, "DRAINED_AT", share)
        labels = oracle_targets.oracle_labels(bank, as_of, "churn", horizon, fall)
    return {name: bool(label) for name, label in labels.items()}


@pytest.mark.parametrize(("seed", "customers"), SEEDS)
def test_lead_and_return_equal_plain_python(
    seed: int, customers: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Falls and returns of everyone called, from the raw rows day by day."""
    bank = labelled_bank(seed, customers)
    dates, horizon = [AS_OFS[0], AS_OFS[2]], 90
    with reading(compute(bank, tmp_path), dates) as reader:
        found = reader.definitions("churn", horizon, dates)
        falls = falls_before(reader.engine, POLICY, reader.settings, pairs_wanted(found, 0))
        ids = reader.eligible["customer_id"].to_pylist()
    rows = {table: by_customer(oracle_targets.label_rows(bank, table)) for table in bank.tables}
    judged = 0
    for called in found:
        if called.definition.clause == "whole" or dict(called.definition.thresholds).get(
            "drained_minimum_fall"
        ):
            continue
        for place in np.flatnonzero(called.hit):
            later = oracle_targets.Later(bank, ids[place], rows)
            shift = date(1970, 1, 1).toordinal()
            moment = int(called.moment[place]) + shift
            stop = int(called.rows.as_of_day[place]) + shift + horizon
            key = called.moment[place] * 2**32 + called.rows.customer_no[place]
            assert falls.of(np.array([key]))[0] == plain_fall(later, moment), called.definition.key
            if called.definition.clause == "drained":
                base = plain_mean(later, stop - horizon - 90, stop - horizon)
                end = plain_mean(later, stop + 60, stop + 90)
                is_back = base is not None and end is not None and end > base / 2
            else:
                is_back = later.is_active(stop, stop + 90)
            assert bool(called.back[place]) == is_back, called.definition.key
            judged += 1
    tell(capsys, f"lead and return, seed {seed}: {judged} events followed by hand")
    assert judged > 20


def plain_mean(later: oracle_targets.Later, start: int, end: int) -> Fraction | None:
    amounts = [amount for _, amount in later.amounts(start, end, ASSETS)]
    return Fraction(sum(amounts), len(amounts)) if amounts else None


def plain_fall(later: oracle_targets.Later, moment: int) -> int:
    """Newest blocks in a row below nine tenths of the three blocks that lie six months back; -1: not known."""
    blocks = [plain_mean(later, moment - 30 * (place + 1), moment - 30 * place) for place in range(9)]
    known = [block for block in blocks[6:] if block is not None]
    if len(known) < 3 or sum(known) <= 0 or blocks[0] is None:
        return -1
    reference = sum(known) / 3
    count = 0
    for block in blocks[:6]:
        if block is None or block >= reference * Fraction(9, 10):
            break
        count += 1
    return count


def test_stricter_thresholds_call_fewer(tmp_path: Path) -> None:
    """Without a product that exempts, a longer run, a lower share and a larger fall are called by the others too."""
    bank = labelled_bank(58, 60)
    tables = {name: rows for name, rows in bank.tables.items() if name != "holdings"}
    found = definitions(compute(replace(bank, tables=tables), tmp_path), "churn", 180, [AS_OFS[0]])
    pairs = 0
    for strict, loose in product(found.values(), found.values()):
        one, two = dict(strict.definition.thresholds), dict(loose.definition.thresholds)
        if strict.definition.clause != loose.definition.clause or one.keys() != two.keys():
            continue
        if (
            one.get("inactive_run_days", 0) >= two.get("inactive_run_days", 0)
            and one.get("drained_share", 0) <= two.get("drained_share", 0)
            and one.get("drained_minimum_fall", 0) >= two.get("drained_minimum_fall", 0)
        ):
            assert not (strict.hit & ~loose.hit).any()
            rates = zip(rates_of(strict), rates_of(loose), strict=True)
            assert all(low.events <= high.events for low, high in rates)
            pairs += 1
    assert pairs > 300
    assert len({int(one.hit.sum()) for one in found.values()}) > 5


def test_the_order_of_rows_changes_no_figure(tmp_path: Path) -> None:
    bank = labelled_bank(11, 40)
    turned = replace(bank, tables={name: list(reversed(rows)) for name, rows in bank.tables.items()})
    figures = []
    for place, one in enumerate((bank, turned)):
        with reading(compute(one, tmp_path / str(place)), [AS_OFS[0]]) as reader:
            called = reader.definitions("churn", 90, [AS_OFS[0]])
            falls = falls_before(reader.engine, POLICY, reader.settings, pairs_wanted(called, 0))
            figures.append([finding(each, falls, 0, called[0]) for each in called])
    assert figures[0] == figures[1]
