"""What a bank says about itself in `bank.yaml`: zone, currency, span of the data, names of its own columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from features.tables import TABLES
from pipelines.intake.words import LANGUAGES, IntakeError

_KEYS = ("zone", "currency", "currency_decimals", "data_from", "data_until", "fixed_profile", "titles")
_MOST_DECIMALS = 6


@dataclass(frozen=True)
class BankSettings:
    """The content of `bank.yaml`, checked; the defaults are those of a bank without the file.

    `data_until` is the local midnight before which everything is known. `fixed_profile` names columns of
    `customers` that never change. `titles` names columns of `snapshots` per language.
    """

    zone: str = "UTC"
    currency: str = ""
    currency_decimals: int = 2
    data_from: Mapping[str, date] = field(default_factory=dict)
    data_until: date | None = None
    fixed_profile: tuple[str, ...] = ()
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_settings(content: bytes | None) -> BankSettings:
    r"""Read the content of a `bank.yaml`; None stands for a bank without one.

    Raises
    ------
    IntakeError
        If it is no YAML mapping, has a key that is not known, or a value that is not allowed.

    Examples
    --------
    >>> read_settings(b"zone: Europe/London\ncurrency: GBP").zone
    'Europe/London'
    """
    if content is None:
        return BankSettings()
    try:
        body = yaml.safe_load(content.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise IntakeError("settings_unreadable", detail=" ".join(str(error).split())) from error
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise IntakeError("settings_unreadable", detail=type(body).__name__)
    for key in body:
        if key not in _KEYS:
            raise IntakeError("setting", key=str(key), expected=f"one of {', '.join(_KEYS)}", got=str(key))
    return BankSettings(
        zone=_zone(body.get("zone", "UTC")),
        currency=_currency(body.get("currency", "")),
        currency_decimals=_decimals(body.get("currency_decimals", 2)),
        data_from=_data_from(body.get("data_from", {})),
        data_until=None if body.get("data_until") is None else _midnight("data_until", body["data_until"]),
        fixed_profile=_fixed_profile(body.get("fixed_profile", [])),
        titles=_titles(body.get("titles", {})),
    )


def _refuse(key: str, expected: str, got: object) -> IntakeError:
    return IntakeError("setting", key=key, expected=expected, got=repr(got))


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, TypeError, OSError, AttributeError) as error:
        raise _refuse("zone", "a time zone name such as Asia/Shanghai", value) from error


def _currency(value: Any) -> str:
    if value == "" or (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        return str(value)
    raise _refuse("currency", "three capital letters such as CNY", value)


def _decimals(value: Any) -> int:
    if type(value) is int and 0 <= value <= _MOST_DECIMALS:
        return value
    raise _refuse("currency_decimals", f"a whole number from 0 to {_MOST_DECIMALS}", value)


def _midnight(key: str, value: Any) -> date:
    """Read a date, or a timestamp that is a midnight."""
    parsed = value
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError as error:
            raise _refuse(key, "a date such as 2026-10-31", value) from error
    if isinstance(parsed, datetime) and parsed.tzinfo is None and parsed.time() == time():
        return parsed.date()
    if isinstance(parsed, date) and not isinstance(parsed, datetime):
        return parsed
    raise _refuse(key, "a date such as 2026-10-31 (the midnight in the bank's zone)", value)


def _data_from(value: Any) -> dict[str, date]:
    if not isinstance(value, dict):
        day = _midnight("data_from", value)
        return dict.fromkeys(TABLES, day)
    for table in value:
        if table not in TABLES:
            raise _refuse("data_from", f"tables of the contract ({', '.join(TABLES)})", table)
    return {table: _midnight(f"data_from.{table}", day) for table, day in value.items()}


def _fixed_profile(value: Any) -> tuple[str, ...]:
    names = TABLES["customers"].names
    if isinstance(value, list) and all(column in names for column in value):
        return tuple(value)
    raise _refuse("fixed_profile", f"a list of columns of customers ({', '.join(names)})", value)


def _titles(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        raise _refuse("titles", "a mapping from columns to {en: ..., zh: ...}", value)
    for column, words in value.items():
        is_words = isinstance(words, dict) and all(isinstance(word, str) for word in words.values())
        if not isinstance(column, str) or not is_words or set(words) != set(LANGUAGES):
            raise _refuse(f"titles.{column}", "a text under each of en and zh", words)
    return value
