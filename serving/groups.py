"""Groups of customers with a similar value: which one a customer belongs to, and what marks it.

A group is a centre of scores; a customer belongs to the nearest. Numbers keep their meaning from bundle to bundle
(training/groups.py matches them to the last one's).

Source: five-factor.md, "Groups".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from serving.errors import BundleError
from serving.factors import Scored
from serving.manifest import STRICT, parse
from serving.tables import FloatArray

GROUPS_DOCUMENT = "groups.json"


@dataclass(frozen=True, config=STRICT)
class Groups:
    """Content of `groups.json`: centres of scores and the number of each group; marks come from the reference.

    `centres` are (groups, factors). `leading` and `trailing` are by number the factors on which the group is among the
    highest, and among the lowest. `is_fewer`: the reference held fewer kinds of customers than groups were asked for.
    """

    factors: tuple[str, ...]
    numbers: tuple[int, ...]
    centres: tuple[tuple[float, ...], ...]
    leading: Mapping[str, tuple[str, ...]]
    trailing: Mapping[str, tuple[str, ...]]
    is_fewer: bool

    def of(self, scored: Scored) -> FloatArray:
        """Number of each customer's group, (n,); NaN where one of the scores is not known.

        The nearest centre by the sum of squared differences, the lower number of two equally near.
        """
        columns = [scored.factors[name].score for name in self.factors]
        return self.nearest(np.column_stack(columns)) if columns else np.empty(0)

    def nearest(self, scores: FloatArray) -> FloatArray:
        """Number of the nearest group for scores (n, factors); NaN where one is NaN.

        Examples
        --------
        >>> groups = Groups(("loyalty",), (1, 2), ((900.0,), (100.0,)), {}, {}, False)
        >>> groups.nearest(np.array([[501.0], [500.0], [499.0], [np.nan]])).tolist()
        [1.0, 1.0, 2.0, nan]
        """
        order = np.argsort(self.numbers)
        best = np.full(len(scores), np.inf)
        found = np.full(len(scores), np.nan)
        for place in order.tolist():
            distance = np.zeros(len(scores))
            for column, centre in enumerate(self.centres[place]):
                apart = scores[:, column] - centre
                distance = distance + apart * apart
            is_nearer = distance < best
            best = np.where(is_nearer, distance, best)
            found = np.where(is_nearer, float(self.numbers[place]), found)
        return found


def read_groups(text: str, factors: Sequence[str]) -> Groups:
    """Read `groups.json`.

    Raises
    ------
    BundleError
        It is no set of groups, or one over factors that the bundle does not have.
    """
    groups = parse(text.encode(), Groups, GROUPS_DOCUMENT)
    rules = {
        "factors of the bundle": set(groups.factors) <= set(factors) and bool(groups.factors),
        "distinct numbers from 1 on, one per centre": len(set(groups.numbers)) == len(groups.centres) > 0
        and min(groups.numbers, default=0) >= 1,
        "a score per factor in every centre": all(
            len(each) == len(groups.factors) for each in groups.centres
        ),
    }
    broken = [rule for rule, is_kept in rules.items() if not is_kept]
    if broken:
        raise BundleError(f"{GROUPS_DOCUMENT}: expected {'; '.join(broken)}. Train the bundle again.")
    return groups


class GroupTexts:
    """Names of groups in one language, made from their marks: "leading: loyalty; trailing: credit"."""

    def __init__(self, groups: Groups, words: Mapping[str, Any], language: str) -> None:
        names = {name: word[language] for name, word in words["names"].items()}
        texts = {key: word[language] for key, word in words["groups"].items()}
        self._names: dict[int, str] = {}
        for number in groups.numbers:
            parts = []
            for mark, marked in (("leading", groups.leading), ("trailing", groups.trailing)):
                if marked.get(str(number)):
                    listed = texts["and"].join(names[name] for name in marked[str(number)])
                    parts.append(texts[mark].format(factors=listed))
            self._names[number] = texts["between"].join(parts) or texts["plain"]

    def name(self, number: int) -> str:
        """Return the name of a group."""
        return self._names[number]

    def block(self, number: int) -> dict[str, Any]:
        """Return the answer's block `group`."""
        return {"number": number, "name": self._names[number]}


def marked(centres: FloatArray, share: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say per group and factor whether it is among the leading groups, and among the trailing ones.

    Parameters
    ----------
    centres
        (groups, factors): mean scores.
    share
        Of the groups, rounded up: so many lead and so many trail; with one group nobody does.

    Examples
    --------
    >>> lead, trail = marked(np.array([[900.0], [500.0], [100.0]]), 0.25)
    >>> lead.ravel().tolist(), trail.ravel().tolist()
    ([True, False, False], [False, False, True])
    """
    groups = len(centres)
    count = min(int(np.ceil(groups * share)), groups // 2)
    rank = np.argsort(np.argsort(-centres, axis=0, kind="stable"), axis=0, kind="stable")
    return rank < count, rank >= groups - count
