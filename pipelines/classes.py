"""The class of every micro and small business at an as_of, as it is published and scored: codes and figures, no words.

What the rules need is read from the tables as known then, and from the features built for the as_of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from features.classes.classify import classify
from features.classes.known import Business, Ground, known_of
from features.classes.reading import ClassPolicy, read_classes
from features.groups.facts import in_force
from features.groups.profile import spine_of, states
from features.groups.statements import newest_statements
from features.windows import KEYS, Tables, known, ratio
from pipelines.build import Store, read_features
from pipelines.engine import Engine

KIND = "micro"

Entry = dict[str, Any]
Classes = Mapping[str, Entry]
"""Class of each micro customer by id; customers of other kinds are not there."""


@dataclass(frozen=True)
class _Read:
    """What was fetched at an as_of: micro customers, and by their number what else is known of them."""

    people: tuple[Mapping[str, Any], ...]
    facts: Mapping[int, Mapping[str, float]]
    kept: frozenset[str]
    net_assets: Mapping[int, float]
    collateral: Mapping[int, float]


def micro_classes(source: Store, as_of: date) -> Classes:
    """Classify every micro customer known at as_of by the policy in force on that day; the as_of has to be built.

    An entry holds `code`, `criteria` (each with `figure`, `operator`, `value` and, where there is one, `limit`),
    `not_checked` (each with `figure`) and `is_fallback`.

    Raises
    ------
    StoreError
        The as_of is not built, or the store is damaged.
    PolicyError
        A part of the policy is not yet in force on as_of.
    """
    policy, minor = read_classes(), 10**source.bank.manifest.currency_decimals
    rules = policy.on(as_of, minor)
    with Engine(source.bank) as engine:
        read = _read(engine, policy, as_of)
    features = _features(source, policy, as_of)
    ground = Ground(policy.figures, rules.industries, read.kept, minor)
    found = {}
    for person in read.people:
        number = person["customer_no"]
        business = Business(
            as_of=as_of,
            born_on=person["born_on"],
            opened_on=person["opened_on"],
            industry=person["industry"],
            net_assets=read.net_assets.get(number),
            collateral_ltv=read.collateral.get(number),
            facts=read.facts.get(number, {}),
            features=features[person["customer_id"]],
        )
        found[person["customer_id"]] = classify(rules, known_of(ground, business)).to_json()
    return found


def _features(source: Store, policy: ClassPolicy, as_of: date) -> Mapping[str, Mapping[str, float | None]]:
    """Features that the rules read, by customer; what the bank does not have is not there."""
    has = set(source.bank.catalogue.names)
    names = tuple(name for name in dict.fromkeys(policy.features) if name in has)
    if not names:
        return defaultdict(dict)
    rows = _rows(read_features(source, as_of, names))
    return {row["customer_id"]: {name: _observed(row[name]) for name in names} for row in rows}


def _observed(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 - NaN is not observed


def _read(engine: Engine, policy: ClassPolicy, as_of: date) -> _Read:
    tables = engine.run_of([as_of])
    everybody = engine.keep("spine", spine_of(tables, engine.moments([as_of])))
    people = engine.keep("micro", _people(tables, everybody))
    facts: dict[int, dict[str, float]] = defaultdict(dict)
    kept: set[str] = set()
    if "facts" in tables:
        noted = engine.keep("facts_known", known(tables, "facts", everybody))
        marks = {name for name, figure in policy.figures.items() if figure.is_mark}
        kept = marks & set(engine.fetch(noted.select("code").distinct())["code"].to_pylist())
        units = {name: figure.unit for name, figure in policy.figures.items() if figure.is_fact}
        for row in _rows(engine.fetch(_facts(noted, people, tuple(units)))):
            value = 1.0 if row["value"] is None and units[row["code"]] == "flag" else row["value"]
            if value is not None:
                facts[row["customer_no"]][row["code"]] = value
    return _Read(
        people=tuple(_rows(engine.fetch(people))),
        facts=facts,
        kept=frozenset(kept),
        net_assets=_by_number(engine, _net_assets(tables, people)) if "statements" in tables else {},
        collateral=_by_number(engine, _collateral(tables, people)) if "loans" in tables else {},
    )


def _people(tables: Tables, spine: ir.Table) -> ir.Table:
    """Micro customers in their newest state, with what of it serves at as_of: a row per KEYS."""
    state = states(tables, spine)
    state = state.filter(state.kind == KIND)
    columns = {
        name: state[name] if name in tables.profile_columns else ibis.null(state[name].type())
        for name in ("born_on", "opened_on", "industry")
    }
    opened = ibis.ifelse(state.opened_day.notnull(), columns["opened_on"], ibis.null("date"))
    return state.select("customer_id", *KEYS, **{**columns, "opened_on": opened})


def _facts(noted: ir.Table, people: ir.Table, codes: tuple[str, ...]) -> ir.Table:
    rows = in_force(noted).filter(lambda t: t.is_in_force & t.code.isin(codes))
    return rows.join(people.select(*KEYS), KEYS).select("customer_no", "code", "value")


def _net_assets(tables: Tables, people: ir.Table) -> ir.Table:
    """Equity of the newest statement, else its assets less its liabilities: customer_no, `value`."""
    rows = newest_statements(tables, people.select(*KEYS))
    value = ibis.coalesce(rows.equity, rows.total_assets - rows.total_liabilities)
    return rows.select("customer_no", value=value.cast("float64"))


def _collateral(tables: Tables, people: ir.Table) -> ir.Table:
    """Amounts of running loans on property over its value: customer_no, `value`."""
    rows = known(tables, "loans", people.select(*KEYS))
    rows = rows.filter(
        rows.matures_day >= rows.as_of_day, rows.collateral == "property", rows.collateral_value > 0
    )
    sums = rows.group_by("customer_no").aggregate(lent=rows.amount.sum(), worth=rows.collateral_value.sum())
    return sums.select("customer_no", value=ratio(sums.lent, sums.worth))


def _by_number(engine: Engine, rows: ir.Table) -> Mapping[int, float]:
    return {row["customer_no"]: row["value"] for row in _rows(engine.fetch(rows)) if row["value"] is not None}


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches():
        yield from batch.to_pylist()
