"""What a store and a diary tell after a disaster, and the processes that bring it about."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mainspring.kernel.instances import decode_entry
from mainspring.kernel.store import EntryRow
from mainspring.models.registry import MODELS

PATIENCE_S = 60.0


class Line(NamedTuple):
    """One attempt that a handler wrote down."""

    instance: str
    key: str
    attempt: int
    at: float


def read_diary(path: Path) -> list[Line]:
    if not path.exists():
        return []
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [Line(instance, key, int(attempt), float(at)) for instance, key, attempt, at in rows]


class Story:
    """The journal of a store, read with a library and a connection of our own."""

    def __init__(self, path: Path) -> None:
        connection = sqlite3.connect(path)
        self.integrity = connection.execute("pragma integrity_check").fetchall()
        self.instances = {
            id: (public_id, status)
            for id, public_id, status in connection.execute("select id, public_id, status from instance")
        }
        self.entries = [
            EntryRow(*row)
            for row in connection.execute(
                "select instance, seq, at, kind, event, decisions from journal order by instance, seq"
            )
        ]
        self.tasks = connection.execute("select instance, key, owner, attempt from task").fetchall()
        self.events = connection.execute("select instance, key from event").fetchall()
        self.documents = dict(
            connection.execute(
                "select instance.id, definition.model || ':' || document from instance join definition"
                " on definition.id = instance.definition"
            )
        )
        connection.close()

    def check(self) -> None:
        """The file is whole, the journal without gaps, nothing completed twice, and its fold is the status."""
        assert self.integrity == [("ok",)]
        last: dict[int, int] = {}
        for entry in self.entries:
            assert entry.seq == last.get(entry.instance, 0) + 1, f"a gap before {entry}"
            last[entry.instance] = entry.seq
        self.completions()
        for id, (public_id, status) in self.instances.items():
            assert self.folded_status(id) == status, f"{public_id} is {status}"

    def check_ended(self) -> None:
        assert {status for _, status in self.instances.values()} <= {"completed", "failed", "cancelled"}
        assert self.tasks == []
        assert self.events == []

    def completions(self) -> dict[tuple[str, str], tuple[int, float]]:
        """By public id and key: the attempt that completed, and when that was journaled."""
        found: dict[tuple[str, str], tuple[int, float]] = {}
        for entry in self.entries:
            if entry.kind == "TaskCompleted":
                told = json.loads(entry.event)
                key = (self.instances[entry.instance][0], told["key"])
                assert key not in found, f"{key} completed twice"
                found[key] = (told["attempt"], entry.at)
        return found

    def folded_status(self, id: int) -> str:
        model_name, _, document = self.documents[id].partition(":")
        model = MODELS[model_name]
        plan = model.compile(document.encode(), str)  # type: ignore[arg-type]  # no predicates here
        state = model.initial(plan, self.instances[id][0])
        for entry in self.entries:
            if entry.instance == id:
                event, decisions = decode_entry(model.decision_type, entry)
                for decision in decisions:
                    model.evolve(plan, state, event, decision, entry.at)
        return ("created", "running", "paused", "completed", "failed", "cancelled")[state.status]


def check_diary(story: Story, lines: list[Line]) -> None:
    """What completed ran; nothing ran again after it was journaled; no attempt was made twice."""
    ran = {(line.instance, line.key, line.attempt) for line in lines}
    assert len(ran) == len(lines), "an attempt was made twice"
    completions = story.completions()
    for (instance, key), (attempt, _) in completions.items():
        assert (instance, key, attempt) in ran, f"{instance} {key} completed without having run"
    for line in lines:
        done = completions.get((line.instance, line.key))
        assert done is None or line.at <= done[1], f"{line} ran though it had completed at {done}"


# --- Processes --------------------------------------------------------------------------------


class Victim:
    """The program, as a process of its own."""

    def __init__(self, store: Path, diary: Path, *rest: str) -> None:
        self._start("tests.crash.program", "work", str(store), str(diary), *rest)

    @classmethod
    def of(cls, module: str, *arguments: str) -> Victim:
        """Another program."""
        victim = object.__new__(cls)
        victim._start(module, *arguments)
        return victim

    def _start(self, module: str, *arguments: str) -> None:
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def close(self) -> int:
        """Let it stop in good order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(PATIENCE_S)


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.005)
