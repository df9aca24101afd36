"""A folder with a workflow file and a store, and ways to call mainspring there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mainspring.cli import run
from tests.patience import PATIENCE_S, wait_until

SOURCES = Path(__file__).parents[2] / "src"

DEAF = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
"""Before a command: it begins with SIGINT ignored, so Python itself does not catch it."""

WORKFLOWS = '''
import time
from pathlib import Path

from mainspring import Context, Retry, Workflow, task

@task
def numbers(count: int) -> list[int]:
    return list(range(count))

@task(retries=Retry.fixed(2, 0.02))
def square(number: int, context: Context) -> int:
    """Leaves a line in a file each time it really runs, and waits while a file called `hold` is there."""
    with open("runs.txt", "a") as file:
        file.write(f"{number}\\n")
    if number == 2 and context.attempt == 1:
        context.logger.info("no luck today")
        raise ConnectionError("no route to host")
    while Path("hold").exists() and number >= 3:
        time.sleep(0.01)
    return number * number

@task
def total(parts: list[int]) -> int:
    if Path("broken").exists():
        raise RuntimeError("out of order")
    return sum(parts)

squares = Workflow("squares")
parts = squares.map(square, squares.add(numbers, squares.input("count", int, 5)), key="parts", concurrency=2)
squares.output(squares.add(total, parts))
'''


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Place:
    """A folder in which mainspring is called."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Answer:
        """Call it in this process."""
        self._capsys.readouterr()
        code = run(list(arguments))
        printed = self._capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    def spawn(self, *arguments: str, deaf: bool = False, **options: Any) -> subprocess.Popen[str]:
        """Call it in a process of its own; `deaf`: one that does not hear Ctrl-C until mainspring listens to it."""
        program = "import sys; from mainspring.cli import main; sys.exit(main())"
        return subprocess.Popen(
            [*(DEAF if deaf else ()), sys.executable, "-c", program, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(SOURCES), "NO_COLOR": "1", "COLUMNS": "100"}

    def wait_until(self, condition: Callable[[], object]) -> None:
        wait_until(condition, "what others do here")

    @property
    def runs(self) -> list[int]:
        """The numbers that `square` was called with, so far."""
        file = self.folder / "runs.txt"
        return [int(line) for line in file.read_text().split()] if file.exists() else []


def end_of(process: subprocess.Popen[str]) -> str:
    """What a process still says before it ends."""
    return process.communicate(timeout=PATIENCE_S)[0]


def heard_until(process: subprocess.Popen[str], words: str) -> str:
    """What a process says until it has said these words."""
    said = ""
    assert process.stdout is not None
    while words not in said:
        line = process.stdout.readline()
        assert line, f"it ended without a word of {words!r}: {said}"
        said += line
    return said


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    # A module name of its own, for modules stay imported from one test to the next.
    (tmp_path / f"flow_{tmp_path.name.replace('-', '_')}.py").write_text(WORKFLOWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["mainspring"])
    monkeypatch.delenv("MAINSPRING_URL", raising=False)
    return Place(tmp_path, capsys)


@pytest.fixture
def flow(place):
    """The name of the workflow file."""
    return next(place.folder.glob("flow_*.py")).name


@pytest.fixture
def interrupt():
    """Send Ctrl-C."""

    def send(process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGINT)

    return send
