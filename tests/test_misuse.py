"""What an engine says to those who use it wrongly: one sentence of the right family, and nothing half-done."""

from __future__ import annotations

import os
import threading
from datetime import datetime

import pytest

from mainspring import Engine, Workflow, task
from mainspring.errors import EngineClosedError, PayloadInvalidError, SettingInvalidError, StoreLostError
from tests.patience import PATIENCE_S


@task
def echo(value: int) -> int:
    return value


@pytest.fixture
def engine(tmp_path):
    with Engine(f"sqlite:///{tmp_path / 'store.db'}") as engine:
        yield engine


@pytest.mark.parametrize("priority", ["a", 2**70, 1.5])
def test_a_priority_is_a_whole_number(engine, priority):
    with pytest.raises(SettingInvalidError, match="priority must be a whole number"):
        engine.submit(echo, 1, priority=priority)


@pytest.mark.parametrize("delay_s", ["3", -1, float("nan")])
def test_a_delay_is_seconds(engine, delay_s):
    with pytest.raises(SettingInvalidError, match="delay_s must be seconds from 0"):
        engine.submit(echo, 1, delay_s=delay_s)


def test_a_time_to_list_from_is_no_text(engine):
    with pytest.raises(SettingInvalidError, match=r"since must be a datetime.* not 'yesterday'"):
        engine.list(since="yesterday")


def test_a_reason_that_no_store_can_keep_is_written_out(engine):
    instance = engine.submit(echo, 1, delay_s=3_600)
    instance.pause("half of a \ud800")
    instance.cancel("a \x00 and half of a \ud800")
    assert instance.info().reason == r"a \x00 and half of a \ud800"


@pytest.mark.parametrize("argument", ["seven", None, [1], 1.5])
def test_an_argument_of_the_wrong_type_is_told_to_whom_it_came_from(engine, argument):
    with pytest.raises(PayloadInvalidError, match=r"test_misuse:echo': Expected `int`, got .* - at `\$.value`"):
        engine.submit(echo, argument)
    with pytest.raises(PayloadInvalidError, match=r"Expected `int`"):
        engine.submit_many(echo, [(1,), (argument,)])
    assert len(engine.list()) == 0


def test_what_is_started_is_a_definition(engine):
    with pytest.raises(SettingInvalidError, match="5 is no definition"):
        engine.start(5)


def test_attributes_are_a_dict(engine):
    with pytest.raises(SettingInvalidError, match="attributes must be a dict"):
        engine.submit(echo, 1, attributes="red")
    with pytest.raises(SettingInvalidError, match="at most 50 attributes"):
        engine.list(attributes={str(number): number for number in range(100)})


def test_a_naive_time_is_refused(engine):
    with pytest.raises(SettingInvalidError, match="has no time zone"):
        engine.submit(echo, 1, at=datetime(2030, 1, 1))  # noqa: DTZ001 - that is the point


def test_slots_are_a_number():
    with pytest.raises(SettingInvalidError, match="slots must be a whole number"):
        Engine("sqlite://", slots="many")  # type: ignore[arg-type]


def test_a_very_long_wait_is_a_wait(engine):
    assert engine.submit(echo, 7).result(timeout_s=1e30) == 7


def test_a_closed_engine_says_so(tmp_path):
    engine = Engine(f"sqlite:///{tmp_path / 'store.db'}")
    instance = engine.submit(echo, 1)
    instance.result(PATIENCE_S)
    engine.close()
    for ask in (lambda: instance.status, instance.result, lambda: engine.submit(echo, 2), lambda: engine.list()):
        with pytest.raises(EngineClosedError):
            ask()


def test_a_forked_copy_is_refused(engine):
    # Given a process that was forked from one with an engine
    read, write = os.pipe()
    copy = os.fork()
    if copy == 0:
        # When the copy uses the engine, which has no thread there
        try:
            engine.submit(echo, 1)
        except BaseException as error:
            os.write(write, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.waitpid(copy, 0)
    # Then it is told so, and does not wait for ever
    assert os.read(read, 1_000).decode().startswith("EngineClosedError: this engine belongs to the process")


def test_a_store_that_was_deleted_stops_the_engine(tmp_path):
    # Given an engine whose file is deleted
    path = tmp_path / "store.db"
    engine = Engine(f"sqlite:///{path}")
    try:
        path.unlink()
        # When something is to be written, then it is refused, now and later
        for _ in range(2):
            with pytest.raises(StoreLostError, match="was deleted or replaced"):
                engine.submit(echo, 1)
    finally:
        engine.stop()


def test_threads_may_all_start_at_once(engine):
    # Given fifty threads, when all start an instance at once, then each gets its own
    workflow = Workflow("many")
    workflow.add(echo, workflow.input("value", int))
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(engine.start(workflow, {"value": n}).result(PATIENCE_S)))
        for n in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(50))
