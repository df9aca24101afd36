"""What a state invokes: tasks, workflows and other machines, in each notation, in memory and durable."""

from __future__ import annotations

import pytest

from mainspring import Invoke, Machine, State, StateMachine, Workflow, task
from mainspring.errors import DefinitionInvalidError, InstanceFailedError, MachineFailedError
from mainspring.testing import Simulation


@task
def charge(order: str, amount: int) -> str:
    return f"{order}: {amount}"


def report() -> Workflow:
    workflow = Workflow("report")
    workflow.output(workflow.add(charge, workflow.input("order", str), workflow.input("amount", int), key="charge"))
    return workflow


REPORT = report()


class Delivery(StateMachine):
    """Tells its parent where the parcel is, and takes its answers."""

    values = {"parcel": "", "left_at": ""}
    loading = State(enter={"do": "send", "event": "parcel.loaded", "target": "#_parent", "names": ["parcel"]})
    driving = State(after={"1h": "there"})
    there = State(final=True, done="parcel")
    go = loading.to(driving)
    stray = driving.to(driving, do="breaks")

    def breaks(self) -> None:
        raise ValueError("the axle broke")


class Shop(StateMachine):
    values = {"order": "A-1", "amount": 7, "result": None}

    paying = State(invoke=Invoke(charge, "order", amount="amount * 2"))
    writing = State(invoke=Invoke(REPORT, "order", "amount"))
    sending = State(invoke=Invoke(Delivery, id="van", parcel="order"))
    done, failed, stopped = State(final=True, done="result"), State(final=True), State(final=True)

    note = {"do": "assign", "location": "result", "value": {"expression": "_event.data"}}
    paying.to(writing, event="done.invoke.charge", do=note)
    writing.to(sending, event="done.invoke.report", do=note)
    sending.to(event="parcel.loaded", do={"do": "send", "event": "go", "target": "#_van"})
    sending.to(done, event="done.invoke.van", do=note)
    paying.to(failed, event="error.invoke")
    stray = sending.to(do={"do": "send", "event": "stray", "target": "#_van"})
    sending.to(failed, event="error.invoke.van")
    stop = (paying | writing | sending).to(stopped)


@pytest.fixture
def simulation():
    with Simulation() as made:
        yield made


def test_a_task_a_workflow_and_a_machine_run_one_after_the_other(simulation):
    shop = simulation.start(Shop)
    simulation.advance(0)

    assert simulation.calls(charge)[0].arguments == {"order": "A-1", "amount": 14}
    assert shop.state == "sending"
    workflow, van = shop.children()
    assert workflow.result() == "A-1: 7"
    assert van.state == "driving", "it has told its parent, who has answered"
    assert [(node.key, node.kind, node.parents) for node in shop.nodes() if node.kind == "machine"] == [
        ("van.3", "machine", ("sending",))
    ]
    simulation.advance(3600)
    assert shop.result() == "A-1"


@pytest.mark.parametrize("moments", [1, 2])
def test_leaving_the_state_cancels_what_runs_for_it(simulation, moments):
    simulation.stub(charge, takes_s=60)
    shop = simulation.start(Shop)
    simulation.advance(90 * (moments - 1))
    assert shop.state == ("paying", "writing")[moments - 1]

    shop.send("stop")
    simulation.advance(600)

    assert shop.status == "completed"
    assert [child.status for child in shop.children()] == ["cancelled"][: moments - 1]
    assert len(simulation.calls(charge)) == moments


def test_a_failure_arrives_as_an_event_with_its_story(simulation):
    simulation.stub(charge, raises=ConnectionError("the bank is closed"))
    shop = simulation.start(Shop)
    simulation.advance(0)
    assert (shop.status, shop.state) == ("completed", "failed")

    simulation.stub(charge, returns="paid")
    other = simulation.start(Shop)
    simulation.advance(0)
    van = other.children()[-1]
    other.send("stray")
    assert van.status == "failed"
    assert "the axle broke" in str(van.info().failure)
    assert other.state == "failed"


def test_a_failure_that_a_strict_machine_does_not_take_stops_it_and_a_retry_begins_it_anew(simulation):
    class Strict(StateMachine):
        values = {"order": "A", "amount": 1}
        paying = State(invoke=Invoke(charge, "order", "amount"))
        paid = State(final=True, done="_event.data")
        paying.to(paid, event="done.invoke.charge")

    simulation.stub(charge, raises=ConnectionError("closed"), times=1)
    shop = simulation.start(Strict)
    with pytest.raises(InstanceFailedError, match="closed"):
        shop.result()
    assert shop.state == "paying"
    shop.retry()
    assert shop.result() == "A: 1"


def test_a_task_is_tried_again_as_it_asks_and_lost_workers_use_up_no_retry(simulation):
    @task(retries=2, timeout_s=50, queue="bank")
    def pay(order: str) -> str:
        return f"paid {order}"

    class Paying(StateMachine):
        values = {"order": "A"}
        paying, paid, broke = State(invoke=Invoke(pay, "order")), State(final=True), State(final=True)
        paying.to(paid, event="done.invoke.pay")
        paying.to(broke, event="error.invoke.pay")

    simulation.stub(pay, raises=ConnectionError("closed"), times=2)
    first = simulation.start(Paying)
    simulation.run_until_idle()
    assert first.state == "paid"
    assert [attempt.outcome for attempt in first.timeline()[0].attempts] == ["failed", "failed", "completed"]

    simulation.stub(pay, takes_s=40, times=1)
    second = simulation.start(Paying)
    simulation.advance(10)
    simulation.crash()
    simulation.stub(pay, raises=ConnectionError("closed"), times=2)
    simulation.run_until_idle()
    assert second.state == "paid"
    assert [attempt.outcome for attempt in second.timeline()[0].attempts] == ["lost", "failed", "failed", "completed"]


def test_what_a_name_stands_for_is_the_newest_that_was_deployed(simulation):
    machine = Machine.of_data(
        {
            "machine": "caller",
            "data": {"order": "B", "amount": 3},
            "states": {
                "calling": {
                    "invoke": [
                        {"type": "workflow", "id": "r", "source": "report", "names": ["order", "amount"]},
                    ],
                    "on": [
                        {"event": "done.invoke.r", "target": "good"},
                        {"event": "error.invoke.r", "target": "bad"},
                    ],
                },
                "good": {"kind": "final", "done": {"content": {"expression": "_event.data"}}},
                "bad": {"kind": "final", "done": {"content": {"expression": "_event.data.message"}}},
            },
        }
    )
    assert simulation.start(machine).result() == "no workflow 'report' has been deployed in this store"
    simulation.deploy(REPORT)
    assert simulation.start(machine).result() == "B: 3"
    refused = simulation.start(machine, {"order": 7})
    assert "order" in refused.result()


SCXML = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" datamodel="feel" name="outer">
  <datamodel><data id="got"/></datamodel>
  <state id="s">
    <invoke id="i" autoforward="true">
      <content><scxml datamodel="feel" name="inner">
        <datamodel><data id="x" expr="0"/></datamodel>
        <state id="a"><transition event="hello" target="b"/></state>
        <final id="b"><donedata><param name="x" expr="x + 1"/></donedata></final>
      </scxml></content>
      <param name="x" expr="41"/>
      <finalize><assign location="got" expr="_event.data.x"/></finalize>
    </invoke>
    <transition event="done.invoke.i" target="end"/>
  </state>
  <final id="end"><donedata><content expr="got"/></donedata></final>
</scxml>
"""


def test_scxml_forwards_finalizes_and_takes_what_comes_back(simulation):
    instance = simulation.start(Machine.of_scxml(SCXML))
    assert instance.children()[0].state == "a"
    instance.send("hello")
    assert instance.result() == 42


class Outer(StateMachine):
    values = {"result": None}
    waiting, sending = State(), State(invoke=Invoke(Delivery, id="van", parcel='"B"'))
    done, failed = State(final=True, done="result"), State(final=True)
    start_it = waiting.to(sending)
    sending.to(event="parcel.loaded", do={"do": "send", "event": "go", "target": "#_van"})
    sending.to(
        done,
        event="done.invoke.van",
        do={"do": "assign", "location": "result", "value": {"expression": "_event.data"}},
    )


def test_in_memory_a_machine_invokes_a_machine():
    machine = Outer()
    machine.start_it()
    assert machine.state == "sending"
    machine.pass_time(3600)
    assert machine.has_ended
    assert machine.output == "B"


def test_in_memory_there_are_no_tasks_and_it_is_said_and_nothing_has_changed():
    class Paying(StateMachine):
        calm, paying = State(after={"1h": "paying"}), State(invoke=charge)
        pay = calm.to(paying)

    machine = Paying()
    with pytest.raises(MachineFailedError, match="a task needs an engine: nothing but machines runs in memory"):
        machine.pay()
    assert machine.state == "calm"
    assert machine.next_s == 3600

    class Careful(StateMachine):
        calm, paying, alone = State(), State(invoke=charge), State()
        pay = calm.to(paying)
        paying.to(alone, event="error.communication")

    careful = Careful()
    careful.pay()
    assert careful.state == "alone"


def test_two_definitions_of_one_name_are_told_apart():
    other = Workflow("report")
    other.add(charge, "x", 1)

    class Torn(StateMachine):
        a = State(invoke=[REPORT, other])

    with pytest.raises(DefinitionInvalidError, match="two definitions are called 'report'"):
        _ = Torn.machine().plan


def test_two_that_never_stop_talking_leave_room_for_others(simulation):
    class Echo(StateMachine):
        strict = False
        on = State(enter={"do": "send", "event": "ping", "target": "#_parent"})
        on.to(event="pong", do={"do": "send", "event": "ping", "target": "#_parent"})

    class Talker(StateMachine):
        values = {"count": 0}
        on = State(invoke=Invoke(Echo, id="echo"))
        quiet = State(final=True)
        on.to(
            event="ping",
            do=[
                {"do": "assign", "location": "count", "value": {"expression": "count + 1"}},
                {"do": "send", "event": "pong", "target": "#_echo"},
            ],
        )
        on.to(quiet, event="hush")

    talker = simulation.start(Talker)
    talker.send("hush")
    assert talker.status == "completed"
    assert talker.children()[0].status == "cancelled"


def test_a_machine_that_finds_itself_by_its_name_comes_to_an_end(simulation):
    own = {
        "machine": "mirror",
        "states": {
            "looking": {
                "invoke": [{"source": "mirror", "id": "m"}],
                "on": [{"event": "error.invoke.m", "target": "blind"}],
            },
            "blind": {"kind": "final", "done": {"content": {"expression": "_event.data.message"}}},
        },
    }
    mirror = simulation.start(Machine.of_data(own))
    simulation.advance(0)

    depth, inner = 0, mirror
    while inner.children():
        [inner] = inner.children()
        depth += 1
    assert "invoke each other" in str(inner.info().failure)
    assert depth == 101
