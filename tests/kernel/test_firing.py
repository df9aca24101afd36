"""Due events are dealt with all at once: a turn asks the store as often for many of them as for one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mainspring import task
from mainspring.stores.postgres import PostgresStore
from mainspring.testing import Simulation
from tests.postgres import OnPostgres


@task
def report() -> None:
    raise AssertionError("nobody runs it here")


def statements_of_firing(count: int, monkeypatch) -> list[str]:
    """Sent while so many schedules fire for the second time, with all that they need in memory."""
    with OnPostgres(slots=0) as simulation:
        for number in range(count):
            simulation.schedule(f"report-{number}", report, every=10, overlap="allow")
        simulation.advance(11)
        sent: list[str] = []
        send = PostgresStore._send

        def counted(self, statement, values=None):
            if not statement.startswith("notify"):  # which goes by the clock
                sent.append(statement)
            return send(self, statement, values)

        with monkeypatch.context() as patch:
            patch.setattr(PostgresStore, "_send", counted)
            simulation.advance(10)
        assert len(simulation.list(model="task")) == 2 * count
    return sent


def test_many_schedules_are_fired_with_as_many_questions_as_few(monkeypatch):
    few = statements_of_firing(3, monkeypatch)
    assert statements_of_firing(20, monkeypatch) == few


@pytest.mark.parametrize("kind", [Simulation, OnPostgres])
def test_what_would_be_started_a_second_time_is_not_and_the_others_are(kind):
    with kind(slots=0) as simulation:
        schedules = [simulation.schedule(f"report-{n}", report, every=10, overlap="allow") for n in range(3)]
        # given: one of the occurrences that are due together was begun by hand before, under the id it would have
        simulation.advance(11)
        (second,) = {one.id.partition("@")[2] for one in simulation.list(model="task")}
        following = (datetime.fromisoformat(second) + timedelta(seconds=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        simulation.submit(report, id=f"report-1@{following}")
        simulation.advance(10)
        wanted = {f"report-{n}@{at}" for n in range(3) for at in (second, following)}
        assert sorted(one.id for one in simulation.list(model="task")) == sorted(wanted)
        assert all(schedule.status == "running" for schedule in schedules)
