"""A workflow's definition, compiled: nodes by number, edges both ways, templates ready to be filled in.

Time and memory are linear in nodes and edges; nodes with the same options share one `TaskSpec` and one `Retry`.

The values of an instance lie in one list: the outputs of the nodes by their numbers, then the inputs.  References are
compiled to slots of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET

from mainspring.models.contract import Resolve, TaskSpec
from mainspring.models.retry import Retry, retry_of
from mainspring.models.workflow.condition import Condition, read_guard
from mainspring.models.workflow.document import (
    INDEX,
    ITEM,
    SLEEP,
    Document,
    FailureHandler,
    Node,
    decode_document,
)
from mainspring.models.workflow.inputs import InputReader, compile_inputs
from mainspring.models.workflow.predicate import compile_predicate
from mainspring.models.workflow.rules import DEFAULT_RULE, IS_EARLY, REACTS_TO_FAILURE, RULES, Row
from mainspring.models.workflow.template import Template, compile_template

FAILURE_NAMES = ("instance", "failure", "failed")
"""What the arguments of `on_failure` may refer to."""

NODE_BYTES = 200
"""Of a node in a state: status, counters, and a small output."""


class NodePlan:
    """One node, compiled."""

    __slots__ = (
        "arguments", "concurrency", "condition", "deadline_s", "delay_s", "digest", "is_early", "is_fallible",
        "is_plain", "key", "kind", "over", "parent_count", "reacts_to_failure", "retry", "rule", "seconds", "spec",
    )  # fmt: skip

    key: str
    kind: str
    spec: TaskSpec | None
    """Of a task, or of each task of a map."""
    digest: str
    """Of the child's definition, where the node is a workflow."""
    retry: Retry
    arguments: Template
    over: Template | None
    """The list of a map."""
    seconds: Template | None
    """Of a sleep."""
    concurrency: int | None
    condition: Condition | None
    rule: Row
    reacts_to_failure: bool
    delay_s: float
    deadline_s: float | None
    parent_count: int
    is_fallible: bool
    """Whether the data may contradict it before it has begun."""
    is_early: bool
    """May run while parents of it still do."""
    is_plain: bool
    """Begins as soon as all parents have succeeded, whatever they returned: nothing else need be looked at."""


class FailurePlan:
    """The task that is told of the failure, compiled."""

    __slots__ = ("arguments", "retry", "spec")

    def __init__(self, spec: TaskSpec, retry: Retry, arguments: Template) -> None:
        self.spec, self.retry, self.arguments = spec, retry, arguments


class Plan:
    """A workflow's definition, compiled."""

    __slots__ = (
        "children", "failure_policy", "index", "inputs", "is_output_fallible", "is_smooth", "item_slot", "keys", "name",
        "nodes", "on_failure", "output", "parents", "roots", "slot_count", "successors", "timeout_s",
    )  # fmt: skip

    name: str
    keys: list[str]
    index: dict[str, int]
    nodes: list[NodePlan]
    parents: list[tuple[int, ...]]
    successors: list[tuple[int, ...]]
    is_smooth: list[bool]
    """Of a node: whether nothing but counting is needed when it completes while all goes well."""
    roots: list[int]
    """Nodes that depend on no other."""
    inputs: InputReader
    output: Template
    is_output_fallible: bool
    slot_count: int
    """Nodes and inputs."""
    item_slot: int
    """In a map: the element; the next slot is its position."""
    failure_policy: str
    on_failure: FailurePlan | None
    timeout_s: float | None
    children: tuple[str, ...]

    def argument_slots(self, index: int) -> tuple[int, ...]:
        """What the arguments of a node refer to, other than elements of its map."""
        holes = self.nodes[index].arguments.holes
        return tuple(dict.fromkeys(hole.slot for hole in holes if hole.slot < self.slot_count))


def compile_plan(body: bytes, resolve: Resolve) -> Plan:
    """The plan of a stored definition; raises `HandlerUnknownError` where a predicate of it cannot be found."""
    return _Compiler(decode_document(body), resolve).plan()


class _Compiler:
    def __init__(self, document: Document, resolve: Resolve) -> None:
        self.document = document
        self.resolve = resolve
        self.keys = list(document.nodes)
        self.index = {key: number for number, key in enumerate(self.keys)}
        self.slots = self.index | {name: len(self.keys) + number for number, name in enumerate(document.inputs)}
        self.slot_count = len(self.slots)
        self.map_slots = self.slots | {ITEM: self.slot_count, INDEX: self.slot_count + 1}
        self.specs: dict[tuple[Any, ...], TaskSpec] = {}
        self.retries: dict[int | Retry | None, Retry] = {}
        self.callables: dict[str, Callable[..., Any]] = {}
        self.guards: dict[tuple[str, str], Condition] = {}

    def plan(self) -> Plan:
        document, plan = self.document, Plan()
        plan.name = document.workflow
        plan.keys, plan.index = self.keys, self.index
        plan.nodes = [self.node(key, node) for key, node in document.nodes.items()]
        plan.parents = [
            self.parents(node, made) for node, made in zip(document.nodes.values(), plan.nodes, strict=True)
        ]
        plan.successors = self.successors(plan.parents)
        for made, parents in zip(plan.nodes, plan.parents, strict=True):
            made.parent_count = len(parents)
        plan.inputs = compile_inputs(document)
        plan.output = self.output(plan.successors)
        plan.is_output_fallible = plan.output.is_fallible
        plan.is_smooth = self.smooth(plan)
        plan.roots = [index for index, parents in enumerate(plan.parents) if not parents]
        plan.slot_count = plan.item_slot = self.slot_count
        plan.failure_policy = document.failure_policy
        plan.on_failure = self.on_failure(document.failure_handler)
        plan.timeout_s = document.timeout_s
        plan.children = tuple(dict.fromkeys(node.workflow for node in document.nodes.values() if node.workflow))
        return plan

    def node(self, key: str, node: Node) -> NodePlan:
        slots = self.slots if node.map is None else self.map_slots
        rule = node.rule or DEFAULT_RULE
        made = NodePlan()
        made.key = key
        made.kind = node.kind
        made.spec = None if node.task is None else self.spec(node.task, node)
        made.digest = node.workflow or ""
        made.retry = self.retry(node.retries)
        made.arguments = compile_template(node.arguments, slots)
        made.over = None if node.map is None else compile_template(node.map, self.slots)
        made.seconds = compile_template(node.sleep, self.slots) if made.kind == SLEEP else None
        made.concurrency = node.concurrency
        made.condition = self.condition(node)
        made.rule = RULES[rule]
        made.reacts_to_failure = rule in REACTS_TO_FAILURE
        made.delay_s = node.delay_s or 0.0
        made.deadline_s = node.deadline_s
        made.parent_count = 0
        made.is_fallible = node.map is not None or made.kind == SLEEP or made.arguments.is_fallible
        made.is_early = rule in IS_EARLY
        made.is_plain = rule == DEFAULT_RULE and made.condition is None and not made.is_fallible
        return made

    def spec(self, handler: str, node: Node | FailureHandler) -> TaskSpec:
        options = (
            handler, node.queue or "default", node.priority or 0, node.timeout_s, node.requires or "",
            node.executor or "", node.memory_max_mb,
        )  # fmt: skip
        spec = self.specs.get(options)
        if spec is None:
            spec = self.specs[options] = TaskSpec(*options)
        return spec

    def retry(self, retries: int | Retry | None) -> Retry:
        policy = self.retries.get(retries)
        if policy is None:
            policy = self.retries[retries] = retry_of(retries)
        return policy

    def condition(self, node: Node) -> Condition | None:
        when = node.condition
        if when is None:
            return None
        if when.is_expression:
            text = (when.language, when.test)
            if text not in self.guards:
                self.guards[text] = read_guard(when, self.slots)
            return self.guards[text]
        test = self.callables.get(when.test)
        if test is None:
            test = self.callables[when.test] = self.resolve(when.test)
        return compile_predicate(when, node.arguments, test, self.slots)

    def parents(self, node: Node, made: NodePlan) -> tuple[int, ...]:
        holes = made.arguments.holes
        for template in (made.over, made.seconds):
            if template:
                holes += template.holes
        slots = [hole.slot for hole in holes]
        if made.condition is not None:
            slots += made.condition.slots
        count = len(self.keys)
        found = dict.fromkeys([slot for slot in slots if slot < count])
        found.update(dict.fromkeys(self.index[key] for key in node.after))
        # The numbers of `index` are shared by all edges: in a large graph most of the memory would be equal integers.
        return tuple([self.index[self.keys[parent]] for parent in found])

    def successors(self, parents: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        successors: list[Any] = [[] for _ in parents]
        for number, above in zip(self.index.values(), parents, strict=True):
            for parent in above:
                successors[parent].append(number)
        for number, below in enumerate(successors):
            successors[number] = tuple(below)
        return successors

    def output(self, successors: Iterable[tuple[int, ...]]) -> Template:
        """The declared output, or that of the only last node, or all last nodes' by their keys."""
        if self.document.output is not UNSET:
            return compile_template(self.document.output, self.slots)
        last = [key for key, below in zip(self.keys, successors, strict=True) if not below]
        if len(last) == 1:
            return compile_template(f"${last[0]}", self.slots)
        return compile_template({key: f"${key}" for key in last}, self.slots)

    def smooth(self, plan: Plan) -> list[bool]:
        """Of a node: its children are plain; or it has none, and the output can only be put together."""
        return [
            node.over is None
            and (all(plan.nodes[child].is_plain for child in below) if below else not plan.is_output_fallible)
            for node, below in zip(plan.nodes, plan.successors, strict=True)
        ]

    def on_failure(self, handler: FailureHandler | None) -> FailurePlan | None:
        if handler is None:
            return None
        arguments = {name: f"${name}" for name in FAILURE_NAMES} if handler.arguments is None else handler.arguments
        slots = self.failure_slots()
        return FailurePlan(
            spec=self.spec(handler.task, handler),
            retry=self.retry(handler.retries),
            arguments=compile_template(arguments, slots),
        )

    def failure_slots(self) -> Mapping[str, int]:
        """Inputs and outputs may be passed on as well; what tells of the failure comes after them."""
        return {name: self.slot_count + number for number, name in enumerate(FAILURE_NAMES)} | self.slots
