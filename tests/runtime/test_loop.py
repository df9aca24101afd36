"""Coroutines: time-outs, those that do not yield, and loops that are held."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import pytest

from mainspring.handler_context import Context
from mainspring.runtime import loop as module
from mainspring.runtime.carrier import Carrier
from mainspring.runtime.runs import Run
from tests.patience import PATIENCE_S
from tests.runtime.shop import GRACE_S, Shop, failure_in, output_in, wait_until_at


async def quick() -> str:
    return "done"


def test_outcomes_of_one_pass_are_one_report():
    reports = []
    shop = Shop()

    def report(inputs):
        reports.append(len(inputs))
        shop._report(inputs)

    shop.worker._executors["async"].runs.report = report
    shop.submit_all(quick, [{}] * 200)
    for _ in range(200):
        shop.end()
    assert max(reports) > 50
    shop.worker.kill()


def test_a_late_coroutine_is_cancelled_and_the_story_says_where_it_was(shop):
    cleaned = threading.Event()

    async def late() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            cleaned.set()

    failure = shop.failure(late, timeout_s=0.05)
    assert (failure.type, failure.message) == ("TaskTimeoutError", "took longer than its timeout_s of 0.05 s")
    assert "await asyncio.sleep(600)" in failure.traceback
    assert "mainspring.errors.TaskTimeoutError" in failure.kinds
    assert cleaned.is_set()


def test_a_time_out_is_a_failure_even_if_the_handler_then_returns(shop):
    async def stubborn() -> str:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            return "saved"
        return "never"

    assert shop.failure(stubborn, timeout_s=0.05).type == "TaskTimeoutError"


def test_a_coroutine_that_ignores_its_cancellation_is_settled_all_the_same(shop):
    gate, told = asyncio.Event(), threading.Event()
    loops = []

    async def deaf(context: Context) -> None:
        loops.append(asyncio.get_running_loop())
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                assert context.cancelled
                told.set()

    shop.submit(deaf, timeout_s=0.05)
    assert told.wait(PATIENCE_S)
    assert shop.result(quick) == "done"  # so it waits again by now
    shop.let_pass(GRACE_S)
    failure = failure_in(shop.end())
    assert "did not yield: it goes on although it was cancelled" in failure.message
    assert "await gate.wait()" in failure.traceback
    assert shop.result(quick) == "done"
    loops[0].call_soon_threadsafe(gate.set)  # its late end is dropped
    assert shop.result(quick) == "done"


def test_a_coroutine_that_blocks_the_loop_is_settled_and_the_loop_replaced(shop):
    gate, threads = threading.Event(), []

    async def blocking() -> None:
        threads.append(threading.get_ident())
        gate.wait()

    shop.submit(blocking, timeout_s=60)
    wait_until_at("gate.wait()", threads)
    shop.let_pass(60)
    shop.let_pass(GRACE_S)
    failure = failure_in(shop.end())
    assert "did not yield: it holds the event loop" in failure.message
    assert "gate.wait()" in failure.traceback
    assert shop.result(quick) == "done"  # on another loop
    gate.set()


@pytest.mark.parametrize("wrong", [False, True])
def test_a_coroutine_that_blocks_the_loop_past_its_time_and_then_ends_is_late(shop, jump, wrong):
    async def blocking() -> str:
        jump()  # the verdict waits for the loop, which comes free only when it is too late
        if wrong:
            raise LookupError
        return "too late"

    failure = shop.failure(blocking, timeout_s=60)
    assert (failure.type, failure.message) == ("TaskTimeoutError", "took longer than its timeout_s of 60 s")
    assert ("raise LookupError" in failure.traceback) is wrong
    assert shop.result(quick) == "done"


def test_a_verdict_that_waits_for_the_loop_is_not_forgotten(shop, monkeypatch):
    """The same in real time: the watchdog has spoken, and its grace is not over."""
    spoken = threading.Event()
    expire = module.LoopExecutor.expire

    def expire_and_ring(executor: module.LoopExecutor, run: Run) -> None:
        expire(executor, run)
        spoken.set()

    monkeypatch.setattr(module.LoopExecutor, "expire", expire_and_ring)

    async def blocking() -> str:
        spoken.wait(PATIENCE_S)
        return "too late"

    assert shop.failure(blocking, timeout_s=0.05).type == "TaskTimeoutError"


def test_what_had_not_begun_on_a_blocked_loop_begins_on_the_next(shop):
    gate, began = threading.Event(), threading.Event()

    async def blocking() -> None:
        began.set()
        gate.wait()

    first = shop.submit(blocking, timeout_s=60)
    assert began.wait(PATIENCE_S)
    second = shop.submit(quick)
    shop.let_pass(60)
    shop.let_pass(GRACE_S)
    assert {shop.end().attempt.instance, shop.end().attempt.instance} == {first.instance, second.instance}
    gate.set()
    assert shop.result(quick) == "done"
    assert shop.inbox.empty()


def test_the_story_names_the_handler_that_holds_the_loop(shop):
    gate, sleeping, holding = threading.Event(), threading.Event(), threading.Event()

    async def innocent() -> None:
        sleeping.set()
        await asyncio.sleep(600)

    async def culprit() -> None:
        holding.set()
        gate.wait()

    shop.submit(innocent, timeout_s=60)
    assert sleeping.wait(PATIENCE_S)
    shop.submit(culprit)
    assert holding.wait(PATIENCE_S)
    shop.let_pass(60)
    shop.let_pass(GRACE_S)
    message = failure_in(shop.end()).message
    assert "culprit' holds" in message.replace("culprit holds", "culprit' holds")
    gate.set()


def test_a_handler_that_holds_the_loop_is_named_once(shop):
    warned, messages, threads = threading.Event(), [], []

    async def heavy() -> None:
        threads.append(threading.get_ident())
        warned.wait(PATIENCE_S)

    class Bell(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "heavy" in record.getMessage():
                messages.append(record.getMessage())
                warned.set()

    bell = Bell(logging.WARNING)
    logging.getLogger("mainspring.worker").addHandler(bell)
    attempts = shop.submit_all(heavy, [{}, {}])
    wait_until_at("warned.wait(PATIENCE_S)", threads)
    for _ in range(3):
        shop.let_pass(GRACE_S)
    assert {shop.end().attempt.instance for _ in attempts} == {one.instance for one in attempts}
    logging.getLogger("mainspring.worker").removeHandler(bell)
    [message] = messages
    assert "heavy holds the event loop for more than 1000 s" in message
    assert "warned.wait(PATIENCE_S)" in message


def test_a_task_that_a_handler_started_cannot_end_the_loop(shop, caplog):
    async def careless() -> str:
        async def leave() -> None:
            raise SystemExit(1)

        task = asyncio.create_task(leave())
        await asyncio.wait([task])
        return "still here"

    with caplog.at_level(logging.CRITICAL):
        assert shop.result(careless) == "still here"
    assert shop.result(quick) == "done"


def test_a_handler_that_cancels_everything_loses_nothing(shop):
    async def hostile() -> None:
        for one in asyncio.all_tasks():
            if one is not asyncio.current_task():
                one.cancel()

    shop.submit_all(hostile, [{}])
    attempts = shop.submit_all(hostile, [{}] * 20)
    assert len([shop.end() for _ in range(len(attempts) + 1)]) == 21


TRACE: ContextVar[str] = ContextVar("trace", default="")


def test_attempts_do_not_share_context_variables(shop):
    async def marked() -> str:
        before = TRACE.get()
        TRACE.set("mine")
        return before

    async def marked_later() -> str:
        before = TRACE.get()
        TRACE.set("mine")
        await asyncio.sleep(0)
        return before + TRACE.get()

    shop.submit_all(marked, [{}] * 3)
    shop.submit_all(marked_later, [{}] * 3)
    assert sorted(output_in(shop.end()) for _ in range(6)) == ["", "", "", "mine", "mine", "mine"]


def test_what_ends_at_once_needs_no_task_of_its_own(shop, monkeypatch):
    made = []

    class Counted(Carrier):
        def __init__(self, *arguments: Any) -> None:
            made.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr(module, "Carrier", Counted)
    shop.submit_all(quick, [{}] * 100)
    assert {output_in(shop.end()) for _ in range(100)} == {"done"}
    assert len(made) < 10


def test_attempts_that_wait_at_the_same_time_have_a_task_each(shop):
    gate, tasks = asyncio.Event(), set()

    async def waiting(number: int) -> None:
        tasks.add(asyncio.current_task())
        if number == 49:
            gate.set()
        await gate.wait()

    shop.submit_all(waiting, [{"number": number} for number in range(50)])
    for _ in range(50):
        shop.end()
    assert len(tasks) == 50


Task = asyncio.Task[Any]
Check = Callable[[Task], bool]
"""Whether another task is free of what was done to the first."""


def keep(task: Task) -> Check:
    return lambda other: other is not task


def keep_its_cancel(task: Task) -> Check:
    cancel = task.cancel
    return lambda other: other is not cancel.__self__  # type: ignore[attr-defined]


def keep_weakly(task: Task) -> Check:
    known = WeakSet([task])
    return lambda other: other not in known


def cancel_it(task: Task) -> Check:
    task.cancel()
    return lambda other: not other.cancelling()


def follow_it(task: Task) -> Check:
    ended: list[Any] = []
    task.add_done_callback(ended.append)
    return lambda other: len(ended) == 1 and other not in ended


@pytest.mark.parametrize("mark", [keep, keep_its_cancel, keep_weakly, cancel_it, follow_it])
def test_a_task_that_a_handler_has_marked_carries_no_other_attempt(shop, mark):
    gate, checks = threading.Event(), []

    async def blocking() -> str:  # so that those that follow are all begun in one pass
        gate.wait(PATIENCE_S)
        return "ok"

    async def marking() -> str:
        checks.append(mark(asyncio.current_task()))
        return "ok"

    async def innocent() -> str:
        await asyncio.sleep(0)
        return "ok" if checks[0](asyncio.current_task()) else "marked"

    shop.submit(blocking)
    shop.submit(marking)
    shop.submit(innocent)
    gate.set()
    assert [output_in(shop.end()) for _ in range(3)] == ["ok", "ok", "ok"]


def test_time_outs_and_groups_work_in_the_first_step(shop):
    async def brief() -> str:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            task = group.create_task(quick())
        return task.result()

    async def timed_out() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(60)
        except TimeoutError:
            return "late"
        return "never"

    assert shop.result(brief) == "done"
    assert shop.result(timed_out) == "late"


def test_an_error_goes_into_the_handler_that_waits(shop):
    async def patient() -> str:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, LookupError("nothing"))
        try:
            await future
        except LookupError as error:
            await asyncio.sleep(0)
            return str(error)
        return "never"

    assert shop.result(patient) == "nothing"
