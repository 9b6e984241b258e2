"""What has to hold between the records of signals.yaml: every code there, versions in order, clusters apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from features.policy.tree import Place
from features.signals.records import Signal, SignalCatalogue
from features.tables import SIGNAL_CODES


def with_ends(signals: Sequence[Signal]) -> Iterator[Signal]:
    """Give each version the day on which the next one for the same kinds begins.

    Raises
    ------
    PolicyError
        Two records of a code speak for one kind from the same day, or stand out of order of their dates.
    """
    for place, signal in enumerate(signals):
        until = None
        for later in signals[place + 1 :]:
            shared = set(later.kinds) & set(signal.kinds)
            if later.code != signal.code or not shared:
                continue
            if set(later.kinds) != set(signal.kinds):
                raise later.place.error(
                    f"expected versions of {signal.code} for the same kinds as on line {signal.place.line}; "
                    f"got {', '.join(later.kinds)}. Give every version of a rule the same applies_to."
                )
            if later.start <= signal.start:
                fault = "is there twice" if later.start == signal.start else f"stands after {signal.start}"
                raise later.place.error(
                    f"expected the versions of {signal.code} in order of their dates, each once; "
                    f"{later.start} {fault} (line {signal.place.line}). Two versions would hold on one day: "
                    "put them in order, oldest first, and keep one per date."
                )
            until = later.start if until is None else until
        yield replace(signal, until=until)


def check_whole(catalogue: SignalCatalogue, of_clusters: Place, of_signals: Place) -> None:
    """Refuse a catalogue that lacks a code, has codes out of order, or puts one into two clusters.

    All versions of a rule read one table: an episode is built from one series of evaluations.
    """
    codes = [signal.code for signal in catalogue.signals]
    missing = [code for code in SIGNAL_CODES if code not in codes]
    if missing:
        raise of_signals.error(
            f"expected a record of each of the {len(SIGNAL_CODES)} codes; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Add it; one that is only recorded needs no rule."
        )
    for before, signal in zip(catalogue.signals, catalogue.signals[1:], strict=False):
        if SIGNAL_CODES.index(signal.code) < SIGNAL_CODES.index(before.code):
            raise signal.place.error(
                f"expected records in the order of their codes; {signal.code} stands after {before.code}. Move it."
            )
        if signal.code == before.code and set(signal.kinds) == set(before.kinds):
            _check_table(before, signal)
    clustered = [code for cluster in catalogue.clusters for code in cluster]
    twice = [code for code in clustered if clustered.count(code) > 1]
    if twice:
        raise of_clusters.error(
            f"expected every code in at most one cluster; got {twice[0]} in two. Join the two, or take it out of one."
        )


def _check_table(before: Signal, signal: Signal) -> None:
    if before.rule is not None and signal.rule is not None and before.rule.table != signal.rule.table:
        raise signal.place.error(
            f"expected all versions of {signal.code} to read one table; got {signal.rule.table} after "
            f"{before.rule.table}. Keep the table: an episode is built from one series of evaluations."
        )
