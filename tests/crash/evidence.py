"""What a store and a diary tell after a disaster, and the processes that bring it about."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from mainspring.kernel.instances import decode_entry
from mainspring.kernel.store import EntryRow
from mainspring.models.registry import MODELS
from mainspring.stores.postgres_url import read_url
from tests.crash.machine import Machine
from tests.crash.program import Job, work
from tests.patience import PATIENCE_S, wait_until

MODEL = multiprocessing.get_context("forkserver")
MODEL.set_forkserver_preload(["pytest", "tests.crash.program"])


class Line(NamedTuple):
    """What was written down: by a handler that its attempt begins or ends, or by whoever does things to processes."""

    word: str
    process: int
    instance: str
    key: str
    attempt: int
    at: float
    """By a clock that nobody sets."""


def read_diary(path: Path) -> list[Line]:
    """In the order of what happened."""
    if not path.exists():
        return []
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [
        Line(word, int(process), instance, key, int(attempt), float(at))
        for word, process, instance, key, attempt, at in rows
    ]


def begun(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.word == "begin"]


@contextmanager
def asking(place: str | Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Ask a store, as it is at one moment, with a library and a connection of our own."""
    if str(place).startswith("postgresql"):
        url = read_url(str(place))
        with psycopg.connect(url.conninfo, options=f"-c search_path={url.schema},pg_catalog") as server:
            server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield lambda statement: server.execute(statement.encode()).fetchall()
    else:
        with closing(sqlite3.connect(str(place).removeprefix("sqlite:///"), timeout=PATIENCE_S)) as file:
            file.execute("begin")
            yield lambda statement: file.execute(statement).fetchall()


class Story:
    """All that a store tells: the path of a file, or a URL."""

    def __init__(self, place: str | Path) -> None:
        with asking(place) as rows:
            self.integrity = [] if str(place).startswith("postgresql") else rows("pragma integrity_check")
            self.instances = {
                id: (name, status) for id, name, status in rows("select id, public_id, status from instance")
            }
            self.entries = [
                EntryRow(*row)
                for row in rows("select instance, seq, at, kind, event, decisions from journal order by instance, seq")
            ]
            self.tasks = rows("select instance, key, owner, attempt from task")
            self.events = rows("select instance, key from event")
            self.documents = {
                id: f"{model}:{document}"
                for id, model, document in rows(
                    "select instance.id, model, document from instance join definition"
                    " on definition.id = instance.definition"
                )
            }
        self.of_instance: dict[int, list[EntryRow]] = defaultdict(list)
        for entry in self.entries:
            self.of_instance[entry.instance].append(entry)

    def check(self) -> None:
        """The file is whole, the journal without gaps, nothing completed twice, and its fold is the status."""
        assert self.integrity in ([], [("ok",)])
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
        lost = self.losses()
        for entry in self.entries:
            if entry.kind == "TaskCompleted":
                told = json.loads(entry.event)
                key = (self.instances[entry.instance][0], told["key"])
                assert key not in found, f"{key} completed twice"
                assert (*key, told["attempt"]) not in lost, f"{key}: the outcome of a lost attempt was taken"
                found[key] = (told["attempt"], entry.at)
        return found

    def losses(self) -> set[tuple[str, str, int]]:
        """Attempts whose worker was taken for dead."""
        told = [(entry.instance, json.loads(entry.event)) for entry in self.entries if entry.kind == "TaskLost"]
        return {(self.instances[instance][0], event["key"], event["attempt"]) for instance, event in told}

    def folded_status(self, id: int) -> str:
        model_name, _, document = self.documents[id].partition(":")
        model = MODELS[model_name]
        plan = model.compile(document.encode(), str)  # type: ignore[arg-type]  # no predicates here
        state = model.initial(plan, self.instances[id][0])
        for entry in self.of_instance[id]:
            event, decisions = decode_entry(model.decision_type, entry)
            for decision in decisions:
                model.evolve(plan, state, event, decision, entry.at)
        return ("created", "running", "paused", "completed", "failed", "cancelled")[state.status]


def check_diary(story: Story, lines: list[Line]) -> None:
    """What completed ran, no attempt was made twice, and nothing was leased once more after it had completed."""
    made = begun(lines)
    ran = {(line.instance, line.key, line.attempt) for line in made}
    assert len(ran) == len(made), "an attempt was made twice"
    completions = story.completions()
    for (instance, key), (attempt, _) in completions.items():
        assert (instance, key, attempt) in ran, f"{instance} {key} completed without having run"
    for line in made:
        done = completions.get((line.instance, line.key))
        assert done is None or line.attempt <= done[0], f"{line} ran though attempt {done[0]} had completed"


# --- Processes --------------------------------------------------------------------------------


class Victim:
    """The program, as a process of its own: the copy of one that has imported everything, so that it begins at once."""

    def __init__(
        self, store: str | Path, diary: Path, lease_s: float = 30.0, *, name: str = "it", machine: Machine | None = None
    ) -> None:
        url = str(store) if "://" in str(store) else f"sqlite:///{store}"
        self.name = name
        self.complaints: Path | None = diary.with_name(f"complaints of {name}")
        self._start(work, Job(url, diary, self.complaints, lease_s, name, machine))

    @classmethod
    def of(cls, program: Callable[..., None], *arguments: Any) -> Victim:
        """Another program: a function that is given, at the end, the line to whoever started it."""
        victim = object.__new__(cls)
        victim.name, victim.complaints = "it", None
        victim._start(program, *arguments)
        return victim

    def _start(self, program: Callable[..., None], *arguments: Any) -> None:
        self._is_ready = False
        self._line, other = MODEL.Pipe()
        self._process = MODEL.Process(target=program, args=(*arguments, other), daemon=True)
        self._process.start()
        other.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def said(self) -> str:
        """What it complained of."""
        return self.complaints.read_text() if self.complaints is not None and self.complaints.exists() else ""

    @property
    def is_ready(self) -> bool:
        """Whether it works by now; asked without waiting."""
        if not self._is_ready and self._line.poll():
            self.wait_until_ready()
        return self._is_ready

    def wait_until_ready(self) -> None:
        if not self._is_ready:
            try:
                self._line.recv()
            except EOFError:
                raise AssertionError(f"it did not begin: {self.said}") from None
            self._is_ready = True

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Let it stand still until it gets SIGCONT; returns when all its threads do."""
        self.signal(signal.SIGSTOP)
        wait_until(lambda: self._states() == {"T"}, "it is stopped")

    def _states(self) -> set[str]:
        """Of its threads (proc(5))."""
        found = set()
        for path in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ends meanwhile
                found.add(path.read_text().rpartition(")")[2].split()[0])
        return found

    def kill(self) -> None:
        if self.is_alive:
            self.signal(signal.SIGKILL)
        self._end()

    def dismiss(self) -> None:
        """Tell it to stop in good order."""
        self._line.close()

    def close(self) -> None:
        """Let it stop in good order, as it must."""
        self.dismiss()
        self._process.join(PATIENCE_S)
        assert self._process.exitcode == 0, f"{self._process.exitcode}: {self.said}"
        self._end()

    def _end(self) -> None:
        self._process.join()
        self._line.close()
