from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.requests import (
    LANGUAGES,
    PredictRequest,
    RequestError,
    check_as_of,
    check_content_type,
    parse_predict,
    shown,
)


def refusal(body: bytes | str | dict[str, Any]) -> RequestError:
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    with pytest.raises(RequestError) as caught:
        parse_predict(raw)
    return caught.value


def test_fields_left_out_take_the_contracts_defaults() -> None:
    assert parse_predict(b'{"customer_ids": ["0012"]}') == PredictRequest(("0012",), None, 5, "zh")


def test_every_field_is_read_and_ids_stay_as_they_are() -> None:
    body = '{"customer_ids": ["0012", " 12", "客户"], "as_of": "2026-10-31", "reasons": 0, "language": "en"}'
    expected = PredictRequest(("0012", " 12", "客户"), "2026-10-31", 0, "en")
    assert parse_predict(body.encode()) == expected


def test_the_same_id_may_be_asked_twice() -> None:
    assert parse_predict(b'{"customer_ids": ["1", "1"]}').customer_ids == ("1", "1")


def test_limits_are_inclusive() -> None:
    ids = [f"{i:064d}" for i in range(500)]
    assert len(parse_predict(json.dumps({"customer_ids": ids, "reasons": 20}).encode()).customer_ids) == 500


@pytest.mark.parametrize(
    ("body", "code", "field", "value"),
    [
        (b"", "not_json", None, "1:1"),
        (b"{", "not_json", None, "1:2"),
        (b"customer_ids=1", "not_json", None, "1:1"),
        (b'{"customer_ids": ["1"]} {}', "not_json", None, "1:25"),
        (b"{'customer_ids': ['1']}", "not_json", None, "1:2"),
        (b"\xef\xbb\xbf{}", "not_json", None, "1:1"),
        (b'{"customer_ids": ["\xff"]}', "not_utf8", None, "0xff"),
        (b'{"customer_ids": ["\\ud800"]}', "not_utf8", "customer_ids[0]", "?"),
        (b'{"customer_ids": ["1"], "reasons": NaN}', "not_finite", None, "NaN"),
        (b'{"customer_ids": ["1"], "reasons": -Infinity}', "not_finite", None, "-Infinity"),
        (b'{"customer_ids": ["1"], "reasons": 1e999}', "not_finite", None, "1e999"),
        (b'{"customer_ids": ["1"], "customer_ids": ["2"]}', "duplicate_key", "customer_ids", None),
        (b'{"customer_ids": ["1"], "x": {"a": 1, "a": 1}}', "duplicate_key", "a", None),
        (b"[" * 100_000, "too_deep", None, None),
        (b'{"a":' * 8 + b"[]" + b"}" * 8, "too_deep", None, None),
        (b"[]", "not_an_object", None, "[]"),
        (b"null", "not_an_object", None, None),
        (b"1" * 5000, "not_json", None, None),
        ({"customer_ids": ["1"], "model": "x"}, "unknown_field", "model", None),
        ({"Customer_ids": ["1"]}, "unknown_field", "Customer_ids", None),
        ({}, "missing_field", "customer_ids", None),
        ({"customer_ids": "1"}, "wrong_type", "customer_ids", "1"),
        ({"customer_ids": None}, "wrong_type", "customer_ids", None),
        ({"customer_ids": []}, "wrong_count", "customer_ids", 0),
        ({"customer_ids": ["1"] * 501}, "wrong_count", "customer_ids", 501),
        ({"customer_ids": ["1", 12]}, "id_not_text", "customer_ids[1]", 12),
        ({"customer_ids": [["1"]]}, "id_not_text", "customer_ids[0]", "['1']"),
        ({"customer_ids": [None]}, "id_not_text", "customer_ids[0]", None),
        ({"customer_ids": ["1", ""]}, "id_length", "customer_ids[1]", ""),
        ({"customer_ids": ["x" * 65]}, "id_length", "customer_ids[0]", "x" * 65),
        ({"customer_ids": ["1"], "reasons": -1}, "out_of_range", "reasons", -1),
        ({"customer_ids": ["1"], "reasons": 21}, "out_of_range", "reasons", 21),
        ({"customer_ids": ["1"], "reasons": 10**40}, "out_of_range", "reasons", "1" + "0" * 40),
        ({"customer_ids": ["1"], "reasons": 5.0}, "wrong_type", "reasons", 5.0),
        ({"customer_ids": ["1"], "reasons": True}, "wrong_type", "reasons", True),
        ({"customer_ids": ["1"], "reasons": "5"}, "wrong_type", "reasons", "5"),
        ({"customer_ids": ["1"], "reasons": None}, "wrong_type", "reasons", None),
        ({"customer_ids": ["1"], "language": "fr"}, "out_of_range", "language", "fr"),
        ({"customer_ids": ["1"], "language": None}, "out_of_range", "language", None),
        ({"customer_ids": ["1"], "language": ["zh"]}, "out_of_range", "language", "['zh']"),
        ({"customer_ids": ["1"], "as_of": "31.10.2026"}, "not_a_date", "as_of", "31.10.2026"),
        ({"customer_ids": ["1"], "as_of": "20261031"}, "not_a_date", "as_of", "20261031"),
        (
            {"customer_ids": ["1"], "as_of": "2026-10-31T00:00:00"},
            "not_a_date",
            "as_of",
            "2026-10-31T00:00:00",
        ),
        ({"customer_ids": ["1"], "as_of": 20261031}, "not_a_date", "as_of", 20261031),
        ({"customer_ids": ["1"], "as_of": True}, "not_a_date", "as_of", True),
    ],
)
def test_a_bad_body_is_refused_with_its_field_and_value(
    body: bytes | dict[str, Any], code: str, field: str | None, value: object
) -> None:
    error = refusal(body)
    assert (error.status, error.code, error.field, error.value) == (400, code, field, value)


def test_eight_levels_are_not_too_deep() -> None:
    assert refusal(b'{"a":' * 7 + b"[]" + b"}" * 7).code == "unknown_field"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf8_is_taken(kind: str) -> None:
    check_content_type(kind, "")


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/json",
        "application/vnd.bentoml+pickle",
        "multipart/form-data",
        "application/json; charset=gbk",
    ],
)
def test_other_content_types_are_refused(kind: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_content_type(kind, "")
    assert (caught.value.status, caught.value.code) == (415, "not_json_type")


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        check_content_type("application/json", "gzip")
    assert (caught.value.status, caught.value.code) == (415, "encoded")


def test_only_the_published_as_of_is_answered() -> None:
    check_as_of(PredictRequest(("1",)), "2026-10-31")
    check_as_of(PredictRequest(("1",), as_of="2026-10-31"), "2026-10-31")
    with pytest.raises(RequestError) as caught:
        check_as_of(PredictRequest(("1",), as_of="2026-09-30"), "2026-10-31")
    assert (caught.value.status, caught.value.value, caught.value.expected) == (
        409,
        "2026-09-30",
        "2026-10-31",
    )


def test_what_is_repeated_of_a_callers_value_is_short_and_valid_text() -> None:
    for value in ("x" * 10**6, ["y"] * 10**5, "\ud800" * 200, {"k": "v" * 500}):
        text = shown(value)
        assert isinstance(text, str)
        assert len(text) <= 83
        text.encode("utf-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "customer_ids": JSON | st.lists(st.text(max_size=70), max_size=4),
        "as_of": JSON | st.dates().map(str),
        "reasons": JSON | st.integers(-2, 22),
        "language": JSON | st.sampled_from(["zh", "en", "fr"]),
        "more": JSON,
    },
)
GOOD = st.fixed_dictionaries(
    {"customer_ids": st.lists(st.text(min_size=1, max_size=64), min_size=1, max_size=4)},
    optional={
        "as_of": st.none() | st.dates().map(str),
        "reasons": st.integers(0, 20),
        "language": st.sampled_from(LANGUAGES),
    },
)
BODIES = st.one_of(
    GOOD.map(json.dumps).map(str.encode),
    FIELDS.map(json.dumps).map(str.encode),
    JSON.map(json.dumps).map(str.encode),
    st.binary(max_size=200),
    FIELDS.map(json.dumps).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.binary(max_size=3)).map(
            lambda cut: text.encode()[: cut[0]] + cut[1] + text.encode()[cut[0] :]
        )
    ),
)


def outcome(body: bytes) -> PredictRequest | RequestError:
    try:
        return parse_predict(body)
    except RequestError as error:
        return error


def test_any_body_is_taken_within_the_limits_or_refused_with_400() -> None:
    taken: list[bool] = []

    @settings(max_examples=1500, deadline=None)
    @given(BODIES)
    def hold(body: bytes) -> None:
        found = outcome(body)
        taken.append(isinstance(found, PredictRequest))
        if isinstance(found, RequestError):
            assert found.status == 400
            json.dumps([found.field, found.value, found.expected], allow_nan=False).encode("utf-8")
            return
        assert 1 <= len(found.customer_ids) <= 500
        assert all(isinstance(i, str) and 1 <= len(i) <= 64 for i in found.customer_ids)
        assert type(found.reasons) is int
        assert 0 <= found.reasons <= 20
        assert found.language in LANGUAGES

    hold()
    print(f"{len(taken)} bodies, {sum(taken)} of them good")
    assert sum(taken) >= 100
