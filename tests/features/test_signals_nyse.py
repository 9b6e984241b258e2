"""What the default rules on statements do to large listed companies, which are sound: printed, and held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

from features.groups.profile import spine_of, states
from features.policy import policy_text
from features.signals.registry import signal_rules
from features.windows import KEYS
from pipelines.engine import Engine
from tests.compute import compute, tell
from tests.nyse import nyse_bank

AS_OF = date(2019, 1, 1)
OF_STATEMENTS = ("statements", "industry")
"""Without `lateness`: the data do not say when a statement came in."""
TOO_OFTEN = 0.2
"""warning-signals.md: a default that fires on more than a fifth of sound companies informs nobody."""

Found = Mapping[str, Counter[str]]


@pytest.fixture(scope="module")
def found(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Per code how many statements fired, were clear and could not be evaluated, all received by as_of."""
    computed = compute(nyse_bank(shared_data / "nyse_fundamentals"), tmp_path_factory.mktemp("nyse"))
    counts: dict[str, Counter[str]] = {}
    rules = signal_rules()
    with Engine(computed.store.bank) as engine:
        spine = engine.keep("spine", spine_of(engine.tables, engine.moments([AS_OF])))
        people = states(engine.tables, spine).select(*KEYS, "kind")
        for table in OF_STATEMENTS:
            rows = engine.keep(f"rows_{table}", rules.measured(engine.tables, spine, table, people))
            levels = rules.levels(table, rows)
            for row in engine.fetch(rows.select(**levels)).to_pylist():
                for code, level in row.items():
                    answer = "not evaluable" if level is None else "fired" if level else "clear"
                    counts.setdefault(code, Counter())[answer] += 1
    return counts


def share(counts: Counter[str]) -> float:
    return counts["fired"] / max(counts["fired"] + counts["clear"], 1)


def test_the_rules_say_of_sound_companies_what_the_source_says(
    found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    """1,330 year pairs there, 1,329 here: one pair lies 396 days apart, which is no year.

    F07 12.5% is its first half alone (166 of 1,330), here with the second 180 = 13.5%. F03 14.0% is debt up by half
    alone (178 of the 1,274 with debt before), here with the rise above 5% of assets 159 = 12.5%. F15 at most 12.4%
    is the difference alone (156 of 1,258), here with receivables that rise 76 = 6.0%. F10 39.8% is near what all
    companies as one industry give, 40.8%; profit against last year alone falls by 5% in 30.7%.
    """
    lines = ["code  evaluated  fired  not evaluable"]
    for code, counts in sorted(found.items()):
        evaluated = counts["fired"] + counts["clear"]
        lines.append(
            f"{code}   {evaluated:9} {counts['fired']:6} {share(counts):6.1%} {counts['not evaluable']:8}"
        )
    tell(capsys, "\n".join(lines))
    assert {code for code, counts in found.items() if counts["fired"] + counts["clear"]} >= {
        "E08", "F02", "F03", "F04", "F05", "F07", "F08", "F09", "F10", "F12", "F14", "F15", "F24", "F25", "F26", "F27",
        "F29", "M05", "M07", "M08", "M18", "M19",
    }  # fmt: skip


def test_a_default_that_fires_on_a_fifth_of_sound_companies_says_so(found: Found) -> None:
    """The reason in signals.yaml names the share that this data set gives."""
    records = {record["code"]: record for record in yaml.safe_load(policy_text("signals"))["signals"]}
    for code, counts in found.items():
        if share(counts) > TOO_OFTEN:
            assert f"{share(counts):.1%}" in records[code].get("reason", ""), f"{code}: {share(counts):.1%}"
