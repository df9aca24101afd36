"""Kernels side by side on one store, each turned by hand."""

from __future__ import annotations

from typing import Any

from mainspring import Workflow, task
from mainspring.errors import StoreUnavailableError
from mainspring.instance import Instance
from mainspring.testing import Simulation
from mainspring.testing.faults import nothing
from mainspring.testing.process import Process
from tests.plain_sql import plain_sql


@task
def double(value: int) -> int:
    return 2 * value


@task
def other(value: int) -> int:
    return value


def napping(seconds: float = 10.0) -> Workflow:
    """A task, a sleep, a task."""
    workflow = Workflow("napping")
    first = workflow.add(double, 1, key="first")
    nap = workflow.sleep(seconds, key="nap", after=[first])
    workflow.output(workflow.add(double, 2, key="last", after=[nap]))
    return workflow


class World(Simulation):
    """A simulation in which a test says who does what."""

    def at(self, process: Process) -> World:
        """Calls go to this process from now on."""
        self.processes.remove(process)
        self.processes.insert(0, process)
        return self

    def turn(self, process: Process) -> None:
        """One turn, due or not."""
        process.pump.step()

    def perform(self, process: Process) -> None:
        """All its attempts end, and it takes their outcomes in."""
        for one in list(process.performing):
            process.perform(one)
        self.turn(process)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Plain SQL."""
        return plain_sql(self._store)(statement, values).fetchall()

    def tasks(self) -> list[tuple[str, int | None, int, int]]:
        """Key, owner, attempt, token."""
        return [tuple(row) for row in self.rows("select key, owner, attempt, token from task order by instance, key")]

    def kinds(self, instance: Instance) -> list[str]:
        """What the journal of an instance tells of, in order."""
        return [entry.kind for entry in instance.journal()]


def failing(process: Process, *moments: str, error: BaseException | None = None) -> None:
    """Its store fails at these moments, once each, in this order."""
    left = list(moments)

    def fault(moment: str) -> None:
        if left and moment == left[0]:
            left.pop(0)
            if not left:
                process.store.fault = nothing
            raise error or StoreUnavailableError("not now")

    process.store.fault = fault


def performing(process: Process) -> list[tuple[str, int, int]]:
    """Key, attempt and token of what it runs."""
    return [(one.attempt.key, one.attempt.attempt, one.attempt.token) for one in process.performing]
