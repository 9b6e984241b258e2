"""Rows of a random bank about warning signals: of customers, of industries and regions, and facts that rules read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests import random_relations
from tests.chance import Chance, midnight_of
from tests.random_relations import INDUSTRIES, REGIONS

Record = dict[str, Any]

CODES = (
    "E01",
    "F07",
    "F30",
    "M42",
    "M42",
    "M46",
    "H05",
    "F13",
    *("F02", "F15", "F25", "F26", "M18", "M05", "M08"),
)
"""Among them whole clusters, one of them over two categories, and codes that are computed as well."""


def signals(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 5)):
        yield signal(chance, person, chance.one(*CODES), None, None)
    for _ in range(12 if person == "0" else 0):
        industry, region = chance.one(None, *INDUSTRIES), chance.one(None, *REGIONS)
        if industry or region:
            yield signal(chance, None, chance.one("E01", "E03", "E08"), industry, region)


def signal(chance: Chance, person: str | None, code: str, industry: str | None, region: str | None) -> Record:
    day = chance.day()
    return {
        "signal_id": chance.next_id("s"),
        "code": code,
        "raised_on": day,
        "customer_id": person,
        "industry": industry,
        "region": region,
        "severity": chance.one(None, 1, 3, 5),
        "evidence": chance.one(None, "seen"),
        "closed_on": max(day, chance.day()) if chance.likely(0.5) else None,
        "recorded_at": chance.recorded(midnight_of(day)),
    }


def facts(chance: Chance, person: str) -> Iterator[Record]:
    """Facts of every kind, and here and there those that M12 and M15 read, at their limits."""
    yield from random_relations.facts(chance, person)
    noted = {
        (chance.one("product_price_change", "plant_stopped_days"), chance.day()) for _ in chance.several()
    }
    for code, day in sorted(noted) if chance.likely(0.3) else ():
        values = (
            (-0.2, -0.19, -0.5, 0.0, None) if code == "product_price_change" else (30.0, 29.0, 400.0, None)
        )
        yield {
            "customer_id": person,
            "code": code,
            "noted_on": day,
            "value": chance.one(*values),
            "valid_until": None,
            "source": None,
            "recorded_at": chance.recorded(midnight_of(day)),
        }
