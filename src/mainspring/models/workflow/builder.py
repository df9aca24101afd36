"""Workflows written in Python.

    wf = Workflow("report")
    url = wf.input("url", str)
    page = wf.add(fetch, url)                       # a node passed as an argument passes its output
    words = wf.add(clean, page["body"])             # or a part of it
    parts = wf.map(count, words, concurrency=20)    # one task per element; results in order
    wf.add(publish, parts, after=[page])            # order without data
    wf.output({"parts": parts})

Nothing is checked here that a file could get wrong as well: `check.py` looks at both, and reports all problems at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET, to_builtins

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.handler import Handler, Options
from mainspring.models.contract import Deployable
from mainspring.models.retry import Retry
from mainspring.models.workflow.document import (
    ITEM,
    RESERVED,
    Document,
    FailureHandler,
    Input,
    Node,
    When,
)
from mainspring.models.workflow.inputs import type_text
from mainspring.models.workflow.template import REFERENCE_START, Reference


class Handle:
    """Stands for a value known when the workflow runs; `handle["field"]` and `handle[0]` for parts of it."""

    __slots__ = ("name", "path")

    def __init__(self, name: str, path: tuple[str | int, ...] = ()) -> None:
        self.name = name
        self.path = path

    def __getitem__(self, step: str | int) -> Handle:
        if type(step) not in (str, int):
            raise TypeError(f"{self}[{step!r}]: a part of a value is named by a field or a position")
        return Handle(self.name, (*self.path, step))

    def __iter__(self) -> Any:
        raise TypeError(f"{self} is not known before the workflow runs; to do something for each element use wf.map(…)")

    def __bool__(self) -> bool:
        raise TypeError(f"{self} is not known before the workflow runs; to decide by it use when=…")

    def __str__(self) -> str:
        return str(Reference(self.name, self.path))

    def __repr__(self) -> str:
        return f"<{self}>"


class Workflow:
    """A workflow under construction."""

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
        self.inputs: dict[str, Input] = {}
        self.nodes: dict[str, Node] = {}
        self.handlers: dict[str, Handler[..., Any]] = {}
        """Every callable this definition names, by its name: of tasks, conditions and `on_failure`."""
        self.children: dict[str, Workflow] = {}
        """The workflows that are nodes of this one, by digest."""
        self.places: dict[str, str] = {}
        """`file:line` of each node and input."""
        self.problems: list[Problem] = []
        """Found while building, where the document could not show them any more."""
        self._output: Any = UNSET
        self._on_failure: FailureHandler | None = None
        self._document: Document | None = None
        self._deployable: tuple[Document, Deployable] | None = None
        if on_failure is not None:
            self.on_failure(on_failure)

    # --- Describing ---------------------------------------------------------------------------

    def input(self, name: str, type: Any = Any, default: Any = UNSET, description: str = "") -> Handle:  # noqa: A002
        """Declare an input; without a default it is required."""
        self._declare(name, "input")
        self.inputs[name] = Input(
            type_text(type), default if default is UNSET else self._template(default), description
        )
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
        description: str = "",
        **kwargs: Any,
    ) -> Handle:
        """Add a node that calls a handler, or runs another workflow, with these arguments.

        For parameters of the handler that are called as an option is (`key`, `after`, …) use `node(arguments=…)`.
        """
        options = _options(locals())
        return self._add(what, key, self._bind(what, args, kwargs, key), after, when, options)

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
        description: str = "",
        **kwargs: Any,
    ) -> Handle:
        """Add a node that does so for each element of a list, which is the first argument; results come in order."""
        options = _options(locals()) | {"map": self._template(over), "concurrency": concurrency}
        return self._add(what, key, self._bind(what, (Handle(ITEM), *args), kwargs, key), after, when, options)

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
        options = {"sleep": self._template(seconds), "rule": rule, "description": description}
        return self._put(self._key(key, "sleep"), after, when, {}, options)

    def node(
        self,
        key: str,
        what: Callable[..., Any] | Workflow,
        arguments: Mapping[str, Any] | None = None,
        *,
        after: Any = (),
        when: Any = None,
        **options: Any,
    ) -> Handle:
        """Add a node by hand: arguments by name, other nodes as `"$key"`, which may be added later."""
        template = {name: self._template(value, is_raw=True) for name, value in (arguments or {}).items()}
        return self._add(what, key, template, after, when, _said(options))

    def output(self, template: Any) -> None:
        """What the workflow returns: a node, a part of one, or a list or dict of these."""
        self._document = None
        self._output = self._template(template)

    def on_failure(self, handler: Callable[..., Any], **arguments: Any) -> None:
        """Have a handler told when the instance is about to fail.

        Of the parameters `instance`, `failure` and `failed` (failures of nodes) it gets those that it has.
        """
        self._document = None
        made = self._handler(handler)
        if made is None:
            return
        told = {name: f"{REFERENCE_START}{name}" for name in ("instance", "failure", "failed")}
        takes = made.signature.fillable
        given = {name: text for name, text in told.items() if name in takes}
        given |= {name: self._template(value) for name, value in arguments.items()}
        options = {name: value for name, value in handler_options(made).items() if hasattr(FailureHandler, name)}
        self._on_failure = FailureHandler(task=made.name, arguments=given, **options)

    # --- The definition -----------------------------------------------------------------------

    def definition(self) -> Document:
        """The definition as data."""
        if self._document is None:
            self._document = Document(
                workflow=self.name,
                nodes=self.nodes,
                inputs=dict(self.inputs),
                output=self._output,
                failure_policy=self.failure_policy,
                on_failure=self._on_failure,
                timeout_s=self.timeout_s,
                description=self.description,
            )
        return self._document

    def deployable(self) -> Deployable:
        """The definition with those of its children; raises `DefinitionInvalidError`."""
        document = self.definition()
        if self._deployable is None or self._deployable[0] is not document:
            self.raise_problems()
            children = tuple(child.deployable() for child in self.children.values())
            made = Deployable("workflow", self.name, document.digest, document.encode(), children)
            self._deployable = (document, made)
        return self._deployable[1]

    def document(self) -> bytes:
        """The definition as the store keeps it."""
        return self.definition().encode()

    @property
    def digest(self) -> str:
        return self.definition().digest

    def __repr__(self) -> str:
        return f"<workflow {self.name}: {len(self.nodes)} nodes>"

    # --- Nodes --------------------------------------------------------------------------------

    def _add(
        self, what: Any, key: str | None, arguments: dict[str, Any], after: Any, when: Any, options: dict[str, Any]
    ) -> Handle:
        if isinstance(what, Workflow):
            key = self._key(key, what.name)
            self.children[what.digest] = what
            return self._put(key, after, when, arguments, options | {"workflow": what.digest})
        handler = self._handler(what)
        name = str(what) if handler is None else handler.name
        key = self._key(key, short_name(name))
        defaults = {} if handler is None else handler_options(handler)
        return self._put(key, after, when, arguments, defaults | _said(options) | {"task": name})

    def _put(self, key: str, after: Any, when: Any, arguments: dict[str, Any], options: dict[str, Any]) -> Handle:
        self._declare(key, "node")
        if "requires" in options and not isinstance(options["requires"], str | None):
            options["requires"] = ",".join(sorted(options["requires"]))
        self.nodes[key] = Node(arguments=arguments, after=self._keys(after), when=self._when(when), **_said(options))
        return Handle(key)

    def _declare(self, name: str, noun: str) -> None:
        self._document = None
        place = caller()
        if name in self.nodes or name in self.inputs:
            other = "node" if name in self.nodes else "input"
            message = (
                f"{noun} {name!r}: there is a{'n' * (other == 'input')} {other} of that name, at {self.places[name]}"
            )
            self.problems.append(Problem(message, place))
        else:
            self.places[name] = place

    def _key(self, key: str | None, wanted: str) -> str:
        """The chosen key, or the wanted one made unique."""
        if key is not None:
            return key
        number, unique = 1, wanted
        while unique in self.nodes or unique in self.inputs or unique in RESERVED:
            number += 1
            unique = f"{wanted}-{number}"
        return unique

    def _keys(self, after: Any) -> tuple[str, ...]:
        handles = (after,) if isinstance(after, Handle | str) else after
        return tuple(handle.name if isinstance(handle, Handle) else str(handle) for handle in handles)

    def _bind(self, what: Any, args: tuple[Any, ...], kwargs: dict[str, Any], key: str | None) -> dict[str, Any]:
        """Arguments by parameter name."""
        if isinstance(what, Workflow):
            bound: dict[str, Any] = dict(zip(what.inputs, args, strict=False)) | kwargs
            if len(args) > len(what.inputs):
                self._problem(
                    key or what.name, f"workflow {what.name!r} has {len(what.inputs)} inputs, got {len(args)}"
                )
        else:
            handler = self._handler(what)
            if handler is None:
                if args:
                    self._problem(key or str(what), f"handler {what!r} is given by name, so its arguments must be too")
                return {name: self._template(value) for name, value in kwargs.items()}
            problems = handler.check(args, kwargs)
            for problem in problems:
                self._problem(key or short_name(handler.name), f"{handler.where} {problem}")
            bound = dict(kwargs) if problems else handler.bind(args, kwargs)
        return {name: self._template(value) for name, value in bound.items()}

    def _handler(self, what: Any) -> Handler[..., Any] | None:
        """The handler of a callable; None for a name, whose callable is not at hand."""
        if isinstance(what, str):
            return None
        handler = Handler.of(what)
        self.handlers[handler.name] = handler
        return handler

    def _when(self, when: Any) -> When | None:
        """`predicate`, `(predicate, argument, …)`, or the name of one."""
        if when is None or isinstance(when, When):
            return when
        test, args = (when[0], when[1:]) if isinstance(when, tuple) else (when, None)
        handler = self._handler(test)
        name = str(test) if handler is None else handler.name
        if args is None or handler is None:
            return When(name)
        for problem in handler.check(args, {}):
            self._problem(name, f"{handler.where} {problem}")
        return When(name, {key: self._template(value) for key, value in handler.signature.bind(args, {}).items()})

    def _problem(self, node: str, message: str) -> None:
        self.problems.append(Problem(message, f"{caller()}, node {node!r}"))

    def _template(self, value: Any, is_raw: bool = False) -> Any:
        """A value with its handles as references, and strings that look like one escaped."""
        if isinstance(value, Handle):
            return str(value)
        if isinstance(value, str):
            return f"${value}" if value.startswith(REFERENCE_START) and not is_raw else value
        if isinstance(value, Mapping):
            return {str(name): self._template(part, is_raw) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self._template(part, is_raw) for part in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._template(to_builtins(value), is_raw)

    def raise_problems(self) -> None:
        """Refuse what was found wrong while building."""
        if self.problems:
            raise DefinitionInvalidError(self.name, self.problems)


# --- Helpers ----------------------------------------------------------------------------------

OPTIONS = (
    "rule", "retries", "timeout_s", "deadline_s", "delay_s", "priority", "queue", "requires", "description",
)  # fmt: skip

_HERE = __file__

NO_OPTIONS = Options()


def handler_options(handler: Handler[..., Any]) -> dict[str, Any]:
    """What a handler says of itself, where it differs from the defaults; a definition keeps it, as it is immutable."""
    options = handler.options
    return {
        name: value
        for name in OPTIONS
        if (value := getattr(options, name, None)) is not None and value != getattr(NO_OPTIONS, name)
    }


def _options(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: arguments[name] for name in OPTIONS}


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def short_name(handler: str) -> str:
    """`web.pages:Site.fetch` → `fetch`; what no key can contain is left out."""
    name = handler.rpartition(":")[2] if ":<" not in handler else "task"
    name = name.rpartition(".")[2]
    kept = "".join(character if character.isalnum() or character in "_-" else "_" for character in name)
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"_{kept}"


def caller() -> str:
    """`file:line` of the nearest frame outside of this file: the user's."""
    frame = sys._getframe(1)  # noqa: SLF001 - the traceback module costs fifty times as much
    while frame.f_back is not None and frame.f_code.co_filename == _HERE:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
