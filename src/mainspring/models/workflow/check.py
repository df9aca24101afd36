"""All that is wrong with a definition, found before anything runs, each problem with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from mainspring import codec
from mainspring.errors import HandlerInvalidError, HandlerUnknownError, PayloadInvalidError, Problem
from mainspring.handler import Handler, memory_problem
from mainspring.models.workflow import shape
from mainspring.models.workflow.condition import read_guard
from mainspring.models.workflow.cycle import cycles
from mainspring.models.workflow.document import INDEX, ITEM, LANGUAGES, SLEEP, Document, FailureHandler, Node, When
from mainspring.models.workflow.fields import (
    KEY_LENGTH_MAX,
    POLICIES,
    form_problem,
    kind_problems,
    name_problems,
    number_problems,
    requirement_problems,
    rule_problems,
)
from mainspring.models.workflow.inputs import parse_type
from mainspring.models.workflow.plan import FAILURE_NAMES
from mainspring.models.workflow.predicate import ASYNC, when_arguments
from mainspring.models.workflow.template import Reference, TemplateError, references
from mainspring.signature import VARIADIC

if TYPE_CHECKING:
    from mainspring.models.workflow.guard import Guard

Find = Callable[[str], "Handler[..., Any] | None"]
"""The handler of a name; None where nothing can be said of it here; raises `HandlerUnknownError`."""

NAMES_MAX = 10
"""Nodes that a message names."""


def check(
    document: Document,
    *,
    places: Mapping[str, str],
    find: Find,
    children: Mapping[str, Document],
    file: str = "",
) -> list[Problem]:
    """All problems of a definition.  `places` has the `file:line` of nodes and inputs."""
    return list(_Check(document, places, find, children, file).problems())


class _Check:
    def __init__(
        self, document: Document, places: Mapping[str, str], find: Find, children: Mapping[str, Document], file: str
    ) -> None:
        self.document = document
        self.places = places
        self.find = find
        self.children = children
        self.file = file
        self.known: dict[str, Handler[..., Any] | str | None] = {}
        """Handlers by name, or why there is none."""
        self.types: dict[str, Any] = {}
        self.parents: dict[str, list[str]] = {}
        self.numbers: dict[str, int] = {}
        """Of all names."""
        self.guards: dict[tuple[str, str], Guard] = {}
        """By language and text."""

    def problems(self) -> Iterator[Problem]:
        malformed = list(self.of_form())
        yield from malformed
        if malformed:
            return  # what is no number cannot be compared with one
        yield from self.of_whole()
        for name in self.document.inputs:
            yield from self.at(name, self.of_input(name))
        self.types = {name: self.input_type(name) for name in self.document.inputs}
        self.types |= {key: self.output_type(node) for key, node in self.document.nodes.items()}
        self.numbers = {name: number for number, name in enumerate(self.types)}
        for key, node in self.document.nodes.items():
            yield from self.at(key, self.of_node(key, node), "node")
        yield from self.of_cycles()
        yield from self.at("output", self.of_output())
        yield from self.at("on_failure", self.of_on_failure())

    def at(self, name: str, messages: Iterable[str], noun: str = "") -> Iterator[Problem]:
        """Messages with the place of a node, an input or a field."""
        place = self.places.get(name, self.file)
        what = f"{noun} {name!r}" if noun else ""
        for message in messages:
            yield Problem(message, ", ".join(part for part in (place, what) if part))

    # --- The form: every field of the type it should be; only what was built in Python can be otherwise ---

    def of_form(self) -> Iterator[Problem]:
        if not form_problem(self.document):
            return
        parts = [*self.document.inputs.items(), *self.document.nodes.items()]
        broken = [(name, problem) for name, part in parts if (problem := form_problem(part))]
        for name, problem in broken:
            yield from self.at(name, [problem], "node" if name in self.document.nodes else "input")
        if not broken:
            yield from self.at("", [form_problem(self.document)])

    # --- The whole ----------------------------------------------------------------------------

    def of_whole(self) -> Iterator[Problem]:
        document = self.document
        if not document.workflow.strip() or len(document.workflow) > KEY_LENGTH_MAX:
            yield from self.at("workflow", [f"a workflow's name has 1 to {KEY_LENGTH_MAX} characters"])
        if not document.nodes:
            yield from self.at("nodes", ["it has no nodes, so there is nothing to run"])
        if document.failure_policy not in POLICIES:
            message = f"failure_policy is {' or '.join(POLICIES)}, not {document.failure_policy!r}"
            yield from self.at("failure_policy", [message])
        if document.timeout_s is not None and not document.timeout_s > 0:
            yield from self.at("timeout_s", [f"timeout_s must be above 0, not {document.timeout_s:g}"])

    def of_input(self, name: str) -> Iterator[str]:
        yield from name_problems(name, "input")
        declared = self.document.input(name)
        try:
            type_ = parse_type(declared.type)
        except ValueError as error:
            yield f"input {name!r}: {error}"
            return
        if declared.default is not UNSET:
            yield from _of_value(f"default of input {name!r}", declared.default, type_)

    def of_output(self) -> Iterator[str]:
        if self.document.output is not UNSET:
            yield from self.of_template(self.document.output, ())

    def of_on_failure(self) -> Iterator[str]:
        told = self.document.failure_handler
        if told is None:
            return
        handler = self.handler(told.task)
        if not isinstance(handler, Handler):
            yield from [handler] if handler else []
        else:
            yield from self.of_memory(handler, told)
            yield from self.of_arguments(handler, told.arguments) if told.arguments is not None else ()
        yield from self.of_template(told.arguments or {}, FAILURE_NAMES)
        yield from number_problems(told)
        yield from requirement_problems(told)

    def of_cycles(self) -> Iterator[Problem]:
        for ring in cycles(self.parents):
            shown = ring if len(ring) <= NAMES_MAX else [*ring[: NAMES_MAX - 2], "…", *ring[-2:]]
            yield from self.at(ring[0], [f"cycle: {' → '.join(shown)}"], "node")

    # --- A node -------------------------------------------------------------------------------

    def of_node(self, key: str, node: Node) -> Iterator[str]:
        yield from name_problems(key, "node")
        if key in self.document.inputs:
            yield f"there is an input {key!r} as well; inputs and nodes share their names"
        yield from kind_problems(node)
        yield from number_problems(node)
        yield from requirement_problems(node)
        for template, extra in self.templates(node):
            yield from self.of_template(template, extra)
        yield from self.of_after(node)
        self.parents[key] = self.parents_of(node)
        yield from rule_problems(node.rule, bool(self.parents[key]))
        yield from self.of_map(node)
        yield from self.of_target(node)
        yield from self.of_condition(node)

    def templates(self, node: Node) -> Iterator[tuple[Any, tuple[str, ...]]]:
        yield node.arguments, () if node.map is None else (ITEM, INDEX)
        when = node.condition
        for template in (node.map, node.sleep, when.arguments if when else None):
            if template is not None:
                yield template, ()

    def of_template(self, template: Any, extra: tuple[str, ...]) -> Iterator[str]:
        """Strings that are no references, names that nothing has, parts that cannot exist."""
        try:
            found = list(references(template))
        except TemplateError as error:
            yield str(error)
            return
        for reference in found:
            if reference.name in extra:
                continue
            if reference.name not in self.types:
                yield f"{reference}: {self.unknown(reference.name)}"
                continue
            try:
                shape.part(self.types[reference.name], reference.path)
            except shape.ShapeError as error:
                yield f"{reference} cannot exist: {error}"

    def unknown(self, name: str, functions: tuple[str, ...] = ()) -> str:
        """That nothing has this name, and which was meant; an expression may have meant a function."""
        if name in (ITEM, INDEX):
            return "only the arguments of a map have an element"
        close = get_close_matches(name, (*self.types, *functions), 1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        return f"there is no node or input {name!r}{hint}"

    def of_after(self, node: Node) -> Iterator[str]:
        for name in node.after:
            if name in self.document.inputs:
                yield f"after {name!r}: that is an input, and there from the beginning"
            elif name not in self.document.nodes:
                yield f"after {name!r}: {self.unknown(name)}"

    def parents_of(self, node: Node) -> list[str]:
        names = dict.fromkeys(node.after)
        for template, _ in self.templates(node):
            try:
                names |= dict.fromkeys(reference.name for reference in references(template))
            except TemplateError:
                continue
        guard = self.guard(node.condition)
        if guard is not None:
            names |= dict.fromkeys(guard.known)
        return [name for name in names if name in self.document.nodes]

    def of_map(self, node: Node) -> Iterator[str]:
        if node.map is None:
            return
        try:
            reason = shape.not_a_list(self.type_of(node.map))
        except (TemplateError, shape.ShapeError):
            return  # told above
        if reason:
            yield f"map over {_short(node.map)}: {reason}"

    def of_target(self, node: Node) -> Iterator[str]:
        """What the node calls."""
        if node.workflow is not None:
            child = self.children.get(node.workflow)
            if child is not None:
                yield from self.of_child(child, node.arguments)
        elif node.task is not None:
            handler = self.handler(node.task)
            if isinstance(handler, str):
                yield handler
            elif handler is not None:
                yield from self.of_arguments(handler, node.arguments)
                yield from self.of_memory(handler, node)

    def of_memory(self, handler: Handler[..., Any], node: Node | FailureHandler) -> Iterator[str]:
        problem = memory_problem(handler, node.memory_max_mb, node.executor or "")
        if problem:
            yield problem

    def of_condition(self, node: Node) -> Iterator[str]:
        when = node.condition
        if when is None:
            return
        if when.language not in LANGUAGES:
            yield f"when: conditions in {when.language!r} are not known; there are {', '.join(LANGUAGES)}"
        elif when.is_expression:
            yield from (f"when: {message}" for message in self.of_guard(when))
        else:
            yield from self.of_predicate(node, when)

    def of_guard(self, when: When) -> Iterator[str]:
        if when.arguments is not None:
            yield "arguments are for predicates in Python; the names in an expression are inputs and nodes"
        guard = self.guard(when)
        assert guard is not None
        yield from guard.problems
        for name, at in guard.unknown.items():
            yield guard.told(self.unknown(name, guard.functions if name in guard.called else ()), at)

    def guard(self, when: When | None) -> Guard | None:
        """The condition if it is an expression; nodes that share a text share it."""
        if when is None or not when.is_expression or when.language not in LANGUAGES:
            return None
        text = (when.language, when.test)
        if text not in self.guards:
            self.guards[text] = read_guard(when, self.numbers)
        return self.guards[text]

    def of_predicate(self, node: Node, when: When) -> Iterator[str]:
        handler = self.handler(when.test)
        if isinstance(handler, str):
            yield f"when: {handler}"
        elif handler is not None:
            if handler.is_async:
                yield f"when: {handler.where}: {ASYNC}"
            own = when_arguments(handler, node.arguments) if when.arguments is None else when.arguments
            yield from (f"when: {message}" for message in self.of_arguments(handler, own))

    # --- Handlers and arguments ---------------------------------------------------------------

    def handler(self, name: str) -> Handler[..., Any] | str | None:
        """The handler of a name, or why it cannot be had, or None where nothing can be said."""
        if name not in self.known:
            try:
                self.known[name] = self.find(name)
            except (HandlerUnknownError, HandlerInvalidError) as error:
                self.known[name] = str(error)
        return self.known[name]

    def of_arguments(self, handler: Handler[..., Any], arguments: Mapping[str, Any]) -> Iterator[str]:
        """Names and count against the signature, literals against the annotations."""
        named = {name: value for name, value in arguments.items() if name != VARIADIC}
        if named.keys() != handler.signature.fillable.keys():
            yield from (f"{handler.where}: {problem}" for problem in handler.check((), named))
        if VARIADIC in arguments and not _is_variadic(handler):
            yield f"{handler.where}: takes no further arguments by position"
        for name, value in named.items():
            if name in handler.signature.fillable:
                yield from self.of_literal(f"argument {name!r}", value, handler.signature.fillable[name])

    def of_child(self, child: Document, arguments: Mapping[str, Any]) -> Iterator[str]:
        for name in arguments:
            if name not in child.inputs:
                close = get_close_matches(name, child.inputs, 1)
                hint = f", did you mean {close[0]!r}?" if close else ""
                yield f"workflow {child.workflow!r}: unknown input {name!r}{hint}"
        for name in child.inputs:
            declared = child.input(name)
            if name in arguments:
                try:
                    yield from self.of_literal(f"input {name!r}", arguments[name], parse_type(declared.type))
                except ValueError:
                    continue  # told where the child is checked
            elif declared.is_required:
                yield f"workflow {child.workflow!r}: missing input {name!r}"

    def of_literal(self, where: str, value: Any, type_: Any) -> Iterator[str]:
        """A value without references must be of the type it goes to."""
        if type_ is Any or (isinstance(value, str) and value.startswith("$")):
            return
        try:
            if next(references(value), None) is None:
                yield from _of_value(where, _unescaped(value), type_)
        except TemplateError:
            return  # told above

    # --- Types --------------------------------------------------------------------------------

    def input_type(self, name: str) -> Any:
        try:
            return parse_type(self.document.input(name).type)
        except ValueError:
            return Any

    def output_type(self, node: Node) -> Any:
        if node.kind == SLEEP:
            return type(None)
        handler = self.handler(node.task) if node.task is not None else None
        one = handler.output_type if isinstance(handler, Handler) else Any
        return list[one] if node.map is not None else one  # type: ignore[valid-type]

    def type_of(self, template: Any) -> Any:
        """The type of what a template gives, where it is one reference or a literal; raises `ShapeError`."""
        if isinstance(template, str):
            found = next(references(template), None)
            if isinstance(found, Reference):
                return shape.part(self.types.get(found.name, Any), found.path)
        return type(template)


def _of_value(where: str, value: Any, type_: Any) -> Iterator[str]:
    try:
        codec.decode(codec.encode(value, where), type_, where)
    except PayloadInvalidError as error:
        yield str(error)


def _unescaped(value: Any) -> Any:
    """A literal template as the value it stands for."""
    if isinstance(value, str):
        return value[1:] if value.startswith("$$") else value
    if isinstance(value, Mapping):
        return {name: _unescaped(part) for name, part in value.items()}
    return [_unescaped(part) for part in value] if isinstance(value, list | tuple) else value


def _is_variadic(handler: Handler[..., Any]) -> bool:
    return any(one.kind is Parameter.VAR_POSITIONAL for one in handler.signature.parameters.values())


def _short(template: Any) -> str:
    return template if isinstance(template, str) else f"{template!r:.60}"
