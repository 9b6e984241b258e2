"""Reads LightGBM's text of a model of shallow trees, and refuses every other kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, isnan

from serving.tables import MISSING_NAN, SPLITS
from training.errors import CompileError

DEPTH = 3
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2  # bits of LightGBM's decision_type
_EXPECTED = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1"}
_KNOWN = {
    *_EXPECTED,
    "label_index",
    "max_feature_idx",
    "objective",
    "feature_names",
    "feature_infos",
    "tree_sizes",
    "monotone_constraints",
}


@dataclass(frozen=True)
class Tree:
    """One tree of the text: a child >= 0 is a split, any other c is leaf ~c (-1 = leaf 0)."""

    number: int
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    decision: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    split_count: tuple[int, ...]
    leaf_value: tuple[float, ...]
    leaf_count: tuple[int, ...]

    def count(self, child: int) -> int:
        """Training rows that reached a split or leaf."""
        return self.split_count[child] if child >= 0 else self.leaf_count[~child]


@dataclass(frozen=True)
class Step:
    """One split on the way to a leaf: what it compares, the side taken, the share of rows that took it."""

    split: int
    feature: int
    is_left: bool
    share: float


def read_trees(text: str, names: tuple[str, ...]) -> list[Tree]:
    """Trees of a model whose columns are `names`, in this order.

    Raises
    ------
    CompileError
        The text is no model of one output, its columns are others, or a tree is not one of numerical splits
        with at most 7 of them and at most 3 on a path.
    """
    header, blocks = _split_text(text)
    _check_header(header, names)
    return [_read_tree(number, block, len(names)) for number, block in enumerate(blocks)]


def leaf_paths(tree: Tree) -> list[tuple[list[Step], int]]:
    """Every leaf and the splits on the way to it, in the order of the leaves."""
    if not tree.feature:
        return [([], 0)]
    found: list[tuple[list[Step], int]] = []
    seen: list[int] = []
    waiting: list[tuple[int, list[Step]]] = [(0, [])]
    while waiting:
        child, path = waiting.pop()
        seen.append(child)
        if child < 0:
            found.append((path, ~child))
            continue
        if len(path) == DEPTH or len(seen) > 2 * SPLITS + 1:
            raise _refusal(tree.number, f"at most {DEPTH} splits on every path", "a deeper one")
        for is_left, below in ((True, tree.left[child]), (False, tree.right[child])):
            if not -len(tree.leaf_value) <= below < len(tree.feature):
                raise _refusal(tree.number, "children that exist", f"child {below}")
            share = tree.count(below) / tree.count(child)
            waiting.append((below, [*path, Step(child, tree.feature[child], is_left, share)]))
        if tree.count(tree.left[child]) + tree.count(tree.right[child]) != tree.count(child):
            raise _refusal(tree.number, "row counts that add up", f"others below split {child}")
    if sorted(seen) != list(range(-len(tree.leaf_value), len(tree.feature))):
        raise _refusal(tree.number, "every split and leaf once", "a tree that is none")
    return sorted(found, key=lambda item: item[1])


def _split_text(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    head, end, _ = text.partition("\nend of trees")
    parts = re.split(r"^Tree=(\d+)$", head, flags=re.MULTILINE)
    numbers = [int(number) for number in parts[1::2]]
    if not end or parts[0].split("\n", 1)[0] != "tree" or not numbers or numbers != list(range(len(numbers))):
        raise CompileError(
            "model text: expected LightGBM's text, from 'tree' over Tree=0, Tree=1 ... to 'end of trees'; "
            f"got {len(numbers)} trees. Pass Booster.model_to_string() as it is."
        )
    return _fields(parts[0].split("\n", 1)[1]), [_fields(block) for block in parts[2::2]]


def _fields(block: str) -> dict[str, str]:
    lines = [line.partition("=") for line in block.splitlines() if line]
    fields = {name: value for name, _, value in lines}
    if len(fields) != len(lines):
        raise CompileError("model text: expected every field once, got one twice. Export the model again.")
    return fields


def _check_header(header: Mapping[str, str], names: tuple[str, ...]) -> None:
    for field, expected in _EXPECTED.items():
        if header.get(field) != expected:
            raise CompileError(
                f"model text, {field}: expected {expected}, got {header.get(field)!r}. "
                "Train one booster per target with LightGBM 4."
            )
    unknown = sorted(set(header) - _KNOWN)
    if unknown:
        raise CompileError(
            f"model text: expected a sum of trees, got one with {', '.join(unknown)}. "
            "Train with boosting gbdt or dart."
        )
    found = tuple(header.get("feature_names", "").split(" "))
    if found != names:
        where = next(
            (i for i, pair in enumerate(zip(found, names, strict=False)) if pair[0] != pair[1]), None
        )
        detail = (
            f"column {where} is {found[where]!r}, not {names[where]!r}"
            if where is not None
            else "the rest is equal"
        )
        raise CompileError(
            f"model columns: expected the {len(names)} features given, in their order; got {len(found)}: "
            f"{detail}. Compile with the columns that were trained on."
        )


def _read_tree(number: int, block: Mapping[str, str], features: int) -> Tree:
    if block.get("num_cat") != "0":
        raise _refusal(
            number, "numerical splits only", "splits on categories. Pass categories as ordered codes"
        )
    if block.get("is_linear", "0") != "0":
        raise _refusal(number, "constant leaves", "linear ones. Train without linear_tree")
    try:
        tree = Tree(
            number=number,
            feature=_integers(block["split_feature"]),
            threshold=_numbers(block["threshold"]),
            decision=_integers(block["decision_type"]),
            left=_integers(block["left_child"]),
            right=_integers(block["right_child"]),
            split_count=_integers(block["internal_count"]),
            leaf_value=_numbers(block["leaf_value"]),
            leaf_count=_integers(block["leaf_count"]),
        )
        leaves = int(block["num_leaves"])
    except (KeyError, ValueError) as error:
        raise _refusal(number, "all fields of a tree, as numbers", f"{error}") from error
    _check_tree(tree, leaves, features)
    return tree


def _check_tree(tree: Tree, leaves: int, features: int) -> None:
    if leaves > SPLITS + 1:
        raise _refusal(tree.number, f"at most {SPLITS} splits", f"{leaves - 1}")
    per_split = (tree.feature, tree.threshold, tree.decision, tree.left, tree.right, tree.split_count)
    if {len(values) for values in per_split} != {leaves - 1} or {
        len(tree.leaf_value),
        len(tree.leaf_count),
    } != {leaves}:
        raise _refusal(tree.number, f"{leaves} leaves and {leaves - 1} splits", "fields of other lengths")
    if not all(0 <= feature < features for feature in tree.feature):
        raise _refusal(tree.number, f"features 0 to {features - 1}", f"{tree.feature}")
    if any(kind & CATEGORICAL or kind >> MISSING_SHIFT > MISSING_NAN or kind < 0 for kind in tree.decision):
        raise _refusal(tree.number, "numerical decision types", f"{tree.decision}")
    if any(map(isnan, tree.threshold)) or not all(map(isfinite, tree.leaf_value)):
        raise _refusal(tree.number, "thresholds that are numbers and finite leaf values", "others")
    if tree.feature and min(*tree.leaf_count, *tree.split_count) < 1:
        raise _refusal(tree.number, "at least one row at every split and leaf", "none at one of them")


def _integers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split())


def _refusal(number: int, expected: str, got: str) -> CompileError:
    return CompileError(
        f"model text, tree {number}: expected {expected}; got {got}. Train with max_depth=3 and "
        "num_leaves<=8 on the catalogue's features, and compile the text that LightGBM writes."
    )
