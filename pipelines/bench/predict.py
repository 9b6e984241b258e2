"""What an answer costs at the door: `/predict` over HTTP, against an endpoint of the same service that does nothing."""

from __future__ import annotations

import http.client
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.bench.synthetic import Shape, make_home
from pipelines.serve import LOOPBACK, ServeOptions, free_port, running_service

REASONS = 5
HUNDRED = 100
WARM_UP = 200
LIBRARIES = ("bentoml", "feast", "numpy", "uvicorn")
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Rounds:
    """How often each thing is measured, by turns: single customers and the empty endpoint, and hundreds."""

    one: int = 1_000
    hundred: int = 100


def bench_predict(
    shape: Shape | None = None, rounds: Rounds | None = None, progress: Callable[[str], None] | None = None
) -> dict[str, object]:
    """Time one customer and a hundred, with five reasons, against the empty endpoint in the same run.

    One caller with a kept-alive connection, two workers. The floor is the median of BentoML's own empty endpoint,
    behind the same door; requests for one customer and for nothing alternate, each customer another.

    Returns
    -------
    The shape of contract.md, "The command line", `bench`: milliseconds in `figures` and `floor`.
    """
    say = progress or (lambda _: None)
    shape, rounds = shape or Shape(), rounds or Rounds()
    with TemporaryDirectory() as directory:
        say(f"drawing {shape.customers} customers, fitting four models")
        home = Path(directory, "home")
        ids = make_home(home, shape)
        say("starting the service with two workers")
        options = ServeOptions(port=free_port(), workers=2, has_empty=True)
        with running_service(home, options):
            say("measuring")
            times = _measure(options.port, ids, rounds)
    return _report(shape, times)


def _report(shape: Shape, times: dict[str, list[float]]) -> dict[str, object]:
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "name": "predict",
        "figures": {
            "predict.one_ms": median["one"],
            "predict.one_p99_ms": statistics.quantiles(times["one"], n=100)[98],
            "predict.hundred_ms": median["hundred"],
            "predict.customers": shape.customers,
            "predict.features": shape.features,
            "predict.models": 4,
            "predict.trees": shape.trees,
            "predict.requests": sum(map(len, times.values())),
        },
        "floor": {"predict.empty_ms": median["empty"]},
        "ratios": {
            "predict.p50_one": median["one"] / median["empty"],
            "predict.p50_hundred": median["hundred"] / median["empty"],
        },
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


def _measure(port: int, ids: tuple[str, ...], rounds: Rounds) -> dict[str, list[float]]:
    """Milliseconds per request, by turns, so that a busy moment of the machine falls on all alike."""
    scorable = [customer_id for place, customer_id in enumerate(ids) if place % 10 != 9]
    times: dict[str, list[float]] = {"empty": [], "one": [], "hundred": []}
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=30)) as connection:

        def ask(name: str, path: str, body: bytes) -> None:
            began = time.perf_counter()
            connection.request("POST", path, body, _HEADERS)
            response = connection.getresponse()
            response.read()
            times[name].append((time.perf_counter() - began) * 1e3)
            if response.status != 200:
                raise RuntimeError(f"{path}: expected 200; got {response.status}")

        for place in range(-WARM_UP, rounds.one):
            if place == 0:
                times = {name: [] for name in times}
            ask("empty", "/empty", b"{}")
            ask("one", "/predict", _body(scorable, place, 1))
            if place % max(1, rounds.one // rounds.hundred) == 0:
                ask("hundred", "/predict", _body(scorable, place * HUNDRED, HUNDRED))
    return times


def _body(ids: list[str], start: int, count: int) -> bytes:
    asked = [ids[(start + place) % len(ids)] for place in range(count)]
    return json.dumps({"customer_ids": asked, "reasons": REASONS}).encode()
