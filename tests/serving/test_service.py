"""The real service: BentoML in a process of its own, asked over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import PipelineError
from pipelines.serve import ServeOptions, free_port, running_service, serve

FOREGROUND = (
    "import sys; from pathlib import Path; from pipelines.serve import ServeOptions, serve; "
    "ready = lambda address: print(address, flush=True); "
    "sys.exit(serve(Path(sys.argv[1]), ServeOptions(port=int(sys.argv[2]), workers=1), ready))"
)
LOADED = """
import asyncio, json, sys
import httpx
from bentoml._internal.service.loader import load

async def ask(app):
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            answer = await client.post("/predict", json={"customer_ids": ["C000000"], "reasons": 5})
            return [answer.status_code, (await client.get("/readyz")).status_code]

status = asyncio.run(ask(load("serving.service:Bellwether", standalone_load=True).to_asgi()))
print(json.dumps({"status": status, "modules": sorted({m.split(".")[0] for m in sys.modules})}))
"""
STARTED = "the service started"
HEAVY = {"ibis", "duckdb", "pyspark", "mlflow", "lightgbm", "shap", "evidently", "sklearn", "numba", "dask"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["error"])


@dataclass(frozen=True)
class Service:
    process: subprocess.Popen[str]
    port: int
    home: Path

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer

    def predict(self, body: object, kind: str = "application/json") -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", "/predict", raw, {"Content-Type": kind})


@pytest.fixture(scope="module")
def service(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = Path(shutil.copytree(small_home, tmp_path_factory.mktemp("served") / "home"))
    port = free_port()
    command = [sys.executable, "-c", FOREGROUND, str(home), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = next((line for line in process.stdout if line.startswith("http://")), "")
        assert address.strip() == f"http://127.0.0.1:{port}"
        yield Service(process, port, home)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def test_one_customer_is_answered_as_by_curl(service: Service) -> None:
    answer = service.predict({"customer_ids": ["C000000"], "language": "en"})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    content = json.loads(answer.body)
    (one,) = content["predictions"]
    assert (content["bundle_version"], content["as_of"], one["status"]) == ("7", "2026-10-31", "ok")
    assert len(one["prediction_id"]) == 32
    assert len(one["reasons"]["churn"]) == 6


def test_five_hundred_ids_are_answered_in_order_whoever_they_are(service: Service) -> None:
    ids = [f"C{number:06d}" for number in range(500)]
    predictions = json.loads(service.predict({"customer_ids": ids, "reasons": 0}).body)["predictions"]
    assert [one["customer_id"] for one in predictions] == ids
    assert {one["status"] for one in predictions} == {"ok", "not_scorable", "not_found"}
    assert predictions[60] == {"customer_id": "C000060", "status": "not_found"}


@pytest.mark.parametrize(
    ("body", "code", "field", "english", "chinese"),
    [
        ({"customer_ids": ["1"] * 501}, "wrong_count", "customer_ids",
         "customer_ids takes 1..500 ids in one request; got 501", "customer_ids 一次可含 1..500 个编号,实际为 501 个"),
        ({"customer_ids": []}, "wrong_count", "customer_ids",
         "customer_ids takes 1..500 ids in one request; got 0", "customer_ids 一次可含 1..500 个编号,实际为 0 个"),
        ({"customer_ids": ["1"], "model": 1}, "unknown_field", "model",
         "Unknown field model; allowed: customer_ids | as_of | reasons | language",
         "未知字段 model,允许: customer_ids | as_of | reasons | language"),
        ({}, "missing_field", "customer_ids",
         "The field customer_ids is missing; expected [1..500]", "缺少字段 customer_ids,应为 [1..500]"),
        ({"customer_ids": [12]}, "id_not_text", "customer_ids[0]",
         "customer_ids[0] has to be text in quotes; got 12", "customer_ids[0] 应为带引号的文本,实际为 12"),
        ({"customer_ids": ["1"], "reasons": True}, "wrong_type", "reasons",
         "reasons has the wrong type; expected 0..20, got True", "reasons 类型错误,应为 0..20,实际为 True"),
        ({"customer_ids": ["1"], "reasons": 21}, "out_of_range", "reasons",
         "reasons has to be 0..20; got 21", "reasons 应为 0..20,实际为 21"),
        ({"customer_ids": ["1"], "language": "fr"}, "out_of_range", "language",
         "language has to be zh | en; got fr", "language 应为 zh | en,实际为 fr"),
        (b"customer_ids=1", "not_json", None,
         "The body is not valid JSON (line:column 1:1)", "请求正文不是有效的 JSON(行:列 1:1)"),
        (b"", "not_json", None,
         "The body is not valid JSON (line:column 1:1)", "请求正文不是有效的 JSON(行:列 1:1)"),
        (b'{"customer_ids": ["1"], "reasons": NaN}', "not_finite", None,
         "NaN is not a number of JSON; allowed -1e308..1e308", "NaN 不是 JSON 数字,允许 -1e308..1e308"),
        (b'{"customer_ids": ["1"], "customer_ids": ["2"]}', "duplicate_key", "customer_ids",
         "The field customer_ids is given more than once", "字段 customer_ids 重复出现"),
        (b"[" * 500_000, "too_deep", None,
         "The body is nested too deeply; allowed <= 8", "请求正文嵌套过深,允许 <= 8"),
        (b'{"customer_ids": ["\xff"]}', "not_utf8", None,
         "The text is not valid UTF-8 (found 0xff)", "文本不是有效的 UTF-8(发现 0xff)"),
        (b'{"customer_ids": ["\\ud800"]}', "not_utf8", "customer_ids[0]",
         "The text is not valid UTF-8 (found ?)", "文本不是有效的 UTF-8(发现 ?)"),
    ],
)  # fmt: skip
def test_a_bad_body_is_a_400_that_says_what_is_allowed(
    service: Service, body: object, code: str, field: str | None, english: str, chinese: str
) -> None:
    answer = service.predict(body)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert list(answer.error) == ["code", "field", "value", "expected", "message"]
    assert (answer.error["code"], answer.error["field"]) == (code, field)
    assert answer.error["message"] == {"en": english, "zh": chinese}


def test_another_as_of_is_a_409_that_names_score_and_replay(service: Service) -> None:
    assert service.predict({"customer_ids": ["C000000"], "as_of": "2026-10-31"}).status == 200
    answer = service.predict({"customer_ids": ["C000000"], "as_of": "2026-09-30"})
    assert answer.status == 409
    assert "`score`" in answer.error["message"]["en"]
    assert "`replay`" in answer.error["message"]["zh"]
    assert answer.error["expected"] == "2026-10-31"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/vnd.bentoml+pickle", "multipart/form-data", "application/xml"]
)
def test_another_content_type_is_a_415(service: Service, kind: str) -> None:
    answer = service.predict({"customer_ids": ["C000000"]}, kind)
    assert (answer.status, answer.error["code"]) == (415, "not_json_type")


def test_no_content_type_is_a_415_and_a_compressed_body_too(service: Service) -> None:
    assert service.ask("POST", "/predict", b'{"customer_ids": ["C000000"]}').status == 415
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert service.ask("POST", "/predict", b"{}", headers).status == 415


def test_a_body_over_one_megabyte_is_a_413_before_it_is_sent(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
        raw.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000001\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_hides_its_length_is_a_413_when_it_passes_one_megabyte(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
        raw.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(16):
            raw.sendall(chunk)
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_of_one_megabyte_is_read(service: Service) -> None:
    body = b'{"customer_ids": ["C000000"], "reasons": 0}'
    assert service.predict(body + b" " * (1_000_000 - len(body))).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/metrics", "/docs.json"])
def test_an_operators_routes_answer(service: Service, path: str) -> None:
    assert service.ask("GET", path).status == 200


def test_the_openapi_document_describes_predict(service: Service) -> None:
    document = json.loads(service.ask("GET", "/docs.json").body)
    text = json.dumps(document)
    assert "/predict" in document["paths"]
    assert all(name in text for name in ("customer_ids", "as_of", "reasons", "language", "bundle_version"))


@pytest.mark.parametrize(
    "path", ["/", "/schema.json", "/static_content/x", "/predict/", "/empty", "/PREDICT", "//predict"]
)
def test_any_other_route_is_a_plain_404(service: Service, path: str) -> None:
    answer = service.ask("GET", path)
    assert (answer.status, answer.body) == (404, b"Not Found")


def test_another_method_is_a_405(service: Service) -> None:
    assert service.ask("GET", "/predict").headers["allow"] == "POST"
    assert service.ask("DELETE", "/readyz").status == 405


def test_answers_over_http_add_up(service: Service) -> None:
    ids = [f"C{number:06d}" for number in range(59)]
    for one in json.loads(service.predict({"customer_ids": ids}).body)["predictions"]:
        if one["status"] == "ok":
            assert set(one["reasons"]) == set(one["base"]) == {"churn", "growth", "loyalty"}


def test_a_store_that_is_away_is_a_503_with_retry_after_and_then_answers_again(service: Service) -> None:
    online = service.home / "online"
    away = service.home / "away"
    online.rename(away)
    try:
        answer = service.predict({"customer_ids": ["C000000"]})
        ready = service.ask("GET", "/readyz").status
        alive = service.ask("GET", "/livez").status
    finally:
        away.rename(online)
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "store_away", "1")
    assert (ready, alive) == (503, 200)
    assert service.predict({"customer_ids": ["C000000"]}).status == 200
    assert service.ask("GET", "/readyz").status == 200


def test_a_store_that_hangs_is_a_503_within_the_deadline(service: Service) -> None:
    (database,) = (service.home / "online").glob("*/online.db")
    with contextlib.closing(sqlite3.connect(database)) as blocker:
        blocker.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        answer = service.predict({"customer_ids": ["C000000"]})
        waited = time.monotonic() - began
        blocker.rollback()
    assert (answer.status, answer.error["code"]) == (503, "store_away")
    assert waited < 2.0  # 0.25 s on a machine that does nothing else
    deadline = time.monotonic() + 8
    while service.predict({"customer_ids": ["C000000"]}).status != 200:
        assert time.monotonic() < deadline


def test_a_store_that_lacks_features_is_a_503(service: Service) -> None:
    pointer = service.home / "online" / "published.json"
    kept = pointer.read_text()
    fields = json.loads(kept)
    pointer.write_text(json.dumps({**fields, "names": ["x", *fields["names"][1:]]}))
    answer = service.predict({"customer_ids": ["C000000"]})
    pointer.write_text(kept)
    assert (answer.status, answer.error["code"]) == (503, "store_behind")
    assert service.predict({"customer_ids": ["C000000"]}).status == 200


def test_nothing_heavy_is_loaded_to_answer(small_home: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "BELLWETHER_HOME": str(small_home), "BENTOML_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["status"] == [200, 200]
    assert {"feast", "bentoml", "numpy"} <= set(found["modules"])
    assert not HEAVY & set(found["modules"])


def test_a_taken_port_is_said_in_words(small_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            PipelineError, match=rf"port {port}: expected a free port.*Choose another with --port"
        ):
            serve(small_home, ServeOptions(port=port))


def test_without_a_champion_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="Train a model first"), running_service(tmp_path, ServeOptions()):
        pytest.fail(STARTED)


def test_on_a_damaged_bundle_nothing_starts(small_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    tables = home / "bundles" / "7" / "churn_90" / "tables.npz"
    tables.write_bytes(tables.read_bytes()[:-1] + b"x")
    with (
        pytest.raises(PipelineError, match=r"churn_90/tables\.npz: expected SHA-256"),
        running_service(home, ServeOptions(port=free_port())),
    ):
        pytest.fail(STARTED)


def test_on_another_version_than_the_champion_names_nothing_starts(small_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    (home / "champion.json").write_text('{"version": "7", "manifest_sha256": "' + "0" * 64 + '"}')
    with pytest.raises(PipelineError, match="as in the champion file"), running_service(home, ServeOptions()):
        pytest.fail(STARTED)


def test_ctrl_c_ends_the_service_with_code_0_and_frees_the_port(service: Service) -> None:
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(30) == 0
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", service.port)):
                return
        time.sleep(0.1)
    pytest.fail("somebody still listens")
