"""A process that has failed or was cancelled, corrected and retried."""

from __future__ import annotations

from typing import Any

import pytest

from mainspring import Process
from mainspring.errors import RefusedError
from mainspring.testing import Simulation


@pytest.fixture
def engine():
    simulation = Simulation()
    yield simulation
    simulation.close()


def checked(check: Any) -> Process:
    """It fails unless what is checked is good."""
    process = Process("checked").start("s").service("check", check, outputs={"good": "good"}).exclusive("is it?")
    process = process.when("good").task("go on").end("e").back_to("is it?")
    return process.otherwise().end("bad", error="BAD")


def test_the_step_that_failed_is_taken_again_with_what_was_corrected_and_no_task_runs_twice(engine):
    calls: list[int] = []

    def check() -> dict[str, bool]:
        calls.append(1)
        return {"good": False}

    case = engine.start(checked(check))
    assert case.wait() == "failed"
    assert case.variables == {"good": False}

    case.retry()
    assert case.wait() == "failed"  # nothing was corrected
    case.set_variables({"good": True}, by="olga")
    assert case.variables == {"good": True}
    case.retry()

    assert case.result() == {"good": True}
    assert len(calls) == 1
    with pytest.raises(RefusedError, match="it is completed"):
        case.retry()


def test_a_task_whose_failure_led_to_it_is_run_again(engine):
    outcomes: list[Any] = [ValueError("no"), {"paid": True}]

    def pay() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    process = Process("pays").start("s").service("pay", pay).end("e")
    process = process.on("failed", "pay", error="").end("lost", error="LOST")
    case = engine.start(process)
    assert case.wait() == "failed"

    case.retry()

    assert case.result() == {"paid": True}


def test_what_was_open_beside_it_begins_anew_and_waits_as_it_did(engine):
    process = Process("wide").start("s").parallel("fork").user("approve", users="ann").parallel("join")
    process = process.end("e").back_to("fork").wait("paid", message="paid").connect_to("join")
    process = process.back_to("fork").wait("late", after=60).connect_to("join")
    process = (
        process.back_to("fork").wait("word", message="word").exclusive("ok?").when("ok").task("fine").connect_to("join")
    )
    process = process.back_to("ok?").otherwise().end("no", error="NO")
    case = engine.start(process, key="k")
    engine.publish("word", {"ok": False}, key="k")
    assert (case.status, case.tasks()) == ("failed", [])

    case.set_variables({"ok": True})
    case.retry()
    assert case.status == "running"
    case.complete("approve", by="ann")
    engine.publish("paid", key="k")
    engine.advance(61)

    assert case.result()["ok"] is True


def test_a_circle_without_end_goes_on_once_it_is_mended(engine, monkeypatch):
    monkeypatch.setattr("mainspring.models.process.game.rules.STEPS_MAX", 500)
    process = Process("circle").start("s").exclusive("again").task("turn").exclusive("enough?")
    process = process.when("enough").end("e").back_to("enough?").otherwise().connect_to("again")
    case = engine.start(process, {"enough": False})
    assert "500 elements were passed" in case.info().failure.message

    case.set_variables({"enough": True})
    case.retry()

    assert case.result() == {"enough": True}


def test_one_that_was_cancelled_goes_on_where_it_stood(engine):
    case = engine.start(Process("asks").start("s").user("u").end("e"))
    case.cancel("by mistake")
    assert case.tasks() == []

    case.set_variables({"n": 1})
    case.retry()
    case.complete("u", by="ann")

    assert case.result() == {"n": 1}


def test_only_variables_can_be_corrected_of_what_has_ended(engine):
    case = engine.start(Process("bad").start("s").task("t").end("e", error="BROKEN"))
    with pytest.raises(RefusedError, match="it is failed; only what runs can be asked to start"):
        case.start_at("t")
    done = engine.start(Process("good").start("s").end("e"))
    with pytest.raises(RefusedError, match="completed"):
        done.set_variables({"n": 1})


def test_one_that_was_called_and_is_corrected_goes_back_to_its_caller(engine):
    inner = Process("inner").start("s").exclusive("ok?").when("ok").task("t").end("e").back_to("ok?")
    inner = inner.otherwise().end("no", error="NO")
    case = engine.start(Process("outer").start("s").call("c", inner).end("e"), {"ok": False})
    (child,) = case.children()
    assert (child.status, len(case.incidents())) == ("failed", 1)

    child.set_variables({"ok": True})
    child.retry()

    assert case.result() == {"ok": True}
    assert case.incidents() == []


def test_a_call_that_was_taken_back_begins_anew(engine):
    inner = Process("inner").start("s").user("u").end("e")
    process = Process("outer").start("s").parallel("fork").call("c", inner).end("e").back_to("fork")
    process = process.wait("word", message="word").exclusive("ok?").when("ok").end("fine").back_to("ok?")
    case = engine.start(process.otherwise().end("no", error="NO"), key="k")
    engine.publish("word", {"ok": False}, key="k")
    case.set_variables({"ok": True})

    case.retry()

    assert [child.status for child in case.children()] == ["cancelled", "running"]
    case.children()[1].complete("u")
    assert case.result()["ok"] is True
