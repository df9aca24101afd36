"""Business processes on the engine: durable, versioned, found by messages, seen to by people."""

from __future__ import annotations

import pytest

from mainspring import Process, Workflow, task
from mainspring.errors import (
    DefinitionInvalidError,
    DefinitionOddWarning,
    DeniedError,
    MessageAmbiguousError,
    MessageUnwantedError,
    PayloadInvalidError,
    RefusedError,
)
from mainspring.testing import Simulation


@task
def double(value: int) -> int:
    return 2 * value


@pytest.fixture
def engine():
    simulation = Simulation()
    yield simulation
    simulation.close()


def waiting(name: str = "waits") -> Process:
    return Process(name).start("s").wait("m", message="paid").user("u", users="ann").end("e")


# --- Versions ---------------------------------------------------------------------------------


def test_the_same_again_is_the_same_version_and_what_runs_keeps_its_own(engine):
    assert engine.deploy(waiting()) == engine.deploy(waiting()) == 1
    old = engine.start("waits", key="k")
    assert engine.deploy(Process("waits").start("s").end("e")) == 2
    assert engine.start("waits").result() == {}
    engine.publish("paid", key="k")
    old.complete("u", by="ann")
    assert (old.result(), old.info().version) == ({}, 1)


def test_what_is_not_here_when_it_is_deployed_is_told_and_no_reason_to_refuse_it(engine):
    process = (
        Process("p").start("s").service("w", "nosuchshop.tasks:pay").call("c", "missing").call("d", "workflow:none")
    )
    process = process.call("known", "waits").service("plain", "anybody").end("e")
    engine.deploy(waiting())
    with pytest.warns(DefinitionOddWarning) as told:
        assert engine.deploy(process) == 1
    assert [str(each.message) for each in told] == [
        "'w': handler 'nosuchshop.tasks:pay': there is no module 'nosuchshop.tasks' here; a worker must have it",
        "'c' calls process 'missing', which has not been deployed; until it is, there will be an incident",
        "'d' calls workflow 'none', which has not been deployed; until it is, there will be an incident",
    ]


# --- Messages ---------------------------------------------------------------------------------


def test_a_message_goes_to_exactly_one(engine):
    one, two = (engine.start(waiting(), key=key) for key in ("a", "b"))
    assert engine.publish("paid", {"n": 1}, key="b").id == two.id
    assert (one.tasks(), [each.element for each in two.tasks()]) == ([], ["u"])
    assert two.variables == {"n": 1}


def test_where_several_could_get_it_nobody_does(engine):
    one, two = (engine.start(waiting(), key="same") for _ in range(2))
    with pytest.raises(MessageAmbiguousError, match=one.id):
        engine.publish("paid", key="same")
    assert one.tasks() == two.tasks() == []


def test_what_nobody_wants_is_refused_or_waits_until_it_expires(engine):
    engine.deploy(waiting())
    with pytest.raises(MessageUnwantedError, match="'paid' with the key 'k'"):
        engine.publish("paid", key="k")
    assert engine.publish("paid", {"n": 1}, key="k", ttl_s=60) is None
    assert engine.start("waits", key="k").variables == {"n": 1}
    engine.publish("paid", {"n": 2}, key="k", ttl_s=60)
    engine.advance(61)
    late = engine.start("waits", key="k")
    assert (late.tasks(), late.variables) == ([], {})


def test_a_message_with_an_id_is_given_once(engine):
    one = engine.start(waiting(), key="a")
    assert engine.publish("paid", {"n": 1}, key="a", id="p-17").id == one.id
    two = engine.start(waiting(), key="a")
    assert engine.publish("paid", {"n": 1}, key="a", id="p-17").id == one.id
    assert two.tasks() == []


def test_a_message_begins_an_instance_of_the_newest_version(engine):
    engine.deploy(Process("p").start("old", message="ordered").end("e"))
    engine.deploy(Process("p").start("new", message="ordered").script("t", '"new"', result="by").end("e"))
    begun = engine.publish("ordered", {"n": 1}, key="A-1")
    assert begun.result() == {"n": 1, "by": "new"}


def test_a_signal_goes_to_all_and_begins_others(engine):
    process = Process("p").start("s").wait("w", signal="fire").end("e")
    both = [engine.start(process), engine.start(process)]
    engine.deploy(Process("q").start("s", signal="fire").end("e"))
    assert engine.signal("fire", {"where": "hall"}) == 3
    assert [each.result() for each in both] == [{"where": "hall"}] * 2
    assert len(engine.list(definition="q")) == 1


def test_instances_send_each_other_messages(engine):
    engine.deploy(Process("seller").start("s", message="order").script("t", "{price: 7}").send("r", "offer").end("e"))
    buyer = Process("buyer").start("s").send("o", "order").receive("w", "offer").end("e")
    assert engine.start(buyer, {"what": "lamp"}, key="B-1").result() == {"what": "lamp", "price": 7}


# --- People -----------------------------------------------------------------------------------


def test_user_tasks_are_found_over_all_instances(engine):
    case = engine.start(Process("p").start("s").user("u", groups="office", due="P1D").end("e"))
    (found,) = engine.user_tasks(group="office")
    assert (found.id, found.instance, found.groups) == ("u#2", case.id, ("office",))
    assert engine.user_tasks(group="cellar") == engine.user_tasks(assignee="ann") == []
    case.claim("u", by="ann")
    assert [each.assignee for each in engine.user_tasks(assignee="ann")] == ["ann"]
    with pytest.raises(DeniedError):
        case.complete(found.id, by="bob")
    case.complete(found.id, by="ann", data={"ok": True})
    with pytest.raises(RefusedError):
        case.complete(found.id, by="ann")
    assert case.result() == {"ok": True}
    assert [entry.event.get("by") for entry in case.journal() if entry.kind == "Requested"] == ["ann", "ann"]


def test_a_form_is_checked_when_it_is_sent(engine):
    schema = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}
    case = engine.start(Process("p").start("s").user("u", schema=schema).end("e"))
    with pytest.raises(PayloadInvalidError, match="lacks 'ok'"):
        case.complete("u", data={})
    assert case.tasks()


# --- Work and incidents -----------------------------------------------------------------------


def test_a_step_may_be_a_workflow(engine):
    workflow = Workflow("sums")
    workflow.output(workflow.add(double, workflow.input("value", int)))
    process = Process("p").start("s").call("c", workflow, inputs={"value": "n"}, gives=False).end("e")
    assert engine.start(process, {"n": 4}).result() == {"n": 4, "c": 8}


def test_a_process_calls_another_of_its_name(engine):
    engine.deploy(Process("inner").start("s").script("t", "n + 1", result="n").end("e"))
    assert engine.start(Process("outer").start("s").call("c", "inner").end("e"), {"n": 1}).result() == {"n": 2}


def test_an_incident_is_seen_and_resolved_after_a_crash(engine):
    case = engine.start(Process("p").start("s").service("w", double, result="n").end("e"), {"value": "x"})
    engine.advance(1)
    (incident,) = engine.incidents()
    assert (incident.element, incident.phase, case.status) == ("w", "work", "running")
    engine.crash()
    case.resolve("w", data={"value": 4}, by="olga")
    assert case.result()["n"] == 8
    assert engine.incidents() == []


def test_a_cancelled_process_waits_for_nothing(engine):
    case = engine.start(waiting(), key="a")
    case.cancel("enough")
    with pytest.raises(MessageUnwantedError):
        engine.publish("paid", key="a")


def test_nothing_is_lost_or_done_twice_by_crashes(engine):
    process = (
        Process("p").start("s").service("w", double, result="n", each="[1, 2, 3]", item="value").wait("t", after=60)
    )
    case = engine.start(process.end("e"), {})
    for when in ("after_commit", "before_commit", "now"):
        engine.crash(when=when)
        engine.advance(1)
    assert case.result()["n"] in (2, 4, 6)
    assert len([entry for entry in case.journal() if entry.kind == "TaskCompleted"]) == 3


# --- Messages during a pause ------------------------------------------------------------------


def test_messages_during_a_pause_wait_for_its_end_and_none_is_lost(engine):
    process = Process("two").start("s").wait("m", message="paid").wait("n", message="paid").end("e")
    case = engine.start(process, key="k")
    case.pause()
    for n in (1, 2):
        assert engine.publish("paid", {f"n{n}": n}, key="k", ttl_s=60) is None
    case.resume()
    assert case.result() == {"n1": 1, "n2": 2}


def test_a_message_that_is_not_to_wait_is_wanted_by_nobody_during_a_pause(engine):
    case = engine.start(waiting(), key="k")
    case.pause()
    with pytest.raises(MessageUnwantedError):
        engine.publish("paid", key="k")
    case.resume()
    assert engine.publish("paid", key="k").id == case.id


def test_a_message_that_lived_no_longer_than_the_pause_does_not_come(engine):
    case = engine.start(waiting(), key="k")
    case.pause()
    engine.publish("paid", key="k", ttl_s=60)
    engine.advance(61)
    case.resume()
    assert case.tasks() == []


def test_an_event_based_gateway_takes_one_of_two_messages_and_the_other_stays(engine):
    process = Process("race").start("s").event_based("g").wait("a", message="a").end("ea")
    process = process.back_to("g").wait("b", message="b").end("eb")
    case = engine.start(process, key="k")
    case.pause()
    for name in ("a", "b"):
        engine.publish(name, {name: 1}, key="k", ttl_s=60)
    case.resume()
    assert case.result() == {"a": 1}
    later = engine.start(Process("later").start("s").wait("w", message="b").end("e"), key="k")
    assert later.result() == {"b": 1}


def test_of_two_messages_that_wait_an_event_based_gateway_takes_one_and_the_other_stays(engine):
    process = Process("race").start("s").event_based("g").wait("a", message="a").end("ea")
    process = process.back_to("g").wait("b", message="b").end("eb")
    engine.deploy(process)
    for name in ("a", "b"):
        engine.publish(name, {name: 1}, key="k", ttl_s=60)
    results = [engine.start(process, key="k").result() for _ in range(2)]
    assert results == [{"a": 1}, {"b": 1}]


def test_an_event_that_does_not_interrupt_takes_all_messages_that_wait(engine):
    process = Process("news").start("s").user("u").end("e").on("more", "u", interrupting=False, message="more")
    process = process.script("n", "n + 1", result="n").end("ne")
    case = engine.start(process, {"n": 0}, key="k")
    case.pause()
    for _ in range(3):
        engine.publish("more", {}, key="k", ttl_s=60)
    case.resume()
    assert case.variables == {"n": 3}


def test_a_time_that_came_during_a_pause_goes_before_the_messages(engine):
    process = Process("late").start("s").event_based("g").wait("a", message="a").end("ea")
    process = process.back_to("g").wait("t", after=5).end("et")
    case = engine.start(process, key="k")
    case.pause()
    engine.advance(6)
    engine.publish("a", {"a": 1}, key="k", ttl_s=60)
    case.resume()
    assert case.result() == {}
    assert engine.start(Process("b").start("s").wait("b", message="a").end("e"), key="k").result() == {"a": 1}


def test_one_that_was_paused_over_the_time_to_begin_begins_when_it_is_resumed(engine):
    process = Process("later").start("s").end("e")
    case = engine.start(process, delay_s=5)
    case.pause()
    engine.advance(6)
    assert case.status == "paused"
    case.resume()
    assert case.result() == {}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("<definitions/>", "is the text of a file, not its path"),
        ("x" * 5_000, "cannot be read"),
        ("a\0b", "cannot be read"),
    ],
)
def test_what_is_no_path_of_a_file_is_refused_in_a_few_words(path, told):
    with pytest.raises(DefinitionInvalidError, match=told) as caught:
        Process.from_bpmn(path)
    assert len(str(caught.value)) < 700
