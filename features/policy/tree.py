"""Policy files as YAML nodes, which know their line: what is wrong in one is said with file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PolicyError(ValueError):
    """A policy file cannot be used: says file, line, what was expected, what stands there, and what to do."""


@dataclass(frozen=True)
class Place:
    """A place in a policy file."""

    file: str
    line: int

    def error(self, message: str) -> PolicyError:
        """Return the error that something is wrong here."""
        return PolicyError(f"{self.file}, line {self.line}: {message}")


@dataclass(frozen=True)
class Entry:
    """One `key: value` of a mapping, and where its key stands."""

    key: str
    value: yaml.Node
    place: Place


def tree_of(text: str, file: str) -> yaml.MappingNode:
    """Read a policy file's text into nodes.

    Raises
    ------
    PolicyError
        The text is no YAML, does not hold a mapping, or a mapping in it has a key twice.
    """
    try:
        tree = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise syntax_error(error, text, file) from None
    if not isinstance(tree, yaml.MappingNode):
        raise Place(file, 1).error(
            f"expected a mapping (name: value); got {_shape(tree)}. Write a name before each value."
        )
    _refuse_twins(tree, file)
    return tree


def syntax_error(error: yaml.YAMLError, text: str, file: str) -> PolicyError:
    """Return a YAML error as a policy error with its line."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, problem = 0 if mark is None else mark.line, error.problem
    else:
        line = text.count("\n", 0, getattr(error, "position", 0))
        problem = getattr(error, "reason", str(error))
    return Place(file, line + 1).error(
        f"expected valid YAML; got {problem}. "
        "Look at this line and the one above: indent, colons, quotes and brackets have to match."
    )


def entries(node: yaml.Node, file: str, what: str) -> Iterator[Entry]:
    """Entries of a mapping, in the file's order; `what` names the mapping in the error of a node that is none."""
    if not isinstance(node, yaml.MappingNode):
        raise place_of(node, file).error(
            f"expected {what} as a mapping (name: value); got {_shape(node)}. Write a name before each value."
        )
    for key, value in node.value:
        yield Entry(key=str(key.value), value=value, place=place_of(key, file))


def _shape(node: yaml.Node | None) -> str:
    if node is None:
        return "nothing"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def place_of(node: yaml.Node, file: str) -> Place:
    """Return where a node begins."""
    return Place(file, node.start_mark.line + 1)


def _refuse_twins(node: yaml.Node, file: str) -> None:
    """Refuse a mapping with a key twice: YAML would keep the last one without a word."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twins(item, file)
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(key.value)
        if name in first:
            raise Place(file, line).error(
                f"expected each name once; got {name!r} again, first on line {first[name]}. "
                "Join the two, or take one out."
            )
        first[name] = line
        _refuse_twins(value, file)
