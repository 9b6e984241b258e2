"""A piece of work in a process of its own, so that its memory is its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_KIB_IN_MIB = 1024

Result = TypeVar("Result")


def alone(work: Callable[..., Result], *args: object) -> Result:
    """Do one piece of work in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, args)


def peak_mib() -> float:
    """The most memory that this process has held, MiB. Not `ru_maxrss`: that also knows what its parent held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / _KIB_IN_MIB
