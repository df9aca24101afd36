"""Attempts on a cluster: bundles, ends, losses.  The cluster is one that is turned by hand, in this very process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mainspring.handler import Handler, task
from mainspring.handler_context import LINE_COUNT_MAX
from mainspring.kernel.records import Release, Settle
from mainspring.runtime import cluster_executor
from mainspring.runtime.cluster import Answer, ClusterAwayError, Fate
from mainspring.runtime.cluster_executor import BUNDLE_COUNT_MAX, PARCELS_MAX
from tests.patience import PATIENCE_S
from tests.runtime import crunch
from tests.runtime.hand_turned import THREADS, HandTurned
from tests.runtime.shop import Shop, failure_in, output_in


class Bench(Shop):
    """A worker with such a cluster."""

    def __init__(self) -> None:
        self.cluster = HandTurned()
        self.states: dict[str, str] = {}
        self.offered = threading.Condition()
        self.story: list[str] = []
        super().__init__(clusters=[self.cluster], states=self.states, offer=self._offer)
        self.wait_for_state(lambda state: state == "")

    def _offer(self) -> None:
        with self.offered:
            self.story.append(self.states["dask"])
            self.offered.notify_all()

    def wait_for_state(self, holds: Any) -> None:
        with self.offered:
            assert self.offered.wait_for(lambda: holds(self.states["dask"]), PATIENCE_S)

    def ends(self, count: int) -> list[Settle | Release]:
        return [self.end() for _ in range(count)]


@pytest.fixture
def bench(monkeypatch) -> Iterator[Bench]:
    monkeypatch.setattr(cluster_executor, "BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(cluster_executor, "LOOK_S", 0.01)
    crunch.gate.clear()
    bench = Bench()
    yield bench
    crunch.gate.set()
    bench.worker.kill()


def test_an_attempt_goes_there_and_its_outcome_comes_back(bench):
    attempt = bench.submit(crunch.double, number=21)
    bench.cluster.perform()
    settle = bench.end()
    assert settle.attempt is attempt
    assert output_in(settle) == 42
    assert settle.event.started_at <= settle.event.finished_at


def test_what_an_attempt_says_is_kept_once_and_in_order(bench):
    bench.submit(crunch.tell)
    bench.cluster.perform()
    lines, fraction = [], None
    while not isinstance(one := bench.next(), Settle):
        lines += one.lines
        fraction = one.fraction if one.fraction is not None else fraction
    lines += one.lines
    assert [text for _, _, text in lines] == ["one", "half-way", "three"]
    assert fraction in (None, 0.5)
    assert output_in(one) == ["case-1", "step", 1, "case-1:step"]


def test_lines_that_were_lost_on_their_way_come_with_the_outcome(bench, monkeypatch):
    monkeypatch.setattr(bench.cluster, "_hear", lambda message: None)
    bench.submit(crunch.tell)
    bench.cluster.perform()
    lines = []
    while not isinstance(one := bench.next(), Settle):
        lines += one.lines
    assert [text for _, _, text in (*lines, *one.lines)] == ["one", "half-way", "three"]


def test_lines_are_bounded_and_what_is_left_out_is_counted(bench):
    bench.submit(crunch.shout)
    bench.cluster.perform()
    lines = []
    while not isinstance(one := bench.next(), Settle):
        lines += one.lines
    lines += one.lines
    assert len(lines) == LINE_COUNT_MAX + 1
    assert lines[-1][2].startswith("5 more lines were not kept")


def test_a_failure_is_kept_with_the_traceback_of_the_handler(bench):
    bench.submit(crunch.fail, message="no such thing")
    bench.cluster.perform()
    failure = failure_in(bench.end())
    assert (failure.type, failure.message) == ("LookupError", "no such thing")
    assert "crunch.py" in failure.traceback
    assert "bundle.py" not in failure.traceback


@pytest.mark.parametrize(("handler", "words"), [(crunch.wrong, "int"), (crunch.huge, "bytes")])
def test_an_output_is_checked_where_it_is_made(bench, handler, words):
    bench.submit(handler)
    bench.cluster.perform()
    failure = failure_in(bench.end())
    assert failure.type == "PayloadInvalidError"
    assert words in failure.message


def test_a_handler_that_the_cluster_cannot_import_says_what_must_be_done(bench):
    handler = Handler.of(crunch.double)
    lost = Handler(handler.function, name="lost", options=handler.options)
    lost.path = "nowhere.to.be:found"
    bench.handlers.add(lost)
    bench.submit(lost, number=1)
    bench.cluster.perform()
    failure = failure_in(bench.end())
    assert failure.kinds[0] == "mainspring.errors.HandlerUnknownError"
    assert failure.message == (
        "handler 'lost' cannot be found: the workers of the dask cluster must be able to import it: "
        "there is no module 'nowhere' here"
    )


def test_memory_cannot_be_limited_there(bench):
    handler = task(isolation="process", memory_max_mb=64)(crunch.double.function)
    bench.handlers.add(handler, "limited")
    attempt = bench.submit(bench.handlers.get("limited"), number=1)
    assert output_in(bench.end()) == 2  # in a process, as the handler says
    bench.worker.dispatch([msgspec.structs.replace(attempt, pool="dask")])
    assert "memory_max_mb takes effect" in failure_in(bench.end()).message


# --- Bundles ------------------------------------------------------------------------------------


def test_what_is_not_known_to_be_quick_goes_alone(bench):
    bench.submit_all(crunch.double, [{"number": number} for number in range(5)])
    assert [len(bundle.pieces) for _, bundle, _, _ in bench.cluster.take(5)] == [1] * 5


def test_quick_attempts_go_together_and_leave_something_for_each_thread(bench):
    quick(bench)
    attempts = bench.submit_all(crunch.double, [{"number": number} for number in range(10)])
    taken = bench.cluster.take(2)
    assert [len(bundle.pieces) for _, bundle, _, _ in taken] == [5, 5]
    for id, _, data, done in taken:
        done(id, bench.cluster.answer(data))
    ends = bench.ends(10)
    assert [(one.attempt, output_in(one)) for one in ends] == [(one, 2 * n) for n, one in enumerate(attempts)]


def test_quick_attempts_wait_for_one_another_while_all_threads_have_enough(bench):
    quick(bench)
    many = BUNDLE_COUNT_MAX * THREADS * PARCELS_MAX
    bench.submit_all(crunch.double, [{"number": number} for number in range(many + 7)])
    taken = bench.cluster.take(THREADS * PARCELS_MAX)
    assert [len(bundle.pieces) for _, bundle, _, _ in taken] == [BUNDLE_COUNT_MAX] * len(taken)
    assert not bench.cluster.sent
    bench.submit_all(crunch.double, [{"number": number} for number in range(7)])
    id, _, data, done = taken[0]
    done(id, bench.cluster.answer(data))
    [(_, bundle, _, _)] = bench.cluster.take()
    assert len(bundle.pieces) == 7, "as many as leave something for the other thread"


def test_a_slow_attempt_ends_the_bundling_of_its_handler(bench, monkeypatch):
    quick(bench)
    bench.submit(crunch.double, number=1)
    [(id, _, data, done)] = bench.cluster.take()
    ends = msgspec.msgpack.decode(bench.cluster.answer(data))
    ends[0]["seconds"] = 30.0
    done(id, msgspec.msgpack.encode(ends))
    bench.end()
    bench.submit_all(crunch.double, [{"number": number} for number in range(3)])
    assert [len(bundle.pieces) for _, bundle, _, _ in bench.cluster.take(3)] == [1, 1, 1]


def test_large_payloads_go_alone(bench):
    quick(bench, crunch.length)
    bench.submit_all(crunch.length, [{"text": "x" * 200_000} for _ in range(4)])
    assert [len(bundle.pieces) for _, bundle, _, _ in bench.cluster.take(4)] == [1] * 4


def test_a_bundle_that_breaks_the_cluster_is_sent_again_one_by_one(bench):
    quick(bench)
    bench.submit_all(crunch.double, [{"number": 1}, {"number": 2}, {"number": 3}, {"number": 4}])
    [first, second] = bench.cluster.take(2)
    first[3](first[0], MemoryError("all workers died"))
    [one, other] = bench.cluster.take(2)
    assert [len(one[1].pieces), len(other[1].pieces)] == [1, 1]
    one[3](one[0], MemoryError("all workers died"))
    other[3](other[0], bench.cluster.answer(other[2]))
    second[3](second[0], bench.cluster.answer(second[2]))
    failure = failure_in(bench.end())
    assert (failure.type, failure.message) == (
        "TaskExitError",
        "the dask cluster could not run it: MemoryError: all workers died",
    )
    assert sorted(output_in(one) for one in bench.ends(3)) == [4, 6, 8]


def test_a_cluster_without_mainspring_is_a_cluster_without_the_handler(bench):
    bench.submit(crunch.double, number=1)
    [(id, _, _, done)] = bench.cluster.take()
    done(id, ModuleNotFoundError("No module named 'mainspring'"))
    failure = failure_in(bench.end())
    assert failure.type == "HandlerUnknownError"
    assert "could not load what is to run it: ModuleNotFoundError: No module named 'mainspring'" in failure.message


# --- Attempts that are to end -------------------------------------------------------------------


def test_a_late_attempt_fails_and_the_rest_of_its_bundle_goes_on(bench):
    quick(bench, crunch.wait_at_the_gate)
    bench.submit_all(crunch.wait_at_the_gate, [{"number": number} for number in range(4)], timeout_s=0.05)
    taken = bench.cluster.take(2)
    outcomes = []
    for id, _, data, done in taken:
        done(id, bench.cluster.answer(data))
        outcomes += bench.ends(2)
    failures = [failure_in(one) for one in outcomes]
    assert {failure.type for failure in failures} == {"TaskTimeoutError"}
    assert "goes on in its thread on the cluster" in failures[0].message
    assert "wait_at_the_gate" in failures[0].traceback


def test_an_attempt_that_was_not_sent_yet_is_released(bench):
    quick(bench)
    bench.submit_all(crunch.double, [{"number": 1} for _ in range(BUNDLE_COUNT_MAX * THREADS * PARCELS_MAX)])
    bench.cluster.take(THREADS * PARCELS_MAX)
    waiting = bench.submit(crunch.double, number=7)
    bench.worker.cancel(waiting.instance, waiting.key)
    assert bench.end() == Release(waiting)


def test_an_attempt_that_was_sent_and_has_not_begun_is_taken_back(bench):
    attempt = bench.submit(crunch.double, number=7)
    bench.cluster.wait_until(lambda: bench.cluster.sent)
    bench.worker.cancel(attempt.instance, attempt.key)
    assert bench.end() == Release(attempt)
    assert not bench.cluster.sent


def test_one_of_a_bundle_that_is_not_wanted_is_left_out(bench):
    quick(bench)
    attempts = bench.submit_all(crunch.double, [{"number": number} for number in range(4)])
    taken = bench.cluster.take(2)
    bench.worker.cancel(attempts[1].instance, attempts[1].key)
    bench.cluster.wait_until(lambda: bench.cluster.told)
    for id, _, data, done in taken:
        done(id, bench.cluster.answer(data))
    ends = bench.ends(4)
    assert ends[1] == Release(attempts[1])
    assert [output_in(one) for one in (ends[0], *ends[2:])] == [0, 4, 6]


@pytest.mark.parametrize("handler", [crunch.until_cancelled, crunch.until_cancelled_async])
def test_one_that_runs_is_told_to_end(bench, tmp_path, handler):
    attempt = bench.submit(handler, folder=str(tmp_path))
    performing = threading.Thread(target=bench.cluster.perform)
    performing.start()
    wait_for(tmp_path / "began")
    bench.worker.cancel(attempt.instance, attempt.key)
    assert isinstance(bench.end(), Settle)
    performing.join(PATIENCE_S)
    assert (tmp_path / "ended").exists()


def test_a_worker_that_drains_takes_back_what_has_not_begun_and_waits_for_the_rest(bench):
    first, second = (bench.submit(crunch.wait_at_the_gate, number=number) for number in (1, 2))
    [one] = bench.cluster.take()
    answers: list[bytes] = []
    performing = threading.Thread(target=lambda: answers.append(bench.cluster.answer(one[2])))
    performing.start()
    bench.cluster.wait_until(lambda: bench.cluster._desk._under_way)
    bench.cluster.wait_until(lambda: len(bench.cluster.sent) == 1)
    left: list[Any] = []
    draining = threading.Thread(target=lambda: left.extend(bench.worker.drain(PATIENCE_S)))
    draining.start()
    assert bench.end() == Release(second)
    crunch.gate.set()
    performing.join(PATIENCE_S)
    one[3](one[0], answers[0])
    settle = bench.end()
    assert (settle.attempt, output_in(settle)) == (first, 1)
    draining.join(PATIENCE_S)
    assert left == []


# --- Clusters that go and come ------------------------------------------------------------------


def test_what_a_lost_cluster_had_is_given_back_after_it_is_offered_no_more(bench):
    attempts = bench.submit_all(crunch.double, [{"number": 1}, {"number": 2}])
    bench.cluster.wait_until(lambda: len(bench.cluster.sent) == 2)
    bench.cluster.go_down()
    bench.wait_for_state(lambda state: state != "")
    assert sorted((one.attempt for one in bench.ends(2)), key=lambda one: one.instance) == attempts
    assert bench.inbox.empty()
    stray = bench.submit_all(crunch.double, [{"number": 3}])
    assert bench.end() == Release(stray[0]), "claimed before it was heard that the cluster is away"


def test_a_bundle_that_went_down_with_the_cluster_tells_of_it(bench):
    attempt = bench.submit(crunch.double, number=1)
    [(id, _, _, done)] = bench.cluster.take()
    bench.cluster.is_reachable = False
    done(id, Fate.AWAY)
    assert bench.end() == Release(attempt)
    bench.wait_for_state(lambda state: state == "nobody answers")


def test_it_goes_on_when_the_cluster_is_back(bench):
    attempt = bench.submit(crunch.double, number=1)
    [(id, _, data, done)] = bench.cluster.take()
    bench.cluster.go_down()
    assert bench.end() == Release(attempt)
    bench.cluster.is_reachable = True
    bench.wait_for_state(lambda state: state == "")
    done(id, bench.cluster.answer(data))  # an answer from the time before
    done(id, Fate.AWAY)
    assert bench.cluster.connections == 2
    bench.submit(crunch.double, number=4)
    bench.cluster.perform()
    assert output_in(bench.end()) == 8
    assert bench.inbox.empty()
    assert bench.cluster.connections == 2


def test_a_cluster_that_was_never_there_is_offered_once_it_is(monkeypatch):
    monkeypatch.setattr(cluster_executor, "BACKOFF_S", (0.01, 0.02))
    monkeypatch.setattr(HandTurned, "connect", refuse := Refusing(3, HandTurned.connect))
    bench = Bench()
    assert refuse.count == 0
    assert bench.story == ["not yet", ""]
    bench.worker.kill()


def test_an_error_of_the_cluster_s_library_ends_the_connection_and_not_the_worker(bench, monkeypatch, caplog):
    send = bench.cluster.send
    failing: list[Answer] = [ZeroDivisionError("a fault of the library")]

    def fail_once(*arguments: Any) -> None:
        if failing:
            raise failing.pop()  # type: ignore[misc]
        send(*arguments)

    monkeypatch.setattr(bench.cluster, "send", fail_once)
    attempt = bench.submit(crunch.double, number=1)
    assert bench.end() == Release(attempt)
    bench.wait_for_state(lambda state: state == "")
    bench.submit(crunch.double, number=5)
    bench.cluster.perform()
    assert output_in(bench.end()) == 10
    assert "a fault of the library" in caplog.text


class Refusing:
    """Raises so many times before it does what it should."""

    def __init__(self, count: int, then: Any) -> None:
        self.count = count
        self._then = then

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return lambda *arguments: self(owner, *arguments)

    def __call__(self, *arguments: Any) -> Any:
        if self.count:
            self.count -= 1
            raise ClusterAwayError("not yet")
        return self._then(*arguments)


def quick(bench: Bench, handler: Any = crunch.double) -> None:
    """Let it be known that attempts of a handler are quick."""
    executor = bench.worker._clusters["dask"]
    executor._seconds[handler.name] = 1e-5


def wait_for(path: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not come"
        time.sleep(0.01)
