"""One process in trouble: closed in mid-work, used from many threads, bugs within, no space."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mainspring import Context, Engine, Workflow, task
from mainspring.errors import (
    BrokenError,
    EngineClosedError,
    InstanceFailedError,
    InstanceNotFoundError,
    MainspringError,
    ResultTimeoutError,
    StoreLostError,
    StoreUnavailableError,
)
from mainspring.instance import Instance
from mainspring.models.contract import TimerFired
from mainspring.models.task import TASK
from mainspring.models.workflow.model import WORKFLOW
from tests.crash.evidence import Story
from tests.patience import PATIENCE_S, wait_until


@task
def double(value: int) -> int:
    return 2 * value


@task
async def forever(folder: str) -> None:
    Path(folder, "begun").touch()
    await asyncio.Event().wait()


@task
async def not_700(value: int) -> dict[str, int]:
    if value == 700:
        raise ValueError("700")
    return {"value": value}


@task
def attempt_number(folder: str, context: Context) -> int:
    return context.attempt


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def engine(store):
    with Engine(f"sqlite:///{store}") as made:
        yield made


# --- Closing ----------------------------------------------------------------------------------


def test_what_runs_when_the_engine_is_closed_is_given_back_uncounted(store, tmp_path):
    engine = Engine(f"sqlite:///{store}")
    engine.submit(forever, str(tmp_path))
    wait_until((tmp_path / "begun").exists, "the task runs")
    engine.close(drain_s=0)
    assert [(owner, attempt) for _, _, owner, attempt in Story(store).tasks] == [(None, 0)]
    with sqlite3.connect(store) as connection:
        assert connection.execute("select count(*) from worker").fetchone() == (0,)


def test_what_waits_for_an_answer_is_told_that_the_engine_was_closed(store, tmp_path):
    engine = Engine(f"sqlite:///{store}")
    instance = engine.submit(forever, str(tmp_path))
    waiting = instance.ending()
    engine.close(drain_s=0)
    with pytest.raises(EngineClosedError):
        waiting.result(timeout=PATIENCE_S)
    with pytest.raises(EngineClosedError):
        engine.submit(double, 1)


def test_callers_that_come_while_it_closes_are_answered(store):
    """Whatever the moment: an answer or an error, but nobody waits for ever."""
    for _ in range(20):
        engine = Engine(f"sqlite:///{store}", slots=0)
        start = threading.Barrier(5)

        def call(engine: Engine = engine, start: threading.Barrier = start) -> str:
            start.wait()
            try:
                return engine.submit(double, 1).id
            except (EngineClosedError, BrokenError):
                return ""

        with ThreadPoolExecutor(4) as threads:
            calls = [threads.submit(call) for _ in range(4)]
            start.wait()
            engine.close()
            for one in calls:
                one.result(timeout=PATIENCE_S)


# --- Many threads -----------------------------------------------------------------------------


def test_an_engine_serves_many_threads_at_once(engine, store):
    flow = Workflow("flow")
    value = flow.input("value", int)
    flow.output(flow.map(double, flow.add(_range, value)))

    def use(number: int) -> Any:
        mine = [engine.submit(double, number, id=f"single-{number}"), engine.start(flow, {"value": number % 5})]
        again = engine.submit(double, number, id=f"single-{number}")
        assert again.existed
        engine.list(limit=5)
        other = engine.submit(double, number, delay_s=1_000)
        other.pause()
        other.resume()
        other.cancel("enough")
        assert other.status == "cancelled"
        return [instance.result(timeout_s=PATIENCE_S) for instance in mine]

    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(use, range(100)))
    assert results == [[2 * number, [2 * item for item in range(number % 5)]] for number in range(100)]
    engine.close()
    Story(store).check()
    Story(store).check_ended()


@task
def _range(value: int) -> list[int]:
    return list(range(value))


# --- Bugs within ------------------------------------------------------------------------------


def test_a_bug_that_one_input_brings_up_harms_no_other(engine, monkeypatch):
    decide = TASK.decide

    def buggy(plan: Any, state: Any, event: Any, at: float) -> Any:
        if getattr(event, "priority", 0) == 13:
            raise ZeroDivisionError("a bug of the model")
        return decide(plan, state, event, at)

    monkeypatch.setattr(TASK, "decide", buggy, raising=False)
    with ThreadPoolExecutor(12) as threads:
        calls = [threads.submit(engine.submit, double, number, priority=13 * (number % 3 == 0)) for number in range(60)]
    for number, call in enumerate(calls):
        if number % 3 == 0:
            with pytest.raises(BrokenError, match="a bug of the model"):
                call.result()
        else:
            assert call.result().result(timeout_s=PATIENCE_S) == 2 * number


def test_an_outcome_that_the_model_cannot_take_fails_its_task_alone(engine, monkeypatch):
    decide = TASK.decide

    def buggy(plan: Any, state: Any, event: Any, at: float) -> Any:
        if type(event).__name__ == "TaskCompleted" and bytes(event.output) == b"26":
            raise ZeroDivisionError("a bug of the model")
        return decide(plan, state, event, at)

    monkeypatch.setattr(TASK, "decide", buggy, raising=False)
    instances = engine.submit_many(double, [(number,) for number in range(40)])
    ends = engine.gather(instances, timeout_s=PATIENCE_S, return_errors=True)
    assert [end for number, end in enumerate(ends) if number != 13] == [2 * n for n in range(40) if n != 13]
    assert isinstance(ends[13], MainspringError)
    assert "a bug of the model" in str(ends[13])


def test_more_than_a_page_is_gathered_in_order_with_what_failed_in_it(engine):
    instances = engine.submit_many(not_700, [(number,) for number in range(2_500)])
    ends = engine.gather(instances, timeout_s=PATIENCE_S, return_errors=True)
    assert isinstance(ends.pop(700), InstanceFailedError)
    assert [end["value"] for end in ends] == [number for number in range(2_500) if number != 700]
    assert engine.gather(reversed(instances[-2:]), timeout_s=PATIENCE_S) == [{"value": 2_499}, {"value": 2_498}]
    with pytest.raises(InstanceFailedError):
        engine.gather(instances, timeout_s=PATIENCE_S)


def test_what_is_gathered_may_be_named_twice_and_may_be_more_than_is_awaited_at_a_time(engine, monkeypatch):
    monkeypatch.setattr("mainspring.engine.AWAITED_MAX", 7)
    instances = engine.submit_many(double, [(number,) for number in range(20)])
    outputs = engine.gather([*instances, *instances[:3]], timeout_s=PATIENCE_S)
    assert outputs == [2 * number for number in (*range(20), 0, 1, 2)]
    assert engine.gather([]) == []


def test_gathering_tells_which_one_has_not_ended_and_which_one_is_not_there(engine):
    quick = engine.submit_many(double, [(1,), (2,)])
    engine.gather(quick, timeout_s=PATIENCE_S)
    late = engine.submit(double, 3, delay_s=3_600)
    with pytest.raises(ResultTimeoutError, match=late.id):
        engine.gather([*quick, late], timeout_s=0.01)
    with pytest.raises(InstanceNotFoundError, match="nobody"):
        engine.gather([*quick, late, Instance(engine, "nobody", False, None)], timeout_s=PATIENCE_S)


def test_a_timer_that_the_model_cannot_take_stops_nobody(engine, monkeypatch):
    decide = WORKFLOW.decide

    def buggy(plan: Any, state: Any, event: Any, at: float) -> Any:
        if isinstance(event, TimerFired) and plan.name == "bad":
            raise ZeroDivisionError("a bug of the model")
        return decide(plan, state, event, at)

    monkeypatch.setattr(WORKFLOW, "decide", buggy, raising=False)
    bad, good = Workflow("bad"), Workflow("good")
    bad.sleep(0.01)
    good.output(good.add(double, 4, after=[good.sleep(0.05)]))
    instance = engine.start(bad)
    assert engine.start(good).result(timeout_s=PATIENCE_S) == 8
    assert instance.status == "running"
    assert engine.submit(double, 1).result(timeout_s=PATIENCE_S) == 2


# --- No space ---------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@task
async def gated(number: int) -> int:
    await GATE.wait()
    return number


class Gate:
    """Opens for handlers on whatever loop they run."""

    def __init__(self) -> None:
        self.is_open = threading.Event()

    async def wait(self) -> None:
        while not self.is_open.is_set():
            await asyncio.sleep(0.005)


GATE = Gate()


def test_a_disk_that_fills_up_in_mid_run_and_has_space_again(disk):
    GATE.is_open.clear()
    with Engine(f"sqlite:///{disk}/store.db") as engine:
        # given: tasks under way, and then not a byte left
        instances = engine.submit_many(gated, [(number,) for number in range(50)])
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            fill(file)
        # when: outcomes come in, and callers
        with pytest.raises(StoreUnavailableError, match="no space left"):
            submit_until_full(engine)
        GATE.is_open.set()
        with pytest.raises(StoreUnavailableError):
            submit_until_full(engine)
        # then: nothing is lost once there is space again
        ballast.unlink()
        assert engine.gather(instances, timeout_s=PATIENCE_S) == list(range(50))
        assert engine.submit(double, 4).result(timeout_s=PATIENCE_S) == 8
    story = Story(disk / "store.db")
    story.check()


@pytest.mark.parametrize("room", range(0, 200_001, 8_192))
def test_a_disk_that_is_too_small_to_begin_on(disk, room):
    with (disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        fill(file)
    os.truncate(disk / "ballast", max(0, os.path.getsize(disk / "ballast") - room))
    try:
        Engine(f"sqlite:///{disk}/store.db").close()
    except StoreUnavailableError as error:
        assert "no space left" in str(error)  # noqa: PT017 - where there is room enough there is no error
    (disk / "ballast").unlink()
    with Engine(f"sqlite:///{disk}/store.db") as engine:
        assert engine.submit(double, 4).result(timeout_s=PATIENCE_S) == 8


def fill(file: Any) -> None:
    while True:
        file.write(b"x" * 4_096)


def submit_until_full(engine: Engine) -> None:
    for number in range(10_000):
        engine.submit(double, number, attributes={"ballast": "x" * 2_000}, delay_s=1_000)


# --- The file is taken away -------------------------------------------------------------------


def test_a_file_that_is_deleted_under_a_running_engine(store):
    """Whatever is written from then on is written nowhere, so nothing is said to be done."""
    engine = Engine(f"sqlite:///{store}")
    assert engine.submit(double, 1).result(timeout_s=PATIENCE_S) == 2
    for path in store.parent.glob("store.db*"):
        path.unlink()
    with pytest.raises(StoreLostError, match="was deleted or replaced"):
        engine.submit(double, 2)
    engine.close()
