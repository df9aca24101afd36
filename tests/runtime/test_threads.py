"""Threads: as many as needed and allowed, replaced when a handler does not return."""

from __future__ import annotations

import contextvars
import logging
import threading

import pytest

from mainspring.handler_context import Context
from mainspring.runtime import threads as module
from tests.patience import PATIENCE_S, wait_until
from tests.runtime.shop import Shop, failure_in, wait_until_at


def ident() -> int:
    return threading.get_ident()


def test_as_many_run_side_by_side_as_are_allowed(shop):
    meeting = threading.Barrier(4)
    for _ in range(8):
        shop.submit(meeting.wait)
    assert sorted(int(bytes(shop.end().event.output)) for _ in range(8)) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_no_more_threads_than_needed(shop):
    # Given a thread that has run something and waits for more
    idents = {shop.result(ident)}
    pool = shop.worker._executors["thread"]._pool
    for _ in range(50):
        # An outcome is reported before its thread is free again.
        wait_until(lambda: pool._idle, "the thread is free")
        # When one thing is to be run at a time
        idents.add(shop.result(ident))
    # Then the same thread runs them all
    assert len(idents) == 1


def test_an_idle_thread_ends_after_a_while(shop, monkeypatch):
    monkeypatch.setattr("mainspring.runtime.pool.IDLE_S_MAX", 0.01)
    first = shop.run(threading.current_thread().is_alive)
    assert first is not None
    pool = shop.worker._executors["thread"]._pool
    wait_until(lambda: pool.count == 0, "the thread ends")
    assert shop.result(ident)


def test_attempts_do_not_share_context_variables(shop):
    variable = contextvars.ContextVar("variable", default="clean")

    def stain() -> str:
        before = variable.get()
        variable.set("dirty")
        return before

    assert [shop.result(stain) for _ in range(3)] == ["clean"] * 3


def test_a_late_handler_is_settled_at_once_and_its_thread_replaced(caplog):
    shop, gate = Shop(threads=1), threading.Event()
    seen, threads = threading.Event(), []

    def late(context: Context) -> None:
        threads.append(threading.get_ident())
        gate.wait()
        assert context.cancelled
        seen.set()

    with caplog.at_level(logging.WARNING):
        shop.submit(late, timeout_s=60)
        wait_until_at("gate.wait()", threads)
        shop.let_pass(60)
        failure = failure_in(shop.end())
    assert (failure.type, failure.message) == ("TaskTimeoutError", "took longer than its timeout_s of 60 s")
    assert "gate.wait()" in failure.traceback
    assert "runtime/threads.py" not in failure.traceback
    assert "its thread is given up (1 so far)" in caplog.text
    other = shop.result(ident)  # in the replacement
    gate.set()
    assert seen.wait(PATIENCE_S)
    assert shop.result(ident) == other
    assert shop.inbox.empty(), "the late outcome is dropped"
    shop.worker.kill()


def test_a_handler_that_returns_late_is_late_even_if_the_watchdog_is_too(shop, jump):
    def holding() -> str:
        jump()  # a long step that does not let go of the interpreter
        return "too late"

    failure = shop.failure(holding, timeout_s=60)
    assert (failure.type, failure.message) == ("TaskTimeoutError", "took longer than its timeout_s of 60 s")
    assert shop.result(ident)


def test_threads_that_do_not_return_are_replaced_up_to_a_limit(monkeypatch, caplog):
    monkeypatch.setattr(module, "ABANDONED_COUNT_MAX", 2)
    shop, gate = Shop(threads=1), threading.Event()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert failure_in(shop.run(gate.wait, timeout_s=0.05)).type == "TaskTimeoutError"
    assert "not replaced: more than 2 do not return" in caplog.text
    waiting = shop.submit(ident)
    gate.set()  # the third thread goes on with the queue
    assert shop.end().attempt is waiting
    shop.worker.kill()


def test_a_handler_within_its_time_is_not_disturbed(shop):
    assert shop.result(ident, timeout_s=60)


@pytest.mark.parametrize("size", [1, 3])
def test_a_mixed_load_is_done_completely(size):
    shop = Shop(threads=size)
    attempts = [one for _ in range(20) for one in shop.submit_all(ident, [{}] * 25)]
    assert {shop.end().attempt.instance for _ in attempts} == {one.instance for one in attempts}
    shop.worker.kill()
