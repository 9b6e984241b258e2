import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from pipelines.partition import whole_folder

ROUNDS = 200
FILES = 8


def write(place: Path, content: str) -> None:
    with whole_folder(place) as draft:
        for number in range(FILES):
            (draft / f"view_{number}.parquet").write_text(content * 2_000)


def start_writer(place: Path) -> int:
    """Start a process that writes one folder and ends; a large test process takes its time to split."""
    child = os.fork()
    if child == 0:
        write(place, "x")
        os._exit(0)
    return child


def test_a_failed_folder_leaves_nothing(tmp_path: Path) -> None:
    with contextlib.suppress(ValueError), whole_folder(tmp_path / "as_of=2026-10-31") as draft:
        (draft / "one").write_text("half")
        raise ValueError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_already_stays(tmp_path: Path) -> None:
    place = tmp_path / "as_of=2026-10-31"
    write(place, "first")
    write(place, "second")
    assert (place / "view_0.parquet").read_text().startswith("first")
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


def test_a_reader_sees_a_whole_folder_or_none_wherever_the_writer_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that only writes folders, killed at a random moment; the next one clears up after it."""
    draw, whole, killed = random.Random(7), 0, 0
    began = time.perf_counter()
    os.waitpid(start_writer(tmp_path / "measured"), 0)
    usual = time.perf_counter() - began
    for number in range(ROUNDS):
        place = tmp_path / f"as_of={number}"
        child = start_writer(place)
        time.sleep(draw.random() * 2 * usual)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        if place.is_dir():
            whole += 1
            assert len(list(place.iterdir())) == FILES
            assert all(len(path.read_text()) == 2_000 for path in place.iterdir())
    write(tmp_path / "last", "x")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with capsys.disabled():
        print(f"\npartition: {ROUNDS} rounds, {killed} killed in time, {whole} folders whole, 0 in part")
    assert killed > 0
    assert whole > 0
