"""Definitions that begin by themselves, and are paused and resumed as a whole; on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mainspring import Process, Workflow, task
from mainspring.errors import (
    DefinitionInvalidError,
    DefinitionNotFoundError,
    MessageUnwantedError,
    RefusedError,
    SettingInvalidError,
)
from mainspring.kernel.store import Store
from mainspring.stores.postgres import PostgresStore
from mainspring.testing import Simulation
from tests.postgres import new_schema


class OnPostgres(Simulation):
    """The same on a server."""

    def _open(self) -> Store:
        self._url = new_schema()
        return self._another()

    def _another(self) -> Store:
        store = PostgresStore(self._url)
        store.query_s = (0.0, 0.0)
        return store


@pytest.fixture(
    params=[pytest.param(Simulation, id="sqlite"), pytest.param(OnPostgres, id="postgres", marks=pytest.mark.slow)]
)
def engine(request):
    simulation = request.param()
    yield simulation
    simulation.close()


@task
def double(value: int) -> int:
    return 2 * value


def timed(**when: Any) -> Process:
    return Process("claim").start("begin", **when).user("u").end("e")


def begun(engine: Simulation) -> list[int]:
    """When instances of it were begun by timers, oldest first, as seconds since the deployment."""
    start = 1_750_000_000
    runs = [info.id.rpartition("@")[2] for info in engine.list(definition="claim")]
    return sorted(int(datetime.fromisoformat(run).timestamp()) - start for run in runs)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(1_750_000_000 + seconds, UTC).isoformat()


# --- Timer start events -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"at": at(60)}, [60]),
        ({"at": at(-60)}, [-60]),  # it has passed, so it begins at once
        ({"after": 90}, [90]),
        ({"every": "R3/PT1M"}, [60, 120, 180]),
        ({"every": f"R2/{at(30)}/PT1M"}, [30, 90]),
        ({"every": f"R/{at(-100)}/PT2M"}, [20, 140, 260]),  # what has passed is left out
        ({"every": "0 0/2 * * * ?"}, [80, 200]),  # it was deployed at 15:06:40
        ({"every": "10 * * * * ?"}, [30, 90, 150, 210, 270]),
    ],
)
def test_a_process_begins_at_the_times_of_its_start_event(engine, when, expected):
    assert engine.clock.now() == 1_750_000_000
    engine.deploy(timed(**when))
    engine.advance(290)
    assert begun(engine) == expected


def test_months_are_those_of_the_calendar(engine):
    engine.deploy(timed(every=f"R2/{datetime(2025, 8, 31, 12, tzinfo=UTC).isoformat()}/P1M"))
    times = [datetime(2025, month, day, 12, tzinfo=UTC) for month, day in ((8, 31), (9, 30))]
    assert engine.get_schedule("claim/begin").preview() == times


def test_each_of_several_start_events_has_a_schedule_of_its_own(engine):
    process = Process("claim").start("asked").exclusive("here").script("t", "1", result="n").end("e")
    for id, when in (("daily", "R/PT10M"), ("often", "R/PT2M")):
        process = process.apart().start(id, every=when).connect_to("here")
    engine.deploy(process)
    assert [each.name for each in engine.schedules()] == ["claim/daily", "claim/often"]
    assert engine.start("claim").result() == {"n": 1}
    engine.advance(600)
    daily = [info for info in engine.list(definition="claim") if info.id.startswith("claim/daily@")]
    assert len(daily) == 1
    journal = engine.get(daily[0].id).journal()
    assert journal[0].event["entry"] == "daily"
    assert len(engine.list(definition="claim")) == 1 + 1 + 5


def test_deploying_the_same_again_changes_nothing(engine):
    assert engine.deploy(timed(every="R/PT1M")) == 1
    engine.get_schedule("claim/begin").pause("not now")
    engine.advance(30)
    assert engine.deploy(timed(every="R/PT1M")) == 1
    engine.start(timed(every="R/PT1M"))
    assert engine.get_schedule("claim/begin").info().reason == "not now"
    assert len(engine.get("deployment/process/claim").journal()) == 1


def test_a_new_version_replaces_the_schedules_of_the_old_one(engine):
    engine.deploy(timed(every="R5/PT1M"))
    engine.advance(90)
    assert engine.deploy(timed(every="R2/PT5M")) == 2
    engine.advance(700)
    assert begun(engine) == [60, 90 + 300, 90 + 600]
    assert engine.deploy(Process("claim").start("s").end("e")) == 3
    assert engine.schedules() == []
    assert engine.get_schedule("claim/begin").status == "cancelled"
    assert engine.deploy(timed(after=60)) == 4
    engine.advance(61)
    assert len(begun(engine)) == 4
    assert {info.version for info in engine.list(definition="claim")} == {1, 2, 4}


def test_a_time_that_cannot_be_known_is_refused_with_its_element(engine):
    process = Process("claim").start("begin", every="R3/soon").end("e")
    with pytest.raises(DefinitionInvalidError, match=r"'begin'.*soon"):
        engine.deploy(process)
    assert engine.reader.find_definition("claim") is None


def test_every_occurrence_begins_one_instance_however_many_processes_there_are_and_die():
    simulation = Simulation(processes=3, seed=7)
    simulation.deploy(timed(every="R20/PT10S"))
    for number in range(10):
        for process in range(3):
            simulation.crash(process, when=("after_commit", "before_commit", "now")[(number + process) % 3])
        simulation.advance(20)
    assert begun(simulation) == [10 * number for number in range(1, 21)]
    simulation.close()


def test_a_process_called_by_another_begins_by_its_timers_too(engine):
    engine.deploy(Process("outer").start("s").call("c", timed(every="R1/PT1M")).end("e"))
    engine.advance(61)
    assert begun(engine) == [60]


# --- Pausing a definition -----------------------------------------------------------------------


def test_while_a_definition_is_paused_no_instance_begins(engine):
    engine.deploy(timed(every="R/PT1M"))
    case = engine.start("claim", id="c-1")
    claims = engine.deployment("claim")
    claims.pause("audit")
    claims.pause("again")
    with pytest.raises(RefusedError, match="process 'claim' is paused"):
        engine.start("claim")
    with pytest.raises(RefusedError, match="process 'claim' is paused"):
        engine.start_many("claim", [{}, {}])
    assert engine.start("claim", id="c-1").existed
    engine.advance(300)
    assert begun_count(engine) == 1
    assert (case.status, claims.info().status, claims.info().reason) == ("running", "paused", "audit")
    claims.resume()
    claims.resume()
    engine.advance(61)
    assert begun_count(engine) > 1
    kinds = [entry.kind for entry in engine.get(claims.id).journal()]
    assert kinds == ["Started", "PauseRequested", "ResumeRequested"]


def begun_count(engine: Simulation) -> int:
    return len(engine.list(definition="claim"))


def test_its_instances_are_paused_and_resumed_with_it_if_that_is_asked(engine):
    engine.deploy(timed())
    cases = [engine.start("claim") for _ in range(3)]
    cases[0].complete("u")
    claims = engine.deployment("claim")
    assert claims.pause(instances=True) == 2
    assert [case.status for case in cases] == ["completed", "paused", "paused"]
    assert claims.pause(instances=True) == 0
    assert claims.resume(instances=True) == 2
    assert [case.status for case in cases] == ["completed", "running", "running"]


def test_messages_that_would_begin_an_instance_wait_and_signals_begin_none(engine):
    engine.deploy(Process("claim").start("s", message="claimed").end("e"))
    engine.deploy(Process("alarm").start("s", signal="fire").end("e"))
    for name in ("claim", "alarm"):
        engine.deployment(name).pause()
    with pytest.raises(MessageUnwantedError, match="'claim' would get it, but is paused"):
        engine.publish("claimed", key="k")
    for number in range(3):
        assert engine.publish("claimed", {"n": number}, key=f"k-{number}", ttl_s=60, id=f"m-{number}") is None
    assert engine.signal("fire") == 0
    for name in ("claim", "alarm"):
        engine.deployment(name).resume()
    assert [info.output for info in engine.list(definition="claim")] == [{"n": 2}, {"n": 1}, {"n": 0}]
    assert begun_count(engine) == 3
    assert engine.list(definition="alarm") == engine.list(definition="none")


def test_a_message_that_waits_begins_an_instance_when_its_process_is_deployed(engine):
    assert engine.publish("claimed", {"n": 1}, key="k", ttl_s=60) is None
    engine.deploy(Process("claim").start("s", message="claimed").end("e"))
    (info,) = engine.list(definition="claim")
    assert info.output == {"n": 1}


def test_what_calls_a_paused_process_has_an_incident_until_it_is_resumed(engine):
    engine.deploy(Process("inner").start("s").end("e"))
    engine.deploy(Process("outer").start("s").call("c", "inner").end("e"))
    engine.deployment("inner").pause()
    case = engine.start("outer")
    (incident,) = case.incidents()
    assert "process 'inner' is paused" in incident.message
    engine.deployment("inner").resume()
    case.retry()
    assert case.result() == {}


def test_a_new_version_of_a_paused_definition_is_paused_too(engine):
    engine.deploy(timed(every="R/PT1M"))
    engine.deployment("claim").pause()
    engine.deploy(timed(every="R/PT2M"))
    engine.deploy(Process("claim").start("other", every="R/PT1M").end("e"))
    assert [(each.name, each.status) for each in engine.schedules()] == [("claim/other", "paused")]
    engine.advance(600)
    assert begun_count(engine) == 0
    engine.deployment("claim").resume()
    assert [(each.name, each.status) for each in engine.schedules()] == [("claim/other", "running")]


def test_who_has_paused_it_when_and_why_is_told(engine):
    engine.deploy(timed(every="R/PT1M"))
    same = Workflow("claim")
    same.add(double, 2)
    engine.deploy(same)
    with pytest.raises(SettingInvalidError, match="a process and a workflow of the name 'claim'"):
        engine.deployment("claim")
    claims = engine.deployment("claim", model="process")
    case = engine.start(Process("claim").start("s").user("u").end("e"))
    claims.pause("audit", by="olga", instances=True)

    info = claims.info()
    assert (info.version, info.status, info.reason, info.by, info.paused_count) == (2, "paused", "audit", "olga", 1)
    assert info.paused_at.timestamp() == engine.clock.now()
    case.resume()
    claims.resume()
    assert (claims.info().by, claims.info().paused_at, claims.info().paused_count) == ("", None, 0)


def test_what_looks_after_definitions_is_listed_only_where_it_is_asked_for(engine):
    engine.deploy(timed(every="R/PT1M"))
    engine.start(Process("other").start("s").user("u").end("e"), id="o1")
    assert [info.id for info in engine.list(children=True)] == ["o1"]
    assert engine.counts(children=True) == {"running": 1}
    assert [info.id for info in engine.list(model="deployment")] == ["deployment/process/claim"]
    (timer,) = engine.list(model="schedule", children=True)
    assert engine.get(timer.id).status == "running"


def test_workflows_are_paused_in_the_same_way(engine):
    workflow = Workflow("sums")
    workflow.output(workflow.add(double, 2))
    engine.deploy(workflow)
    engine.deployment("sums").pause()
    with pytest.raises(RefusedError, match="workflow 'sums' is paused"):
        engine.start(workflow)
    engine.deployment("sums").resume()
    assert engine.start(workflow).result() == 4


def test_others_learn_of_a_pause_and_it_survives_a_crash():
    simulation = Simulation(processes=2)
    simulation.deploy(timed())
    simulation.start("claim")
    one, two = simulation.processes
    simulation.processes[:] = [two, one]
    assert simulation.start("claim").status == "running"
    simulation.processes[:] = [one, two]
    simulation.deployment("claim").pause()
    simulation.processes[:] = [two, one]
    with pytest.raises(RefusedError):
        simulation.start("claim")
    simulation.crash(0)
    with pytest.raises(RefusedError):
        simulation.start("claim")
    simulation.close()


def test_what_was_never_deployed_cannot_be_paused(engine):
    with pytest.raises(DefinitionNotFoundError, match="'claim'"):
        engine.deployment("claim")
    engine.deploy(timed())
    assert [(each.name, each.info().version, each.status) for each in engine.deployments()] == [("claim", 1, "running")]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_deployment_can_be_paused_and_resumed_alone(engine, verb):
    engine.deploy(timed(every="R/PT1M"))
    with pytest.raises(RefusedError, match="paused and resumed alone"):
        getattr(engine.get("deployment/process/claim"), verb)()
