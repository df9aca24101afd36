"""What can go wrong, by whose fault it is.

Six families, one per kind of answer a caller can give: mend the input (`InvalidError`), look again
(`NotFoundError`), ask for rights (`DeniedError`), reconsider (`ConflictError`), wait and retry (`UnavailableError`),
tell us (`BrokenError`).  Only `UnavailableError` is worth retrying.  Each family has the exit code that the command
line returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class MainspringError(Exception):
    """Base of every error that mainspring raises on purpose."""

    exit_code = 1


class InvalidError(MainspringError):
    """The caller's input is wrong; the message says what, where, and what to do."""

    exit_code = 2


class NotFoundError(MainspringError):
    """There is nothing of that name."""

    exit_code = 3


class DeniedError(MainspringError):
    """The operating system, the store or a rule does not allow it."""

    exit_code = 4


class ConflictError(MainspringError):
    """The request makes no sense in the present state, or contradicts what is stored."""

    exit_code = 5


class UnavailableError(MainspringError):
    """Something outside is missing for now; trying again later may help."""

    exit_code = 6


class BrokenError(MainspringError):
    """An invariant of mainspring does not hold; please report it."""

    exit_code = 7


# --- Definitions ------------------------------------------------------------------------------


class Problem(NamedTuple):
    """One thing wrong with a definition, and where."""

    message: str
    place: str = ""
    """`file:line`, and the node where one is to blame; empty where nothing narrower is known."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class DefinitionInvalidError(InvalidError):
    """A definition is refused; `problems` lists all that is wrong with it."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"definition {name!r} has {count}:{lines}")


class DefinitionOddWarning(UserWarning):
    """A definition can run, and yet has a part that looks like a mistake; `mainspring check` shows all of them."""


class HandlerUnknownError(NotFoundError):
    """A definition names a handler that cannot be found."""

    def __init__(self, handler: str, reason: str) -> None:
        self.handler = handler
        super().__init__(f"handler {handler!r} cannot be found: {reason}")


class HandlerInvalidError(InvalidError):
    """A callable cannot serve as a handler."""


class PayloadInvalidError(InvalidError):
    """An input or output is not JSON, not of its declared type, or too large."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"{where}: {reason}")


class SettingInvalidError(InvalidError):
    """A setting or an argument has a value that makes no sense."""


# --- Instances --------------------------------------------------------------------------------


class InstanceNotFoundError(NotFoundError):
    """No instance has that id."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        super().__init__(f"no instance {instance!r} in this store; `mainspring list` shows those there are")


class DefinitionNotFoundError(NotFoundError):
    """No definition of that name has been deployed."""


class NodeNotFoundError(NotFoundError):
    """The instance's definition has no node of that key."""


class ScheduleNotFoundError(NotFoundError):
    """No schedule has that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no schedule {name!r} in this store; `mainspring schedule list` shows those there are")


class InstanceExistsError(ConflictError):
    """An instance of another definition has that id already."""


class LeaseLostError(ConflictError):
    """An attempt was given up: its task was cancelled, taken for lost, or has been settled already."""

    def __init__(self, instance: str, key: str) -> None:
        super().__init__(
            f"this attempt of {key!r} in {instance!r} does not count any more: its task was cancelled, settled already,"
            " or taken for lost; claim again"
        )


class RefusedError(ConflictError):
    """A command makes no sense in the instance's present state; nothing was changed."""


class TransactionLostError(ConflictError):
    """The transaction of an attempt cannot commit with its outcome any more; nothing of it has happened."""


class InstanceFailedError(MainspringError):
    """The awaited instance failed; `failure` tells the story."""

    def __init__(self, instance: str, failure: object) -> None:
        self.instance = instance
        self.failure = failure
        super().__init__(f"instance {instance!r} failed: {failure}")


class InstanceCancelledError(MainspringError):
    """The awaited instance was cancelled."""

    def __init__(self, instance: str, reason: str) -> None:
        self.instance = instance
        super().__init__(f"instance {instance!r} was cancelled" + (f": {reason}" if reason else ""))


class ResultTimeoutError(UnavailableError, TimeoutError):
    """The instance did not do what was waited for, within the time the caller was ready to wait; it goes on."""

    def __init__(self, instance: str, timeout_s: float, awaited: str = "ended") -> None:
        super().__init__(
            f"instance {instance!r} has not {awaited} within {timeout_s:g} s; it goes on, wait again or cancel it"
        )


# --- Tasks ------------------------------------------------------------------------------------


class TaskMemoryError(MainspringError, MemoryError):
    """An attempt needed more memory than its `memory_max_mb`."""


class TaskTimeoutError(MainspringError, TimeoutError):
    """An attempt took longer than its `timeout_s`, or a node longer than its `deadline_s`."""


class WorkerLostError(MainspringError):
    """The process that ran an attempt died, or its lease ran out."""


class TaskExitError(MainspringError):
    """A handler called `sys.exit()`, or its process ended by itself."""


class ConditionFailedError(MainspringError):
    """The condition of a node raised instead of answering."""


# --- Processes --------------------------------------------------------------------------------


class MessageUnwantedError(NotFoundError):
    """Nobody waits for a message, and nothing begins with it."""

    def __init__(self, name: str, key: str, paused: Sequence[str] = ()) -> None:
        """`paused`: what would have got it."""
        what = f"message {name!r}" + (f" with the key {key!r}" if key else " without a key")
        why = f"{', '.join(map(repr, paused))} would get it, but is paused" if paused else "nothing begins with it"
        super().__init__(f"nobody waits for {what} now: {why}; give ttl_s (--ttl) to let it wait")


class MessageAmbiguousError(ConflictError):
    """More than one could get a message that is for one."""

    def __init__(self, name: str, key: str, instances: Sequence[str]) -> None:
        what = f"message {name!r}" + (f" with the key {key!r}" if key else " without a key")
        who = f"instances {', '.join(map(repr, instances))} wait" if instances else "several definitions begin"
        super().__init__(f"{who} for {what}, which is for one alone; nobody got it, use keys that tell them apart")


class BusinessError(MainspringError):
    """Raised by a handler: an error event with this code takes it, and the task is not tried again."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        super().__init__(message or code)


# --- State machines ---------------------------------------------------------------------------


class EventRefusedError(ConflictError):
    """No transition takes the event now; nothing has changed."""

    def __init__(
        self, machine: str, event: str, *, active: Sequence[str], reasons: Sequence[str], available: Sequence[str]
    ) -> None:
        self.machine = machine
        self.event = event
        self.active = tuple(active)
        self.available = tuple(available)
        where = f"machine {machine!r} in {' and '.join(map(repr, active)) or 'no state'}"
        why = "; ".join(reasons) or "no transition takes it there"
        possible = f"possible now: {', '.join(available)}" if available else "no event is possible now"
        super().__init__(f"{where} does not take event {event!r}: {why}; {possible}")


class MachineEndedError(ConflictError):
    """The machine is in a final state of its own; it takes no events any more."""

    def __init__(self, machine: str, event: str, active: Sequence[str]) -> None:
        super().__init__(
            f"machine {machine!r} has ended in {' and '.join(map(repr, active))}; it takes no event {event!r} any more"
        )


class MachineFailedError(MainspringError):
    """A condition or action failed, and no transition handles `error.execution`; nothing has changed."""

    def __init__(self, machine: str, active: Sequence[str], reason: str) -> None:
        self.reason = reason
        where = " and ".join(map(repr, active)) or "its first step"
        super().__init__(
            f"machine {machine!r} failed in {where}: {reason}; the configuration before the event is kept "
            f"(a transition on error.execution would handle it)"
        )


class MachineEndlessError(MainspringError):
    """Steps without a further event never settle; nothing has changed."""

    def __init__(self, machine: str, limit: int, cycle: Sequence[str], error: str = "") -> None:
        """`error`: what goes wrong each time round."""
        super().__init__(
            f"machine {machine!r} does not settle within {limit:,} steps of one event; it goes in a circle: "
            f"{' → '.join(cycle)}{error and f'; each time there is an error: {error}'}"
        )


# --- Stores and engine ------------------------------------------------------------------------


class StoreInvalidError(InvalidError):
    """The store's URL or file is not one that mainspring can use."""


class StoreNotFoundError(NotFoundError):
    """There is no store at the place that was named."""


class StoreDeniedError(DeniedError):
    """The store may not be read or written."""


class StoreUnavailableError(UnavailableError):
    """The store cannot be reached, is full, or is held by somebody else for too long."""


class StoreLostError(ConflictError):
    """The store's file was deleted or replaced while it was open."""


class SchemaNewerError(ConflictError):
    """The store was written by a newer mainspring."""


class EngineClosedError(ConflictError):
    """The engine has been closed."""
