"""Workflows written in Python.

    wf = Workflow("report")
    url = wf.input("url", str)
    page = wf.add(fetch, url)                       # a node passed as an argument passes its output
    words = wf.add(clean, page["body"])             # or a part of it
    parts = wf.map(count, words, concurrency=20)    # one task per element; results in order
    wf.add(publish, parts, after=[page])            # order without data
    wf.output({"parts": parts})

Building raises nothing but `TypeError`: all that is wrong is collected, and refused at once by `deployable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.handler import Handler, requirement_of
from mainspring.models.contract import Deployable
from mainspring.models.retry import Retry
from mainspring.models.workflow.calls import bind_handler, bind_name, bind_when, bind_workflow
from mainspring.models.workflow.check import Find, check
from mainspring.models.workflow.document import ITEM, RESERVED, Document, FailureHandler, Input, Node
from mainspring.models.workflow.inputs import type_text
from mainspring.models.workflow.notation import (
    OPTIONS,
    Handle,
    caller,
    handler_options,
    raw_template,
    said,
    short_name,
    template,
)
from mainspring.models.workflow.plan import FAILURE_NAMES
from mainspring.models.workflow.template import REFERENCE_START


class Workflow:
    """A workflow under construction, or one that was read from a file."""

    def __init__(
        self,
        name: str,
        *,
        failure_policy: str = "finish",
        on_failure: Callable[..., Any] | None = None,
        timeout_s: float | None = None,
        description: str = "",
    ) -> None:
        self.name = name
        self.failure_policy = failure_policy
        self.timeout_s = timeout_s
        self.description = description
        self.inputs: dict[str, Input | str] = {}
        self.nodes: dict[str, Node] = {}
        self.handlers: dict[str, Handler[..., Any]] = {}
        """Every callable this definition names, by its name: of tasks, conditions and `on_failure`."""
        self.children: dict[str, Workflow] = {}
        """The workflows that are nodes of this one, by digest."""
        self.places: dict[str, str] = {}
        """`file:line` of each node and input."""
        self.problems: list[Problem] = []
        """Found while building, where the document does not show them any more."""
        self._place = caller()
        self._made: dict[int, Handler[..., Any]] = {}
        """By the identity of what they were made of, which they keep alive: reading a signature is slow."""
        self._find: Find | None = None
        """Finds handlers that are given by name only, unless whoever checks it has another way."""
        self._output: Any = UNSET
        self._on_failure: str | FailureHandler | None = None
        self._document: Document | None = None
        self._deployable: tuple[Document, Deployable] | None = None
        if on_failure is not None:
            self.on_failure(on_failure)

    @classmethod
    def of_document(
        cls,
        document: Document,
        *,
        places: Mapping[str, str],
        file: str = "",
        handlers: Mapping[str, Handler[..., Any]] | None = None,
        children: Mapping[str, Workflow] | None = None,
        problems: Iterable[Problem] = (),
        find: Find | None = None,
    ) -> Workflow:
        """A workflow that was described elsewhere, such as in a file."""
        made = cls(document.workflow, failure_policy=document.failure_policy, timeout_s=document.timeout_s)
        made.description = document.description
        made.inputs, made.nodes = dict(document.inputs), dict(document.nodes)
        made.handlers, made.children = dict(handlers or {}), dict(children or {})
        made.places, made.problems, made._place = dict(places), list(problems), file
        made._output, made._on_failure, made._find = document.output, document.on_failure, find
        return made

    # --- Describing ---------------------------------------------------------------------------

    def input(self, name: str, type: Any = Any, default: Any = UNSET, description: str = "") -> Handle:  # noqa: A002
        """Declare an input; without a default it is required."""
        if self._declare(name, "input"):
            self.inputs[name] = Input(type_text(type), default, description)
        return Handle(name)

    def add(
        self,
        what: Callable[..., Any] | Workflow,
        /,
        *args: Any,
        key: str | None = None,
        after: Any = (),
        when: Any = None,
        rule: str | None = None,
        retries: int | Retry | None = None,
        timeout_s: float | None = None,
        deadline_s: float | None = None,
        delay_s: float | None = None,
        priority: int | None = None,
        queue: str | None = None,
        requires: str | Iterable[str] | None = None,
        executor: str | None = None,
        memory_max_mb: float | None = None,
        description: str = "",
        **kwargs: Any,
    ) -> Handle:
        """Add a node that calls a handler, or runs another workflow, with these arguments.

        `after`: nodes to wait for without using their outputs.  `when`: a predicate that is asked with the node's own
        arguments, or `(predicate, argument, …)`.  `rule`: what the parents must have come to (`all_succeeded`).
        For parameters of the handler that have the name of an option use `node(arguments=…)`.
        """
        options = _options(locals())
        return self._call(what, key, args, kwargs, after=after, when=when, options=options)

    def map(
        self,
        what: Callable[..., Any] | Workflow,
        over: Any,
        /,
        *args: Any,
        key: str | None = None,
        concurrency: int | None = None,
        after: Any = (),
        when: Any = None,
        rule: str | None = None,
        retries: int | Retry | None = None,
        timeout_s: float | None = None,
        deadline_s: float | None = None,
        delay_s: float | None = None,
        priority: int | None = None,
        queue: str | None = None,
        requires: str | Iterable[str] | None = None,
        executor: str | None = None,
        memory_max_mb: float | None = None,
        description: str = "",
        **kwargs: Any,
    ) -> Handle:
        """Add a node that does so for each element of a list, which is the first argument; results come in order.

        `concurrency`: how many elements at once; None: all.
        """
        options = _options(locals()) | {"map": template(over), "concurrency": concurrency}
        return self._call(what, key, (Handle(ITEM), *args), kwargs, after=after, when=when, options=options)

    def sleep(
        self,
        seconds: Any,
        *,
        key: str | None = None,
        after: Any = (),
        when: Any = None,
        rule: str | None = None,
        description: str = "",
    ) -> Handle:
        """Add a node that waits; the wait is in the store, not in a process."""
        options = {"sleep": template(seconds), "rule": rule, "description": description}
        return self._put(self._key(key, "sleep"), after, when, {}, options)

    def node(
        self,
        key: str,
        what: Callable[..., Any] | Workflow | str,
        arguments: Mapping[str, Any] | None = None,
        *,
        after: Any = (),
        when: Any = None,
        **options: Any,
    ) -> Handle:
        """Add a node by hand: arguments by name, other nodes as `"$key"`, also such as are added later.

        `what` may be the name of a handler.
        """
        options["map"] = raw_template(options.get("map"))
        return self._target(what, key, raw_template(arguments or {}), after=after, when=when, options=options)

    def output(self, value: Any) -> None:
        """What the workflow returns: a node, a part of one, or a list or dict of these."""
        self._document = None
        self._output = template(value)

    def on_failure(self, handler: Callable[..., Any], **arguments: Any) -> None:
        """Have a handler told when the instance is about to fail.

        Of the parameters `instance`, `failure` and `failed` (failures of nodes) it gets those that it has.
        """
        self._document = None
        made = self._handler(handler)
        told = {name: f"{REFERENCE_START}{name}" for name in FAILURE_NAMES if name in made.signature.fillable}
        given = told | {name: template(value) for name, value in arguments.items()}
        options = {name: value for name, value in handler_options(made).items() if hasattr(FailureHandler, name)}
        self._on_failure = FailureHandler(task=made.name, arguments=given, **options)

    # --- The definition -----------------------------------------------------------------------

    def definition(self) -> Document:
        """The definition as data."""
        if self._document is None:
            self._document = Document(
                workflow=self.name,
                nodes=self.nodes,
                inputs=self.inputs,
                output=self._output,
                failure_policy=self.failure_policy,
                on_failure=self._on_failure,
                timeout_s=self.timeout_s,
                description=self.description,
            )
        return self._document

    def document(self) -> bytes:
        """The definition as the store keeps it."""
        return self.definition().encode()

    @property
    def digest(self) -> str:
        return self.definition().digest

    def check(self, find: Find | None = None) -> list[Problem]:
        """All that is wrong with it and its children.  `find` finds handlers that are given by name only."""
        find = find or self._find
        children = {digest: child.definition() for digest, child in self.children.items()}
        problems = [*self.problems]
        for digest, child in self.children.items():
            problems += child.check(find)
            if child.digest != digest:
                problems.append(Problem(f"workflow {child.name!r} was changed after it had been added", self._place))
        problems += check(
            self.definition(), places=self.places, find=self._finder(find), children=children, file=self._place
        )
        return list(dict.fromkeys(problems))

    def deployable(self, find: Find | None = None) -> Deployable:
        """The definition with those of its children; raises `DefinitionInvalidError` with all that is wrong."""
        document = self.definition()
        if self._deployable is None or self._deployable[0] is not document:
            problems = self.check(find)
            if problems:
                raise DefinitionInvalidError(self.name, problems)
            children = tuple(child.deployable(find) for child in self.children.values())
            made = Deployable("workflow", self.name, document.digest, document.encode(), children)
            self._deployable = (document, made)
        return self._deployable[1]

    def _finder(self, find: Find | None) -> Find:
        def finder(name: str) -> Handler[..., Any] | None:
            known = self.handlers.get(name)
            if known is not None or find is None:
                return known
            found = find(name)
            if found is not None:
                self.handlers[name] = found
            return found

        return finder

    def __repr__(self) -> str:
        return f"<workflow {self.name}: {len(self.nodes)} nodes>"

    # --- Nodes --------------------------------------------------------------------------------

    def _call(
        self,
        what: Any,
        key: str | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        after: Any,
        when: Any,
        options: dict[str, Any],
    ) -> Handle:
        """A node as a call is written: arguments by position and by name."""
        if isinstance(what, str):
            wanted, (arguments, problems) = what, bind_name(what, args, kwargs)
        elif isinstance(what, Workflow):
            wanted, (arguments, problems) = what.name, bind_workflow(what.name, what.inputs, args, kwargs)
        else:
            handler = self._handler(what)
            wanted, (arguments, problems) = handler.name, bind_handler(handler, args, kwargs)
        key = self._key(key, short_name(wanted))
        self._problems(key, problems)
        return self._target(what, key, arguments, after=after, when=when, options=options)

    def _target(
        self, what: Any, key: str, arguments: dict[str, Any], *, after: Any, when: Any, options: dict[str, Any]
    ) -> Handle:
        """A node that calls a handler or runs a workflow."""
        if isinstance(what, Workflow):
            digest = what.digest
            self.children[digest] = what
            return self._put(key, after, when, arguments, options | {"workflow": digest})
        if isinstance(what, str):
            return self._put(key, after, when, arguments, options | {"task": what})
        handler = self._handler(what)
        options = handler_options(handler) | said(options) | {"task": handler.name}
        return self._put(key, after, when, arguments, options)

    def _put(self, key: str, after: Any, when: Any, arguments: dict[str, Any], options: dict[str, Any]) -> Handle:
        if self._declare(key, "node"):
            options = said(options)
            if "requires" in options:
                options["requires"] = requirement_of(options["requires"])
            condition, problems = bind_when(when, self._handler)
            self._problems(key, problems)
            self.nodes[key] = Node(arguments=arguments, after=_keys(after), when=condition, **options)
        return Handle(key)

    def _declare(self, name: str, noun: str) -> bool:
        """Note where a name was declared; False if it was before."""
        self._document = None
        place = caller()
        if name not in self.nodes and name not in self.inputs:
            self.places[name] = place
            return True
        other = "a node" if name in self.nodes else "an input"
        self.problems.append(
            Problem(f"{noun} {name!r}: there is {other} {name!r} already, at {self.places[name]}", place)
        )
        return False

    def _key(self, key: str | None, wanted: str) -> str:
        """The chosen key, or the wanted one made unique."""
        if key is not None:
            return key
        number, unique = 1, wanted
        while unique in self.nodes or unique in self.inputs or unique in RESERVED:
            number += 1
            unique = f"{wanted}-{number}"
        return unique

    def _handler(self, function: Callable[..., Any]) -> Handler[..., Any]:
        """The handler of a callable, noted among those that the definition names."""
        made = self._made.get(id(function))
        if made is None:
            made = self._made[id(function)] = Handler.of(function)
            known = self.handlers.setdefault(made.name, made)
            if known.function != made.function:
                message = f"two callables are named {made.name!r}; name one of them: task(name=…)"
                self.problems.append(Problem(message, caller()))
        return made

    def _problems(self, key: str, messages: Iterable[str]) -> None:
        self.problems += [Problem(message, f"{caller()}, node {key!r}") for message in messages]


def _options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: arguments[name] for name in OPTIONS}


def _keys(after: Any) -> tuple[str, ...]:
    handles = (after,) if isinstance(after, Handle | str) else after
    return tuple([handle.name if isinstance(handle, Handle) else str(handle) for handle in handles])
