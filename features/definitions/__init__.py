"""What every feature means, by subject; and the catalogue that a bank's tables can fill."""

from __future__ import annotations

from features.catalogue import Catalogue, Feature, assemble
from features.definitions import (
    balances,
    complaints,
    contact,
    contribution,
    credit,
    facts,
    holdings,
    industry,
    managers,
    market,
    needs,
    profile,
    relations,
    signals,
    statements,
    strain,
    tasks,
    transactions,
)
from features.tables import PAST_PROFILE, PROTECTED_COLUMNS, BankManifest

FEATURES: tuple[Feature, ...] = (
    *contact.FEATURES,
    *balances.FEATURES,
    *transactions.FEATURES,
    *contribution.FEATURES,
    *holdings.FEATURES,
    *credit.FEATURES,
    *signals.FEATURES,
    *statements.FEATURES,
    *complaints.FEATURES,
    *strain.FEATURES,
    *needs.FEATURES,
    *tasks.FEATURES,
    *managers.FEATURES,
    *relations.FEATURES,
    *facts.FEATURES,
    *profile.FEATURES,
    *industry.FEATURES,
    *market.FEATURES,
)


NEEDED_COLUMNS = {
    **profile.NEEDED_COLUMNS,
    **contact.NEEDED_COLUMNS,
    **transactions.NEEDED_COLUMNS,
    **holdings.NEEDED_COLUMNS,
    **credit.NEEDED_COLUMNS,
    **complaints.NEEDED_COLUMNS,
    **needs.NEEDED_COLUMNS,
    **tasks.NEEDED_COLUMNS,
    **managers.NEEDED_COLUMNS,
    **relations.NEEDED_COLUMNS,
    **facts.NEEDED_COLUMNS,
    **statements.NEEDED_COLUMNS,
    **industry.NEEDED_COLUMNS,
    **balances.NEEDED_COLUMNS,
}
"""Feature -> the optional (table, column) that it cannot do without."""


def snapshot_feature(column: str, kind: str) -> Feature:
    """Describe a bank's own attribute, a feature under the bank's name for it.

    `kind` is number, boolean or text; a text becomes a code of the bank's code book.
    """
    unit = {"number": "number", "boolean": "flag", "text": "code"}[kind]
    return Feature(
        name=column,
        group="snapshots",
        family="snapshots",
        unit=unit,
        definition=f"The bank's own attribute {column}, from the newest snapshot dated as_of or before.",
        null_means="no snapshot at as_of, or the attribute is empty in it",
        source="contract.md, snapshots",
        tables=("snapshots",),
    )


def serving_columns(manifest: BankManifest) -> dict[str, frozenset[str]]:
    """Return each table's columns that serve past as_of dates.

    Of `customers` without `valid_from` only opened_on, born_on, kind, sex, closed_on and what the bank says
    never changes.

    Source: contract.md, "customers without valid_from".
    """
    columns = {table: frozenset(names) for table, names in manifest.tables.items()}
    if not manifest.has("customers", "valid_from"):
        lasting = {*PAST_PROFILE, *manifest.fixed_profile, "customer_id"}
        columns["customers"] = columns["customers"] & lasting
    return columns


def bank_catalogue(manifest: BankManifest) -> Catalogue:
    """Return the catalogue of one bank: what its tables can fill, and why the rest is absent.

    Raises
    ------
    ValueError
        A snapshot column bears the name of a built-in feature.
    """
    own = [
        snapshot_feature(column, kind)
        for column, kind in sorted(manifest.snapshot_columns.items())
        if column.lower() not in PROTECTED_COLUMNS
    ]
    clash = {feature.name for feature in own} & {feature.name for feature in FEATURES}
    if clash:
        raise ValueError(
            f"snapshots: expected column names that no built-in feature bears; got {', '.join(sorted(clash))}. "
            "Rename the column in the export."
        )
    return assemble((*FEATURES, *own), serving_columns(manifest), NEEDED_COLUMNS)
