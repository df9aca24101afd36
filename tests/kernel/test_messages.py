"""Messages for instances that another process hosts: exactly one receiver, and nothing is lost on the way."""

from __future__ import annotations

import pytest

from mainspring import Process
from mainspring.errors import MessageAmbiguousError, MessageUnwantedError
from mainspring.instance import Instance


@pytest.fixture
def here(world):
    """A process that hosts no processes, as of a release that does not know them; calls go to it."""
    process = world.processes[0]
    process.kernel.definitions._models = {
        name: model for name, model in process.kernel.definitions._models.items() if name != "process"
    }
    return process


@pytest.fixture
def there(world, here):
    """The one that hosts them; it takes a turn only when it is told to."""
    return world.processes[1]


def choice() -> Process:
    """Waits for one of two messages, or for five seconds."""
    process = Process("choice").start("s").event_based("g").wait("a", message="a").end("ea")
    process = process.back_to("g").wait("b", message="b").end("eb")
    return process.back_to("g").wait("late", after=5).script("l", "true", result="late").end("el")


def one(name: str) -> Process:
    return Process(f"one-{name}").start("s").wait("w", message=name).end("e")


def started(world, here, there, process: Process) -> Instance:
    instance = world.at(there).start(process, key="k")
    world.at(here)
    return instance


def test_one_that_was_overtaken_by_a_timer_waits_for_somebody_else(world, here, there):
    case = started(world, here, there, choice())
    world.clock.advance(6)  # the timer is due, but its host has not looked yet
    assert world.publish("a", {"a": 1}, key="k").id == case.id
    world.turn(there)
    assert case.result() == {"late": True}
    assert started(world, here, there, one("a")).result() == {"a": 1}


def test_of_two_for_one_choice_the_second_waits_for_somebody_else(world, here, there):
    case = started(world, here, there, choice())
    for name in ("a", "b"):
        world.publish(name, {name: 1}, key="k")
    world.turn(there)
    assert case.result() == {"a": 1}
    assert started(world, here, there, one("b")).result() == {"b": 1}


def test_the_second_of_two_goes_to_the_next_that_waits_already(world, here, there):
    first, other = (started(world, here, there, each) for each in (choice(), one("b")))
    world.publish("a", {"a": 1}, key="k")
    with pytest.raises(MessageAmbiguousError):
        world.publish("b", key="k")
    world.start(Process("sender").start("s").throw("t", message="b").end("e"), {"b": 1}, key="k")
    for _ in range(2):
        world.turn(there)
    assert (first.result(), other.result()) == ({"a": 1}, {"b": 1})


def test_one_for_an_instance_that_was_cancelled_meanwhile_begins_another(world, here, there):
    world.at(there).deploy(Process("ordered").start("s", message="a").end("e"))
    case = started(world, here, there, choice())
    world.publish("a", {"a": 1}, key="k")
    world.at(there)
    case.cancel()
    world.turn(there)
    (begun,) = world.list(definition="ordered")
    assert (case.status, world.get(begun.id).result()) == ("cancelled", {"a": 1})


def test_one_that_comes_as_a_pause_begins_waits_for_its_end(world, here, there):
    case = started(world, here, there, choice())
    for name in ("a", "b"):
        world.publish(name, {name: 1}, key="k", id=name)
    world.at(there)
    case.pause()  # taken before what waits in line
    world.turn(there)
    assert case.status == "paused"
    case.resume()
    assert case.result() == {"a": 1}
    assert started(world, here, there, one("b")).result() == {"b": 1}


def test_who_got_a_message_with_an_id_in_the_end_is_what_is_told(world, here, there):
    case = started(world, here, there, choice())
    world.clock.advance(6)
    assert world.publish("a", {"a": 1}, key="k", id="m-1").id == case.id
    world.turn(there)
    later = started(world, here, there, one("a"))
    assert later.result() == {"a": 1}
    assert world.publish("a", {"a": 2}, key="k", id="m-1").id == later.id


def test_one_that_nobody_else_wants_is_forgotten_when_its_time_is_up(world, here, there):
    case = started(world, here, there, choice())
    world.clock.advance(6)
    world.publish("a", {"a": 1}, key="k", ttl_s=60)
    world.turn(there)
    assert case.status == "completed"
    world.clock.advance(61)
    assert started(world, here, there, one("a")).status == "running"


# --- Receivers that are paused ------------------------------------------------------------------


def test_a_message_for_a_paused_instance_begins_no_other(world):
    process = Process("p").start("s", message="go").wait("more", message="go").end("e")
    world.deploy(process)
    case = world.publish("go", {"n": 1}, key="k")
    case.pause()
    with pytest.raises(MessageUnwantedError, match=rf"'{case.id}' would get it, but is paused"):
        world.publish("go", {"n": 2}, key="k")
    assert world.publish("go", {"n": 2}, key="k", ttl_s=60) is None
    other = world.publish("go", {"n": 9}, key="another")
    assert other.id != case.id, "the pause of one is no matter of another key's"
    case.resume()
    assert case.result() == {"n": 2}


def test_what_an_instance_sends_to_a_paused_one_waits_for_it(world):
    world.deploy(Process("begun").start("s", message="go").end("e"))
    case = world.start(one("go"), key="k")
    case.pause()
    world.start(Process("sender").start("s").throw("t", message="go").end("e"), {"n": 1}, key="k").result()
    assert len(world.list(definition="begun")) == 0
    case.resume()
    assert case.result() == {"n": 1}


def test_one_that_waits_beside_a_paused_one_gets_it(world):
    paused, other = (world.start(one("go"), key="k") for _ in range(2))
    paused.pause()
    assert world.publish("go", {"n": 1}, key="k").id == other.id
    other.result()
    paused.cancel()
    world.deploy(Process("begun").start("s", message="go").end("e"))
    assert world.publish("go", key="k").id not in (paused.id, other.id), "what is over holds nothing"
