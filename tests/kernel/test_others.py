"""What other processes do to what this one remembers."""

from __future__ import annotations

from mainspring.kernel.records import Await, Start, StartEntry
from mainspring.testing.faults import COMMIT
from tests.kernel.world import double, failing, napping, performing


def test_a_process_that_looked_away_reads_what_it_missed(world):
    # given: both know the instance, and one of them has carried it on
    one, two = world.processes
    instance = world.at(one).start(napping())
    world.at(two).get(instance.id).pause()
    world.get(instance.id).resume()
    world.turn(one)
    world.perform(one)
    assert world.kinds(instance)[-1] == "TaskCompleted"
    # when: the other sees that something was written, in a turn about something else
    world.turn(two)
    # and later deals with the instance
    world.clock.advance(10)
    world.turn(two)
    # then: it was not taken for what it was before
    assert world.kinds(instance)[-1] == "TimerFired"
    world.run_until_idle()
    assert instance.result() == 4


def test_an_end_that_was_seen_in_a_turn_that_failed_is_told_in_the_next(world):
    one, two = world.processes
    instance = world.at(one).submit(double, 4)
    reply = two.pump.call(Await((instance.id,)))
    world.turn(two)
    world.perform(one)
    # given: the turn that sees the end cannot be committed
    failing(two, COMMIT)
    deployable = napping().deployable()
    two.pump.call(Start(deployable, [StartEntry(b"{}")]))
    world.turn(two)
    assert not reply.done()
    # when
    world.turn(two)
    # then
    assert reply.result(timeout=0).status == "completed"


def test_a_task_that_was_lost_and_found_again_is_begun_again(world):
    # given: a process that was thought dead, while nobody else could take its task
    one, two = world.processes
    world.at(one).submit(double, 4)
    assert performing(one) == [("task", 1, 1)]
    two.pump.drain()
    world.clock.advance(31)
    world.turn(two)
    assert world.tasks() == [("task", None, 1, 1)]
    # when: it goes on, learns of it, and takes the task anew
    world.turn(one)
    # then: the first attempt was stopped, the second is not
    assert performing(one) == [("task", 2, 2)]


def test_who_has_given_up_waiting_is_forgotten(world):
    one, _ = world.processes
    instance = world.at(one).submit(double, 4, delay_s=1_000)
    patient = one.pump.call(Await((instance.id,)))
    for _ in range(1_000):
        one.pump.call(Await((instance.id,))).cancel()
        world.turn(one)
    ((_, waiting),) = one.kernel.awaited.items()
    assert len(waiting) <= 128
    world.run_until_idle()
    assert patient.result(timeout=0).status == "completed"


def test_who_begins_to_wait_in_the_turn_of_the_end_hears_of_it(world):
    # given: an attempt whose outcome waits to be taken in
    one, _ = world.processes
    instance = world.at(one).submit(double, 4)
    world.turn(one)
    for attempt in list(one.performing):
        one.perform(attempt)
    # when: somebody asks for the end before it is taken in
    reply = one.pump.call(Await((instance.id,)))
    world.turn(one)
    # then
    assert reply.result(timeout=0).status == "completed"
