"""A kernel of one instance, in memory: what a model asks for is kept in dictionaries, and everything is watched.

Every event is decided twice on a state that must not change, journaled as JSON, and folded.  So each test that uses the
driver checks purity and round trips besides what it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from mainspring.models.contract import (
    EVENTS,
    Admit,
    Cancel,
    CancelInstance,
    CancelTask,
    CancelTimer,
    ChildCompleted,
    ChildFailed,
    Command,
    Complete,
    Event,
    Fail,
    Failure,
    HoldTasks,
    Pause,
    Publish,
    Refusal,
    ReleaseTasks,
    Resume,
    RetryInstance,
    RetryTask,
    SendTo,
    SetTimer,
    Started,
    StartInstance,
    StartTask,
    Subscribe,
    TaskCompleted,
    TaskFailed,
    TaskLost,
    TimerFired,
    Unsubscribe,
)
from mainspring.models.retry import failure_of

encode = msgspec.json.encode


def unknown(name: str) -> Callable[..., Any]:
    raise AssertionError(f"nobody should ask for {name}")


class Driver:
    """One instance of a model, run by hand."""

    def __init__(
        self, model: Any, document: bytes, resolve: Callable[[str], Any] = unknown, instance: str = "report:7"
    ) -> None:
        self.model = model
        self._list_of_decisions: Any = list[model.decision_type]
        self.plan = model.compile(document, resolve)
        self.state = model.initial(self.plan, instance)
        self.instance = instance
        self.at = 1_000.0
        self.status = "created"
        self.journal: list[tuple[str, bytes, bytes, float]] = []
        self.tasks: dict[str, StartTask] = {}
        self.ready_at: dict[str, float] = {}
        self.attempts: dict[str, int] = {}
        self.timers: dict[str, float] = {}
        self.children: dict[str, StartInstance] = {}
        self.failed_children: set[str] = set()
        self.used: set[str] = set()
        """Every key of a task or a child that there ever was."""
        self.subscriptions: dict[str, Subscribe] = {}
        self.published: list[Publish] = []
        self.held = False
        self.output: Any = None
        self.error: Failure | None = None
        self.reason = ""
        self.asked: list[Command] = []
        """By the last event."""

    # --- Sending events -----------------------------------------------------------------------

    def send(self, event: Event) -> Refusal | None:
        before = self.model.dump(self.plan, self.state)
        decisions = self.model.decide(self.plan, self.state, event, self.at)
        assert self.model.decide(self.plan, self.state, event, self.at) == decisions, "decide is a function"
        assert self.model.dump(self.plan, self.state) == before, "decide touches nothing"
        self.asked = []
        if isinstance(decisions, Refusal):
            return decisions
        chosen = encode(decisions)
        assert msgspec.json.decode(chosen, type=self._list_of_decisions) == list(decisions)
        for decision in decisions:
            self.model.evolve(self.plan, self.state, event, decision, self.at)
            for command in self.model.commands(self.plan, self.state, event, decision, self.at):
                self.asked.append(command)
                self._apply(command, event)
        if isinstance(event, TaskCompleted | TaskFailed | TaskLost) and not any(
            isinstance(command, RetryTask) for command in self.asked
        ):
            self.tasks.pop(event.key, None)
        if decisions:
            self.journal.append((type(event).__name__, encode(event), chosen, self.at))
        return None

    def start(self, input: Any = None, **rest: Any) -> Refusal | None:
        self.status = "running"
        return self.send(Started(Raw(encode({} if input is None else input)), **rest))

    def complete(self, key: str, output: Any = None) -> None:
        self._take(key)
        self.send(TaskCompleted(key, self.attempts[key], self.at, self.at, Raw(encode(output))))

    def fail(self, key: str, error: BaseException | None = None) -> None:
        """One attempt fails."""
        self._take(key)
        failure = failure_of(error or ValueError("bad"))
        self.send(TaskFailed(key, self.attempts[key], self.at, self.at, failure))

    def lose(self, key: str, final: bool = False) -> None:
        self._take(key)
        self.send(TaskLost(key, self.attempts[key], self.at, "w1", final))

    def fire(self, key: str) -> None:
        self.at = max(self.at, self.timers.pop(key))
        self.send(TimerFired(key))

    def complete_child(self, key: str, output: Any = None) -> None:
        del self.children[key]
        self.send(ChildCompleted(key, Raw(encode(output))))

    def fail_child(self, key: str, message: str = "bad") -> None:
        del self.children[key]
        self.failed_children.add(key)
        self.send(ChildFailed(key, Failure("ValueError", message)))

    def _take(self, key: str) -> None:
        assert key in self.tasks, f"no task {key}; there are {sorted(self.tasks)}"
        self.attempts[key] = self.attempts.get(key, 0) + 1

    # --- What the model asks for --------------------------------------------------------------

    def _apply(self, command: Command, event: Any) -> None:
        settled = event.key if isinstance(event, TaskCompleted | TaskFailed | TaskLost) else None
        match command:
            case StartTask():
                self._use(command.key)
                self.tasks[command.key] = command
                self.ready_at[command.key] = command.ready_at
            case RetryTask():
                assert command.key == settled, "only the task that has just ended can be tried again"
                self.ready_at[command.key] = command.ready_at
                self.tasks[command.key] = self.tasks.pop(command.key)
                return
            case CancelTask():
                self.tasks.pop(command.key, None)
            case SetTimer():
                self.timers[command.key] = command.ready_at
            case CancelTimer():
                self.timers.pop(command.key, None)
            case Subscribe():
                self.subscriptions[command.key] = command
            case Unsubscribe():
                assert command.key in self.subscriptions, f"{command.key} is not subscribed to"
                del self.subscriptions[command.key]
            case Admit():
                pass
            case Publish():
                self.published.append(command)
            case StartInstance():
                if command.otherwise is None:  # else the one that is there already is meant as well
                    self._use(command.key)
                self.children[command.key] = command
            case SendTo():
                if command.key:
                    self._use(command.key)
            case CancelInstance():
                self.children.pop(command.key, None)
                self.failed_children.discard(command.key)
            case RetryInstance():
                assert command.key in self.failed_children, f"{command.key} has not failed"
                self.failed_children.remove(command.key)
                self.children[command.key] = StartInstance(command.key, "", b"")
            case HoldTasks():
                self.held = True
            case ReleaseTasks():
                self.held = False
            case Pause():
                self.status = "paused"
            case Resume():
                self.status = "running"
            case Complete():
                self._end("completed")
                self.output = msgspec.json.decode(command.output)
                assert not self.timers, "a completed instance waits for nothing"
                assert all(child.is_detached for child in self.children.values())
                assert not set(self.tasks) - {settled}
                self.tasks.clear()
            case Fail():
                self._end("failed")
                self.error = command.error
                self._sweep()
            case Cancel():
                self._end("cancelled")
                self.reason = command.reason
                self._sweep()
            case _:
                raise AssertionError(command)

    def _use(self, key: str) -> None:
        assert key not in self.used, f"key {key} is used twice"
        self.used.add(key)

    def _end(self, status: str) -> None:
        assert self.status in ("running", "paused"), f"{self.status}, and then {status}"
        self.status = status
        self.held = False

    def _sweep(self) -> None:
        self.subscriptions.clear()
        self.tasks.clear()
        self.timers.clear()
        self.children = {key: child for key, child in self.children.items() if child.is_detached}

    # --- Looking ------------------------------------------------------------------------------

    @property
    def payloads(self) -> dict[str, Any]:
        """Of the open tasks."""
        return {key: msgspec.json.decode(task.payload) for key, task in self.tasks.items()}

    @property
    def nodes(self) -> dict[str, str]:
        """Status by node."""
        return {node.key: node.status for node in self.model.nodes(self.plan, self.state)}

    def fold(self) -> Any:
        """The state that recovery would come to: the journal's decisions alone."""
        state = self.model.initial(self.plan, self.instance)
        read = msgspec.json.Decoder(self._list_of_decisions).decode
        for kind, event, decisions, at in self.journal:
            told = msgspec.json.decode(event, type=EVENTS[kind])
            for decision in read(decisions):
                self.model.evolve(self.plan, state, told, decision, at)
        return state

    def check_fold(self) -> None:
        """fold(journal) = state, and a snapshot is as good as the state."""
        now = self.model.dump(self.plan, self.state)
        assert self.model.dump(self.plan, self.fold()) == now
        loaded = self.model.load(self.plan, now)
        assert self.model.dump(self.plan, loaded) == now
