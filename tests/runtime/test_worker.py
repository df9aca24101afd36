"""What all ways to run have in common: attempts become outcomes, and nothing that a handler does stops the worker."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from mainspring.handler import Handler, task
from mainspring.handler_context import Context
from mainspring.handler_context import context as current_context
from mainspring.kernel.records import Attempt, Progress, Release, Settle
from mainspring.models.contract import TaskCompleted, TaskFailed
from tests.patience import PATIENCE_S
from tests.runtime.shop import GRACE_S, Shop, failure_in


def double(number: int) -> int:
    return 2 * number


async def double_async(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


double_process = task(isolation="process", name="double_process")(double)
BOTH = [double, double_async]


@pytest.mark.parametrize("function", BOTH)
def test_an_attempt_becomes_an_outcome(shop, function):
    settle = shop.run(function, number=21)
    event = settle.event
    assert isinstance(event, TaskCompleted)
    assert (event.key, event.attempt, bytes(event.output), event.worker) == ("step", 1, b"42", "bench")
    assert 0 < event.started_at <= event.finished_at
    assert settle.lines == ()


@pytest.mark.parametrize("function", BOTH)
def test_a_batch_is_reported_completely(shop, function):
    attempts = shop.submit_all(function, [{"number": number} for number in range(500)])
    ended = [shop.end() for _ in attempts]
    assert {one.attempt.instance for one in ended} == {one.instance for one in attempts}
    assert sum(int(bytes(one.event.output)) for one in ended) == 499 * 500


def raising(error: type[BaseException]) -> tuple[Any, Any]:
    def plain() -> None:
        raise error("told")

    async def coroutine() -> None:
        raise error("told")

    return plain, coroutine


class Odd(BaseException):
    def __str__(self) -> str:
        raise RuntimeError("no text either")


@pytest.mark.parametrize("kind", [0, 1], ids=["thread", "async"])
@pytest.mark.parametrize(
    "error",
    [ValueError, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, MemoryError, RecursionError, Odd],
)
def test_whatever_is_raised_is_a_failed_attempt(shop, error, kind):
    failure = shop.failure(raising(error)[kind])
    assert failure.type == error.__name__
    assert f"{error.__module__}.{error.__qualname__}" == failure.kinds[0]
    assert failure.kinds[-1] == "builtins.BaseException"
    assert shop.result(BOTH[kind], number=4) == 8  # and the next one runs


@pytest.mark.parametrize("kind", [0, 1], ids=["thread", "async"])
def test_stop_iteration_is_a_failed_attempt(shop, kind):
    assert shop.failure(raising(StopIteration)[kind]).type in ("StopIteration", "RuntimeError")
    assert shop.result(BOTH[kind], number=4) == 8


@pytest.mark.parametrize("kind", [0, 1], ids=["thread", "async"])
def test_sys_exit_is_a_failed_attempt(shop, kind):
    def leave() -> None:
        sys.exit(3)

    async def leave_async() -> None:
        sys.exit(3)

    failure = shop.failure([leave, leave_async][kind])
    assert (failure.type, failure.message) == ("TaskExitError", "the handler called sys.exit(3)")
    assert "sys.exit(3)" in failure.traceback
    assert shop.result(BOTH[kind], number=4) == 8


def test_the_traceback_has_the_frames_of_the_handler_alone(shop):
    def outer() -> None:
        inner()

    def inner() -> None:
        raise ValueError("deep")

    failure = shop.failure(outer)
    assert "in outer" in failure.traceback
    assert "in inner" in failure.traceback
    assert "mainspring/runtime" not in failure.traceback
    assert failure.traceback.endswith("ValueError: deep\n")


def test_an_error_of_ours_that_the_handler_caused_shows_the_handlers_line(shop):
    def careless(context: Context) -> None:
        context.report_progress(40)

    failure = shop.failure(careless)
    assert failure.message == "progress is a fraction from 0 to 1, not 40"
    assert "context.report_progress(40)" in failure.traceback
    assert "in report_progress" not in failure.traceback


def odd_coroutine() -> Any:
    return asyncio.sleep(1)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (double, {"number": "two"}, "Expected `int`, got `str` - at `$.number`"),
        (double, {}, "missing required field `number`"),
        (lambda: (one for one in "ab"), {}, "a generator is not a value"),
        (odd_coroutine, {}, "a coroutine is not a value; await it in an `async def`"),
        (lambda: float("nan"), {}, "JSON has no NaN"),
        (lambda: {"rows": ["x" * 2_000_000] * 10}, {}, "20,000,040 bytes are more than the 16,777,216 allowed"),
        (Handler.of(double), {"number": 1, "colour": 2}, "unknown field `colour`"),
    ],
)
def test_what_json_cannot_carry_fails_the_attempt(shop, function, arguments, message):
    failure = shop.failure(function, **arguments)
    assert failure.type == "PayloadInvalidError"
    assert message in failure.message
    assert failure.traceback == ""


def test_a_result_of_another_type_fails_the_attempt(shop):
    def liar() -> int:
        return "text"  # type: ignore[return-value]

    failure = shop.failure(liar)
    assert failure.message.startswith("output of handler 'tests.runtime.test_worker:")
    assert failure.message.endswith("Expected `int`, got `str`")


def test_an_unknown_handler_fails_the_attempt(shop):
    attempt = Attempt(1, "step", "nowhere:nothing", b"{}", 1, 1, "case")
    shop.worker.dispatch([attempt])
    failure = failure_in(shop.end())
    assert failure.type == "HandlerUnknownError"
    assert failure.message == "handler 'nowhere:nothing' cannot be found: there is no module 'nowhere' here"


def test_a_system_without_further_threads_fails_the_attempt_and_not_the_pump(shop, monkeypatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    attempt = shop.submit(double_async, number=1)
    settle = shop.end()
    assert settle.attempt is attempt
    assert failure_in(settle).message == "can't start new thread"
    monkeypatch.undo()
    assert shop.result(double_async, number=4) == 8


# --- The context ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 1], ids=["thread", "async"])
def test_a_handler_may_ask_for_its_context(shop, kind):
    def tell(context: Context, number: int) -> list[Any]:
        assert current_context() is context
        return [context.instance, context.key, context.attempt, context.idempotency_key, number]

    async def tell_async(context: Context, number: int) -> list[Any]:
        return tell(context, number)

    assert shop.result([tell, tell_async][kind], number=7) == ["case-1", "step", 1, "case-1:step", 7]


def test_progress_and_lines_are_reported(shop, monkeypatch):
    monkeypatch.setattr("mainspring.handler_context.REPORT_INTERVAL_S", GRACE_S)  # what comes second goes with the end

    def chatty(context: Context) -> None:
        context.report_progress(0.25, "a quarter")
        context.logger.info("and %s", "more")

    attempt = shop.submit(chatty)
    progress, settle = shop.next(), shop.next()
    assert isinstance(progress, Progress)
    assert (progress.attempt, progress.fraction) == (attempt, 0.25)
    assert [line[1:] for line in progress.lines] == [("INFO", "a quarter")]
    assert [line[1:] for line in settle.lines] == [("INFO", "and more")]


def test_lines_do_not_wait_for_the_end(shop):
    gate = threading.Event()

    def chatty(context: Context) -> None:
        context.logger.info("first")
        context.logger.info("second")
        gate.wait()

    shop.submit(chatty)
    assert [line[2] for line in shop.next().lines] == ["first"]
    assert [line[2] for line in shop.next().lines] == ["second"]  # though nothing was said since
    gate.set()
    assert isinstance(shop.next(), Settle)


def test_a_failed_attempt_keeps_its_lines(shop, monkeypatch):
    monkeypatch.setattr("mainspring.handler_context.REPORT_INTERVAL_S", GRACE_S)

    def unlucky(context: Context) -> None:
        context.logger.info("one")
        context.logger.error("two")
        raise ValueError

    shop.submit(unlucky)
    progress, settle = shop.next(), shop.next()
    assert isinstance(settle.event, TaskFailed)
    assert [line[2] for line in (*progress.lines, *settle.lines)] == ["one", "two"]


# --- Cancelling and stopping ------------------------------------------------------------------


def test_a_running_attempt_is_told_that_it_was_cancelled(shop):
    started, told = threading.Event(), threading.Event()

    def patient(context: Context) -> bool:
        started.set()
        while not told.wait(0.01) and not context.cancelled:
            pass
        return context.cancelled

    attempt = shop.submit(patient)
    assert started.wait(PATIENCE_S)
    shop.worker.cancel(attempt.instance, "other")
    shop.worker.cancel(attempt.instance, attempt.key)
    assert bytes(shop.end().event.output) == b"true"


def test_a_coroutine_is_cancelled(shop):
    started = threading.Event()

    async def patient() -> None:
        started.set()
        await asyncio.sleep(600)

    attempt = shop.submit(patient)
    assert started.wait(PATIENCE_S)
    shop.worker.cancel(attempt.instance, attempt.key)
    assert failure_in(shop.end()).type == "CancelledError"


def test_a_waiting_attempt_is_taken_back():
    shop, gate = Shop(threads=1), threading.Event()
    first = shop.submit(gate.wait)
    second = shop.submit(gate.wait)
    shop.worker.cancel(second.instance, second.key)
    assert shop.end() == Release(second)
    gate.set()
    assert shop.end().attempt is first
    shop.worker.kill()


def test_drain_waits_for_what_runs_and_releases_what_waits():
    shop, gate, running = Shop(threads=1), threading.Event(), threading.Event()

    def patient() -> None:
        running.set()
        gate.wait()

    first, second = shop.submit_all(patient, [{}, {}])
    assert running.wait(PATIENCE_S)
    drained: list[Any] = []
    thread = threading.Thread(target=lambda: drained.append(shop.worker.drain(PATIENCE_S)))
    thread.start()
    assert shop.end() == Release(second)
    gate.set()
    assert isinstance(shop.end(), Settle)
    thread.join(PATIENCE_S)
    assert drained == [[]]
    third = shop.submit(patient)
    assert shop.inbox.empty(), "a worker that was killed reports nothing"
    assert third.attempt == 1
    assert first.attempt == 1


def test_drain_cancels_what_does_not_end_and_releases_it(shop):
    started = threading.Barrier(3)

    async def endless() -> None:
        started.wait()
        await asyncio.sleep(600)

    def attentive(context: Context) -> None:
        started.wait()
        while not context.cancelled:
            threading.Event().wait(0.01)
        raise InterruptedError

    attempts = [shop.submit(endless), shop.submit(attentive)]
    started.wait(PATIENCE_S)
    assert shop.worker.drain(0.05) == []
    released = [shop.end(), shop.end()]
    assert all(isinstance(one, Release) for one in released)
    assert {one.attempt.instance for one in released} == {one.instance for one in attempts}


def test_drain_names_what_it_gave_up(shop, monkeypatch):
    monkeypatch.setattr("mainspring.runtime.worker.STOP_GRACE_S", 0.05)
    started, gate = threading.Event(), threading.Event()

    def deaf() -> None:
        started.set()
        gate.wait()

    attempt = shop.submit(deaf)
    assert started.wait(PATIENCE_S)
    assert shop.worker.drain(0.05) == [attempt]
    gate.set()
