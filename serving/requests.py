"""What a caller may ask: the body of `/predict`, held against the contract before anything else reads it.

Source: contract.md, "Answers out"; the limits on size and depth are trust.md's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn

MAX_BODY = 1_000_000
MAX_DEPTH = 8
MAX_IDS = 500
MAX_ID_LENGTH = 64
MAX_REASONS = 20
LANGUAGES = ("zh", "en")

_FIELDS = ("customer_ids", "as_of", "reasons", "language")
_SHOWN = 80


@dataclass(frozen=True)
class PredictRequest:
    """Predictions asked for: whose, how many reasons, which language; `as_of` None is the published one."""

    customer_ids: tuple[str, ...]
    as_of: str | None = None
    reasons: int = 5
    language: str = "zh"


class RequestError(Exception):
    """A request that is refused: HTTP status, what is wrong (a code with texts in policy), and where.

    `expected` is spelled without words of a language, so that both languages' messages can hold it.
    """

    def __init__(
        self, status: int, code: str, *, field: str | None = None, value: object = None, expected: str = ""
    ) -> None:
        super().__init__(f"{code}: {field or 'body'}: expected {expected}; got {shown(value)}")
        self.status = status
        self.code = code
        self.field = field
        self.value = shown(value)
        self.expected = expected


def shown(value: object) -> str | int | float | bool | None:
    """Return a caller's value as it may be repeated in an error: a short text, a number, true, false or null.

    Examples
    --------
    >>> shown("x" * 200) == "x" * 80 + "..."
    True
    >>> shown([1, 2])
    '[1, 2]'
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and abs(value) < 1e15:
        return value
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def check_content_type(content_type: str, content_encoding: str) -> None:
    """Refuse anything that does not say it is plain JSON in UTF-8.

    Raises
    ------
    RequestError
        415.
    """
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    has_good_charset = all(part in {"", "charset=utf-8", 'charset="utf-8"'} for part in parameters)
    if kind != "application/json" or not has_good_charset:
        raise RequestError(
            415, "not_json_type", field="Content-Type", value=content_type, expected="application/json"
        )
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise RequestError(
            415, "encoded", field="Content-Encoding", value=content_encoding, expected="identity"
        )


def parse_predict(body: bytes) -> PredictRequest:
    """Read the body of `/predict`.

    Raises
    ------
    RequestError
        400: not JSON, too deep, a key twice, NaN or Infinity, an unknown field, or a value outside its limits.

    Examples
    --------
    >>> parse_predict(b'{"customer_ids": ["0012"], "reasons": 3}')
    PredictRequest(customer_ids=('0012',), as_of=None, reasons=3, language='zh')
    """
    fields = _parse_json(body)
    if not isinstance(fields, dict):
        raise RequestError(400, "not_an_object", value=fields, expected='{"customer_ids": [...]}')
    for name in fields:
        if name not in _FIELDS:
            raise RequestError(400, "unknown_field", field=str(shown(name)), expected=" | ".join(_FIELDS))
    if "customer_ids" not in fields:
        raise RequestError(400, "missing_field", field="customer_ids", expected=f"[1..{MAX_IDS}]")
    return PredictRequest(
        customer_ids=_customer_ids(fields["customer_ids"]),
        as_of=_as_of(fields.get("as_of")),
        reasons=_reasons(fields.get("reasons", 5)),
        language=_language(fields.get("language", "zh")),
    )


def check_as_of(request: PredictRequest, published_as_of: str) -> None:
    """Refuse an as_of other than the published one: `score` computes other dates, `replay` past answers.

    Raises
    ------
    RequestError
        409.
    """
    if request.as_of is not None and request.as_of != published_as_of:
        raise RequestError(409, "other_as_of", field="as_of", value=request.as_of, expected=published_as_of)


def _parse_json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        parsed = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise RequestError(400, "too_deep", expected=f"<= {MAX_DEPTH}") from None
    except UnicodeDecodeError as error:
        raise RequestError(400, "not_utf8", value=f"0x{body[error.start]:02x}", expected="UTF-8") from None
    except ValueError as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else None
        raise RequestError(400, "not_json", value=place, expected="JSON") from None
    if _is_too_deep(parsed):
        raise RequestError(400, "too_deep", expected=f"<= {MAX_DEPTH}")
    return parsed


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise RequestError(400, "duplicate_key", field=str(shown(twice)), expected="1")
    return fields


def _refuse_constant(constant: str) -> NoReturn:
    raise RequestError(400, "not_finite", value=constant, expected="-1e308..1e308")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse_constant(digits)
    return number


def _is_too_deep(parsed: Any) -> bool:
    level = [parsed] if isinstance(parsed, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]
    return bool(level)


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _customer_ids(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise RequestError(400, "wrong_type", field="customer_ids", value=value, expected=f"[1..{MAX_IDS}]")
    if not 1 <= len(value) <= MAX_IDS:
        raise RequestError(
            400, "wrong_count", field="customer_ids", value=len(value), expected=f"1..{MAX_IDS}"
        )
    for place, customer_id in enumerate(value):
        field = f"customer_ids[{place}]"
        if not isinstance(customer_id, str):
            raise RequestError(
                400, "id_not_text", field=field, value=customer_id, expected=f'"{customer_id}"'
            )
        if not 1 <= len(customer_id) <= MAX_ID_LENGTH:
            raise RequestError(
                400, "id_length", field=field, value=customer_id, expected=f"1..{MAX_ID_LENGTH}"
            )
        if any("\ud800" <= character <= "\udfff" for character in customer_id):
            raise RequestError(400, "not_utf8", field=field, value=customer_id, expected="UTF-8")
    return tuple(value)


def _as_of(value: Any) -> str | None:
    if value is None:
        return None
    try:
        is_date = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_date = False
    if not is_date:
        raise RequestError(400, "not_a_date", field="as_of", value=value, expected="YYYY-MM-DD | null")
    return str(value)


def _reasons(value: Any) -> int:
    # bool is a kind of int in Python, but not in JSON
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestError(400, "wrong_type", field="reasons", value=value, expected=f"0..{MAX_REASONS}")
    if not 0 <= value <= MAX_REASONS:
        raise RequestError(400, "out_of_range", field="reasons", value=value, expected=f"0..{MAX_REASONS}")
    return value


def _language(value: Any) -> str:
    if not isinstance(value, str) or value not in LANGUAGES:
        raise RequestError(400, "out_of_range", field="language", value=value, expected=" | ".join(LANGUAGES))
    return value
