"""Random block-structured processes: each block has one way in and one way out, so every execution plan completes."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from mainspring.models.process.document import (
    BOUNDARY,
    CATCH,
    COMPENSATE,
    COMPLEX,
    CONDITIONAL,
    END,
    ERROR,
    ESCALATION,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    MESSAGE,
    PARALLEL,
    RECEIVE,
    SCRIPT,
    SERVICE,
    SIGNAL,
    START,
    SUB_PROCESS,
    TASK,
    THROW,
    TIMER,
    TRANSACTION,
    USER,
    Association,
    Body,
    Code,
    Document,
    EventDefinition,
    Flow,
    MultiInstance,
    Node,
    People,
    ProcessPart,
    Script,
    StandardLoop,
    Work,
)

DEPTH_MAX = 3
SECONDS = ("PT1S", "PT5S", "PT1M")


class Blocks:
    """Adds nodes and flows to one body; sub-processes get one of their own."""

    def __init__(self, chance: random.Random, names: list[int], *, fragile: bool = False) -> None:
        self.chance = chance
        self.fragile = fragile
        """Whether there are errors that nothing catches."""
        self.names = names
        self.nodes: list[Node] = []
        self.flows: list[Flow] = []
        self.associations: list[Association] = []

    def id(self, kind: str) -> str:
        self.names[0] += 1
        return f"{kind}{self.names[0]}"

    def add(self, kind: str, **fields: object) -> str:
        id = self.id(kind)
        self.nodes.append(Node(id, kind, **fields))  # type: ignore[arg-type]
        return id

    def flow(self, source: str, target: str, condition: str = "") -> str:
        id = self.id("f")
        self.flows.append(Flow(id, source, target, condition=Code(condition) if condition else None))
        return id

    def set_default(self, node: str, flow: str) -> None:
        self.nodes = [replace(each, default=flow) if each.id == node else each for each in self.nodes]

    def body(self, depth: int) -> Body:
        start = self.add(START)
        last = self.sequence(start, depth)
        self.flow(last, self.add(END))
        return Body(tuple(self.nodes), tuple(self.flows), tuple(self.associations))

    def inner(self, depth: int) -> Body:
        return Blocks(self.chance, self.names, fragile=self.fragile).body(depth + 1)

    # --- Blocks: each goes on from a node, and returns the one to go on from ----------------------

    def sequence(self, last: str, depth: int) -> str:
        for _ in range(self.chance.randint(1, 3)):
            last = self.block(last, depth)
        return last

    def block(self, last: str, depth: int) -> str:
        made: list[Callable[[str, int], str]] = [self.leaf, self.leaf, self.leaf]
        if self.fragile:
            made.append(self.uncaught)
        if depth < DEPTH_MAX:
            made += [self.exclusive, self.parallel, self.inclusive, self.sub_process, self.events, self.boundary,
                     self.circle, self.error, self.complex, self.compensated]  # fmt: skip
        return self.chance.choice(made)(last, depth)

    def leaf(self, last: str, depth: int) -> str:
        event = EventDefinition
        kinds: list[tuple[str, dict[str, object]]] = [
            (TASK, {}),
            (SERVICE, {"work": Work("work", retries=self.chance.randint(0, 1))}),
            (SERVICE, {"work": Work("work"), "loop": self.loop()}),
            (SCRIPT, {"script": Script(Code("x + 1"), "x"), "loop": self.loop()}),
            (USER, {"people": People()}),
            (CATCH, {"events": (event(TIMER, timer="duration", code=Code(self.chance.choice(SECONDS), "text")),)}),
            (
                CATCH,
                {
                    "events": (event(MESSAGE, name="m"), event(SIGNAL, name="s")),
                    "needs_all": self.chance.random() < 0.5,
                },
            ),
            (RECEIVE, {"events": (event(MESSAGE, name="m"),)}),
            (CATCH, {"events": (event(CONDITIONAL, code=Code("x >= 0")),)}),
            (THROW, {"events": (event(ESCALATION, name="nobody"),)}),
        ]
        kind, fields = self.chance.choice(kinds)
        node = self.add(kind, **fields)
        self.flow(last, node)
        return node

    def loop(self) -> StandardLoop | MultiInstance | None:
        kind = self.chance.randrange(5)
        if kind == 0:
            return StandardLoop(Code("loopCounter < 2"), test_before=self.chance.random() < 0.5)
        if kind == 1:
            return MultiInstance(
                sequential=self.chance.random() < 0.5,
                collection=Code("[1, 2, 3]"),
                item="item",
                output_collection="collected",
                output_item=Code("item"),
                completion=Code("numberOfCompletedInstances >= 2") if self.chance.random() < 0.3 else None,
            )
        return None

    def branches(self, kind: str, last: str, depth: int, conditions: list[str], join: str) -> str:
        fork = self.add(kind)
        self.flow(last, fork)
        meet = self.add(join)
        for condition in conditions:
            begin = self.add(TASK)
            flow = self.flow(fork, begin, condition)
            if not condition and kind in (EXCLUSIVE, INCLUSIVE):
                self.set_default(fork, flow)
            self.flow(self.sequence(begin, depth + 1), meet)
        return meet

    def exclusive(self, last: str, depth: int) -> str:
        return self.branches(EXCLUSIVE, last, depth, ["x > 1", "x = 1", ""], EXCLUSIVE)

    def parallel(self, last: str, depth: int) -> str:
        return self.branches(PARALLEL, last, depth, [""] * self.chance.randint(1, 3), PARALLEL)

    def inclusive(self, last: str, depth: int) -> str:
        conditions = self.chance.choice((["x > 1", "x > 0", ""], ["x > 0", "x >= 0"]))
        return self.branches(INCLUSIVE, last, depth, conditions, INCLUSIVE)

    def complex(self, last: str, depth: int) -> str:
        fork = self.branches(PARALLEL, last, depth, ["", ""], COMPLEX)
        count = self.chance.choice((1, 2))
        self.nodes = [
            replace(each, activation=Code(f"activationCount >= {count}")) if each.id == fork else each
            for each in self.nodes
        ]
        return fork

    def circle(self, last: str, depth: int) -> str:
        """Back to where it came from, a few times."""
        meet, part = self.add(EXCLUSIVE), self.id(EXCLUSIVE)
        begin = self.add(SCRIPT, script=Script(Code(f"{part} + 1"), part))
        first = self.add(SCRIPT, script=Script(Code("0"), part))
        self.flow(last, first)
        self.flow(first, meet)
        self.flow(meet, begin)
        self.nodes.append(Node(part, EXCLUSIVE))
        self.flow(self.block(begin, depth + 1), part)
        self.flow(part, meet, f"{part} < {self.chance.randint(1, 3)}")
        after = self.add(TASK)
        self.set_default(part, self.flow(part, after))
        return after

    def sub_process(self, last: str, depth: int) -> str:
        kind = self.chance.choice((SUB_PROCESS, TRANSACTION))
        node = self.add(kind, body=self.inner(depth), loop=self.loop())
        self.flow(last, node)
        return node

    def events(self, last: str, depth: int) -> str:
        gateway, meet = self.add(EVENT_BASED), self.add(EXCLUSIVE)
        self.flow(last, gateway)
        for event in (
            EventDefinition(TIMER, timer="duration", code=Code("PT9S", "text")),
            EventDefinition(MESSAGE, name="m"),
        ):
            catch = self.add(CATCH, events=(event,))
            self.flow(gateway, catch)
            self.flow(self.sequence(catch, depth + 1), meet)
        return meet

    def boundary(self, last: str, depth: int) -> str:
        """An event that interrupts, or one that adds a token, which ends by itself."""
        around = self.add(SUB_PROCESS, body=self.inner(depth))
        self.flow(last, around)
        interrupting = self.chance.random() < 0.5
        cycle = self.chance.random() < 0.5
        event = EventDefinition(
            TIMER, timer="cycle" if cycle else "duration", code=Code("R2/PT3S" if cycle else "PT3S", "text")
        )
        edge = self.add(BOUNDARY, events=(event,), attached_to=around, interrupting=interrupting)
        after = self.block(edge, depth + 1)
        if not interrupting:
            self.flow(after, self.add(END))
            return around
        meet = self.add(EXCLUSIVE)
        self.flow(around, meet)
        self.flow(after, meet)
        return meet

    def error(self, last: str, depth: int) -> str:
        """A sub-process that may end with an error, which is caught."""
        inside = Blocks(self.chance, self.names, fragile=self.fragile)
        start = inside.add(START)
        inner = inside.sequence(start, depth + 1)
        part = inside.add(EXCLUSIVE)
        inside.flow(inner, part)
        thrown = inside.add(END, events=(EventDefinition(ERROR, name="E"),))
        inside.flow(part, thrown, "x > 1")
        inside.set_default(part, inside.flow(part, inside.add(END)))
        body = Body(tuple(inside.nodes), tuple(inside.flows), tuple(inside.associations))
        around = self.add(SUB_PROCESS, body=body)
        self.flow(last, around)
        edge = self.add(BOUNDARY, events=(EventDefinition(ERROR, name="E"),), attached_to=around)
        meet = self.add(EXCLUSIVE)
        self.flow(around, meet)
        self.flow(edge, meet)
        return meet

    def uncaught(self, last: str, depth: int) -> str:
        """The process fails here unless all is well."""
        part = self.add(EXCLUSIVE)
        self.flow(last, part)
        self.flow(part, self.add(END, events=(EventDefinition(ERROR, name="X"),)), "not(well)")
        after = self.add(TASK)
        self.set_default(part, self.flow(part, after))
        return after

    def compensated(self, last: str, depth: int) -> str:
        """Something that is done, and undone."""
        done = self.add(SERVICE, work=Work("work"), loop=self.loop())
        self.flow(last, done)
        edge = self.add(BOUNDARY, events=(EventDefinition(COMPENSATE),), attached_to=done)
        undo = self.add(SERVICE, work=Work("work"), for_compensation=True)
        self.associations.append(Association(self.id("a"), edge, undo))
        throw = self.add(THROW, events=(EventDefinition(COMPENSATE, wait=self.chance.random() < 0.7),))
        self.flow(done, throw)
        return throw


def random_process(chance: random.Random, *, fragile: bool = False) -> Document:
    return Document("p", (ProcessPart("p", body=Blocks(chance, [0], fragile=fragile).body(0)),))
