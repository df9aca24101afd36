"""Incidents of every kind: kept at their element, and resolved, retried or skipped after a correction; durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mainspring import Process, Workflow, task
from mainspring.errors import RefusedError
from mainspring.testing import Simulation


class ZeroError(Exception):
    """What the handler raises."""


@task
def work(n: int) -> dict[str, int]:
    if n == 0:
        raise ZeroError("nothing to do")
    return {"got": n}


def begun() -> Process:
    return Process("p").start("s")


def numbers() -> Workflow:
    workflow = Workflow("numbers")
    workflow.output(workflow.add(work, workflow.input("n", int)))
    return workflow


def forked(x: Process, condition: str) -> Process:
    return x.when(condition).end("e").back_to("x").otherwise().end("f")


def inner() -> Process:
    return Process("inner").start("is").script("x", "nn", result="r").end("ie")


KINDS: dict[str, tuple[Callable[[], Process], dict[str, Any], dict[str, Any]]] = {
    # what it is: the process, what it is started with, and what puts it right
    "no flow to take": (lambda: begun().exclusive("x").when("nn = 1").end("e"), {"nn": 2}, {"nn": 1}),
    "a condition that is not boolean": (lambda: forked(begun().exclusive("x"), "nn"), {"nn": "a"}, {"nn": True}),
    "a condition without its variable": (lambda: forked(begun().exclusive("x"), "nn = 1"), {}, {"nn": 1}),
    "the same of an inclusive gateway": (lambda: forked(begun().inclusive("x"), "nn = 1"), {}, {"nn": 1}),
    "a script": (lambda: begun().script("x", "1 + nn", result="r").end("e"), {}, {"nn": 1}),
    "a failed handler": (lambda: begun().service("x", work).end("e"), {"n": 0}, {"n": 5}),
    "an input": (lambda: begun().service("x", work, inputs={"n": "nn"}).end("e"), {}, {"nn": 5}),
    "an output": (lambda: begun().service("x", work, outputs={"r": "nn"}).end("e"), {"n": 1}, {"nn": 5}),
    "a failed workflow": (lambda: begun().call("x", numbers()).end("e"), {"n": 0}, {"n": 5}),
    "a time": (lambda: begun().wait("x", after="=dd").end("e"), {"dd": "soon"}, {"dd": "PT1S"}),
    "a key of a message to come": (lambda: begun().wait("x", message="m", key="kk").end("e"), {}, {"kk": "k"}),
    "a key of a message that goes": (lambda: begun().throw("x", message="m", key="kk").end("e"), {}, {"kk": "k"}),
    "the same at the end": (lambda: begun().end("x", message="m", key="kk"), {}, {"kk": "k"}),
    "a boundary event": (
        lambda: begun().manual("u").user("x").end("e").on("b", "x", after="=dd").end("be"), {}, {"dd": "PT1S"},
    ),
    "inside of a sub-process": (lambda: begun().sub_process("y", inner()).end("e"), {}, {"nn": 1}),
    "a collection": (
        lambda: begun().script("x", "item", result="r", each="ii", item="item").end("e"), {"ii": 7}, {"ii": [1]},
    ),
    "the end of a loop": (
        lambda: begun().script("x", "item", result="r", each="ii", item="item", until="zz").end("e"),
        {"ii": [1, 2]}, {"zz": True},
    ),
    "what a loop collects": (
        lambda: begun().script("x", "item", result="r", each="ii", item="item", collect="c", gives="zz").end("e"),
        {"ii": [1, 2]}, {"zz": True},
    ),
    "another round": (lambda: begun().service("x", work, repeat_while="zz").end("e"), {"n": 1}, {"zz": False}),
}  # fmt: skip


def started(kind: str) -> tuple[Simulation, Any]:
    make, data, _ = KINDS[kind]
    engine = Simulation()
    case = engine.start(make(), data, key="k")
    engine.advance(1)
    assert {each.element for each in case.incidents()} == {"x"}, "it stops where it is, and the instance is kept"
    assert case.status == "running"
    engine.crash()
    return engine, case


def ended(engine: Simulation, case: Any) -> None:
    """Everything else happens as it should, and it completes."""
    for _ in range(3):
        engine.crash()
        engine.advance(5)
        for each in case.tasks():
            case.complete(each.id)
        if engine.reader.list_subscriptions("message", limit=9):
            engine.publish("m", key="k")
    assert (case.incidents(), case.status) == ([], "completed")
    engine.close()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_resolved_with_other_variables(kind):
    engine, case = started(kind)
    for _ in range(2):  # a loop may have two of them
        for each in case.incidents()[:1]:
            case.resolve(each.id, data=KINDS[kind][2], by="olga")
    ended(engine, case)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_retried_after_a_correction(kind):
    engine, case = started(kind)
    case.retry()
    engine.advance(5)
    assert case.incidents(), "nothing was corrected yet"
    case.set_variables(KINDS[kind][2], by="olga")
    case.retry()
    ended(engine, case)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_skipped(kind):
    engine, case = started(kind)
    if {node.key: node.kind for node in case.nodes()}["x"].endswith("Gateway"):
        with pytest.raises(RefusedError, match="a gateway, which cannot be skipped"):
            case.resolve("x", skip=True)
        case.move("x", "e")
    for each in case.incidents():
        case.resolve(each.id, skip=True, by="olga")
    ended(engine, case)


def test_what_nobody_knew_is_called_once_it_is_deployed():
    engine = Simulation()
    case = engine.start(begun().call("x", "later").end("e"))
    (incident,) = case.incidents()
    assert "no process 'later' has been deployed" in incident.message
    engine.deploy(Process("later").start("s").end("e"))
    for _ in range(2):
        engine.crash()
        if case.status == "running":
            case.resolve("x", by="olga")
    assert case.result() == {}
    engine.close()


def test_who_saw_to_it_is_in_the_journal():
    engine, case = started("a script")
    case.resolve("x", data={"nn": 1}, by="olga")
    assert [entry.event["by"] for entry in case.journal() if entry.kind == "Requested"] == ["olga"]
    with pytest.raises(RefusedError, match=r"cannot resolve 'x' of instance 'p:1': it is completed"):
        case.resolve("x")
    engine.close()
