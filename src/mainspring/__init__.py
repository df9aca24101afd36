"""mainspring: workflows, state machines, tasks and expressions that survive a crash at any moment.

The names below are all that users need.  Each is loaded when it is first asked for, so that a program which only
evaluates an expression does not pay for an engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring import feel
    from mainspring.engine import Engine
    from mainspring.handler import Handler, task
    from mainspring.handler_context import Context, context
    from mainspring.instance import Info, Instance, Page
    from mainspring.models.contract import Failure
    from mainspring.models.machine.definition import Machine
    from mainspring.models.machine.notation import Invoke, State, StateMachine
    from mainspring.models.retry import Retry
    from mainspring.models.workflow.builder import Workflow
    from mainspring.processes import Process
    from mainspring.schedule import Schedule
    from mainspring.scheduling import OCCURRENCE
    from mainspring.transaction import Transaction

__all__ = [
    "OCCURRENCE",
    "Context",
    "Engine",
    "Failure",
    "Handler",
    "Info",
    "Instance",
    "Invoke",
    "Machine",
    "Page",
    "Process",
    "Retry",
    "Schedule",
    "State",
    "StateMachine",
    "Transaction",
    "Workflow",
    "context",
    "feel",
    "task",
]

_HOMES = {
    "Context": "handler_context",
    "Engine": "engine",
    "Failure": "models.contract",
    "Handler": "handler",
    "Info": "instance",
    "Instance": "instance",
    "Invoke": "models.machine.notation",
    "Machine": "models.machine.definition",
    "Page": "instance",
    "OCCURRENCE": "scheduling",
    "Process": "processes",
    "Retry": "models.retry",
    "Schedule": "schedule",
    "State": "models.machine.notation",
    "StateMachine": "models.machine.notation",
    "Transaction": "transaction",
    "Workflow": "models.workflow.builder",
    "context": "handler_context",
    "task": "handler",
}


def __getattr__(name: str) -> Any:
    """Called by Python for a name that has not been loaded yet (PEP 562)."""
    if name == "feel":
        return import_module("mainspring.feel")
    if name not in _HOMES:
        raise AttributeError(f"module 'mainspring' has no attribute {name!r}")
    value = getattr(import_module(f"mainspring.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
