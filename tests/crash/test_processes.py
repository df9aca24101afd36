"""Several processes on one store: woken, stopped, gone on."""

from __future__ import annotations

import json
import signal

import pytest

from mainspring import Engine
from tests.crash.evidence import Story, Victim, read_diary
from tests.crash.program import hog, linger, now
from tests.patience import PATIENCE_S, wait_until
from tests.postgres import new_schema

LEASE_S = 1.0


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path) -> str:
    """A URL."""
    return f"sqlite:///{tmp_path}/store.db" if request.param == "sqlite" else new_schema()


@pytest.fixture
def victim(store, tmp_path):
    made = Victim(store, tmp_path / "diary", LEASE_S)
    made.wait_until_ready()
    yield made
    made.kill()


def outcomes(store: str) -> list[tuple[str, int, str]]:
    entries = [entry for entry in Story(store).entries if entry.kind in ("TaskCompleted", "TaskFailed")]
    told = [(entry.kind, json.loads(entry.event)) for entry in entries]
    return [(kind, event["attempt"], event.get("output", "")) for kind, event in told]


def test_what_one_process_starts_another_runs_and_the_first_hears_of_it(store, victim):
    """By seeing that the other has written: of itself it would look again after a minute."""
    with Engine(store, slots=0, lease_s=600) as engine:
        for _ in range(7):
            assert isinstance(engine.submit(now).result(timeout_s=PATIENCE_S), float)


def test_a_process_that_was_stopped_for_longer_than_its_lease_is_not_heard_any_more(
    store, victim, tmp_path, monkeypatch
):
    # given: a process that runs a task, and is stopped
    diary = tmp_path / "diary"
    monkeypatch.setenv("DIARY", str(diary))
    with Engine(store, slots=0, lease_s=LEASE_S) as starter:
        instance = starter.submit(linger, str(tmp_path), id="lingering")
        wait_until((tmp_path / "lingering").exists, "the task runs")
        victim.stop()
        # when: another takes over, and the first one goes on
        with Engine(store, lease_s=LEASE_S) as other:
            result = other.get("lingering").result(timeout_s=PATIENCE_S)
            assert result != "attempt 1"
        (tmp_path / "go").touch()
        victim.signal(signal.SIGCONT)
        # then: it works on, but its late outcome is refused
        assert isinstance(starter.submit(now).result(timeout_s=PATIENCE_S), float)
        assert instance.result(timeout_s=PATIENCE_S) == result
    victim.close()
    attempts = [line.attempt for line in read_diary(diary) if line.instance == "lingering"]
    assert attempts == list(range(1, len(attempts) + 1)), "more than two only if the other slept through its lease too"
    assert outcomes(store)[0] == ("TaskCompleted", attempts[-1], result)
    assert len(outcomes(store)) == 2
    story = Story(store)
    story.check()
    story.check_ended()


def test_a_lease_survives_a_handler_that_holds_the_interpreter(store, victim, tmp_path, monkeypatch):
    monkeypatch.setenv("DIARY", str(tmp_path / "diary"))
    with Engine(store, lease_s=LEASE_S, queues=["none"]) as watcher:
        assert watcher.submit(hog, int(4 * LEASE_S), id="hog").result(timeout_s=PATIENCE_S) == "attempt 1"
    victim.close()
    assert [line.attempt for line in read_diary(tmp_path / "diary")] == [1]
    Story(store).check()


def test_a_process_that_was_killed_is_noticed_at_once_on_the_same_machine(store, tmp_path, monkeypatch):
    monkeypatch.setenv("DIARY", str(tmp_path / "diary"))
    victim = Victim(store, tmp_path / "diary", 600.0)
    victim.wait_until_ready()
    with Engine(store, slots=0, lease_s=600) as starter:
        starter.submit(linger, str(tmp_path), id="lingering")
        wait_until((tmp_path / "lingering").exists, "the task runs")
    victim.kill()
    with Engine(store, lease_s=600) as engine:
        assert engine.get("lingering").result(timeout_s=PATIENCE_S) == "attempt 2"


def test_cancelling_from_another_process_tells_the_handler(store, tmp_path, victim):
    with Engine(store, slots=0) as starter:
        instance = starter.submit(linger, str(tmp_path), id="lingering")
        wait_until((tmp_path / "lingering").exists, "the task runs")
        instance.cancel("not needed")
        assert instance.status == "cancelled"
        (tmp_path / "go").touch()
        assert isinstance(starter.submit(now).result(timeout_s=PATIENCE_S), float)
    victim.close()
    assert [kind for kind, *_ in outcomes(store)] == ["TaskCompleted"], "of the other task"
    Story(store).check()
