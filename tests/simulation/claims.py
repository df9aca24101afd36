"""State machines in the storm: whatever goes wrong, an event that was acknowledged is in a machine's data, once."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

from mainspring import Machine
from mainspring.errors import ConflictError, InstanceNotFoundError, RefusedError
from tests.simulation.workloads import awork, random_workflow, work

if TYPE_CHECKING:
    from tests.simulation.chaos import Chaos

STEERING = ("pause", "resume", "resume", "cancel", "retry")
MACHINES_MAX = 3


def keep(machine: Any, event: Any) -> None:
    """Python of a definition, so that a process that does not have it must leave the machine to others."""
    machine.data["kept"] += 1


def assign(location: str, value: str) -> dict[str, Any]:
    return {"do": "assign", "location": location, "value": {"expression": value}}


INNER = Machine.of_data(
    {
        "machine": "inner",
        "data": {"x": 0},
        "strict": False,
        "states": {
            "short": {
                "enter": [{"do": "send", "event": "hello", "target": "#_parent"}],
                "after": {"7s": "long"},
                "on": [{"event": "thanks", "actions": [assign("x", "x + 1")]}],
            },
            "long": {"invoke": [{"type": "task", "id": "w", "source": awork.name, "parameters": [
                {"name": "name", "expression": '"inner"'}]}], "on": [{"event": "done.invoke.w", "target": "over"}]},
            "over": {"kind": "final", "done": {"content": {"expression": "x"}}},
        },
    }
)  # fmt: skip


NOTE = {"event": "note", "actions": [assign("seen", "append(seen, n)")]}
BACK = {"kind": "deep", "on": [{"target": "s0"}]}


def random_machine(chance: random.Random, name: str) -> Machine:
    """A book that keeps all notes, beside a life of states with timers, tasks, workflows and machines."""
    workflow = random_workflow(chance, f"{name}-flow", depth=1)
    names = [f"s{number}" for number in range(chance.randint(2, 5))]
    life = {state: _random_state(chance, state, names, workflow.name) for state in names}
    return Machine.of_data(
        {
            "machine": name,
            "data": {"seen": [], "kept": 0},
            "strict": chance.random() < 0.5,
            "states": {
                "all": {
                    "kind": "parallel",
                    "states": {
                        "book": {"states": {"open": {"on": [NOTE]}}},
                        "life": {"states": life | {"back": BACK, "rest": {"after": {"20s": chance.choice(names)}}}},
                    },
                    "on": [{"event": "finish", "target": "end"}],
                },
                "end": {"kind": "final", "done": {"content": {"expression": "seen"}}},
            },
        },
        {"simulation:keep": keep},
        {workflow.name: workflow, "inner": INNER},
    )


def _random_state(chance: random.Random, name: str, names: list[str], workflow: str) -> dict[str, Any]:
    autoforward = chance.random() < 0.3
    invoke: list[dict[str, Any]] = [
        {"type": "task", "source": work.name, "retries": 5, "parameters": [{"name": "name", "expression": '"w"'}]},
        {"type": "workflow", "source": workflow},
        {"type": "machine", "source": "inner", "autoforward": autoforward},
    ]
    made: dict[str, Any] = {
        "enter": [{"do": "call", "name": "simulation:keep"}],
        "invoke": [{"id": "w"} | chance.choice(invoke)] if chance.random() < 0.6 else [],
        "on": [
            {"event": "go", "target": chance.choice([*names, "back"])},
            {"event": "done.invoke.w error.invoke.w", "target": "rest"},
            {"event": "hello", "actions": [{"do": "send", "event": "thanks", "target": "#_w"}]},
        ],
        "after": {chance.choice(("9s", "100s")): chance.choice(names)} if chance.random() < 0.6 else {},
    }
    if chance.random() < 0.3:
        first, second = f"{name}a", f"{name}b"
        made["states"] = {first: {"on": [{"event": "go", "target": second}]}, second: {"after": {"30s": first}}}
    return made


class Claims:
    """The machines of one seed, and what was sent to them."""

    def __init__(self, chaos: Chaos, count_max: int) -> None:
        self.chaos = chaos
        self.chance = chaos.chance
        self.count_max = count_max
        self.machines = [random_machine(self.chance, f"m{number}") for number in range(min(count_max, 2))]
        self.sent: dict[str, list[int]] = {}
        self.acknowledged: dict[str, set[int]] = {}
        self.cancelled: set[str] = set()
        self.count = 0

    def start(self) -> None:
        process = self.chaos.any_process()
        if process is None or len(self.sent) >= self.count_max:
            return
        name = f"claim-{len(self.sent)}"
        delay_s = self.chance.choice((0.0, 0.0, 0.0, 3.0))
        self.sent[name], self.acknowledged[name] = [], set()
        with self.chaos.facing(process):
            self.chaos.simulation.start(self.chance.choice(self.machines), id=name, delay_s=delay_s)

    def send(self) -> None:
        """A note under an id of its own, or an earlier one again; or an event that only moves the machine."""
        process = self.chaos.any_process()
        if process is None or not self.sent:
            return
        name = self.chance.choice(sorted(self.sent))
        with self.chaos.facing(process), contextlib.suppress(ConflictError, InstanceNotFoundError):
            instance = self.chaos.simulation.get(name)
            if self.chance.random() < 0.4:
                instance.send("go")
                return
            if self.sent[name] and self.chance.random() < 0.4:
                number = self.chance.choice(self.sent[name])
            else:
                self.count += 1
                number = self.count
                self.sent[name].append(number)
            outcome = instance.send("note", n=number, event_id=f"note-{number}")
            if outcome is not None:
                assert outcome.taken
                self.acknowledged[name].add(number)

    def steer(self) -> None:
        process = self.chaos.any_process()
        if process is None or not self.sent:
            return
        name, verb = self.chance.choice(sorted(self.sent)), self.chance.choice(STEERING)
        with self.chaos.facing(process), contextlib.suppress(ConflictError, InstanceNotFoundError):
            if getattr(self.chaos.simulation.get(name), verb)() and verb == "cancel":
                self.cancelled.add(name)

    def finish(self) -> None:
        """In peace: each is told to end."""
        for name in self.sent:
            with contextlib.suppress(InstanceNotFoundError):
                instance = self.chaos.simulation.get(name)
                if instance.configuration == ():
                    self.chaos.simulation.advance(3.0)
                with contextlib.suppress(RefusedError):
                    instance.send("finish", event_id="finish")

    def check(self) -> None:
        for name, numbers in self.sent.items():
            try:
                info = self.chaos.simulation.get(name).info()
            except InstanceNotFoundError:
                continue  # it was never begun, or is forgotten
            if info.status == "cancelled":
                continue
            assert info.status == "completed", f"{name}: {info}"
            seen = [int(number) for number in info.output]
            assert len(seen) == len(set(seen)), f"{name} took an event twice: {seen}"
            assert self.acknowledged[name] <= set(seen) <= set(numbers), f"{name}: {seen}, {self.acknowledged[name]}"
