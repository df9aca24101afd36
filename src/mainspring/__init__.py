"""mainspring: workflows, state machines, schedules, tasks and processes that survive a crash at any moment."""

from mainspring.context import Context, context
from mainspring.engine import Engine
from mainspring.handler import Handler, task
from mainspring.instance import Info, Instance, Page
from mainspring.models.contract import Failure
from mainspring.models.machine import Machine, State, StateMachine
from mainspring.models.retry import Retry
from mainspring.models.workflow import Workflow

__all__ = [
    "Context",
    "Engine",
    "Failure",
    "Handler",
    "Info",
    "Instance",
    "Machine",
    "Page",
    "Retry",
    "State",
    "StateMachine",
    "Workflow",
    "context",
    "task",
]
