"""Runs the BentoML service as a process: in the foreground for a person, or beside a measurement."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import serving
from pipelines.errors import PipelineError
from serving.champion import load_champion
from serving.errors import BundleError

LOOPBACK = "127.0.0.1"
STDERR = 2  # the service's messages never mix with what a command prints
_START_SECONDS = 120.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class ServeOptions:
    """How to serve. There is no access control yet, so the service listens on this machine only."""

    port: int = 3000
    workers: int = 2
    has_empty: bool = False


def serve(home: Path, options: ServeOptions, on_ready: Callable[[str], None] | None = None) -> int:
    """Serve in the foreground until Ctrl-C or SIGTERM, and return 0 then.

    A feature store that is away is no reason to end: the service answers 503, and `/readyz` too, until it is
    back.

    Parameters
    ----------
    on_ready
        Called once with the address, when the service is ready.

    Raises
    ------
    PipelineError
        No verified bundle to serve, the port is taken, or the service ended by itself.
    """
    is_announced = False
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _service_process(home, options) as process:
            while process.poll() is None:
                if not is_announced and _status(options.port, "/readyz") == 200:
                    is_announced = True
                    if on_ready is not None:
                        on_ready(address(options.port))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
            raise PipelineError(f"the service ended with code {process.returncode}; its messages are above")
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def running_service(home: Path, options: ServeOptions) -> Iterator[str]:
    """Serve beside the caller: gives the address once `/readyz` says 200, and stops at the end.

    Raises
    ------
    PipelineError
        As in `serve`, or it was not ready in time.
    """
    with _service_process(home, options) as process:
        deadline = time.monotonic() + _START_SECONDS
        while (status := _status(options.port, "/readyz")) != 200:
            if process.poll() is not None:
                raise PipelineError(f"the service ended with code {process.returncode} before it was ready")
            if time.monotonic() > deadline:
                raise PipelineError(
                    f"the service was not ready in {_START_SECONDS:.0f} s (/readyz: {status})"
                )
            time.sleep(0.1)
        yield address(options.port)


def address(port: int) -> str:
    """Where the service listens.

    Examples
    --------
    >>> address(3000)
    'http://127.0.0.1:3000'
    """
    return f"http://{LOOPBACK}:{port}"


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _service_process(home: Path, options: ServeOptions) -> Iterator[subprocess.Popen[bytes]]:
    try:
        load_champion(home)
    except BundleError as error:
        raise PipelineError(str(error)) from error
    _check_port(options.port)
    process = subprocess.Popen(  # noqa: S603 - the words are our own
        _command(options), env=_environment(home, options), stdout=STDERR
    )
    try:
        yield process
    finally:
        _stop(process)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise PipelineError(
                f"port {port}: expected a free port from 1 to 65535; got {error}. Choose another with --port."
            ) from error


def _command(options: ServeOptions) -> list[str]:
    code = Path(serving.__file__).resolve().parents[1]
    where = ["--host", LOOPBACK, "--port", str(options.port), "--working-dir", str(code)]
    return [sys.executable, "-m", "bentoml", "serve", "serving.service:Bellwether", *where]


def _environment(home: Path, options: ServeOptions) -> dict[str, str]:
    """Return the service's environment; BentoML keeps its own files inside the home too."""
    bentoml_home = home.resolve() / "bentoml"
    bentoml_home.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "BELLWETHER_HOME": str(home.resolve()),
        "BELLWETHER_WORKERS": str(options.workers),
        "BELLWETHER_EMPTY_ENDPOINT": "1" if options.has_empty else "0",
        "BENTOML_HOME": str(bentoml_home),
        "BENTOML_DO_NOT_TRACK": "True",
    }


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the service and its workers: asked first, then told."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _status(port: int, path: str) -> int | None:
    """Return the status of a GET, or None where nobody answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
