"""What tokens do, family by family, in memory."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mainspring import Process
from mainspring.errors import (
    BusinessError,
    DefinitionInvalidError,
    DeniedError,
    NotFoundError,
    PayloadInvalidError,
    RefusedError,
)
from mainspring.models.contract import CancelRequested, PauseRequested, ResumeRequested, RetryRequested
from mainspring.models.process.bpmn.reader import read_bpmn
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.live import LiveProcess, World

HEAD = "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"


def begin(inside: str, data: dict[str, Any] | None = None, beside: str = "") -> LiveProcess:
    """A process of a file; its service tasks are settled by hand."""
    file = read_bpmn(f"{HEAD}<process id='p'>{inside}</process>{beside}</definitions>")
    assert not file.problems
    world = World()
    for document in file.documents.values():
        world.add(compile_process(document))
    return world.start("p", data)


def flow(*ids: str) -> str:
    ways = pairwise(ids)
    return "".join(f"<sequenceFlow id='{a}-{b}' sourceRef='{a}' targetRef='{b}'/>" for a, b in ways)


def done(live: LiveProcess, *keys: str) -> None:
    """Settle the open task of each element."""
    for key in keys:
        live.settle_task(next(each for each in live.tasks_open if each.startswith(f"{key}#")))


# --- Gateways ---------------------------------------------------------------------------------


def test_without_a_flow_to_take_the_token_stops_and_goes_on_when_variables_are_corrected():
    process = Process("p").start("s").exclusive("x").when("a > 1").end("big").back_to("x").when("a < 0").end("small")
    live = process.begin({"a": 1})
    (incident,) = live.incidents
    assert (incident.node, incident.message) == (
        "x",
        "no condition of its flows holds, and none of them is the default",
    )
    live.resolve("x", a=5)
    assert (live.status, live.visits("big")) == ("completed", 1)


@pytest.mark.parametrize(
    ("condition", "words"),
    [("a", "neither true nor false"), ("b > 1", "there is no 'b'"), ('a > "x"', "cannot be compared")],
)
def test_a_condition_without_a_truth_is_an_incident(condition, words):
    process = Process("p").start("s").exclusive("x").when(condition).end("e").back_to("x").otherwise().end("f")
    (incident,) = process.begin({"a": 1}).incidents
    assert words in incident.message


def test_a_gateway_is_not_skipped():
    live = Process("p").start("s").exclusive("x").when("a > 1").end("e").begin({"a": 1})
    with pytest.raises(RefusedError, match="cannot be skipped"):
        live.resolve("x", skip=True)


def test_a_complex_gateway_starts_once_and_takes_latecomers_with_its_reset():
    process = (
        Process("p").start("s").parallel("f").service("a", "w").complex("c", "activationCount >= 2").task("t").end("e")
        .back_to("f").service("b", "w").connect_to("c").back_to("f").service("d", "w").connect_to("c")
    )  # fmt: skip
    live = process.begin()
    done(live, "a")
    assert live.visits("t") == 0
    done(live, "b")
    assert live.visits("t") == 1
    assert live.status == "running", "it waits for its reset"
    done(live, "d")
    assert (live.visits("t"), live.status) == (1, "completed")


def test_an_inclusive_join_waits_for_what_can_still_come_and_for_nothing_else():
    process = (
        Process("p").start("s").inclusive("f").when("true").service("a", "w").inclusive("j").end("e")
        .back_to("f").when("b").service("b", "w").connect_to("j").back_to("f").when("c").service("c", "w").end("away")
    )  # fmt: skip
    live = process.begin({"b": True, "c": True})
    done(live, "a")
    assert live.visits("e") == 0
    done(live, "b")
    assert live.visits("e") == 1
    assert live.active == ["c"]


# --- Sub-processes, loops and calls -----------------------------------------------------------


def test_a_parallel_multi_instance_collects_in_the_order_of_its_items():
    process = Process("p").start("s").service("w", "w", each="items", item="n", collect="all", gives="n * 10").end("e")
    live = process.begin({"items": [1, 2, 3]})
    for key in reversed(list(live.tasks_open)):
        live.settle_task(key)
    assert live.variables["all"] == [10, 20, 30]
    assert "n" not in live.variables


def test_a_multi_instance_ends_early_and_cancels_the_rest():
    process = Process("p").start("s").service("w", "w", times=5, until="numberOfCompletedInstances >= 2").end("e")
    live = process.begin()
    first, second, *_ = live.tasks_open
    live.settle_task(first)
    live.settle_task(second)
    assert (live.status, live.tasks_open) == ("completed", {})


def test_an_empty_collection_is_passed():
    live = Process("p").start("s").user("u", each="items").end("e").begin({"items": []})
    assert live.status == "completed"


def test_a_sequential_multi_instance_does_one_after_the_other():
    live = Process("p").start("s").user("u", times=2, sequential=True).end("e").begin()
    assert len(live.tasks()) == 1
    live.complete("u")
    live.complete("u")
    assert live.status == "completed"


def test_a_circle_without_a_wait_fails_instead_of_hanging(monkeypatch):
    monkeypatch.setattr("mainspring.models.process.game.rules.STEPS_MAX", 1_000)
    live = Process("p").start("s").task("a").task("b").connect_to("a").begin()
    assert live.status == "failed"
    assert "1,000 elements" in str(live.failure) or "without a wait" in str(live.failure)


def test_an_ad_hoc_sub_process_ends_when_it_has_had_enough():
    live = begin(
        "<startEvent id='s'/><adHocSubProcess id='h'><serviceTask id='a' implementation='w'/>"
        "<serviceTask id='b' implementation='w'/><completionCondition>enough</completionCondition></adHocSubProcess>"
        "<endEvent id='e'/>" + flow("s", "h", "e"),
        {"enough": False},
    )
    assert sorted(live.active) == ["a", "b", "h"]
    live.ask("set", values={"enough": True})
    done(live, "a")
    assert (live.status, live.tasks_open) == ("completed", {})


def test_a_sequential_ad_hoc_sub_process_does_one_at_a_time():
    live = begin(
        "<startEvent id='s'/><adHocSubProcess id='h' ordering='Sequential'><serviceTask id='a' implementation='w'/>"
        "<serviceTask id='b' implementation='w'/></adHocSubProcess><endEvent id='e'/>" + flow("s", "h", "e")
    )
    assert live.active == ["h", "a"]
    done(live, "a", "b")
    assert live.status == "completed"


def test_what_is_called_sees_only_what_it_is_given():
    inner = Process("inner").start("s").script("sum", "x + 1", result="y").end("e")
    outer = Process("outer").start("s").call("c", inner, inputs={"x": "a"}, gives=False, outputs={"b": "y"}).end("e")
    live = outer.begin({"a": 1, "secret": 2})
    assert live.variables == {"a": 1, "secret": 2, "b": 2}
    inside = next(each for each in live.world.instances if each.plan.id == "inner")
    assert "secret" not in inside.variables


def test_a_call_of_what_is_not_there_is_an_incident():
    live = Process("p").start("s").call("c", "ghost").end("e").begin()
    assert "ghost" in live.incidents[0].message


# --- Events -----------------------------------------------------------------------------------


def test_a_boundary_event_that_does_not_interrupt_leaves_the_activity_alone():
    process = Process("p").start("s").user("u").end("e").on("late", "u", after=10, interrupting=False)
    live = process.task("tell").end("told").begin()
    live.world.pass_time(11)
    assert (live.visits("tell"), live.active) == (1, ["u"])
    live.complete("u")
    assert live.status == "completed"


def test_an_event_sub_process_takes_the_place_of_what_is_there():
    stop = Process("x").start("stopped", message="stop").task("clean").end("x2")
    process = Process("p").start("s").user("u").task("after").end("e").on_event("sub", stop)
    live = process.begin()
    live.world.publish("stop")
    assert (live.status, live.visits("clean"), live.visits("after"), live.tasks()) == ("completed", 1, 0, [])


def test_an_error_of_a_handler_is_caught_by_its_code_and_not_tried_again():
    def pay() -> None:
        raise BusinessError("Declined", "no money")

    process = Process("p").start("s").service("pay", pay, retries=3).end("e").on("no", "pay", error="Declined").end("f")
    assert process.begin().visits("f") == 1


def test_an_error_of_a_handler_is_caught_by_the_name_of_its_class():
    def pay() -> None:
        raise ConnectionRefusedError("down")

    process = Process("p").start("s").service("pay", pay).end("e").on("no", "pay", error="ConnectionError").end("f")
    assert process.begin().visits("f") == 1


def test_other_failures_are_tried_again_and_then_stop_where_they_are():
    calls = []

    def pay() -> None:
        calls.append(1)
        raise ValueError("odd")

    live = Process("p").start("s").service("pay", pay, retries=2, retry_delay_s=60).end("e").begin()
    live.world.pass_time(1_000)
    assert len(calls) == 3
    (incident,) = live.incidents
    assert (incident.node, incident.type, incident.message) == ("pay", "ValueError", "odd")
    live.resolve("pay", skip=True)
    assert live.status == "completed"


def test_an_error_that_nothing_catches_fails_the_process():
    live = Process("p").start("s").end("e", error="E1").begin()
    assert live.status == "failed"
    assert live.failure is not None
    assert (live.failure.type, live.failure.node) == ("E1", "e")


def test_compensation_undoes_the_last_first():
    undone: list[str] = []
    process = (
        Process("p").start("s").task("a").undo("a", "undo_a", lambda: undone.append("a"))
        .task("b").undo("b", "undo_b", lambda: undone.append("b")).throw("back", compensate=True).end("e")
    )  # fmt: skip
    live = process.begin()
    assert (undone, live.status) == (["b", "a"], "completed")


def test_a_condition_that_comes_true_is_noticed():
    live = Process("p").start("s").wait("w", condition="a > 1").end("e").begin({"a": 1})
    assert live.active == ["w"]
    live.ask("set", values={"a": 2})
    assert live.status == "completed"


def test_cron_and_cycles_repeat():
    live = (
        Process("p")
        .start("s")
        .user("u")
        .end("e")
        .on("tick", "u", every="R3/PT10S", interrupting=False)
        .end("t")
        .begin()
    )
    live.world.pass_time(100)
    assert live.visits("t") == 3


def test_a_duration_that_is_none_is_an_incident_and_mended():
    live = Process("p").start("s").wait("w", after="=wait").end("e").begin({"wait": "soon"})
    assert "no duration" in live.incidents[0].message
    live.resolve("w", wait="PT5S")
    live.world.pass_time(6)
    assert live.status == "completed"


# --- People -----------------------------------------------------------------------------------


def purchase() -> LiveProcess:
    schema = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}
    return Process("p").start("s").user("u", users="ann,bob", schema=schema, due="P1D").end("e").begin()


def test_a_task_is_claimed_delegated_and_completed():
    live = purchase()
    (todo,) = live.tasks()
    assert todo.due_at == 24 * 3600
    live.ask("claim", "u", by="ann")
    live.ask("delegate", "u", by="ann", to="eve")
    live.complete("u", {"ok": True}, by="eve")
    assert live.tasks()[0].assignee == "ann", "it comes back"
    live.complete("u", {"ok": True}, by="ann")
    assert live.status == "completed"


@pytest.mark.parametrize(
    ("verb", "target", "by", "data", "error"),
    [
        ("claim", "u", "eve", {}, DeniedError),
        ("claim", "u", "", {}, PayloadInvalidError),
        ("claim", "ghost", "ann", {}, NotFoundError),
        ("claim", "s", "ann", {}, RefusedError),
        ("complete", "u", "eve", {"values": {"ok": True}}, DeniedError),
        ("complete", "u", "ann", {"values": {"ok": 1}}, PayloadInvalidError),
        ("complete", "u", "ann", {"values": {}}, PayloadInvalidError),
        ("resolve", "u", "ann", {}, NotFoundError),
        ("start", "ghost", "ann", {}, NotFoundError),
        ("stop", "e", "ann", {}, NotFoundError),
        ("dance", "u", "ann", {}, PayloadInvalidError),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(verb, target, by, data, error):
    live = purchase()
    before = live.tasks()
    with pytest.raises(error):
        live.ask(verb, target, by=by, **data)
    assert (live.tasks(), live.status) == (before, "running")


def test_a_form_with_a_keyword_that_would_not_be_checked_is_refused():
    with pytest.raises(DefinitionInvalidError, match="anyOf"):
        Process("p").start("s").user("u", schema={"anyOf": []}).end("e").deployable()


# --- Steering ---------------------------------------------------------------------------------


def test_what_comes_during_a_pause_is_kept():
    live = Process("p").start("s").service("a", "w").wait("w", after=5).end("e").begin()
    live.steer(PauseRequested())
    done(live, "a")
    assert live.status == "paused"
    live.steer(ResumeRequested())
    assert live.active == ["w"]
    live.steer(PauseRequested())
    live.world.pass_time(10)
    live.steer(ResumeRequested())
    assert live.status == "completed"


def test_tokens_are_started_stopped_and_moved():
    live = Process("p").start("s").user("a").user("b").end("e").begin()
    live.ask("stop", "a", start="b")
    assert live.active == ["b"]
    live.ask("start", "a")
    assert sorted(live.active) == ["a", "b"]
    live.ask("stop", "a")
    live.ask("stop", "b")
    assert live.status == "completed"


def test_all_incidents_are_tried_again_at_once_and_a_cancelled_process_is_over():
    live = (
        Process("p")
        .start("s")
        .parallel("f")
        .script("a", "x", result="y")
        .end("e")
        .back_to("f")
        .script("b", "x", result="z")
        .end("g")
        .begin()
    )
    assert len(live.incidents) == 2
    live.ask("set", values={"x": 1})
    live.steer(RetryRequested())
    assert live.status == "completed"
    with pytest.raises(RefusedError):
        live.steer(CancelRequested())


# --- More of compensation and events ----------------------------------------------------------


def test_compensation_goes_into_sub_processes_and_undoes_one_alone():
    undone: list[str] = []

    def undo(name: str) -> Any:
        return lambda: undone.append(name)

    inner = Process("i").start("is").task("a").undo("a", "ua", undo("a")).task("b").undo("b", "ub", undo("b")).end("ie")
    process = Process("p").start("s").sub_process("sub", inner).task("c", times=2).undo("c", "uc", undo("c"))
    process.throw("one", compensate=True, activity="c").throw("all", compensate=True).end("e")
    live = process.begin()
    assert (undone, live.status) == (["c", "c", "b", "a"], "completed")


def test_the_first_event_behind_a_gateway_decides():
    process = Process("p").start("s").event_based("g").wait("t", after=5).end("late").back_to("g")
    live = process.receive("r", "m").end("came").begin(key="k")
    live.world.publish("m", {"n": 1}, key="k")
    live.world.pass_time(10)
    assert (live.visits("came"), live.visits("late"), live.status) == (1, 0, "completed")


@pytest.mark.parametrize(("kind", "ends_with"), [("Exclusive", 1), ("Parallel", 2)])
def test_an_event_behind_a_gateway_begins_a_process(kind, ends_with):
    gateway = f"<eventBasedGateway id='g' instantiate='true' eventGatewayType='{kind}'/>"
    catches = "".join(
        f"<intermediateCatchEvent id='{name}'><messageEventDefinition messageRef='m{name}'/></intermediateCatchEvent>"
        for name in "ab"
    )
    messages = "<message id='ma' name='a'/><message id='mb' name='b'/>"
    inside = gateway + catches + "<endEvent id='e'/>" + flow("g", "a", "e") + flow("g", "b", "e")
    world = World()
    world.add(
        compile_process(read_bpmn(f"{HEAD}{messages}<process id='p'>{inside}</process></definitions>").documents["p"])
    )
    assert world.publish("a", key="k")
    (live,) = world.instances
    assert live.status == ("completed" if ends_with == 1 else "running")
    if ends_with == 2:
        world.publish("b", key="k")
    assert (live.visits("e"), live.status) == (ends_with, "completed")


def test_a_condition_comes_true_each_time_it_has_been_false():
    process = Process("p").start("s").user("u").end("e").on("b", "u", condition="x > 1", interrupting=False)
    live = process.end("f").begin({"x": 0})
    for x in (2, 3, 0, 5):
        live.ask("set", values={"x": x})
    assert live.visits("f") == 2


def test_an_escalation_interrupts_only_where_it_says_so():
    inner = Process("i").start("is").throw("up", escalation="E").task("on").end("ie")
    for interrupting in (True, False):
        process = Process("p").start("s").sub_process("sub", inner).end("e")
        live = process.on("b", "sub", escalation="E", interrupting=interrupting).end("f").begin()
        assert (live.visits("f"), live.visits("on"), live.status) == (1, int(not interrupting), "completed")


def test_two_callables_of_one_name_are_told_apart():
    process = Process("p").start("s").service("a", lambda: {"a": 1}).service("b", lambda: {"b": 2}).end("e")
    assert process.begin().variables == {"a": 1, "b": 2}
