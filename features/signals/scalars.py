"""Single values of signals.yaml: read from their nodes, or refused with file, line and remedy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches

import yaml

from features.policy.tree import PolicyError, entries, place_of
from features.signals.records import LANGUAGES, Words

_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_SHOWN = 12


def _scalar(node: yaml.Node) -> str:
    return node.value.strip() if isinstance(node, yaml.ScalarNode) else ""


def _wrong(node: yaml.Node, file: str, expected: str, remedy: str) -> PolicyError:
    got = repr(_scalar(node)) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
    return place_of(node, file).error(f"expected {expected}; got {got}. {remedy}")


def text_of(node: yaml.Node, file: str, what: str) -> str:
    """Read a text that is not empty."""
    if not _scalar(node):
        raise _wrong(node, file, f"a text for {what}", "Write one.")
    return _scalar(node)


def words_of(node: yaml.Node, file: str, what: str) -> Words:
    """Read a text in every language."""
    found = {entry.key: entry for entry in entries(node, file, what)}
    missing = [language for language in LANGUAGES if language not in found]
    if missing or len(found) != len(LANGUAGES):
        raise place_of(node, file).error(
            f"expected {what} in {' and '.join(LANGUAGES)}; got {', '.join(found) or 'none'}. "
            "Give each language its text."
        )
    return {language: text_of(found[language].value, file, f"{what} in {language}") for language in LANGUAGES}


def one_of(node: yaml.Node, file: str, what: str, allowed: Sequence[str]) -> str:
    """Read one of the names allowed."""
    text = _scalar(node)
    if text not in allowed:
        near = allowed if len(allowed) <= _SHOWN else get_close_matches(text, allowed, n=3, cutoff=0.0)
        names = f"one of {', '.join(near)}" if len(allowed) <= _SHOWN else f"a name such as {', '.join(near)}"
        raise _wrong(node, file, f"{names} for {what}", "Correct the name.")
    return text


def some_of(node: yaml.Node, file: str, what: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Read a list of names allowed, at least one, each once."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else []
    found = tuple(one_of(item, file, what, allowed) for item in nodes)
    if not found or len(set(found)) != len(found):
        raise place_of(node, file).error(
            f"expected a list for {what} with at least one name, each once; got {list(found)}. Write [name, name]."
        )
    return found


def number_of(node: yaml.Node, file: str, what: str) -> float:
    """Read a number."""
    value = float(_scalar(node)) if node.tag in _NUMBERS and isinstance(node, yaml.ScalarNode) else math.nan
    if not math.isfinite(value):
        raise _wrong(node, file, f"a number for {what}", "Write digits and a point.")
    return value


def whole_of(node: yaml.Node, file: str, what: str, low: int, high: int) -> int:
    """Read a whole number between two bounds, inclusive."""
    text = _scalar(node)
    if not (text.isdecimal() and text.isascii() and low <= int(text) <= high):
        raise _wrong(node, file, f"a whole number from {low} to {high} for {what}", "Correct it.")
    return int(text)


def date_of(node: yaml.Node, file: str, what: str) -> date:
    """Read a date."""
    try:
        return date.fromisoformat(_scalar(node))
    except ValueError:
        raise _wrong(node, file, f"a date such as 2024-01-31 for {what}", "Correct it.") from None
